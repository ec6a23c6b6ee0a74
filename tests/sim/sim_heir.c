/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An allocation whose companion takes its place. Each call checks what slurm/slurm_heir.c checks.
 * That an allocation and its heir are two records is vmd/migration/heir.h's: here the job becomes
 * the heir at once, and what is asked for the id before it finds nothing. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/migration/heir.h"

#include <string.h>

static struct sim_companion *heir_of(struct sim *w, const struct action *a)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (w->companion[i].c.id == a->companion && a->companion &&
		    w->companion[i].c.phase == JOB_RUNNING &&
		    str_eq(w->companion[i].c.job_key, a->job_key))
			return &w->companion[i];
	return NULL;
}

static int bequeath(struct sim *w, const struct action *a, const struct sim_job *j,
		    struct sim_companion *h, struct err *e)
{
	char text[JOB_REQUEST_MAX + ACTION_TEXT_MAX + 2];
	struct vm_request r = j->job.request;

	if (h->c.after == j->job.id)
		return 0;
	if (r.heir && r.heir != h->c.id)
		return err_set(e, ERR_CONFLICT, "it makes room for another one");
	r.as = job_key_id(&j->job);
	r.after = j->job.id;
	if (job_spec_encode(&r, text, JOB_REQUEST_MAX, e) < 0 ||
	    str_fmt(text + strlen(text), sizeof(text) - strlen(text), "%s", a->reason) < 0 ||
	    job_spec_decode(text, &h->request, e) < 0) {
		sim_wrong(w, "the record of an heir cannot be read: %.120s", e->msg);
		return -1;
	}
	h->c.after = j->job.id;
	return 0;
}

/* Its epilog lets the node go: no guest of it may be there. */
static void give_way(struct sim *w, struct sim_job *j, struct sim_companion *h)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].guest && str_eq(w->vm[i].vm.job_key, h->c.job_key) &&
		    !str_eq(w->vm[i].vm.node, h->c.node))
			sim_wrong(w, "job %u gave way, and %s is not with its heir", j->job.id,
				  w->vm[i].vm.name);
	j->job.id = h->c.id;
	j->job.request = h->request;
	memcpy(j->job.node, h->c.node, sizeof(j->job.node));
	j->job.start_s = h->c.start_s;
	if (h->c.size.cpus) {
		j->job.cpus = h->c.size.cpus;
		j->job.memory_bytes = h->c.size.memory_bytes;
	}
	*h = (struct sim_companion){.c = {.id = 0}};
	w->moved++;
	w->heirs++;
}

static bool has_rival(const struct sim *w, const struct action *a)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++) {
		const struct companion *c = &w->companion[i].c;

		if (c->id && c->id != a->companion && companion_is_live(c) &&
		    c->after == a->job_id && str_eq(c->job_key, a->job_key))
			return true;
	}
	return false;
}

int sim_heir_effect(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_job *j = sim_job_of(w, a->job_key);
	struct sim_companion *h = heir_of(w, a);

	if (!j || j->job.id != a->job_id || j->job.phase != JOB_RUNNING)
		return 0;
	if (!h || !heir_may_be(&j->job))
		return err_set(e, ERR_CONFLICT, "companion %u does not run any more", a->companion);
	if (a->kind == ACT_BEQUEATH)
		return bequeath(w, a, j, h, e);
	if (h->c.after != j->job.id || j->job.request.heir != h->c.id)
		return err_set(e, ERR_CONFLICT, "they do not name each other");
	if (has_rival(w, a))
		return err_set(e, ERR_CONFLICT, "another one claims its place");
	give_way(w, j, h);
	return 0;
}
