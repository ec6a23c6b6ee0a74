/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One move: a job's VM goes live to another node, and its allocation follows. Nothing is
 * remembered: how far a move is, is read each time from Slurm (the companion allocation, the mark
 * in the job's record) and Kubernetes (where the VM shall be, where it is, its migrations). So
 * whoever looks next goes on, or undoes. The table of states is in DESIGN.md, "The move". Pure. */
#ifndef VMD_MIGRATION_MOVE_H
#define VMD_MIGRATION_MOVE_H

#include "vmd/migration/companion.h"
#include "vmd/node/drain.h"
#include "vmd/vm/growth.h"

/* Attempts of one migration, and how long after the last of them no new companion is asked for. */
#define MOVE_ATTEMPTS 3
#define MOVE_PAUSE_S  600
/* A job that was handed over starts within a second of its companion's end. Its VM stays that long
 * without an allocation, then it is removed, and made again where the job starts. The same for one
 * that is astray: outside every allocation, as when its companion was cancelled, or slurmctld came
 * back with a state in which there was none. */
#define MOVE_GAP_S 120
/* One whose job has not started after so long has lost its place to another job: room is asked for
 * elsewhere, and the rest of MOVE_GAP_S is left to go there. A slurmctld that looks at its queue
 * only now and then does so once a minute by default (sched_interval). */
#define MOVE_WAIT_S 60
/* A VM that is not where its last migration took it for so long has come back since, and slurmctld
 * has lost its state: the id of its companion is that of the one before. */
#define MOVE_BEHIND_S 30
/* KubeVirt's own migration is bound to the nodeSelector of the moment its pod was made. One that is
 * about as old as its companion is given so long to find its node, any other one so long. Deleted,
 * it is made anew, younger than that: so it is deleted once. */
#define MOVE_SAME_AGE_S 2
#define MOVE_BOUND_S    5
#define MOVE_UNPLACED_S 120
/* "migrate=*": to wherever Slurm finds room. */
#define MOVE_ANYWHERE "*"

/* The order is that of a move. What each means, what it is read from and what is done: DESIGN.md.
 */
enum move_phase {
	MOVE_NONE,
	MOVE_BLOCKED,
	MOVE_TAKEN_BACK,
	MOVE_STAY,
	MOVE_ANEW,
	MOVE_ALLOCATE,
	MOVE_QUEUED,
	MOVE_POINT,
	MOVE_POINTED,
	MOVE_SEND,
	MOVE_SENDING,
	MOVE_STUCK,
	MOVE_BEQUEATH,
	MOVE_MARK,
	MOVE_GIVE_WAY,
	MOVE_REQUEUE,
	MOVE_LEAVING,
	MOVE_AIM,
	MOVE_RESERVE,
	MOVE_RELEASE,
	MOVE_STARTING,
	MOVE_HELD,
	MOVE_BACK,
	MOVE_DROP,
	MOVE_UNAIM
};

struct move {
	enum move_phase phase;
	/* The VM is right where it is, though the job has no allocation there (yet): its companion
	 * has, or the job starts there in a moment. */
	bool keeps_vm;
	bool binds_vm; /* it goes, but not before it is bound to where it is seen */
	bool gives_up; /* MOVE_POINT: which is noted on it */
	/* Of the view it was read from: the one that the phase is about; NULL none. While that is
	 * another than the one the VM is with, with is that. */
	const struct companion *companion, *with;
	/* Of the view. MOVE_ALLOCATE: where; "" anywhere. MOVE_POINT: where it shall be. MOVE_AIM:
	 * where its job is to start. */
	const char *to;
	struct job_size room;          /* MOVE_ALLOCATE, MOVE_AIM: how large; 0 CPUs: as its job */
	struct vm_target target;       /* MOVE_POINT: how large; 0 sockets: as it is */
	uint32_t attempt, attempt_for; /* MOVE_SEND: which, and for which companion */
	/* The companion whose place is to be kept for the job by a reservation; 0: none is. Others
	 * of the job's are ended. */
	uint32_t reserves;
	bool alone; /* the VM is outside every allocation: it has MOVE_GAP_S, and no more */
	bool tell;  /* its user should be told the reason, once */
	/* Its migration has succeeded, and it is not seen there: a moment later it is. */
	bool behind;
	int64_t again_s; /* it may be another phase by time alone: in so long; 0: not */
	char reason[VM_REASON_MAX + 1]; /* for people; "" nothing to say */
};

struct move_view {
	const struct job *job;
	const struct vm_seen
		*vm; /* the job's incarnation; NULL: not seen, though the view is whole */
	size_t n_vm; /* of the job, of whatever incarnation */
	bool known;  /* false: what Kubernetes shows of VMs or their migrations is not whole */
	size_t n_companion;
	const struct companion *companion; /* everybody's, by id */
	int64_t wall_s;
	enum vm_on_drain on_drain; /* the job's choice; UNSET: migrate */
	const char *asked;         /* somebody wants it to move: where to; "" nobody */
	/* Somebody wants it to grow: its job's size then, and it has not got there. 0 CPUs: no. */
	struct job_size grow;
	/* Its guest is, or is told to be, larger than its job: so large a place it must have. 0
	 * CPUs: it is not. */
	struct job_size place;
	/* Why nothing should go there now: to what is asked for, to its companion's node; "" it
	 * may. NULL: the same. */
	const char *asked_closed, *closed;
	/* ... and to its job's own node, to the one that it is on. */
	const char *home_closed, *here_closed;
	const char *next_closed; /* ... and to that of the companion it moves on to */
	bool outdated;   /* its companion waits, and must not get a node that is open again */
	bool taken_back; /* its node is in service again, after Kubernetes had it taken out */
	bool lost;       /* its host is, for fence_after: what goes on there does not end */
	bool pause;      /* the last migration was given up: not again so soon */
	bool alone;      /* it has been without any allocation for MOVE_GAP_S */
	bool waits;      /* ... for MOVE_WAIT_S */
	bool unheard;    /* Slurm has not been asked since it was noted that it is given up */
	bool late;       /* it has been behind for MOVE_BEHIND_S */
	bool over;       /* its job's time is about over: its guest is shut down */
	bool reserve;    /* the site wants reservations, and Slurm has not refused this one */
};

/* Was our last migration for this companion, and not for one that had its id before slurmctld lost
 * its state? That one's was made long before this one began, by clocks that may differ by
 * MOVE_CLOCKS_S. */
#define MOVE_CLOCKS_S 60
bool move_was_for(const struct vm_moving *k, const struct companion *h);
void move_read(const struct move_view *v, struct move *ret);
/* Which of a job's companions counts, and to which its VM may move on. The one its VM is with; else
 * the one with the lowest id that has not ended (a request whose answer was lost may have made a
 * second). *ret_next: while it is with one, the first of those elsewhere. None is one that its VM
 * has turned down. vm NULL: not seen. */
void move_companions(const struct companion *all, size_t n, const struct job *j,
		     const struct vm_seen *vm, const struct companion **ret,
		     const struct companion **ret_next);
/* May the VM still be sent there by anybody, so that it must turn it down before that is ended?
 * Where it is it is with another one, or at home. */
bool move_must_turn_down(const struct companion *c, const struct vm_seen *vm);
/* A job that follows its VM to node: does it wait for that, or has it begun there? To be asked
 * right before its companion there is ended. */
bool move_follows(const struct job *now, const char *node);
/* A companion of the job's that has nothing to do with its move. vm NULL: it has none. */
bool move_is_spare(const struct companion *c, const struct move *m, const struct vm_seen *vm);
/* Of a job whose run a move began, and of one that is about to be. */
bool move_is_marked(const struct job *j);
/* May next be written into the record of a job that is now as Slurm says? To be asked right before,
 * for it may come of an older list. It must not give the present run another VM; nor take the mark
 * off a job that has been queued again, held, since (its next run would lose the VM, and nobody
 * would release it); nor put one on a job that somebody else has queued again;
 * nor change who the heir of one is that has ended. */
bool move_may_record(const struct job *now, const struct vm_request *next);
const char *move_phase_name(enum move_phase p); /* "queued" */

#endif
