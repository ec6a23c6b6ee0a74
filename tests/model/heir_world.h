/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest world in which an heir can go wrong (DESIGN.md, "The heir"): an allocation without a
 * shell, its VM, three nodes, and two more allocations at most, each of which may be a companion,
 * and the job afterwards. Slurm's and Kubernetes' parts change by themselves and by what vmd asks
 * for. */
#ifndef TESTS_MODEL_HEIR_WORLD_H
#define TESTS_MODEL_HEIR_WORLD_H

#include "tests/model/faults.h"
#include "tests/model/move_kube.h"

#define HEIR_ALLOCS 3 /* ids 17, 23, 24 */

enum hw_phase { HA_NONE, HA_PENDING, HA_RUNNING, HA_ENDING, HA_ENDED, HA_FORGOTTEN };

/* Nodes are 1 to 3, 0 is none; others are given by their place in hw_slurm, from 1, 0 is none. */
struct hw_alloc {
	uint8_t phase, node;
	uint8_t not_on;    /* bit per node */
	uint8_t completed; /* vmd has ended it, or its guest, and nobody else */
	uint8_t after;     /* its record claims the place of that one */
	uint8_t heir;      /* its record names that one */
	uint8_t vm;        /* as a companion it is for the VM of that uid */
	uint8_t over;      /* which end it was, from 1; 0: it goes on */
};

struct hw_slurm {
	struct hw_alloc a[HEIR_ALLOCS];
	uint8_t drained; /* bit per node */
};

struct hw_world {
	struct hw_slurm slurm;
	struct mk_kube kube;
	uint8_t gap_over; /* its VM has been without an allocation for 120 s */
	uint8_t ended;    /* its user or its guest have ended the job */
	/* What happens once at most, and so many of these altogether: an allocation is cancelled,
	 * the guest ends, the first node is wanted again, the second is drained, slurmctld comes
	 * back with an older state: without drain, companions and what the first record says. */
	struct faults faults;
};

struct hw_world hw_begin(unsigned faults);         /* the first node is drained */
struct hw_world hw_begin_arrived(unsigned faults); /* and the VM is with its companion */

uint32_t hw_id(size_t i); /* of an allocation: 17, 23, 24 */
/* Which allocation is the job, whoever knows it: the first one, or to whom it was handed on. */
size_t hw_job(const struct hw_slurm *s);

bool hw_is_known(const struct hw_alloc *a); /* does Slurm have its record? */
bool hw_is_over(const struct hw_alloc *a);  /* it ends, or has ended, and may be forgotten */
enum job_phase hw_job_phase(const struct hw_alloc *a);
void hw_request_read(const char *status, struct vm_request *ret); /* what an ACT_RECORD writes */

/* Things that happen without vmd; *ret_wrong is set when a rule was broken by it. clear: the
 * allocations whose epilogs are told that their node is clear, a bit each. false: it cannot happen
 * now. */
unsigned hw_events(void);
const char *hw_event_name(unsigned event);
bool hw_happen(struct hw_world *w, unsigned event, unsigned clear, const char **ret_wrong);
/* What was asked for takes effect, or is refused, as by what slurm/slurm_heir.c, slurm_move.c and
 * slurm_jobs.c look at right before. */
void hw_effect(struct hw_world *w, const struct action *a, const char **ret_wrong);
/* Everything that goes on comes to its end; false: nothing did. */
bool hw_go_on(struct hw_world *w, unsigned clear);
/* Why the world must not stay as it is; NULL: it may. */
const char *hw_unfinished(const struct hw_world *w);
void hw_print(const struct hw_world *w);

/* What vmd would see of it. */
struct hw_sight {
	size_t n_job, n_companion;
	struct job job[HEIR_ALLOCS];
	struct companion companion[HEIR_ALLOCS - 1];
	uint32_t live[HEIR_ALLOCS];
	struct desired want;
	struct mk_sight kube;
};
void hw_see(const struct hw_slurm *s, const struct mk_kube *k, struct hw_sight *ret);

/* A request to Slurm that was stopped on its way. */
struct hw_late {
	uint8_t kind; /* 1 + of the action; 0: none */
	uint8_t job, companion, heir, job_over;
};
bool hw_late_make(const struct action *a, struct hw_late *ret); /* false: it is another's */
void hw_late_action(const struct hw_late *l, struct action *ret);

#endif
