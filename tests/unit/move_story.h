/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stories of moves say in each round. */
#ifndef TESTS_UNIT_MOVE_STORY_H
#define TESTS_UNIT_MOVE_STORY_H

#include "tests/unit/story.h"

#include <check.h>

#define HAS "disk pv pvc secret"

/* A round on another world, seconds later, and how all that is asked ends. The guest was READY
 * before this vmd began. */
static inline void look_with(int64_t seconds, const char *job, const char *seen,
			     enum err_kind outcome)
{
	story_world(seconds, job, seen);
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	story.w.job.end_s = LITTLE_NOW_S + 7200;
	story.w.job.request.moved_until_s = LITTLE_NOW_S + 7000;
	(void)story_round();
	story_answer(outcome);
}

static inline void look(int64_t seconds, const char *job, const char *seen)
{
	look_with(seconds, job, seen, ERR_NONE);
}

/* The job is READY all the while, and so far with its move. */
static inline void ready_and(const char *move)
{
	const struct vm_status *s = reconciler_status(story.r, 17);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(vm_state_name(s->state), "READY");
	ck_assert_str_eq(s->move, move);
}

#endif
