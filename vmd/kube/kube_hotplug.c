/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hotpluggable volumes of a VM and its instance; see kube_hotplug.h. More of them than there is
 * room for, or with longer names, are none of ours and are passed over. Pure. */
#include "vmd/kube/kube_hotplug.h"

#include "vmd/base/str.h"

#include <string.h>

static struct vm_volume *find(struct kube_volumes *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->at[i].name, name))
			return &v->at[i];
	return NULL;
}

/* The one of that name, made if there is none; NULL: no room. */
static struct vm_volume *volume_of(struct kube_volumes *v, const char *name)
{
	struct vm_volume *one = name ? find(v, name) : NULL;

	if (one || !name || v->n == VM_VOLUME_MAX)
		return one;
	one = &v->at[v->n];
	*one = (struct vm_volume){.ready = false};
	if (str_copy(one->name, sizeof(one->name), name) < 0)
		return NULL;
	v->n++;
	return one;
}

static bool is_ours(struct json_object *volume)
{
	return json_object_get_boolean(json_at(volume, "persistentVolumeClaim/hotpluggable"));
}

/* An array's length; 0 of what is none. */
static size_t length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_length(list) : 0;
}

void hotplug_wanted_read(struct json_object *vm, struct kube_volumes *ret)
{
	struct json_object *list = json_at(vm, "spec/template/spec/volumes");

	*ret = (struct kube_volumes){.n = 0};
	for (size_t i = 0; i < length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct vm_volume *v =
			is_ours(one) ? volume_of(ret, json_str_at(one, "name")) : NULL;

		if (v)
			v->wanted = true;
	}
}

static void status_read(struct json_object *status, struct vm_volume *v)
{
	const char *text = json_str_at(status, "message");

	v->given = true;
	v->ready = str_eq(json_str_at(status, "phase"), "Ready");
	str_cut(v->why, sizeof(v->why), text ? text : "");
}

void hotplug_given_read(struct json_object *vmi, struct kube_volumes *ret)
{
	struct json_object *list = json_at(vmi, "spec/volumes");
	struct json_object *status = json_at(vmi, "status/volumeStatus");

	*ret = (struct kube_volumes){.n = 0};
	for (size_t i = 0; i < length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct vm_volume *v =
			is_ours(one) ? volume_of(ret, json_str_at(one, "name")) : NULL;

		if (v)
			v->given = true;
	}
	for (size_t i = 0; i < length(status); i++) {
		struct json_object *one = json_object_array_get_idx(status, i);
		const char *name = json_str_at(one, "name");
		struct vm_volume *v = name ? find(ret, name) : NULL;

		/* One that is being taken is in the spec no more. */
		if (!v && json_at(one, "hotplugVolume"))
			v = volume_of(ret, name);
		if (v)
			status_read(one, v);
	}
}

void hotplug_join(const struct kube_volumes *wanted, const struct kube_volumes *given,
		  struct vm_seen *ret)
{
	struct kube_volumes all = {.n = 0};

	if (given)
		all = *given;
	for (size_t i = 0; wanted && i < wanted->n; i++) {
		struct vm_volume *v = volume_of(&all, wanted->at[i].name);

		if (v)
			v->wanted = true;
	}
	ret->n_volume = all.n;
	memcpy(ret->volume, all.at, sizeof(ret->volume));
}

struct json_object *hotplug_encode_add(const struct vm_disk_spec *d)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "name", d->name);
	json_put_str(doc, "disk/name", d->name);
	json_put_str(doc, "disk/disk/bus", "scsi");
	if (d->read_only)
		json_put_bool(doc, "disk/disk/readonly", true);
	json_put_str(doc, "disk/serial", d->serial);
	json_put_str(doc, "volumeSource/persistentVolumeClaim/claimName", d->claim);
	json_put_bool(doc, "volumeSource/persistentVolumeClaim/hotpluggable", true);
	return doc;
}

struct json_object *hotplug_encode_remove(const char *volume)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "name", volume);
	return doc;
}
