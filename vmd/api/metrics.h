/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's figures as Prometheus text. Counters are kept here by whoever does the counted thing; what
 * is a state is read at the time of asking (struct metrics_view). Pure but for the process's own
 * memory size, which the caller gives. */
#ifndef VMD_API_METRICS_H
#define VMD_API_METRICS_H

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/migration/move.h"
#include "vmd/reconcile/reconciler.h"

#define METRICS_ACTIONS ACTION_KINDS
#define METRICS_RESULTS (ERR_INVALID + 1)
#define METRICS_BUCKETS 12

struct metrics_histogram {
	uint64_t bucket[METRICS_BUCKETS + 1]; /* the last one: longer than all others' */
	int64_t sum_us;
};

/* Zero-initialised is empty. */
struct metrics {
	uint64_t action[METRICS_ACTIONS][METRICS_RESULTS];
	int64_t action_us[METRICS_ACTIONS];
	uint64_t kube_request[METRICS_RESULTS]; /* those that change something */
	uint64_t slurm_load[METRICS_RESULTS];
	uint64_t rbd_list[METRICS_RESULTS];
	uint64_t hint;
	/* From a job's first hint to its VM accepted by the API; and without the time spent waiting
	 * for Slurm, Kubernetes and Ceph. */
	struct metrics_histogram hint_to_create, hint_to_create_own;
};

/* An action's outcome, and how long it took. */
void metrics_action(struct metrics *m, enum action_kind kind, enum err_kind result,
		    int64_t took_us);
void metrics_hint_to_create(struct metrics *m, int64_t took_us, int64_t own_us);

struct metrics_worker {
	const char *name; /* "slurm", "rbd", "munge" */
	int64_t age_us;   /* worker_age_us() */
};

struct metrics_view {
	struct reconciler_counts counts;
	uint64_t jobs[VM_STATE_FAILED + 1]; /* by state */
	uint64_t moves[MOVE_UNAIM + 1];     /* by phase; of those that do not move nothing */
	bool slurm_known, vms_known, disks_known;
	bool leads;
	char leader[80];   /* the host of who does; "" nobody */
	size_t held;       /* VMs, until somebody approves */
	size_t unreadable; /* disks */
	size_t n_worker;
	struct metrics_worker worker[8];
	uint64_t resident_bytes; /* metrics_resident_bytes() */
	int64_t start_s;         /* wall clock of vmd's start */
};

/* Adds all of them to out. */
void metrics_text(const struct metrics *m, const struct metrics_view *v, struct strbuf *out);
uint64_t metrics_resident_bytes(void); /* of this process, from /proc; 0 unknown */

#endif
