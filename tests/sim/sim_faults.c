/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong, drawn from the seed: with a request (refused, throttled, forbidden, lost, done
 * without an answer, done twice, done late, stuck), and with the world (the wall
 * clock jumps, a disk cannot be read, slurmctld forgets a move, or a job and gives its id to
 * another one, a job that has ended is queued again). What is wrong with views is in sim_vmd.c.
 *
 * Bounds are those that DESIGN.md promises to live with: a create without an answer lands within
 * 75 s, a view is at most 180 s old. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <string.h>

bool sim_is_disk(const struct action *a)
{
	return action_class(a->kind) == CLASS_DISK || action_class(a->kind) == CLASS_CLAIM;
}

static bool is_slurms(const struct action *a)
{
	enum action_class c = action_class(a->kind);

	return c == CLASS_JOB_RECORD || c == CLASS_JOB_MOVE || c == CLASS_COMPANION ||
	       c == CLASS_RESERVATION || c == CLASS_SLURM_NODE;
}

static void refuse(struct sim_request *r, enum err_kind kind, const char *text)
{
	r->apply_us = INT64_MAX;
	(void)err_set(&r->outcome, kind, "%s", text);
}

static void lose_answer(struct sim_request *r, int64_t us)
{
	r->reply_us = us;
	(void)err_set(&r->outcome, ERR_UNSURE, "no answer");
}

/* Calls into librbd are never lost, but they hang: done or not, a thread comes back late. */
static void disk_fate(struct sim *w, struct sim_request *r)
{
	switch (sim_chance(w, 6)) {
	case 0: refuse(r, ERR_RETRY, "EBUSY"); break;
	case 1: refuse(r, ERR_FULL, "ENOSPC"); break;
	case 2: /* ETIMEDOUT, and it was done all the same */
		lose_answer(r, r->apply_us + 10 * SIM_S);
		break;
	case 3: /* stuck, then done; vmd waits for 15 minutes */
		r->apply_us = w->now_us + (int64_t)sim_chance(w, 600) * SIM_S;
		r->reply_us = r->apply_us;
		break;
	case 4: /* stuck for ever */ r->apply_us = r->reply_us = INT64_MAX; break;
	default: r->reply_us = INT64_MAX; break; /* done, and nothing is ever heard of it */
	}
}

static void kube_fate(struct sim *w, struct sim_request *r)
{
	switch (sim_chance(w, 9)) {
	case 0: refuse(r, ERR_RETRY, "503"); break;
	case 1: /* 429 with Retry-After: nobody may ask for a while */
		refuse(r, ERR_RETRY, "429");
		w->quiet_until_us = w->now_us + (int64_t)sim_chance(w, 60) * SIM_S;
		break;
	case 2: /* forbidden, now and then: a create is given up for it */
		refuse(r, sim_chance(w, 4) ? ERR_RETRY : ERR_DENIED, "403");
		break;
	case 3: /* lost */
		r->apply_us = INT64_MAX;
		lose_answer(r, w->now_us + 10 * SIM_S);
		break;
	case 4: lose_answer(r, r->apply_us + 10 * SIM_S); break; /* done */
	case 5: r->reply_us = INT64_MAX; break;                  /* done, and never a word */
	case 6: /* sent again by the library, since a connection broke */
		r->twice = true;
		r->reply_us = r->apply_us + (int64_t)(1 + sim_chance(w, 8)) * SIM_S;
		break;
	default: /* done long after vmd gave up */
		lose_answer(r, w->now_us + 10 * SIM_S);
		r->apply_us = r->reply_us + (int64_t)sim_chance(w, 60) * SIM_S;
		break;
	}
}

/* One worker calls Slurm, a call at a time: what is late is late by slurmctld alone. */
static void slurm_fate(struct sim *w, struct sim_request *r)
{
	switch (sim_chance(w, 4)) {
	case 0: refuse(r, ERR_RETRY, "slurmctld does not answer"); break;
	case 1: /* lost */
		r->apply_us = INT64_MAX;
		lose_answer(r, w->now_us + 10 * SIM_S);
		break;
	case 2: lose_answer(r, r->apply_us + 10 * SIM_S); break; /* done */
	default:                                                 /* done a little later */
		r->apply_us = w->now_us + (int64_t)sim_chance(w, 10) * SIM_S;
		r->reply_us = r->apply_us;
		break;
	}
}

void sim_fate(struct sim *w, struct sim_request *r)
{
	r->apply_us = w->now_us + (int64_t)sim_chance(w, 3) * SIM_TICK_US;
	r->reply_us = r->apply_us;
	r->outcome = (struct err){.kind = ERR_NONE};
	if (!sim_is_disk(&r->action) && !is_slurms(&r->action) && w->now_us < w->quiet_until_us)
		refuse(r, ERR_RETRY, "the server asked to wait");
	else if (sim_chance(w, 100) >= w->faults_percent)
		return;
	else if (sim_is_disk(&r->action))
		disk_fate(w, r);
	else if (is_slurms(&r->action))
		slurm_fate(w, r);
	else
		kube_fate(w, r);
}

bool sim_is_ours(struct sim *w, const char *key)
{
	for (size_t i = 0; i < w->n_forgot; i++)
		if (str_eq(w->forgot[i], key))
			return true;
	return sim_job_of(w, key) != NULL;
}

/* What vmd wrote behind the request. */
static void request_forget(struct vm_request *r)
{
	struct vm_request bare = {
		.scratch_bytes = r->scratch_bytes, .machines = r->machines, .attach = r->attach};

	memcpy(bare.image, r->image, sizeof(bare.image));
	memcpy(bare.from, r->from, sizeof(bare.from));
	memcpy(bare.nonce, r->nonce, sizeof(bare.nonce));
	*r = bare;
}

/* slurmctld came back with an older state: the id goes to a new job, with another nonce. */
static void job_is_forgotten(struct sim *w)
{
	struct sim_job *j = sim_first_of(w, &w->job[sim_chance(w, SIM_JOBS)]);

	if (w->n_forgot + 2 > SIM_FORGOT || j->job.phase == JOB_ENDED)
		return;
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (job_is_same(&w->job[i].job, &j->job)) {
			(void)job_key(&w->job[i].job, w->forgot[w->n_forgot++],
				      sizeof(w->forgot[0]));
			request_forget(&w->job[i].job.request);
		}
	j->job.request.nonce[0] = (char)('0' + w->n_forgot);
	j->job.phase = JOB_PENDING;
	j->job.restarts = j->cleared = 0;
	j->job.node[0] = j->job.asked_node[0] = '\0';
	j->job.held = j->again = j->ended_once = false;
	j->job.reserved = 0;
	j->step = 0;
	j->next_us = w->now_us + (int64_t)sim_chance(w, 60) * SIM_S;
}

/* scontrol requeue of a job that is over, while Slurm still knows it. */
static void job_lives_again(struct sim *w)
{
	struct sim_job *j = sim_first_of(w, &w->job[sim_chance(w, SIM_JOBS)]);

	if (j->job.phase != JOB_ENDED)
		return;
	j->job.phase = JOB_PENDING;
	j->lives_us = w->now_us;
	j->job.restarts++;
	j->job.node[0] = '\0';
	j->step = 2;
	j->next_us = w->now_us + (int64_t)sim_chance(w, 60) * SIM_S;
}

/* A damaged header, or a placement group that hangs, for some minutes. It comes to an end with the
 * faults: what an administrator does. */
static void disks_ail(struct sim *w)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (!w->faults_percent || !*w->disk[i].name)
			w->unreadable_us[i] = 0;
		else if (w->now_us >= w->unreadable_us[i] &&
			 sim_chance(w, 200000) < w->faults_percent)
			w->unreadable_us[i] = w->now_us + (int64_t)sim_chance(w, 300) * SIM_S;
}

void sim_faults_move(struct sim *w)
{
	disks_ail(w);
	if (w->disks)
		sim_named_ail(w);
	if (w->moves && !w->script && sim_chance(w, 10000) < w->faults_percent)
		sim_move_forget(w, &w->job[sim_chance(w, SIM_JOBS)]);
	if (!w->faults_percent || sim_chance(w, 20000) >= w->faults_percent)
		return;
	switch (sim_chance(w, 3)) {
	case 0: job_is_forgotten(w); break;
	case 1: job_lives_again(w); break;
	default: /* vmd's timers do not look at it, but time limits are in it */
		w->wall_jump_s += (int64_t)sim_chance(w, 3600);
		break;
	}
}
