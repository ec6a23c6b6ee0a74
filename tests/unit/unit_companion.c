/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Companion jobs: the mark by which they are known, which of them is a job's, and whose the
 * attempts of a migration are. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/migration/move.h"

#include <check.h>
#include <string.h>

START_TEST(companions_are_marked)
{
	static const char *const bad[] = {"",
					  "slurm-vm-companion{job=",
					  "slurm-vm-companion{job=17",
					  "slurm-vm-companion{job=17}",
					  "slurm-vm-companion{job=17-9F3C12AB45DE6701}",
					  "slurm-vm-companion{job=" LITTLE_KEY LITTLE_KEY "}",
					  "slurm-vm-companion{job=" LITTLE_KEY " size=8}",
					  "slurm-vm-companion{job=" LITTLE_KEY " size=0/1}",
					  "slurm-vm-companion{job=" LITTLE_KEY " vm=}",
					  "slurm-vm-companion{job=" LITTLE_KEY " vm=u  size=8/1}",
					  "slurm-vm-companion{job=" LITTLE_KEY " other=1}",
					  "slurm-vm{image=tiny}"};
	const struct job_size large = {.cpus = 8, .memory_bytes = UINT64_C(16) << 30};
	struct companion c = {.id = 23, .job_key = LITTLE_KEY}, found = {.id = 23};
	char text[COMPANION_MARK_MAX + 1];

	ck_assert_int_eq(companion_mark(&c, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "slurm-vm-companion{job=" LITTLE_KEY "}");
	ck_assert(companion_find(text, &found));
	ck_assert_str_eq(found.job_key, LITTLE_KEY);
	ck_assert_str_eq(found.vm_uid, "");
	ck_assert_uint_eq(found.size.cpus, 0);
	c.size = large;
	(void)str_copy(c.vm_uid, sizeof(c.vm_uid), "25c1-4d");
	ck_assert_int_eq(companion_mark(&c, text, sizeof(text)), 0);
	ck_assert_str_eq(text,
			 "slurm-vm-companion{job=" LITTLE_KEY " vm=25c1-4d size=8/17179869184}");
	ck_assert(companion_find(text, &found));
	ck_assert_str_eq(found.job_key, LITTLE_KEY);
	ck_assert_str_eq(found.vm_uid, "25c1-4d");
	ck_assert_uint_eq(found.size.cpus, 8);
	ck_assert_uint_eq(found.size.memory_bytes, large.memory_bytes);
	ck_assert(
		companion_find("site's own slurm-vm-companion{job=" LITTLE_OTHER "}, too", &found));
	ck_assert_str_eq(found.job_key, LITTLE_OTHER);
	ck_assert_str_eq(found.vm_uid, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!companion_find(bad[i], &found), "'%s'", bad[i]);
	ck_assert_str_eq(found.job_key, LITTLE_OTHER); /* untouched */
}
END_TEST

START_TEST(companions_of_others_do_not_count)
{
	const struct companion all[] = {
		{.id = 21, .job_key = LITTLE_KEY, .phase = JOB_ENDED},
		{.id = 22, .job_key = LITTLE_OTHER, .phase = JOB_RUNNING},
		{.id = 23, .job_key = LITTLE_KEY, .phase = JOB_ENDING},
		{.id = 24, .job_key = LITTLE_KEY, .phase = JOB_PENDING},
	};

	const struct job j = {.id = 17, .request = {.nonce = "9f3c12ab45de6701"}};
	const struct companion *h, *next;

	move_companions(all, ARRAY_LEN(all), &j, NULL, &h, &next);
	ck_assert_ptr_eq(h, &all[3]);
	ck_assert_ptr_null(next);
	move_companions(all, 3, &j, NULL, &h, &next);
	ck_assert_ptr_null(h);
}
END_TEST

/* Not for one that had its id before slurmctld lost its state: what became of that one is nothing
 * that this one is waited for, or given up. */
START_TEST(attempts_are_of_one_companion)
{
	const struct companion h = {.id = 23, .start_s = 1000};
	struct vm_moving k = {.companion = 23, .attempt = 1, .last_s = 1001};

	ck_assert(move_was_for(&k, &h));
	k.last_s = 1000 - MOVE_CLOCKS_S; /* the API server's clock */
	ck_assert(move_was_for(&k, &h));
	k.last_s--;
	ck_assert(!move_was_for(&k, &h));
	k.last_s = 1001;
	k.companion = 22;
	ck_assert(!move_was_for(&k, &h));
	k.companion = 23;
	k.attempt = 0;
	ck_assert(!move_was_for(&k, &h));
}
END_TEST

/* Seen to wait, and to run, when its end was planned. */
START_TEST(who_may_be_ended)
{
	ck_assert(companion_may_end(true, JOB_PENDING));
	ck_assert(!companion_may_end(true, JOB_RUNNING)); /* its VM may be there */
	ck_assert(companion_may_end(false, JOB_RUNNING));
	ck_assert(companion_may_end(false, JOB_PENDING)); /* queued again: nobody can be there */
}
END_TEST

START_TEST(what_is_turned_down)
{
	uint32_t list[TURNED_DOWN_MAX] = {0};
	char text[TURNED_DOWN_TEXT];
	static const char *const bad[] = {
		"",     ",", "0", "23,", "23,0", "-1", "4294967296", " 23", "1,2,3,4,5,6,7,8,9",
		"23 24"};

	ck_assert(!turned_down_has(list, 0)); /* none is no companion */
	ck_assert_str_eq(turned_down_text(list, text), "");
	for (uint32_t id = 1; id <= TURNED_DOWN_MAX + 1; id++)
		turned_down_add(list, 4294967286U + id);
	ck_assert(!turned_down_has(list, 4294967287U));
	ck_assert(turned_down_has(list, 4294967288U) && turned_down_has(list, UINT32_MAX));
	ck_assert_uint_eq(strlen(turned_down_text(list, text)), TURNED_DOWN_TEXT - 1);
	turned_down_parse(text, list);
	ck_assert(turned_down_has(list, 4294967288U) && turned_down_has(list, UINT32_MAX));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		turned_down_parse("23", list);
		turned_down_parse(bad[i], list);
		ck_assert_msg(!list[0] && !turned_down_has(list, 23), "'%s'", bad[i]);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("companions");

	tcase_add_test(t, companions_are_marked);
	tcase_add_test(t, companions_of_others_do_not_count);
	tcase_add_test(t, attempts_are_of_one_companion);
	tcase_add_test(t, who_may_be_ended);
	tcase_add_test(t, what_is_turned_down);
	return CHECK_MAIN(t);
}
