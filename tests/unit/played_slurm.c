/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See played_slurm.h. Cluster "lab", whose SlurmUser is 64030. */
#include "tests/unit/played_slurm.h"

#include "vmd/base/str.h"
#include "vmd/slurm/slurm_move.h"
#include "vmd/slurm/slurm_node.h"

#include <string.h>

struct slurm_jobs {
	int nothing;
};

struct played_slurm slurm;

int slurm_jobs_new(struct slurm_jobs **ret, struct err *e)
{
	(void)e;
	*ret = calloc(1, sizeof(**ret));
	return 0;
}

void slurm_jobs_free(struct slurm_jobs *s)
{
	free(s);
}

static int answer(struct err *e)
{
	return slurm.down ? err_set(e, ERR_RETRY, "slurmctld is down") : 0;
}

int slurm_jobs_load(struct slurm_jobs *s, struct slurm_list *ret, struct err *e)
{
	(void)s;
	slurm.loads++;
	if (answer(e) < 0)
		return -1;
	*ret = (struct slurm_list){.job = calloc(4, sizeof(struct job)), .live = calloc(4, 4)};
	for (size_t i = 0; i < slurm.n; i++) {
		ret->live[ret->n_live++] = slurm.job[i].id;
		if (slurm.job[i].request.image[0])
			ret->job[ret->n++] = slurm.job[i];
	}
	ret->node = calloc(1, sizeof(*ret->node));
	ret->companion = calloc(1, sizeof(*ret->companion));
	if (slurm.drained) {
		ret->n_node = 1;
		*ret->node =
			(struct slurm_node){.drained = true, .reason = "a fan", .by_name = "root"};
		(void)str_copy(ret->node->name, sizeof(ret->node->name), slurm.drained);
	}
	ret->reservation = calloc(1, sizeof(*ret->reservation));
	if (slurm.reserves) {
		ret->n_reservation = 1;
		*ret->reservation = (struct reservation){.job_id = 17, .companion = 23};
	}
	if (slurm.companion_of) {
		ret->n_companion = 1;
		*ret->companion = (struct companion){.id = 23, .node = "n2"};
		(void)str_copy(ret->companion->job_key, sizeof(ret->companion->job_key),
			       slurm.companion_of);
	}
	return 0;
}

static struct job *job_of(uint32_t id, struct err *e)
{
	for (size_t i = 0; i < slurm.n; i++)
		if (slurm.job[i].id == id)
			return &slurm.job[i];
	(void)err_set(e, ERR_ABSENT, "no job %u", id);
	return NULL;
}

int slurm_job_load(uint32_t id, struct job **ret, size_t *ret_n, struct err *e)
{
	slurm.singles++;
	if (answer(e) < 0 || !job_of(id, e))
		return -1;
	*ret = calloc(slurm.n, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < slurm.n; i++)
		if (slurm.job[i].id == id)
			(*ret)[(*ret_n)++] = slurm.job[i];
	return 0;
}

int slurm_job_record(uint32_t id, uint32_t rank, const struct vm_request *r, const char *status,
		     struct err *e)
{
	struct job *j = job_of(id, e);

	slurm.records++;
	slurm.recorded_rank = rank;
	if (!j)
		return -1;
	j->request = *r;
	snprintf(slurm.recorded, sizeof(slurm.recorded), "%s", status);
	return 0;
}

int slurm_job_end(uint32_t id, bool failed, const char *comment, struct err *e)
{
	struct job *j = job_of(id, e);

	(void)comment;
	slurm.ends++;
	slurm.ended_failed = failed;
	if (j)
		j->phase = JOB_ENDED;
	return 0;
}

int slurm_move_apply(const struct action *a, const char *nonce, int64_t now_s, struct err *e)
{
	(void)now_s;
	slurm.moves++;
	(void)snprintf(slurm.moved, sizeof(slurm.moved), "%s of %s", action_name(a->kind), nonce);
	return answer(e);
}

int slurm_job_tell(uint32_t id, const char *nonce, const char *text, struct err *e)
{
	slurm.moves++;
	(void)snprintf(slurm.moved, sizeof(slurm.moved), "%.20s to %u of %.16s", text, id, nonce);
	return answer(e);
}

int slurm_node_apply(const struct action *a, struct err *e)
{
	slurm.moves++;
	(void)snprintf(slurm.moved, sizeof(slurm.moved), "%s of %s", action_name(a->kind),
		       a->object);
	return answer(e);
}

int slurm_prolog_check(struct err *e)
{
	return slurm.forges ? err_set(e, ERR_DENIED, "the prolog says what srun sends") : 0;
}

int slurm_cluster(char *ret_name, size_t size, uint32_t *ret_slurm_uid, struct err *e)
{
	if (answer(e) < 0)
		return -1;
	*ret_slurm_uid = 64030;
	return str_copy(ret_name, size, "lab");
}
