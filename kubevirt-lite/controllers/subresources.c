/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs: start, stop, restart, migrate of a VM; pause, unpause, softreboot and reset of a VMI;
 * eviction of a pod (questions to the guest agent are in questions.c, volumes in hotplug_call.c).
 * What changes runs through the store (a VM is never started from here, it is asked for), so that a
 * verb means the same after a restart. */
#include "kubevirt-lite/controllers/subresources.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/migration.h"
#include "kubevirt-lite/controllers/questions.h"
#include "kubevirt-lite/controllers/streams.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "vmd/base/str.h"

struct json_object *vm_or_refuse(struct controllers *c, struct subresource_call *call)
{
	struct json_object *vm = store_get(c->store, KIND_VM, call->ns, call->name);

	if (!vm)
		subresource_refuse(call, 404, "NotFound",
				   "virtualmachine.kubevirt.io \"%s\" not found", call->name);
	return vm;
}

struct json_object *vmi_or_refuse(struct controllers *c, struct subresource_call *call)
{
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);

	if (!vmi)
		subresource_refuse(call, 404, "NotFound",
				   "virtualmachineinstance.kubevirt.io \"%s\" not found",
				   call->name);
	return vmi;
}

static void conflict(struct subresource_call *call, const char *text)
{
	subresource_refuse(call, 409, "Conflict",
			   "Operation cannot be fulfilled on virtualmachine.kubevirt.io \"%s\": %s",
			   call->name, text);
}

static const char *strategy_of(struct json_object *vm)
{
	const char *s = json_str_at(vm, "spec/runStrategy");

	if (s)
		return s;
	return json_object_get_boolean(json_at(vm, "spec/running")) ? "Always" : "Halted";
}

static void strategy_put(struct controllers *c, struct json_object *vm, const char *strategy)
{
	struct json_object *copy = object_copy(vm);

	json_object_object_del(json_at(copy, "spec"), "running");
	json_put_str(copy, "spec/runStrategy", strategy);
	put(c, KIND_VM, copy);
}

static void request_add(struct json_object *list, const char *action, const char *uid)
{
	struct json_object *one = json_object_new_object();

	json_put_str(one, "action", action);
	if (uid)
		json_put_str(one, "uid", uid);
	json_object_array_add(list, one);
}

static void requests_put(struct controllers *c, struct json_object *vm, const char *stop_uid,
			 bool start)
{
	struct json_object *copy = object_copy(vm);
	struct json_object *list = json_object_new_array();

	if (stop_uid)
		request_add(list, "Stop", stop_uid);
	if (start)
		request_add(list, "Start", NULL);
	json_put_at(copy, "status/stateChangeRequests", list);
	put(c, KIND_VM, copy);
}

static bool is_running(struct json_object *vmi)
{
	return vmi && !phase_is_final(vmi);
}

static void on_start(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vm = vm_or_refuse(c, call);
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
	const char *strategy;

	if (!vm)
		return;
	strategy = strategy_of(vm);
	if (is_running(vmi)) {
		conflict(call, "VM is already running");
		return;
	}
	if (str_eq(strategy, "Always") || str_eq(strategy, "Once")) {
		char text[80];

		(void)str_fmt(text, sizeof(text), "%s does not support manual start requests",
			      strategy);
		conflict(call, text);
		return;
	}
	if (!call->dry_run && str_eq(strategy, "Halted"))
		strategy_put(c, vm, "Always");
	else if (!call->dry_run)
		requests_put(c, vm, vmi ? object_uid(vmi) : NULL, true);
	subresource_answer(call, 202, NULL);
}

/* stop's gracePeriod is for this stop only: it goes into the VMI, as KubeVirt does it. */
static void grace_put(struct controllers *c, struct json_object *vmi, struct json_object *body)
{
	struct json_object *v = body ? json_at(body, "gracePeriod") : NULL;
	struct json_object *copy;

	if (!v || !vmi || json_object_get_int64(v) < 0)
		return;
	copy = object_copy(vmi);
	json_put_int(copy, "spec/terminationGracePeriodSeconds", json_object_get_int64(v));
	put(c, KIND_VMI, copy);
}

static void on_stop(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vm = vm_or_refuse(c, call);
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
	const char *strategy;

	if (!vm)
		return;
	strategy = strategy_of(vm);
	if (!is_running(vmi) && !str_eq(strategy, "Always") && !str_eq(strategy, "Once")) {
		conflict(call, "VM is not running");
		return;
	}
	if (!call->dry_run) {
		grace_put(c, vmi, call->body);
		vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
		if (str_eq(strategy, "Always") || str_eq(strategy, "Once"))
			strategy_put(c, vm, "Halted");
		else
			requests_put(c, vm, object_uid(vmi), false);
	}
	subresource_answer(call, 202, NULL);
}

static void on_restart(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vm = vm_or_refuse(c, call);
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
	const char *strategy;

	if (!vm)
		return;
	strategy = strategy_of(vm);
	if (str_eq(strategy, "Halted") || str_eq(strategy, "Once")) {
		char text[80];

		(void)str_fmt(text, sizeof(text), "%s does not support manual restart requests",
			      strategy);
		conflict(call, text);
		return;
	}
	if (!is_running(vmi)) {
		conflict(call, "VM is not running");
		return;
	}
	if (!call->dry_run)
		requests_put(c, vm, object_uid(vmi), true);
	subresource_answer(call, 202, NULL);
}

static void on_migrate(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vm = vm_or_refuse(c, call);
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
	const char *reason, *message;
	struct err e = {.kind = ERR_NONE};

	if (!vm || !vmi_or_refuse(c, call))
		return;
	if (!phase_is(vmi, "Running")) {
		conflict(call, "VM is not running");
		return;
	}
	if (vmi_is_pinned(c, vmi, &reason, &message)) {
		subresource_refuse(call, 500, "InternalError",
				   "Internal error occurred: admission webhook "
				   "\"migration-create-validator.kubevirt.io\" denied the request: "
				   "Cannot migrate VMI, Reason: %s, Message: %s",
				   reason, message);
		return;
	}
	if (migration_running(c, vmi)) {
		subresource_refuse(call, 500, "InternalError",
				   "Internal error occurred: admission webhook "
				   "\"migration-create-validator.kubevirt.io\" denied the request: "
				   "in-flight migration detected. Active migration job (%s) is "
				   "currently already in progress for VMI %s.",
				   object_uid(migration_running(c, vmi)), call->name);
		return;
	}
	if (!call->dry_run &&
	    migration_create(c, vmi, "kubevirt-migrate-vm-",
			     call->body ? json_at(call->body, "addedNodeSelector") : NULL,
			     &e) < 0) {
		subresource_refuse(call, 500, "InternalError", "Internal error occurred: %s",
				   e.msg);
		return;
	}
	subresource_answer(call, 202, NULL);
}

/* --- verbs on a running guest --- */

static struct guest *guest_or_refuse(struct controllers *c, struct subresource_call *call)
{
	struct json_object *vmi = vmi_or_refuse(c, call);
	struct guest *g;

	if (!vmi)
		return NULL;
	g = vmi_guest(c, vmi);
	if (!g || !phase_is(vmi, "Running") || g->seen.state >= GUEST_MOVED) {
		subresource_refuse(call, 409, "Conflict",
				   "Operation cannot be fulfilled on "
				   "virtualmachineinstance.kubevirt.io \"%s\": VMI is not running",
				   call->name);
		return NULL;
	}
	return g;
}

/* pause and unpause: refused with that text where there is nothing to do. */
static void pause_set(void *ctx, struct subresource_call *call, bool paused, const char *already)
{
	struct guest *g = guest_or_refuse(ctx, call);

	if (!g)
		return;
	if ((g->seen.state == GUEST_PAUSED) == paused) {
		subresource_refuse(call, 409, "Conflict",
				   "Operation cannot be fulfilled on "
				   "virtualmachineinstance.kubevirt.io \"%s\": %s",
				   call->name, already);
		return;
	}
	if (!call->dry_run)
		(paused ? g->ops->pause : g->ops->resume)(g);
	subresource_answer(call, 200, NULL);
}

static void on_pause(void *ctx, struct subresource_call *call)
{
	pause_set(ctx, call, true, "VMI is already paused");
}

static void on_unpause(void *ctx, struct subresource_call *call)
{
	pause_set(ctx, call, false, "VMI is not paused");
}

static void on_softreboot(void *ctx, struct subresource_call *call)
{
	struct guest *g = guest_or_refuse(ctx, call);

	if (!g)
		return;
	if (!g->seen.agent) {
		subresource_refuse(call, 409, "Conflict",
				   "Operation cannot be fulfilled on "
				   "virtualmachineinstance.kubevirt.io \"%s\": VMI neither have "
				   "the agent connected nor the ACPI feature enabled",
				   call->name);
		return;
	}
	g->ops->reboot(g);
	subresource_answer(call, 200, NULL);
}

static void on_reset(void *ctx, struct subresource_call *call)
{
	struct guest *g = guest_or_refuse(ctx, call);

	if (!g)
		return;
	g->ops->reset(g);
	subresource_answer(call, 200, NULL);
}

static void on_evacuate_cancel(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vmi = vmi_or_refuse(c, call);
	struct json_object *copy;

	if (!vmi)
		return;
	copy = object_copy(vmi);
	json_object_object_del(json_at(copy, "status"), "evacuationNodeName");
	put(c, KIND_VMI, copy);
	subresource_answer(call, 200, NULL);
}

/* --- eviction --- */

static void evict_vmi(struct controllers *c, struct subresource_call *call, struct json_object *vmi)
{
	const char *reason, *message;
	struct json_object *copy;

	if (vmi_is_pinned(c, vmi, &reason, &message)) {
		subresource_refuse(call, 429, "",
				   "admission webhook "
				   "\"virt-launcher-eviction-interceptor.kubevirt.io\" denied the "
				   "request: VMI %s is configured with an eviction strategy but is "
				   "not live-migratable",
				   object_name(vmi));
		return;
	}
	if (!call->dry_run) {
		copy = object_copy(vmi);
		json_put_str(copy, "status/evacuationNodeName",
			     json_str_at(vmi, "status/nodeName"));
		put(c, KIND_VMI, copy);
	}
	subresource_refuse(call, 429, "",
			   "admission webhook \"virt-launcher-eviction-interceptor.kubevirt.io\" "
			   "denied the request: Eviction triggered evacuation of VMI \"%s/%s\"",
			   call->ns, object_name(vmi));
}

static void on_eviction(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *pod = store_get(c->store, KIND_POD, call->ns, call->name);
	const char *name = pod ? label(pod, LABEL_VM_NAME) : NULL;
	struct json_object *vmi = name ? store_get(c->store, KIND_VMI, call->ns, name) : NULL;
	struct err e = {.kind = ERR_NONE};
	struct json_object *ok;

	if (!pod) {
		subresource_refuse(call, 404, "NotFound", "pods \"%s\" not found", call->name);
		return;
	}
	if (vmi && phase_is(vmi, "Running") && !phase_is_final(pod) &&
	    str_eq(json_str_at(vmi, "spec/evictionStrategy"), "LiveMigrate")) {
		evict_vmi(c, call, vmi);
		return;
	}
	if (!call->dry_run &&
	    store_delete(c->store, KIND_POD, call->ns, call->name, NULL, NULL, &e) < 0) {
		subresource_refuse(call, 500, "InternalError", "%s", e.msg);
		return;
	}
	ok = json_object_new_object();
	json_put_str(ok, "kind", "Status");
	json_put_str(ok, "apiVersion", "v1");
	json_put_at(ok, "metadata", json_object_new_object());
	json_put_str(ok, "status", "Success");
	json_put_int(ok, "code", 201);
	subresource_answer(call, 201, ok);
}

static const struct subresource_hook hooks[] = {
	{KIND_VM, "start", "PUT", on_start},
	{KIND_VM, "stop", "PUT", on_stop},
	{KIND_VM, "restart", "PUT", on_restart},
	{KIND_VM, "migrate", "PUT", on_migrate},
	{KIND_VM, "addvolume", "PUT", hotplug_vm_add},
	{KIND_VM, "removevolume", "PUT", hotplug_vm_remove},
	{KIND_VMI, "addvolume", "PUT", hotplug_vmi_add},
	{KIND_VMI, "removevolume", "PUT", hotplug_vmi_remove},
	{KIND_VMI, "pause", "PUT", on_pause},
	{KIND_VMI, "unpause", "PUT", on_unpause},
	{KIND_VMI, "softreboot", "PUT", on_softreboot},
	{KIND_VMI, "reset", "PUT", on_reset},
	{KIND_VMI, "evacuate/cancel", "PUT", on_evacuate_cancel},
	{KIND_VMI, "guestosinfo", "GET", question_guestosinfo},
	{KIND_VMI, "userlist", "GET", question_userlist},
	{KIND_VMI, "filesystemlist", "GET", question_filesystemlist},
	{KIND_VMI, "vnc", "GET", stream_vnc},
	{KIND_VMI, "vnc/screenshot", "GET", stream_screenshot},
	{KIND_VMI, "console", "GET", stream_console},
	{KIND_VMI, "portforward/", "GET", stream_portforward},
	{KIND_POD, "eviction", "POST", on_eviction},
	{KIND_POD, "exec", "GET", stream_exec},
};

void subresources_fill(struct controllers *c)
{
	c->hooks = (struct subresource_hooks){.hook = hooks, .n = ARRAY_LEN(hooks), .ctx = c};
}
