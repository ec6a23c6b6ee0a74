/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status.volumeStatus of a VMI, as virt-controller (storage.go: updateVolumeStatus) and
 * virt-handler (vm.go: updateVolumeStatusesFromDomain) write it together, word for word. A volume
 * that is not in the spec any more stays in the list until the pod that brought it is gone. One
 * step a look for each volume, so that watchers see the steps. Works on a copy; makes nothing
 * happen but events. */
#include "kubevirt-lite/controllers/volume_status.h"

#include "kubevirt-lite/controllers/attachment.h"
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/volume.h"
#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

#define CONTROLLER "virtualmachine-controller"
#define HANDLER    "virt-handler"

struct look {
	struct controllers *c;
	struct json_object *vmi;  /* the copy */
	struct json_object *pods; /* attachment pods, also those that were just deleted */
	struct guest *g;
};

/* NULL: it has none yet. */
static bool phase_in(struct json_object *status, const char *a, const char *b, const char *c)
{
	const char *phase = json_str_at(status, "phase");

	return str_eq(phase, a) || str_eq(phase, b) || str_eq(phase, c);
}

/* component NULL: no event. */
static void phase_put(struct look *l, struct json_object *status, const char *component,
		      const char *phase, const char *reason, const char *fmt, ...) PRINTF(6, 7);

static void phase_put(struct look *l, struct json_object *status, const char *component,
		      const char *phase, const char *reason, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (component && (!str_eq(json_str_at(status, "phase"), phase) ||
			  !str_eq(json_str_at(status, "message"), text)))
		say(l->c, l->vmi, component, false, reason, "%s", text);
	json_put_str(status, "phase", phase);
	json_put_str(status, "reason", reason);
	json_put_str(status, "message", text);
}

/* --- the claim --- */

static void claim_put(struct look *l, struct json_object *status, const char *claim)
{
	static const char *const paths[][2] = {
		{"spec/accessModes", "accessModes"},
		{"status/capacity", "capacity"},
		{"spec/resources/requests", "requests"},
		{"spec/volumeMode", "volumeMode"},
	};
	struct json_object *info = json_object_new_object();
	struct json_object *pvc = store_get(l->c->store, KIND_PVC, object_namespace(l->vmi), claim);

	json_put_str(info, "claimName", claim);
	for (size_t i = 0; pvc && i < ARRAY_LEN(paths); i++) {
		struct json_object *v = json_at(pvc, paths[i][0]);

		if (v)
			json_put_at(info, paths[i][1], json_object_get(v));
	}
	if (pvc)
		json_put_str(info, "filesystemOverhead", "0.055"); /* KubeVirt's without CDI */
	json_put_at(status, "persistentVolumeClaimInfo", info);
}

/* How far a volume is that no pod has brought yet. */
static void claim_phase_put(struct look *l, struct json_object *status, const char *claim)
{
	struct json_object *pvc = store_get(l->c->store, KIND_PVC, object_namespace(l->vmi), claim);

	if (!pvc)
		phase_put(l, status, NULL, PHASE_PENDING, "FailedPvcNotFound", "PVC %s not found",
			  claim);
	else if (phase_is(pvc, "Bound"))
		phase_put(l, status, NULL, PHASE_BOUND, "PVCNotReady", "PVC is in phase Bound");
	else if (phase_is(pvc, "Lost"))
		phase_put(l, status, NULL, PHASE_PENDING, "PVCNotReady", "PVC is in phase Lost");
	else
		phase_put(l, status, NULL, PHASE_PENDING, "PVCNotReady",
			  "PVC is in phase ClaimPending");
}

/* --- the pod --- */

static bool is_there(struct look *l, struct json_object *pod)
{
	return store_get_uid(l->c->store, KIND_POD, object_uid(pod)) && !object_is_deleting(pod);
}

/* The pod that brings a volume: the newest that is there, or else, for one that is on its way out,
 * one that was just deleted. */
static struct json_object *pod_of(struct look *l, const char *name, bool or_deleted)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_length(l->pods); i++) {
		struct json_object *pod = json_object_array_get_idx(l->pods, i);

		if (!named(json_at(pod, "spec/volumes"), name) ||
		    (!or_deleted && !is_there(l, pod)))
			continue;
		if (!found || object_version(pod) > object_version(found) || !is_there(l, found))
			found = pod;
	}
	return found;
}

/* The pod that is to bring a volume, or has. True: it has by now. */
static bool pod_put(struct json_object *hotplug, struct json_object *pod)
{
	bool had = json_at(hotplug, "attachPodUID") != NULL;

	json_put_str(hotplug, "attachPodName", object_name(pod));
	if (attachment_is_ready(pod))
		json_put_str(hotplug, "attachPodUID", object_uid(pod));
	else
		json_object_object_del(hotplug, "attachPodUID");
	return !had && attachment_is_ready(pod);
}

/* virt-controller's part for a volume of the spec. True: it was a step. */
static bool bring(struct look *l, struct json_object *status, const char *claim)
{
	const char *name = json_str_at(status, "name");
	struct json_object *pod = pod_of(l, name, false), *hotplug;
	bool is_step;

	if (!json_at(status, "hotplugVolume"))
		json_put_at(status, "hotplugVolume", json_object_new_object());
	hotplug = json_at(status, "hotplugVolume");
	if (!pod) {
		if (phase_in(status, PHASE_READY, PHASE_READY, PHASE_READY))
			return false;
		json_object_object_del(hotplug, "attachPodUID");
		claim_phase_put(l, status, claim);
		return true;
	}
	is_step = pod_put(hotplug, pod);
	if (phase_in(status, PHASE_DETACHING, PHASE_UNMOUNTED, PHASE_DETACHING)) {
		claim_phase_put(l, status, claim); /* it was wanted again meanwhile */
		return true;
	}
	if (!phase_in(status, NULL, PHASE_BOUND, PHASE_PENDING))
		return is_step;
	phase_put(l, status, CONTROLLER, PHASE_ATTACHED, "SuccessfulCreate",
		  "Created hotplug attachment pod %s, for volume %s", object_name(pod), name);
	return true;
}

/* virt-controller's part for a volume that the spec has no more. False: it is gone. */
static bool take_away(struct look *l, struct json_object *status)
{
	const char *name = json_str_at(status, "name");
	const char *target = json_str_at(status, "target");
	struct json_object *pod = pod_of(l, name, true);

	if (!pod && target && *target)
		return true; /* somebody removed the pod: the guest has its disk yet */
	if (!pod) {
		say(l->c, l->vmi, HANDLER, false, "VolumeUnplugged", "Volume %s has been unplugged",
		    name);
		return false;
	}
	json_put_str(status, "hotplugVolume/attachPodName", object_name(pod));
	json_put_str(status, "hotplugVolume/attachPodUID", object_uid(pod));
	if (phase_in(status, PHASE_READY, PHASE_MOUNTED, PHASE_ATTACHED))
		return true;
	json_put_str(status, "phase", PHASE_DETACHING);
	if (!is_there(l, pod))
		phase_put(l, status, CONTROLLER, PHASE_DETACHING, "SuccessfulDelete",
			  "Deleted hotplug attachment pod %s, for volume %s", object_name(pod),
			  name);
	return true;
}

/* --- the guest --- */

/* virt-handler's part: what the guest has, it has; else whether the volume could be given to it. */
static void handle(struct look *l, struct json_object *status, bool is_in_spec, bool was_step)
{
	const char *name = json_str_at(status, "name"), *target = json_str_at(status, "target");
	bool is_hotplug = json_at(status, "hotplugVolume") != NULL;

	if (!is_hotplug || was_step)
		return;
	if (target && *target)
		phase_put(l, status, HANDLER, PHASE_READY, "VolumeReady",
			  "Successfully attach hotplugged volume %s to VM", name);
	else if (is_in_spec && phase_in(status, PHASE_BOUND, PHASE_PENDING, PHASE_ATTACHED) &&
		 json_at(status, "hotplugVolume/attachPodUID"))
		phase_put(l, status, HANDLER, PHASE_MOUNTED, "VolumeMountedToPod",
			  "Volume %s has been mounted in virt-launcher pod", name);
	else if (!is_in_spec && phase_in(status, PHASE_READY, PHASE_MOUNTED, PHASE_ATTACHED))
		phase_put(l, status, HANDLER, PHASE_UNMOUNTED, "VolumeUnMountedFromPod",
			  "Volume %s has been unmounted from virt-launcher pod", name);
}

/* While it is not known what a guest has, what was written last holds. */
static void target_put(struct look *l, struct json_object *status)
{
	struct guest_disk *d = l->g && l->g->seen.disks_known
				       ? guest_disk(l->g, json_str_at(status, "name"))
				       : NULL;

	if (d)
		json_put_str(status, "target", d->target);
	else if (!json_at(status, "target") || (l->g && l->g->seen.disks_known))
		json_put_str(status, "target", "");
}

/* --- the list --- */

static struct json_object *status_copy(struct json_object *old, const char *name)
{
	struct json_object *one = named(old, name), *copy = NULL;

	if (one && json_object_deep_copy(one, &copy, NULL) == 0)
		return copy;
	copy = json_object_new_object();
	json_put_str(copy, "name", name);
	return copy;
}

static void wanted_add(struct look *l, struct json_object *old, struct json_object *list)
{
	struct json_object *volumes = json_at(l->vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *v = json_object_array_get_idx(volumes, i);
		const char *name = json_str_at(v, "name"), *claim = volume_claim(v);
		struct json_object *one;
		bool was_step = false;

		if (!name)
			continue;
		one = status_copy(old, name);
		target_put(l, one);
		if (claim && volume_is_hotplug(v))
			was_step = bring(l, one, claim);
		if (claim)
			claim_put(l, one, claim);
		handle(l, one, true, was_step);
		json_object_array_add(list, one);
	}
}

static void unwanted_add(struct look *l, struct json_object *old, struct json_object *list)
{
	for (size_t i = 0; i < json_length(old); i++) {
		const char *name = json_str_at(json_object_array_get_idx(old, i), "name");
		struct json_object *one;

		if (!name || named(json_at(l->vmi, "spec/volumes"), name))
			continue;
		one = status_copy(old, name);
		target_put(l, one);
		if (take_away(l, one)) {
			handle(l, one, false, false);
			json_object_array_add(list, one);
		} else {
			json_object_put(one);
		}
	}
}

static int by_name(const void *a, const void *b)
{
	struct json_object *one = *(struct json_object *const *)a;
	struct json_object *two = *(struct json_object *const *)b;

	return strcmp(json_str_at(one, "name"), json_str_at(two, "name"));
}

void volume_status_fill(struct controllers *c, struct json_object *copy, struct json_object *pods,
			struct guest *g)
{
	struct look l = {.c = c, .vmi = copy, .pods = pods, .g = g};
	struct json_object *old = json_at(copy, "status/volumeStatus");
	struct json_object *list = json_object_new_array();

	wanted_add(&l, old, list);
	unwanted_add(&l, old, list);
	json_object_array_sort(list, by_name);
	json_put_at(copy, "status/volumeStatus", list);
}
