/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the job's record says of a move: which run has the VM, where the VM has been, what was asked
 * for and what is to be given back; and what must not be written over it. */
#include "tests/unit/check_main.h"
#include "tests/unit/move_story.h"
#include "vmd/base/str.h"
#include "vmd/migration/move.h"

#include <check.h>
#include <string.h>

START_TEST(a_mark_stays_on_a_job_that_is_queued_again)
{
	static const struct {
		enum job_phase phase;
		uint32_t restarts, moved, base, next_moved, next_base;
		bool may;
	} cases[] = {
		{JOB_RUNNING, 5, 0, 0, 0, 0, true},
		{JOB_RUNNING, 5, 0, 0, 6, 5, true}, /* it is about to follow its VM */
		{JOB_RUNNING, 5, 6, 5, 0, 0, true}, /* it stays where it is after all */
		{JOB_RUNNING, 6, 6, 5, 7, 5, true}, /* it moves again */
		{JOB_RUNNING, 6, 7, 5, 6, 5, true},
		{JOB_RUNNING, 6, 6, 5, 0, 0, false}, /* the VM that it has */
		{JOB_RUNNING, 6, 0, 0, 6, 5,
		 false}, /* somebody else queued it again: it has its own */
		{JOB_ENDING, 5, 6, 5, 6, 5, true},
		{JOB_ENDING, 5, 6, 5, 0, 0, false},
		{JOB_ENDING, 6, 6, 5, 0, 0, false},
		{JOB_ENDING, 5, 0, 0, 6, 5, false},
		{JOB_PENDING, 6, 6, 5, 0, 0, false},
		{JOB_PENDING, 6, 6, 5, 7, 5, false},
		{JOB_PENDING, 6, 6, 5, 6, 4, false},
		{JOB_PENDING, 7, 6, 5, 0, 0, true}, /* of an earlier run */
		{JOB_PENDING, 6, 0, 0, 0, 0, true},
		{JOB_PENDING, 6, 0, 0, 6, 5, false}, /* somebody else queued it again meanwhile */
		{JOB_ENDED, 6, 6, 5, 0, 0, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job now = {
			.phase = cases[i].phase,
			.restarts = cases[i].restarts,
			.request = {.moved_run = cases[i].moved, .base_run = cases[i].base}};
		struct vm_request next = {.moved_run = cases[i].next_moved,
					  .base_run = cases[i].next_base};

		ck_assert_msg(move_may_record(&now, &next) == cases[i].may, "case %zu", i);
	}
}
END_TEST

START_TEST(a_job_follows_to_one_node)
{
	static const struct {
		enum job_phase phase;
		bool held;
		const char *asked, *node;
		bool follows;
	} cases[] = {
		{JOB_PENDING, false, "n2", "", true},
		{JOB_PENDING, true, "n2", "", false},
		{JOB_PENDING, false, "n3", "", false},
		{JOB_PENDING, false, "", "", false},
		{JOB_RUNNING, false, "n2", "n2", true},
		{JOB_RUNNING, false, "", "n2.site.org", true},
		{JOB_RUNNING, false, "n2", "n1", false},
		{JOB_ENDING, false, "n2", "n2", false},
		{JOB_ENDED, false, "n2", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job now = {.phase = cases[i].phase, .held = cases[i].held};

		(void)str_copy(now.asked_node, sizeof(now.asked_node), cases[i].asked);
		(void)str_copy(now.node, sizeof(now.node), cases[i].node);
		ck_assert_msg(move_follows(&now, "n2") == cases[i].follows, "case %zu", i);
	}
}
END_TEST

START_TEST(an_heir_is_not_taken_back)
{
	static const struct {
		enum job_phase phase;
		uint32_t now, next;
		bool may;
	} cases[] = {
		{JOB_RUNNING, 0, 23, true}, {JOB_RUNNING, 23, 0, true}, {JOB_ENDING, 23, 0, false},
		{JOB_ENDING, 0, 23, false}, {JOB_ENDED, 23, 0, false},  {JOB_ENDED, 23, 31, false},
		{JOB_ENDED, 23, 23, true},  {JOB_ENDED, 0, 0, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job now = {.phase = cases[i].phase, .request.heir = cases[i].now};
		struct vm_request next = {.heir = cases[i].next};

		ck_assert_msg(move_may_record(&now, &next) == cases[i].may, "case %zu", i);
	}
}
END_TEST

/* A later move begins, and vmd, started anew, does not see all of it, or it is undone: the run of
 * now keeps the VM. (Without that mark the VM of run 0 was taken for an earlier one's, and
 * removed.) */
START_TEST(the_mark_of_this_run_stays)
{
	static const char moving[] = "running r1 requeue drained marked companion:running@n2";

	story_begin("running");
	look(0, moving, "vm0:running@n2 ?moves " HAS);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	story_end();
	story_begin("running");
	look(0, moving, "?vms " HAS);
	look(11, moving, "?vms " HAS); /* long enough to be worth a record */
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	story_end();
	story_begin("running"); /* it is there, and its job may have left already */
	look(0, moving, "vm0:running@n2 sending " HAS);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	story_end();
	story_begin("running");
	look(0, moving, "vm0:running sending " HAS);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	story_end();
	story_begin("running");
	look(0, "running r1 requeue marked", "vm0:running " HAS);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	story_end();
	story_begin("running"); /* a first move that is undone leaves nothing */
	look(0, "running requeue marked", "vm0:running " HAS);
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "moved="));
	story_end();
}
END_TEST

/* What Slurm shows is older than what was asked of it: the job may have left, when KubeVirt wants
 * the VM elsewhere again (seed 37 of the simulation, once). */
START_TEST(the_mark_of_the_next_run_stays)
{
	story_begin("running");
	look(0, "running requeue drained marked companion:running@n2", "vm0:running@n2 " HAS);
	ready_and("requeue");
	look(1, "running requeue drained marked companion:running@n2",
	     "vm0:running@n2 evacuating theirs " HAS);
	ready_and("sending");
	ck_assert(!story_asked(ACT_RECORD) ||
		  strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=1 ") != NULL);
	look(30, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 evacuating theirs " HAS);
	ready_and("leaving");
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	story_end();
}
END_TEST

/* A round of a job whose limit is so long now, and was so long before it moved. */
static void look_limited(const char *job, const char *seen, int64_t limit_s, int64_t moved_limit_s)
{
	story_begin("running");
	story_world(0, job, seen);
	story.w.job.request.recorded_run = job_incarnation(&story.w.job);
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	story.w.job.limit_s = limit_s;
	story.w.job.request.moved_limit_s = moved_limit_s;
	(void)story_round();
}

/* What remained is the limit of the runs that moves begin, and of no other one. */
START_TEST(a_shortened_limit_is_given_back)
{
	static const char there[] = "vm0:running@n2 " HAS;

	look_limited("running requeue drained companion:running@n2", there, 3600, 0);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " limit=3600"));
	story_end();
	look_limited("running r1 requeue drained moved companion:running@n2", there, 1800, 3600);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " moved=2 "));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " limit=3600"));
	story_end();
	look_limited("running r1 requeue drained marked companion:running@n2", there, 1800, 3600);
	ck_assert(!story_asked(ACT_RECORD) ||
		  strstr(story_asked(ACT_RECORD)->reason, " limit=3600"));
	story_end();
	look_limited("running r1 requeue drained companion:running@n2", "vm1:running@n2 " HAS, 2400,
		     3600);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " limit=2400"));
	story_end();
	look_limited("pending r1 requeue held moved companion:running@n2", there, 1800, 3600);
	ck_assert_int_eq(story_asked(ACT_AIM_JOB)->aim_job.limit_s, 0);
	story_end();
	look_limited("pending r2 requeue nodes:n1@1,n2@2 aimed:n2", HAS, 1800, 3600);
	ck_assert_int_eq(story_asked(ACT_AIM_JOB)->aim_job.limit_s, 3600);
	story_end();
	look_limited("pending r2 requeue nodes:n1@1,n2@2 aimed:n2", HAS, 7200, 3600);
	ck_assert_int_eq(story_asked(ACT_AIM_JOB)->aim_job.limit_s,
			 0); /* somebody raised it since */
	story_end();
}
END_TEST

START_TEST(the_list_of_nodes_has_an_end)
{
	char old[JOB_NODES_MAX + 1] = "n0@1699999000";
	const char *text;

	while (strlen(old) < JOB_NODES_MAX - 40)
		strcat(old, ",worker9node@1699999001");
	story_begin("running");
	story_world(0, "running requeue drained companion:running@n2", "vm0:running@n2 " HAS);
	(void)str_copy(story.w.job.request.nodes, sizeof(story.w.job.request.nodes), old);
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	strcat(old, ",n2@1700000000");
	(void)story_round();
	text = strstr(story_asked(ACT_RECORD)->reason, " nodes=");
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text + strlen(" nodes="), old);
	for (int i = 0; i < 3; i++) { /* the first go */
		(void)str_copy(story.w.companion[0].node, sizeof(story.w.companion[0].node),
			       i % 2 ? "n2" : "worker3node");
		memcpy(story.w.vm[0].node, story.w.companion[0].node, sizeof(story.w.vm[0].node));
		memcpy(story.w.vm[0].moving.wanted_node, story.w.vm[0].node,
		       sizeof(story.w.vm[0].node));
		memcpy(story.w.vm[0].moving.given_node, story.w.vm[0].node,
		       sizeof(story.w.vm[0].node));
		story_answer(ERR_NONE);
		(void)story_round();
		ck_assert_uint_eq(story.n, 1);
	}
	text = strstr(story_asked(ACT_RECORD)->reason, " nodes=") + strlen(" nodes=");
	ck_assert_uint_le(strlen(text), JOB_NODES_MAX);
	ck_assert_ptr_null(strstr(text, "n0@"));
	ck_assert_ptr_nonnull(
		strstr(text, ",worker3node@1700000000,n2@1700000000,worker3node@1700000000"));
	story_end();
}
END_TEST

START_TEST(what_was_asked_survives_vmd)
{
	story_begin("running");
	story_world(0, "running requeue", "vm0:running " HAS);
	(void)str_copy(story.w.job.request.move_to, sizeof(story.w.job.request.move_to), "*");
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	(void)story_round();
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->node, ""); /* anywhere */
	story_end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("marks");

	tcase_add_test(t, a_mark_stays_on_a_job_that_is_queued_again);
	tcase_add_test(t, a_job_follows_to_one_node);
	tcase_add_test(t, an_heir_is_not_taken_back);
	tcase_add_test(t, the_mark_of_this_run_stays);
	tcase_add_test(t, the_mark_of_the_next_run_stays);
	tcase_add_test(t, a_shortened_limit_is_given_back);
	tcase_add_test(t, the_list_of_nodes_has_an_end);
	tcase_add_test(t, what_was_asked_survives_vmd);
	return CHECK_MAIN(t);
}
