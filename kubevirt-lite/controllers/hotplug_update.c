/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hotpluggable volumes and their disks from a VM's template to its VMI's spec, as virt-controller
 * does it (storage/hotplug/hotplug.go: HandleDeclarativeVolumes), and what the webhook of VMIs has
 * against it (storage/admitters/storagehotplug.go). A volume that is another one under the same
 * name goes first, and comes back when nothing is left of the old one. Pure. */
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "vmd/base/str.h"

#define DISKS  "spec/domain/devices/disks"
#define FAILED "HotPlugVolumeError"

struct change {
	struct json_object *vm_volumes, *vm_disks; /* of the template */
	struct json_object *vmi;
	struct json_object *volumes, *disks; /* of the VMI to be; owned */
};

static void change_done_auto(struct change *ch)
{
	json_object_put(ch->volumes);
	json_object_put(ch->disks);
}

/* --- the two lists --- */

static bool stays(const struct change *ch, struct json_object *volume)
{
	struct json_object *want = named(ch->vm_volumes, json_str_at(volume, "name"));

	if (!volume_is_hotplug(volume))
		return true;
	return want && (!volume_is_hotplug(want) || json_object_equal(want, volume));
}

static void volumes_make(struct change *ch)
{
	struct json_object *is = json_at(ch->vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(is); i++) {
		struct json_object *v = json_object_array_get_idx(is, i);

		if (stays(ch, v))
			json_object_array_add(ch->volumes, json_object_get(v));
	}
	for (size_t i = 0; i < json_length(ch->vm_volumes); i++) {
		struct json_object *v = json_object_array_get_idx(ch->vm_volumes, i);
		const char *name = json_str_at(v, "name");

		if (volume_is_hotplug(v) && name && !named(is, name) &&
		    !named(json_at(ch->vmi, "status/volumeStatus"), name))
			json_object_array_add(ch->volumes, json_object_get(v));
	}
}

/* A disk goes with its volume; but a CD's drive may be empty. */
static bool disk_stays(const struct change *ch, struct json_object *disk)
{
	const char *name = json_str_at(disk, "name");
	struct json_object *want = named(ch->vm_disks, name);

	if (named(ch->volumes, name))
		return true;
	return want &&
	       (!named(ch->vm_volumes, name) || (json_at(want, "cdrom") && json_at(disk, "cdrom")));
}

static void disks_make(struct change *ch)
{
	struct json_object *is = json_at(ch->vmi, DISKS);

	for (size_t i = 0; i < json_length(is); i++) {
		struct json_object *d = json_object_array_get_idx(is, i);

		if (disk_stays(ch, d))
			json_object_array_add(ch->disks, json_object_get(d));
	}
	for (size_t i = 0; i < json_length(ch->vm_disks); i++) {
		struct json_object *d = json_object_array_get_idx(ch->vm_disks, i);
		const char *name = json_str_at(d, "name");
		struct json_object *volume = name ? named(ch->volumes, name) : NULL;

		if (volume && volume_is_hotplug(volume) && !named(is, name))
			json_object_array_add(ch->disks, json_object_get(d));
	}
}

/* --- what a webhook or QEMU has against it --- */

static int disk_check(const char *name, struct json_object *disk, struct err *e)
{
	struct json_object *target = json_at(disk, "disk");
	const char *bus = json_str_at(target, "bus");

	if (json_at(disk, "lun") && !str_eq(json_str_at(disk, "lun/bus"), "scsi"))
		return err_set(e, ERR_INVALID,
			       "Hotplug configuration for LUN [%s] requires bus to be 'scsi'. [%s] "
			       "is not permitted.",
			       name,
			       json_str_at(disk, "lun/bus") ? json_str_at(disk, "lun/bus") : "");
	if (json_at(disk, "lun"))
		return 0;
	if (!target)
		return err_set(e, ERR_INVALID,
			       "Hotplug configuration for [%s] requires diskDevice of type 'disk' "
			       "or 'lun' to be used.",
			       name);
	if (!str_eq(bus, "scsi") && !str_eq(bus, "virtio"))
		return err_set(e, ERR_INVALID,
			       "Hotplug configuration for disk [%s] requires bus to be 'scsi' or "
			       "'virtio'. [%s] is not permitted.",
			       name, bus ? bus : "");
	return 0;
}

/* The disk of each volume that is new. */
static int new_check(const struct change *ch, struct err *e)
{
	for (size_t i = 0; i < json_length(ch->volumes); i++) {
		struct json_object *v = json_object_array_get_idx(ch->volumes, i);
		const char *name = json_str_at(v, "name");
		struct json_object *disk = named(ch->disks, name);

		if (!volume_is_hotplug(v) || named(json_at(ch->vmi, "spec/volumes"), name))
			continue;
		if (!disk)
			return err_set(e, ERR_INVALID,
				       "mismatch between volumes declared (%zu) and required (%zu)",
				       json_length(ch->volumes), json_length(ch->disks));
		if (!named(json_at(ch->vmi, DISKS), name) && disk_check(name, disk, e) < 0)
			return -1;
	}
	return 0;
}

static int change_check(const struct change *ch, struct json_object *next, struct err *e)
{
	static const char denied[] =
		"admission webhook \"virtualmachineinstances-update-validator.kubevirt.io\" denied "
		"the request";
	struct machine m;

	if (new_check(ch, e) < 0)
		return err_wrap(e, "%s", denied);
	return machine_read(next, &m, e); /* more than it can have */
}

static void failure_show(struct json_object *vm, const char *why)
{
	char text[400];

	if (!why) {
		if (str_eq(condition_reason(vm, "Failure"), FAILED))
			condition_remove(vm, "Failure");
		return;
	}
	(void)snprintf(text, sizeof(text),
		       "Error encountered while handling declarative hotplug volumes: %s", why);
	condition_set(vm, "Failure", "True", FAILED, text);
}

void hotplug_update(struct json_object *vm, struct json_object *vmi, struct json_object **new_vmi)
{
	__attribute__((cleanup(change_done_auto))) struct change ch = {
		.vm_volumes = json_at(vm, "spec/template/spec/volumes"),
		.vm_disks = json_at(vm, "spec/template/" DISKS),
		.vmi = vmi,
		.volumes = json_object_new_array(),
		.disks = json_object_new_array(),
	};
	AUTO(json_object_put) struct json_object *next = NULL;
	struct err e;

	if (!phase_is(vmi, "Running") || vmi_is_moving(vmi))
		return;
	volumes_make(&ch);
	disks_make(&ch);
	if (json_object_equal(ch.volumes, json_at(vmi, "spec/volumes")) &&
	    json_object_equal(ch.disks, json_at(vmi, DISKS))) {
		failure_show(vm, NULL);
		return;
	}
	next = object_copy(*new_vmi ? *new_vmi : vmi);
	json_put_at(next, "spec/volumes", json_object_get(ch.volumes));
	json_put_at(next, DISKS, json_object_get(ch.disks));
	if (change_check(&ch, next, &e) < 0) {
		failure_show(vm, e.msg);
		return;
	}
	failure_show(vm, NULL);
	json_object_put(*new_vmi);
	*new_vmi = STEAL(next);
}
