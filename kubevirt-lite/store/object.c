/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers on objects: names, uids, finalizers, owners. No state; the kernel's random numbers
 * are the only thing asked. Running out of memory aborts. */
#include "kubevirt-lite/store/store.h"
#include "vmd/base/str.h"

#include <sys/random.h>

struct json_object *object_copy(struct json_object *o)
{
	struct json_object *copy = NULL;

	if (json_object_deep_copy(o, &copy, NULL) < 0)
		abort();
	return copy;
}

void object_copy_at(struct json_object *from, struct json_object *to, const char *path)
{
	struct json_object *v = json_at(from, path);
	struct json_object *copy = NULL;

	if (v && json_object_deep_copy(v, &copy, NULL) == 0)
		json_put_at(to, path, copy);
}

const char *object_key(struct json_object *o, char *buf, size_t size)
{
	const char *ns = object_namespace(o), *name = object_name(o);

	if (!name || str_fmt(buf, size, "%s%s%s", ns, *ns ? "/" : "", name) < 0)
		return NULL;
	return buf;
}

uint64_t object_version(struct json_object *o)
{
	const char *text = json_str_at(o, "metadata/resourceVersion");
	uint64_t version;

	return text && str_to_u64(text, UINT64_MAX, &version) == 0 ? version : 0;
}

const char *object_name_new(const char *prefix, char *buf, size_t size)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789"; /* as Kubernetes: no words */
	unsigned char r[5];
	char tail[6] = "";

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort();
	for (size_t i = 0; i < sizeof(r); i++)
		tail[i] = letters[r[i] % (sizeof(letters) - 1)];
	(void)snprintf(buf, size, "%.*s%s", (int)(size - sizeof(tail)), prefix, tail);
	return buf;
}

const char *object_uid_new(char *buf, size_t size)
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort();
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40); /* version 4 */
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	(void)str_fmt(buf, size,
		      "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0],
		      r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
		      r[13], r[14], r[15]);
	return buf;
}

bool object_has_finalizer(struct json_object *o, const char *finalizer)
{
	struct json_object *list = json_at(o, "metadata/finalizers");

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_object_get_string(json_object_array_get_idx(list, i)), finalizer))
			return true;
	return false;
}

void object_add_finalizer(struct json_object *copy, const char *finalizer)
{
	struct json_object *list = json_at(copy, "metadata/finalizers");

	if (object_has_finalizer(copy, finalizer))
		return;
	if (!json_object_is_type(list, json_type_array)) {
		list = json_object_new_array();
		json_put_at(copy, "metadata/finalizers", list);
	}
	json_object_array_add(list, json_object_new_string(finalizer));
}

void object_remove_finalizer(struct json_object *copy, const char *finalizer)
{
	struct json_object *list = json_at(copy, "metadata/finalizers");

	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = json_length(list); i-- > 0;)
		if (str_eq(json_object_get_string(json_object_array_get_idx(list, i)), finalizer))
			json_object_array_del_idx(list, i, 1);
	if (json_length(list) == 0)
		json_object_object_del(json_at(copy, "metadata"), "finalizers");
}

void object_set_owner(struct json_object *copy, struct json_object *owner)
{
	struct json_object *list = json_at(copy, "metadata/ownerReferences");
	struct json_object *ref = json_object_new_object();

	if (!json_object_is_type(list, json_type_array)) {
		list = json_object_new_array();
		json_put_at(copy, "metadata/ownerReferences", list);
	}
	json_put_str(ref, "apiVersion", json_str_at(owner, "apiVersion"));
	json_put_bool(ref, "blockOwnerDeletion", true);
	json_put_bool(ref, "controller", true);
	json_put_str(ref, "kind", json_str_at(owner, "kind"));
	json_put_str(ref, "name", object_name(owner));
	json_put_str(ref, "uid", object_uid(owner));
	json_object_array_add(list, ref);
}
