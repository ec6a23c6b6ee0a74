/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks of a VirtualMachineInstance, and their places: "vdb", "sda", which its status tells and
 * which decide where on its bus a disk sits (unit 1, unit 0). KubeVirt keeps them in the same way,
 * so that a disk that is plugged in or out moves no other one. Pure. */
#include "kubevirt-lite/guest/machine_parts.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

static int bus_read(struct json_object *target, enum disk_bus *ret, struct err *e)
{
	const char *bus = json_str_at(target, "bus");

	if (!bus || str_eq(bus, "sata"))
		*ret = BUS_SATA;
	else if (str_eq(bus, "virtio"))
		*ret = BUS_VIRTIO;
	else if (str_eq(bus, "scsi"))
		*ret = BUS_SCSI;
	else
		return err_set(e, ERR_INVALID, "bus %.32s: only virtio, scsi and sata work here",
			       bus);
	return 0;
}

static int disk_read(struct json_object *doc, struct machine_disk *d, struct err *e)
{
	static const char *const targets[] = {"disk", "cdrom", "lun"};
	struct json_object *target = NULL;

	if (machine_text(doc, "name", d->name, sizeof(d->name), e) < 0 ||
	    machine_text(doc, "serial", d->serial, sizeof(d->serial), e) < 0 ||
	    machine_text(doc, "cache", d->cache, sizeof(d->cache), e) < 0 ||
	    machine_number(doc, "bootOrder", 1000, &d->boot_order, e) < 0)
		return -1;
	if (!str_is_name(d->name, 63))
		return err_set(e, ERR_INVALID, "disk name \"%s\"", d->name);
	for (size_t i = 0; i < ARRAY_LEN(targets) && !target; i++)
		target = json_at(doc, targets[i]);
	d->is_cdrom = json_at(doc, "cdrom") != NULL;
	d->readonly = d->is_cdrom || (target && machine_flag(target, "readonly", false));
	if (!target) /* KubeVirt's default: a sata disk */
		d->bus = BUS_SATA;
	else if (bus_read(target, &d->bus, e) < 0)
		return -1;
	if (d->is_cdrom && d->bus == BUS_VIRTIO)
		return err_set(e, ERR_INVALID, "a cdrom cannot be virtio");
	return 0;
}

/* --- places of disks --- */

/* "vda" to "vdz", "sda" to "sdz". */
static bool is_target(const char *s)
{
	return s && (s[0] == 'v' || s[0] == 's') && s[1] == 'd' && s[2] >= 'a' && s[2] <= 'z' &&
	       s[3] == '\0';
}

static char target_letter(const struct machine_disk *d)
{
	return d->bus == BUS_VIRTIO ? 'v' : 's';
}

struct places {
	bool taken['z' - 'a' + 1][2]; /* sd, vd */
};

static bool *place(struct places *p, const char *target)
{
	return &p->taken[target[2] - 'a'][target[0] == 'v'];
}

/* A disk keeps the place that the VMI's status tells, also while it is on its way out: another one
 * must not come there, and the target of a migration needs it in the same place. */
static void targets_recall(struct json_object *vmi, struct machine *m, struct places *p)
{
	struct json_object *list = json_at(vmi, "status/volumeStatus");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *target = json_str_at(one, "target");

		if (!is_target(target))
			continue;
		*place(p, target) = true;
		for (size_t k = 0; k < m->n_disks; k++) {
			struct machine_disk *d = &m->disk[k];

			if (!str_eq(json_str_at(one, "name"), d->name) ||
			    target[0] != target_letter(d))
				continue;
			(void)str_copy(d->target, sizeof(d->target), target);
			d->is_attached = true;
		}
	}
}

static int target_choose(struct machine_disk *d, struct places *p, struct err *e)
{
	for (char c = 'a'; c <= 'z'; c++) {
		char target[4] = {target_letter(d), 'd', c, '\0'};

		if (*place(p, target))
			continue;
		*place(p, target) = true;
		memcpy(d->target, target, sizeof(d->target));
		return 0;
	}
	return err_set(e, ERR_INVALID, "disk %s: no place is left", d->name);
}

static int targets_fill(struct json_object *vmi, struct machine *m, struct err *e)
{
	struct places p = {.taken = {{false}}};

	targets_recall(vmi, m, &p);
	for (size_t i = 0; i < m->n_disks; i++)
		if (!m->disk[i].target[0] && target_choose(&m->disk[i], &p, e) < 0)
			return -1;
	return 0;
}

static bool is_hotplug(struct json_object *spec, const char *name)
{
	struct json_object *list = json_at(spec, "volumes");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(v, "name"), name))
			return machine_flag(v, "persistentVolumeClaim/hotpluggable", false) ||
			       machine_flag(v, "dataVolume/hotpluggable", false);
	}
	return false;
}

void machine_drop_unattached(struct machine *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_disks; i++)
		if (!m->disk[i].is_hotplug || m->disk[i].is_attached)
			m->disk[n++] = m->disk[i];
	m->n_disks = n;
}

int machine_disks(struct json_object *vmi, struct machine *m, struct err *e)
{
	struct json_object *spec = json_at(vmi, "spec");
	struct json_object *list = json_at(spec, "domain/devices/disks");
	size_t n = json_length(list);

	if (n > MACHINE_DISKS_MAX)
		return err_set(e, ERR_INVALID, "domain/devices/disks: more than %d",
			       MACHINE_DISKS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (disk_read(json_object_array_get_idx(list, i), &m->disk[i], e) < 0)
			return err_wrap(e, "domain/devices/disks/%zu", i);
		m->disk[i].is_hotplug = is_hotplug(spec, m->disk[i].name);
	}
	m->n_disks = n;
	return targets_fill(vmi, m, e);
}
