/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler, its port and the clock of a story. Nothing is answered unless the test says so.
 */
#include "tests/unit/story.h"
#include "vmd/base/str.h"

#include <check.h>

#define SECOND_US INT64_C(1000000)

struct story story;

static int story_apply(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	(void)self;
	if (story.refuse.kind != ERR_NONE) {
		*e = story.refuse;
		return -1;
	}
	ck_assert_uint_lt(story.n, ARRAY_LEN(story.last));
	story.last[story.n] = *a;
	story.ticket[story.n++] = ticket;
	return 0;
}

void story_restart(void)
{
	struct action_port port = {.apply = story_apply};

	reconciler_free(story.r);
	story.r = reconciler_new(&story.w.catalogue, &story.w.policy, &port);
}

void story_begin(const char *job)
{
	story = (struct story){.t_us = 0};
	little_world_init(&story.w, job, "", "");
	story_restart();
}

void story_end(void)
{
	reconciler_free(story.r);
	little_world_done(&story.w);
}

struct now story_now(void)
{
	return (struct now){.mono_us = LITTLE_NOW_US + story.t_us,
			    .wall_s = LITTLE_NOW_S + story.t_us / SECOND_US};
}

void story_world(int64_t seconds, const char *job, const char *seen)
{
	story.t_us += seconds * SECOND_US;
	little_world_init(&story.w, job, seen, "");
}

int64_t story_round(void)
{
	story.n = 0;
	return reconciler_round(story.r, &story.w.want, &story.w.seen, story_now());
}

int64_t story_look(int64_t seconds, const char *job, const char *seen)
{
	struct vm_request recorded = story.w.job.request;

	story_world(seconds, job, seen);
	story.w.job.request.recorded_ready_s = recorded.recorded_ready_s;
	story.w.job.request.recorded_run = recorded.recorded_run;
	story.w.job.request.warned_s = recorded.warned_s;
	story.w.job.request.told_s = recorded.told_s;
	return story_round();
}

void story_guest(const char *address, bool agent, bool reachable)
{
	(void)str_copy(story.w.vm[0].address, sizeof(story.w.vm[0].address), address);
	story.w.vm[0].agent = agent;
	story.w.vm[0].reachable = reachable;
	(void)story_round();
}

void story_answer(enum err_kind kind)
{
	struct err e = {.kind = ERR_NONE};

	if (kind != ERR_NONE)
		err_set(&e, kind, "because of %s", err_kind_name(kind));
	for (unsigned i = 0; i < story.n; i++)
		reconciler_done(story.r, story.ticket[i], &e, story_now());
}

const struct action *story_asked(enum action_kind kind)
{
	for (unsigned i = 0; i < story.n; i++)
		if (story.last[i].kind == kind)
			return &story.last[i];
	return NULL;
}

void story_expect(enum vm_state state, const char *reason)
{
	const struct vm_status *s = reconciler_status(story.r, 17);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(vm_state_name(s->state), vm_state_name(state));
	ck_assert_str_eq(s->reason, reason);
}
