/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What should be (from Slurm) and what is (from Kubernetes and Ceph). Pure data.
 * A collection that could not be read whole has known = false: nothing may be concluded from what
 * is missing in it. A known view of disks shows all that was so 30 s ago (FLIGHT_BELIEF_US), one of
 * Kubernetes 180 s ago (its watch may stall: 150 s of silence, kube_watch.h, then 30 s of failing
 * to connect, kube_http.h): an adapter that cannot say so says unknown. Arrays are
 * sorted by (job_key, name) for the lookups below; see world_sort(). */
#ifndef VMD_RECONCILE_WORLD_H
#define VMD_RECONCILE_WORLD_H

#include "vmd/disk/attachment.h"
#include "vmd/job/job.h"
#include "vmd/migration/move.h"
#include "vmd/migration/reservation.h"
#include "vmd/node/drain.h"
#include "vmd/vm/image.h"
#include "vmd/vm/vm.h"

#define POLICY_WARNINGS 4

/* Settings the rules need; times in seconds. */
struct policy {
	char pool[JOB_NAME_MAX + 1]; /* for clones and scratch disks; "" the adapter's own */
	uint32_t slurm_uid;          /* SlurmUser's, who may have every kept disk; 0 not known */
	int64_t ready_timeout_s;     /* running job -> READY, else FAILED (default 900) */
	int64_t trouble_timeout_s;   /* an outside fault (API, Ceph down) may last so long before a
					job fails */
	int64_t keep_s;              /* how long a kept root disk stays (default 7 days) */
	int64_t shutdown_s; /* a guest is shut down so long before its job's time is over (default
			       120); 0: it is not */
	size_t n_warn;      /* the guest's user is warned so long before that, most first */
	int64_t warn_s[POLICY_WARNINGS];
	bool tell_ready;           /* the site has a program that is told when a VM is READY */
	int64_t fence_after_s;     /* a node that is not Ready for so long is lost (default 60); 0:
				      never */
	struct drain_policy drain; /* default: both */
	char move_qos[JOB_NAME_MAX + 1]; /* of companions; "" the job's */
	bool move_reserve; /* the place of a job that follows is kept by a reservation (default) */
	enum vm_on_drain on_drain;     /* of requests that say nothing (default migrate) */
	struct disk_quota quota;       /* of named disks, per user; default none */
	unsigned actions_per_round;    /* default 64 */
	unsigned delete_share_percent; /* more deletions at once of what runs than this: stop and
					  ask; default 50 */
	unsigned delete_share_min;     /* ... but never for so few; default 8 */
};

struct desired {
	bool known;
	/* When the list was asked for, monotonic: what it says may be as old as that. Of a job that
	 * somebody has told of since it may say more. 0: this moment. */
	int64_t asked_us;
	size_t n;
	struct job *job; /* sorted by job_key_compare */
	/* Ids of all jobs that Slurm knows and that have not ended, with or without a request,
	 * sorted. Objects of such a job are left alone when its request is not (or no longer)
	 * readable, as after an admin's scontrol update AdminComment=. May be left out. */
	size_t n_live;
	const uint32_t *live;
	/* Allocations made for moves, as of the same list, by id; those of jobs long gone, too. */
	size_t n_companion;
	const struct companion *companion;
	/* Reservations made for moves, of a list that is asked for as long as there are
	 * companions. What it lacks may be there all the same. */
	size_t n_reservation;
	const struct reservation *reservation;
	/* Its nodes, of a list of their own: unknown when known is false, too. */
	size_t n_node;
	const struct slurm_node *node;
};

struct observed {
	bool vms_known;
	size_t n_vm;
	struct vm_seen *vm;
	bool disks_known;
	size_t n_disk;
	struct disk_seen *disk;
	/* Those that outlive jobs, of all users: in no order, and of no key. */
	bool named_known;
	size_t n_named;
	const struct named_disk *named;
	size_t n_attachment; /* and what their claims say, for the lookups below */
	struct attachment *attachment;
	bool pvs_known;
	size_t n_pv;
	struct volume_seen *pv;
	bool pvcs_known;
	size_t n_pvc;
	struct volume_seen *pvc;
	bool secrets_known;
	size_t n_secret;
	struct volume_seen *secret; /* name, uid, version, job_key used */
	bool moves_known;           /* of the VMs' moving: are the migrations in it? */
	bool nodes_known; /* they may not be readable: then no node is ever taken for lost */
	size_t n_node;
	const struct node_seen *node;
};

/* Puts the arrays in the order that all below relies on; live, companions and nodes are left alone.
 * Before each round, for adapters append. */
void world_sort(struct desired *want, struct observed *seen);
bool world_is_sorted(const struct desired *want, const struct observed *seen);

/* NULL: Slurm told nothing of a job with this key. */
const struct job *world_job(const struct desired *want, const char *key);
/* Does Slurm know of a job with this id that has not ended? */
bool world_is_live(const struct desired *want, uint32_t job_id);

/* NULL: not seen, or the nodes are not known. */
const struct node_seen *world_node(const struct observed *seen, const char *name);
/* The same by Slurm's name, which may be the short form. */
const struct node_seen *world_host(const struct observed *seen, const char *slurm_name);
/* NULL: no node of Slurm's. By either name. */
const struct slurm_node *world_slurm_node(const struct desired *want, const char *name);

/* All that is seen of one job. The arrays are parts of those of struct observed, borrowed; NULL
 * where there is nothing. What it lacks is not there only if its collection is known. */
struct holdings {
	char key[JOB_KEY_MAX + 1];
	size_t n_vm, n_disk, n_attachment, n_pv, n_pvc, n_secret;
	const struct vm_seen *vm;
	const struct disk_seen *disk;
	const struct attachment *attachment;
	const struct volume_seen *pv, *pvc, *secret;
};
void world_of(const struct observed *seen, const char *key, struct holdings *ret);
/* That of this name (an attachment has its image's); NULL: not seen. Borrowed from the view. */
const struct vm_seen *holdings_vm(const struct holdings *h, const char *name);
const struct disk_seen *holdings_disk(const struct holdings *h, const char *name);
const struct attachment *holdings_attachment(const struct holdings *h, const char *name);
const struct volume_seen *holdings_pv(const struct holdings *h, const char *name);
const struct volume_seen *holdings_pvc(const struct holdings *h, const char *name);
/* The VM of the incarnation that the job is in; NULL: not seen. */
const struct vm_seen *world_vm(const struct holdings *h, const struct job *j);
/* Is the node that it was seen on lost, for after_s? false: it was seen on none. */
bool world_host_is_lost(const struct observed *seen, const struct vm_seen *vm, int64_t after_s,
			int64_t mono_us);
/* Is it being deleted on a node that is lost, where nobody confirms its end? (plan_fence.c) */
bool world_vm_is_lost(const struct observed *seen, const struct vm_seen *vm, int64_t after_s,
		      int64_t mono_us);
/* Walks all keys that are seen, in order; objects without our mark (key "") are passed over. Start
 * with ret zeroed; false: no more. */
bool world_next(const struct observed *seen, struct holdings *ret);

#endif
