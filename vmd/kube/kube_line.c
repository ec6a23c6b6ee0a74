/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a watch. Pure; the bytes come from outside, so every line is bounded before it is
 * parsed, and this file is a fuzz target. */
#include "vmd/kube/kube_line.h"

#include "vmd/kube/kube_status.h"

#include <string.h>

int line_split(struct strbuf *pending, const char *data, size_t len,
	       int (*line)(void *ctx, const char *text, size_t len, struct err *e), void *ctx,
	       struct err *e)
{
	pending->max = LINE_MAX_BYTES;
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t piece = newline ? (size_t)(newline - data) : len;

		strbuf_add(pending, data, piece);
		if (pending->overflow)
			return err_set(e, ERR_RETRY, "a line of the watch is longer than %u bytes",
				       LINE_MAX_BYTES);
		if (!newline)
			return 0;
		data += piece + 1;
		len -= piece + 1;
		if (pending->len > 0 && line(ctx, pending->s, pending->len, e) < 0)
			return -1;
		pending->len = 0;
	}
	return 0;
}

static int error_decode(struct json_object *object, struct watch_event *ev)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);

	ev->kind = EVENT_ERROR;
	ev->code = status_text(text, strlen(text), ev->text, sizeof(ev->text));
	return 0;
}

int event_decode(const char *text, size_t len, struct json_object **ret_doc,
		 struct watch_event *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct watch_event ev = {.kind = EVENT_BOOKMARK};
	const char *type, *version;

	if (json_parse(text, len, &doc, e) < 0)
		return err_wrap(e, "watch");
	type = json_str_at(doc, "type");
	ev.object = json_at(doc, "object");
	if (!type || !json_object_is_type(ev.object, json_type_object))
		return err_set(e, ERR_INVALID, "watch: a line without type or object");
	if (str_eq(type, "ERROR")) {
		(void)error_decode(ev.object, &ev);
	} else {
		version = json_str_at(ev.object, "metadata/resourceVersion");
		if (!version || str_copy(ev.version, sizeof(ev.version), version) < 0)
			return err_set(e, ERR_INVALID, "watch: an object without resourceVersion");
		if (str_eq(type, "ADDED") || str_eq(type, "MODIFIED"))
			ev.kind = EVENT_SET;
		else if (str_eq(type, "DELETED"))
			ev.kind = EVENT_GONE;
	}
	*ret = ev;
	*ret_doc = STEAL(doc);
	return 0;
}
