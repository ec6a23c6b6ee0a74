/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels, annotations and owners. Pure. */
#include "kubevirt-lite/controllers/metadata.h"

#include "kubevirt-lite/store/store.h"
#include "vmd/base/str.h"

static const char *map_get(struct json_object *object, const char *map, const char *name)
{
	struct json_object *m = json_at(object, map);
	struct json_object *v;

	if (!json_object_is_type(m, json_type_object) || !json_object_object_get_ex(m, name, &v))
		return NULL;
	return json_object_get_string(v);
}

static void map_set(struct json_object *copy, const char *map, const char *name, const char *value)
{
	if (!json_at(copy, map))
		json_put_at(copy, map, json_object_new_object());
	json_object_object_add(json_at(copy, map), name, json_object_new_string(value));
}

const char *label(struct json_object *object, const char *name)
{
	return map_get(object, "metadata/labels", name);
}

const char *annotation(struct json_object *object, const char *name)
{
	return map_get(object, "metadata/annotations", name);
}

void label_set(struct json_object *copy, const char *name, const char *value)
{
	map_set(copy, "metadata/labels", name, value);
}

void annotation_set(struct json_object *copy, const char *name, const char *value)
{
	map_set(copy, "metadata/annotations", name, value);
}

const char *owner_uid(struct json_object *object)
{
	struct json_object *list = json_at(object, "metadata/ownerReferences");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *ref = json_object_array_get_idx(list, i);

		if (json_object_get_boolean(json_at(ref, "controller")))
			return json_str_at(ref, "uid");
	}
	return NULL;
}

bool is_owned_by(struct json_object *object, struct json_object *owner)
{
	return object && owner && str_eq(owner_uid(object), object_uid(owner));
}
