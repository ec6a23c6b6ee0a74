/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strategic merge patch of core kinds: as a merge patch, but lists that have a merge key are merged
 * element by element, and $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder are
 * understood (the last one only in so far that it is not taken for data: order is kept). Pure but
 * for memory. */
#include "kubevirt-lite/api/patch.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

/* Lists of objects that the API's types mark with a merge key; every other list is replaced. */
static const struct {
	const char *list, *key;
} merge_keys[] = {
	{"conditions", "type"},        {"addresses", "type"},           {"containers", "name"},
	{"initContainers", "name"},    {"ephemeralContainers", "name"}, {"volumes", "name"},
	{"volumeMounts", "mountPath"}, {"volumeDevices", "devicePath"}, {"env", "name"},
	{"hostAliases", "ip"},         {"imagePullSecrets", "name"},    {"ownerReferences", "uid"},
	{"secrets", "name"},
};

/* Lists of plain values that are merged: the union, in order. */
static const char *const merged_values[] = {"finalizers", "podCIDRs"};

static struct json_object *copy_of(struct json_object *o)
{
	struct json_object *copy = NULL;

	if (o && json_object_deep_copy(o, &copy, NULL) < 0)
		abort();
	return copy;
}

static struct json_object *merge_object(struct json_object *doc, struct json_object *patch);

static const char *merge_key(const char *list)
{
	for (size_t i = 0; i < ARRAY_LEN(merge_keys); i++)
		if (str_eq(merge_keys[i].list, list))
			return merge_keys[i].key;
	return NULL;
}

static bool merges_values(const char *list)
{
	for (size_t i = 0; i < ARRAY_LEN(merged_values); i++)
		if (str_eq(merged_values[i], list))
			return true;
	return false;
}

static bool find_element(struct json_object *list, const char *key, struct json_object *like,
			 size_t *ret)
{
	struct json_object *want = NULL, *have = NULL;

	if (json_object_is_type(like, json_type_object))
		(void)json_object_object_get_ex(like, key, &want);
	for (size_t i = 0; want && i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (json_object_is_type(o, json_type_object) &&
		    json_object_object_get_ex(o, key, &have) && json_object_equal(have, want)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool has_value(struct json_object *list, struct json_object *value)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (json_object_equal(json_object_array_get_idx(list, i), value))
			return true;
	return false;
}

/* Takes over doc (a list). */
static struct json_object *merge_list(struct json_object *doc, struct json_object *patch,
				      const char *key)
{
	for (size_t i = 0; i < json_length(patch); i++) {
		struct json_object *o = json_object_array_get_idx(patch, i);
		const char *order =
			json_object_is_type(o, json_type_object) ? json_str_at(o, "$patch") : NULL;
		size_t at;

		if (str_eq(order, "replace")) {
			json_object_put(doc);
			doc = json_object_new_array();
		} else if (!find_element(doc, key, o, &at)) {
			if (!str_eq(order, "delete"))
				json_object_array_add(doc,
						      merge_object(json_object_new_object(), o));
		} else if (str_eq(order, "delete")) {
			json_object_array_del_idx(doc, at, 1);
		} else {
			json_object_array_put_idx(
				doc, at,
				merge_object(copy_of(json_object_array_get_idx(doc, at)), o));
		}
	}
	return doc;
}

/* Takes over old. */
static struct json_object *merge_value(const char *name, struct json_object *old,
				       struct json_object *value)
{
	const char *key = merge_key(name);
	bool both_lists = json_object_is_type(old, json_type_array) &&
			  json_object_is_type(value, json_type_array);

	if (json_object_is_type(value, json_type_object)) {
		if (!json_object_is_type(old, json_type_object)) {
			json_object_put(old);
			old = json_object_new_object();
		}
		return merge_object(old, value);
	}
	if (key && json_object_is_type(value, json_type_array)) {
		if (!both_lists) {
			json_object_put(old);
			old = json_object_new_array();
		}
		return merge_list(old, value, key);
	}
	if (both_lists && merges_values(name)) {
		for (size_t i = 0; i < json_length(value); i++) {
			struct json_object *o = json_object_array_get_idx(value, i);

			if (!has_value(old, o))
				json_object_array_add(old, copy_of(o));
		}
		return old;
	}
	json_object_put(old);
	return copy_of(value);
}

static void retain_keys(struct json_object *doc, struct json_object *keys)
{
	AUTO(json_object_put) struct json_object *all = copy_of(doc);

	json_object_object_foreach(all, key, value)
	{
		AUTO(json_object_put) struct json_object *name = json_object_new_string(key);

		(void)value;
		if (!has_value(keys, name))
			json_object_object_del(doc, key);
	}
}

static void delete_values(struct json_object *doc, const char *list_name,
			  struct json_object *values)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(doc, list_name, &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    !json_object_is_type(values, json_type_array))
		return;
	for (size_t i = json_length(list); i-- > 0;)
		if (has_value(values, json_object_array_get_idx(list, i)))
			json_object_array_del_idx(list, i, 1);
}

/* A key that begins with '$' and is an order, not data. */
static bool obey(struct json_object *doc, const char *key, struct json_object *value)
{
	static const char deletes[] = "$deleteFromPrimitiveList/";

	if (str_starts(key, deletes))
		delete_values(doc, key + strlen(deletes), value);
	else if (str_eq(key, "$retainKeys") && json_object_is_type(value, json_type_array))
		retain_keys(doc, value);
	else if (!str_eq(key, "$patch") && !str_starts(key, "$setElementOrder/"))
		return false;
	return true;
}

/* Takes over doc (an object). */
static struct json_object *merge_object(struct json_object *doc, struct json_object *patch)
{
	if (str_eq(json_str_at(patch, "$patch"), "replace") ||
	    str_eq(json_str_at(patch, "$patch"), "delete")) {
		bool is_delete = str_eq(json_str_at(patch, "$patch"), "delete");

		json_object_put(doc);
		doc = is_delete ? json_object_new_object() : copy_of(patch);
		json_object_object_del(doc, "$patch");
		return doc;
	}
	json_object_object_foreach(patch, key, value)
	{
		struct json_object *old = NULL;

		if (*key == '$' && obey(doc, key, value))
			continue;
		if (!value) {
			json_object_object_del(doc, key);
			continue;
		}
		(void)json_object_object_get_ex(doc, key, &old);
		json_object_object_add(doc, key, merge_value(key, json_object_get(old), value));
	}
	return doc;
}

/* The name of a list that is merged by key and holds something else than objects; NULL: none. */
static const char *odd_list(struct json_object *patch)
{
	json_object_object_foreach(patch, name, value)
	{
		bool is_list = json_object_is_type(value, json_type_array);
		const char *odd = NULL;

		if (json_object_is_type(value, json_type_object))
			odd = odd_list(value);
		for (size_t i = 0; !odd && is_list && merge_key(name) && i < json_length(value);
		     i++) {
			struct json_object *o = json_object_array_get_idx(value, i);

			odd = json_object_is_type(o, json_type_object) ? odd_list(o) : name;
		}
		if (odd)
			return odd;
	}
	return NULL;
}

int patch_strategic(struct json_object *doc, struct json_object *patch, struct json_object **ret,
		    struct err *e)
{
	const char *odd;

	if (!json_object_is_type(patch, json_type_object))
		return err_set(e, ERR_INVALID, "a strategic merge patch must be an object");
	odd = odd_list(patch);
	if (odd)
		return err_set(e, ERR_INVALID, "%.60s: its elements must be objects", odd);
	*ret = merge_object(copy_of(doc), patch);
	return 0;
}
