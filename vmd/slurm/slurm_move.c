/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A companion allocation, and a job that is queued again to take its place. What Slurm does with
 * each call was tried on 22.05, 24.11 and 26.05:
 *
 * - slurm_allocate_resources as SlurmUser or root may be for any user; with nobody who listens for
 *   the answer the allocation stays queued until there is room, and runs to its time limit.
 * - A held job with another NodeList, StartTime=now, released and with a priority above all others
 *   starts within a second of the moment the resources are free.
 * - Neither has steps, so the companion costs the owner nothing but what it holds. */
#include "vmd/slurm/slurm_move.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/migration/heir.h"
#include "vmd/slurm/slurm_heir.h"
#include "vmd/slurm/slurm_record.h"
#include "vmd/slurm/slurm_reservation.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Above what the priority plugins give. The largest number means something else to Slurm, and the
 * next one down is what an operator may have used to push a job. */
#define PRIORITY_FIRST (NO_VAL - 2)

#define MIB (UINT64_C(1) << 20)

/* The record that a step is about, as it is now. What another phase than the step's own means, each
 * says for itself. */
struct record {
	job_info_msg_t *msg;
	slurm_job_info_t *info; /* in msg */
	struct job job;
};

static void record_close_auto(struct record *r)
{
	slurm_free_job_info_msg(r->msg);
}

/* ERR_CONFLICT: the id is another job's now. */
static int record_open(const struct action *a, const char *nonce, struct record *r, struct err *e)
{
	return slurm_record_load(a->job_id, &r->msg, &r->info, e) < 0
		       ? -1
		       : slurm_record_check(r->info, nonce, &r->job, e);
}

/* Minutes from now_s to end_s, rounded up; Slurm's "no limit" for 0. */
static uint32_t minutes_left(int64_t end_s, int64_t now_s)
{
	int64_t left_s = end_s - now_s;

	if (end_s == 0)
		return INFINITE;
	return left_s <= 60 ? 1 : (uint32_t)((left_s + 59) / 60);
}

static uint32_t tasks_of(const slurm_job_info_t *info)
{
	return info->num_tasks && info->num_tasks != NO_VAL ? info->num_tasks : 1;
}

/* With a GRES in the request, as gres/vm is, Slurm gives a job on one node no more CPUs than its
 * tasks take, and says of a larger number that no node could ever give it. So CPUs are asked for by
 * task, rounded up. */
static void cpus_set(job_desc_msg_t *d, const slurm_job_info_t *info, uint32_t cpus)
{
	uint32_t tasks = tasks_of(info), each = (cpus + tasks - 1) / tasks;

	d->min_cpus = tasks * each;
	d->cpus_per_task = (uint16_t)each;
}

/* Same size, place and account as the job's, without licences: those are held once. */
static void describe(job_desc_msg_t *d, const slurm_job_info_t *info)
{
	slurm_init_job_desc_msg(d);
	d->user_id = info->user_id;
	d->group_id = info->group_id;
	d->account = info->account;
	d->partition = info->partition;
	d->qos = info->qos;
	d->features = info->features;
	d->wckey = info->wckey;
	d->min_nodes = d->max_nodes = 1;
	d->num_tasks = info->num_tasks;
	/* What it has asked for: an exclusive one has more than that. */
	if (info->cpus_per_task && info->cpus_per_task != NO_VAL16)
		cpus_set(d, info, tasks_of(info) * info->cpus_per_task);
	else
		d->min_cpus = info->num_cpus;
	d->pn_min_cpus = info->pn_min_cpus;
	d->pn_min_memory = info->pn_min_memory;
	d->pn_min_tmp_disk = info->pn_min_tmp_disk;
	d->shared = info->shared;
	d->tres_per_node = info->tres_per_node;
	d->tres_per_job = info->tres_per_job;
	d->tres_per_task = info->tres_per_task;
	d->alloc_sid = (uint32_t)getsid(0);
	d->immediate = 0;
}

/* Memory of the node, not of each CPU. */
static void size_set(job_desc_msg_t *d, const slurm_job_info_t *info, const struct job_size *size)
{
	if (!size->cpus)
		return;
	cpus_set(d, info, size->cpus);
	if (size->memory_bytes)
		d->pn_min_memory = size->memory_bytes / MIB;
}

/* Not where its job is, or must not be, for it follows. Caller frees. */
static char *exclude(const char *own, const char *closed, const char *excluded)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s%s", own, *own && *closed ? "," : "", closed,
		     (*own || *closed) && *excluded ? "," : "", excluded) < 0)
		abort();
	return text;
}

/* A job that has its node whole has more than it asked for, and its VM likewise: a node with less
 * would be too small for it. */
static void least_set(job_desc_msg_t *d, const slurm_job_info_t *info, const struct job_size *least)
{
	if (info->shared != JOB_SHARED_NONE || !least->cpus)
		return;
	if (d->pn_min_cpus == NO_VAL16 || d->pn_min_cpus < least->cpus)
		d->pn_min_cpus = (uint16_t)least->cpus;
	if (d->pn_min_memory == 0) /* all that the node has */
		d->pn_min_memory = (least->memory_bytes + MIB - 1) / MIB;
}

static int allocate(const struct action *a, const char *nonce, int64_t now_s, struct err *e)
{
	AUTO(record_close) struct record r = {.msg = NULL};
	struct companion marked = {.id = 0};
	char mark[COMPANION_MARK_MAX + 1], name[48], node[JOB_NODE_MAX + 1],
		qos[sizeof(a->allocate.qos)];
	AUTO(free) char *not_on = NULL;
	char path[] = "PATH=/usr/bin:/bin", work_dir[] = "/", spank[32 + JOB_NONCE_LEN];
	char *environment[] = {path, NULL}, *spank_environment[] = {spank, NULL};
	resource_allocation_response_msg_t *answer = NULL;
	job_desc_msg_t d;

	if (record_open(a, nonce, &r, e) < 0)
		return -1;
	if (r.job.phase == JOB_PENDING && move_is_marked(&r.job)) /* its VM is on its way */
		r.job.end_s = r.job.request.moved_until_s;
	else if (r.job.phase != JOB_RUNNING)
		return err_set(e, ERR_CONFLICT, "job %u does not run any more", r.job.id);
	marked.size = a->size;
	(void)str_copy(marked.job_key, sizeof(marked.job_key), a->job_key);
	(void)str_copy(marked.vm_uid, sizeof(marked.vm_uid), a->uid);
	(void)companion_mark(&marked, mark, sizeof(mark));
	(void)str_fmt(name, sizeof(name), "vm-move-%u", r.job.id);
	(void)str_copy(node, sizeof(node), a->node);
	not_on = exclude(r.job.node, a->allocate.not_on, slurm_excluded(r.info, &r.job.request));
	describe(&d, r.info);
	if (r.job.reserves_own)
		d.reservation = r.info->resv_name;
	size_set(&d, r.info, &a->size);
	least_set(&d, r.info, &a->allocate.least);
	d.name = name;
	d.admin_comment = mark;
	d.exc_nodes = not_on[0] ? not_on : NULL;
	d.req_nodes = node[0] ? node : NULL;
	(void)str_copy(qos, sizeof(qos), a->allocate.qos);
	/* With AccountingStorageEnforce=qos its owner must be allowed it, whoever asks. */
	if (qos[0])
		d.qos = qos;
	d.time_limit = minutes_left(r.job.end_s, now_s);
	d.priority = PRIORITY_FIRST; /* its job has waited its time already */
	d.work_dir = work_dir;
	d.environment = environment;
	d.env_size = 1;
	/* One that may become the job needs an epilog that waits for the VM. */
	(void)str_fmt(spank, sizeof(spank), "VM_NONCE=%s", nonce);
	if (heir_may_be(&r.job)) {
		d.spank_job_env = spank_environment;
		d.spank_job_env_size = 1;
	}
	if (slurm_allocate_resources(&d, &answer) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "allocate for the move");
	slurm_free_resource_allocation_response_msg(answer);
	return 0;
}

/* The record of one of the job's companions. ERR_ABSENT: there is none of that id. */
static int companion_load(const struct action *a, uint32_t id, job_info_msg_t **ret_msg,
			  slurm_job_info_t **ret_info, enum job_phase *ret_phase, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	struct companion marked = {.id = id};
	slurm_job_info_t *info;
	struct job j;

	if (slurm_record_load(id, &m, &info, e) < 0)
		return -1;
	if (!companion_find(info->admin_comment ? info->admin_comment : "", &marked) ||
	    !str_eq(marked.job_key, a->job_key))
		return err_set(e, ERR_CONFLICT, "job %u is no companion of %s", id, a->job_key);
	if (slurm_job_read(info, &j, e) < 0)
		return -1;
	*ret_phase = j.phase;
	*ret_info = info;
	*ret_msg = STEAL(m);
	return 0;
}

static int end_companion(const struct action *a, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL, *other = NULL;
	struct vm_request request = {.after = 0};
	enum job_phase phase, stays;
	slurm_job_info_t *info;
	struct err why;

	if (companion_load(a, a->companion, &m, &info, &phase, &why) < 0) {
		if (why.kind == ERR_ABSENT)
			return 0;
		*e = why;
		return -1;
	}
	if (!companion_may_end(a->end_companion.waited, phase))
		return err_set(e, ERR_CONFLICT, "companion %u has got its room since",
			       a->companion);
	(void)job_spec_find(info->admin_comment, &request, &why); /* none: it claims nothing */
	if (slurm_heir_check_end(a, &request, e) < 0)
		return -1;
	if (a->end_companion.stays &&
	    (companion_load(a, a->end_companion.stays, &other, &info, &stays, &why) < 0 ||
	     (stays != JOB_PENDING && stays != JOB_RUNNING)))
		return err_set(e, ERR_CONFLICT, "companion %u is not there any more",
			       a->end_companion.stays);
	/* "Job complete" is for what runs; what waits is cancelled. */
	if (phase == JOB_PENDING ? compat_cancel_job(a->companion) == SLURM_SUCCESS
				 : compat_complete_job(a->companion, 0) == SLURM_SUCCESS)
		return 0;
	if (errno == ESLURM_ALREADY_DONE || errno == ESLURM_INVALID_JOB_ID)
		return 0;
	return slurm_failed(e, errno, "end the companion");
}

/* Looked at right before: a slurmctld that was started anew with an older state has the job, and
 * may have taken its mark, but has no companion for its VM any more. */
static int companion_check(const struct action *a, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	slurm_job_info_t *info;
	enum job_phase phase;
	struct err why;

	if (companion_load(a, a->companion, &m, &info, &phase, &why) == 0 && phase == JOB_RUNNING &&
	    info->start_time == a->requeue_job.companion_start_s)
		return 0;
	return err_set(e, ERR_CONFLICT, "companion %u does not run any more", a->companion);
}

static int requeue(const struct action *a, const char *nonce, struct err *e)
{
	AUTO(record_close) struct record r = {.msg = NULL};

	if (record_open(a, nonce, &r, e) < 0)
		return -1;
	if (r.job.phase != JOB_RUNNING)
		return 0;
	if (a->requeue_job.anew ? r.job.restarts != a->requeue_job.run
				: r.job.request.moved_run != r.job.restarts + 1)
		return 0; /* it has been, or is another run now */
	if (!a->requeue_job.anew && companion_check(a, e) < 0)
		return -1;
	if (a->requeue_job.anew)
		slurm_job_explain(r.job.id, r.info->comment, a->reason);
	if ((a->requeue_job.anew ? compat_requeue(r.job.id) : compat_requeue_held(r.job.id)) !=
	    SLURM_SUCCESS)
		return slurm_failed(e, errno, "queue the job again");
	return 0;
}

/* In this order: a job that is released before it has its node may start anywhere, and one that has
 * its node before its size would start there as it was. */
static int aim(const struct action *a, const char *nonce, int64_t now_s, struct err *e)
{
	AUTO(record_close) struct record r = {.msg = NULL};
	char node[JOB_NODE_MAX + 1], none[] = "";
	job_desc_msg_t d;

	if (record_open(a, nonce, &r, e) < 0)
		return -1;
	if (r.job.phase != JOB_PENDING)
		return 0;
	(void)str_copy(node, sizeof(node), a->node);
	if (a->size.cpus) {
		compat_update_for(&d, r.job.id);
		size_set(&d, r.info, &a->size);
		if (slurm_record_update(&d, e) < 0)
			return -1;
	}
	compat_update_for(&d, r.job.id);
	d.req_nodes = node; /* "" takes it off */
	if (node[0]) {
		d.begin_time = (time_t)now_s;
		if (a->aim_job.until_s)
			d.time_limit = minutes_left(a->aim_job.until_s, now_s);
	} else if (a->aim_job.limit_s) {
		d.time_limit = (uint32_t)((a->aim_job.limit_s + 59) / 60);
	}
	if (r.job.reserved) /* of another node */
		d.reservation = none;
	if (slurm_record_update(&d, e) < 0)
		return -1;
	if (r.job.held) {
		compat_update_for(&d, r.job.id);
		d.priority = INFINITE; /* releases it */
		if (slurm_record_update(&d, e) < 0)
			return -1;
	}
	compat_update_for(&d, r.job.id);
	d.priority = node[0] ? PRIORITY_FIRST : INFINITE;
	return slurm_record_update(&d, e);
}

int slurm_move_apply(const struct action *a, const char *nonce, int64_t now_s, struct err *e)
{
	switch ((int)a->kind) {
	case ACT_ALLOCATE: return allocate(a, nonce, now_s, e);
	case ACT_END_COMPANION: return end_companion(a, e);
	case ACT_REQUEUE_JOB: return requeue(a, nonce, e);
	case ACT_AIM_JOB: return aim(a, nonce, now_s, e);
	case ACT_RESERVE: return slurm_reservation_make(a, nonce, now_s, e);
	case ACT_END_RESERVATION: return slurm_reservation_end(a, e);
	case ACT_BEQUEATH: return slurm_heir_name(a, nonce, e);
	case ACT_GIVE_WAY: return slurm_heir_give_way(a, nonce, e);
	default: return err_set(e, ERR_INVALID, "%s is no step in Slurm", action_name(a->kind));
	}
}
