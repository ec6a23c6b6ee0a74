/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Companion jobs: the mark by which they are known, which of them is a job's, and whose the
 * attempts of a migration are. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/migration/move.h"

#include <check.h>

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
					  "slurm-vm{image=tiny}"};
	const struct job_size large = {.cpus = 8, .memory_bytes = UINT64_C(16) << 30};
	char key[JOB_KEY_MAX + 1] = "", text[128];
	struct job_size size;

	ck_assert_int_eq(companion_mark(LITTLE_KEY, NULL, text, sizeof(text)), 0);
	ck_assert(companion_find(text, key, &size));
	ck_assert_str_eq(key, LITTLE_KEY);
	ck_assert_uint_eq(size.cpus, 0);
	ck_assert_int_eq(companion_mark(LITTLE_KEY, &large, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "slurm-vm-companion{job=" LITTLE_KEY " size=8/17179869184}");
	ck_assert(companion_find(text, key, &size));
	ck_assert_str_eq(key, LITTLE_KEY);
	ck_assert_uint_eq(size.cpus, 8);
	ck_assert_uint_eq(size.memory_bytes, large.memory_bytes);
	ck_assert(companion_find("site's own slurm-vm-companion{job=" LITTLE_OTHER "}, too", key,
				 &size));
	ck_assert_str_eq(key, LITTLE_OTHER);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!companion_find(bad[i], key, &size), "'%s'", bad[i]);
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

	ck_assert_ptr_eq(companion_of(all, ARRAY_LEN(all), LITTLE_KEY), &all[3]);
	ck_assert_ptr_null(companion_of(all, 3, LITTLE_KEY));
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

int main(void)
{
	TCase *t = tcase_create("companions");

	tcase_add_test(t, companions_are_marked);
	tcase_add_test(t, companions_of_others_do_not_count);
	tcase_add_test(t, attempts_are_of_one_companion);
	tcase_add_test(t, who_may_be_ended);
	return CHECK_MAIN(t);
}
