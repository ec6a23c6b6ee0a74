/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds over time: what is told and recorded once, what the port refuses, when the next round is
 * due, and a vmd that only looks. */
#include "tests/unit/check_main.h"
#include "tests/unit/story.h"
#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <check.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* Each warning once, whatever becomes of it, and over a restart of vmd. */
START_TEST(warns_once)
{
	static const char job[] = "running ends:720",
			  seen[] = "vm0:running agent disk pv pvc secret";

	story_begin(job);
	(void)story_look(0, job, seen);
	ck_assert_ptr_nonnull(story_asked(ACT_WARN_GUEST));
	story_answer(ERR_CONFLICT);
	(void)story_look(60, job, seen);
	ck_assert_ptr_null(story_asked(ACT_WARN_GUEST));
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " warned=1700000000"));
	story_restart();
	story.w.job.request.warned_s = LITTLE_NOW_S;
	(void)story_look(100, job, seen);
	ck_assert_ptr_null(story_asked(ACT_WARN_GUEST));
	(void)story_look(380, job, seen);
	ck_assert_ptr_nonnull(story_asked(ACT_WARN_GUEST));
	story_end();
}
END_TEST

/* READY is told once for each VM, whatever the site's program makes of it, and over a restart of
 * vmd; again only while the program cannot be started. */
START_TEST(tells_ready_once)
{
	static const char job[] = "running hook", seen[] = "vm0:running disk pv pvc secret";

	story_begin(job);
	(void)story_look(0, job, seen);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	story_guest("192.168.172.57", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_answer(ERR_RETRY);
	(void)story_look(60, job, seen);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_answer(ERR_INVALID);
	(void)story_look(120, job, seen);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " told=1700000060"));
	story_restart();
	story.w.job.request.recorded_ready_s = story.w.job.request.told_s = LITTLE_NOW_S;
	story_guest("192.168.172.57", true, true);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	/* the next run's VM is another */
	story_restart();
	(void)story_look(1, "running hook r1", "vm1:running disk pv1 pvc1 secret");
	story_guest("192.168.172.58", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_end();
}
END_TEST

START_TEST(record_text_is_readable)
{
	struct vm_request back;
	struct progress p = {.incarnation = 2};
	char text[ACTION_TEXT_MAX + 1], comment[2 * ACTION_TEXT_MAX];
	struct err e = {.kind = ERR_NONE};

	p.status = (struct vm_status){
		.state = VM_STATE_FAILED, .reason = "a \"b\" {c}\nd", .node = "n1"};
	p.status.since_s[VM_STATE_READY] = 1700000000;
	ck_assert_str_eq(progress_text(&p, text),
			 " state=failed run=2 node=n1 ready=1700000000 reason=\"a 'b' (c) d\"");
	little_world_init(&story.w, "running", "", "");
	ck_assert_int_eq(
		job_spec_place("x", &story.w.job.request, text, comment, sizeof(comment), &e), 0);
	ck_assert_msg(job_spec_find(comment, &back, &e) == 1, "%s: %s", comment, e.msg);
	ck_assert_uint_eq(back.recorded_run, 2);
	ck_assert_int_eq(back.recorded_ready_s, 1700000000);
	/* the longest text there can be still fits */
	p.crashes = (struct crashes){.n = UINT32_MAX, .last_s = INT64_MAX};
	memset(p.status.node, 'n', JOB_NODE_MAX);
	memset(p.status.reason, 'r', VM_REASON_MAX);
	memset(p.status.address, '1', sizeof(p.status.address) - 1);
	ck_assert_ptr_nonnull(strstr(progress_text(&p, text), "rrr\""));
	little_world_done(&story.w);
}
END_TEST

/* One that stands by knows each job's state and what it would do, and does nothing; a plan that was
 * cut is no reason to look again at once. */
START_TEST(standby_only_looks)
{
	story_begin("running");
	reconciler_lead(story.r, false);
	story.w.policy.actions_per_round = 1;
	(void)story_look(0, "running", "");
	story.w.policy.actions_per_round = 1;
	ck_assert_int_gt(story_round(), story_now().mono_us);
	story_expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_plan(story.r)->cut);
	ck_assert_uint_eq(reconciler_counts(story.r).in_flight, 0);
	reconciler_lead(story.r, true);
	(void)story_look(1, "running", "");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	story_end();
	/* it lets no epilog go, also in the moment in which it takes over */
	story_begin("ending");
	reconciler_lead(story.r, false);
	(void)story_look(0, "ending", "");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	reconciler_lead(story.r, true);
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)story_look(1, "ending", "");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

START_TEST(port_that_refuses)
{
	story_begin("running");
	err_set(&story.refuse, ERR_RETRY, "queue full");
	(void)story_look(0, "running", "pvc secret");
	(void)story_look(0, "running", "pvc secret");
	story_expect(VM_STATE_PROVISIONING, "queue full");
	ck_assert_uint_eq(reconciler_counts(story.r).in_flight, 0);
	ck_assert_uint_eq(reconciler_counts(story.r).failures, 1);
	story.refuse.kind = ERR_NONE;
	(void)story_look(2, "running", "pvc secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	story_end();
}
END_TEST

START_TEST(record_only_when_it_changed)
{
	story_begin("running");
	ck_assert_int_eq(story_look(0, "running", "disk pv pvc secret vm0:running"),
			 LITTLE_NOW_US + 10 * SECOND_US);
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* it may pass in seconds */
	(void)story_look(10, "running", "disk pv pvc secret vm0:running");
	ck_assert_str_eq(story_asked(ACT_RECORD)->reason, " state=booting run=0 node=n1");
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* on its way */
	story_end();
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	(void)story_look(10, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	story_answer(ERR_NONE);
	(void)story_look(100, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* written */
	story_guest("192.168.172.57", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	story_answer(ERR_RETRY);
	(void)story_look(100, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD)); /* failed: again */
	story_end();
}
END_TEST

START_TEST(wakes_for_kept_disks)
{
	story_begin("pending");
	ck_assert_int_eq(story_look(0, "absent", "disk:kept"), LITTLE_NOW_US + 60 * SECOND_US);
	ck_assert_uint_eq(story.n, 0);
	(void)story_look(60, "absent", "disk:kept");
	ck_assert_ptr_nonnull(story_asked(ACT_REMOVE_DISK));
	story_end();
}
END_TEST

START_TEST(approval_is_for_one_wave)
{
	static struct vm_seen herd[9];

	story_begin("absent");
	for (uint32_t i = 0; i < ARRAY_LEN(herd); i++) {
		struct job j = {.id = 100 + i, .request = {.nonce = "00000000000000aa"}};

		herd[i] = (struct vm_seen){.uid = "u", .version = "1", .phase = VM_RUNNING};
		(void)vm_name(&j, herd[i].name, sizeof(herd[i].name));
		(void)job_key(&j, herd[i].job_key, sizeof(herd[i].job_key));
	}
	story.w.seen.vm = herd;
	story.w.seen.n_vm = ARRAY_LEN(herd);
	(void)story_round();
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_counts(story.r).approval_wanted);
	reconciler_approve(story.r);
	(void)story_round();
	ck_assert_uint_eq(story.n, ARRAY_LEN(herd));
	ck_assert(!reconciler_counts(story.r).approval_wanted);
	story_answer(ERR_NONE);
	/* an unknown list does not end the wave, an empty one does */
	(void)story_look(1, "unknown", "");
	(void)story_look(1, "absent", "");
	story.w.seen.vm = herd;
	story.w.seen.n_vm = ARRAY_LEN(herd);
	story.t_us += 3600 * SECOND_US;
	(void)story_round();
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_counts(story.r).approval_wanted);
	story_end();
}
END_TEST

START_TEST(odd_calls)
{
	struct err e = {.kind = ERR_NONE};

	story_begin("pending");
	reconciler_done(story.r, 12345, &e, story_now());
	reconciler_approve(story.r);
	(void)story_look(0, "absent", "");
	ck_assert_uint_eq(reconciler_plan(story.r)->n, 0);
	ck_assert_uint_eq(reconciler_counts(story.r).rounds, 1);
	story_end();
	reconciler_free(NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("rounds");

	tcase_add_test(t, warns_once);
	tcase_add_test(t, tells_ready_once);
	tcase_add_test(t, record_text_is_readable);
	tcase_add_test(t, standby_only_looks);
	tcase_add_test(t, port_that_refuses);
	tcase_add_test(t, record_only_when_it_changed);
	tcase_add_test(t, wakes_for_kept_disks);
	tcase_add_test(t, approval_is_for_one_wave);
	tcase_add_test(t, odd_calls);
	return CHECK_MAIN(t);
}
