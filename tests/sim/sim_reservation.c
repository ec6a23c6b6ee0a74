/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's reservations of nodes that jobs follow their VMs to: a table by name. Each call checks
 * what slurm/slurm_reservation.c checks, and may be cut short between its two steps. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <string.h>

static struct sim_reservation *find(struct sim *w, const char *name)
{
	char other[RESERVATION_NAME_MAX + 1];

	for (size_t i = 0; i < SIM_RESERVATIONS; i++) {
		struct sim_reservation *r = &w->reservation[i];

		if (r->r.job_id && reservation_name(&r->r, other, sizeof(other)) == 0 &&
		    str_eq(other, name))
			return r;
	}
	return NULL;
}

static struct sim_reservation *place(struct sim *w)
{
	for (size_t i = 0; i < SIM_RESERVATIONS; i++)
		if (!w->reservation[i].r.job_id)
			return &w->reservation[i];
	return NULL;
}

/* In it a job finds its place free: nobody else begins there. */
static int make(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_job *j = sim_job_of(w, a->job_key);
	struct sim_reservation *r = find(w, a->object);

	if (j && j->job.phase == JOB_RUNNING)
		return 0;
	if (!j || j->job.id != a->job_id || j->job.phase != JOB_PENDING || j->job.held ||
	    !str_eq(j->job.asked_node, a->node))
		return err_set(e, ERR_CONFLICT, "job %u does not wait for it", a->job_id);
	if (!w->script && sim_chance(w, 10) == 0)
		return err_set(e, ERR_DENIED, "no reservations here");
	r = r ? r : place(w);
	if (!r || !reservation_parse(a->object, &r->r))
		return err_set(e, ERR_RETRY, "too many reservations");
	r->end_us = w->now_us + RESERVATION_S * SIM_S;
	w->reserved++;
	if (!w->script && sim_chance(w, 5) == 0)
		return err_set(e, ERR_UNSURE, "slurmctld went away");
	j->job.reserved = r->r.companion;
	if (j->next_us > w->now_us + 4 * SIM_S)
		j->next_us = w->now_us + (int64_t)sim_chance(w, 4) * SIM_S;
	return 0;
}

static void end(struct sim *w, struct sim_reservation *r)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct job *j = &w->job[i].job;

		if (j->id == r->r.job_id && str_eq(j->request.nonce, r->r.nonce) &&
		    j->reserved == r->r.companion)
			j->reserved = 0;
	}
	*r = (struct sim_reservation){.end_us = 0};
}

int sim_reservation_effect(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_reservation *r;

	if (a->kind == ACT_RESERVE)
		return make(w, a, e);
	r = find(w, a->object);
	if (r)
		end(w, r);
	return 0;
}

/* Of a script they do not end by themselves: none may be left. */
void sim_reservations_move(struct sim *w)
{
	for (size_t i = 0; i < SIM_RESERVATIONS; i++)
		if (w->reservation[i].r.job_id && !w->script &&
		    w->now_us >= w->reservation[i].end_us)
			end(w, &w->reservation[i]);
}

/* The list may be older than the records of jobs, which hints bring. */
void sim_reservations_see(struct sim *w, struct sim_view *v)
{
	if (w->faults_percent && sim_chance(w, 3) == 0)
		return;
	v->n_reservation = 0;
	for (size_t i = 0; i < SIM_RESERVATIONS; i++)
		if (w->reservation[i].r.job_id)
			v->reservation[v->n_reservation++] = w->reservation[i].r;
}

bool sim_has_reservations(const struct sim *w)
{
	for (size_t i = 0; i < SIM_RESERVATIONS; i++)
		if (w->reservation[i].r.job_id)
			return true;
	return false;
}
