/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachine: keeps a VirtualMachineInstance there or not, as runStrategy and requests say, and
 * tells in status how it goes. status.runStrategy is what was last acted upon: Once and
 * RerunOnFailure start a VM only when they are new, which is why a VM that ended stays ended. */
#include "kubevirt-lite/controllers/vm.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/growth.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#define COMPONENT     "virtualmachine-controller"
#define BACKOFF_S     10
#define BACKOFF_MAX_S 300

enum strategy { ALWAYS, RERUN, ONCE, MANUAL, HALTED };

static enum strategy strategy_of(struct json_object *vm, const char **ret_name)
{
	static const char *const names[] = {"Always", "RerunOnFailure", "Once", "Manual", "Halted"};
	const char *text = json_str_at(vm, "spec/runStrategy");

	if (!text)
		text = json_object_get_boolean(json_at(vm, "spec/running")) ? "Always" : "Halted";
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(text, names[i])) {
			*ret_name = names[i];
			return (enum strategy)i;
		}
	}
	*ret_name = "Halted"; /* admission lets nothing else in */
	return HALTED;
}

/* --- requests: status.stateChangeRequests, written by start, stop, restart --- */

static struct json_object *request_first(struct json_object *vm)
{
	struct json_object *list = json_at(vm, "status/stateChangeRequests");

	return json_length(list) ? json_object_array_get_idx(list, 0) : NULL;
}

static bool request_is(struct json_object *vm, const char *action)
{
	return str_eq(json_str_at(request_first(vm), "action"), action);
}

static bool stop_is_wanted(struct json_object *vm, struct json_object *vmi)
{
	return request_is(vm, "Stop") &&
	       str_eq(json_str_at(request_first(vm), "uid"), object_uid(vmi));
}

static void request_done(struct json_object *copy)
{
	struct json_object *list = json_at(copy, "status/stateChangeRequests");

	json_object_array_del_idx(list, 0, 1);
	if (json_length(list) == 0)
		json_object_object_del(json_at(copy, "status"), "stateChangeRequests");
}

static void request_start(struct json_object *copy)
{
	struct json_object *list = json_object_new_array();
	struct json_object *one = json_object_new_object();

	json_put_str(one, "action", "Start");
	json_object_array_add(list, one);
	json_put_at(copy, "status/stateChangeRequests", list);
}

/* --- start and stop --- */

static struct json_object *vmi_build(struct json_object *vm)
{
	struct json_object *vmi = json_object_new_object();
	struct json_object *template = json_at(vm, "spec/template");
	char generation[24];

	json_put_str(vmi, "metadata/name", object_name(vm));
	json_put_str(vmi, "metadata/namespace", object_namespace(vm));
	object_copy_at(template, vmi, "metadata/labels");
	object_copy_at(template, vmi, "metadata/annotations");
	object_copy_at(template, vmi, "spec");
	if (annotation(vm, ANNOTATION_FAULT))
		annotation_set(vmi, ANNOTATION_FAULT, annotation(vm, ANNOTATION_FAULT));
	(void)str_fmt(generation, sizeof(generation), "%lld",
		      (long long)json_object_get_int64(json_at(vm, "metadata/generation")));
	annotation_set(vmi, "kubevirt.io/vm-generation", generation);
	object_add_finalizer(vmi, VM_FINALIZER);
	object_add_finalizer(vmi, VMI_FINALIZER);
	object_set_owner(vmi, vm);
	if (!json_at(vmi, "spec/domain/firmware/uuid"))
		json_put_str(vmi, "spec/domain/firmware/uuid", object_uid(vm));
	phase_set(vmi, "Pending");
	return vmi;
}

static int vmi_start(struct controllers *c, struct json_object *copy)
{
	struct machine machine;
	struct json_object *vmi = vmi_build(copy);
	struct err e = {.kind = ERR_NONE};

	json_put_str(vmi, "metadata/uid", object_uid(copy)); /* machine_read wants one */
	if (machine_read(vmi, &machine, &e) < 0) {
		json_object_put(vmi);
	} else {
		json_object_object_del(json_at(vmi, "metadata"), "uid");
		if (store_create(c->store, KIND_VMI, vmi, NULL, &e) == 0) {
			condition_remove(copy, "Failure");
			condition_remove(copy, "RestartRequired");
			say(c, copy, COMPONENT, false, "SuccessfulCreate",
			    "Started the virtual machine by creating the new virtual machine "
			    "instance %s",
			    object_name(copy));
			return 0;
		}
	}
	condition_set(copy, "Failure", "True", "FailedCreate", e.msg);
	say(c, copy, COMPONENT, true, "FailedCreate", "Error creating virtual machine instance: %s",
	    e.msg);
	return -1;
}

static void vmi_stop(struct controllers *c, struct json_object *copy, struct json_object *vmi)
{
	char uid[64];
	struct err e = {.kind = ERR_NONE};

	if (object_is_deleting(vmi))
		return;
	(void)snprintf(uid, sizeof(uid), "%s", object_uid(vmi));
	if (store_delete(c->store, KIND_VMI, object_namespace(copy), object_name(copy), NULL, NULL,
			 &e) == 0)
		say(c, copy, COMPONENT, false, "SuccessfulDelete",
		    "Stopped the virtual machine by deleting the virtual machine instance %s", uid);
}

/* --- a guest that fails before it ever ran is started again, later and later --- */

static void failure_count(struct json_object *copy, struct json_object *vmi)
{
	struct json_object *n = json_at(copy, "status/startFailure/consecutiveFailCount");
	int64_t count = n ? json_object_get_int64(n) : 0;
	int64_t pause = BACKOFF_S;
	char text[32];

	if (str_eq(json_str_at(copy, "status/startFailure/lastFailedVMIUID"), object_uid(vmi)))
		return;
	if (phase_was(vmi, "Running")) {
		json_object_object_del(json_at(copy, "status"), "startFailure");
		return;
	}
	for (int64_t i = 0; i < count && pause < BACKOFF_MAX_S; i++)
		pause *= 2;
	if (pause > BACKOFF_MAX_S)
		pause = BACKOFF_MAX_S;
	json_put_int(copy, "status/startFailure/consecutiveFailCount", count + 1);
	json_put_str(copy, "status/startFailure/lastFailedVMIUID", object_uid(vmi));
	json_put_str(copy, "status/startFailure/retryAfterTimestamp",
		     timestamp_text(clock_wall_s() + pause, text, sizeof(text)));
}

static int64_t failure_wait_s(struct json_object *vm)
{
	int64_t at = timestamp_parse(json_str_at(vm, "status/startFailure/retryAfterTimestamp"));
	int64_t wait = at - clock_wall_s();

	return at && wait > 0 ? wait : 0;
}

/* --- the strategies --- */

static void sync_without_vmi(struct controllers *c, struct json_object *copy, enum strategy s,
			     const char *strategy)
{
	bool is_new = !str_eq(json_str_at(copy, "status/runStrategy"), strategy);
	bool wanted =
		s == ALWAYS || request_is(copy, "Start") || (is_new && (s == RERUN || s == ONCE));
	int64_t wait = failure_wait_s(copy);

	if (request_is(copy, "Stop"))
		request_done(copy); /* what it was about is gone */
	if (s == HALTED || !wanted) {
		json_put_str(copy, "status/runStrategy", strategy);
		return;
	}
	if (wait > 0) {
		again(c, KIND_VM, object_namespace(copy), object_name(copy), wait * SEC_US);
		return;
	}
	if (vmi_start(c, copy) < 0)
		return;
	if (request_is(copy, "Start"))
		request_done(copy);
	json_put_str(copy, "status/runStrategy", strategy);
}

static void sync_with_vmi(struct controllers *c, struct json_object *copy, struct json_object *vmi,
			  enum strategy s, const char *strategy)
{
	bool failed = phase_is(vmi, "Failed");
	bool over = failed || phase_is(vmi, "Succeeded");
	bool stop = stop_is_wanted(copy, vmi);
	bool rerun = false;

	switch (s) {
	case ALWAYS: rerun = over && !stop; break;
	case RERUN: rerun = failed && !stop; break;
	case ONCE:
	case MANUAL:
	case HALTED: break;
	}
	json_put_str(copy, "status/runStrategy", strategy);
	if (phase_is(vmi, "Running") && json_at(copy, "status/startFailure"))
		json_object_object_del(json_at(copy, "status"), "startFailure");
	if (s == HALTED || stop || rerun || (s == RERUN && over)) {
		/* First it is written that a new one is wanted, then the old one goes. */
		if (rerun && !object_is_deleting(vmi)) {
			failure_count(copy, vmi);
			if (s == RERUN)
				request_start(copy);
		}
		vmi_stop(c, copy, vmi);
	}
}

/* nodeSelector, affinity and tolerations of a running VM may change: the next migration obeys. Its
 * size may, too, and what is hotpluggable. */
static void live_update(struct controllers *c, struct json_object *copy, struct json_object *vmi)
{
	static const char *const live[] = {"spec/nodeSelector", "spec/affinity",
					   "spec/tolerations"};
	AUTO(json_object_put) struct json_object *new_vmi = NULL;
	struct json_object *template = json_at(copy, "spec/template");

	growth_update(c, copy, vmi, &new_vmi);
	hotplug_update(copy, vmi, &new_vmi);
	for (size_t i = 0; i < ARRAY_LEN(live); i++) {
		struct json_object *want = json_at(template, live[i]);
		struct json_object *is = json_at(vmi, live[i]);

		if ((!want && !is) || (want && is && json_object_equal(want, is)))
			continue;
		if (!new_vmi)
			new_vmi = object_copy(vmi);
		if (want)
			object_copy_at(template, new_vmi, live[i]);
		else
			json_object_object_del(json_at(new_vmi, "spec"), live[i] + 5);
	}
	if (new_vmi)
		put(c, KIND_VMI, STEAL(new_vmi));
}

/* --- status --- */

static const char *printable(struct json_object *vm, struct json_object *vmi, bool migrating)
{
	if (object_is_deleting(vm))
		return "Terminating";
	if (vmi && !phase_is_final(vmi)) {
		if (object_is_deleting(vmi))
			return "Stopping";
		if (migrating)
			return "Migrating";
		if (condition_is_true(vmi, "Paused"))
			return "Paused";
		if (phase_is(vmi, "Running"))
			return "Running";
		if (str_eq(condition_reason(vmi, "Synchronized"), "FailedPvcNotFound"))
			return "ErrorPvcNotFound";
		if (str_eq(condition_reason(vmi, "PodScheduled"), "Unschedulable"))
			return "ErrorUnschedulable";
		return "Starting";
	}
	if (json_at(vm, "status/startFailure"))
		return "CrashLoopBackOff";
	return "Stopped";
}

static void condition_take(struct json_object *copy, struct json_object *from, const char *type)
{
	condition_set(copy, type, json_str_at(from, "status"), json_str_at(from, "reason"),
		      json_str_at(from, "message"));
}

/* What the VMI says about itself the VM repeats; what is gone there goes here. */
static void conditions_copy(struct json_object *copy, struct json_object *vmi)
{
	struct json_object *list = json_at(vmi, "status/conditions");
	struct json_object *own = json_at(copy, "status/conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *cond = json_object_array_get_idx(list, i);

		condition_take(copy, cond, json_str_at(cond, "type"));
	}
	for (size_t i = json_length(own); i-- > 0;) {
		const char *type = json_str_at(json_object_array_get_idx(own, i), "type");

		if (!str_eq(type, "Ready") && !str_eq(type, "Failure") &&
		    !str_eq(type, "RestartRequired") && !condition_find(vmi, type))
			json_object_array_del_idx(own, i, 1);
	}
}

static void status_fill(struct json_object *copy, struct json_object *vmi)
{
	AUTO(json_object_put) struct json_object *keep = vmi ? json_object_get(vmi) : NULL;
	struct json_object *status = json_at(copy, "status");
	bool migrating = vmi && json_at(vmi, "status/migrationState/startTimestamp") &&
			 !json_at(vmi, "status/migrationState/endTimestamp");

	if (vmi) {
		json_put_bool(copy, "status/created", true);
		conditions_copy(copy, vmi);
		if (!condition_find(vmi, "Ready"))
			condition_set(copy, "Ready", "False", "VMIConditionMissing",
				      "VMI is missing the Ready condition");
	} else {
		json_object_object_del(status, "created");
		condition_set(copy, "Ready", "False", "VMINotExists", "VMI does not exist");
	}
	if (condition_is_true(copy, "Ready"))
		json_put_bool(copy, "status/ready", true);
	else
		json_object_object_del(status, "ready");
	json_put_str(copy, "status/printableStatus", printable(copy, vmi, migrating));
	json_put_int(copy, "status/desiredGeneration",
		     json_object_get_int64(json_at(copy, "metadata/generation")));
	json_put_int(copy, "status/observedGeneration",
		     json_object_get_int64(json_at(copy, "metadata/generation")));
}

/* --- deletion: the VMI goes first --- */

static void delete_step(struct controllers *c, struct json_object *vm, struct json_object *vmi)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(vm);

	if (vmi) {
		vmi_stop(c, copy, vmi);
		status_fill(copy, store_get(c->store, KIND_VMI, object_namespace(copy),
					    object_name(copy)));
	} else {
		object_remove_finalizer(copy, VM_FINALIZER);
	}
	put(c, KIND_VM, STEAL(copy));
}

/* The steps of a new VM, one write each, as clients of the real controller see them. True: one was
 * taken. */
static bool first_steps(struct controllers *c, struct json_object *vm, struct json_object *vmi)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(vm);

	if (!json_at(vm, "status/printableStatus"))
		json_put_str(copy, "status/printableStatus", "Stopped");
	else if (!object_has_finalizer(vm, VM_FINALIZER))
		object_add_finalizer(copy, VM_FINALIZER);
	else if (!vmi && !condition_find(vm, "Ready"))
		status_fill(copy, NULL);
	else
		return false;
	put(c, KIND_VM, STEAL(copy));
	return true;
}

void vm_reconcile(struct controllers *c, const char *ns, const char *name)
{
	AUTO(json_object_put) struct json_object *copy = NULL;
	struct json_object *vm = store_get(c->store, KIND_VM, ns, name);
	struct json_object *vmi = store_get(c->store, KIND_VMI, ns, name);
	const char *strategy_name;
	enum strategy strategy;

	if (!vm)
		return;
	if (vmi && !is_owned_by(vmi, vm))
		vmi = NULL; /* somebody's own; creating ours fails and says so */
	if (object_is_deleting(vm)) {
		if (object_has_finalizer(vm, VM_FINALIZER))
			delete_step(c, vm, vmi);
		return;
	}
	if (first_steps(c, vm, vmi))
		return;
	strategy = strategy_of(vm, &strategy_name);
	copy = object_copy(vm);
	if (vmi) {
		if (!phase_is_final(vmi) && !object_is_deleting(vmi))
			live_update(c, copy, vmi);
		sync_with_vmi(c, copy, store_get(c->store, KIND_VMI, ns, name), strategy,
			      strategy_name);
	} else {
		sync_without_vmi(c, copy, strategy, strategy_name);
	}
	vmi = store_get(c->store, KIND_VMI, ns, name);
	status_fill(copy, is_owned_by(vmi, copy) ? vmi : NULL);
	put(c, KIND_VM, STEAL(copy));
}
