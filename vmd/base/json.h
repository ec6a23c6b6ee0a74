/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in and out on json-c. A document from outside is parsed within a size and depth limit, read
 * by a table with checked types into bounded fields. */
#ifndef VMD_BASE_JSON_H
#define VMD_BASE_JSON_H

#include "vmd/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DEFINE_AUTO(struct json_object *, json_object_put)

#define JSON_DEPTH 64

/* Strict parse of exactly len bytes: trailing bytes, NaN and duplicate-free text are checked as far
 * as json-c can (see facts in json.c). Caller owns *ret. ERR_INVALID. */
int json_parse(const char *text, size_t len, struct json_object **ret, struct err *e);

/* "metadata/name" walks objects; "status/interfaces/0/ipAddress" also arrays. Borrowed; NULL:
 * absent or null. */
struct json_object *json_at(struct json_object *doc, const char *path);
/* Elements of a list; 0 for whatever is none (json-c's own function ends the process then). */
size_t json_length(struct json_object *list);
const char *json_str_at(struct json_object *doc,
			const char *path); /* NULL: absent or not a string */
/* Makes missing objects on the way; takes over value. Path has no array index. */
void json_put_at(struct json_object *doc, const char *path, struct json_object *value);
void json_put_str(struct json_object *doc, const char *path, const char *value);
void json_put_int(struct json_object *doc, const char *path, int64_t value);
void json_put_bool(struct json_object *doc, const char *path, bool value);

enum json_type_wanted { J_STR, J_INT, J_BOOL };
struct json_field {
	const char *path;
	enum json_type_wanted type;
	bool required; /* must be there; a text must not be empty either */
	size_t offset; /* in the struct: char[size], int64_t or bool */
	size_t size;
};
/* A J_STR member is a char array: longer text is ERR_INVALID. J_INT is int64_t, J_BOOL is bool. */
#define JSON_FIELD(strct, member, path_, type_, required_)                                         \
	{                                                                                          \
		.path = (path_), .type = (type_), .required = (required_),                         \
		.offset = offsetof(strct, member), .size = sizeof(((strct *)0)->member)            \
	}
/* Absent optional fields are left as they are. */
int json_read(struct json_object *doc, const struct json_field *fields, size_t n, void *into,
	      struct err *e);

#endif
