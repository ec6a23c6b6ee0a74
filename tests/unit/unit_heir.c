/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of an allocation and its heirs is the job: a row for each moment of a hand-over, and for
 * whatever else may end one of them in it. Job 17 was there first, 23 claims its place, 31 that of
 * 23. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/migration/heir.h"

#include <check.h>
#include <string.h>

struct seen {
	uint32_t id, as, after, heir;
	enum job_phase phase;
	enum { OTHERWISE, COMPLETED } how;
	int64_t over_s;
};

#define RUN   JOB_RUNNING
#define END   JOB_ENDING
#define ENDED JOB_ENDED

/* clang-format off */
static const struct {
	const char *why;
	struct seen job[3];
	uint32_t left;       /* the job with the key */
	const char *companions; /* of 23 and 31 those that are still that */
	bool abnormal;
} rows[] = {
	{"an ordinary job", {{17, 0, 0, 0, RUN, 0}}, 17, "23 31", false},
	{"its companion claims its place", {{17, 0, 0, 0, RUN, 0}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", false},
	{"... in whatever order they are listed", {{23, 17, 17, 0, RUN, 0}, {17, 0, 0, 0, RUN, 0}}, 17, "23 31", false},
	{"the job names it", {{17, 0, 0, 23, RUN, 0}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", false},
	{"and is completed", {{17, 0, 0, 23, END, COMPLETED}, {23, 17, 17, 0, RUN, 0}}, 23, "31", false},
	{"... has left its node", {{17, 0, 0, 23, ENDED, COMPLETED}, {23, 17, 17, 0, RUN, 0}}, 23, "31", false},
	{"... is forgotten", {{23, 17, 17, 0, RUN, 0}}, 23, "31", false},
	{"the heir ends", {{17, 0, 0, 23, ENDED, COMPLETED}, {23, 17, 17, 0, END, 0}}, 23, "31", false},
	{"... as a job does", {{23, 17, 17, 0, ENDED, COMPLETED}}, 23, "31", false},
	{"its user cancels it half-way: that is the end", {{17, 0, 0, 23, END, 0}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", false},
	{"... earlier likewise", {{17, 0, 0, 0, ENDED, 0}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", false},
	{"its guest shut down before it named its heir: the end, but its disk may be missed",
	 {{17, 0, 0, 0, ENDED, COMPLETED}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", true},
	{"it named one that is not there", {{17, 0, 0, 23, ENDED, COMPLETED}}, 17, "23 31", true},
	{"it named another one", {{17, 0, 0, 24, ENDED, COMPLETED}, {23, 17, 17, 0, RUN, 0}}, 17, "23 31", true},
	{"one that claimed its place was cancelled, another one has it",
	 {{17, 0, 0, 31, END, COMPLETED}, {23, 17, 17, 0, ENDED, 0}, {31, 17, 17, 0, RUN, 0}}, 31, "23", false},
	{"... in whatever order they are listed",
	 {{31, 17, 17, 0, RUN, 0}, {23, 17, 17, 0, ENDED, 0}, {17, 0, 0, 31, END, COMPLETED}}, 31, "23", false},
	{"... has ended, and the first one is forgotten", {{23, 17, 17, 0, ENDED, 0}, {31, 17, 17, 0, END, 0}}, 31, "23", false},
	{"... of the two the one that ended last had it", {{23, 17, 17, 0, END, 0, 20}, {31, 17, 17, 0, ENDED, 0, 10}}, 23, "31",
	 false},
	{"... in whatever order they are listed", {{31, 17, 17, 0, ENDED, 0, 10}, {23, 17, 17, 0, END, 0, 20}}, 23, "31", false},
	{"the heir has a companion of its own", {{23, 17, 17, 0, RUN, 0}, {31, 17, 23, 0, RUN, 0}}, 23, "31", false},
	{"... that takes its place", {{23, 17, 17, 31, ENDED, COMPLETED}, {31, 17, 23, 0, RUN, 0}}, 31, "23", false},
	{"... before the first one is forgotten",
	 {{31, 17, 23, 0, RUN, 0}, {17, 0, 0, 23, ENDED, COMPLETED}, {23, 17, 17, 31, END, COMPLETED}}, 31, "23", false},
	{"... or is to take it", {{31, 17, 23, 0, RUN, 0}, {17, 0, 0, 23, ENDED, COMPLETED}, {23, 17, 17, 31, RUN, 0}}, 23,
	 "31", false},
	{"... which is forgotten before the first one has left its node",
	 {{17, 0, 0, 23, END, COMPLETED}, {31, 17, 23, 0, RUN, 0}}, 31, "23", false},
	{"... and its heir ends, too", {{17, 0, 0, 23, END, COMPLETED}, {31, 17, 23, 0, END, 0}}, 31, "23", false},
	{"... in whatever order they are listed", {{31, 17, 23, 0, END, 0}, {17, 0, 0, 23, END, COMPLETED}}, 31, "23", false},
	{"... two of the same chain, one of which names whose place the other has, whatever their numbers",
	 {{23, 17, 19, 0, END, 0}, {31, 17, 17, 19, END, COMPLETED}}, 23, "31", false},
	{"... in whatever order they are listed", {{31, 17, 17, 19, END, COMPLETED}, {23, 17, 19, 0, END, 0}}, 23, "31", false},
	{"... two with more between them: the later number", {{23, 17, 17, 19, END, COMPLETED}, {31, 17, 20, 0, END, 0}}, 31,
	 "23", false},
	{"slurmctld came back with the first one running", {{17, 0, 0, 23, RUN, 0}, {31, 17, 23, 0, RUN, 0}}, 17, "23 31",
	 false},
	{"... which is the one that lives", {{17, 0, 0, 23, ENDED, 0}, {31, 17, 23, 0, RUN, 0}}, 31, "23", false},
};
/* clang-format on */

static void job_set(struct job *j, const struct seen *s, uint32_t uid)
{
	*j = (struct job){.id = s->id,
			  .uid = uid,
			  .phase = s->phase,
			  .end = s->phase == JOB_RUNNING ? JOB_END_NONE : JOB_END_NORMAL,
			  .completed = s->how == COMPLETED,
			  .over_s = s->over_s,
			  .request = {.nonce = "9f3c12ab45de6701",
				      .no_shell = true,
				      .as = s->as,
				      .after = s->after,
				      .heir = s->heir}};
}

static const char *ids(const struct companion *all, size_t n, char buf[32])
{
	buf[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)str_fmt(buf + strlen(buf), 32 - strlen(buf), "%s%u", i ? " " : "", all[i].id);
	return buf;
}

/* Between two other jobs, so that their places are looked after, too. */
START_TEST(moments)
{
	struct companion companion[] = {{.id = 23}, {.id = 31}};
	size_t n = 1, n_companion = ARRAY_LEN(companion);
	struct job job[6], first = {.id = 5},
			   last = {.id = 40, .request.nonce = "9f3c12ab45de6701"};
	char buf[32];

	job[0] = first;
	for (size_t i = 0; i < 3 && rows[_i].job[i].id; i++)
		job_set(&job[n++], &rows[_i].job[i], 1000);
	job[n++] = last;
	heirs_settle(job, &n, companion, &n_companion);
	ck_assert_msg(n == 3 && job[0].id == 5 && job[2].id == 40, "%s", rows[_i].why);
	ck_assert_msg(job[1].id == rows[_i].left, "%s: %u", rows[_i].why, job[1].id);
	ck_assert_msg((job[1].end == JOB_END_ABNORMAL) == rows[_i].abnormal, "%s", rows[_i].why);
	ck_assert_msg(str_eq(ids(companion, n_companion, buf), rows[_i].companions), "%s: %s",
		      rows[_i].why, buf);
}
END_TEST

START_TEST(another_users_claim_is_none)
{
	struct companion none[1];
	size_t n = 2, n_companion = 0;
	struct job job[2];

	job_set(&job[0], &(struct seen){17, 0, 0, 23, JOB_ENDED, COMPLETED}, 1000);
	job_set(&job[1], &(struct seen){23, 17, 17, 0, JOB_RUNNING, OTHERWISE}, 1001);
	heirs_settle(job, &n, none, &n_companion);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(job[0].id, 17);
}
END_TEST

/* What is left of the end of a companion, when it lands, of the job that it rested on. */
START_TEST(who_has_made_room)
{
	struct job j;

	job_set(&j, &(struct seen){17, 0, 0, 23, JOB_ENDING, COMPLETED}, 1000);
	ck_assert(heir_has_room(&j));
	job_set(&j, &(struct seen){17, 0, 0, 23, JOB_ENDED, COMPLETED}, 1000);
	ck_assert(heir_has_room(&j));
	job_set(&j, &(struct seen){17, 0, 0, 23, JOB_RUNNING, OTHERWISE}, 1000);
	ck_assert(!heir_has_room(&j)); /* not yet */
	job_set(&j, &(struct seen){17, 0, 0, 23, JOB_ENDING, OTHERWISE}, 1000);
	ck_assert(!heir_has_room(&j)); /* its user has cancelled it */
	job_set(&j, &(struct seen){17, 0, 0, 0, JOB_ENDING, COMPLETED}, 1000);
	ck_assert(!heir_has_room(&j)); /* its guest has shut down */
}
END_TEST

START_TEST(who_may_have_one)
{
	struct job j = {.id = 17, .request.no_shell = true};

	ck_assert(heir_may_be(&j));
	j.batch = true;
	ck_assert(!heir_may_be(&j));
	j.batch = false;
	j.request.machines = 2;
	ck_assert(!heir_may_be(&j));
	j.request = (struct vm_request){.machines = 0};
	ck_assert(!heir_may_be(&j));
}
END_TEST

START_TEST(the_key_goes_on)
{
	struct job j = {.id = 23, .request = {.nonce = "9f3c12ab45de6701", .as = 17}};
	struct job before = {.id = 17, .request.nonce = "9f3c12ab45de6701"};
	char key[JOB_KEY_MAX + 1];

	ck_assert_str_eq(job_key(&j, key, sizeof(key)), "17-9f3c12ab45de6701");
	ck_assert_int_eq(job_key_compare(&j, &before), 0);
	before.id = 18;
	ck_assert_int_lt(job_key_compare(&j, &before), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, moments, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, another_users_claim_is_none);
	tcase_add_test(t, who_has_made_room);
	tcase_add_test(t, who_may_have_one);
	tcase_add_test(t, the_key_goes_on);
	return CHECK_MAIN(t);
}
