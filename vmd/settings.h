/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd.yaml: vmd's settings and the image catalogue. Manual: vmd.yaml(5). Read once at start and on
 * SIGHUP; a file with an error changes nothing. */
#ifndef VMD_SETTINGS_H
#define VMD_SETTINGS_H

#include "vmd/reconcile/world.h"

#define SETTINGS_NETWORKS 16

struct settings_network {
	char name[JOB_NAME_MAX + 1];
	char nad[128]; /* NetworkAttachmentDefinition: "namespace/name" or "name" */
	char cidr[48]; /* addresses that count as this LAN's: "192.168.172.0/24"; "" any but
			  link-local */
};

struct settings {
	/* api: */
	char listen[64];         /* "0.0.0.0:6830" */
	char metrics_listen[64]; /* "127.0.0.1:9830"; "" off */
	char munge_socket[108];  /* "" libmunge's default */
	/* slurm: */
	int64_t slurm_poll_s; /* slow poll; default 10 */
	char cluster[64];     /* label on all our objects; default: ClusterName of slurm.conf */
	/* kubernetes: */
	char kube_server[256]; /* "https://192.168.170.190:6443" */
	char kube_ca_file[256];
	char kube_token_file[256]; /* read again when it changes: bound service account tokens
				      expire */
	char kube_namespace[64];
	int64_t kube_timeout_s; /* one request; default 10 */
	/* lease: */
	char lease_name[64];      /* "" vmd-CLUSTER */
	int64_t lease_duration_s; /* default 10 */
	/* ceph: */
	char ceph_conf[256];
	char ceph_user[64];       /* "vmd": client.vmd */
	char ceph_keyring[256];   /* "" as ceph.conf says */
	char ceph_pool[64];       /* pool for the clones */
	char ceph_cluster_id[64]; /* clusterID of ceph-csi */
	char ceph_secret[128];    /* nodeStageSecretRef "namespace/name" */
	int64_t ceph_timeout_s;   /* default 10 */
	unsigned ceph_threads;    /* default 4 */
	int64_t ceph_blocklist_s; /* how long a fenced client stays shut out; default 365 days */
	/* disks: */
	char disks_pool[64]; /* pool for named disks; default: ceph_pool */
	/* networks: */
	size_t n_network;
	struct settings_network network[SETTINGS_NETWORKS];
	char ready_hook[256]; /* program to run when a VM is READY; "" none */
	/* catalogue_file: written for job_submit.lua */
	char catalogue_file[256];
	struct policy policy;       /* limits: */
	struct catalogue catalogue; /* images: */
};

/* Caller frees with settings_free. Errors name file and line. */
int settings_load(const char *path, struct settings **ret, struct err *e);
void settings_free(struct settings *s);
DEFINE_AUTO(struct settings *, settings_free)
const struct settings_network *settings_network_find(const struct settings *s, const char *name);

#endif
