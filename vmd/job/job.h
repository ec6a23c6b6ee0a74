/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Slurm job that has a VM, as Slurm records it, and the VM request that travels with it. Pure. */
#ifndef VMD_JOB_JOB_H
#define VMD_JOB_JOB_H

#include "vmd/base/err.h"
#include "vmd/job/attach.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_NONCE_LEN   16  /* lower-case hex digits */
#define JOB_NAME_MAX    63  /* image, revision, network: DNS label length */
#define JOB_NODE_MAX    255 /* RFC 1123 host name */
#define JOB_NOT_ON_MAX  511
#define JOB_USER_MAX    64
#define JOB_TITLE_MAX   63
#define JOB_REQUEST_MAX 1024 /* canonical request text, bytes */
#define JOB_NODES_MAX   255  /* the list of nodes a VM was on, bytes */
#define JOB_KEY_MAX     32   /* "4294967295-9f3c12ab45de6701-31" */
#define JOB_MACHINES_MAX                                                                           \
	32 /* of one job: each has its status in AdminComment, and waits for the others */
#define JOB_TASK_MAX     63  /* "12_3" */
#define JOB_MAIL_MAX     63  /* an address, bytes */
#define JOB_WHY_MAX      240 /* why a VM could not become ready, bytes */
#define JOB_QUEUE_MAX    31
#define JOB_SCRIPT_END_S 60
#define JOB_EXCLUDE_MAX  255 /* nodes, as their user wrote them, bytes */

/* What an option says when it was not given. */
enum vm_wait { VM_WAIT_UNSET, VM_WAIT_READY, VM_WAIT_RUNNING, VM_WAIT_NONE };
enum vm_keep { VM_KEEP_UNSET, VM_KEEP_NEVER, VM_KEEP_ABNORMAL, VM_KEEP_ALWAYS };
/* What becomes of the VM when its node is taken out of service; the site says what UNSET is. */
enum vm_on_drain { VM_ON_DRAIN_UNSET, VM_ON_DRAIN_MIGRATE, VM_ON_DRAIN_REQUEUE, VM_ON_DRAIN_STAY };

/* As of sbatch's -c and --mem (of the job's one node). */
struct job_size {
	uint32_t cpus;
	uint64_t memory_bytes;
};

/* The request of one job: made by the plugin at submit, checked by job_submit.lua, kept in
 * admin_comment. 0, "" and UNSET mean "the image's default". */
struct vm_request {
	char image[JOB_NAME_MAX + 1];
	char revision[JOB_NAME_MAX + 1];
	/* "17" or "17-9f3c12ab45de6701": start from the kept disk of that job, whose image is then
	 * filled in by recover.h; "" from the golden image. */
	char from[JOB_KEY_MAX + 1];
	char nonce[JOB_NONCE_LEN + 1];
	char network[JOB_NAME_MAX + 1];
	uint64_t disk_bytes;
	uint64_t scratch_bytes;
	struct vm_attach_list attach; /* named disks of the owner that its VM shall have */
	enum vm_wait wait;
	enum vm_keep keep;
	enum vm_on_drain on_drain;
	uint32_t machines; /* so many, one on each node of the job; 0: one */
	bool no_shell;     /* salloc --no-shell: nothing of the job's own runs anywhere */
	/* Of an allocation that has taken the place of another (migration/heir.h): the id of the
	 * first one, whose key goes on, and of the one right before. 0: it is no such one. */
	uint32_t as, after;
	/* ... and the nodes that the first one's user excluded, "n[1-3],n7": its own record has
	 * vmd's, too. "*": more than there is room for, so all that it has count; "" none. */
	char exclude[JOB_EXCLUDE_MAX + 1];
	/* Who asked by --mail-type=BEGIN to be told when it is READY: an address, "@" for the job's
	 * owner, "" nobody. */
	char mail[JOB_MAIL_MAX + 1];
	/* What vmd recorded behind the request (of a job with several machines: of this one), so
	 * that it knows it after a restart: incarnation
	 * recorded_run was READY at recorded_ready_s (wall clock; 0: never). Not encoded. */
	uint32_t recorded_run;
	int64_t recorded_ready_s;
	int64_t warned_s; /* time of the last warning before the end of its time; 0 none */
	int64_t told_s;   /* that recorded_run is READY was told by the site's program; 0 not */
	/* A move hands the VM over by queueing the job again. Written before that: run moved_run of
	 * the job keeps incarnation base_run of the VM, until moved_until_s at the latest (the end
	 * of the job's time, wall clock; 0: no limit). moved_run 0: none. */
	uint32_t base_run;
	uint32_t moved_run;
	int64_t moved_until_s;
	/* The time limit it had before a move left it what remained of it; 0: none, or never moved.
	 * A run that is queued again for another reason gets it back. */
	int64_t moved_limit_s;
	/* The allocation that takes this one's place when vmd completes it; 0: none. */
	uint32_t heir;
	/* Where its VM has been and since when: "worker1node@1764090000,worker2node@1764090100",
	 * the first ones cut off when it gets too long; "" it never moved. */
	char nodes[JOB_NODES_MAX + 1];
	char move_to[JOB_NAME_MAX + 1]; /* vmctl migrate: a node, "*" any; "" nobody asked */
	struct job_size grow;           /* vmctl resize: to be so large; 0 CPUs: nobody asked */
	/* ... and its guest had crashed so often by then, the last time at recorded_crashed_s. */
	uint32_t recorded_crashes;
	int64_t recorded_crashed_s;
	char recorded_failure[JOB_WHY_MAX + 1]; /* ... and FAILED, for this reason; "" it was not */
};

/* Where a job is in its life, as far as its VM is concerned. */
enum job_phase {
	JOB_PENDING, /* queued or held or requeued: no node; its disk stays */
	JOB_RUNNING, /* has an allocation: the VM is wanted on node */
	JOB_ENDING,  /* COMPLETING: the VM must go; the epilog waits for that */
	JOB_ENDED    /* final state; may be followed by "unknown to Slurm" */
};

enum job_end {
	JOB_END_NONE,    /* not ended */
	JOB_END_NORMAL,  /* COMPLETED, FAILED (script's exit code), CANCELLED */
	JOB_END_ABNORMAL /* TIMEOUT, NODE_FAIL, OUT_OF_MEMORY, BOOT_FAIL, PREEMPTED, DEADLINE */
};

/* Of a job with several machines there are as many of these, one after the other: its rank, its
 * node and what stands in the record of it are each one's own, the rest is the job's. */
struct job {
	uint32_t id;
	uint32_t rank; /* which of its machines, in the order of its nodes; 0 the first, or only one
			*/
	uint32_t uid;
	uint32_t gid;
	char user[JOB_USER_MAX];      /* name, for the guest's account; "" if unknown */
	char name[JOB_TITLE_MAX + 1]; /* sbatch --job-name, cut; for people: not unique */
	/* A task of a job array, as squeue calls it: "12_3"; those that wait are one job together,
	 * "12_[4-7%2]", cut. "": no array. id is the task's own: the array's is its last task's. */
	char task[JOB_TASK_MAX + 1];
	bool het;          /* a component of a heterogeneous job */
	uint32_t restarts; /* slurm's restart_cnt: the run of its script */
	enum job_phase phase;
	enum job_end end;
	bool completed; /* it ends, or has ended, as COMPLETED */
	bool batch;
	uint32_t n_nodes;
	bool uneven; /* its nodes have not given it equal parts, as far as Slurm tells */
	char node[JOB_NODE_MAX + 1]; /* the allocated node of its rank; "" while pending */
	/* The first node its request names (--nodelist; a move sets it, too); "" any will do. */
	char asked_node[JOB_NODE_MAX + 1];
	/* Those it must not get (--exclude), "n1,n3"; more than there is room for are "*". */
	char not_on[JOB_NOT_ON_MAX + 1];
	bool requeue; /* a batch job that may be queued again (not --no-requeue) */
	bool limited; /* it waits for a limit of its owner's association or QOS */
	bool held;    /* its priority is 0: Slurm will not start it */
	/* Why it waits in the queue, as squeue says it ("Resources"); "" it does not, or not told.
	 */
	char queue_reason[JOB_QUEUE_MAX + 1];
	/* It has asked for a reservation: for one of its own, or for the one that a move has made
	 * on that companion's node (migration/reservation.h; 0: it is in none of those). */
	bool reserves_own;
	uint32_t reserved;
	/* Its node is drained in Slurm, why, and by whom ("" not known). */
	bool drained;
	char drain_reason[JOB_TITLE_MAX + 1];
	char drained_by[JOB_USER_MAX];
	uint32_t tasks;        /* sbatch -n; 0 or 1 one */
	uint32_t cpus;         /* allocated on node */
	uint64_t memory_bytes; /* allocated on node */
	int64_t start_s;       /* wall clock; 0 unknown */
	int64_t end_s;         /* time limit's end, wall clock; 0 unknown or none */
	int64_t limit_s;       /* the time limit; 0 none */
	int64_t over_s;        /* wall clock: it ends or has ended, since then; 0: it goes on */
	/* Somebody ended it then (wall clock: cancelled, preempted), and Slurm gives its script
	 * time to end; 0: nobody did, or its script has ended. */
	int64_t told_to_end_s;
	struct vm_request request;
};

/* The id in its key: its own, or that of the allocation whose place it has taken. */
uint32_t job_key_id(const struct job *j);
/* (id in the key, nonce, rank): job ids come again after slurmctld lost its state; a nonce never
 * does. */
int job_key_compare(const struct job *a, const struct job *b);
/* Are both of one job? Of one with several machines, whichever of them. */
bool job_is_same(const struct job *a, const struct job *b);
bool job_is_several(const struct job *j); /* has it more than one machine? */
/* May its script be ending yet? Slurm gives it KillWait (30 s by default), then its epilog begins.
 * Nobody waits longer than JOB_SCRIPT_END_S: its node may be lost. */
bool job_script_ends(const struct job *j, int64_t wall_s);
/* "17-9f3c12ab45de6701", of one of several machines "17-9f3c12ab45de6701-2"; buf of JOB_KEY_MAX
 * + 1. Part of every object's name: so each machine has disks, claims and a Secret of its own. */
const char *job_key(const struct job *j, char *buf, size_t size);
/* The way back: -1 (nothing changed) if key has not that form exactly. */
int job_key_parse(const char *key, uint32_t *ret_id, char ret_nonce[JOB_NONCE_LEN + 1]);
/* The rank in it; -1: it has none, or is no key. */
int job_key_rank(const char *key);
/* Can a job of that shape have a VM at all? job_submit.lua refuses the same at submit. */
int job_shape_check(const struct job *j, struct err *e);
/* Which VM the job wants: every run has a new one, but for a run that a move began, which keeps the
 * VM that moved. The only place that says so: names of VMs, and of whatever else belongs to one
 * incarnation, are made of this and never of restarts. While the request to queue the job again is
 * under way the mark is a run ahead. */
uint32_t job_incarnation(const struct job *j);
/* Slurm says worker1node where Kubernetes may say worker1node.example.org. */
bool job_node_same(const char *a, const char *b);
/* Must it not get that node? Its list may be too long to tell: then perhaps. */
bool job_excludes(const struct job *j, const char *node);
/* What is to be kept: by default what is recovered is kept again, whatever the end. */
enum vm_keep vm_request_keep(const struct vm_request *r);
bool job_nonce_ok(const char *nonce); /* 16 lower-case hex digits */
/* Is it a list of nodes as Slurm writes it, "n[1-3],n7", or "*"? */
bool job_exclude_ok(const char *nodes);
/* Keeps the list of who excluded nodes; NULL: nobody did. */
void vm_request_exclude(struct vm_request *r, const char *nodes);
/* "@", or letters, digits and ._%+@-, no '-' first: it may stand on a command line. */
bool job_mail_ok(const char *mail);
/* "17", or a job's key: *ret_nonce is "" when only the id is given. -1: neither. */
int job_from_parse(const char *from, uint32_t *ret_id, char ret_nonce[JOB_NONCE_LEN + 1]);
/* Does from name the job with this key? Without a rank it names all machines of a job. */
bool job_from_is(const char *from, const char *key);
/* Is j to start from the disk that was kept under this key? Machine 2 from that of machine 2. */
bool job_starts_from(const struct job *j, const char *key);
const char *job_phase_name(enum job_phase p);

#endif
