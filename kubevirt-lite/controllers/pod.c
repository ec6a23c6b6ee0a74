/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launcher pods: scheduler and kubelet in one. A pod gets a node, then its networks and volumes are
 * looked up (what is missing keeps it Pending, with the events a kubelet writes), then it runs, and
 * its guest is started when the VMI is ready for it. How a guest ended is written into the VMI
 * (vmi.c) before what is left of it is removed here: a crash in between loses nothing. */
#include "kubevirt-lite/controllers/pod.h"

#include "kubevirt-lite/controllers/attachment.h"
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/heartbeat.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/network.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/scheduler.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "kubevirt-lite/controllers/volume.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define RETRY_US           (2 * SEC_US)
#define ANNOTATION_STARTED "kubevirt-lite/started"
#define COMPUTE            "compute"

static bool is_launcher(struct json_object *pod)
{
	return str_eq(label(pod, "kubevirt.io"), "virt-launcher");
}

static struct json_object *vmi_of(struct controllers *c, struct json_object *pod)
{
	const char *name = label(pod, LABEL_VM_NAME);
	struct json_object *vmi =
		name ? store_get(c->store, KIND_VMI, object_namespace(pod), name) : NULL;

	return vmi && str_eq(object_uid(vmi), label(pod, LABEL_CREATED_BY)) ? vmi : NULL;
}

static void again_later(struct controllers *c, struct json_object *pod)
{
	again(c, KIND_POD, object_namespace(pod), object_name(pod), RETRY_US);
}

/* --- Pending --- */

static void step_schedule(struct controllers *c, struct json_object *pod, struct json_object *vmi)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(pod);
	const struct node_settings *node = NULL;
	struct err e = {.kind = ERR_NONE};

	if (volume_deleting(c, vmi))
		(void)err_set(&e, ERR_RETRY,
			      "0/%zu nodes are available: persistentvolumeclaim \"%s\" is being "
			      "deleted.",
			      c->set.n_nodes, volume_deleting(c, vmi));
	else if (!volumes_are_bound(c, vmi))
		(void)err_set(&e, ERR_RETRY,
			      "0/%zu nodes are available: pod has unbound immediate "
			      "PersistentVolumeClaims.",
			      c->set.n_nodes);
	else
		(void)schedule(c, pod, &node, &e);
	if (!node) {
		if (!str_eq(json_str_at(condition_find(pod, "PodScheduled"), "message"), e.msg))
			say(c, pod, "default-scheduler", true, "FailedScheduling", "%s", e.msg);
		condition_set(copy, "PodScheduled", "False", "Unschedulable", e.msg);
		put(c, KIND_POD, STEAL(copy));
		again_later(c, pod); /* room may come without an event about this pod */
		return;
	}
	json_put_str(copy, "spec/nodeName", node->name);
	label_set(copy, LABEL_NODE, node->name);
	condition_set(copy, "PodScheduled", "True", NULL, NULL);
	say(c, pod, "default-scheduler", false, "Scheduled", "Successfully assigned %s/%s to %s",
	    object_namespace(pod), object_name(pod), node->name);
	put(c, KIND_POD, STEAL(copy));
}

static void container_fill(struct json_object *copy, const char *name, const char *state,
			   bool ready)
{
	struct json_object *list = json_object_new_array();
	struct json_object *one = json_object_new_object();
	struct json_object *what = json_object_new_object();
	char now[32], path[64];

	(void)timestamp_now(now, sizeof(now));
	json_put_str(one, "name", name);
	json_put_str(one, "image", "kubevirt-lite/virt-launcher");
	json_put_str(one, "imageID", "");
	json_put_int(one, "restartCount", 0);
	json_put_bool(one, "ready", ready);
	json_put_bool(one, "started", ready);
	json_put_at(one, "lastState", json_object_new_object());
	if (ready)
		json_put_str(what, "startedAt", now);
	else
		json_put_str(what, "finishedAt", now);
	if (!ready)
		json_put_int(what, "exitCode", 0);
	(void)str_fmt(path, sizeof(path), "state/%s", state);
	json_put_at(one, path, what);
	json_object_array_add(list, one);
	json_put_at(copy, "status/containerStatuses", list);
}

void pod_running_set(struct controllers *c, struct json_object *copy, const char *container)
{
	const struct node_settings *n = settings_node(&c->set, json_str_at(copy, "spec/nodeName"));
	char now[32];

	condition_set(copy, "PodReadyToStartContainers", "True", NULL, NULL);
	condition_set(copy, "Initialized", "True", NULL, NULL);
	condition_set(copy, "ContainersReady", "True", NULL, NULL);
	container_fill(copy, container, "running", true);
	json_put_str(copy, "status/startTime", timestamp_now(now, sizeof(now)));
	if (n && n->address[0])
		json_put_str(copy, "status/hostIP", n->address);
	json_put_str(copy, "status/phase", "Running");
}

static void run(struct controllers *c, struct json_object *pod)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(pod);

	pod_running_set(c, copy, COMPUTE);
	if (label(pod, LABEL_MIGRATION_UID)) {
		condition_set(copy, "Ready", "False", "ReadinessGatesNotReady",
			      "the migration has not ended");
	} else {
		condition_set(copy, "kubevirt.io/virtual-machine-unpaused", "True", "NotPaused",
			      "the virtual machine is not paused");
		condition_set(copy, "Ready", "True", NULL, NULL);
	}
	put(c, KIND_POD, STEAL(copy));
}

/* Networks first, then volumes, as a kubelet does. */
static void step_sandbox(struct controllers *c, struct json_object *pod, struct json_object *vmi)
{
	AUTO(free) struct machine *m = calloc(1, sizeof(*m));
	struct err e = {.kind = ERR_NONE};

	if (!m)
		abort();
	if (machine_read(vmi, m, &e) < 0) {
		again_later(c, pod);
		return;
	}
	machine_drop_unattached(m); /* they come by a pod of their own */
	if (networks_resolve(c, vmi, m, &e) < 0) {
		say(c, pod, "kubelet", true, "FailedCreatePodSandBox",
		    "Failed to create pod sandbox: plugin type=\"multus\" failed (add): Multus: "
		    "[%s/%s]: error loading k8s delegates: %s",
		    object_namespace(pod), object_name(pod), e.msg);
		again_later(c, pod);
	} else if (volumes_resolve(c, vmi, m, &e) < 0) {
		say(c, pod, "kubelet", true, "FailedMount", "%s", e.msg);
		again_later(c, pod);
	} else {
		run(c, pod);
	}
	explicit_bzero(m, sizeof(*m));
}

/* --- Running --- */

static void finish(struct controllers *c, struct json_object *pod, bool failed, const char *reason)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(pod);

	json_put_str(copy, "status/phase", failed ? "Failed" : "Succeeded");
	if (reason)
		json_put_str(copy, "status/message", reason);
	condition_set(copy, "Ready", "False", "PodCompleted", NULL);
	condition_set(copy, "ContainersReady", "False", "PodCompleted", NULL);
	container_fill(copy, COMPUTE, "terminated", false);
	hotplug_end(c, pod);
	put(c, KIND_POD, STEAL(copy));
}

/* Whether the guest of this pod is to run now: the VMI's own pod once it is Scheduled and its
 * volumes are there, a migration's target once the VMI names it. */
static bool is_wanted(struct controllers *c, struct json_object *pod, struct json_object *vmi)
{
	struct json_object *move = json_at(vmi, "status/migrationState");

	if (vmi_pod(c, vmi) == pod)
		return (phase_is(vmi, "Scheduled") || phase_is(vmi, "Running")) &&
		       hotplug_is_mounted(vmi);
	return move && str_eq(json_str_at(move, "targetPod"), object_name(pod)) &&
	       !json_object_get_boolean(json_at(move, "completed"));
}

static void step_start(struct controllers *c, struct json_object *pod, struct json_object *vmi)
{
	struct launcher *l;
	struct err e = {.kind = ERR_NONE};

	if (annotation(pod, ANNOTATION_STARTED)) {
		/* An earlier kubevirt-lite started it: it runs, or it is over. */
		if (launcher_adopt(c, pod, vmi, &l, &e) < 0)
			finish(c, pod, true, "the guest is gone");
		return;
	}
	if (!is_wanted(c, pod, vmi))
		return;
	if (launcher_start(c, pod, vmi, &l, &e) < 0) {
		say(c, vmi, "virt-handler", true, "SyncFailed",
		    "server error. command SyncVMI failed: \"%s\"", e.msg);
		if (e.kind == ERR_INVALID)
			finish(c, pod, true, e.msg);
		else
			again_later(c, pod);
		return;
	}
	{
		AUTO(json_object_put) struct json_object *copy = object_copy(pod);

		annotation_set(copy, ANNOTATION_STARTED, "true");
		put(c, KIND_POD, STEAL(copy));
	}
}

/* How the guest ended is in the VMI, or does not matter for it (any more: a migration is over). */
static bool is_recorded(struct controllers *c, struct json_object *pod, struct json_object *vmi)
{
	return !vmi || phase_is_final(vmi) || vmi_pod(c, vmi) != pod;
}

static void step_guest(struct controllers *c, struct json_object *pod, struct json_object *vmi,
		       struct launcher *l)
{
	enum guest_state state = l->guest->seen.state;
	char reason[200];

	(void)str_copy(reason, sizeof(reason), l->guest->seen.reason);
	if (state < GUEST_MOVED) {
		if (vmi_pod(c, vmi) == pod && state == GUEST_RUNNING &&
		    !condition_is_true(pod, "Ready")) {
			AUTO(json_object_put) struct json_object *copy = object_copy(pod);

			condition_set(copy, "kubevirt.io/virtual-machine-unpaused", "True",
				      "NotPaused", "the virtual machine is not paused");
			condition_set(copy, "Ready", "True", NULL, NULL);
			put(c, KIND_POD, STEAL(copy));
		}
		return;
	}
	if (is_recorded(c, pod, vmi) && launcher_end(l, 0))
		finish(c, pod, state == GUEST_CRASHED, reason[0] ? reason : NULL);
}

/* --- the end --- */

static void step_terminate(struct controllers *c, struct json_object *pod, struct json_object *vmi,
			   struct launcher *l)
{
	struct json_object *v = json_at(pod, "metadata/deletionGracePeriodSeconds");
	struct store_delete now = {.propagation = STORE_BACKGROUND, .grace_s = 0};
	int64_t grace = v ? json_object_get_int64(v) : 30;
	struct err e = {.kind = ERR_NONE};

	if (vmi && vmi_grace_s(vmi) < grace)
		grace = vmi_grace_s(vmi);
	if (l && l->guest->seen.state < GUEST_MOVED && !l->grace_end_us)
		say(c, vmi ? vmi : pod, "virt-handler", false, "ShuttingDown",
		    "Signaled Graceful Shutdown");
	if (l && l->guest->seen.state >= GUEST_OFF && !is_recorded(c, pod, vmi))
		return; /* vmi.c writes it, which brings us back */
	if (l) {
		bool failed = l->guest->seen.state == GUEST_CRASHED;

		if (!launcher_end(l, grace))
			return;
		finish(c, pod, failed, NULL);
	}
	(void)store_delete(c->store, KIND_POD, object_namespace(pod), object_name(pod), &now, NULL,
			   &e);
}

void pod_reconcile(struct controllers *c, const char *ns, const char *name)
{
	AUTO(json_object_put) struct json_object *pod = NULL;
	AUTO(json_object_put) struct json_object *vmi = NULL;
	struct launcher *l = launcher_find(c, ns, name);
	const char *node;

	pod = json_object_get(store_get(c->store, KIND_POD, ns, name));
	node = l ? l->node : pod ? json_str_at(pod, "spec/nodeName") : NULL;
	if (node && *node && !node_answers(c, node)) {
		/* A kubelet that is cut off neither hears what is to be done nor tells what is. */
		again(c, KIND_POD, ns, name, NODE_LOOK_US);
		return;
	}
	if (l && (!pod || !str_eq(object_uid(pod), l->uid))) {
		launcher_kill(l); /* removed by force: then nobody waits for the guest */
		(void)launcher_end(l, 0);
		l = NULL;
	}
	if (pod && attachment_is(pod))
		attachment_reconcile(c, pod);
	if (!pod || !is_launcher(pod))
		return;
	vmi = json_object_get(vmi_of(c, pod));
	if (object_is_deleting(pod)) {
		step_terminate(c, pod, vmi, l);
		return;
	}
	if (l && phase_is_final(pod)) {
		(void)launcher_end(l, 0);
		return;
	}
	if (!vmi || phase_is_final(pod))
		return;
	if (!json_str_at(pod, "spec/nodeName"))
		step_schedule(c, pod, vmi);
	else if (!phase_is(pod, "Running"))
		step_sandbox(c, pod, vmi);
	else if (!l)
		step_start(c, pod, vmi);
	else
		step_guest(c, pod, vmi, l);
}
