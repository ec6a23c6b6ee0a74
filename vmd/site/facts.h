/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmd --check FILE --site` has found out about a site: filled in by the adapters (slurm/,
 * kube/, rbd/) and check_host.c, judged by judge.h. Plain data. A struct err of kind ERR_NONE means
 * that the call it stands for has succeeded. */
#ifndef VMD_SITE_FACTS_H
#define VMD_SITE_FACTS_H

#include "vmd/settings.h"
#include "vmd/site/rights.h"

#define SITE_PARTITIONS 64
#define SITE_POOLS      16

/* Of an errand that nobody has done, since another failed before it. */
#define SITE_NOT_ASKED                                                                             \
	(struct err)                                                                               \
	{                                                                                          \
		.kind = ERR_UNSURE, .msg = "not asked"                                             \
	}

struct site_node {
	char name[JOB_NODE_MAX + 1];
	bool takes_vms; /* Slurm: has gres/vm. Kubernetes: KubeVirt schedules onto it */
	bool ready;     /* Kubernetes: its condition Ready */
	bool kvm;       /* Kubernetes: offers devices.kubevirt.io/kvm */
};

struct site_nodes {
	size_t n;
	struct site_node *node; /* sorted by nothing; free() */
};

struct site_partition {
	char name[JOB_NAME_MAX + 1];
	unsigned tier;
};

struct site_slurm {
	struct err err; /* of asking slurmctld; all else is empty then */
	char version[32], cluster[64], user[JOB_USER_MAX];
	uint32_t uid;                    /* SlurmUser's */
	int64_t skew_s;                  /* slurmctld's clock minus ours */
	char job_submit[256];            /* JobSubmitPlugins */
	char gres_types[256];            /* GresTypes */
	char tres[512];                  /* AccountingStorageTRES */
	char plugstack[256];             /* path */
	char plugin_dir[256];            /* the first of PluginDir */
	char conf[256];                  /* path of slurm.conf as slurmctld has it */
	int64_t slurmd_timeout_s;        /* 0: nodes never count as lost */
	int64_t prolog_epilog_timeout_s; /* 0: none */
	bool requeue;                    /* JobRequeue */
	bool prolog_told;                /* PrologFlags: slurm_prolog_check() */
	bool memory;                     /* SelectTypeParameters counts memory */
	size_t n_partition;
	struct site_partition partition[SITE_PARTITIONS];
	struct site_nodes nodes;
};

struct site_kube {
	struct err version; /* of GET /version */
	char kubernetes[64];
	bool skew_known;
	int64_t skew_s;      /* the API server's clock minus ours */
	struct err kubevirt; /* of the first request that needs the token */
	char release[64];    /* KubeVirt's; "" not told */
	enum site_answer right[SITE_RIGHTS][SITE_VERBS];
	struct err nodes_err;
	struct site_nodes nodes;
	struct err nad[SETTINGS_NETWORKS]; /* as the settings' networks */
	struct err secret;                 /* of reading ceph: secret */
	bool secret_whole;                 /* it has userID and userKey */
	struct err *vm; /* of asking for a VM of each image without making it; free() */
};

struct site_pool {
	char name[64];
	struct err open;
	bool makes;      /* vmd makes images in it */
	struct err make; /* of making an image and removing it */
	bool golden;     /* golden images are in it */
	struct err clone;
	char cloned[160]; /* which golden image was cloned */
};

struct site_ceph {
	struct err connect;
	char fsid[40];
	size_t n_pool;
	struct site_pool pool[SITE_POOLS];
	struct err (*golden)[IMAGE_REVISIONS]; /* for each image and revision; free() */
	struct err blocklist_add, blocklist_rm;
	struct err node_user; /* of connecting with the key of ceph: secret, as the nodes do */
	char node_name[64];   /* its name */
};

struct site_host {
	uint32_t uid;
	char user[JOB_USER_MAX];
	char name[64];
	struct err munge;
	struct err catalogue;          /* may its folder be written? */
	bool token_open, keyring_open; /* others may read it */
	struct err hook;
	/* What slurmctld names, as far as it is on this host: */
	bool plugstack_here, plugstack_named; /* there is one; it has the line slurm_vm.so */
	bool prolog_named;                    /* ... slurm_vm_prolog.so */
	int64_t epilog_timeout_s;             /* 0: not set there */
	bool plugin_here;                     /* PluginDir has slurm_vm.so */
	bool lua_here, lua_named; /* there is a job_submit.lua; it is ours or names ours */
	bool lua_no_gres;         /* it sets add_gres */
};

struct site_facts {
	struct site_host host;
	struct site_slurm slurm;
	struct site_kube kube;
	struct site_ceph ceph;
};

#endif
