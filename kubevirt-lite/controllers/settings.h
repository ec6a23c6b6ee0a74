/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controllers' part of kubevirt-lite.yaml. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_SETTINGS_H
#define KUBEVIRT_LITE_CONTROLLERS_SETTINGS_H

#include "kubevirt-lite/guest/guest.h"
#include "vmd/base/conf.h"

#define NODES_MAX 64
#define CEPH_MAX  8

struct node_settings {
	char name[64];
	char netns[128]; /* "": ours */
	char uts[128];
	char address[64];
	uint64_t cpus;
	uint64_t memory_bytes;
};

struct ceph_settings {
	char cluster_id[128];
	char conf[128];
};

struct controller_settings {
	bool simulated;
	struct simulated_times times;
	char run_dir[128];
	char heartbeat[64];      /* our address for the nodes' heartbeats; "": none are sent */
	int64_t node_timeout_us; /* silent for so long, a node is not Ready */
	size_t n_nodes;
	struct node_settings node[NODES_MAX];
	size_t n_ceph;
	struct ceph_settings ceph[CEPH_MAX];
};

/* ERR_INVALID, with file and line. */
int settings_read(struct conf *root, struct controller_settings *ret, struct err *e);
/* Both borrowed; NULL: none of that name. */
const struct node_settings *settings_node(const struct controller_settings *s, const char *name);
const char *settings_ceph(const struct controller_settings *s, const char *cluster_id);

#endif
