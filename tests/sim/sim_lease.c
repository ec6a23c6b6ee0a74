/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two vmd and their Lease: the state machine that runs (lease/lease.c) on an API server that loses
 * requests, and the signals SIGSTOP and SIGCONT. One that is stopped keeps what it knows and what
 * it was about to send, for as long as it likes. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

bool sim_leads(const struct sim *w, const struct sim_vmd *d)
{
	return w->n_vmd == 1 || lease_leads(&d->lease, w->now_us);
}

/* The server's part: an update names the version it was decided on. */
static void lease_serve(struct sim *w, const struct sim_vmd *d, enum lease_step step, struct err *e)
{
	struct lease_seen *l = &w->lease;

	if (step == LEASE_READ) {
		if (!l->exists)
			(void)err_set(e, ERR_ABSENT, "404");
		return;
	}
	if (step == LEASE_CREATE ? l->exists
				 : !l->exists || !str_eq(l->version, d->lease.seen.version)) {
		(void)err_set(e, ERR_CONFLICT, "409");
		return;
	}
	*l = (struct lease_seen){.exists = true, .duration_s = 10};
	if (step != LEASE_RELEASE)
		(void)str_copy(l->holder, sizeof(l->holder), d->lease.self);
	(void)str_fmt(l->version, sizeof(l->version), "%llu", (unsigned long long)++w->uids);
}

static bool is_alive(const struct sim *w, const char *holder)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (str_eq(w->vmd[i].lease.self, holder))
			return true;
	return false;
}

static void lease_ask(struct sim *w, struct sim_vmd *d)
{
	int64_t at_us;
	enum lease_step step = lease_next(&d->lease, w->now_us, &at_us);
	bool lost = sim_chance(w, 400) < w->faults_percent;
	struct err e = {.kind = ERR_NONE};
	struct lease_seen seen;

	if (step == LEASE_IDLE)
		return;
	lease_sent(&d->lease, step, w->now_us);
	if (!lost || sim_chance(w, 2))
		lease_serve(w, d, step, &e);
	if (lost)
		(void)err_set(&e, ERR_UNSURE, "no answer");
	seen = w->lease;
	/* A holder on this host that is gone is known to be. */
	seen.holder_gone = *seen.holder && !is_alive(w, seen.holder) && sim_chance(w, 2);
	lease_answer(&d->lease, &seen, &e, w->now_us);
}

/* Of what it was doing some has left it already; a call into librbd stands still with it. */
static void vmd_stop(struct sim *w, struct sim_vmd *d)
{
	d->stopped_us =
		w->now_us + (int64_t)(1 + sim_chance(w, sim_chance(w, 4) ? 60 : 400)) * SIM_S;
	for (size_t i = 0; i < SIM_FLYING; i++) {
		struct sim_request *r = &w->request[i];

		if (r->used && r->life == d->life && r->apply_us != INT64_MAX)
			r->unsent |= sim_is_disk(&r->action) || sim_chance(w, 2);
	}
}

void sim_leases_move(struct sim *w)
{
	unsigned leaders = 0;

	for (size_t i = 0; i < w->n_vmd && w->n_vmd > 1; i++) {
		struct sim_vmd *d = &w->vmd[i];

		if (!d->stopped_us && sim_chance(w, 6000) < w->faults_percent)
			vmd_stop(w, d);
		if (d->stopped_us && d->stopped_us <= w->now_us) {
			d->stopped_us = 0;
			w->resumed_us = w->now_us;
		}
		if (!d->stopped_us)
			lease_ask(w, d);
		leaders += sim_leads(w, d);
		if (sim_leads(w, d) && d->led_us != d->lease.since_us) {
			/* see vmd/lead.c: what it knows is from before */
			d->led_us = d->lease.since_us;
			d->wake_us = w->now_us;
			d->view = (struct sim_view){.n_vm = 0};
			w->led++;
		}
	}
	if (leaders > 1)
		sim_wrong(w, "%u vmd lead", leaders);
}
