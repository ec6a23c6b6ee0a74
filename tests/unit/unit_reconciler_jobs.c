/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several jobs in one reconciler. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/reconciler.h"

#include <check.h>
#include <string.h>

#define S INT64_C(1000000)

static struct little_world w;

#define JOBS 3
static struct {
	unsigned n;
	uint64_t record_ticket[JOBS + 1]; /* by job, 1 to JOBS */
} port;

static int note(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	(void)self, (void)e;
	port.n++;
	if (a->kind == ACT_RECORD && a->job_id <= JOBS)
		port.record_ticket[a->job_id] = ticket;
	return 0;
}

static void round_of(struct reconciler *r, struct job *jobs, size_t n, int64_t after_s)
{
	struct desired want = {.known = true, .n = n, .job = jobs};
	struct observed seen = {.vms_known = true,
				.disks_known = true,
				.named_known = true,
				.pvs_known = true,
				.pvcs_known = true,
				.secrets_known = true};

	memset(&port, 0, sizeof(port));
	world_sort(&want, &seen);
	(void)reconciler_round(r, &want, &seen,
			       (struct now){.mono_us = LITTLE_NOW_US + after_s * S,
					    .wall_s = LITTLE_NOW_S + after_s});
}

static struct job job_make(uint32_t id, const char *nonce, enum job_phase phase)
{
	struct job j = {.id = id, .phase = phase, .cpus = 1, .memory_bytes = UINT64_C(1) << 30};

	(void)str_copy(j.request.image, sizeof(j.request.image), "tiny");
	(void)str_copy(j.request.nonce, sizeof(j.request.nonce), nonce);
	return j;
}

static struct reconciler *reconciler_make(void)
{
	const struct action_port p = {.apply = note};

	little_world_init(&w, "running", "", "");
	return reconciler_new(&w.catalogue, &w.policy, &p);
}

/* Jobs come and go; each keeps its own progress, and the answer to its own record. */
START_TEST(jobs_keep_their_progress)
{
	static const char aa[] = "00000000000000aa", bb[] = "00000000000000bb";
	struct reconciler *r = reconciler_make();
	struct job all[] = {job_make(1, aa, JOB_RUNNING), job_make(2, aa, JOB_RUNNING),
			    job_make(3, aa, JOB_RUNNING)};
	struct job some[] = {job_make(1, bb, JOB_PENDING), job_make(2, aa, JOB_RUNNING)};
	const struct err ok = {.kind = ERR_NONE};

	round_of(r, all, 3, 0);
	round_of(r, all, 3, 20);
	for (uint32_t i = 1; i <= JOBS; i++)
		ck_assert_uint_ne(port.record_ticket[i], 0);
	reconciler_done(r, port.record_ticket[2], &ok, (struct now){.mono_us = LITTLE_NOW_US});
	round_of(r, all, 3, 21);
	ck_assert_uint_eq(port.record_ticket[2], 0); /* written */
	ck_assert_uint_eq(port.record_ticket[3], 0); /* on its way */
	round_of(r, some, 2, 22);
	ck_assert_int_eq(reconciler_status(r, 1)->state, VM_STATE_PENDING);
	ck_assert_int_eq(reconciler_status(r, 2)->since_s[VM_STATE_PROVISIONING], LITTLE_NOW_S);
	ck_assert_ptr_null(reconciler_status(r, 3));
	round_of(r, all, 3, 30); /* 1 with its first nonce, and 3, begin anew */
	ck_assert_int_eq(reconciler_status(r, 1)->since_s[VM_STATE_PROVISIONING],
			 LITTLE_NOW_S + 30);
	ck_assert_int_eq(reconciler_status(r, 3)->since_s[VM_STATE_PROVISIONING],
			 LITTLE_NOW_S + 30);
	reconciler_free(r);
	little_world_done(&w);
}
END_TEST

START_TEST(of_two_with_one_id_the_living_one)
{
	static const char aa[] = "00000000000000aa", bb[] = "00000000000000bb";
	struct reconciler *r = reconciler_make();
	struct job one[] = {job_make(1, aa, JOB_ENDED), job_make(1, bb, JOB_PENDING)};
	struct job other[] = {job_make(1, aa, JOB_PENDING), job_make(1, bb, JOB_ENDED)};

	round_of(r, one, 2, 0);
	ck_assert_int_eq(reconciler_status(r, 1)->state, VM_STATE_PENDING);
	round_of(r, other, 2, 1);
	ck_assert_int_eq(reconciler_status(r, 1)->state, VM_STATE_PENDING);
	reconciler_free(r);
	little_world_done(&w);
}
END_TEST

START_TEST(cut_round_goes_on_at_once)
{
	struct reconciler *r = reconciler_make();
	struct desired want = {.known = true, .n = 1, .job = &w.job};
	struct now now = {.mono_us = LITTLE_NOW_US, .wall_s = LITTLE_NOW_S};

	w.policy.actions_per_round = 2; /* disk, PVC, Secret */
	ck_assert_int_eq(reconciler_round(r, &want, &w.seen, now), now.mono_us);
	ck_assert_uint_eq(reconciler_plan(r)->n, 2);
	ck_assert_int_gt(reconciler_round(r, &want, &w.seen, now), now.mono_us);
	reconciler_free(r);
	little_world_done(&w);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reconciler jobs");

	tcase_add_test(t, jobs_keep_their_progress);
	tcase_add_test(t, of_two_with_one_id_the_living_one);
	tcase_add_test(t, cut_round_goes_on_at_once);
	return CHECK_MAIN(t);
}
