/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest world in which the rules can go wrong: one job with two incarnations, its disk, and
 * a vmd whose views are old, whose requests are lost or land late, and which forgets everything
 * when it crashes. The rules are the real ones: plan.c, inflight.c.
 *
 * Or the same job with a second machine: what is asked for that one happens at once and is seen at
 * once, so that all that goes wrong is the first one's; whatever is mixed up between the two shows.
 *
 * What is left out here: the Secret is there when it is wanted; a PVC comes with its PV, at once,
 * and is seen at once (many_vmd.c lets requests for them lie about, too); requests for disks do not
 * outlive the process (librbd runs inside it). */
#ifndef TESTS_MODEL_LITTLE_MODEL_H
#define TESTS_MODEL_LITTLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum m_job { M_PENDING, M_RUNNING, M_ENDING, M_ENDED, M_GONE };
enum m_vm { M_ABSENT, M_STARTING, M_UP, M_STOPPED, M_DELETING, M_GOING /* deleted, guest on */ };
/* Which incarnation has the disk, by PVC and PV; on its way out: the PVC's deletion waits for the
 * guest. */
enum m_owner { OWN_NONE, OWN_0, OWN_1, OWN_0_GOES, OWN_1_GOES };
/* What vmd has under way for one object. */
enum m_flight { F_NONE, F_MAKING, F_REMOVING, F_MADE, F_REMOVED };

struct m_state {
	/* Slurm */
	uint8_t job, run, ended_once;
	/* Kubernetes and Ceph */
	uint8_t vm[2];
	uint8_t disk, kept;
	uint8_t owner;
	/* requests of which nobody knows, that may still land */
	uint8_t late_create[2], late_delete[2]; /* of the VM there is now */
	/* what vmd sees */
	uint8_t job_known, job_view, run_view;
	uint8_t vms_known, vm_view[2], view_same[2]; /* the VM it sees is the one there is now */
	uint8_t disks_known, disk_view, kept_view;
	/* what vmd remembers */
	uint8_t flight[2], flight_same[2]; /* a deletion of the VM there is now */
	uint8_t unsure[2];                 /* 1: one may appear, 2: may vanish */
	uint8_t disk_flight, disk_unsure;
	/* the second machine, if there are two */
	uint8_t two;
	uint8_t other_vm, other_run; /* at most one VM: it is deleted at once */
	uint8_t other_disk, other_kept, other_owner;
};

/* The number of events; m_step says whether event number i can happen in s, and what comes of it.
 * *ret_wrong is set when a rule was broken by it: a text, else NULL. */
unsigned m_events(void);
const char *m_event_name(unsigned event);
bool m_step(const struct m_state *s, unsigned event, struct m_state *ret, const char **ret_wrong);
struct m_state m_begin(bool two);
/* No more faults: everything is seen, answered and waited for. The number of rounds until nothing
 * is left to do, or -1 and what is wrong. */
int m_settle(struct m_state s, const char **ret_wrong);
/* Finalizers: what is being deleted goes when nothing uses it any more. */
void m_volumes_free(struct m_state *s);
/* Part of m_step and m_settle: the number of actions planned and started. */
unsigned m_round(struct m_state *s, const char **ret_wrong);
void m_print(const struct m_state *s);

#endif
