/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of the parts of an object that this server and its controllers work with. Pure. */
#include "kubevirt-lite/admission/form.h"

#include "vmd/base/str.h"

#include <string.h>

static int refuse(const struct kind *k, struct json_object **ret, const char *path,
		  const char *wanted)
{
	return status_set(ret, 400, "BadRequest",
			  "%s in version \"%s\" cannot be handled as a %s: %s must be %s", k->kind,
			  k->version, k->kind, path, wanted);
}

static bool is_text(struct json_object *v)
{
	return json_object_is_type(v, json_type_string) &&
	       strlen(json_object_get_string(v)) == (size_t)json_object_get_string_len(v);
}

static bool is_map_of_texts(struct json_object *v)
{
	if (!json_object_is_type(v, json_type_object))
		return false;
	json_object_object_foreach(v, key, value)
	{
		(void)key;
		if (!is_text(value))
			return false;
	}
	return true;
}

static bool is_list_of(struct json_object *v, enum json_type type)
{
	if (!json_object_is_type(v, json_type_array))
		return false;
	for (size_t i = 0; i < json_length(v); i++)
		if (!json_object_is_type(json_object_array_get_idx(v, i), type))
			return false;
	return true;
}

static bool is_list_of_texts(struct json_object *v)
{
	return is_list_of(v, json_type_string);
}

static bool is_list_of_objects(struct json_object *v)
{
	return is_list_of(v, json_type_object);
}

static bool is_object(struct json_object *v)
{
	return json_object_is_type(v, json_type_object);
}

static bool is_whole_number(struct json_object *v)
{
	return json_object_is_type(v, json_type_int);
}

/* Not deeper than left levels. */
static bool is_flat(struct json_object *v, int left)
{
	if (left == 0)
		return false;
	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, value)
		{
			(void)key;
			if (!is_flat(value, left - 1))
				return false;
		}
	}
	for (size_t i = 0; i < json_length(v); i++)
		if (!is_flat(json_object_array_get_idx(v, i), left - 1))
			return false;
	return true;
}

void form_strip(struct json_object *v)
{
	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, value)
		{
			if (!value)
				json_object_object_del(v, key);
			else
				form_strip(value);
		}
	}
	for (size_t i = 0; i < json_length(v); i++)
		form_strip(json_object_array_get_idx(v, i));
}

int form_check(const struct kind *k, struct json_object *object, struct json_object **ret_status)
{
	static const struct {
		const char *path;
		bool (*fits)(struct json_object *v);
		const char *wanted;
	} rules[] = {
		{"metadata/name", is_text, "a string"},
		{"metadata/generateName", is_text, "a string"},
		{"metadata/namespace", is_text, "a string"},
		{"metadata/uid", is_text, "a string"},
		{"metadata/resourceVersion", is_text, "a string"},
		{"metadata/deletionGracePeriodSeconds", is_whole_number, "a whole number"},
		{"metadata/labels", is_map_of_texts, "an object of strings"},
		{"metadata/annotations", is_map_of_texts, "an object of strings"},
		{"metadata/finalizers", is_list_of_texts, "a list of strings"},
		{"metadata/ownerReferences", is_list_of_objects, "a list of objects"},
		{"spec", is_object, "an object"},
		{"spec/finalizers", is_list_of_texts, "a list of strings"},
		{"status", is_object, "an object"},
		{"status/conditions", is_list_of_objects, "a list of objects"},
	};

	if (!is_object(object) || !is_object(json_at(object, "metadata")))
		return refuse(k, ret_status, "metadata", "an object");
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct json_object *v = json_at(object, rules[i].path);

		if (v && !rules[i].fits(v))
			return refuse(k, ret_status, rules[i].path, rules[i].wanted);
	}
	if (!is_flat(object, FORM_DEPTH_MAX))
		return refuse(k, ret_status, "the object", "less deeply nested");
	return 0;
}
