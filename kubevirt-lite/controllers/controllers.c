/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joins controllers, guests and store: what a change of one object means for others is said here,
 * in one place. Owns the queue, the guests and the settings. Loop thread only. */
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/heartbeat.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/migration.h"
#include "kubevirt-lite/controllers/node.h"
#include "kubevirt-lite/controllers/pod.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/subresources.h"
#include "kubevirt-lite/controllers/vm.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/controllers/volume.h"
#include "vmd/base/str.h"

static const reconcile_fn by_kind[KIND_COUNT] = {
	[KIND_NODE] = node_reconcile,      [KIND_POD] = pod_reconcile, [KIND_PV] = pv_reconcile,
	[KIND_PVC] = pvc_reconcile,        [KIND_VM] = vm_reconcile,   [KIND_VMI] = vmi_reconcile,
	[KIND_VMIM] = migration_reconcile,
};

/* --- who has to look when something changes --- */

static void again_object(struct controllers *c, enum kind_id kind, struct json_object *o)
{
	again(c, kind, object_namespace(o), object_name(o), 0);
}

static void again_all(struct controllers *c, enum kind_id kind, const char *ns)
{
	AUTO(json_object_put) struct json_object *list = store_list(c->store, kind, ns, NULL, NULL);

	for (size_t i = 0; i < json_length(list); i++)
		again_object(c, kind, json_object_array_get_idx(list, i));
}

static void again_vmi_and_vm(struct controllers *c, const char *ns, const char *name)
{
	again(c, KIND_VMI, ns, name, 0);
	again(c, KIND_VM, ns, name, 0);
}

/* Pods that wait: for a node, a volume, a network. */
static void again_waiting(struct controllers *c, const char *ns)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(c->store, KIND_POD, ns, NULL, NULL);

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *pod = json_object_array_get_idx(list, i);

		if (!phase_is_final(pod))
			again_object(c, KIND_POD, pod);
	}
}

static void again_claim_of(struct controllers *c, struct json_object *pv)
{
	const char *ns = json_str_at(pv, "spec/claimRef/namespace");
	const char *name = json_str_at(pv, "spec/claimRef/name");

	if (ns && name)
		again(c, KIND_PVC, ns, name, 0);
}

static void on_event(void *ctx, enum store_event event, enum kind_id kind,
		     struct json_object *object, struct json_object *old)
{
	struct controllers *c = ctx;
	const char *ns = object_namespace(object);
	const char *name = object_name(object);
	const char *vm = label(object, LABEL_VM_NAME);

	(void)event;
	if (kind == KIND_VMI) /* first, so that the VM repeats every step of its VMI */
		again(c, KIND_VM, ns, name, 0);
	again(c, kind, ns, name, 0);
	switch (kind) {
	case KIND_VM: again(c, KIND_VMI, ns, name, 0); break;
	case KIND_VMI:
		again_all(c, KIND_VMIM, ns);
		again_waiting(c, ns);
		break;
	case KIND_VMIM:
		if (json_str_at(object, "spec/vmiName"))
			again_vmi_and_vm(c, ns, json_str_at(object, "spec/vmiName"));
		break;
	case KIND_POD:
		if (vm)
			again_vmi_and_vm(c, ns, vm);
		if (annotation(object, ANNOTATION_OWNER_VMI))
			again(c, KIND_VMI, ns, annotation(object, ANNOTATION_OWNER_VMI), 0);
		if (annotation(object, ANNOTATION_MIGRATION))
			again(c, KIND_VMIM, ns, annotation(object, ANNOTATION_MIGRATION), 0);
		again_all(c, KIND_PVC, ns);
		break;
	case KIND_PV: again_claim_of(c, object); break;
	case KIND_PVC:
		if (json_str_at(object, "spec/volumeName"))
			again(c, KIND_PV, "", json_str_at(object, "spec/volumeName"), 0);
		again_all(c, KIND_VMI, ns);
		again_waiting(c, ns);
		break;
	case KIND_NODE:
		if (!old ||
		    json_at(object, "spec/unschedulable") != json_at(old, "spec/unschedulable"))
			again_waiting(c, NULL);
		break;
	case KIND_NAD: again_waiting(c, NULL); break;
	case KIND_SECRET:
		again_waiting(c, NULL);
		again_all(c, KIND_VMI, ns);
		break;
	case KIND_CONFIGMAP: again_waiting(c, ns); break;
	case KIND_NAMESPACE:
	case KIND_EVENT:
	case KIND_SERVICEACCOUNT:
	case KIND_ROLE:
	case KIND_ROLEBINDING:
	case KIND_CLUSTERROLE:
	case KIND_CLUSTERROLEBINDING:
	case KIND_LEASE:
	case KIND_STORAGECLASS:
	case KIND_COUNT: break;
	}
}

/* --- life --- */

int controllers_new(struct conf *settings, struct controllers **ret, struct err *e)
{
	struct controllers *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	if (settings_read(settings, &c->set, e) < 0) {
		free(c);
		return -1;
	}
	subresources_fill(c);
	*ret = c;
	return 0;
}

int controllers_start(struct controllers *c, struct store *s, struct sd_event *loop, struct err *e)
{
	c->store = s;
	c->loop = loop;
	if (c->set.simulated)
		simulated_maker(loop, &c->set.times, &c->maker);
	else if (qemu_maker(loop, c->set.run_dir, &c->maker, e) < 0)
		return -1;
	if (queue_new(c, by_kind, &c->queue, e) < 0 ||
	    heartbeats_new(&c->set, &c->heartbeats, e) < 0 ||
	    store_subscribe(s, on_event, c, e) < 0 || nodes_start(c, e) < 0)
		return -1;
	launchers_sweep(c);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		if (by_kind[kind])
			again_all(c, kind, NULL);
	return 0;
}

const struct subresource_hooks *controllers_hooks(struct controllers *c)
{
	return &c->hooks;
}

void controllers_free(struct controllers *c)
{
	if (!c)
		return;
	while (c->launchers)
		launcher_free(c->launchers);
	if (c->maker.free)
		c->maker.free(c->maker.self);
	queue_free(c->queue);
	heartbeats_free(c->heartbeats);
	free(c);
}
