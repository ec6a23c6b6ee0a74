/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A salloc --no-shell whose VM has moved: its companion becomes the job. Which of them is the job
 * at each moment is in unit_heir.c. */
#include "tests/unit/check_main.h"
#include "tests/unit/move_story.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/progress.h"

#include <check.h>
#include <string.h>

/* What its heir has to know is written before it is the job, and it goes on from there. */
START_TEST(an_allocation_without_a_shell)
{
	story_begin("running");
	look(0, "running noshell", "vm0:running " HAS);
	look(1, "running drained noshell companion:running@n2", "vm0:running@n2 " HAS);
	ready_and("bequeath");
	ck_assert_uint_eq(story_asked(ACT_BEQUEATH)->companion, 23);
	ck_assert_ptr_nonnull(
		strstr(story_asked(ACT_BEQUEATH)->reason, " state=ready run=0 node=n2 "));
	ck_assert_ptr_nonnull(
		strstr(story_asked(ACT_BEQUEATH)->reason, " nodes=n1@1699999500,n2@1700000001"));
	ck_assert_ptr_null(strstr(story_asked(ACT_BEQUEATH)->reason, "heir="));
	look(5, "running drained noshell companion:running@n2 claims", "vm0:running@n2 " HAS);
	ready_and("mark");
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " heir=23 "));
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, " moved="));
	ck_assert(story_asked(ACT_RECORD)->record.look);
	look(5, "running drained noshell heir companion:running@n2 claims", "vm0:running@n2 " HAS);
	ready_and("give-way");
	ck_assert_uint_eq(story_asked(ACT_GIVE_WAY)->companion, 23);
	ck_assert_uint_eq(story_asked(ACT_GIVE_WAY)->job_id, 17);
	look(5, "running noshell as17", "vm0:running " HAS); /* n1: it is there */
	ck_assert_ptr_null(reconciler_status(story.r, 17));
	ck_assert_str_eq(vm_state_name(reconciler_status(story.r, 23)->state), "READY");
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "heir="));
	ck_assert_uint_eq(story_asked(ACT_RECORD)->job_id, 23);
	ck_assert_str_eq(story_asked(ACT_RECORD)->job_key, LITTLE_KEY);
	story_end();
}
END_TEST

/* What was seen of the VM is so still: KubeVirt shows no address for a while after a move. */
START_TEST(an_heir_has_the_address)
{
	struct progress p = {.job_id = 17, .key_id = 17, .nonce = "9f3c12ab45de6701"};
	struct little_world row;
	struct progress_view v;

	(void)str_copy(p.status.address, sizeof(p.status.address), "192.168.172.57");
	(void)str_copy(p.recorded, sizeof(p.recorded), " state=ready");
	little_world_init(&row, "running noshell as17", "vm0:running " HAS, "");
	v = (struct progress_view){.want = &row.want,
				   .seen = &row.seen,
				   .flight = &row.flight,
				   .catalogue = &row.catalogue,
				   .policy = &row.policy,
				   .mono_us = LITTLE_NOW_US,
				   .wall_s = LITTLE_NOW_S};
	progress_step(&p, &row.job, &v);
	ck_assert_uint_eq(p.job_id, 23);
	ck_assert_str_eq(p.status.address, "192.168.172.57");
	ck_assert_str_eq(p.recorded, ""); /* its own record is another one */
	row.job.request.as = 0;           /* another job */
	progress_step(&p, &row.job, &v);
	p.job_id = 17;
	progress_step(&p, &row.job, &v);
	ck_assert_str_eq(p.status.address, "");
	little_world_done(&row);
}
END_TEST

/* Its VM goes elsewhere before it gives way: it names nobody any more. */
START_TEST(an_heir_is_taken_back)
{
	story_begin("running");
	look(0, "running drained noshell heir companion:running@n2 claims", "vm0:running@n2 " HAS);
	look(5, "running drained noshell heir companion:running@n2 claims",
	     "vm0:running@n2 ?moves " HAS);
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* unknown is no reason */
	look(5, "running noshell heir companion:running@n2 claims", "vm0:running " HAS);
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.turned_down[0], 23);
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "heir="));
	look(5, "running noshell companion:running@n2 claims", "vm0:running turned-down:23 " HAS);
	ck_assert_ptr_nonnull(story_asked(ACT_END_COMPANION));
	story_end();
}
END_TEST

/* While its job lives, the end of a companion rests on that: an heir may need it. */
START_TEST(an_end_names_its_job)
{
	story_begin("running");
	look(0, "running drained noshell companion:running@n2 companion:pending",
	     "vm0:running@n2 turned-down:24 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 24);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->job_id, 17);
	ck_assert(!story_asked(ACT_END_COMPANION)->end_companion.job_over);
	ck_assert(story_asked(ACT_END_COMPANION)->end_companion.waited);
	look(5, "ending noshell companion:running@n2", HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert(story_asked(ACT_END_COMPANION)->end_companion.job_over);
	ck_assert(!story_asked(ACT_END_COMPANION)->end_companion.waited);
	look(5, "absent companion:running@n2", "");
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert(story_asked(ACT_END_COMPANION)->end_companion.job_over);
	story_end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("heirs");

	tcase_add_test(t, an_allocation_without_a_shell);
	tcase_add_test(t, an_heir_has_the_address);
	tcase_add_test(t, an_heir_is_taken_back);
	tcase_add_test(t, an_end_names_its_job);
	return CHECK_MAIN(t);
}
