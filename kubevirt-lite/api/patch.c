/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON merge patch and JSON patch. Pure but for memory; documents come from json_parse, so depth is
 * bounded by JSON_DEPTH (a patch may deepen one: bounded by its own depth again). */
#include "kubevirt-lite/api/patch.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

static struct json_object *copy_of(struct json_object *o)
{
	struct json_object *copy = NULL;

	if (o && json_object_deep_copy(o, &copy, NULL) < 0)
		abort();
	return copy;
}

/* --- RFC 7396 --- */

/* Takes over doc, returns the new document. */
static struct json_object *merge(struct json_object *doc, struct json_object *patch)
{
	if (!json_object_is_type(patch, json_type_object)) {
		json_object_put(doc);
		return copy_of(patch);
	}
	if (!json_object_is_type(doc, json_type_object)) {
		json_object_put(doc);
		doc = json_object_new_object();
	}
	json_object_object_foreach(patch, key, value)
	{
		struct json_object *old = NULL;

		if (!value) {
			json_object_object_del(doc, key);
			continue;
		}
		(void)json_object_object_get_ex(doc, key, &old);
		json_object_object_add(doc, key, merge(json_object_get(old), value));
	}
	return doc;
}

int patch_merge(struct json_object *doc, struct json_object *patch, struct json_object **ret,
		struct err *e)
{
	if (!json_object_is_type(patch, json_type_object))
		return err_set(e, ERR_INVALID, "a merge patch must be an object");
	*ret = merge(copy_of(doc), patch);
	return 0;
}

/* --- RFC 6901 and 6902 --- */

struct place {
	struct json_object *parent; /* NULL: the whole document */
	char key[512];
	size_t index;
	bool at_end; /* "-" */
};

static int unescape(const char *from, size_t len, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (n + 1 >= size)
			return -1;
		if (c == '~') {
			if (i + 1 >= len || (from[i + 1] != '0' && from[i + 1] != '1'))
				return -1;
			c = from[++i] == '0' ? '~' : '/';
		}
		to[n++] = c;
	}
	to[n] = '\0';
	return 0;
}

static struct json_object *child(const struct place *p)
{
	struct json_object *v = NULL;

	if (json_object_is_type(p->parent, json_type_object))
		(void)json_object_object_get_ex(p->parent, p->key, &v);
	else if (!p->at_end)
		v = json_object_array_get_idx(p->parent, p->index);
	return v;
}

static bool child_exists(const struct place *p)
{
	if (json_object_is_type(p->parent, json_type_object))
		return json_object_object_get_ex(p->parent, p->key, NULL);
	return !p->at_end && p->index < json_length(p->parent);
}

static int step_into(struct place *p, struct json_object *parent, struct err *e)
{
	uint64_t index;

	p->parent = parent;
	if (json_object_is_type(parent, json_type_object))
		return 0;
	if (!json_object_is_type(parent, json_type_array))
		return err_set(e, ERR_CONFLICT, "there is nothing at '%.100s'", p->key);
	p->at_end = str_eq(p->key, "-");
	if (p->at_end)
		return 0;
	if (str_to_u64(p->key, INT32_MAX, &index) < 0)
		return err_set(e, ERR_CONFLICT, "'%.100s' is no index of a list", p->key);
	p->index = (size_t)index;
	return 0;
}

static int find_place(struct json_object *doc, const char *pointer, struct place *ret,
		      struct err *e)
{
	struct place p = {.parent = NULL};
	struct json_object *at = doc;

	if (!*pointer) {
		*ret = p;
		return 0;
	}
	if (*pointer != '/')
		return err_set(e, ERR_CONFLICT, "'%.100s' is no JSON pointer", pointer);
	while (*pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");

		if (p.parent && !child_exists(&p))
			return err_set(e, ERR_CONFLICT, "there is no '%.100s'", p.key);
		if (unescape(pointer + 1, len, p.key, sizeof(p.key)) < 0)
			return err_set(e, ERR_CONFLICT, "'%.100s' is no JSON pointer", pointer);
		if (step_into(&p, at, e) < 0)
			return -1;
		at = child(&p);
		pointer += 1 + len;
	}
	*ret = p;
	return 0;
}

/* Takes over value. */
static int add(struct json_object **doc, const char *pointer, struct json_object *value,
	       struct err *e)
{
	AUTO(json_object_put) struct json_object *own = value;
	struct place p;
	size_t n;

	if (find_place(*doc, pointer, &p, e) < 0)
		return -1;
	if (!p.parent) {
		json_object_put(*doc);
		*doc = STEAL(own);
		return 0;
	}
	if (json_object_is_type(p.parent, json_type_object)) {
		json_object_object_add(p.parent, p.key, STEAL(own));
		return 0;
	}
	n = json_length(p.parent);
	if (p.at_end)
		p.index = n;
	if (p.index > n)
		return err_set(e, ERR_CONFLICT, "index %zu is beyond the end", p.index);
	json_object_array_add(p.parent, NULL);
	for (size_t i = n; i > p.index; i--) {
		struct json_object *moved = json_object_array_get_idx(p.parent, i - 1);

		json_object_array_put_idx(p.parent, i, json_object_get(moved));
	}
	json_object_array_put_idx(p.parent, p.index, STEAL(own));
	return 0;
}

static int remove_at(struct json_object *doc, const char *pointer, struct err *e)
{
	struct place p;

	if (find_place(doc, pointer, &p, e) < 0)
		return -1;
	if (!p.parent || !child_exists(&p))
		return err_set(e, ERR_CONFLICT, "there is nothing to remove at '%.100s'", pointer);
	if (json_object_is_type(p.parent, json_type_object))
		json_object_object_del(p.parent, p.key);
	else
		json_object_array_del_idx(p.parent, p.index, 1);
	return 0;
}

/* Borrowed. */
static int get(struct json_object *doc, const char *pointer, struct json_object **ret,
	       struct err *e)
{
	struct place p;

	if (find_place(doc, pointer, &p, e) < 0)
		return -1;
	if (p.parent && !child_exists(&p))
		return err_set(e, ERR_CONFLICT, "there is nothing at '%.100s'", pointer);
	*ret = p.parent ? child(&p) : doc;
	return 0;
}

static int replace(struct json_object **doc, const char *path, struct json_object *value,
		   struct err *e)
{
	AUTO(json_object_put) struct json_object *own = value;
	struct place p;

	if (find_place(*doc, path, &p, e) < 0)
		return -1;
	if (p.parent && !child_exists(&p))
		return err_set(e, ERR_CONFLICT, "there is nothing at '%.100s'", path);
	if (!p.parent || json_object_is_type(p.parent, json_type_object))
		return add(doc, path, STEAL(own), e);
	json_object_array_put_idx(p.parent, p.index, STEAL(own));
	return 0;
}

static int copy_or_move(struct json_object **doc, struct json_object *op, bool is_move,
			const char *path, struct err *e)
{
	const char *from = json_str_at(op, "from");
	struct json_object *value;
	size_t len;

	if (!from)
		return err_set(e, ERR_INVALID, "'from' is missing");
	len = strlen(from);
	if (is_move && strncmp(path, from, len) == 0 && path[len] == '/')
		return err_set(e, ERR_CONFLICT, "'%.100s' cannot move into itself", from);
	if (get(*doc, from, &value, e) < 0)
		return -1;
	value = copy_of(value);
	if (is_move && !str_eq(from, path) && remove_at(*doc, from, e) < 0) {
		json_object_put(value);
		return -1;
	}
	return add(doc, path, value, e);
}

static int operate(struct json_object **doc, struct json_object *op, struct err *e)
{
	const char *what = json_str_at(op, "op"), *path = json_str_at(op, "path");
	struct json_object *value = NULL, *have;
	bool has_value = json_object_is_type(op, json_type_object) &&
			 json_object_object_get_ex(op, "value", &value);

	if (!what || !path)
		return err_set(e, ERR_INVALID, "'op' or 'path' is missing");
	if (str_eq(what, "remove"))
		return remove_at(*doc, path, e);
	if (str_eq(what, "move") || str_eq(what, "copy"))
		return copy_or_move(doc, op, str_eq(what, "move"), path, e);
	if (!has_value)
		return err_set(e, ERR_INVALID, "'value' is missing, or no such op '%.20s'", what);
	if (str_eq(what, "add"))
		return add(doc, path, copy_of(value), e);
	if (str_eq(what, "replace"))
		return replace(doc, path, copy_of(value), e);
	if (!str_eq(what, "test"))
		return err_set(e, ERR_INVALID, "no such op '%.20s'", what);
	if (get(*doc, path, &have, e) < 0)
		return -1;
	if (!json_object_equal(have, value))
		return err_set(e, ERR_CONFLICT, "testing value %.100s failed", path);
	return 0;
}

int patch_json(struct json_object *doc, struct json_object *patch, struct json_object **ret,
	       struct err *e)
{
	AUTO(json_object_put) struct json_object *own = NULL;

	if (!json_object_is_type(patch, json_type_array))
		return err_set(e, ERR_INVALID, "a JSON patch must be a list of operations");
	if (json_length(patch) > PATCH_OPERATIONS_MAX)
		return err_set(e, ERR_INVALID, "more than %d operations", PATCH_OPERATIONS_MAX);
	own = copy_of(doc);
	for (size_t i = 0; i < json_length(patch); i++)
		if (operate(&own, json_object_array_get_idx(patch, i), e) < 0)
			return -1;
	*ret = STEAL(own);
	return 0;
}
