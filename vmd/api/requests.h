/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmd answers, and to whom: one function per "op" of wire.h. The job's owner, root and
 * SlurmUser may ask about a job. Loop thread; no I/O but through the port. */
#ifndef VMD_API_REQUESTS_H
#define VMD_API_REQUESTS_H

#include "vmd/api/server.h"
#include "vmd/reconcile/plan.h"
#include "vmd/vm/vm_status.h"

/* value is borrowed for the call, "" on error. The same as kube_key_fn. */
typedef void (*requests_key_fn)(void *ctx, const struct err *e, const char *value);

typedef void (*requests_done_fn)(void *ctx, const struct err *e);
/* All borrowed for the call; on error only e counts. */
struct requests_access {
	const char *server, *ca, *name_space, *vm, *token;
	int64_t until_s;
};
typedef void (*requests_access_fn)(void *ctx, const struct err *e, const struct requests_access *a);

/* What the answers need; filled in by vmd.c. What is returned is borrowed for the answer. */
struct requests_port {
	void *self;
	/* Slurm's jobs with a VM as of the last load, in any order. known = false: that failed;
	 * what was loaded before may still be in it. */
	const struct desired *(*desired)(void *self);
	/* Why the request that this job's prolog told was not taken, and whose job it is; NULL: it
	 * told none, or it was. May be NULL. */
	const char *(*declined)(void *self, uint32_t job_id, uint32_t *ret_uid);
	/* Ask Slurm for them now. false: not again so soon. */
	bool (*look)(void *self);
	int64_t (*asked_us)(void *self); /* when Slurm was asked for them; 0 there are none */
	/* reconciler_rank_status() */
	const struct vm_status *(*status)(void *self, uint32_t job_id, uint32_t rank);
	const struct catalogue *(*catalogue)(void *self);
	/* reconciler_plan(); NULL: no round yet. */
	const struct plan *(*plan)(void *self);
	/* reconciler_approve(), and a round soon; uid: who did it. */
	void (*approve)(void *self, uint32_t uid);
	/* Kubernetes' VMs as of the last round. May be NULL: then a job whose request is gone from
	 * its admin_comment looks as if it never had a VM. */
	const struct observed *(*observed)(void *self);
	/* Look at this job soon. request (NULL: none) comes from root on a node, and is to be
	 * recorded if Slurm's job has none and is uid's. */
	void (*hint)(void *self, uint32_t job_id, const struct vm_request *request, uint32_t uid);
	/* The epilog of the node where this job's script ran has begun: the script has ended. */
	void (*script_over)(void *self, const struct job *j);
	/* Reads the private key of the job's Secret, then calls done from the loop, never from
	 * within. -1: not started, done is not called. */
	int (*read_key)(void *self, const struct job *j, requests_key_fn done, void *ctx,
			struct err *e);
	/* The same of the password of the guest's account user; rotate: a new one, set first. */
	int (*read_password)(void *self, const struct job *j, const char *user, bool rotate,
			     requests_key_fn done, void *ctx, struct err *e);
	/* Lets the owner's own public keys in, instead of those given before. */
	int (*set_keys)(void *self, const struct job *j, size_t n, const char *const *key,
			requests_done_fn done, void *ctx, struct err *e);
	/* Ends a running job as COMPLETED, for uid; done as with read_key. */
	int (*end_job)(void *self, const struct job *j, uint32_t uid, requests_done_fn done,
		       void *ctx, struct err *e);
	/* Opens the job's VM to who has the token that done gets; as read_key. */
	int (*open_access)(void *self, const struct job *j, requests_access_fn done, void *ctx,
			   struct err *e);
	/* uid wants the VM on node to (MOVE_ANYWHERE: any other), or to stay (""). */
	void (*migrate)(void *self, const struct job *j, const char *to, uint32_t uid);
	/* uid wants it to become so large, which growth_check() allows; 0 CPUs: not any more. */
	void (*resize)(void *self, const struct job *j, const struct job_size *size, uint32_t uid);
	int64_t (*wall_s)(void *self);
	int64_t (*mono_us)(void *self);
	/* Call requests_look() at that time, monotonic microseconds; INT64_MAX: never. */
	void (*wake_at)(void *self, int64_t mono_us);
	/* Gives a kept disk up: it is removed soon. done is called from the loop, never from
	 * within; -1: not started, done is not called. */
	int (*discard)(void *self, const struct disk_seen *d, requests_done_fn done, void *ctx,
		       struct err *e);
	/* Changes a named disk: uid and name are given, its image and pool are the port's to know;
	 * or makes or gives up a scratch disk, whose image is given. done as with discard. */
	int (*order)(void *self, const struct disk_order *o, requests_done_fn done, void *ctx,
		     struct err *e);
	const struct disk_quota *(*quota)(void *self);
	/* Does another vmd act, and this one only looks? *ret_host: where that is. NULL: no. */
	bool (*stands_by)(void *self, char *ret_host, size_t size);
};

struct requests {
	struct requests_port port;
	uint32_t slurm_uid;       /* SlurmUser's; 0 if unknown */
	struct held *held;        /* shows that wait for news: requests_held.c; NULL none yet */
	struct lists_held *lists; /* lists that wait: requests_list.c; NULL none yet */
};

/* server_handlers.handle; ctx is a struct requests. */
void requests_handle(void *ctx, const struct caller *who, const struct wire_in *in,
		     struct reply *r);

/* Answers those who wait for news of a job or for a list, where there is some or their time is
 * over. After every round, and at the time given to wake_at. */
void requests_look(struct requests *q);
int64_t requests_due_us(const struct requests *q); /* when the first one's time is over */

#endif
