/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations of nodes that jobs follow their VMs to (migration/reservation.h): made right before
 * the companion's end, ended as soon as the job has started, or goes elsewhere. Their names say
 * whose they are, so what a vmd that died has left is found. Of a list that may be old or missing:
 * one that is ended too soon costs its job the protection, no more, and one that nobody ends is
 * ended by Slurm. Pure. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

static void end(struct planner *p, const struct turn *t, const struct reservation *r)
{
	char name[RESERVATION_NAME_MAX + 1];

	(void)reservation_name(r, name, sizeof(name));
	(void)plan_add(p, t, ACT_END_RESERVATION, name);
}

void plan_reserve(struct planner *p, const struct turn *t, const struct companion *h)
{
	struct reservation r = reservation_of(t->job, h->id);
	char name[RESERVATION_NAME_MAX + 1];
	struct action *a;

	(void)reservation_name(&r, name, sizeof(name));
	a = plan_add(p, t, ACT_RESERVE, name);
	if (a)
		(void)str_copy(a->node, sizeof(a->node), h->node);
}

static bool is_of(const struct reservation *r, const struct job *j)
{
	return r->job_id == j->id && str_eq(r->nonce, j->request.nonce);
}

void plan_reservations_of(struct planner *p, const struct turn *t)
{
	const struct job *j = t->job;
	struct reservation own = reservation_of(j, j->reserved);

	for (size_t i = 0; i < p->want->n_reservation; i++) {
		const struct reservation *r = &p->want->reservation[i];

		if (is_of(r, j) && (r->companion != t->move.reserves || j->phase == JOB_RUNNING))
			end(p, t, r);
	}
	/* Its record may be newer than the list. */
	if (j->reserved && (j->reserved != t->move.reserves || j->phase == JOB_RUNNING))
		end(p, t, &own);
}

/* Is one of that id known by another request, so that the reservation is an earlier job's? */
static const struct job *job_by_id(const struct desired *want, uint32_t id)
{
	for (size_t i = 0; i < want->n; i++)
		if (want->job[i].id == id)
			return &want->job[i];
	return NULL;
}

void plan_reservations(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_reservation; i++) {
		const struct reservation *r = &p->want->reservation[i];
		const struct job *j = job_by_id(p->want, r->job_id);
		struct turn t = {.job_id = r->job_id};

		/* One whose request cannot be read is left alone (rule 17): Slurm ends it. */
		if (j ? is_of(r, j) : world_is_live(p->want, r->job_id))
			continue;
		(void)str_fmt(t.have.key, sizeof(t.have.key), "%u-%s", r->job_id, r->nonce);
		end(p, &t, r);
	}
}
