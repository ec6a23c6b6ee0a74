/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest world in which two jobs can fall out over a named disk (DESIGN.md, "The life of a
 * claim"): its claims, the PVCs and PVs by which a guest gets it, the jobs' VMs, of two runs each,
 * and two nodes. Slurm's, Kubernetes' and Ceph's parts change by themselves and by what vmd asks
 * for. The jobs' own disks are lost_node.c's matter. */
#ifndef TESTS_MODEL_DISK_WORLD_H
#define TESTS_MODEL_DISK_WORLD_H

#include "vmd/reconcile/plan.h"

#define DW_JOBS  2
#define DW_RUNS  2
#define DW_NODES 2
#define DW_VMS   (DW_JOBS * DW_RUNS) /* numbered by job, then run; so are their PVCs */
#define DW_UIDS  3                   /* so often a PVC may be made */
#define DW_MADE  2                   /* ... and a VM of one name */

enum dw_vm { DW_NO_VM, DW_STARTING, DW_GUEST, DW_GOING };
enum dw_volume { DW_NO_VOLUME, DW_WANTED, DW_HAD, DW_LEAVING };
/* Of PVs the writers' is the first one: of its name there is one. */
enum { DW_PV_WRITER, DW_PV_READER, DW_PVS = DW_PV_READER + DW_JOBS };

struct dw_slurm {
	uint8_t phase[DW_JOBS], run[DW_JOBS], node[DW_JOBS]; /* nodes are 1 and 2 */
};

struct dw_kube {
	uint8_t vm[DW_VMS], node[DW_VMS], volume[DW_VMS];
	uint8_t gen[DW_VMS];                   /* so many VMs were made of that name */
	uint8_t pvc[DW_VMS], pvc_goes[DW_VMS]; /* which of that name it is; 0 none */
	uint8_t pv_of[DW_PVS];                 /* 1 + the VM whose PVC it names; 0 none */
	uint8_t pv_uid[DW_PVS], pv_goes[DW_PVS];
	uint8_t lost; /* the first node, for longer than fence_after */
};

struct dw_ceph {
	uint8_t claim[DW_JOBS]; /* 0 none, 1 writes, 2 reads */
	uint8_t run[DW_JOBS];   /* whose it is */
	uint8_t leaving[DW_JOBS];
	uint8_t mark; /* the VM that is shut out, 1 + its number + DW_VMS times its gen; 0 none */
};

/* An action, as far as it matters here. */
struct dw_act {
	uint8_t kind; /* 1 + of the action; 0 none */
	uint8_t vm;   /* or job, of a claim */
	uint8_t gen;  /* which of that name it is */
	uint8_t uid;  /* of a fence: the mark that it has read; of a claim: for which run */
	uint8_t left; /* of a claim: 1 + whether it was leaving when this was decided on, and
		       * twice its run; 0 none */
	uint8_t what; /* a PV; a claim's step; a VM is made with the disk; bits of VMs to shut
		       * out; the version of a VM that is deleted */
};

struct dw_world {
	struct dw_slurm slurm, slurm_seen;
	struct dw_kube kube, kube_seen;
	struct dw_ceph ceph, ceph_seen;
	uint8_t made[DW_VMS];    /* so many PVCs of this name */
	uint8_t fenced[DW_VMS];  /* the VM's client of the disk is shut out */
	uint8_t podless[DW_VMS]; /* its pod was removed by force */
	uint8_t ghost[DW_VMS];   /* a guest with the disk of which Kubernetes knows no more */
	struct dw_act late;
	uint8_t late_done;
	uint8_t losses, takes, gives; /* so often it may still happen */
};

extern const char *const dw_key[DW_JOBS];
extern const char *const dw_node[DW_NODES + 1];
extern bool dw_second_reads; /* else it writes, too */

unsigned dw_job_of(unsigned vm);
bool dw_reads(unsigned vm);
unsigned dw_pv_index(unsigned vm);
unsigned dw_version_of(const struct dw_kube *k, unsigned vm); /* of all that is shown of a VM */
bool dw_has(const struct dw_world *s, unsigned vm);           /* its guest has the disk */
unsigned dw_key_job(const char *key);

/* ---- what vmd sees ---- */

void dw_claims_of(const struct dw_ceph *c, struct disk_claims *ret);
/* A round of a vmd that knows this and remembers nothing; the plan is good until the next call. */
const struct plan *dw_plan(const struct dw_slurm *s, const struct dw_kube *k,
			   const struct dw_ceph *c);
/* false: nothing of this world. */
bool dw_act_of(const struct action *a, struct dw_act *ret);

/* ---- what comes of it ---- */

/* What a request reads when it begins; false: nothing comes of it. */
bool dw_begin(const struct dw_world *s, const struct action *a, struct dw_act *ret);
/* The rule that it broke; NULL: none. */
const char *dw_effect(struct dw_world *s, const struct dw_act *a);

/* ---- what happens by itself ---- */

enum {
	DW_LOST,
	DW_BACK,
	DW_AGAIN, /* the first job */
	DW_LIVES,
	DW_STARTS_1,
	DW_STARTS_2, /* the first job, on n2 */
	DW_SECOND,
	DW_ENDS,
	DW_SECOND_ENDS,
	DW_TAKE,
	DW_GIVE,
	DW_BOOT,
	DW_VOLUME = DW_BOOT + DW_VMS,
	DW_GONE = DW_VOLUME + DW_VMS,
	DW_EVENTS = DW_GONE + DW_VMS
};
const char *dw_event_name(unsigned event);
bool dw_happen(struct dw_world *s, unsigned event); /* false: it cannot happen now */
/* The same of one job. */
bool dw_job_starts(struct dw_slurm *s, unsigned job, uint8_t node, bool lost);
bool dw_job_ends(struct dw_slurm *s, unsigned job);
bool dw_job_again(struct dw_slurm *s, enum job_phase from);

#endif
