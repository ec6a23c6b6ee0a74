/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that a guest in QEMU gets or gives back while it runs, one at a time. Which it has is
 * always QEMU's word, so that a guest that was found again needs nothing else. A disk counts as
 * given back when its image is closed too: then somebody may remove it. What an earlier
 * kubevirt-lite left half-way, an image that is open and belongs to no device, is closed when the
 * guest is taken up.
 *
 * A SCSI disk is taken out without asking the guest, as with KubeVirt: who did not unmount it loses
 * what was not written. Loop thread only. */
#include "kubevirt-lite/guest/qemu.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

/* --- which disks it has --- */

static bool is_in_use(const struct guest_seen *s, const char *node)
{
	for (size_t i = 0; i < s->n_disks; i++)
		if (str_eq(s->disk[i].target, node + strlen(DISK_NODE)))
			return true;
	return false;
}

static void node_close(struct qemu *q, const char *node, qmp_reply_fn reply)
{
	struct json_object *args = json_object_new_object();

	json_put_str(args, "node-name", node);
	qmp_send(q->qmp, "blockdev-del", args, reply, q);
}

static void on_nodes(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	for (size_t i = 0; i < json_length(value); i++) {
		const char *node = json_str_at(json_object_array_get_idx(value, i), "node-name");

		if (node && str_starts(node, DISK_NODE) && !is_in_use(&q->guest.seen, node))
			node_close(q, node, NULL);
	}
	q->guest.seen.disks_known = true; /* what is asked of QEMU from here on comes after that */
	qemu_changed(q);
}

static void on_disks(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	struct guest_seen *s = &q->guest.seen;

	(void)e;
	s->disks_busy = false;
	if (value) {
		memset(s->disk, 0, sizeof(s->disk));
		s->n_disks = disks_told(value, s->disk);
	}
	if (s->disks_known)
		qemu_changed(q);
}

static void ask(struct qemu *q)
{
	qmp_send(q->qmp, "query-block", NULL, on_disks, q);
}

void qemu_disks_begin(struct qemu *q)
{
	struct json_object *args = json_object_new_object();

	json_put_bool(args, "flat", true);
	ask(q);
	qmp_send(q->qmp, "query-named-block-nodes", args, on_nodes, q);
}

void qemu_disks_lost(struct qemu *q)
{
	q->guest.seen.disks_busy = false;
	q->guest.seen.disks_known = false;
	json_object_put(q->plug_device);
	q->plug_device = NULL;
}

/* --- one more, one less --- */

/* It is done, or it failed: then error says why. Busy until QEMU has told what it has now, or else
 * the same would be asked for again. */
static void end(struct qemu *q, const char *error)
{
	struct guest_seen *s = &q->guest.seen;

	(void)snprintf(s->disk_error, sizeof(s->disk_error), "%s", error);
	if (q->ready)
		ask(q);
}

static void begin(struct qemu *q, const char *name, const char *target)
{
	struct guest_seen *s = &q->guest.seen;

	s->disks_busy = true;
	s->disk_error[0] = '\0';
	(void)str_copy(q->plug.name, sizeof(q->plug.name), name);
	(void)str_copy(q->plug.target, sizeof(q->plug.target), target);
}

static const char *plug_node(const struct qemu *q, char *buf, size_t size)
{
	(void)str_fmt(buf, size, DISK_NODE "%s", q->plug.target);
	return buf;
}

static void key_forget(struct qemu *q, const char *key)
{
	struct json_object *args = json_object_new_object();

	json_put_str(args, "id", key);
	qmp_send(q->qmp, "object-del", args, NULL, NULL);
}

static void on_plugged(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	char node[DISK_ID_SIZE];

	if (!value && q->ready)
		node_close(q, plug_node(q, node, sizeof(node)), NULL);
	end(q, value ? "" : e->msg);
}

static void on_opened(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (!value) {
		json_object_put(STEAL(q->plug_device));
		end(q, e->msg);
		return;
	}
	qmp_send(q->qmp, "device_add", STEAL(q->plug_device), on_plugged, q);
}

/* The key is an object of QEMU only as long as the image is being opened. */
static void key_give(struct qemu *q, const struct machine_disk *d, const char *key)
{
	struct json_object *args = json_object_new_object();

	json_put_str(args, "qom-type", "secret");
	json_put_str(args, "id", key);
	json_put_str(args, "format", "base64");
	json_put_str(args, "data", d->source.key);
	qmp_send(q->qmp, "object-add", args, NULL, NULL);
}

static bool is_able(const struct qemu *q)
{
	const struct guest_seen *s = &q->guest.seen;

	return q->ready && s->disks_known && !s->disks_busy &&
	       (s->state == GUEST_RUNNING || s->state == GUEST_PAUSED);
}

void qemu_plug(struct guest *g, const struct machine_disk *d)
{
	struct qemu *q = (struct qemu *)g;
	char node[DISK_ID_SIZE], key[DISK_ID_SIZE];

	if (!is_able(q) || d->bus != BUS_SCSI || guest_disk(g, d->name))
		return;
	begin(q, d->name, d->target);
	q->plug_device = disk_scsi_new(d);
	(void)disk_node(d, node, sizeof(node));
	(void)disk_key(d, key, sizeof(key));
	if (d->source.is_rbd)
		key_give(q, d, key);
	qmp_send(q->qmp, "blockdev-add", disk_blockdev_new(d), on_opened, q);
	if (d->source.is_rbd)
		key_forget(q, key);
}

static void on_closed(void *self, struct json_object *value, const struct err *e)
{
	end(self, value ? "" : e->msg);
}

void qemu_disk_deleted(struct qemu *q, const char *device)
{
	char name[sizeof(q->plug.name)], node[DISK_ID_SIZE];

	if (!q->guest.seen.disks_busy || q->plug_device || !q->ready ||
	    disk_of_device(device, name, sizeof(name)) < 0 || !str_eq(name, q->plug.name))
		return;
	node_close(q, plug_node(q, node, sizeof(node)), on_closed);
}

static void on_unplugging(void *self, struct json_object *value, const struct err *e)
{
	if (!value)
		end(self, e->msg);
	/* else DEVICE_DELETED tells when it is out */
}

void qemu_unplug(struct guest *g, const char *name)
{
	struct qemu *q = (struct qemu *)g;
	struct guest_disk *d = guest_disk(g, name);
	struct json_object *args;
	char id[80];

	if (!is_able(q) || !d)
		return;
	begin(q, d->name, d->target);
	args = json_object_new_object();
	(void)str_fmt(id, sizeof(id), DISK_DEVICE "%s", name);
	json_put_str(args, "id", id);
	qmp_send(q->qmp, "device_del", args, on_unplugging, q);
}
