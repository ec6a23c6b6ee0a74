/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm, Kubernetes and Ceph in one process with virtual time: what is true, what one or two vmd
 * see of it (later, or not at all), and requests on their way. All chance comes from one seed. */
#ifndef TESTS_SIM_SIM_WORLD_H
#define TESTS_SIM_SIM_WORLD_H

#include "vmd/lease/lease.h"
#include "vmd/reconcile/inflight.h"
#include "vmd/reconcile/reconciler.h"

#define SIM_JOBS         6
#define SIM_NODES        3
#define SIM_VMDS         2
#define SIM_OBJECTS      32 /* of each kind */
#define SIM_COMPANIONS   32
#define SIM_RESERVATIONS 16
#define SIM_FLYING       512
#define SIM_FORGOT       8 /* keys of jobs that Slurm forgot */
#define SIM_NAMED        3 /* disks that users have */
#define SIM_CLUSTER      "sim"
#define SIM_ATTACHED     (SIM_NAMED * DISK_CLAIMS_MAX + SIM_OBJECTS)
#define SIM_S            INT64_C(1000000)

struct sim_job {
	struct job job;
	int64_t next_us; /* of its life, see life in sim_world.c */
	unsigned step;
	bool ended_once;
	int64_t lives_us; /* when it began to live again, after its end */
	int64_t ending_us;
	uint32_t cleared;              /* its epilog went for all runs before this one */
	bool again;                    /* ending because a move queues it again, held */
	int64_t free_us;               /* waits: since when its companion is gone; 0: not yet */
	bool late;                     /* it began when its VM had been given up already */
	char moved_vm[VM_UID_MAX + 1]; /* of a script: the VM that is to live on */
};

struct sim_companion {
	struct companion c; /* id 0: a free place */
	char not_on[JOB_NODE_MAX + 1], only_on[JOB_NODE_MAX + 1];
	int64_t next_us;
	struct vm_request request; /* with c.after: what its record has of the job */
};

struct sim_reservation {
	struct reservation r; /* job_id 0: a free place */
	int64_t end_us;
};

/* Beside what Kubernetes shows of a volume that comes and goes: what the guest has by it. */
struct sim_volume {
	char claim[VM_NAME_MAX + 1];
	char image[VM_NAME_MAX + 1]; /* open, or that was it last */
	bool read_only;
	bool open;
	bool fenced;     /* its client of that image is shut out */
	int64_t next_us; /* when it is a step further */
};

struct sim_vm {
	struct vm_seen vm;                       /* phase VM_ABSENT: a free place */
	struct sim_volume volume[VM_VOLUME_MAX]; /* of vm.volume */
	int64_t next_us;
	bool hangs;      /* never gets an agent */
	bool guest;      /* its pod has the job's disks open */
	bool began;      /* ... or had them: only then Kubernetes tells its node */
	unsigned fenced; /* 1: its clients of the root disk, 2: of the scratch disk asked for */
	bool podless;
	/* Its migration, if vm.moving.name says that there is one. */
	char target[JOB_NODE_MAX + 1];
	int64_t astray_us; /* since when it is outside every allocation, see sim_world.c; 0: not */
	int64_t placed_us; /* since when it is in one; 0: not */
	int64_t large_us;  /* since when it is larger than that; 0: not */
	int64_t moving_us; /* when it is a step further */
	int64_t given_us;  /* when its VMI takes over the nodeSelector, and the size */
	int64_t sent_us;   /* when the last migration of ours was asked for */
	int64_t grown_us;  /* when it became larger last; 0: never */
	struct vm_target pod; /* as large is what its migration makes on the other side */
};

struct sim_node {
	int64_t lost_us; /* since when it confirms nothing; 0: it is there */
	int64_t back_us;
	int64_t slurm_us; /* when Slurm gives it up */
	/* Out of service, see sim_drain.c: in Slurm, by vmd (ours); in Kubernetes. */
	bool drained, ours, cordoned, evacuated;
	enum node_mark mark;
	unsigned version;
	int64_t drained_us, cordon_us, evacuated_us; /* by somebody, until then; 0: not */
};

/* A request between vmd and the world. */
struct sim_request {
	struct action action;
	uint64_t ticket;
	int64_t asked_us;
	unsigned life;              /* of which vmd; replies reach only that one */
	int64_t apply_us, reply_us; /* INT64_MAX: never, or done */
	bool twice;                 /* takes effect once more before vmd hears of it */
	struct err outcome;
	bool used;
	bool unsent; /* vmd was stopped with it in its hands */
};

struct sim_view {
	bool vms_known, volumes_known, disks_known, named_known, jobs_known;
	int64_t vms_us, volumes_us, disks_us, jobs_us; /* when it is looked at next */
	int64_t jobs_asked_us;                         /* when it was last */
	/* What was last heard of each place, and when: of some it is older than of others. */
	struct vm_seen heard_vm[SIM_OBJECTS];
	int64_t heard_us[SIM_OBJECTS];
	size_t n_vm, n_disk, n_pv, n_pvc, n_secret, n_job, n_named, n_attachment;
	struct vm_seen vm[SIM_OBJECTS];
	struct disk_seen disk[SIM_OBJECTS];
	struct volume_seen pv[SIM_OBJECTS], pvc[SIM_OBJECTS], secret[SIM_OBJECTS];
	struct named_disk named[SIM_NAMED];
	struct attachment attachment[SIM_ATTACHED];
	struct job job[SIM_JOBS];
	struct node_seen node[SIM_NODES];
	struct slurm_node slurm_node[SIM_NODES];
	size_t n_companion;
	struct companion companion[SIM_COMPANIONS];
	size_t n_reservation;
	struct reservation reservation[SIM_RESERVATIONS];
};

struct sim;
struct sim_vmd {
	struct sim *world;
	struct reconciler *reconciler;
	struct sim_view view;
	struct lease lease;
	unsigned life;
	int64_t wake_us;
	int64_t led_us;     /* since when nobody else leads, as it was told last; 0: never */
	int64_t stopped_us; /* SIGSTOP, until then; 0: it runs */
};

struct sim {
	uint64_t rng;
	int64_t now_us;
	int64_t asked_us;        /* when what takes effect now was asked for */
	unsigned faults_percent; /* of requests and of looks that go wrong */
	int64_t quiet_until_us;  /* the API server asked for silence */
	int64_t wall_jump_s;     /* how wrong the wall clock is */
	char forgot[SIM_FORGOT][JOB_KEY_MAX + 1];
	size_t n_forgot;
	unsigned lives, effects, crash_at;
	bool crashed;
	bool moves;      /* nodes are drained */
	bool script;     /* one job, which is moved; nothing else goes wrong by itself */
	bool disks;      /* users have disks of their own, see sim_disks.c */
	bool loses_host; /* of a script with disks: its host is lost */
	unsigned undo;   /* of a script: the step in which it is not wanted any more; 0: never */
	struct job_size grow; /* of a script: so large it is to become, instead of leaving; 0 no */
	bool loses;         /* its companion is cancelled in the step undo, and nothing is undone */
	bool asked;         /* it was asked to grow, and that was taken */
	bool called_off;    /* ... and so was that it shall not */
	bool fits;          /* in the end guest and allocation, or disks, are as they should be */
	unsigned attached;  /* volumes that guests were given */
	unsigned grown;     /* guests that have become larger */
	unsigned moved;     /* jobs that followed their VM */
	unsigned heirs;     /* ... as another allocation */
	unsigned found;     /* VMs that were astray and are in an allocation again */
	unsigned led;       /* hand-overs of the Lease */
	int64_t resumed_us; /* when a stopped vmd went on last */
	uint64_t uids;
	struct sim_job job[SIM_JOBS];
	struct sim_vm vm[SIM_OBJECTS];
	struct sim_vm ghost[SIM_OBJECTS]; /* guests on lost nodes that Kubernetes let go of */
	struct sim_node node[SIM_NODES];
	struct disk_seen disk[SIM_OBJECTS]; /* name "": a free place */
	int64_t unreadable_us[SIM_OBJECTS]; /* until then that disk cannot be read; 0 it can */
	struct named_disk named[SIM_NAMED]; /* image "": a free place */
	int64_t named_unreadable_us[SIM_NAMED];
	struct volume_seen pv[SIM_OBJECTS], pvc[SIM_OBJECTS], secret[SIM_OBJECTS];
	char pv_image[SIM_OBJECTS][VM_NAME_MAX + 1]; /* where each PV leads to */
	struct sim_companion companion[SIM_COMPANIONS];
	uint32_t companions; /* so many were made */
	struct sim_reservation reservation[SIM_RESERVATIONS];
	unsigned reserved; /* so many were made */
	struct sim_request request[SIM_FLYING];
	struct lease_seen lease; /* as the API server has it */
	unsigned n_vmd;          /* 1: without a Lease */
	struct sim_vmd vmd[SIM_VMDS];
	struct image image;
	struct catalogue catalogue;
	struct policy policy;
	char wrong[200]; /* "" no rule was broken */
};

void sim_init(struct sim *w, uint64_t seed, unsigned faults_percent);
/* One job on a node that is drained, one vmd, no other fault; undo: the node comes back in that
 * step of the move, 0: never. Its guest must never be made anew. */
#define SIM_STEPS 7
void sim_init_move(struct sim *w, uint64_t seed, unsigned undo);
/* The same with a job that is to grow; loses: in that step its companion is cancelled instead. */
void sim_init_grow(struct sim *w, uint64_t seed, unsigned undo, bool loses);
/* One job with named disks, one that it is given while it runs, one that it gives back; and the
 * same with a host that is lost then, and never comes back. */
void sim_init_disks(struct sim *w, uint64_t seed, bool loses_host);
bool sim_has_followed(const struct sim *w); /* the end of such a life is as it should be */
void sim_done(struct sim *w);
/* Half a second of everything. */
void sim_tick(struct sim *w);
/* One vmd dies and a new one starts; the world and what is on its way stay. */
void sim_crash(struct sim *w);
bool sim_is_settled(const struct sim *w);
void sim_print_left(struct sim *w); /* why it is not */
uint64_t sim_chance(struct sim *w, uint64_t below);

static inline int64_t sim_wall_s(const struct sim *w)
{
	return 1700000000 + w->wall_jump_s + w->now_us / SIM_S;
}

static inline struct now sim_now(const struct sim *w)
{
	return (struct now){.mono_us = w->now_us, .wall_s = sim_wall_s(w)};
}

/* What a client is told: by the vmd that leads; NULL: nothing. */
const struct vm_status *sim_status(struct sim *w, uint32_t job_id);
const struct vm_status *sim_rank_status(struct sim *w, uint32_t job_id, uint32_t rank);
/* Of sim_several.c: two jobs of the world are the machines of one. */
void sim_several_init(struct sim *w);
void sim_several_follow(struct sim *w); /* the second becomes what the first is */
struct sim_job *sim_first_of(struct sim *w, struct sim_job *j);
bool sim_is_clear(struct sim *w, const struct sim_job *j); /* the epilogs of all its nodes may go */
void sim_several_check_end(struct sim *w, const struct sim_view *v, const struct action *a);
/* Of sim_disks.c: named disks, and scratch disks for guests that run. */
void sim_disks_init(struct sim *w);
void sim_disks_move(struct sim *w);
/* Of sim_named.c. */
struct named_disk *sim_named_of(struct sim *w, const char *image); /* NULL: there is none */
bool sim_named_hangs(const struct sim *w, const char *image);
int sim_order(struct sim *w, const struct disk_order *o, struct err *e);
void sim_named_see(struct sim *w, struct sim_view *v);
void sim_named_ail(struct sim *w);
int sim_named_fence(struct sim *w, const struct action *a, struct err *e);
/* Of sim_volume.c. */
void sim_volumes_make(struct sim_vm *vm, const struct vm_spec *spec);
bool sim_volumes_start(struct sim *w, struct sim_vm *vm); /* false: not all are there */
void sim_volumes_close(struct sim_vm *vm);
void sim_volumes_move(struct sim *w, struct sim_vm *vm);
int sim_volume_effect(struct sim *w, const struct action *a, struct err *e);
bool sim_claim_is_used(const struct sim *w, const char *claim);
const struct sim_vm *sim_disk_user(const struct sim *w, const char *image);
/* Its job runs and wants this VM. */
bool sim_vm_is_wanted(struct sim *w, const struct sim_vm *vm);
void sim_volumes_fence(struct sim *w, const char *image);
bool sim_volumes_write(const struct sim_vm *vm); /* to any that it can write still */
void sim_volumes_check(struct sim *w);
/* Of sim_request.c. The reconciler's port: self is the vmd. */
int sim_request(void *self, const struct action *a, uint64_t ticket, struct err *e);
void sim_requests_move(struct sim *w);
/* Of sim_view.c: each view is looked at again when its time has come. */
void sim_views_move(struct sim *w, struct sim_vmd *d);
/* Of sim_world.c. */
void sim_volumes_free(struct sim *w); /* PVCs and PVs that nothing uses any more go */
void sim_world_move(struct sim *w);
int sim_effect(struct sim *w, const struct action *a, struct err *e);
/* Of sim_faults.c: what becomes of a request, and what else goes wrong by itself. */
void sim_fate(struct sim *w, struct sim_request *r);
void sim_faults_move(struct sim *w);
bool sim_is_ours(struct sim *w, const char *key); /* of a job that is or was */
bool sim_is_disk(const struct action *a);         /* a call into librbd */
#define SIM_TICK_US (SIM_S / 2)
void sim_wrong(struct sim *w, const char *fmt, ...) PRINTF(2, 3); /* the first one counts */
struct sim_job *sim_job_of(struct sim *w, const char *key);
/* A VM that may have the job's disks open; NULL: none. */
const struct sim_vm *sim_user_of(const struct sim *w, const char *key);
void sim_job_end(struct sim *w, struct sim_job *j, enum job_end end);
/* Of sim_move.c. */
int sim_move_effect(struct sim *w, const struct action *a, struct err *e);
int sim_record(struct sim *w, const struct action *a, struct err *e);
void sim_moves_move(struct sim *w);
void sim_vm_moves(struct sim *w, struct sim_vm *vm);
size_t sim_companions_see(const struct sim *w, struct companion *seen);
bool sim_has_companions(const struct sim *w);
/* The VM is where it may be: with its job, with a companion, or where its job is about to start. */
bool sim_vm_is_placed(const struct sim *w, const struct sim_vm *vm, const struct sim_job *j);
void sim_move_forget(struct sim *w, struct sim_job *j);
void sim_companions_lose(struct sim *w, unsigned node);
bool sim_node_takes(const struct sim *w, const char *node); /* jobs: it is there, not drained */
/* The room that Slurm has given its job where the VM is; false: none. */
bool sim_vm_room(const struct sim *w, const struct sim_vm *vm, const struct sim_job *j,
		 struct job_size *ret);
void sim_companion_cancel(struct sim *w);
bool sim_companion_has_room(const struct sim *w, const struct sim_vm *vm); /* ... where it is */
unsigned sim_script_step(const struct sim *w); /* how far the move of the script is; 0: not begun */
/* Of sim_reservation.c. */
int sim_reservation_effect(struct sim *w, const struct action *a, struct err *e);
void sim_reservations_move(struct sim *w);
void sim_reservations_see(struct sim *w, struct sim_view *v);
bool sim_has_reservations(const struct sim *w);
/* Of sim_heir.c. */
int sim_heir_effect(struct sim *w, const struct action *a, struct err *e);
/* Of sim_grow.c. */
void sim_vm_told(struct sim_vm *vm, const struct vm_target *t);
void sim_vm_takes_in(struct sim_vm *vm);
bool sim_vm_is_to_grow(const struct sim_vm *vm); /* KubeVirt's own migration would do it */
bool sim_vm_is_in(const struct sim_vm *vm, const struct job_size *room);
void sim_vm_arrives(struct sim *w, struct sim_vm *vm);
void sim_grows_move(struct sim *w);
void sim_sizes_check(struct sim *w);
/* Of sim_drain.c. */
int sim_drain_effect(struct sim *w, const struct action *a, struct err *e);
void sim_drains_move(struct sim *w);
void sim_slurm_nodes_see(const struct sim *w, struct slurm_node *seen);
bool sim_is_cordoned(const struct sim *w, const char *node); /* no pod gets on it */
bool sim_is_in_service(const struct sim *w);                 /* all of them, without a trace */
/* Of sim_lease.c. */
void sim_leases_move(struct sim *w);
bool sim_leads(const struct sim *w, const struct sim_vmd *d);
/* Of sim_node.c. */
void sim_nodes_move(struct sim *w);
void sim_nodes_see(const struct sim *w, struct node_seen *seen);
bool sim_is_lost(const struct sim *w, const char *node);
unsigned sim_node_choose(struct sim *w); /* one that is there */
int sim_fence(struct sim *w, const struct action *a, struct err *e);
void sim_host_lose(struct sim *w, const char *node); /* for ever; Slurm sees it soon */
int sim_force_delete(struct sim *w, const struct action *a);
void sim_ghost_leave(struct sim *w, const struct sim_vm *vm);
unsigned sim_ghosts(const struct sim *w, const char *key); /* of the job, that can write */

#endif
