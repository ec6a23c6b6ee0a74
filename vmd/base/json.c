/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON on json-c 0.16. Facts this file guards against: the default parser accepts trailing bytes
 * and commas; JSON_TOKENER_STRICT refuses those but still takes single quotes, NaN and duplicate
 * keys (the last one wins). NaN is refused here because no table has a floating-point field; the
 * other two cannot harm: every field is read once, by name. Running out of memory aborts. */
#include "vmd/base/json.h"

#include "vmd/base/str.h"

#include <limits.h>
#include <string.h>

static void tokener_auto(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

int json_parse(const char *text, size_t len, struct json_object **ret, struct err *e)
{
	AUTO(tokener) struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	AUTO(json_object_put) struct json_object *doc = NULL;
	enum json_tokener_error rc;

	if (!tok)
		abort();
	if (len > INT_MAX)
		return err_set(e, ERR_INVALID, "JSON of %zu bytes is too long", len);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc = json_tokener_parse_ex(tok, text, (int)len);
	rc = json_tokener_get_error(tok);
	if (rc ==
	    json_tokener_continue) /* a bare number ends with the text: say so with a terminator */
		doc = json_tokener_parse_ex(tok, "", -1), rc = json_tokener_get_error(tok);
	if (rc != json_tokener_success)
		return err_set(e, ERR_INVALID, "JSON: %s at byte %zu", json_tokener_error_desc(rc),
			       json_tokener_get_parse_end(tok));
	*ret = STEAL(doc);
	return 0;
}

struct json_object *json_at(struct json_object *doc, const char *path)
{
	while (doc && *path) {
		char key[128];
		size_t len = strcspn(path, "/");
		uint64_t index;

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		path += len + (path[len] == '/');
		if (json_object_is_type(doc, json_type_object)) {
			if (!json_object_object_get_ex(doc, key, &doc))
				return NULL;
		} else if (json_object_is_type(doc, json_type_array) &&
			   str_to_u64(key, INT_MAX, &index) == 0) {
			doc = json_object_array_get_idx(doc, index);
		} else {
			return NULL;
		}
	}
	return doc;
}

const char *json_str_at(struct json_object *doc, const char *path)
{
	struct json_object *v = json_at(doc, path);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

void json_put_at(struct json_object *doc, const char *path, struct json_object *value)
{
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		char key[128];
		struct json_object *next;

		if (str_fmt(key, sizeof(key), "%.*s", (int)(slash - path), path) < 0)
			abort();                                            /* paths are ours */
		if (!json_object_object_get_ex(doc, key, &next) || !next) { /* null is nothing */
			next = json_object_new_object();
			json_object_object_add(doc, key, next);
		}
		doc = next;
		path = slash + 1;
	}
	json_object_object_add(doc, path, value);
}

void json_put_str(struct json_object *doc, const char *path, const char *value)
{
	json_put_at(doc, path, json_object_new_string(value));
}

void json_put_int(struct json_object *doc, const char *path, int64_t value)
{
	json_put_at(doc, path, json_object_new_int64(value));
}

void json_put_bool(struct json_object *doc, const char *path, bool value)
{
	json_put_at(doc, path, json_object_new_boolean(value));
}

size_t json_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static int field_read(struct json_object *v, const struct json_field *f, char *at, struct err *e)
{
	switch (f->type) {
	case J_STR:
		if (!json_object_is_type(v, json_type_string))
			return err_set(e, ERR_INVALID, "%s is not a text", f->path);
		if (strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v) ||
		    str_copy(at, f->size, json_object_get_string(v)) < 0)
			return err_set(e, ERR_INVALID, "%s is longer than %zu bytes", f->path,
				       f->size - 1);
		if (f->required && !*at)
			return err_set(e, ERR_INVALID, "%s is empty", f->path);
		return 0;
	case J_INT:
		if (!json_object_is_type(v, json_type_int))
			return err_set(e, ERR_INVALID, "%s is not a whole number", f->path);
		*(int64_t *)(void *)at = json_object_get_int64(v);
		return 0;
	case J_BOOL:
		if (!json_object_is_type(v, json_type_boolean))
			return err_set(e, ERR_INVALID, "%s is not true or false", f->path);
		*(bool *)(void *)at = json_object_get_boolean(v);
		return 0;
	}
	return err_set(e, ERR_INVALID, "%s: no such type", f->path);
}

int json_read(struct json_object *doc, const struct json_field *fields, size_t n, void *into,
	      struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_at(doc, fields[i].path);

		if (!v && fields[i].required)
			return err_set(e, ERR_INVALID, "%s is missing", fields[i].path);
		if (v && field_read(v, &fields[i], (char *)into + fields[i].offset, e) < 0)
			return -1;
	}
	return 0;
}
