/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One job by libslurm: its record, AdminComment, what its user is told, its end. Blocks; one worker
 * thread.
 *
 * A job is ended by "job complete", the call that salloc makes at its end: it works for batch jobs
 * and for allocations with and without a shell, needs SlurmUser or root, and takes a wait status.
 * Status 0 makes the job COMPLETED; exit status 1 makes it FAILED with ExitCode 1:0. (Tried on
 * 22.05. requeuehold with SpecialExit, the other way, keeps the job in the queue for an operator
 * and exists for batch jobs only.) */
#include "vmd/slurm/slurm_record.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/job/job_words.h"
#include "vmd/migration/move.h"
#include "vmd/slurm/slurm_jobs.h"

#include <errno.h>
#include <string.h>

#define ADMIN_COMMENT_MAX 65536
#define COMMENT_MARK      "slurm-vm: "
#define STATUS_EXIT_1     (1U << 8)

int slurm_failed(struct err *e, int code, const char *what)
{
	enum err_kind kind = ERR_RETRY;

	switch (code) {
	case ESLURM_INVALID_JOB_ID:
	case ESLURM_ALREADY_DONE:
	case ESLURM_JOB_FINISHED: kind = ERR_ABSENT; break;
	case ESLURM_ACCESS_DENIED:
	case ESLURM_USER_ID_MISSING: kind = ERR_DENIED; break;
	case SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR:
	case SLURM_COMMUNICATIONS_RECEIVE_ERROR: kind = ERR_UNSURE; break;
	default: break; /* several hundred codes: not done, try again */
	}
	return err_set(e, kind, "slurmctld: cannot %s: %s", what, slurm_strerror(code));
}

int slurm_record_load(uint32_t job_id, job_info_msg_t **ret_msg, slurm_job_info_t **ret,
		      struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;

	if (compat_load_job(&m, job_id) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load job");
	for (uint32_t i = 0; i < m->record_count; i++) {
		if (compat_job_id(&m->job_array[i]) == job_id) {
			*ret = &m->job_array[i];
			*ret_msg = STEAL(m);
			return 0;
		}
	}
	return err_set(e, ERR_ABSENT, "slurmctld has no job %u", job_id);
}

int slurm_record_check(const slurm_job_info_t *info, const char *nonce, struct job *ret,
		       struct err *e)
{
	struct vm_request request;
	struct job j;

	if (slurm_job_read(info, &j, e) < 0)
		return -1;
	if (job_spec_find(info->admin_comment ? info->admin_comment : "", &request, e) != 1 ||
	    !str_eq(request.nonce, nonce))
		return err_set(e, ERR_CONFLICT, "job %u is another job now", j.id);
	j.request = request;
	*ret = j;
	return 0;
}

int slurm_record_update(job_desc_msg_t *d, struct err *e)
{
	return slurm_update_job(d) == SLURM_SUCCESS ? 0 : slurm_failed(e, errno, "update job");
}

/* text is the record to be; there is the request of the one that is there. */
static int record_fits(const slurm_job_info_t *info, const struct vm_request *there,
		       const char *text, struct err *e)
{
	struct vm_request next;
	struct job j;

	if (slurm_job_read(info, &j, e) < 0 || job_spec_find(text, &next, e) < 0)
		return -1;
	j.request = *there;
	if (!move_may_record(&j, &next))
		return err_set(e, ERR_CONFLICT, "job %u has been queued again to follow its VM",
			       j.id);
	return 0;
}

/* The status as it shall stand behind the request: of several machines beside that of the others.
 */
static int status_merge(const char *old, uint32_t rank, const struct vm_request *r,
			const char *status, char buf[ADMIN_COMMENT_MAX], struct err *e)
{
	const char *inside;
	size_t len;

	if (r->machines <= 1)
		return str_copy(buf, ADMIN_COMMENT_MAX, status);
	inside = job_spec_inside(old, &len);
	return job_words_merge(inside, len, rank, status, buf, ADMIN_COMMENT_MAX, e);
}

int slurm_job_record(uint32_t job_id, uint32_t rank, const struct vm_request *r, const char *status,
		     struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	AUTO(free) char *text = malloc(ADMIN_COMMENT_MAX);
	AUTO(free) char *words = malloc(ADMIN_COMMENT_MAX);
	slurm_job_info_t *info;
	struct vm_request there;
	const char *old;
	job_desc_msg_t d;
	int found;

	if (!text || !words)
		abort();
	if (slurm_record_load(job_id, &m, &info, e) < 0)
		return -1;
	old = info->admin_comment ? info->admin_comment : "";
	found = job_spec_find(old, &there, e);
	if (found < 0)
		return err_wrap(e, "job %u: AdminComment", job_id);
	if (found > 0 && (!str_eq(there.nonce, r->nonce) || there.as != r->as))
		return err_set(e, ERR_CONFLICT, "job %u is another job now (nonce %s)", job_id,
			       there.nonce);
	if (status_merge(old, rank, r, status, words, e) < 0 ||
	    job_spec_place(old, r, words, text, ADMIN_COMMENT_MAX, e) < 0)
		return -1;
	if (str_eq(old, text))
		return 0;
	if (found > 0 && record_fits(info, &there, text, e) < 0)
		return -1;
	compat_update_for(&d, job_id);
	d.admin_comment = text;
	return slurm_record_update(&d, e);
}

/* The user's part of a Comment: what stands before our own words. */
static size_t comment_len(const char *comment)
{
	const char *ours = strstr(comment, COMMENT_MARK);
	size_t len = ours ? (size_t)(ours - comment) : strlen(comment);

	return len >= 2 && ours && strncmp(comment + len - 2, "; ", 2) == 0 ? len - 2 : len;
}

void slurm_job_explain(uint32_t job_id, const char *comment, const char *why)
{
	char line[512], text[1024];
	const char *old = comment ? comment : "";
	size_t len = comment_len(old);
	job_desc_msg_t d;
	struct err ignored;

	if (str_fmt(line, sizeof(line), COMMENT_MARK "%s", why) < 0 || strstr(old, line))
		return;
	(void)compat_notify_job(job_id, line);
	if (str_fmt(text, sizeof(text), "%.*s%s%s", (int)len, old, len ? "; " : "", line) < 0)
		return;
	compat_update_for(&d, job_id);
	d.comment = text;
	(void)slurm_record_update(&d, &ignored);
}

int slurm_job_end(uint32_t job_id, bool failed, const char *why, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	slurm_job_info_t *info;
	struct vm_request request;
	struct err why_not;
	struct job j;

	if (slurm_record_load(job_id, &m, &info, &why_not) < 0) {
		if (why_not.kind == ERR_ABSENT)
			return 0;
		*e = why_not;
		return -1;
	}
	if (slurm_job_read(info, &j, e) < 0)
		return -1;
	if (j.phase != JOB_RUNNING)
		return 0;
	/* As COMPLETED it would make room for its heir, which would go on instead. */
	if (!failed && job_spec_find(info->admin_comment, &request, &why_not) == 1 && request.heir)
		return err_set(e, ERR_RETRY,
			       "job %u is just becoming job %u, after its VM: try again", job_id,
			       request.heir);
	if (failed && why && why[0])
		slurm_job_explain(job_id, info->comment, why);
	if (compat_complete_job(job_id, failed ? STATUS_EXIT_1 : 0) == SLURM_SUCCESS ||
	    errno == ESLURM_ALREADY_DONE || errno == ESLURM_INVALID_JOB_ID)
		return 0;
	return slurm_failed(e, errno, "end job");
}

int slurm_job_tell(uint32_t job_id, const char *nonce, const char *text, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	char line[1024];
	slurm_job_info_t *info;
	struct job j;

	if (slurm_record_load(job_id, &m, &info, e) < 0 ||
	    slurm_record_check(info, nonce, &j, e) < 0)
		return -1;
	if (j.phase != JOB_RUNNING)
		return 0;
	(void)snprintf(line, sizeof(line), COMMENT_MARK "%s", text);
	return compat_notify_job(job_id, line) == SLURM_SUCCESS
		       ? 0
		       : slurm_failed(e, errno, "tell the job");
}
