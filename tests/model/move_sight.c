/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See move_world.h. What vmd sees of that world, in its own words, and the requests to Slurm that
 * it may have been stopped with. */
#include "tests/model/move_world.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <stdlib.h>
#include <string.h>

void mw_request_read(const char *status, struct vm_request *ret)
{
	char text[JOB_REQUEST_MAX + ACTION_TEXT_MAX + 2];
	struct err e;

	(void)str_fmt(text, sizeof(text), "image=tiny nonce=" MOVE_NONCE "%s", status);
	if (job_spec_decode(text, ret, &e) < 0)
		abort();
}

/* ---- what vmd sees ---- */

void mw_see(const struct mw_slurm *s, const struct mk_kube *k, struct mw_sight *ret)
{
	*ret = (struct mw_sight){
		.job = {.id = 17,
			.restarts = s->run,
			.phase = (enum job_phase)s->phase,
			.end = s->phase >= JOB_ENDING ? JOB_END_NORMAL : JOB_END_NONE,
			.batch = true,
			.requeue = true,
			.held = s->held,
			.drained = s->phase == JOB_RUNNING && (s->drained >> s->node & 1),
			.cpus = 1,
			.memory_bytes = UINT64_C(1) << 30,
			.request = {.image = "tiny",
				    .nonce = "9f3c12ab45de6701",
				    .recorded_run = mw_incarnation(s),
				    .recorded_ready_s = 1699990000,
				    .moved_run = s->marked,
				    .base_run = s->base}},
	};
	(void)str_copy(ret->job.node, sizeof(ret->job.node), mk_node_name(s->node));
	(void)str_copy(ret->job.asked_node, sizeof(ret->job.asked_node), mk_node_name(s->asked));
	ret->want = (struct desired){.known = true,
				     .n = 1,
				     .job = &ret->job,
				     .companion = ret->companion,
				     .n_reservation = s->reserved != 0,
				     .reservation = &ret->reservation};
	ret->job.reserved = s->inside ? MOVE_FIRST + s->reserved - 1U : 0;
	ret->reservation = (struct reservation){.job_id = 17,
						.nonce = "9f3c12ab45de6701",
						.companion = MOVE_FIRST + s->reserved - 1U};
	for (size_t i = 0; i < MOVE_COMPANIONS; i++) {
		static const enum job_phase phases[] = {JOB_ENDED, JOB_PENDING, JOB_RUNNING,
							JOB_ENDED};
		struct companion *c = &ret->companion[ret->want.n_companion];

		if (s->companion[i] == C_NONE)
			continue;
		*c = (struct companion){.id = MOVE_FIRST + (uint32_t)i,
					.job_key = MOVE_KEY,
					.phase = phases[s->companion[i]],
					.start_s = s->born[i]};
		if (s->companion[i] != C_PENDING)
			(void)str_copy(c->node, sizeof(c->node), mk_node_name(s->place[i]));
		mk_vm_uid(s->goes[i], c->vm_uid);
		ret->want.n_companion++;
	}
	mk_see(k, mw_incarnation(s), s->phase == JOB_RUNNING, &ret->kube);
}

/* ---- what is late ---- */

static uint8_t nodes_of(const char *names)
{
	uint8_t nodes = 0;

	for (unsigned n = 1; n <= MOVE_NODES; n++)
		if (strstr(names, mk_node_name(n)))
			nodes |= (uint8_t)(1U << n);
	return nodes;
}

/* What is looked at right before the end of a companion it has looked at before it was stopped. */
bool mw_late_make(const struct action *a, struct mw_late *ret)
{
	struct vm_request r = {.moved_run = 0};

	switch ((int)a->kind) {
	case ACT_RECORD: mw_request_read(a->reason, &r); break;
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
	case ACT_END_JOB: break;
	default: return false;
	}
	*ret = (struct mw_late){.kind = (uint8_t)(a->kind + 1),
				.companion = (uint8_t)a->companion,
				.born = (uint8_t)a->requeue_job.companion_start_s,
				.node = mk_node_number(a->node),
				.not_on = nodes_of(a->allocate.not_on),
				.vm = a->kind == ACT_ALLOCATE ? mk_vm_number(a->uid) : 0,
				.marked = (uint8_t)r.moved_run,
				.base = (uint8_t)r.base_run};
	return true;
}

void mw_late_action(const struct mw_late *l, struct action *ret)
{
	*ret = (struct action){.kind = (enum action_kind)(l->kind - 1),
			       .companion = l->companion,
			       .requeue_job = {.companion_start_s = l->born}};
	(void)str_copy(ret->node, sizeof(ret->node), mk_node_name(l->node));
	for (unsigned n = 1; n <= MOVE_NODES; n++)
		if (l->not_on >> n & 1)
			(void)str_fmt(ret->allocate.not_on + strlen(ret->allocate.not_on), 4, "%s,",
				      mk_node_name(n));
	mk_vm_uid(l->vm, ret->uid);
	if (l->marked)
		(void)str_fmt(ret->reason, sizeof(ret->reason), " base=%u moved=%u", l->base,
			      l->marked);
}
