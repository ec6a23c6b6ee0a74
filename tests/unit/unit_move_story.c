/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves from their beginning to their end, and what may come between: what is asked for in each
 * round, with what arguments, and what the job's user reads meanwhile. */
#include "tests/unit/check_main.h"
#include "tests/unit/move_story.h"

#include <check.h>
#include <string.h>

START_TEST(a_drain)
{
	story_begin("running");
	look(0, "running requeue", "vm0:running " HAS);
	ready_and("");
	look(5, "running requeue drained", "vm0:running " HAS);
	ready_and("allocate");
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->node, "");
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->uid, "u-vm");
	look(1, "running requeue drained companion:running@n2", "vm0:running " HAS);
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n2");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->uid, "u-vm");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->version, "7");
	look(1, "running requeue drained companion:running@n2",
	     "vm0:running wants:n2 given:n2 " HAS);
	ck_assert_str_eq(story_asked(ACT_MIGRATE_VM)->vm.name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(story_asked(ACT_MIGRATE_VM)->uid, "u-vm");
	look(1, "running requeue drained companion:running@n2", "vm0:running@n2 " HAS);
	ready_and("mark");
	ck_assert_ptr_nonnull(
		strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=1 until=1700007200"));
	ck_assert_ptr_nonnull(
		strstr(story_asked(ACT_RECORD)->reason, " nodes=n1@1699999500,n2@1700000008"));
	ck_assert(story_asked(ACT_RECORD)->record.look);
	look(1, "running requeue drained marked companion:running@n2", "vm0:running@n2 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_REQUEUE_JOB));
	look(1, "ending requeue marked companion:running@n2", "vm0:running@n2 " HAS);
	ready_and("leaving");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	look(1, "pending r1 requeue held moved companion:running@n2", "vm0:running@n2 " HAS);
	ready_and("aim");
	ck_assert_str_eq(story_asked(ACT_AIM_JOB)->node, "n2");
	ck_assert_int_eq(story_asked(ACT_AIM_JOB)->aim_job.until_s, LITTLE_NOW_S + 7000);
	look(1, "pending r1 requeue moved aimed:n2 companion:running@n2", "vm0:running@n2 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert(story_asked(ACT_END_COMPANION)->end_companion.follows);
	ck_assert_str_eq(story_asked(ACT_END_COMPANION)->node, "n2");
	look(1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ready_and("starting");
	ck_assert_uint_eq(story.n, 0);
	look(1, "running r1 requeue moved aimed:n1", "vm0:running " HAS); /* n1: it is there */
	ready_and("");
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " run=0 "));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	story_end();
}
END_TEST

/* slurmctld has forgotten its companion, and that the node was drained. */
START_TEST(it_comes_home)
{
	story_begin("running");
	look(0, "running requeue drained companion:running@n2", "vm0:running@n2 " HAS);
	look(5, "running requeue", "vm0:running@n2 " HAS);
	ready_and("point");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n1");
	look(5, "running requeue", "vm0:running@n2 wants:n1 given:n1 succeeded " HAS);
	ready_and("send");
	ck_assert_str_eq(story_asked(ACT_MIGRATE_VM)->object, "vm-" LITTLE_KEY "-r0-m23-2");
	look(5, "running requeue", "vm0:running@n2 wants:n1 given:n1 sending " HAS);
	look(2 * MOVE_GAP_S, "running requeue", "vm0:running@n2 wants:n1 given:n1 sending " HAS);
	ready_and("sending");
	/* the migration is seen to have succeeded, the VM is seen where it was */
	look(1, "running requeue", "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " HAS);
	ready_and("sending");
	ck_assert_ptr_null(story_asked(ACT_MIGRATE_VM));
	look(MOVE_BEHIND_S - 1, "running requeue",
	     "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " HAS);
	ready_and("sending");
	look(5, "running requeue", "vm0:running came:n1 " HAS);
	ready_and("");
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason,
				     " nodes=n1@1699999500,n2@1700000000,n1@1700000290+4"));
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "moved="));
	story_end();
}
END_TEST

/* It cannot go home, and there is no room where it is. */
START_TEST(its_time_without_an_allocation_is_counted)
{
	static const char drained[] = "running requeue drained companion:pending",
			  there[] = "vm0:running@n2 " HAS;

	story_begin("running");
	look(0, drained, there);
	look(MOVE_GAP_S - 1, drained, there);
	ready_and("queued");
	look(0, "running requeue drained companion:running@n2", there);
	ready_and("mark");
	look(1, drained, there); /* it counts anew */
	look(MOVE_GAP_S - 1, drained, there);
	ready_and("queued");
	look(1, drained, there);
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	look(10, drained, "vm0:running@n2 given-up " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_VM));
	ck_assert_ptr_nonnull(strstr(reconciler_status(story.r, 17)->reason, "made again"));
	story_end();
}
END_TEST

/* While another vmd led, the VM may have had a place that this one never saw (seed 2505). */
START_TEST(its_time_without_an_allocation_counts_anew_for_who_leads_again)
{
	static const char drained[] = "running requeue drained companion:pending",
			  there[] = "vm0:running@n2 " HAS;

	story_begin("running");
	look(0, drained, there);
	look(MOVE_GAP_S - 2, drained, there);
	reconciler_lead(story.r, false);
	look(1, drained, there);
	reconciler_lead(story.r, true);
	look(1, drained, there);
	ready_and("queued");
	reconciler_lead(story.r, true); /* it leads on */
	look(MOVE_GAP_S - 1, drained, there);
	ready_and("queued");
	look(1, drained, there);
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	story_end();
}
END_TEST

START_TEST(the_run_that_is_queued_again_is_named)
{
	story_begin("running");
	look(0, "running r1 requeue drained drain:requeue", "vm1:running disk pv1 pvc1 secret");
	ck_assert(story_asked(ACT_REQUEUE_JOB)->requeue_job.anew);
	ck_assert_uint_eq(story_asked(ACT_REQUEUE_JOB)->requeue_job.run, 1);
	story_end();
}
END_TEST

START_TEST(node_is_not_clear_under_its_vm)
{
	story_begin("running");
	look(0, "ending requeue marked companion:running@n2", "vm0:running wants:n2 " HAS);
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	look(1, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 vm1:starting " HAS); /* whatever it is, it is one too many */
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	look(1, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 pvc1 " HAS); /* by that another one could come up */
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

/* The job did not start where its VM is: somebody else took the room. Other room is asked for, and
 * waited for as long as there is time. */
START_TEST(the_gap_has_an_end)
{
	static const char waits[] = "pending r1 requeue moved aimed:n2 companion:pending";

	story_begin("running");
	look(0, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	look(MOVE_WAIT_S - 1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ready_and("starting");
	ck_assert_uint_eq(story.n, 0);
	look(1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ready_and("allocate");
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->node, "");
	look(MOVE_GAP_S - MOVE_WAIT_S - 1, waits, "vm0:running@n2 " HAS);
	ready_and("queued");
	ck_assert_uint_eq(story.n, 0);
	look(1, waits, "vm0:running@n2 " HAS);
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	look(10, waits, "vm0:running@n2 given-up " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_VM));
	look(10, waits, "disk secret");
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	look(10, "pending r1 requeue moved aimed:n2", "disk secret");
	ck_assert_str_eq(story_asked(ACT_AIM_JOB)->node, "");
	ck_assert_str_eq(vm_state_name(reconciler_status(story.r, 17)->state), "PENDING");
	story_end();
}
END_TEST

/* Who was stopped in the gap, while the job started, moved on and was queued again, sees only the
 * next gap, and has not seen that the VM had a place in between (sim_seeds 1 8871). */
START_TEST(the_next_gap_is_another_one)
{
	story_begin("running");
	look(0, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	look(MOVE_GAP_S, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ready_and("starting");
	ck_assert_ptr_null(story_asked(ACT_POINT_VM));
	look(MOVE_GAP_S - 1, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ck_assert_ptr_null(story_asked(ACT_POINT_VM));
	look(1, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " HAS);
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	story_end();
}
END_TEST

/* Nor can it start any more, for the node was drained: other room is waited for, but not for ever.
 */
START_TEST(the_gap_has_an_end_though_it_waits_for_room)
{
	static const char job[] = "pending r1 requeue moved aimed:n2 s2:drained companion:pending";

	story_begin("running");
	look(0, job, "vm0:running@n2 " HAS);
	look(MOVE_GAP_S - 1, job, "vm0:running@n2 " HAS);
	ready_and("queued");
	look(1, job, "vm0:running@n2 " HAS);
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	look(10, job, "vm0:running@n2 given-up " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_VM));
	story_end();
}
END_TEST

/* A vmd was stopped with the deletion of a VM that had found no place. Meanwhile there is room for
 * it, and another vmd goes on with the move: first it changes the VM, by taking off it that it was
 * given up, so that the deletion misses it (the model of moves found that: question 5). */
START_TEST(who_was_given_up_and_finds_room_is_changed_first)
{
	static const char job[] = "running requeue drained marked companion:running@n2";

	story_begin("running");
	look(0, "running requeue drained", "vm0:running@n2 wants:n1 " HAS);
	look(MOVE_GAP_S, "running requeue drained", "vm0:running@n2 wants:n1 " HAS);
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n2");
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	look(10, "running requeue drained", "vm0:running@n2 given-up " HAS);
	ck_assert_str_eq(story_asked(ACT_DELETE_VM)->version, "7");
	story_end();
	story_begin("running");
	look(0, job, "vm0:running@n2 given-up " HAS);
	ready_and("point");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n2");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->version, "7");
	ck_assert(!story_asked(ACT_POINT_VM)->point_vm.gives_up);
	ck_assert_ptr_null(story_asked(ACT_REQUEUE_JOB));
	look(1, job, "vm0:running@n2 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_REQUEUE_JOB));
	story_end();
}
END_TEST

/* A round by a list of jobs that was asked for so long ago. */
static void look_back(int64_t seconds, int64_t age_s, const char *job, const char *seen)
{
	story_world(seconds, job, seen);
	story.w.want.asked_us = story_now().mono_us - age_s * INT64_C(1000000);
	(void)story_round();
	story_answer(ERR_NONE);
}

/* Its time without a place was over by a list of jobs that was 40 s old; its job had its place by
 * then (seed 4221). So it goes by a list that was asked for behind the note. */
START_TEST(slurm_is_asked_before_who_is_given_up_goes)
{
	static const char waits[] = "running requeue drained",
			  noted[] = "vm0:running@n2 given-up " HAS;

	story_begin("running");
	look(0, waits, "vm0:running@n2 wants:n1 " HAS);
	look_back(MOVE_GAP_S, 40, waits, "vm0:running@n2 wants:n1 " HAS);
	ck_assert(story_asked(ACT_POINT_VM)->point_vm.gives_up);
	look_back(5, 45, waits, noted);
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	look_back(5, 5, waits, noted); /* asked for when the note was seen, not behind that */
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	look_back(1, 0, waits, "vm0:running@n2 wants:n1 " HAS); /* somebody took it off */
	look_back(1, 1, waits, noted);
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	look_back(1, 0, waits, noted);
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_VM));
	story_restart(); /* another vmd asks anew */
	look_back(1, 2, waits, noted);
	look_back(1, 3, waits, noted);
	ck_assert_ptr_null(story_asked(ACT_DELETE_VM));
	story_end();
}
END_TEST

START_TEST(somebody_asks)
{
	story_begin("running");
	look(0, "running requeue", "vm0:running " HAS);
	reconciler_migrate(story.r, 17, "n3");
	look(1, "running requeue", "vm0:running " HAS);
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->node, "n3");
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " migrate=n3"));
	look(1, "running requeue companion:running@n3", "vm0:running@n3 " HAS);
	ready_and("mark");
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "migrate="));
	story_end();
}
END_TEST

START_TEST(it_is_given_up_and_tried_later)
{
	story_begin("running");
	look(0, "running requeue drained companion:running@n2",
	     "vm0:running wants:n2 given:n2 failed:3 " HAS);
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n1");
	look(2, "running requeue drained companion:running@n2", "vm0:running failed:3 " HAS);
	ck_assert_ptr_null(story_asked(ACT_END_COMPANION));
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.turned_down[0], 23);
	look(2, "running requeue drained companion:running@n2",
	     "vm0:running failed:3 turned-down:23 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_END_COMPANION));
	look(2, "running requeue drained", "vm0:running failed:3 turned-down:23 " HAS);
	ready_and("blocked");
	ck_assert_ptr_null(story_asked(ACT_ALLOCATE));
	look(MOVE_PAUSE_S, "running requeue drained", "vm0:running failed:3 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_ALLOCATE));
	story_end();
}
END_TEST

/* What was asked for is believed in for 30 s, but not longer than until it is listed. */
START_TEST(it_is_asked_for_again_at_once)
{
	story_begin("running");
	look(0, "running requeue drained", "vm0:running " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_ALLOCATE));
	look(1, "running requeue drained", "vm0:running " HAS); /* not listed yet */
	ck_assert_ptr_null(story_asked(ACT_ALLOCATE));
	look(1, "running requeue companion:pending", "vm0:running " HAS); /* resumed */
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.turned_down[0], 23);
	ck_assert(!story_asked(ACT_POINT_VM)->point_vm.gives_up);
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n1");
	look(1, "running requeue companion:pending", "vm0:running turned-down:23 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_END_COMPANION));
	look(1, "running requeue companion:ended", "vm0:running " HAS);
	look(1, "running requeue drained companion:ended", "vm0:running " HAS); /* drained again */
	ck_assert_ptr_nonnull(story_asked(ACT_ALLOCATE));
	look(1, "running requeue drained companion:ended", "vm0:running " HAS);
	ck_assert_ptr_null(
		story_asked(ACT_ALLOCATE)); /* the old one is not what was asked for now */
	look(1, "running requeue drained companion:ended companion:ended", "vm0:running " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_ALLOCATE));
	look(1, "running requeue drained companion:ended companion:ended", "vm0:running " HAS);
	ck_assert_ptr_null(story_asked(ACT_ALLOCATE));
	/* slurmctld lost its state: the one that was asked for has an old id */
	look(1, "running requeue drained companion:ended", "vm0:running " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_ALLOCATE));
	story_end();
}
END_TEST

/* Who sees an older list would end the one that counts now. */
START_TEST(a_second_companion_is_ended_beside_the_first)
{
	story_begin("running");
	look(0, "running requeue drained companion:pending companion:pending",
	     "vm0:running turned-down:24 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 24);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->end_companion.stays, 23);
	story_end();
	story_begin("running");
	look(0, "running requeue companion:pending", "vm0:running turned-down:23 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->end_companion.stays, 0);
	story_end();
	story_begin("running"); /* where it is one that it has turned down is the last choice */
	look(0, "running requeue drained companion:running@n2 companion:running@n2",
	     "vm0:running@n2 turned-down:23 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->end_companion.stays, 24);
	story_end();
	story_begin("running"); /* it moves on: not where it is */
	look(0, "running requeue drained companion:running@n2 s2:drained", "vm0:running@n2 " HAS);
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->allocate.not_on, "n2");
	story_end();
	story_begin("running"); /* nor is a job queued again without the one that its VM is with */
	look(0, "running requeue drained marked companion:running@n2", "vm0:running@n2 " HAS);
	ck_assert_uint_eq(story_asked(ACT_REQUEUE_JOB)->companion, 23);
	ck_assert_int_eq(story_asked(ACT_REQUEUE_JOB)->requeue_job.companion_start_s,
			 LITTLE_NOW_S - 300);
	ck_assert_str_eq(story_asked(ACT_REQUEUE_JOB)->vm.name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(story_asked(ACT_REQUEUE_JOB)->uid, "u-vm");
	ck_assert_str_eq(story_asked(ACT_REQUEUE_JOB)->version, "7");
	ck_assert_str_eq(story_asked(ACT_REQUEUE_JOB)->node, "n2");
	story_end();
}
END_TEST

/* slurmctld lost its state, and the next companion has the id of the one before: the migration that
 * went there says nothing of this one (found by tests/lab/0021). */
START_TEST(a_companion_has_the_id_of_another)
{
	static const char job[] = "running requeue drained companion:running@n2",
			  seen[] = "vm0:running wants:n2 given:n2 succeeded " HAS;

	story_begin("running");
	look(0, job, seen);
	ready_and("sending"); /* it may be a moment behind */
	ck_assert_ptr_null(story_asked(ACT_MIGRATE_VM));
	look(MOVE_BEHIND_S, job, seen);
	ready_and("send");
	ck_assert_str_eq(story_asked(ACT_MIGRATE_VM)->object, "vm-" LITTLE_KEY "-r0-m23-2");
	look(1, job, "vm0:running wants:n2 given:n2 sending " HAS);
	look(1, job, seen);
	ready_and("sending");
	ck_assert_ptr_null(story_asked(ACT_MIGRATE_VM));
	story_end();
}
END_TEST

static unsigned told(void)
{
	return story_asked(ACT_TELL_JOB) != NULL;
}

START_TEST(it_says_who_drains_its_node)
{
	story_begin("running");
	look(0, "running requeue drained fan:root", "vm0:running " HAS);
	ready_and("allocate");
	ck_assert_ptr_nonnull(strstr(reconciler_status(story.r, 17)->move_reason,
				     "its node is drained in Slurm by root (a fan)"));
	look(1, "running requeue drained companion:pending fan:", "vm0:running " HAS);
	ready_and("queued");
	ck_assert_ptr_nonnull(strstr(reconciler_status(story.r, 17)->move_reason,
				     "its node is drained in Slurm (a fan)"));
	story_end();
}
END_TEST

START_TEST(its_user_is_told_once)
{
	story_begin("running");
	look(0, "running requeue", "vm0:running blocked " HAS);
	ready_and("");
	ck_assert_str_eq(reconciler_status(story.r, 17)->pinned, "a GPU");
	look(5, "running requeue drained", "vm0:running blocked " HAS);
	ready_and("blocked");
	ck_assert_uint_eq(told(), 1);
	ck_assert_str_eq(story_asked(ACT_TELL_JOB)->reason,
			 "it must leave, but it cannot move live: a GPU");
	look(5, "running requeue drained", "vm0:running blocked " HAS);
	ck_assert_uint_eq(told(), 0);
	look(5, "running requeue drained",
	     "vm0:running blocked ?moves " HAS); /* unknown is no end */
	look(5, "running requeue drained", "vm0:running blocked " HAS);
	ck_assert_uint_eq(told(), 0);
	look(5, "running requeue", "vm0:running blocked " HAS);
	look_with(5, "running requeue drained", "vm0:running blocked " HAS, ERR_RETRY);
	ck_assert_uint_eq(told(), 1); /* another drain */
	look(100, "running requeue drained", "vm0:running blocked " HAS);
	ck_assert_uint_eq(told(), 0); /* whatever came of it */
	look(5, "running requeue drained drain:stay", "vm0:running blocked " HAS);
	ck_assert_uint_eq(told(), 1); /* another reason */
	look(5, "running requeue", "vm0:running " HAS);
	ck_assert_str_eq(reconciler_status(story.r, 17)->pinned, "");
	story_end();
}
END_TEST

START_TEST(trouble_of_a_move_is_shown_and_not_fatal)
{
	story_begin("running");
	look_with(0, "running requeue drained", "vm0:running " HAS, ERR_DENIED);
	look(1, "running requeue drained", "vm0:running " HAS);
	ready_and("allocate");
	ck_assert_ptr_nonnull(
		strstr(reconciler_status(story.r, 17)->move_reason, "because of denied"));
	story_end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("stories");

	tcase_add_test(t, a_drain);
	tcase_add_test(t, it_comes_home);
	tcase_add_test(t, its_time_without_an_allocation_is_counted);
	tcase_add_test(t, its_time_without_an_allocation_counts_anew_for_who_leads_again);
	tcase_add_test(t, the_run_that_is_queued_again_is_named);
	tcase_add_test(t, node_is_not_clear_under_its_vm);
	tcase_add_test(t, the_gap_has_an_end);
	tcase_add_test(t, the_next_gap_is_another_one);
	tcase_add_test(t, the_gap_has_an_end_though_it_waits_for_room);
	tcase_add_test(t, who_was_given_up_and_finds_room_is_changed_first);
	tcase_add_test(t, slurm_is_asked_before_who_is_given_up_goes);
	tcase_add_test(t, somebody_asks);
	tcase_add_test(t, it_is_given_up_and_tried_later);
	tcase_add_test(t, it_is_asked_for_again_at_once);
	tcase_add_test(t, a_second_companion_is_ended_beside_the_first);
	tcase_add_test(t, a_companion_has_the_id_of_another);
	tcase_add_test(t, it_says_who_drains_its_node);
	tcase_add_test(t, its_user_is_told_once);
	tcase_add_test(t, trouble_of_a_move_is_shown_and_not_fatal);
	return CHECK_MAIN(t);
}
