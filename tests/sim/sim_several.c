/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs with two machines. The first machine's job lives as any other does; the second is what the
 * first is, on a node of its own, when something has been done to it. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <string.h>

/* The first two jobs are one, and the last two, which start from what is kept of it. */
void sim_several_init(struct sim *w)
{
	static const size_t pairs[] = {0, SIM_JOBS - 2};

	if (sim_chance(w, 3)) /* moves are of jobs with one machine */
		return;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct job *first = &w->job[pairs[i]].job, *second = &w->job[pairs[i] + 1].job;

		first->request.machines = 2;
		*second = *first;
		second->rank = 1;
	}
}

struct sim_job *sim_first_of(struct sim *w, struct sim_job *j)
{
	for (size_t i = 0; j->job.rank > 0 && i < SIM_JOBS; i++)
		if (w->job[i].job.rank == 0 && w->job[i].job.id == j->job.id)
			return &w->job[i];
	return j;
}

/* Another one than the first machine's, if there is one that takes jobs. */
static void node_choose(struct sim *w, struct job *j, const struct job *first)
{
	for (unsigned i = 0; i < SIM_NODES; i++) {
		(void)str_fmt(j->node, sizeof(j->node), "n%u", i);
		if (!str_eq(j->node, first->node) && sim_node_takes(w, j->node))
			return;
	}
	memcpy(j->node, first->node, sizeof(j->node));
}

static void follow(struct sim *w, struct sim_job *j, const struct sim_job *first)
{
	struct job *to = &j->job;
	const struct job *from = &first->job;
	bool begins = from->phase == JOB_RUNNING &&
		      (to->phase != JOB_RUNNING || to->restarts != from->restarts);

	to->phase = from->phase;
	to->end = from->end;
	to->restarts = from->restarts;
	to->start_s = from->start_s;
	to->end_s = from->end_s;
	to->held = from->held;
	memcpy(to->request.nonce, from->request.nonce, sizeof(to->request.nonce));
	j->ended_once = first->ended_once;
	j->lives_us = first->lives_us;
	j->ending_us = first->ending_us;
	j->cleared = first->cleared;
	j->late = first->late;
	if (begins)
		node_choose(w, to, from);
	else if (from->phase == JOB_PENDING)
		to->node[0] = '\0';
}

void sim_several_follow(struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (w->job[i].job.rank > 0)
			follow(w, &w->job[i], sim_first_of(w, &w->job[i]));
}

bool sim_is_clear(struct sim *w, const struct sim_job *j)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct job *one = &w->job[i].job;
		const struct vm_status *s;

		if (!job_is_same(one, &j->job))
			continue;
		s = sim_rank_status(w, one->id, one->rank);
		if (!s || !s->node_clear || !(j->again || s->state == VM_STATE_STOPPING))
			return false;
	}
	return true;
}

/* By what vmd saw: only the last guest that shuts down ends a job well. */
void sim_several_check_end(struct sim *w, const struct sim_view *v, const struct action *a)
{
	const struct job *j = NULL;
	size_t machines = 0, off = 0;

	if (a->kind != ACT_END_JOB || a->end_job.failed)
		return;
	for (size_t i = 0; i < v->n_job; i++) {
		char key[JOB_KEY_MAX + 1];

		if (str_eq(job_key(&v->job[i], key, sizeof(key)), a->job_key))
			j = &v->job[i];
	}
	for (size_t i = 0; j && i < v->n_job; i++) {
		char name[VM_NAME_MAX + 1];

		if (!job_is_same(&v->job[i], j))
			continue;
		machines++;
		(void)vm_name(&v->job[i], name, sizeof(name));
		for (size_t k = 0; k < v->n_vm; k++)
			off += str_eq(v->vm[k].name, name) && v->vm[k].phase == VM_STOPPED;
	}
	if (off != machines)
		sim_wrong(w, "job %u was ended, %zu of its %zu guests have shut down", a->job_id,
			  off, machines);
}
