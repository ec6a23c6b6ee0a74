/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that moves to grow: how large its companion, the VM and its job are to be at each step, and
 * what becomes of the wish. */
#include "tests/unit/check_main.h"
#include "tests/unit/move_story.h"

#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* How large the companion, the VM and the job are to be; the wish is over when the VM has come to
 * where there is room, and what its job is to be is in the companion's record from then on. */
START_TEST(a_vm_grows)
{
	story_begin("running");
	look(0, "running requeue grows", "vm0:running sockets:111 " HAS);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 4);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.memory_bytes, UINT64_C(4) << 30);
	look(1, "running requeue grows companion:running@n2 large", "vm0:running sockets:111 " HAS);
	ready_and("point");
	ck_assert_str_eq(story_asked(ACT_POINT_VM)->node, "n2");
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.target.sockets, 4);
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.target.memory_bytes, UINT64_C(128)
											   << 20);
	look(1, "running requeue grows companion:running@n2 large",
	     "vm0:running@n2 wants:n2 given:n2 sockets:441 " HAS);
	ready_and("mark");
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "grow="));
	look(1, "pending r1 requeue held moved companion:running@n2 large",
	     "vm0:running@n2 sockets:444 " HAS);
	ready_and("aim");
	ck_assert_uint_eq(story_asked(ACT_AIM_JOB)->size.cpus, 4);
	ck_assert_uint_eq(reconciler_status(story.r, 17)->guest_cpus, 4);
	story_end();
}
END_TEST

/* Slurm gives whole cores: what its job will hold beyond the wish, the guest is given. */
START_TEST(a_vm_gets_all_that_its_job_will_hold)
{
	story_begin("running");
	look(0, "running requeue grows:3", "vm0:running sockets:111 " HAS);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 3);
	look(1, "running requeue grows:3 companion:running@n2 large holds:3",
	     "vm0:running sockets:111 " HAS);
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.target.sockets, 3);
	look(1, "running requeue grows:3 companion:running@n2 large holds:4",
	     "vm0:running sockets:111 " HAS);
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.target.sockets, 4);
	story_end();
}
END_TEST

/* What its VM has is what the next place must have, at least: its job may have asked for less. */
START_TEST(room_is_asked_for_that_holds_it)
{
	story_begin("running");
	look(0, "running requeue drained", "vm0:running sockets:222 " HAS);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 0);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->allocate.least.cpus, 2);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->allocate.least.memory_bytes,
			  vm_allocation_bytes(UINT64_C(128) << 20, 2, false));
	story_end();
}
END_TEST

/* A guest that has grown and has lost its room is given as much where it is, and its job follows.
 */
START_TEST(a_grown_vm_finds_room_of_its_size)
{
	story_begin("running");
	look(0, "running requeue", "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS);
	ready_and("allocate");
	ck_assert_str_eq(story_asked(ACT_ALLOCATE)->node, "n2");
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 4);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.memory_bytes, UINT64_C(512) << 20);
	ck_assert_ptr_nonnull(
		strstr(reconciler_status(story.r, 17)->move_reason, "larger than its job"));
	look(1, "running requeue companion:running@n2 large",
	     "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS);
	ready_and("mark");
	story_end();
}
END_TEST

/* Its job was released before vmd had told Slurm its size, and began where its companion is, as
 * small as it was. The VM is never in less than it has. */
START_TEST(a_job_begins_by_itself_too_small)
{
	static const char small[] = "running r1 requeue moved companion:running@n1 large";
	char next[96];

	story_begin("running r1 requeue moved");
	look(0, small, "vm0:running sockets:444 " HAS);
	ready_and("allocate");
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 4);
	ck_assert_ptr_null(story_asked(ACT_END_COMPANION));
	(void)str_fmt(next, sizeof(next), "%s companion:running@n2 large", small);
	look(5, next, "vm0:running wants:n2 given:n2 sockets:444 " HAS);
	ck_assert_str_eq(story_asked(ACT_MIGRATE_VM)->object, "vm-17-9f3c12ab45de6701-r0-m24-1");
	ck_assert_ptr_null(story_asked(ACT_END_COMPANION));
	look(5, next, "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS);
	ready_and("mark");
	ck_assert_uint_eq(story_asked(ACT_POINT_VM)->point_vm.turned_down[0], 23);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	look(5, next, "vm0:running@n2 wants:n2 given:n2 turned-down:23 sockets:444 " HAS);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->companion, 23);
	ck_assert_uint_eq(story_asked(ACT_END_COMPANION)->end_companion.stays, 24);
	story_end();
}
END_TEST

/* Taken back when the VM was just being told: KubeVirt would grow it with whatever migration comes
 * next. So the wish is one again. */
START_TEST(a_wish_that_was_told_is_not_lost)
{
	story_begin("running");
	look(0, "running requeue grows companion:running@n2 large", "vm0:running sockets:111 " HAS);
	reconciler_resize(story.r, 17, &(struct job_size){.cpus = 0});
	look(1, "running requeue companion:running@n2 large",
	     "vm0:running wants:n2 sockets:411 " HAS);
	ck_assert(reconciler_status(story.r, 17)->growing);
	ready_and("pointed");
	look(2, "running requeue", "vm0:running wants:n1 given:n1 sockets:441 " HAS);
	ready_and("allocate");
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 4);
	story_end();
}
END_TEST

/* A wish that failed is over, unless KubeVirt has begun with it: that goes on by itself. */
START_TEST(growing_is_given_up)
{
	static const char job[] = "running requeue grows companion:running@n2 large";

	story_begin("running");
	look(0, job, "vm0:running wants:n2 given:n2 failed:3 sockets:111 " HAS);
	ck_assert_ptr_null(strstr(story_asked(ACT_RECORD)->reason, "grow="));
	story_end();
	story_begin("running");
	look(0, job, "vm0:running wants:n2 given:n2 failed:3 sockets:441 " HAS);
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " grow=4/4294967296"));
	ck_assert(reconciler_status(story.r, 17)->growing);
	story_end();
	story_begin("running"); /* not any more */
	look(0, "running requeue", "vm0:running sockets:111 " HAS);
	reconciler_resize(story.r, 17,
			  &(struct job_size){.cpus = 2, .memory_bytes = UINT64_C(1) << 30});
	look(1, "running requeue", "vm0:running sockets:111 " HAS);
	ck_assert_uint_eq(story_asked(ACT_ALLOCATE)->size.cpus, 2);
	reconciler_resize(story.r, 17, &(struct job_size){.cpus = 0});
	look(100, "running requeue grows", "vm0:running sockets:111 " HAS);
	for (size_t i = 0; i < story.n; i++)
		ck_assert_int_ne(story.last[i].kind, ACT_ALLOCATE);
	story_end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("growth");

	tcase_add_test(t, a_vm_grows);
	tcase_add_test(t, a_vm_gets_all_that_its_job_will_hold);
	tcase_add_test(t, room_is_asked_for_that_holds_it);
	tcase_add_test(t, a_grown_vm_finds_room_of_its_size);
	tcase_add_test(t, a_job_begins_by_itself_too_small);
	tcase_add_test(t, a_wish_that_was_told_is_not_lost);
	tcase_add_test(t, growing_is_given_up);
	return CHECK_MAIN(t);
}
