/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One disk in QEMU's terms. Its names and its address follow from its place alone, so that a disk
 * that was plugged in and the same disk on the other side of a migration, where it is an argument,
 * are one. A node's name has 31 characters at most: too few for a disk's. Pure. */
#include "kubevirt-lite/guest/machine.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

const char *disk_node(const struct machine_disk *d, char *buf, size_t size)
{
	(void)str_fmt(buf, size, DISK_NODE "%s", d->target);
	return buf;
}

const char *disk_key(const struct machine_disk *d, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "key-%s", d->target);
	return buf;
}

struct json_object *disk_blockdev_new(const struct machine_disk *d)
{
	struct json_object *doc = json_object_new_object();
	const struct machine_source *s = &d->source;
	char id[DISK_ID_SIZE];

	json_put_str(doc, "node-name", disk_node(d, id, sizeof(id)));
	json_put_bool(doc, "read-only", d->readonly);
	if (!s->is_rbd) {
		json_put_str(doc, "driver", "raw");
		json_put_str(doc, "file/driver", "file");
		json_put_str(doc, "file/filename", s->file);
		json_put_bool(doc, "file/read-only", d->readonly);
		json_put_str(doc, "file/locking", "off"); /* read-only images, shared */
		return doc;
	}
	json_put_str(doc, "driver", "rbd");
	json_put_str(doc, "pool", s->pool);
	json_put_str(doc, "image", s->image);
	json_put_str(doc, "conf", s->conf);
	json_put_str(doc, "user", s->user);
	json_put_str(doc, "key-secret", disk_key(d, id, sizeof(id)));
	json_put_str(doc, "discard", "unmap");
	/* librbd's own cache must not answer what another host wrote: migration. */
	json_put_bool(doc, "cache/direct", true);
	return doc;
}

struct json_object *disk_scsi_new(const struct machine_disk *d)
{
	struct json_object *doc = json_object_new_object();
	char text[80];

	json_put_str(doc, "driver", d->is_cdrom ? "scsi-cd" : "scsi-hd");
	(void)str_fmt(text, sizeof(text), DISK_DEVICE "%s", d->name);
	json_put_str(doc, "id", text);
	json_put_str(doc, "drive", disk_node(d, text, sizeof(text)));
	json_put_str(doc, "bus", MACHINE_SCSI ".0");
	json_put_int(doc, "channel", 0);
	json_put_int(doc, "scsi-id", 0);
	json_put_int(doc, "lun", d->target[2] - 'a');
	if (d->boot_order)
		json_put_int(doc, "bootindex", d->boot_order);
	if (d->serial[0])
		json_put_str(doc, "serial", d->serial);
	return doc;
}

/* --- what QEMU tells --- */

int disk_of_device(const char *device, char *ret, size_t size)
{
	static const char path[] = "/machine/peripheral/";

	if (device && str_starts(device, path))
		device += strlen(path);
	if (!device || !str_starts(device, DISK_DEVICE))
		return -1;
	device += strlen(DISK_DEVICE);
	return str_fmt(ret, size, "%.*s", (int)strcspn(device, "/"), device);
}

size_t disks_told(struct json_object *value, struct guest_disk ret[MACHINE_DISKS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < json_length(value) && n < MACHINE_DISKS_MAX; i++) {
		struct json_object *one = json_object_array_get_idx(value, i);
		const char *node = json_str_at(one, "inserted/node-name");
		struct guest_disk *d = &ret[n];

		if (node && str_starts(node, DISK_NODE) &&
		    disk_of_device(json_str_at(one, "qdev"), d->name, sizeof(d->name)) == 0 &&
		    str_copy(d->target, sizeof(d->target), node + strlen(DISK_NODE)) == 0)
			n++;
	}
	return n;
}
