/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Node objects, from the settings. A node is Ready while its network namespace is there: that is
 * what is left of a host when it is killed. What people set (labels, unschedulable) stays. */
#include "kubevirt-lite/controllers/controller.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#define LOOK_EVERY_US     (5 * SEC_US)
#define HEARTBEAT_EVERY_S 60
#define MIB               (UINT64_C(1) << 20)

static bool is_there(const struct node_settings *n)
{
	return !n->netns[0] || access(n->netns, F_OK) == 0;
}

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

static void labels_fill(struct json_object *node, const struct node_settings *n)
{
	label_set(node, "kubernetes.io/hostname", n->name);
	label_set(node, "kubernetes.io/arch", "amd64");
	label_set(node, "kubernetes.io/os", "linux");
	label_set(node, "kubevirt.io/schedulable", "true");
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
	int64_t at = time_parse(annotation(node, "kubevirt.io/heartbeat"));

	return clock_wall_s() - at >= HEARTBEAT_EVERY_S;
}

static void node_write(struct controllers *c, const struct node_settings *n)
{
	struct json_object *old = store_get(c->store, KIND_NODE, "", n->name);
	AUTO(json_object_put)
	struct json_object *copy = old ? object_copy(old) : json_object_new_object();
	bool there = is_there(n);
	bool was = old && condition_is_true(old, "Ready");
	struct err e = {.kind = ERR_NONE};
	char now[32];

	if (old && there == was && !heartbeat_is_old(old) && json_at(old, "status/capacity"))
		return;
	json_put_str(copy, "metadata/name", n->name);
	labels_fill(copy, n);
	annotation_set(copy, "kubevirt.io/heartbeat", object_time_now(now, sizeof(now)));
	if (!json_at(copy, "spec"))
		json_put_at(copy, "spec", json_object_new_object());
	amounts_fill(copy, n, "status/capacity");
	amounts_fill(copy, n, "status/allocatable");
	addresses_fill(copy, n);
	info_fill(copy, n);
	if (there)
		condition_set(copy, "Ready", "True", "KubeletReady",
			      "kubelet is posting ready status");
	else
		condition_set(copy, "Ready", "Unknown", "NodeStatusUnknown",
			      "Kubelet stopped posting node status.");
	json_put_str(condition_find(copy, "Ready"), "lastHeartbeatTime", now);
	if (old)
		put(c, KIND_NODE, STEAL(copy));
	else
		(void)store_create(c->store, KIND_NODE, STEAL(copy), NULL, &e);
	if (old && was && !there)
		say(c, store_get(c->store, KIND_NODE, "", n->name), "node-controller", true,
		    "NodeNotReady", "Node %s status is now: NodeNotReady", n->name);
}

void node_reconcile(struct controllers *c, const char *ns, const char *name)
{
	const struct node_settings *n = settings_node(&c->set, name);

	(void)ns;
	if (!n)
		return; /* somebody made it by hand: nothing runs there */
	node_write(c, n);
	again(c, KIND_NODE, "", name, LOOK_EVERY_US);
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
