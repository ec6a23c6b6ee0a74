/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The volumes of a VMI that its launcher pod was not made with: brought to its node by attachment
 * pods, and then given to its guest, or taken away again in the reverse order; virt-controller's
 * volume-hotplug.go and virt-handler's part in one. Every look takes what steps it can; how far
 * each volume is, volume_status.c writes down, and what is written there decides the next step. So
 * a step may be repeated, and a restart of this program loses nothing.
 *
 * While a migration has taken over nothing is begun: the other side was started with the disks that
 * the guest had then. */
#include "kubevirt-lite/controllers/hotplug.h"

#include "kubevirt-lite/controllers/attachment.h"
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/volume.h"
#include "kubevirt-lite/controllers/volume_status.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define CONTROLLER "virtualmachine-controller"
#define HANDLER    "virt-handler"
#define RETRY_US   (5 * SEC_US) /* a disk that QEMU refused is tried again */

bool volume_is_hotplug(struct json_object *volume)
{
	return json_object_get_boolean(json_at(volume, "persistentVolumeClaim/hotpluggable")) ||
	       json_object_get_boolean(json_at(volume, "dataVolume/hotpluggable"));
}

struct json_object *named(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "name"), name))
			return json_object_array_get_idx(list, i);
	return NULL;
}

bool vmi_is_moving(struct json_object *vmi)
{
	struct json_object *state = json_at(vmi, "status/migrationState");

	return state && !json_object_get_boolean(json_at(state, "completed"));
}

/* --- attachment pods --- */

static struct json_object *bound_volumes(struct controllers *c, struct json_object *vmi)
{
	struct json_object *from = json_at(vmi, "spec/volumes");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(from); i++) {
		struct json_object *v = json_object_array_get_idx(from, i);
		struct json_object *pvc =
			volume_is_hotplug(v) ? store_get(c->store, KIND_PVC, object_namespace(vmi),
							 volume_claim(v))
					     : NULL;

		if (pvc && phase_is(pvc, "Bound"))
			json_object_array_add(list, json_object_get(v));
	}
	return list;
}

/* Whether a pod has a volume that the guest still has, though it is not wanted any more; or, with
 * wanted, one that is. */
static bool has_volume(struct json_object *vmi, struct json_object *pod, bool wanted)
{
	struct json_object *list = json_at(pod, "spec/volumes");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_str_at(json_object_array_get_idx(list, i), "name");
		struct json_object *status = named(json_at(vmi, "status/volumeStatus"), name);
		const char *phase = json_str_at(status, "phase");

		if (named(json_at(vmi, "spec/volumes"), name)) {
			if (wanted)
				return true;
		} else if (str_eq(phase, PHASE_READY) || str_eq(phase, PHASE_MOUNTED)) {
			return true;
		}
	}
	return false;
}

/* An older pod stays while it has what the guest has; and, as long as its successor does not run,
 * what is wanted. */
static void old_delete(struct controllers *c, struct json_object *vmi, struct json_object *pod,
		       struct json_object *want, struct json_object *current)
{
	bool is_needed = json_length(want) > 0 && attachment_is_ready(pod) &&
			 !(current && attachment_is_ready(current));

	if (has_volume(vmi, pod, is_needed))
		return;
	attachment_delete(c, pod);
	say(c, vmi, CONTROLLER, false, "SuccessfulDelete", "Deleted attachment pod %s",
	    object_name(pod));
}

static void attachments_sync(struct controllers *c, struct json_object *vmi,
			     struct json_object *launcher, struct json_object *pods)
{
	AUTO(json_object_put) struct json_object *want = bound_volumes(c, vmi);
	struct json_object *current = NULL;
	bool is_pending = false;
	struct err e = {.kind = ERR_NONE};

	for (size_t i = 0; i < json_length(pods); i++) {
		struct json_object *pod = json_object_array_get_idx(pods, i);

		if (!object_is_deleting(pod) && json_length(want) > 0 && attachment_fits(pod, want))
			current = pod;
		else if (phase_is(pod, "Pending"))
			is_pending = true;
	}
	for (size_t i = 0; i < json_length(pods); i++)
		if (json_object_array_get_idx(pods, i) != current)
			old_delete(c, vmi, json_object_array_get_idx(pods, i), want, current);
	if (!current && !is_pending && json_length(want) > 0 &&
	    attachment_create(c, vmi, launcher, want, NULL, &e) < 0)
		say(c, vmi, CONTROLLER, true, "FailedCreate", "Error creating attachment pod: %s",
		    e.msg);
}

/* --- the guest's disks --- */

static void refused(struct controllers *c, struct json_object *vmi, struct launcher *l,
		    const char *why)
{
	say(c, vmi, HANDLER, true, "SyncFailed",
	    "server error. command SyncVMI failed: \"LibvirtError: %s\"", why);
	l->plug_again_us = clock_mono_us() + RETRY_US;
	again(c, KIND_VMI, l->ns, l->vmi, RETRY_US);
}

/* A disk that its spec has no more. True: it is being taken out. */
static bool unplug_one(struct json_object *vmi, struct guest *g)
{
	for (size_t i = 0; i < g->seen.n_disks; i++) {
		const char *name = g->seen.disk[i].name;

		if (named(json_at(vmi, "spec/domain/devices/disks"), name))
			continue;
		g->ops->unplug(g, name);
		return true;
	}
	return false;
}

static bool is_due(struct json_object *vmi, struct guest *g, const struct machine_disk *d)
{
	struct json_object *status = named(json_at(vmi, "status/volumeStatus"), d->name);
	const char *phase = json_str_at(status, "phase");

	return d->is_hotplug && !guest_disk(g, d->name) &&
	       (str_eq(phase, PHASE_MOUNTED) || str_eq(phase, PHASE_READY));
}

static int plug(struct controllers *c, struct json_object *vmi, struct guest *g,
		struct machine_disk *d, struct err *e)
{
	struct json_object *volume = named(json_at(vmi, "spec/volumes"), d->name);
	int rc;

	if (d->bus != BUS_SCSI)
		return err_set(e, ERR_INVALID, "disk %s: only bus scsi can be plugged in here",
			       d->name);
	rc = claim_source(c, object_namespace(vmi), volume_claim(volume), &d->source, e);
	if (rc == 0)
		g->ops->plug(g, d);
	explicit_bzero(&d->source, sizeof(d->source)); /* it has a key */
	return rc;
}

static void guest_sync(struct controllers *c, struct json_object *vmi, struct launcher *l,
		       struct guest *g)
{
	AUTO(free) struct machine *m = calloc(1, sizeof(*m));
	struct err e = {.kind = ERR_NONE};
	size_t i = 0;

	if (!m)
		abort();
	if (!g->seen.disks_known || g->seen.disks_busy || clock_mono_us() < l->plug_again_us)
		return;
	if (g->seen.disk_error[0]) {
		refused(c, vmi, l, g->seen.disk_error);
		g->seen.disk_error[0] = '\0';
		return;
	}
	if (unplug_one(vmi, g) || machine_read(vmi, m, &e) < 0)
		return;
	while (i < m->n_disks && !is_due(vmi, g, &m->disk[i]))
		i++;
	if (i < m->n_disks && plug(c, vmi, g, &m->disk[i], &e) < 0)
		refused(c, vmi, l, e.msg);
}

/* The list of before, of which some are gone now, with what is new. */
static void new_add(struct controllers *c, struct json_object *launcher, struct json_object *pods)
{
	AUTO(json_object_put) struct json_object *now = attachments_of(c, launcher);
	size_t before = json_length(pods);

	for (size_t i = 0; i < json_length(now); i++) {
		struct json_object *pod = json_object_array_get_idx(now, i);
		bool is_known = false;

		for (size_t k = 0; k < before; k++)
			is_known |= str_eq(object_uid(json_object_array_get_idx(pods, k)),
					   object_uid(pod));
		if (!is_known)
			json_object_array_add(pods, json_object_get(pod));
	}
}

void hotplug_step(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		  struct json_object *pod, struct guest *g)
{
	AUTO(json_object_put) struct json_object *pods = attachments_of(c, pod);
	struct launcher *l = launcher_find(c, object_namespace(pod), object_name(pod));
	bool is_still = vmi_is_moving(vmi) || object_is_deleting(pod) || !phase_is(pod, "Running");

	if (!is_still)
		attachments_sync(c, vmi, pod, pods);
	new_add(c, pod, pods);
	volume_status_fill(c, copy, pods, g);
	if (!is_still && l && g &&
	    (g->seen.state == GUEST_RUNNING || g->seen.state == GUEST_PAUSED))
		guest_sync(c, vmi, l, g);
}

void hotplug_end(struct controllers *c, struct json_object *pod)
{
	AUTO(json_object_put) struct json_object *pods = attachments_of(c, pod);

	for (size_t i = 0; i < json_length(pods); i++)
		attachment_delete(c, json_object_array_get_idx(pods, i));
}

/* --- for others --- */

bool hotplug_is_mounted(struct json_object *vmi)
{
	struct json_object *list = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		struct json_object *status =
			named(json_at(vmi, "status/volumeStatus"), json_str_at(v, "name"));
		const char *phase = json_str_at(status, "phase");

		if (volume_is_hotplug(v) && !str_eq(phase, PHASE_MOUNTED) &&
		    !str_eq(phase, PHASE_READY))
			return false;
	}
	return true;
}

struct json_object *hotplug_attached(struct json_object *vmi)
{
	struct json_object *from = json_at(vmi, "spec/volumes");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(from); i++) {
		struct json_object *v = json_object_array_get_idx(from, i);
		struct json_object *status =
			named(json_at(vmi, "status/volumeStatus"), json_str_at(v, "name"));
		const char *target = json_str_at(status, "target");

		if (volume_is_hotplug(v) && target && *target)
			json_object_array_add(list, json_object_get(v));
	}
	return list;
}

bool hotplug_is_settled(struct json_object *vmi, struct guest *g)
{
	struct json_object *list = json_at(vmi, "status/volumeStatus");
	size_t n = 0;

	if (!g || !g->seen.disks_known || g->seen.disks_busy)
		return false;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *name = json_str_at(one, "name"), *target = json_str_at(one, "target");
		struct guest_disk *d = name ? guest_disk(g, name) : NULL;

		if (!target || !*target)
			continue;
		if (!d || !str_eq(d->target, target) ||
		    !named(json_at(vmi, "spec/domain/devices/disks"), name))
			return false;
		n++;
	}
	return n == g->seen.n_disks;
}
