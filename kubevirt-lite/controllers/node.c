/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Node objects, from the settings, and what becomes of them when their node falls silent: kubelet's
 * and virt-handler's part while it answers, that of the node controllers (kube-controller-manager,
 * virt-controller) and of the pod garbage collector when it does not. What people set (labels,
 * unschedulable, taints) stays. */
#include "kubevirt-lite/controllers/node.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/heartbeat.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <inttypes.h>
#include <sys/utsname.h>

#define HEARTBEAT_EVERY_S 60
/* virt-controller takes a node out when its virt-handler has been silent for so long. */
#define HANDLER_TIMEOUT_US (300 * SEC_US)
#define TAINT_UNREACHABLE  "node.kubernetes.io/unreachable"
#define TAINT_OUT          "node.kubernetes.io/out-of-service"
#define MIB                (UINT64_C(1) << 20)

static void amounts_fill(struct json_object *node, const struct node_settings *n, const char *path)
{
	struct json_object *map = json_object_new_object();
	char text[32];

	(void)str_fmt(text, sizeof(text), "%" PRIu64, n->cpus);
	json_put_str(map, "cpu", text);
	(void)str_fmt(text, sizeof(text), "%" PRIu64 "Mi", n->memory_bytes / MIB);
	json_put_str(map, "memory", text);
	json_put_str(map, "pods", "250");
	json_object_object_add(map, "devices.kubevirt.io/kvm", json_object_new_string("1k"));
	json_put_at(node, path, map);
}

/* What is known of a node from outside it. */
struct health {
	bool ready;       /* not silent for longer than node_timeout */
	bool schedulable; /* its virt-handler likewise */
};

static void labels_fill(struct json_object *node, const struct node_settings *n,
			const struct health *h)
{
	label_set(node, "kubernetes.io/hostname", n->name);
	label_set(node, "kubernetes.io/arch", "amd64");
	label_set(node, "kubernetes.io/os", "linux");
	label_set(node, "kubevirt.io/schedulable", h->schedulable ? "true" : "false");
	label_set(node, "node-role.kubernetes.io/worker", "");
}

static void addresses_fill(struct json_object *node, const struct node_settings *n)
{
	const char *const types[] = {"InternalIP", "Hostname"};
	const char *const values[] = {n->address, n->name};
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct json_object *one;

		if (!values[i][0])
			continue;
		one = json_object_new_object();
		json_put_str(one, "type", types[i]);
		json_put_str(one, "address", values[i]);
		json_object_array_add(list, one);
	}
	json_put_at(node, "status/addresses", list);
}

static void info_fill(struct json_object *node, const struct node_settings *n)
{
	struct utsname u;

	if (uname(&u) < 0)
		return;
	json_put_str(node, "status/nodeInfo/kernelVersion", u.release);
	json_put_str(node, "status/nodeInfo/osImage", "Linux");
	json_put_str(node, "status/nodeInfo/operatingSystem", "linux");
	json_put_str(node, "status/nodeInfo/architecture", "amd64");
	json_put_str(node, "status/nodeInfo/containerRuntimeVersion", "kubevirt-lite://0.1");
	json_put_str(node, "status/nodeInfo/kubeletVersion", "v1.36.2");
	json_put_str(node, "status/nodeInfo/machineID", n->name);
}

static bool heartbeat_is_old(struct json_object *node)
{
	int64_t at = timestamp_parse(annotation(node, "kubevirt.io/heartbeat"));

	return clock_wall_s() - at >= HEARTBEAT_EVERY_S;
}

/* A node that was silent when this program ended stays so until it answers. */
static struct health health_of(struct controllers *c, const char *name, struct json_object *old)
{
	bool answers = node_answers(c, name);
	int64_t silent_us = node_silent_us(c, name);
	bool was_ready = !old || condition_is_true(old, "Ready");
	bool was_schedulable = !old || !str_eq(label(old, "kubevirt.io/schedulable"), "false");

	return (struct health){
		.ready = answers || (was_ready && silent_us < c->set.node_timeout_us),
		.schedulable = answers || (was_schedulable && silent_us < HANDLER_TIMEOUT_US)};
}

static bool has_taint(struct json_object *node, const char *key)
{
	struct json_object *list = json_at(node, "spec/taints");

	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "key"), key))
			return true;
	return false;
}

static void taint_add(struct json_object *list, const char *effect)
{
	struct json_object *one = json_object_new_object();
	char now[32];

	json_put_str(one, "key", TAINT_UNREACHABLE);
	json_put_str(one, "effect", effect);
	json_put_str(one, "timeAdded", timestamp_now(now, sizeof(now)));
	json_object_array_add(list, one);
}

/* The taint of a silent node comes and goes with its silence; others are people's. */
static void taints_fill(struct json_object *node, bool ready)
{
	struct json_object *old = json_at(node, "spec/taints");
	AUTO(json_object_put) struct json_object *list = json_object_new_array();

	if (has_taint(node, TAINT_UNREACHABLE) == !ready)
		return;
	for (size_t i = 0; i < json_length(old); i++) {
		struct json_object *one = json_object_array_get_idx(old, i);

		if (!str_eq(json_str_at(one, "key"), TAINT_UNREACHABLE))
			json_object_array_add(list, json_object_get(one));
	}
	if (!ready) {
		taint_add(list, "NoSchedule");
		taint_add(list, "NoExecute");
	}
	if (json_length(list) > 0)
		json_put_at(node, "spec/taints", STEAL(list));
	else
		json_object_object_del(json_at(node, "spec"), "taints");
}

/* What its kubelet and virt-handler write. */
static void told_fill(struct json_object *copy, const struct node_settings *n)
{
	char now[32];

	annotation_set(copy, "kubevirt.io/heartbeat", timestamp_now(now, sizeof(now)));
	amounts_fill(copy, n, "status/capacity");
	amounts_fill(copy, n, "status/allocatable");
	addresses_fill(copy, n);
	info_fill(copy, n);
	condition_set(copy, "Ready", "True", "KubeletReady", "kubelet is posting ready status");
	json_put_str(condition_find(copy, "Ready"), "lastHeartbeatTime", now);
}

static bool is_the_same(struct json_object *old, const struct health *h)
{
	return condition_is_true(old, "Ready") == h->ready &&
	       str_eq(label(old, "kubevirt.io/schedulable"), h->schedulable ? "true" : "false") &&
	       (!h->ready || (!heartbeat_is_old(old) && json_at(old, "status/capacity")));
}

static void node_write(struct controllers *c, const struct node_settings *n)
{
	struct json_object *old = store_get(c->store, KIND_NODE, "", n->name);
	AUTO(json_object_put)
	struct json_object *copy = old ? object_copy(old) : json_object_new_object();
	struct health h = health_of(c, n->name, old);
	bool was = old && condition_is_true(old, "Ready");
	struct err e = {.kind = ERR_NONE};

	if (old && is_the_same(old, &h))
		return;
	json_put_str(copy, "metadata/name", n->name);
	labels_fill(copy, n, &h);
	if (!json_at(copy, "spec"))
		json_put_at(copy, "spec", json_object_new_object());
	taints_fill(copy, h.ready);
	if (h.ready)
		told_fill(copy, n);
	else
		condition_set(copy, "Ready", "Unknown", "NodeStatusUnknown",
			      "Kubelet stopped posting node status.");
	if (old)
		put(c, KIND_NODE, STEAL(copy));
	else
		(void)store_create(c->store, KIND_NODE, STEAL(copy), NULL, &e);
	if (was && !h.ready)
		say(c, store_get(c->store, KIND_NODE, "", n->name), "node-controller", true,
		    "NodeNotReady", "Node %s status is now: NodeNotReady", n->name);
}

static bool is_on(void *ctx, struct json_object *pod)
{
	return str_eq(json_str_at(pod, "spec/nodeName"), ctx);
}

/* Somebody vouches that the node is off: its pods are taken out by force, and what waited for them
 * goes on. */
static void pods_collect(struct controllers *c, const char *node)
{
	AUTO(json_object_put)
	struct json_object *pods =
		store_list(c->store, KIND_POD, NULL, is_on, (void *)(uintptr_t)node);
	struct store_delete now = {.propagation = STORE_BACKGROUND, .grace_s = 0};
	struct err e;

	for (size_t i = 0; i < json_length(pods); i++) {
		struct json_object *pod = json_object_array_get_idx(pods, i);

		(void)store_delete(c->store, KIND_POD, object_namespace(pod), object_name(pod),
				   &now, NULL, &e);
	}
}

void node_reconcile(struct controllers *c, const char *ns, const char *name)
{
	const struct node_settings *n = settings_node(&c->set, name);
	struct json_object *node;

	(void)ns;
	if (!n)
		return; /* somebody made it by hand: nothing runs there */
	node_write(c, n);
	node = store_get(c->store, KIND_NODE, "", name);
	if (node && !condition_is_true(node, "Ready") && has_taint(node, TAINT_OUT))
		pods_collect(c, name);
	again(c, KIND_NODE, "", name, NODE_LOOK_US);
}

int nodes_start(struct controllers *c, struct err *e)
{
	for (size_t i = 0; i < c->set.n_nodes; i++) {
		node_reconcile(c, "", c->set.node[i].name);
		if (!store_get(c->store, KIND_NODE, "", c->set.node[i].name))
			return err_set(e, ERR_RETRY, "node %s cannot be made", c->set.node[i].name);
	}
	return 0;
}
