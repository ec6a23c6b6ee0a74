/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From hint to VM: totals, overlapping waits, and a table that is full. */
#include "tests/unit/check_main.h"
#include "vmd/timing.h"

#include <check.h>

static struct timings t;

START_TEST(waits_overlap)
{
	struct timing_result r;

	timing_hint(&t, 7, 1000);
	timing_hint(&t, 7, 1500); /* a later hint changes nothing */
	timing_begin(&t, 7, TIMING_CEPH, 2000);
	timing_begin(&t, 7, TIMING_KUBE, 3000);
	timing_begin(&t, 7, TIMING_KUBE, 3500);
	timing_end(&t, 7, TIMING_KUBE, 4000);
	timing_end(&t, 7, TIMING_CEPH, 5000);
	timing_end(&t, 7, TIMING_KUBE, 6000);
	timing_begin(&t, 7, TIMING_KUBE, 7000);
	timing_end(&t, 7, TIMING_KUBE, 9000);
	ck_assert(timing_finish(&t, 7, 10000, &r));
	ck_assert_int_eq(r.total_us, 9000);
	ck_assert_int_eq(r.part_us[TIMING_CEPH], 3000);
	ck_assert_int_eq(r.part_us[TIMING_KUBE], 3000 + 2000);
	ck_assert_int_eq(r.part_us[TIMING_SLURM], 0);
	ck_assert_int_eq(r.own_us, 9000 - 4000 - 2000);
	ck_assert(!timing_finish(&t, 7, 10000, &r)); /* once */
}
END_TEST

START_TEST(still_waiting_at_the_end)
{
	struct timing_result r;

	timing_hint(&t, 8, 0);
	timing_begin(&t, 8, TIMING_SLURM, 100);
	ck_assert(timing_finish(&t, 8, 400, &r));
	ck_assert_int_eq(r.part_us[TIMING_SLURM], 300);
	ck_assert_int_eq(r.own_us, 100);
}
END_TEST

START_TEST(unknown_jobs)
{
	struct timing_result r;

	timing_begin(&t, 9, TIMING_KUBE, 1);
	timing_end(&t, 9, TIMING_KUBE, 2);
	ck_assert(!timing_finish(&t, 9, 3, &r));
	timing_hint(&t, 9, 10);
	timing_end(&t, 9, TIMING_KUBE, 20); /* began before the hint */
	ck_assert(timing_finish(&t, 9, 30, &r));
	ck_assert_int_eq(r.own_us, 20);
	timing_hint(&t, 9, 40);
	timing_forget(&t, 9);
	timing_forget(&t, 10);
	ck_assert(!timing_finish(&t, 9, 50, &r));
	timing_hint(&t, 0, 1);
	ck_assert(!timing_finish(&t, 0, 2, &r));
}
END_TEST

START_TEST(full_table_forgets_the_oldest)
{
	struct timing_result r;

	for (uint32_t i = 1; i <= TIMINGS_MAX + 1; i++)
		timing_hint(&t, i, i * 10);
	ck_assert(!timing_finish(&t, 1, 100000, &r));
	ck_assert(timing_finish(&t, 2, 100000, &r));
	ck_assert(timing_finish(&t, TIMINGS_MAX + 1, 100000, &r));
}
END_TEST

static void empty(void)
{
	t = (struct timings){.job = {{.job_id = 0}}};
}

int main(void)
{
	TCase *tc = tcase_create("timing");

	tcase_add_checked_fixture(tc, empty, NULL);
	tcase_add_test(tc, waits_overlap);
	tcase_add_test(tc, still_waiting_at_the_end);
	tcase_add_test(tc, unknown_jobs);
	tcase_add_test(tc, full_table_forgets_the_oldest);
	return CHECK_MAIN(tc);
}
