/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest world in which a move can go wrong: one batch job, its VM, three nodes, two
 * companions at most. Slurm's and Kubernetes' parts change by themselves and by what vmd asks for.
 */
#ifndef TESTS_MODEL_MOVE_WORLD_H
#define TESTS_MODEL_MOVE_WORLD_H

#include "tests/model/faults.h"
#include "tests/model/move_kube.h"

#define MOVE_COMPANIONS 2
#define MOVE_RUNS       3

enum mw_companion { C_NONE, C_PENDING, C_RUNNING, C_ENDED };

/* Nodes are 1 to 3, 0 is none. */
struct mw_slurm {
	uint8_t phase, run, node, asked, held;
	uint8_t again;   /* ending, and will be queued again */
	uint8_t marked;  /* moved_run of its record, 0 none */
	uint8_t base;    /* base_run of it */
	uint8_t drained; /* bit per node */
	uint8_t companion[MOVE_COMPANIONS], place[MOVE_COMPANIONS];
	uint8_t goes[MOVE_COMPANIONS]; /* to each: the VM of that uid */
	uint8_t born[MOVE_COMPANIONS]; /* when each began: an id is given again once */
	uint8_t again_ids;             /* slurmctld gives ids that it has given before */
	uint8_t reserved; /* a reservation for that companion, 1 is the first; 0 none */
	uint8_t inside;   /* and the job waits, or runs, in it */
};

struct mw_world {
	struct mw_slurm slurm;
	struct mk_kube kube;
	/* Released for a node and not started there, or astray: 1 for MOVE_WAIT_S, 2 for
	 * MOVE_GAP_S.
	 */
	uint8_t gap;
	/* What happens once at most, and so many of these altogether: the job ends, is queued again
	 * by somebody, its guest ends, a companion is cancelled, the first node is wanted again,
	 * the second is drained, slurmctld comes back with an older state: without drain, companion
	 * and mark. */
	struct faults faults;
};

#define GAP_WAITS 1
#define GAP_OVER  2

/* Things that happen without vmd; *ret_wrong is set when a rule was broken by it. */
unsigned mw_events(void);
const char *mw_event_name(unsigned event);
/* clear: some vmd tells the epilog that the node is clear. false: it cannot happen now. */
bool mw_happen(struct mw_world *w, unsigned event, bool clear, const char **ret_wrong);
/* What was asked for takes effect, or is refused. */
void mw_effect(struct mw_world *w, const struct action *a, const char **ret_wrong);
/* Everything that goes on comes to its end; false: nothing did. */
bool mw_go_on(struct mw_world *w, bool clear);
/* Why the world must not stay as it is; NULL: it may. */
const char *mw_unfinished(const struct mw_world *w);
struct mw_world mw_begin(unsigned faults);         /* the first node is drained */
struct mw_world mw_begin_arrived(unsigned faults); /* and the VM is with its companion */
uint8_t mw_incarnation(const struct mw_slurm *s);  /* of the VM that the job has */
void mw_request_read(const char *status, struct vm_request *ret); /* what an ACT_RECORD writes */
void mw_print(const struct mw_world *w);

/* What vmd would see of it. */
struct mw_sight {
	struct job job;
	struct companion companion[MOVE_COMPANIONS];
	struct reservation reservation;
	struct desired want;
	struct mk_sight kube;
};
void mw_see(const struct mw_slurm *s, const struct mk_kube *k, struct mw_sight *ret);

/* A request to Slurm that was stopped on its way: of a job that is queued again, behind the word of
 * its VM that goes before it. */
struct mw_late {
	uint8_t kind; /* 1 + of the action; 0: none */
	uint8_t companion, born, node, not_on, vm, marked, base;
};
bool mw_late_make(const struct action *a, struct mw_late *ret); /* false: it is another's */
void mw_late_action(const struct mw_late *l, struct action *ret);

#endif
