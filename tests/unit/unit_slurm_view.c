/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view of Slurm's jobs, with a Slurm that is played: loads, hints, requests that only a hint
 * told, troubles. */
#include "tests/unit/check_main.h"
#include "tests/unit/played_slurm.h"
#include "vmd/base/str.h"
#include "vmd/slurm_declined.h"
#include "vmd/slurm_look.h"
#include "vmd/slurm_view.h"

#include <check.h>
#include <string.h>
#include <systemd/sd-event.h>

#define NONCE "9f3c12ab45de6701"

/* What the view told. */
static struct {
	unsigned changed, loaded, clusters, logs;
	int asking;
	char trouble[128];
	unsigned done;
	enum err_kind done_kind;
} told;

static void on_changed(void *ctx)
{
	(void)ctx;
	told.changed++;
}

static void on_loaded(void *ctx, enum err_kind kind)
{
	(void)ctx, (void)kind;
	told.loaded++;
}

static void on_trouble(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(told.trouble, sizeof(told.trouble), "%s", text ? text : "");
}

static void on_cluster(void *ctx, const char *name, uint32_t slurm_uid)
{
	(void)ctx;
	ck_assert_str_eq(name, "lab");
	ck_assert_uint_eq(slurm_uid, 64030);
	told.clusters++;
}

static void on_log(void *ctx, uint32_t job_id, const char *text)
{
	(void)ctx, (void)job_id, (void)text;
	told.logs++;
}

static void on_asking(void *ctx, uint32_t job_id, bool begins)
{
	(void)ctx, (void)job_id;
	told.asking += begins ? 1 : -1;
	ck_assert_int_ge(told.asking, 0);
}

static void on_done(void *ctx, const struct err *e)
{
	(void)ctx;
	told.done++;
	told.done_kind = e->kind;
}

static sd_event *loop;
static struct slurm_view *view;

static void start(void)
{
	struct slurm_view_settings s = {.poll_s = 1000,
					.changed = on_changed,
					.loaded = on_loaded,
					.trouble = on_trouble,
					.cluster = on_cluster,
					.asking = on_asking,
					.log = on_log};
	struct err e;

	memset(&slurm, 0, sizeof(slurm));
	memset(&told, 0, sizeof(told));
	slurm.job[0] = (struct job){.id = 17,
				    .uid = 1000,
				    .phase = JOB_RUNNING,
				    .request = {.image = "tiny", .nonce = NONCE}};
	slurm.job[1] = (struct job){.id = 18, .uid = 1000, .phase = JOB_RUNNING};
	slurm.n = 2;
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_int_eq(slurm_view_new(loop, &s, &view, &e), 0);
}

/* Until the counter says so; check's time-out ends what never gets there. */
static void run_until(const unsigned *counter, unsigned n)
{
	while (*counter < n)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
}

static const struct job *seen(uint32_t id)
{
	const struct desired *want = slurm_view_desired(view);

	for (size_t i = 0; i < want->n; i++)
		if (want->job[i].id == id)
			return &want->job[i];
	return NULL;
}

START_TEST(first_load)
{
	ck_assert(!slurm_view_desired(view)->known);
	run_until(&told.loaded, 1);
	ck_assert(slurm_view_desired(view)->known);
	ck_assert_uint_eq(slurm_view_desired(view)->n, 1);
	ck_assert_uint_eq(slurm_view_desired(view)->n_live, 2);
	ck_assert_uint_eq(told.changed, 1);
	ck_assert_uint_eq(told.clusters, 1);
}
END_TEST

START_TEST(hint_loads_one_job)
{
	run_until(&told.loaded, 1);
	slurm.job[0].phase = JOB_ENDING;
	slurm_view_hint(view, 17, NULL, 0);
	run_until(&told.changed, 2);
	ck_assert_int_eq(seen(17)->phase, JOB_ENDING);
	ck_assert_uint_eq(slurm.singles, 1);
	ck_assert_uint_eq(slurm.loads, 1);
	ck_assert_int_eq(told.asking, 0); /* as often ended as begun */
}
END_TEST

/* Slurm's record says the same before and after. */
START_TEST(script_is_over)
{
	slurm.job[0].phase = JOB_ENDING;
	slurm.job[0].told_to_end_s = 1000;
	run_until(&told.loaded, 1);
	ck_assert_int_eq(seen(17)->told_to_end_s, 1000);
	slurm_view_script_over(view, seen(17));
	ck_assert_int_eq(seen(17)->told_to_end_s, 0);
	ck_assert_uint_eq(told.changed, 2);
	slurm_view_refresh(view);
	run_until(&told.loaded, 2);
	ck_assert_int_eq(seen(17)->told_to_end_s, 0);
	slurm_view_hint(view, 17, NULL, 0);
	run_until(&slurm.singles, 1);
	ck_assert_int_eq(seen(17)->told_to_end_s, 0);
	slurm.job[0].told_to_end_s = 2000; /* the next run's */
	slurm_view_hint(view, 17, NULL, 0);
	run_until(&told.changed, 3);
	ck_assert_int_eq(seen(17)->told_to_end_s, 2000);
}
END_TEST

/* The next poll is 1000 s away. */
START_TEST(end_is_looked_for)
{
	slurm.job[0].phase = JOB_ENDING;
	run_until(&told.loaded, 1);
	slurm_view_expect_end(view, 17);
	slurm_view_expect_end(view, 17);
	run_until(&slurm.singles, 2); /* not yet, not yet */
	slurm.job[0].phase = JOB_ENDED;
	run_until(&told.changed, 2);
	ck_assert_int_eq(seen(17)->phase, JOB_ENDED);
	ck_assert_uint_le(slurm.singles, 4);
	ck_assert_uint_eq(slurm.loads, 1);
}
END_TEST

/* Ten hints while the first one's load is under way make one more, not ten. */
START_TEST(hints_are_joined)
{
	run_until(&told.loaded, 1);
	for (int i = 0; i < 10; i++)
		slurm_view_hint(view, 17, NULL, 0);
	slurm.job[0].restarts = 1;
	run_until(&slurm.singles, 2);
	slurm_view_hint(view, 18, NULL, 0); /* has its turn after them */
	run_until(&slurm.singles, 3);
	ck_assert_uint_eq(slurm.singles, 3);
}
END_TEST

START_TEST(request_of_a_hint_is_recorded)
{
	struct vm_request r = {.image = "tiny", .nonce = NONCE};

	run_until(&told.loaded, 1);
	slurm_view_hint(view, 18, &r, 1000);
	run_until(&told.changed, 2);
	ck_assert_uint_eq(slurm.records, 1);
	ck_assert_ptr_nonnull(seen(18));
	ck_assert_str_eq(seen(18)->request.image, "tiny");
}
END_TEST

/* Where a prolog knows no better than the job's owner. */
START_TEST(request_that_may_be_forged_is_not_recorded)
{
	struct vm_request r = {.image = "tiny", .nonce = NONCE};

	run_until(&told.loaded, 1);
	slurm.forges = true;
	slurm_view_hint(view, 18, &r, 1000);
	run_until(&told.logs, 1);
	ck_assert_ptr_null(slurm_view_declined(view, 17));
	ck_assert_uint_eq(slurm_view_declined(view, 18)->uid, 1000);
	ck_assert_str_eq(slurm_view_declined(view, 18)->why.msg, "the prolog says what srun sends");
	ck_assert_uint_eq(slurm.records, 0);
	ck_assert_ptr_null(seen(18));
}
END_TEST

/* As job_submit.lua would have written it. */
START_TEST(request_of_a_hint_has_as_many_machines_as_nodes)
{
	struct vm_request r = {.image = "tiny", .nonce = NONCE};

	run_until(&told.loaded, 1);
	slurm.job[1].n_nodes = 3;
	slurm_view_hint(view, 18, &r, 1000);
	run_until(&told.changed, 2);
	ck_assert_uint_eq(slurm.records, 1);
	ck_assert_uint_eq(slurm.job[1].request.machines, 3);
}
END_TEST

/* The status of one machine is written as that one's. */
START_TEST(record_of_one_of_several)
{
	struct action a = {.kind = ACT_RECORD, .job_id = 17, .job_key = "17-" NONCE "-1"};
	struct err e;

	slurm.job[0].request.machines = 2;
	slurm.job[1] = slurm.job[0];
	slurm.job[1].rank = 1;
	run_until(&told.loaded, 1);
	strcpy(a.reason, " state=ready");
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.done, 1);
	ck_assert_uint_eq(slurm.recorded_rank, 1);
}
END_TEST

START_TEST(request_of_another_is_not)
{
	struct vm_request r = {.image = "tiny", .nonce = NONCE};

	run_until(&told.loaded, 1);
	slurm_view_hint(view, 18, &r, 1001); /* not the owner by Slurm's word */
	run_until(&told.logs, 1);
	slurm_view_hint(view, 17, &r, 1000); /* has one already: the hint's is not looked at */
	run_until(&slurm.singles, 2);
	ck_assert_uint_eq(slurm.records, 0);
	ck_assert_ptr_null(seen(18));
}
END_TEST

START_TEST(slurm_goes_and_comes)
{
	run_until(&told.loaded, 1);
	slurm.down = true;
	slurm_view_hint(view, 17, NULL, 0); /* fails: the full load tells */
	run_until(&told.loaded, 2);
	ck_assert(!slurm_view_desired(view)->known); /* unknown is not empty */
	ck_assert_ptr_nonnull(seen(17));
	ck_assert_str_eq(told.trouble, "slurmctld is down");
	slurm.down = false;
	run_until(&told.loaded, 3); /* by itself, soon */
	ck_assert(slurm_view_desired(view)->known);
	ck_assert_str_eq(told.trouble, "");
}
END_TEST

/* What a move is read from: the drained node of a job, the companions; and that steps are looked
 * at afterwards. */
START_TEST(moves)
{
	struct action a = {.kind = ACT_REQUEUE_JOB, .job_id = 17, .job_key = "17-" NONCE};
	struct err e;

	slurm.job[0].phase = JOB_RUNNING;
	(void)str_copy(slurm.job[0].node, sizeof(slurm.job[0].node), "n1");
	slurm.drained = "n1";
	slurm.companion_of = "17-" NONCE;
	run_until(&told.loaded, 1);
	ck_assert(seen(17)->drained);
	ck_assert_str_eq(seen(17)->drain_reason, "a fan");
	ck_assert_str_eq(seen(17)->drained_by, "root");
	ck_assert_uint_eq(slurm_view_desired(view)->n_companion, 1);
	ck_assert_uint_eq(slurm_view_desired(view)->companion[0].id, 23);
	slurm_view_hint(view, 17, NULL, 0); /* one job alone: the node stays drained */
	run_until(&slurm.singles, 1);
	ck_assert(seen(17)->drained);
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.done, 1);
	ck_assert_str_eq(slurm.moved, "requeue-job of " NONCE);
	run_until(&slurm.singles, 2);
	slurm.companion_of = slurm.drained = NULL;
	a.kind = ACT_END_COMPANION;
	(void)str_copy(a.job_key, sizeof(a.job_key), "99-" NONCE); /* its job is forgotten */
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.loaded, 2);
	ck_assert_uint_eq(slurm_view_desired(view)->n_companion, 0);
	ck_assert(!seen(17)->drained);
	a = (struct action){.kind = ACT_DRAIN_NODE, .object = "n1"}; /* of no job */
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.loaded, 3);
	ck_assert_str_eq(slurm.moved, "drain-node of n1");
	slurm.reserves = true; /* its end is looked at, too, and its job may be forgotten */
	a = (struct action){.kind = ACT_END_RESERVATION, .job_key = "99-" NONCE};
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.loaded, 4);
	ck_assert_uint_eq(slurm_view_desired(view)->n_reservation, 1);
	ck_assert_uint_eq(slurm_view_desired(view)->reservation[0].companion, 23);
}
END_TEST

START_TEST(actions)
{
	struct action a = {.kind = ACT_RECORD, .job_id = 17, .job_key = "17-" NONCE};
	struct err e;

	run_until(&told.loaded, 1);
	strcpy(a.reason, " state=ready");
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	ck_assert_uint_eq(told.done, 0); /* never from within */
	run_until(&told.done, 1);
	ck_assert_int_eq(told.done_kind, ERR_NONE);
	ck_assert_str_eq(slurm.recorded, " state=ready");
	/* the longest text there can be arrives whole */
	memset(a.reason, 'r', ACTION_TEXT_MAX);
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.done, 2);
	ck_assert_str_eq(slurm.recorded, a.reason);
	a.kind = ACT_END_JOB;
	a.end_job.failed = true;
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.done, 3);
	ck_assert(slurm.ended_failed);
	run_until(&told.changed, 2); /* what became of it is looked at */
	ck_assert_int_eq(seen(17)->phase, JOB_ENDED);
	/* A record comes too late for a job that is gone: nothing to try again. */
	slurm.n = 0;
	a.kind = ACT_RECORD;
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), 0);
	run_until(&told.done, 4);
	ck_assert_int_eq(told.done_kind, ERR_NONE);
	strcpy(a.job_key, "17-0000000000000000"); /* another job of that number */
	ck_assert_int_eq(slurm_view_apply(view, &a, on_done, NULL, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
}
END_TEST

/* Whoever asks first is not told of what was asked before. */
START_TEST(users_look)
{
	unsigned before;
	bool taken;

	run_until(&told.loaded, 1);
	ck_assert(slurm_view_look(view));
	run_until(&told.loaded, 2);
	ck_assert_uint_eq(slurm.loads, 2);
	ck_assert(slurm_view_look(view));
	ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0); /* it is under way */
	before = told.loaded;
	for (int i = 0; i < 10; i++) {
		taken = slurm_view_look(view);
		ck_assert_msg(taken, "%d: they share the one that follows it", i);
	}
	run_until(&told.loaded, before + 2);
	ck_assert_uint_eq(slurm.loads, 4);
	for (unsigned n = 0; n < 7; n++) {
		before = told.loaded;
		ck_assert(slurm_view_look(view));
		run_until(&told.loaded, before + 1);
	}
	ck_assert(!slurm_view_look(view)); /* the eleventh in no time */
}
END_TEST

/* The last ones, and of a job the newest. */
START_TEST(declined_are_remembered)
{
	static struct declined_list l;
	struct err e = {.kind = ERR_DENIED, .msg = "first"};

	ck_assert_ptr_null(declined_find(&l, 0));
	declined_add(&l, 1, 1000, &e);
	(void)str_copy(e.msg, sizeof(e.msg), "then");
	declined_add(&l, 1, 1000, &e);
	ck_assert_str_eq(declined_find(&l, 1)->why.msg, "then");
	for (uint32_t id = 2; id < 2 + DECLINED_MAX; id++)
		declined_add(&l, id, 1000, &e);
	ck_assert_ptr_null(declined_find(&l, 1));
	ck_assert_uint_eq(declined_find(&l, 2)->job_id, 2);
	ck_assert_uint_eq(declined_find(&l, 1 + DECLINED_MAX)->job_id, 1 + DECLINED_MAX);
}
END_TEST

START_TEST(looks_are_paid_for)
{
	struct slurm_look l = {.paid_until_us = 0};
	int64_t now = INT64_C(1000000000), s = 1000000;

	for (int i = 0; i < 10; i++)
		ck_assert(slurm_look_take(&l, now));
	ck_assert(!slurm_look_take(&l, now));
	ck_assert(!slurm_look_take(&l, now + s));
	ck_assert(slurm_look_take(&l, now + 2 * s));
	ck_assert(!slurm_look_take(&l, now + 3 * s));
	/* what was not used does not add up */
	now += 3600 * s;
	for (int i = 0; i < 10; i++)
		ck_assert(slurm_look_take(&l, now));
	ck_assert(!slurm_look_take(&l, now));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("slurm_view");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, start, NULL);
	tcase_add_test(t, first_load);
	tcase_add_test(t, hint_loads_one_job);
	tcase_add_test(t, script_is_over);
	tcase_add_test(t, end_is_looked_for);
	tcase_add_test(t, hints_are_joined);
	tcase_add_test(t, request_of_a_hint_is_recorded);
	tcase_add_test(t, request_that_may_be_forged_is_not_recorded);
	tcase_add_test(t, request_of_a_hint_has_as_many_machines_as_nodes);
	tcase_add_test(t, record_of_one_of_several);
	tcase_add_test(t, request_of_another_is_not);
	tcase_add_test(t, slurm_goes_and_comes);
	tcase_add_test(t, actions);
	tcase_add_test(t, moves);
	tcase_add_test(t, users_look);
	tcase_add_test(t, declined_are_remembered);
	tcase_add_test(t, looks_are_paid_for);
	return CHECK_MAIN(t);
}
