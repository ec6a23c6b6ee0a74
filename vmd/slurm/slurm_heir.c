/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See slurm_heir.h. What makes an heir the job is one write: that the job before it is completed
 * while its record names the heir. What is written before that claims, and costs nothing when it is
 * undone; so licences, which are not asked for with a companion, are held twice for that moment,
 * and not by others in between. */
#include "vmd/slurm/slurm_heir.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/migration/heir.h"
#include "vmd/slurm/slurm_record.h"

#include <errno.h>
#include <stdlib.h>

#define TEXT_MAX 4096 /* the mark of a companion, a request, a status */

/* The records of the job and of its heir-to-be, as they are now. */
struct pair {
	job_info_msg_t *job_msg, *heir_msg;
	slurm_job_info_t *job_info, *heir_info; /* in those */
	struct job job;
	uint32_t after; /* what the heir's record says so far; 0: nothing */
};

static void pair_close_auto(struct pair *p)
{
	slurm_free_job_info_msg(p->job_msg);
	slurm_free_job_info_msg(p->heir_msg);
}

static const char *comment_of(const slurm_job_info_t *info)
{
	return info->admin_comment ? info->admin_comment : "";
}

/* ERR_CONFLICT: one of them is not, or is no more, what it was planned for. */
static int pair_open(const struct action *a, const char *nonce, struct pair *p, struct err *e)
{
	struct vm_request request;
	struct companion marked = {.id = a->companion};
	struct err ignored;
	struct job heir;

	if (slurm_record_load(a->job_id, &p->job_msg, &p->job_info, e) < 0 ||
	    slurm_record_check(p->job_info, nonce, &p->job, e) < 0 ||
	    slurm_record_load(a->companion, &p->heir_msg, &p->heir_info, e) < 0 ||
	    slurm_job_read(p->heir_info, &heir, e) < 0)
		return -1;
	if (!companion_find(comment_of(p->heir_info), &marked) ||
	    !str_eq(marked.job_key, a->job_key) || heir.phase != JOB_RUNNING ||
	    heir.uid != p->job.uid)
		return err_set(e, ERR_CONFLICT, "companion %u does not run any more", a->companion);
	if (!heir_may_be(&p->job))
		return err_set(e, ERR_CONFLICT, "job %u has no heir", a->job_id);
	if (job_spec_find(comment_of(p->heir_info), &request, &ignored) == 1)
		p->after = request.after;
	return 0;
}

/* For people, and for the books: what the companion lacks of its job. That one of it is refused
 * holds up nothing. */
static void become(const struct action *a, const struct pair *p)
{
	const slurm_job_info_t *job = p->job_info;
	char *const words[][2] = {{job->name, p->heir_info->name},
				  {job->licenses, p->heir_info->licenses}};
	char why[160];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct err ignored;
		job_desc_msg_t d;

		if (!words[i][0] || !*words[i][0] ||
		    (words[i][1] && str_eq(words[i][0], words[i][1])))
			continue;
		compat_update_for(&d, a->companion);
		*(i == 0 ? &d.name : &d.licenses) = words[i][0];
		(void)slurm_record_update(&d, &ignored);
	}
	(void)str_fmt(why, sizeof(why),
		      "it has the virtual machine of job %u, whose place it takes", a->job_id);
	slurm_job_explain(a->companion, job->comment, why);
}

int slurm_heir_name(const struct action *a, const char *nonce, struct err *e)
{
	AUTO(pair_close) struct pair p = {.job_msg = NULL};
	char text[TEXT_MAX];
	struct vm_request request;
	job_desc_msg_t d;

	if (pair_open(a, nonce, &p, e) < 0)
		return -1;
	if (p.job.phase != JOB_RUNNING || p.after == a->job_id)
		return 0;
	if (p.job.request.heir && p.job.request.heir != a->companion)
		return err_set(e, ERR_CONFLICT, "job %u makes room for job %u", a->job_id,
			       p.job.request.heir);
	become(a, &p);
	request = p.job.request;
	request.as = job_key_id(&p.job);
	request.after = a->job_id;
	vm_request_exclude(&request, slurm_excluded(p.job_info, &p.job.request));
	if (job_spec_place(comment_of(p.heir_info), &request, a->reason, text, sizeof(text), e) < 0)
		return -1;
	compat_update_for(&d, a->companion);
	d.admin_comment = text;
	return slurm_record_update(&d, e);
}

/* Does another one that goes on claim the place? When the job is forgotten nobody could tell which
 * of them has it (migration/move.c looks for one, too, in a list that may be older). */
static int check_rivals(const struct action *a, const struct pair *p, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;

	if (slurm_load_job_user(&m, p->job_info->user_id, SHOW_ALL) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load jobs of a user");
	for (uint32_t i = 0; i < m->record_count; i++) {
		slurm_job_info_t *info = &m->job_array[i];
		struct vm_request request;
		struct err ignored;
		struct job j;

		if (info->job_id == a->companion ||
		    job_spec_find(comment_of(info), &request, &ignored) != 1 ||
		    request.after != a->job_id || !str_eq(request.nonce, p->job.request.nonce))
			continue;
		if (slurm_job_read(info, &j, e) < 0)
			return -1;
		if (j.phase == JOB_PENDING || j.phase == JOB_RUNNING)
			return err_set(e, ERR_CONFLICT, "job %u claims the place of job %u, too",
				       j.id, a->job_id);
	}
	return 0;
}

int slurm_heir_give_way(const struct action *a, const char *nonce, struct err *e)
{
	AUTO(pair_close) struct pair p = {.job_msg = NULL};
	char why[160];

	if (pair_open(a, nonce, &p, e) < 0)
		return -1;
	if (p.job.phase != JOB_RUNNING)
		return 0;
	if (p.after != a->job_id || p.job.request.heir != a->companion)
		return err_set(e, ERR_CONFLICT, "job %u and its heir %u do not name each other",
			       a->job_id, a->companion);
	if (check_rivals(a, &p, e) < 0)
		return -1;
	(void)str_fmt(why, sizeof(why), "its virtual machine has moved, and goes on as job %u",
		      a->companion);
	slurm_job_explain(a->job_id, p.job_info->comment, why);
	if (compat_complete_job(a->job_id, 0) == SLURM_SUCCESS || errno == ESLURM_ALREADY_DONE)
		return 0;
	return slurm_failed(e, errno, "complete the job for its heir");
}

/* An allocation of the job with a->job_key, as it is now. 0: it is forgotten, or its id is another
 * job's; 1: it is there. */
static int load(const struct action *a, uint32_t id, struct job *ret, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	char nonce[JOB_NONCE_LEN + 1];
	slurm_job_info_t *info;
	struct err why;
	uint32_t first;

	if (job_key_parse(a->job_key, &first, nonce) < 0)
		return err_set(e, ERR_INVALID, "%s is no key of a job", a->job_key);
	if (slurm_record_load(id, &m, &info, &why) == 0 &&
	    slurm_record_check(info, nonce, ret, &why) == 0)
		return 1;
	if (why.kind == ERR_ABSENT || why.kind == ERR_CONFLICT)
		return 0;
	*e = why;
	return -1;
}

/* Did it rest on a job that nobody is any more? */
static int check_job(const struct action *a, struct err *e)
{
	struct job j;
	int found;

	if (a->end_companion.job_over)
		return 0;
	found = load(a, a->job_id, &j, e);
	if (found < 0)
		return -1;
	if (found == 0 || heir_has_room(&j))
		return err_set(e, ERR_CONFLICT, "job %u has ended, another may have its place",
			       a->job_id);
	if (a->end_companion.follows && !move_follows(&j, a->node))
		return err_set(e, ERR_CONFLICT, "job %u does not wait for %s any more", a->job_id,
			       a->node);
	return 0;
}

int slurm_heir_check_end(const struct action *a, const struct vm_request *request, struct err *e)
{
	struct job before;
	int found;

	if (check_job(a, e) < 0)
		return -1;
	if (!request->after)
		return 0;
	found = load(a, request->after, &before, e);
	if (found < 0)
		return -1;
	if (found == 1 && !(heir_has_room(&before) && before.request.heir == a->companion))
		return 0;
	return err_set(e, ERR_CONFLICT, "companion %u has become the job", a->companion);
}
