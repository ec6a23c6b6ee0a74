/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstanceMigration: a target pod with a guest that waits, then QEMU sends the guest
 * there, then the VMI is where the target is. Until the target runs the source stays what it was;
 * whatever fails before removes the target. Deleting the object cancels. One step per look. */
#include "kubevirt-lite/controllers/migration.h"

#include "kubevirt-lite/controllers/attachment.h"
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#define COMPONENT      "virtualmachine-controller"
#define HANDLER        "virt-handler"
#define VMIM_FINALIZER "kubevirt.io/migrationJobFinalize"

/* KubeVirt's parallelMigrationsPerCluster and parallelOutboundMigrationsPerNode; who has to wait is
 * looked at again after so long, whatever ends meanwhile (handleTargetPodCreation()). */
#define PER_CLUSTER     5
#define PER_NODE        2
#define TURN_US         (5 * SEC_US)
#define UNSCHEDULABLE_S 300
#define DEADLINE_S      300
#define POLL_US         (2 * SEC_US)

static bool is_running_of(void *ctx, struct json_object *m)
{
	return !phase_is_final(m) && str_eq(json_str_at(m, "spec/vmiName"), ctx);
}

struct json_object *migration_running(struct controllers *c, struct json_object *vmi)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(c->store, KIND_VMIM, object_namespace(vmi),
					      is_running_of, (void *)(uintptr_t)object_name(vmi));

	/* The store holds it too, so it outlives the list. */
	return json_object_array_get_idx(list, 0);
}

int migration_create(struct controllers *c, struct json_object *vmi, const char *prefix,
		     struct json_object *added_selector, struct err *e)
{
	struct json_object *m = json_object_new_object();
	char name[OBJECT_NAME_SIZE];

	json_put_str(m, "metadata/name", object_name_new(prefix, name, sizeof(name)));
	json_put_str(m, "metadata/namespace", object_namespace(vmi));
	json_put_str(m, "spec/vmiName", object_name(vmi));
	if (added_selector)
		json_put_at(m, "spec/addedNodeSelector", json_object_get(added_selector));
	label_set(m, "kubevirt.io/vmi-name", object_name(vmi));
	object_add_finalizer(m, VMIM_FINALIZER);
	return store_create(c->store, KIND_VMIM, m, NULL, e);
}

static bool is_target_of(void *ctx, struct json_object *pod)
{
	return str_eq(label(pod, LABEL_MIGRATION_UID), ctx) && !attachment_is(pod);
}

static struct json_object *target_pod(struct controllers *c, struct json_object *m)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(c->store, KIND_POD, object_namespace(m), is_target_of,
					      (void *)(uintptr_t)object_uid(m));

	return json_object_array_get_idx(list, 0);
}

static struct guest *target_guest(struct controllers *c, struct json_object *m)
{
	struct json_object *pod = target_pod(c, m);

	return pod ? launcher_guest(c, pod) : NULL;
}

/* Others that are on their way; ctx counts. */
struct traffic {
	const char *uid, *node;
	unsigned cluster, from_node;
	struct controllers *c;
};

static bool traffic_count(void *ctx, struct json_object *m)
{
	struct traffic *t = ctx;
	const char *name = json_str_at(m, "spec/vmiName");
	struct json_object *vmi;

	/* One that has a pod on the other side is on its way, though it still says Pending. */
	if (phase_is_final(m) || str_eq(object_uid(m), t->uid) ||
	    ((phase_is(m, "") || phase_is(m, "Pending")) && !target_pod(t->c, m)))
		return false;
	t->cluster++;
	vmi = name ? store_get(t->c->store, KIND_VMI, object_namespace(m), name) : NULL;
	t->from_node += vmi && str_eq(json_str_at(vmi, "status/nodeName"), t->node);
	return false;
}

static bool has_room(struct controllers *c, struct json_object *m, struct json_object *vmi)
{
	struct traffic t = {
		.uid = object_uid(m), .node = json_str_at(vmi, "status/nodeName"), .c = c};

	json_object_put(store_list(c->store, KIND_VMIM, NULL, traffic_count, &t));
	return t.cluster < PER_CLUSTER && t.from_node < PER_NODE;
}

/* Times count from the target pod: before it, a migration waits for its turn as long as that takes.
 */
static int64_t age_s(struct json_object *o)
{
	return clock_wall_s() - timestamp_parse(json_str_at(o, "metadata/creationTimestamp"));
}

/* --- the VMI's status.migrationState --- */

static bool state_is_ours(struct json_object *vmi, struct json_object *m)
{
	return str_eq(json_str_at(vmi, "status/migrationState/migrationUid"), object_uid(m));
}

static void state_begin(struct controllers *c, struct json_object *vmi, struct json_object *m,
			struct json_object *pod)
{
	struct json_object *copy = object_copy(vmi);
	struct json_object *state = json_object_new_object();
	struct json_object *source = vmi_pod(c, vmi);
	AUTO(json_object_put) struct json_object *attachments = attachments_of(c, pod);

	json_put_str(state, "migrationUid", object_uid(m));
	json_put_str(state, "mode", "PreCopy");
	json_put_str(state, "sourceNode", json_str_at(vmi, "status/nodeName"));
	json_put_str(state, "sourcePod", source ? object_name(source) : "");
	json_put_str(state, "targetNode", json_str_at(pod, "spec/nodeName"));
	json_put_str(state, "targetPod", object_name(pod));
	if (json_length(attachments) > 0)
		json_put_str(state, "targetAttachmentPodUID",
			     object_uid(json_object_array_get_idx(attachments, 0)));
	json_put_at(copy, "status/migrationState", state);
	json_object_object_add(json_at(copy, "status/activePods"), object_uid(pod),
			       json_object_new_string(json_str_at(pod, "spec/nodeName")));
	put(c, KIND_VMI, copy);
}

static void state_started(struct controllers *c, struct json_object *vmi)
{
	struct json_object *copy = object_copy(vmi);
	char now[32];

	json_put_str(copy, "status/migrationState/startTimestamp", timestamp_now(now, sizeof(now)));
	json_put_bool(copy, "status/migrationState/targetNodeDomainDetected", true);
	put(c, KIND_VMI, copy);
}

/* failure NULL: the VMI is at the target now. */
static void state_end(struct controllers *c, struct json_object *vmi, const char *failure)
{
	struct json_object *copy = object_copy(vmi);
	struct json_object *state = json_at(copy, "status/migrationState");
	char now[32];

	if (!json_str_at(state, "endTimestamp"))
		json_put_str(state, "endTimestamp", timestamp_now(now, sizeof(now)));
	json_put_bool(state, "completed", true);
	if (failure) {
		json_put_bool(state, "failed", true);
		json_put_str(state, "failureReason", failure);
	} else {
		json_put_str(copy, "status/nodeName", json_str_at(state, "targetNode"));
		label_set(copy, LABEL_NODE, json_str_at(state, "targetNode"));
		json_object_object_del(json_at(copy, "status"), "evacuationNodeName");
	}
	put(c, KIND_VMI, copy);
}

/* --- ends --- */

static void end(struct controllers *c, struct json_object *m, struct json_object *vmi,
		const char *phase)
{
	struct json_object *copy = object_copy(m);
	struct json_object *state = vmi ? json_at(vmi, "status/migrationState") : NULL;

	if (state && state_is_ours(vmi, m))
		json_put_at(copy, "status/migrationState", json_object_get(state));
	phase_set(copy, phase);
	object_remove_finalizer(copy, VMIM_FINALIZER);
	put(c, KIND_VMIM, copy);
}

static void target_remove(struct controllers *c, struct json_object *m)
{
	struct store_delete now = {.propagation = STORE_BACKGROUND, .grace_s = 0};
	struct json_object *pod = target_pod(c, m);
	struct launcher *l = pod ? launcher_find(c, object_namespace(pod), object_name(pod)) : NULL;
	struct err e = {.kind = ERR_NONE};

	if (l)
		launcher_kill(l); /* at once: the source may go on after this */
	if (pod)
		(void)store_delete(c->store, KIND_POD, object_namespace(pod), object_name(pod),
				   &now, NULL, &e);
}

/* The source runs on: it never stopped, or (when QEMU had finished sending and the target never
 * ran) it is continued, after the target is gone. */
static void fail(struct controllers *c, struct json_object *m, struct json_object *vmi,
		 const char *why)
{
	const char *ns = object_namespace(m);
	char name[OBJECT_NAME_SIZE], reason[240];
	struct guest *source = vmi ? vmi_guest(c, vmi) : NULL;

	(void)snprintf(name, sizeof(name), "%s", json_str_at(m, "spec/vmiName"));
	(void)snprintf(reason, sizeof(reason), "%s", why);
	if (source && source->seen.move == MOVE_ACTIVE)
		source->ops->move_cancel(source);
	target_remove(c, m);
	if (source && source->seen.state == GUEST_MOVED)
		source->ops->resume(source);
	if (vmi && state_is_ours(vmi, m) &&
	    !json_object_get_boolean(json_at(vmi, "status/migrationState/completed")))
		state_end(c, vmi, reason);
	say(c, m, COMPONENT, true, "FailedMigration", "Migration failed: %s", reason);
	end(c, m, store_get(c->store, KIND_VMI, ns, name), "Failed");
}

static void succeed(struct controllers *c, struct json_object *m, struct json_object *vmi)
{
	const char *ns = object_namespace(m);
	char name[OBJECT_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%s", json_str_at(m, "spec/vmiName"));
	state_end(c, vmi, NULL);
	vmi = store_get(c->store, KIND_VMI, ns, name);
	say(c, vmi, HANDLER, false, "Migrated", "The VirtualMachineInstance migrated to node %s.",
	    json_str_at(vmi, "status/nodeName"));
	say(c, m, COMPONENT, false, "SuccessfulMigration",
	    "Source node reported migration succeeded");
	end(c, m, vmi, "Succeeded");
}

/* --- the steps --- */

static void phase_put(struct controllers *c, struct json_object *m, const char *phase)
{
	struct json_object *copy = object_copy(m);

	object_add_finalizer(copy, VMIM_FINALIZER);
	label_set(copy, "kubevirt.io/vmi-name", json_str_at(m, "spec/vmiName"));
	if (!json_at(copy, "status/migrationState"))
		json_put_at(copy, "status/migrationState", json_object_new_object());
	phase_set(copy, phase);
	put(c, KIND_VMIM, copy);
}

static void step_pending(struct controllers *c, struct json_object *m, struct json_object *vmi)
{
	struct json_object *pod = target_pod(c, m);
	const char *reason, *message;
	struct err e = {.kind = ERR_NONE};

	if (pod) {
		phase_put(c, m, "Scheduling");
		return;
	}
	if (vmi_is_pinned(c, vmi, &reason, &message)) {
		fail(c, m, vmi, message);
		return;
	}
	if (!has_room(c, m, vmi)) {
		again(c, KIND_VMIM, object_namespace(m), object_name(m), TURN_US);
		return;
	}
	if (vmi_pod_create(c, vmi, m, NULL, &e) < 0)
		fail(c, m, vmi, e.msg);
}

/* What its guest has by hotplug the target pod gets by an attachment pod, too. True: it is there,
 * or nothing is needed. */
static bool attachment_is_there(struct controllers *c, struct json_object *m,
				struct json_object *vmi, struct json_object *pod)
{
	AUTO(json_object_put) struct json_object *want = hotplug_attached(vmi);
	AUTO(json_object_put) struct json_object *pods = attachments_of(c, pod);
	struct json_object *one = json_object_array_get_idx(pods, 0);
	struct err e = {.kind = ERR_NONE};

	if (json_length(want) == 0)
		return true;
	if (one && attachment_fits(one, want))
		return attachment_is_ready(one);
	if (one)
		attachment_delete(c, one); /* of a moment before */
	if (attachment_create(c, vmi, pod, want, m, &e) < 0)
		say(c, m, COMPONENT, true, "FailedCreate", "Error creating attachment pod: %s",
		    e.msg);
	return false;
}

static void step_scheduling(struct controllers *c, struct json_object *m, struct json_object *vmi,
			    struct json_object *pod)
{
	if (!pod || phase_is_final(pod)) {
		fail(c, m, vmi, "the target pod ended");
		return;
	}
	if (phase_is(pod, "Running") && attachment_is_there(c, m, vmi, pod)) {
		say(c, m, COMPONENT, false, "SuccessfulHandOver",
		    "Migration target pod is ready for preparation by virt-handler.");
		phase_put(c, m, "Scheduled");
		return;
	}
	if (str_eq(condition_status(pod, "PodScheduled"), "False"))
		say(c, m, COMPONENT, true, "migrationTargetPodUnschedulable",
		    "Migration target pod for VMI [%s/%s] is currently unschedulable.",
		    object_namespace(vmi), object_name(vmi));
	if (age_s(pod) > UNSCHEDULABLE_S)
		fail(c, m, vmi, "the target pod found no node in time");
	else
		again(c, KIND_VMIM, object_namespace(m), object_name(m), POLL_US);
}

/* From here on its guest keeps the disks that it has, and the target is started with them. One that
 * is just being given or taken is waited for. */
static void step_scheduled(struct controllers *c, struct json_object *m, struct json_object *vmi,
			   struct json_object *pod)
{
	if (pod && !state_is_ours(vmi, m)) {
		if (!hotplug_is_settled(vmi, vmi_guest(c, vmi)) ||
		    !attachment_is_there(c, m, vmi, pod)) {
			if (age_s(pod) > DEADLINE_S)
				fail(c, m, vmi, "the guest's disks did not come to rest in time");
			else
				again(c, KIND_VMIM, object_namespace(m), object_name(m), POLL_US);
			return;
		}
		state_begin(c, vmi, m, pod);
	}
	phase_put(c, m, "PreparingTarget");
}

static void step_preparing(struct controllers *c, struct json_object *m, struct json_object *vmi,
			   struct json_object *pod)
{
	struct guest *target = target_guest(c, m);

	if (!pod || phase_is_final(pod) || (target && target->seen.state >= GUEST_OFF)) {
		fail(c, m, vmi, "the target's guest could not be started");
		return;
	}
	if (target && target->seen.state == GUEST_INCOMING && target->seen.uri[0]) {
		say(c, vmi, HANDLER, false, "PreparingTarget", "Migration Target is listening");
		phase_put(c, m, "TargetReady");
	} else if (age_s(pod) > DEADLINE_S) {
		fail(c, m, vmi, "the target did not get ready in time");
	} else {
		again(c, KIND_VMIM, object_namespace(m), object_name(m), POLL_US);
	}
}

static void step_ready(struct controllers *c, struct json_object *m, struct json_object *vmi)
{
	struct guest *source = vmi_guest(c, vmi);
	struct guest *target = target_guest(c, m);

	if (!target || target->seen.state != GUEST_INCOMING) {
		fail(c, m, vmi, "the target is gone");
		return;
	}
	if (!source || source->seen.state < GUEST_RUNNING) {
		again(c, KIND_VMIM, object_namespace(m), object_name(m), POLL_US);
		return;
	}
	if (source->seen.move != MOVE_ACTIVE)
		source->ops->move(source, target->seen.uri);
	say(c, vmi, HANDLER, false, "Migrating", "VirtualMachineInstance is migrating.");
	state_started(c, vmi);
	phase_put(c, m, "Running");
}

static void step_running(struct controllers *c, struct json_object *m, struct json_object *vmi)
{
	struct guest *source = vmi_guest(c, vmi);
	struct guest *target = target_guest(c, m);
	int64_t started = timestamp_parse(json_str_at(vmi, "status/migrationState/startTimestamp"));
	bool arrived = target &&
		       (target->seen.state == GUEST_RUNNING || target->seen.state == GUEST_PAUSED);

	if (arrived &&
	    (!source || source->seen.state == GUEST_MOVED || source->seen.move == MOVE_DONE))
		succeed(c, m, vmi);
	else if (!target || target->seen.state >= GUEST_OFF)
		fail(c, m, vmi, "the target is gone");
	else if (!source || source->seen.state >= GUEST_OFF)
		fail(c, m, vmi, "the guest ended");
	else if (source->seen.move == MOVE_FAILED)
		fail(c, m, vmi, source->seen.move_error);
	else if (clock_wall_s() - started > DEADLINE_S)
		fail(c, m, vmi, "it did not end in time");
	else
		again(c, KIND_VMIM, object_namespace(m), object_name(m), POLL_US);
}

void migration_reconcile(struct controllers *c, const char *ns, const char *name)
{
	AUTO(json_object_put) struct json_object *m = NULL;
	AUTO(json_object_put) struct json_object *vmi = NULL;
	AUTO(json_object_put) struct json_object *pod = NULL;

	m = json_object_get(store_get(c->store, KIND_VMIM, ns, name));
	if (!m || (phase_is_final(m) && !object_has_finalizer(m, VMIM_FINALIZER)))
		return;
	if (json_str_at(m, "spec/vmiName"))
		vmi = json_object_get(
			store_get(c->store, KIND_VMI, ns, json_str_at(m, "spec/vmiName")));
	pod = json_object_get(target_pod(c, m));
	if (phase_is_final(m))
		end(c, m, vmi, json_str_at(m, "status/phase"));
	else if (object_is_deleting(m))
		fail(c, m, vmi, "being canceled");
	else if (!vmi || object_is_deleting(vmi) || phase_is_final(vmi))
		fail(c, m, vmi, "VMI is gone");
	else if (phase_is(m, ""))
		phase_put(c, m, "Pending");
	else if (phase_is(m, "Pending"))
		step_pending(c, m, vmi);
	else if (phase_is(m, "Scheduling"))
		step_scheduling(c, m, vmi, pod);
	else if (phase_is(m, "Scheduled"))
		step_scheduled(c, m, vmi, pod);
	else if (phase_is(m, "PreparingTarget"))
		step_preparing(c, m, vmi, pod);
	else if (phase_is(m, "TargetReady"))
		step_ready(c, m, vmi);
	else if (phase_is(m, "Running"))
		step_running(c, m, vmi);
}
