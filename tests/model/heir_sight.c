/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See heir_world.h. What vmd sees of that world, in its own words, and the requests to Slurm that
 * it may have been stopped with. */
#include "tests/model/heir_world.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/migration/heir.h"

#include <stdlib.h>

enum job_phase hw_job_phase(const struct hw_alloc *a)
{
	switch ((enum hw_phase)a->phase) {
	case HA_PENDING: return JOB_PENDING;
	case HA_RUNNING: return JOB_RUNNING;
	case HA_ENDING: return JOB_ENDING;
	case HA_NONE:
	case HA_ENDED:
	case HA_FORGOTTEN: break;
	}
	return JOB_ENDED;
}

void hw_request_read(const char *reason, struct vm_request *r)
{
	char text[JOB_REQUEST_MAX + ACTION_TEXT_MAX + 2];
	struct err e;

	(void)str_fmt(text, sizeof(text), "image=tiny nonce=" MOVE_NONCE "%s", reason);
	if (job_spec_decode(text, r, &e) < 0)
		abort();
}

/* ---- what vmd sees ---- */

static void job_see(const struct hw_slurm *s, size_t i, struct job *ret)
{
	const struct hw_alloc *a = &s->a[i];

	*ret = (struct job){.id = hw_id(i),
			    .phase = hw_job_phase(a),
			    .end = hw_is_over(a) ? JOB_END_NORMAL : JOB_END_NONE,
			    .over_s = a->over,
			    .completed = hw_is_over(a) && a->completed,
			    .drained = a->phase == HA_RUNNING && (s->drained >> a->node & 1),
			    .cpus = 1,
			    .memory_bytes = UINT64_C(1) << 30,
			    .request = {.image = "tiny",
					.nonce = MOVE_NONCE,
					.no_shell = true,
					.recorded_ready_s = 1699990000,
					.as = a->after ? 17 : 0,
					.after = a->after ? hw_id(a->after - 1U) : 0,
					.heir = a->heir ? hw_id(a->heir - 1U) : 0}};
	(void)str_copy(ret->node, sizeof(ret->node), mk_node_name(a->node));
}

static void companion_see(const struct hw_slurm *s, size_t i, struct companion *ret)
{
	const struct hw_alloc *a = &s->a[i];

	*ret = (struct companion){.id = hw_id(i),
				  .job_key = MOVE_KEY,
				  .phase = hw_job_phase(a),
				  .after = a->after ? hw_id(a->after - 1U) : 0};
	mk_vm_uid(a->vm, ret->vm_uid);
	if (a->phase != HA_PENDING)
		(void)str_copy(ret->node, sizeof(ret->node), mk_node_name(a->node));
}

void hw_see(const struct hw_slurm *s, const struct mk_kube *k, struct hw_sight *ret)
{
	size_t n_live = 0;

	ret->n_job = ret->n_companion = 0;
	for (size_t i = 0; i < HEIR_ALLOCS; i++) {
		if (!hw_is_known(&s->a[i]))
			continue;
		if (s->a[i].phase != HA_ENDED)
			ret->live[n_live++] = hw_id(i);
		if (i == 0 || s->a[i].after)
			job_see(s, i, &ret->job[ret->n_job++]);
		if (i > 0)
			companion_see(s, i, &ret->companion[ret->n_companion++]);
	}
	heirs_settle(ret->job, &ret->n_job, ret->companion, &ret->n_companion);
	ret->want = (struct desired){.known = true,
				     .n = ret->n_job,
				     .job = ret->job,
				     .n_live = n_live,
				     .live = ret->live,
				     .n_companion = ret->n_companion,
				     .companion = ret->companion};
	mk_see(k, 0, ret->n_job && ret->job[0].phase == JOB_RUNNING, &ret->kube);
}

/* ---- what is late ---- */

/* What is looked at right before the end of a companion it has looked at before it was stopped, but
 * for whether that has become the job. */
bool hw_late_make(const struct action *a, struct hw_late *ret)
{
	struct vm_request r = {.heir = 0};

	switch ((int)a->kind) {
	case ACT_RECORD: hw_request_read(a->reason, &r); break;
	case ACT_END_COMPANION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_END_JOB: break;
	default: return false;
	}
	*ret = (struct hw_late){.kind = (uint8_t)(a->kind + 1),
				.job = (uint8_t)a->job_id,
				.companion = (uint8_t)a->companion,
				.heir = (uint8_t)r.heir,
				.job_over = a->end_companion.job_over};
	return true;
}

void hw_late_action(const struct hw_late *l, struct action *ret)
{
	*ret = (struct action){.kind = (enum action_kind)(l->kind - 1),
			       .job_id = l->job,
			       .companion = l->companion,
			       .end_companion = {.job_over = l->job_over}};
	if (l->heir)
		(void)str_fmt(ret->reason, sizeof(ret->reason), " heir=%u", l->heir);
}
