/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controllers' part of kubevirt-lite.yaml: run_dir, guests, simulated, heartbeat, node_timeout,
 * nodes, ceph. Reads the tree only, nothing of the world. */
#include "kubevirt-lite/controllers/settings.h"

#include "kubevirt-lite/controllers/heartbeat.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

/* "5s", "200ms", "2m": tests need less than a second. */
static int duration(struct conf *map, const char *key, int64_t *ret_us, struct err *e)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"ms", MSEC_US}, {"s", SEC_US}, {"m", 60 * SEC_US}};
	struct conf *at = conf_get(map, key);
	char *end;
	long n;

	if (!at)
		return 0;
	if (at->kind == CONF_SCALAR) {
		n = strtol(at->scalar, &end, 10);
		for (size_t i = 0; end != at->scalar && i < ARRAY_LEN(units); i++) {
			if (n >= 0 && n <= 100000 && str_eq(end, units[i].unit)) {
				*ret_us = n * units[i].us;
				return 0;
			}
		}
	}
	return conf_error(at, e, "%s: a time like 5s, 200ms or 2m is needed", key);
}

static int simulated_read(struct conf *root, struct simulated_times *t, struct err *e)
{
	struct conf *at = conf_get(root, "simulated");

	*t = (struct simulated_times){.boot_us = 5 * SEC_US,
				      .agent_us = 2 * SEC_US,
				      .shutdown_us = SEC_US,
				      .move_us = SEC_US};
	if (!at)
		return 0;
	if (at->kind != CONF_MAP)
		return conf_error(at, e, "simulated: a map is needed");
	if (duration(at, "boot", &t->boot_us, e) < 0 ||
	    duration(at, "agent", &t->agent_us, e) < 0 ||
	    duration(at, "shutdown", &t->shutdown_us, e) < 0 ||
	    duration(at, "migration", &t->move_us, e) < 0 ||
	    conf_str(at, "fault", false, t->fault, sizeof(t->fault), e) < 0)
		return -1;
	return conf_check_used(at, e);
}

static int node_read(struct conf *at, struct node_settings *n, struct err *e)
{
	if (at->kind != CONF_MAP)
		return conf_error(at, e, "nodes: each is a map with name, cpus, memory");
	if (conf_str(at, "name", true, n->name, sizeof(n->name), e) < 0 ||
	    conf_str(at, "netns", false, n->netns, sizeof(n->netns), e) < 0 ||
	    conf_str(at, "uts", false, n->uts, sizeof(n->uts), e) < 0 ||
	    conf_str(at, "address", false, n->address, sizeof(n->address), e) < 0 ||
	    conf_uint(at, "cpus", 1, 4096, &n->cpus, e) < 0 ||
	    conf_bytes(at, "memory", &n->memory_bytes, e) < 0)
		return -1;
	if (!str_is_name(n->name, 63))
		return conf_error(at, e, "name: \"%s\" is no name for a node", n->name);
	if (!n->cpus || !n->memory_bytes)
		return conf_error(at, e, "%s: cpus and memory are needed", n->name);
	return conf_check_used(at, e);
}

static int nodes_read(struct conf *root, struct controller_settings *s, struct err *e)
{
	struct conf *list = conf_get(root, "nodes");

	if (!list || list->kind != CONF_LIST || list->n == 0 || list->n > NODES_MAX)
		return conf_error(list ? list : root, e, "nodes: a list of 1 to %d is needed",
				  NODES_MAX);
	for (size_t i = 0; i < list->n; i++) {
		if (node_read(list->child[i], &s->node[i], e) < 0)
			return -1;
		s->n_nodes = i;
		if (settings_node(s, s->node[i].name))
			return conf_error(list->child[i], e, "%s: named twice", s->node[i].name);
	}
	s->n_nodes = list->n;
	return 0;
}

static int ceph_read(struct conf *root, struct controller_settings *s, struct err *e)
{
	struct conf *map = conf_get(root, "ceph");

	if (!map)
		return 0;
	if (map->kind != CONF_MAP || map->n > CEPH_MAX)
		return conf_error(map, e, "ceph: a map of at most %d clusterID: ceph.conf",
				  CEPH_MAX);
	for (size_t i = 0; i < map->n; i++) {
		struct ceph_settings *one = &s->ceph[i];

		if (str_copy(one->cluster_id, sizeof(one->cluster_id), map->key[i]) < 0 ||
		    conf_str(map, map->key[i], true, one->conf, sizeof(one->conf), e) < 0)
			return conf_error(map, e, "ceph: %s: a path of a ceph.conf is needed",
					  map->key[i]);
	}
	s->n_ceph = map->n;
	return 0;
}

static int heartbeat_read(struct conf *root, struct controller_settings *s, struct err *e)
{
	if (conf_str(root, "heartbeat", false, s->heartbeat, sizeof(s->heartbeat), e) < 0 ||
	    duration(root, "node_timeout", &s->node_timeout_us, e) < 0)
		return -1;
	if (s->heartbeat[0] && !heartbeat_address_is(s->heartbeat))
		return conf_error(conf_get(root, "heartbeat"), e,
				  "heartbeat: a numeric address of this host is needed");
	return 0;
}

int settings_read(struct conf *root, struct controller_settings *ret, struct err *e)
{
	/* as kube-controller-manager's --node-monitor-grace-period */
	struct controller_settings s = {.node_timeout_us = 50 * SEC_US};
	char guests[16] = "qemu";

	if (conf_str(root, "guests", false, guests, sizeof(guests), e) < 0 ||
	    conf_str(root, "run_dir", true, s.run_dir, sizeof(s.run_dir), e) < 0)
		return -1;
	if (!str_eq(guests, "qemu") && !str_eq(guests, "simulated"))
		return conf_error(conf_get(root, "guests"), e, "guests: qemu or simulated");
	s.simulated = str_eq(guests, "simulated");
	if (s.run_dir[0] != '/' || strlen(s.run_dir) > 60)
		return conf_error(conf_get(root, "run_dir"), e,
				  "run_dir: an absolute path of at most 60 characters (unix "
				  "sockets are in it)");
	if (simulated_read(root, &s.times, e) < 0 || heartbeat_read(root, &s, e) < 0 ||
	    nodes_read(root, &s, e) < 0 || ceph_read(root, &s, e) < 0)
		return -1;
	*ret = s;
	return 0;
}

const struct node_settings *settings_node(const struct controller_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_nodes; i++)
		if (str_eq(s->node[i].name, name))
			return &s->node[i];
	return NULL;
}

const char *settings_ceph(const struct controller_settings *s, const char *cluster_id)
{
	for (size_t i = 0; i < s->n_ceph; i++)
		if (str_eq(s->ceph[i].cluster_id, cluster_id))
			return s->ceph[i].conf;
	return NULL;
}
