/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule of the plan as a row: a little world in words, and what is planned in it. */
#ifndef TESTS_UNIT_LITTLE_ROW_H
#define TESTS_UNIT_LITTLE_ROW_H

#include "tests/unit/little_world.h"
#include "vmd/base/str.h"

#include <check.h>

/* What a VM of the first run needs. */
#define ALL "disk pv pvc secret"

struct little_row {
	const char *why;
	const char *job, *seen, *flight;
	const char *plan;
};

/* What is planned in a world of nothing in flight; the caller ends that with little_world_done().
 */
static inline void little_plan(struct little_world *w, const char *job, const char *seen,
			       struct plan *ret)
{
	little_world_init(w, job, seen, "");
	plan(&w->want, &w->seen, &w->context, ret);
}

/* ret: the plan, for what else has to be so. */
static inline void little_row_check(const struct little_row *row, struct plan *ret)
{
	struct little_world w;
	char text[512];

	little_world_init(&w, row->job, row->seen, row->flight);
	plan(&w.want, &w.seen, &w.context, ret);
	ck_assert_msg(str_eq(little_plan_text(ret, text, sizeof(text)), row->plan),
		      "%s [%s | %s | %s]: '%s', not '%s'", row->why, row->job, row->seen,
		      row->flight, text, row->plan);
	little_world_done(&w);
}

#endif
