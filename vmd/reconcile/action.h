/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing to do to one object, with the precondition under which it is still right. Pure. */
#ifndef VMD_RECONCILE_ACTION_H
#define VMD_RECONCILE_ACTION_H

#include "vmd/reconcile/world.h"

#define ACTION_TEXT_MAX 863 /* a status text with the longest node name and reason */

enum action_kind {
	ACT_CLONE_DISK,       /* disk: golden snapshot -> clone, grown to size_bytes, marked ours */
	ACT_CREATE_DISK,      /* disk: empty image */
	ACT_TAKE_DISK,        /* disk: the kept disk of job disk.from becomes this job's */
	ACT_KEEP_DISK,        /* object: mark with until_s, after which it is removed; 0: unmark */
	ACT_REMOVE_DISK,      /* object in pool: only with our mark and no watcher */
	ACT_FENCE_DISK,       /* object in pool, uid of the VM: its clients can write no more */
	ACT_CLAIM_DISK,       /* order: a named disk for this job */
	ACT_DROP_CLAIM,       /* order: no VM of this job can have it any more */
	ACT_ATTACH_DISK,      /* object: a volume; vm.name gets vm.disk[0] while it runs */
	ACT_DETACH_DISK,      /* object: a volume; vm.name gives it back */
	ACT_CREATE_PV,        /* disk */
	ACT_CREATE_PVC,       /* disk */
	ACT_CREATE_SECRET,    /* object: credentials, made by the adapter */
	ACT_CREATE_VM,        /* vm */
	ACT_DELETE_VM,        /* object, uid, version */
	ACT_FORCE_DELETE_POD, /* object on node: its launcher pod there is removed by force */
	ACT_DELETE_PVC,
	ACT_DELETE_PV,
	ACT_DELETE_SECRET,
	ACT_END_JOB, /* job_id: the guest shut down (ERR-free), or reason says why it failed */
	ACT_RECORD,  /* job_id: write reason (status text " state=ready node=...") to admin_comment;
			look: and look at the job again */
	ACT_WARN_GUEST, /* object: a VM; tell its users reason; vm.profile */
	ACT_TELL_READY, /* object: a VM; tell the site's program, ready_hook, that it is READY */
	/* A move, see DESIGN.md. */
	ACT_ALLOCATE,      /* job_id: a companion, for the VM uid: not on its node nor on not_on,
			      on node if that is given */
	ACT_END_COMPANION, /* companion; if the one that stays is live still (0: in any case),
			      job_id has not given way to an heir (job_over: in any case), one
			      that waited has got no room since, and a job that follows waits for
			      node still, or has it */
	ACT_POINT_VM,      /* object, uid, version: its nodeSelector becomes node, and it is noted
			      whether it is given up, and which companions it has turned down */
	ACT_MIGRATE_VM,    /* object: a migration of that name, of VM vm.name */
	ACT_CANCEL_MIGRATION, /* object, uid */
	ACT_REQUEUE_JOB, /* job_id: queue it again: held, as its record keeps its VM, if companion
			    runs and the VM (vm.name, uid, version, pointed to node) has not
			    changed; or anew, not held and without it, if it is still that run: its
			    user is told reason */
	ACT_AIM_JOB,     /* job_id, pending: let it start on node ("": anywhere), before all others,
			    for what is left until until_s (0: its whole time) */
	ACT_RESERVE, /* job_id, pending for node: the node is reserved as object, and it waits in
			that */
	ACT_END_RESERVATION, /* object: its job, job_id, leaves it, and it is deleted */
	ACT_BEQUEATH, /* job_id: companion's record shall claim its place, with the status reason */
	ACT_GIVE_WAY, /* job_id: completed, for its heir, companion, takes its place */
	ACT_TELL_JOB, /* job_id: its user is told reason */
	/* A node that is out of service on one side only, see DESIGN.md, "Drain and cordon". */
	ACT_MARK_NODE,  /* Kubernetes: object, version: cordon and mark are set */
	ACT_DRAIN_NODE, /* Slurm: object: drained with reason; "": resumed */
	ACT_KEEP_VM     /* object: an eviction that KubeVirt remembers is over */
};

#define ACTION_KINDS (ACT_KEEP_VM + 1)

/* What a kind does not use is zero or "", and never read. */
struct action {
	enum action_kind kind;

	/* Whose it is and what it acts on, as it was when that was decided. */
	uint32_t job_id;
	char job_key[JOB_KEY_MAX + 1];
	/* Its name. With the kind's class it is the key of "one in flight per object": a disk, its
	 * PV and its PVC share a name. The job's key for END_JOB, RECORD. */
	char object[VM_NAME_MAX + 1];
	char pool[JOB_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char version[32];

	/* What several kinds go by: each kind's line above says which. */
	char node[JOB_NODE_MAX + 1];
	uint32_t companion;
	struct job_size size; /* of a companion, of a job that is aimed; 0 CPUs: as the job is */
	char reason[ACTION_TEXT_MAX + 1];
	struct vm_spec vm;
	struct disk_spec disk;
	struct disk_order order;
	char user[JOB_USER_MAX]; /* the guest's account */

	/* What one kind goes by, under its name. Times are of the wall clock. */
	struct {
		int64_t until_s;
	} keep_disk;
	struct {
		bool failed;
	} end_job;
	struct {
		bool look; /* at the job afterwards, without waiting for the next poll */
	} record;
	struct {
		char qos[JOB_NAME_MAX + 1];           /* "" the job's */
		char not_on[COMPANION_NODES_MAX + 1]; /* "n3,n5": Slurm's names */
		struct job_size least; /* what its VM takes at least; 0 CPUs: not known */
	} allocate;
	struct {
		uint32_t stays;
		bool job_over; /* its job has ended already, or nobody knows it */
		bool waited;   /* it had no room when that was planned */
		bool follows;  /* its job waits for its node, or is there by now */
	} end_companion;
	struct {
		struct vm_target target; /* and so large; 0 sockets: as it is */
		bool gives_up;
		uint32_t turned_down[TURNED_DOWN_MAX]; /* [0] 0: those that are noted stay so */
	} point_vm;
	struct {
		bool anew;    /* as a run that shall not keep its VM ... */
		uint32_t run; /* ... instead of this one */
		/* When its companion began: the id alone may be that of another one, of a
		 * slurmctld that has lost its state. */
		int64_t companion_start_s;
	} requeue_job;
	struct {
		int64_t until_s; /* for what is left until then; 0: its whole time */
		int64_t limit_s; /* without a node: the time limit is to be so long again */
	} aim_job;
	struct {
		bool cordon;
		enum node_mark mark;
	} mark_node;
};

enum action_class {
	CLASS_DISK,
	CLASS_VOLUME, /* of a VM that runs */
	CLASS_CLAIM,  /* object: the named disk's image */
	CLASS_PV,
	CLASS_PVC,
	CLASS_SECRET,
	CLASS_VM,
	CLASS_POD,
	CLASS_JOB_END,
	CLASS_JOB_RECORD,
	CLASS_JOB_WORD,
	CLASS_JOB_MOVE, /* object: the job's key */
	CLASS_COMPANION,
	CLASS_RESERVATION, /* object: its name */
	CLASS_MIGRATION,
	CLASS_GUEST,
	CLASS_HOOK,
	CLASS_NODE,      /* of no job, in Kubernetes ... */
	CLASS_SLURM_NODE /* ... and in Slurm: a refusal of one does not hold up the other */
};

#define PLAN_ACTIONS 256
#define PLAN_HELD    8 /* examples */
struct plan {
	size_t n;
	bool cut;      /* more was to do than fits: the next round goes on */
	bool many;     /* many VMs at once are to be deleted whose jobs Slurm does not know */
	bool approval; /* and nobody approved: nothing of unknown jobs is deleted in this round */
	size_t held;   /* with approval: so many VMs are spared; the first of them by name */
	char held_vm[PLAN_HELD][VM_NAME_MAX + 1];
	struct action act[PLAN_ACTIONS];
};

const char *action_name(enum action_kind k); /* "create-vm" */
enum action_class action_class(enum action_kind k);
/* Is its object there when it has worked, so that it may appear when its answer was lost? Is it
 * gone then? Most change an object, and are neither. */
bool action_creates(enum action_kind k);
bool action_removes(enum action_kind k);
/* "create-vm job=17 object=vm-17-...-r0 node=worker1node": for logs, dry run and tests. */
const char *action_text(const struct action *a, char *buf, size_t size);

#endif
