/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstance: from Pending over its launcher pod to a running guest and to its end, as
 * virt-controller and virt-handler do together. The guest is read, never commanded, here: that is
 * the pod's part (pod.c). What pod it gets is in vmi_pod.c. One write per step, so that watchers
 * see the steps. */
#include "kubevirt-lite/controllers/vmi.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/credentials.h"
#include "kubevirt-lite/controllers/growth.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/media.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/migration.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/vm.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "kubevirt-lite/controllers/vmi_status.h"
#include "kubevirt-lite/controllers/volume.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <inttypes.h>

#define COMPONENT        "virtualmachine-controller"
#define HANDLER          "virt-handler"
#define MIB              (UINT64_C(1) << 20)
#define EVACUATE_AGAIN_S 20

/* --- can it move --- */

bool vmi_is_pinned(struct controllers *c, struct json_object *vmi, const char **ret_reason,
		   const char **ret_message)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		const char *claim = volume_claim(json_object_array_get_idx(volumes, i));
		struct json_object *pvc =
			claim ? store_get(c->store, KIND_PVC, object_namespace(vmi), claim) : NULL;
		struct json_object *modes = pvc ? json_at(pvc, "spec/accessModes") : NULL;
		bool shared = false;

		for (size_t k = 0; k < json_length(modes); k++)
			if (str_eq(json_object_get_string(json_object_array_get_idx(modes, k)),
				   "ReadWriteMany"))
				shared = true;
		if (claim && !shared) {
			*ret_reason = "DisksNotLiveMigratable";
			*ret_message = "cannot migrate VMI: PVC is not shared, live migration "
				       "requires that all PVCs must be shared (using "
				       "ReadWriteMany access mode)";
			return true;
		}
	}
	if (str_eq(json_str_at(vmi, "spec/domain/cpu/model"), "host-passthrough")) {
		*ret_reason = "CPUModeLiveMigratable";
		*ret_message = "VMI uses host-passthrough";
		return true;
	}
	return false;
}

int64_t vmi_grace_s(struct json_object *vmi)
{
	struct json_object *v = json_at(vmi, "spec/terminationGracePeriodSeconds");
	int64_t s = v ? json_object_get_int64(v) : 30;

	return s < 0 ? 0 : s;
}

/* --- the steps --- */

static void ready_set(struct json_object *copy, const char *reason, const char *message)
{
	if (!reason)
		condition_set(copy, "Ready", "True", NULL, NULL);
	else
		condition_set(copy, "Ready", "False", reason, message);
}

/* Pending: what it needs must exist, then it gets its pod. */
static void step_pending(struct controllers *c, struct json_object *vmi, struct json_object *copy,
			 struct json_object *pod)
{
	const char *missing = volume_missing(c, vmi);
	char text[400];
	struct err e = {.kind = ERR_NONE};

	if (!condition_find(vmi, "Ready")) {
		ready_set(copy, "PodNotExists", "virt-launcher pod has not yet been scheduled");
		return;
	}
	if (pod) {
		condition_remove(copy, "Synchronized");
		ready_set(copy, "GuestNotRunning", "Guest VM is not reported as running");
		phase_set(copy, "Scheduling");
		return;
	}
	if (missing) {
		(void)snprintf(text, sizeof(text),
			       "failed to render launch manifest: didn't find PVC %s", missing);
		if (!str_eq(condition_reason(vmi, "Synchronized"), "FailedPvcNotFound"))
			say(c, vmi, COMPONENT, true, "FailedPvcNotFound",
			    "PVC %s/%s does not exist, "
			    "waiting for it to appear",
			    object_namespace(vmi), missing);
		condition_set(copy, "Synchronized", "False", "FailedPvcNotFound", text);
		return;
	}
	condition_remove(copy, "Synchronized");
	if (vmi_pod_create(c, vmi, NULL, NULL, &e) < 0)
		condition_set(copy, "Synchronized", "False", "FailedCreate", e.msg);
}

/* Scheduling: the pod's way to a node. */
static void step_scheduling(struct json_object *copy, struct json_object *pod)
{
	struct json_object *active;

	if (!pod || phase_is_final(pod)) {
		ready_set(copy, "PodNotExists", "virt-launcher pod does not exist");
		phase_set(copy, "Failed");
		return;
	}
	if (str_eq(condition_status(pod, "PodScheduled"), "False")) {
		struct json_object *cond = condition_find(pod, "PodScheduled");

		condition_set(copy, "PodScheduled", "False", json_str_at(cond, "reason"),
			      json_str_at(cond, "message"));
		return;
	}
	condition_remove(copy, "PodScheduled");
	if (!phase_is(pod, "Running"))
		return;
	json_put_str(copy, "status/nodeName", json_str_at(pod, "spec/nodeName"));
	label_set(copy, LABEL_NODE, json_str_at(pod, "spec/nodeName"));
	active = json_object_new_object();
	json_object_object_add(active, object_uid(pod),
			       json_object_new_string(json_str_at(pod, "spec/nodeName")));
	json_put_at(copy, "status/activePods", active);
	phase_set(copy, "Scheduled");
}

static void migratable_show(struct controllers *c, struct json_object *vmi,
			    struct json_object *copy)
{
	const char *reason, *message;

	if (vmi_is_pinned(c, vmi, &reason, &message))
		condition_set(copy, "LiveMigratable", "False", reason, message);
	else
		condition_set(copy, "LiveMigratable", "True", NULL, NULL);
}

static void started_fill(struct controllers *c, struct json_object *vmi, struct json_object *copy)
{
	struct machine m;
	struct err e;

	migratable_show(c, vmi, copy);
	condition_set(copy, "StorageLiveMigratable", "True", NULL, NULL);
	json_put_str(copy, "status/migrationMethod", "LiveMigration");
	json_put_str(copy, "status/migrationTransport", "Unix");
	json_put_str(copy, "status/qosClass", "Burstable");
	if (machine_read(vmi, &m, &e) == 0) {
		char text[32];

		json_put_str(copy, "status/machine/type", m.type);
		json_put_int(copy, "status/currentCPUTopology/sockets", m.sockets);
		json_put_int(copy, "status/currentCPUTopology/cores", m.cores);
		json_put_int(copy, "status/currentCPUTopology/threads", m.threads);
		(void)str_fmt(text, sizeof(text), "%" PRIu64 "Mi", m.memory_bytes / MIB);
		json_put_str(copy, "status/memory/guestAtBoot", text);
		json_put_str(copy, "status/memory/guestCurrent", text);
		json_put_str(copy, "status/memory/guestRequested", text);
	}
}

static void step_ended(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		       const struct guest *g)
{
	condition_remove(copy, "AgentConnected");
	if (g->seen.state == GUEST_OFF) {
		phase_set(copy, "Succeeded");
		say(c, vmi, HANDLER, false, "Stopped", "The VirtualMachineInstance was shut down.");
	} else {
		phase_set(copy, "Failed");
		json_put_str(copy, "status/reason", g->seen.reason);
		say(c, vmi, HANDLER, true, "Stopped", "The VirtualMachineInstance crashed: %s",
		    g->seen.reason);
	}
}

/* Scheduled: until the guest runs. */
static void step_scheduled(struct controllers *c, struct json_object *vmi, struct json_object *copy,
			   struct json_object *pod, struct guest *g)
{
	if (!pod || phase_is_final(pod)) {
		phase_set(copy, "Failed");
		return;
	}
	hotplug_step(c, vmi, copy, pod, g);
	if (!g || g->seen.state == GUEST_STARTING)
		return;
	if (g->seen.state >= GUEST_OFF) {
		step_ended(c, vmi, copy, g);
		return;
	}
	started_fill(c, vmi, copy);
	vmi_status_fill(copy, &g->seen);
	phase_set(copy, "Running");
	say(c, vmi, HANDLER, false, "Started", "VirtualMachineInstance started.");
}

/* A VMI that is to leave its node gets a migration, and another one when that was taken away. */
static void evacuate(struct controllers *c, struct json_object *vmi)
{
	const char *from = json_str_at(vmi, "status/evacuationNodeName");
	struct json_object *move = json_at(vmi, "status/migrationState");
	int64_t ended = timestamp_parse(json_str_at(move, "endTimestamp"));
	struct err e = {.kind = ERR_NONE};

	if (!from || !str_eq(from, json_str_at(vmi, "status/nodeName")) ||
	    migration_running(c, vmi))
		return;
	if (json_object_get_boolean(json_at(move, "failed")) &&
	    clock_wall_s() - ended < EVACUATE_AGAIN_S) {
		again(c, KIND_VMI, object_namespace(vmi), object_name(vmi),
		      EVACUATE_AGAIN_S * SEC_US);
		return;
	}
	(void)migration_create(c, vmi, "kubevirt-evacuation-", NULL, &e);
}

static void step_running(struct controllers *c, struct json_object *vmi, struct json_object *copy,
			 struct json_object *pod, struct guest *g)
{
	if (!pod || (phase_is_final(pod) && !g)) {
		json_put_str(copy, "status/reason", "the virt-launcher pod is gone");
		phase_set(copy, "Failed");
		return;
	}
	if (object_is_deleting(pod))
		ready_set(copy, "PodTerminating", "virt-launcher pod is terminating");
	if (!g || g->seen.state == GUEST_MOVED)
		return; /* taken up again soon; or a migration's last moments */
	if (g->seen.state >= GUEST_OFF) {
		step_ended(c, vmi, copy, g);
		return;
	}
	if (g->seen.state == GUEST_PAUSED)
		condition_set(copy, "Paused", "True", "PausedByUser", "VMI was paused by user");
	else
		condition_remove(copy, "Paused");
	if (!object_is_deleting(pod)) {
		if (g->seen.state == GUEST_PAUSED)
			ready_set(copy, "GuestNotRunning", "Guest VM is paused");
		else
			ready_set(copy, NULL, NULL);
	}
	evacuate(c, vmi);
	migratable_show(c, vmi, copy); /* its volumes may have changed */
	hotplug_step(c, vmi, copy, pod, g);
	growth_apply(c, vmi, copy, pod, g);
	vmi_status_fill(copy, &g->seen);
	if (g->seen.agent)
		credentials_apply(c, vmi, copy, g);
}

/* --- deletion --- */

static void pods_delete(struct controllers *c, struct json_object *vmi, struct json_object *pods)
{
	bool never = !phase_is(vmi, "Running");
	struct store_delete how = {.propagation = STORE_BACKGROUND, .grace_s = -1};
	struct json_object *grace = json_at(vmi, "metadata/deletionGracePeriodSeconds");
	struct err e = {.kind = ERR_NONE};

	if (grace && json_object_get_int64(grace) > 0)
		how.grace_s = json_object_get_int64(grace);
	for (size_t i = 0; i < json_length(pods); i++) {
		struct json_object *pod = json_object_array_get_idx(pods, i);

		if (object_is_deleting(pod))
			continue;
		if (store_delete(c->store, KIND_POD, object_namespace(pod), object_name(pod), &how,
				 NULL, &e) == 0 &&
		    !never)
			say(c, vmi, COMPONENT, false, "SuccessfulDelete",
			    "Deleted virtual machine pod %s", object_name(pod));
	}
}

/* Its migrations are of no use to anybody any more. */
static void migrations_delete(struct controllers *c, struct json_object *vmi)
{
	AUTO(json_object_put)
	struct json_object *list =
		store_list(c->store, KIND_VMIM, object_namespace(vmi), NULL, NULL);
	struct err e = {.kind = ERR_NONE};

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *m = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(m, "spec/vmiName"), object_name(vmi)))
			(void)store_delete(c->store, KIND_VMIM, object_namespace(m), object_name(m),
					   NULL, NULL, &e);
	}
}

static void delete_step(struct controllers *c, struct json_object *vmi, struct json_object *copy,
			struct guest *g)
{
	AUTO(json_object_put) struct json_object *pods = vmi_pods(c, vmi);
	size_t n = json_length(pods);
	struct json_object *pod = vmi_pod(c, vmi);

	pods_delete(c, vmi, pods);
	if (!phase_is_final(vmi)) {
		if (g && g->seen.state >= GUEST_OFF)
			step_ended(c, vmi, copy, g);
		else if (n == 0)
			phase_set(copy, phase_is(vmi, "Running") ? "Failed" : "Succeeded");
		else if (pod && phase_is(vmi, "Running"))
			ready_set(copy, "PodTerminating", "virt-launcher pod is terminating");
		return;
	}
	if (object_has_finalizer(vmi, VM_FINALIZER)) {
		object_remove_finalizer(copy, VM_FINALIZER);
	} else if (n == 0) {
		migrations_delete(c, vmi);
		media_forget(c, vmi);
		object_remove_finalizer(copy, VMI_FINALIZER);
	}
}

void vmi_reconcile(struct controllers *c, const char *ns, const char *name)
{
	AUTO(json_object_put) struct json_object *copy = NULL;
	AUTO(json_object_put) struct json_object *pod = NULL;
	AUTO(json_object_put) struct json_object *vmi = NULL;
	struct guest *g;

	vmi = json_object_get(store_get(c->store, KIND_VMI, ns, name));
	if (!vmi)
		return;
	copy = object_copy(vmi);
	pod = json_object_get(vmi_pod(c, vmi));
	g = vmi_guest(c, vmi);
	if (object_is_deleting(vmi))
		delete_step(c, vmi, copy, g);
	else if (phase_is(vmi, ""))
		phase_set(copy, "Pending");
	else if (phase_is(vmi, "Pending"))
		step_pending(c, vmi, copy, pod);
	else if (phase_is(vmi, "Scheduling"))
		step_scheduling(copy, pod);
	else if (phase_is(vmi, "Scheduled"))
		step_scheduled(c, vmi, copy, pod, g);
	else if (phase_is(vmi, "Running"))
		step_running(c, vmi, copy, pod, g);
	put(c, KIND_VMI, STEAL(copy));
}
