/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the API server, decoded. Most errors are a Status object; an unknown path, a wrong
 * method and some 500s are plain text; a proxy in between may say anything. Pure, bounded, and a
 * fuzz target: the bytes come from outside. */
#include "vmd/kube/kube_status.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

#define STATUS_BODY_MAX (256U << 10) /* longer ones are not parsed, only their code counts */
#define STATUS_CAUSES   4

/* Appends s to text, one line, no control characters; cut where it is full. */
static void text_add(char *text, size_t size, const char *s, size_t len)
{
	size_t at = strlen(text);

	for (size_t i = 0; i < len && s[i] && at + 1 < size; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f)
			c = ' ';
		if (c == ' ' && (at == 0 || text[at - 1] == ' '))
			continue;
		text[at++] = (char)c;
		text[at] = '\0';
	}
}

static void text_trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
}

static void text_puts(char *text, size_t size, const char *s)
{
	text_add(text, size, s, strlen(s));
}

/* 'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: X' -> X: the reason
 * must not be pushed out of a bounded text by who says it. */
static const char *without_webhook(const char *message)
{
	static const char denied[] = "denied the request: ";
	const char *at;

	if (!str_starts(message, "admission webhook "))
		return message;
	at = strstr(message, denied);
	return at ? at + strlen(denied) : message;
}

static void causes_add(struct json_object *doc, char *text, size_t size)
{
	for (unsigned i = 0; i < STATUS_CAUSES; i++) {
		char path[40];
		const char *message, *field;
		struct json_object *cause;

		(void)str_fmt(path, sizeof(path), "details/causes/%u", i);
		cause = json_at(doc, path);
		message = cause ? json_str_at(cause, "message") : NULL;
		if (!message || strstr(text, message))
			continue; /* the message has it already */
		field = json_str_at(cause, "field");
		text_puts(text, size, "; ");
		if (field && *field && !str_starts(message, field)) {
			text_puts(text, size, field);
			text_puts(text, size, ": ");
		}
		text_puts(text, size, message);
	}
}

static long object_text(struct json_object *doc, char *text, size_t size)
{
	const char *message = json_str_at(doc, "message");
	const char *reason = json_str_at(doc, "reason");
	struct json_object *code = json_at(doc, "code");

	text[0] = '\0';
	if (message && *message)
		text_puts(text, size, without_webhook(message));
	else if (reason)
		text_puts(text, size, reason);
	causes_add(doc, text, size);
	return json_object_is_type(code, json_type_int) ? (long)json_object_get_int(code) : 0;
}

static struct json_object *status_object(const char *body, size_t len)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err ignored;

	if (len == 0 || len > STATUS_BODY_MAX || body[0] != '{' ||
	    json_parse(body, len, &doc, &ignored) < 0)
		return NULL;
	if (!str_eq(json_str_at(doc, "kind"), "Status"))
		return NULL;
	return STEAL(doc);
}

long status_text(const char *body, size_t len, char *text, size_t size)
{
	AUTO(json_object_put) struct json_object *doc = status_object(body, len);

	long code = 0;

	text[0] = '\0';
	if (doc)
		code = object_text(doc, text, size);
	else
		text_add(text, size, body, len);
	text_trim(text);
	return code;
}

bool status_is_read(const char *method)
{
	return str_eq(method, "GET");
}

static enum err_kind kind_of(const char *method, long http, const char *text)
{
	switch (http) {
	case 401: return ERR_DENIED;
	case 403: return strstr(text, "exceeded quota") ? ERR_FULL : ERR_DENIED;
	case 404: return ERR_ABSENT;
	case 409: return strstr(text, "object is being deleted") ? ERR_RETRY : ERR_CONFLICT;
	case 410: return ERR_RETRY; /* a list or watch starts again from the beginning */
	case 429: return ERR_RETRY;
	case 507: return ERR_FULL;
	default: break;
	}
	if (http == 408 || http >= 500)
		return status_is_read(method) ? ERR_RETRY : ERR_UNSURE;
	return ERR_INVALID;
}

int status_check(const char *method, long http, const char *body, size_t len, struct err *e)
{
	char text[sizeof(e->msg)];

	if (http >= 200 && http < 300)
		return 0;
	(void)status_text(body, len, text, sizeof(text));
	if (text[0])
		return err_set(e, kind_of(method, http, text), "%s (HTTP %ld)", text, http);
	return err_set(e, kind_of(method, http, text), "the API server answered HTTP %ld", http);
}
