/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far each job's VM is: the status people read, and the time limits that make it FAILED. Pure:
 * what was, what is seen and the time go in, what is comes out. */
#ifndef VMD_RECONCILE_PROGRESS_H
#define VMD_RECONCILE_PROGRESS_H

#include "vmd/reconcile/crashes.h"
#include "vmd/reconcile/inflight.h"
#include "vmd/reconcile/trouble.h"
#include "vmd/vm/vm_status.h"

/* A batch job's waiting step reads the reason and fails the job itself; only then does vmd. */
#define FAILED_GRACE_US (INT64_C(60) * 1000000)

struct progress {
	uint32_t job_id, rank;
	uint32_t key_id; /* job_key_id() */
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t incarnation;
	struct vm_status status;
	int64_t begun_us;
	int64_t stepped_us;
	int64_t waited_us;               /* for READY; time in trouble does not count */
	int64_t failed_us;               /* since when it is FAILED, which it stays; 0 it is not */
	char failure[VM_REASON_MAX + 1]; /* why, also when all of it has gone; "" it is not */
	/* It was READY, and its guest has begun anew since and is not yet. */
	bool boots_anew;
	struct trouble disk; /* one that is, or may be, its cannot be read; "" none */
	/* Its move. What is asked is taken from the job's record, or given by reconciler_migrate()
	 * and written there; asked_over: it has been done, and the record will say so. */
	char move_to[JOB_NAME_MAX + 1];
	bool asked_over;
	struct job_size grow; /* the same of reconciler_resize(); 0 CPUs: nobody asked */
	bool grow_over;
	int64_t pause_until_us;  /* it was given up: not again before */
	uint32_t companion_seen; /* the highest id listed: what was asked for before has landed */
	/* What its user was told of a drain that does not move it. A new vmd tells it again. */
	char drain_told[VM_REASON_MAX + 1];
	int64_t alone_since_us;  /* no allocation where its VM is; 0: it has one */
	uint32_t alone_run;      /* in which run of its job that began: another one had a place */
	int64_t noted_us;        /* this vmd sees since then that it is given up; 0: it is not */
	int64_t behind_since_us; /* it is not where its migration has taken it; 0: it is */
	/* For the record, see struct vm_request. */
	char nodes[JOB_NODES_MAX + 1];
	uint32_t base_run, moved_run;
	int64_t moved_until_s, moved_limit_s;
	uint32_t heir;
	struct crashes crashes;
	int64_t warned_s;    /* time of the last warning that its users were given; 0 none */
	int64_t told_s;      /* when the site's program was told that it is READY; 0 not */
	int64_t deadline_us; /* when the next step is due by time alone; INT64_MAX never */
	/* Status text last written to the job's record, and the one on its way (record_ticket). */
	char recorded[ACTION_TEXT_MAX + 1];
	char recording[ACTION_TEXT_MAX + 1];
	uint64_t record_ticket;
};

/* What it is read from; all of it is borrowed for the step. */
struct progress_view {
	const struct desired *want;
	const struct observed *seen;
	const struct inflight *flight;
	const struct catalogue *catalogue;
	const struct policy *policy;
	const struct trouble *trouble; /* TROUBLE_COUNT of them; NULL: none */
	size_t n_companion;
	const struct companion *companion;
	int64_t mono_us;
	int64_t wall_s;
};

/* p is zeroed, or of the same job before; a new incarnation begins anew. */
void progress_step(struct progress *p, const struct job *j, const struct progress_view *v);
/* Has its VM been outside every allocation for MOVE_GAP_S, or not where its migration has taken it
 * for MOVE_BEHIND_S? The first by this run of the job: who was stopped while another run began, was
 * there and ended has not seen that the VM had a place in between. */
bool progress_is_alone(const struct progress *p, const struct job *j, int64_t mono_us);
bool progress_has_waited(const struct progress *p, const struct job *j, int64_t mono_us);
bool progress_is_late(const struct progress *p, int64_t mono_us);
/* A record costs slurmctld two RPCs: what passes in seconds is not written. READY and FAILED always
 * are; what comes before only of a job that has run for so long. */
#define RECORD_AFTER_US (INT64_C(10) * 1000000)
bool progress_is_worth_recording(const struct progress *p, int64_t mono_us);
/* The text vmd writes behind the request: " state=ready run=0 node=... address=... ready=...". */
const char *progress_text(const struct progress *p, char buf[ACTION_TEXT_MAX + 1]);

#endif
