/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subresources that the controllers serve: finds the hook and hands the call over. Answers come
 * back at once or later through subresource_answer and its relatives. */
#include "kubevirt-lite/admission/admission.h"
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/relay.h"
#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

void subresource_answer(struct subresource_call *call, int code, struct json_object *body)
{
	struct api_call *c = call->http;

	if (body)
		call_answer(c, code, body);
	else if (c->spoil)
		call_answer(c, code, NULL);
	else
		http_answer(c->http, code, NULL, "", 0);
	json_object_put(body);
}

void subresource_answer_text(struct subresource_call *call, int code, const char *text)
{
	call_answer_text(call->http, code, text);
}

void subresource_answer_bytes(struct subresource_call *call, const char *type, const void *data,
			      size_t len)
{
	struct api_call *c = call->http;

	http_answer(c->http, 200, type, data, len);
}

void subresource_stream(struct subresource_call *call, int fd, const char *key)
{
	struct api_call *c = call->http;

	if (c->http->websocket) {
		relay_start(&c->api->relays, c->http, c->api->set.loop, fd, key);
		return;
	}
	close(fd);
	call_answer_text(c, 400,
			 "Bad Request\nwebsocket: the client is not using the websocket "
			 "protocol\n");
}

void subresource_stream_end(struct subresource_call *call, const char *key)
{
	struct api_call *c = call->http;

	relay_end(&c->api->relays, key);
}

const char *subresource_param(const struct subresource_call *call, const char *name, size_t n)
{
	const struct api_call *c = call->http;

	for (size_t i = 0; i < c->req.n_params; i++)
		if (str_eq(c->req.param[i].name, name) && n-- == 0)
			return c->req.param[i].value;
	return NULL;
}

void subresource_refuse(struct subresource_call *call, int code, const char *reason,
			const char *fmt, ...)
{
	struct api_call *c = call->http;
	static const char internal[] = "Internal error occurred: ";
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	status_set(&c->status, code, reason, "%s", text);
	if (str_eq(reason, "NotFound") || str_eq(reason, "Conflict"))
		status_details(c->status, call->name, c->req.kind->group,
			       c->req.is_hook ? c->req.kind->singular : c->req.kind->resource);
	if (str_eq(reason, "InternalError") && str_starts(text, internal))
		status_cause(c->status, NULL, text + strlen(internal), NULL);
	call_refuse(c);
}

int subresource_admit(struct subresource_call *call, struct json_object *old,
		      struct json_object *object)
{
	struct api_call *c = call->http;
	struct admission a = {.store = c->api->set.store, .kind = kind_get(call->kind), .old = old};

	if (admission_check(&a, object) == 0)
		return 0;
	json_object_put(c->status);
	c->status = a.status;
	call_refuse(c);
	return -1;
}

static bool fits(const char *pattern, const char *sub)
{
	size_t len = strlen(pattern);

	return pattern[len - 1] == '/' ? strncmp(pattern, sub, len) == 0 : str_eq(pattern, sub);
}

static const struct subresource_hook *find(struct api_call *c, bool *ret_known)
{
	const struct subresource_hooks *h = c->api->set.hooks;

	*ret_known = false;
	for (size_t i = 0; h && i < h->n; i++) {
		const struct subresource_hook *k = &h->hook[i];

		if (k->kind != c->req.kind->id || !fits(k->sub, c->req.sub))
			continue;
		*ret_known = true;
		if (str_eq(k->method, c->req.method))
			return k;
	}
	return NULL;
}

void api_hook(struct api_call *c)
{
	bool known;
	const struct subresource_hook *hook = find(c, &known);

	if (!hook) {
		if (known)
			call_answer_text(c, 405, "405: Method Not Allowed");
		else
			call_answer_text(c, 404, "404 page not found\n");
		return;
	}
	if (call_read_body(c, false) < 0) {
		call_refuse(c);
		return;
	}
	c->hook = (struct subresource_call){.kind = c->req.kind->id,
					    .ns = c->req.ns,
					    .name = c->req.name,
					    .sub = c->req.sub,
					    .method = c->req.method,
					    .body = c->body,
					    .dry_run = c->dry_run,
					    .http = c};
	hook->fn(c->api->set.hooks->ctx, &c->hook);
}
