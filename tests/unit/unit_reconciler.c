/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds over time: what a user reads, the time limits, records, and the port. */
#include "tests/unit/check_main.h"
#include "tests/unit/story.h"
#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/reconcile/reconciler.h"

#include <check.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* Another world for the same reconciler, seconds later. */
static int64_t look(int64_t seconds, const char *job, const char *seen)
{
	struct vm_request recorded = story.w.job.request;

	story_world(seconds, job, seen);
	story.w.job.request.recorded_ready_s = recorded.recorded_ready_s;
	story.w.job.request.recorded_run = recorded.recorded_run;
	story.w.job.request.warned_s = recorded.warned_s;
	story.w.job.request.told_s = recorded.told_s;
	return story_round();
}

static void guest_answers(const char *address, bool agent, bool reachable)
{
	(void)str_copy(story.w.vm[0].address, sizeof(story.w.vm[0].address), address);
	story.w.vm[0].agent = agent;
	story.w.vm[0].reachable = reachable;
	(void)story_round();
}

static void expect(enum vm_state state, const char *reason)
{
	const struct vm_status *s = reconciler_status(story.r, 17);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(vm_state_name(s->state), vm_state_name(state));
	ck_assert_str_eq(s->reason, reason);
}

START_TEST(a_life)
{
	story_begin("pending");
	ck_assert_ptr_null(reconciler_status(story.r, 17));
	(void)look(0, "pending", "");
	expect(VM_STATE_PENDING, "the job waits for a node");
	ck_assert_uint_eq(story.n, 0);
	(void)look(1, "running", "");
	expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* it may pass in seconds */
	story_answer(ERR_NONE);
	(void)look(0, "running", "");
	ck_assert_uint_eq(story.n, 0); /* all are believed, but nobody knows the PVC's uid yet */
	(void)look(0, "running", "pvc");
	ck_assert_uint_eq(story.n, 1); /* disk and Secret are believed */
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_PV));
	(void)look(1, "running", "disk pv pvc secret vm0:starting");
	expect(VM_STATE_PROVISIONING, "the node prepares the virtual machine");
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_BOOTING, "waiting for the guest agent");
	story_answer(ERR_NONE);
	guest_answers("", true, false);
	expect(VM_STATE_BOOTING, "waiting for an address in the LAN");
	guest_answers("192.168.172.57", true, false);
	expect(VM_STATE_BOOTING, "waiting for the guest's RDP or ssh server to answer");
	story_answer(ERR_NONE);
	story.w.vm[0].login_pending = true; /* who is told READY logs in at once */
	guest_answers("192.168.172.57", true, true);
	expect(VM_STATE_BOOTING, "waiting for the guest's account and key to be set");
	story.w.vm[0].login_pending = false;
	guest_answers("192.168.172.57", true, true);
	expect(VM_STATE_READY, "");
	ck_assert_str_eq(reconciler_status(story.r, 17)->address, "192.168.172.57");
	ck_assert_str_eq(reconciler_status(story.r, 17)->user, "user");
	ck_assert_str_eq(reconciler_status(story.r, 17)->vm, "vm-" LITTLE_KEY "-r0");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	ck_assert_int_eq(reconciler_status(story.r, 17)->since_s[VM_STATE_PENDING], LITTLE_NOW_S);
	ck_assert_int_eq(reconciler_status(story.r, 17)->since_s[VM_STATE_PROVISIONING],
			 LITTLE_NOW_S + 1);
	ck_assert_int_eq(reconciler_status(story.r, 17)->since_s[VM_STATE_READY], LITTLE_NOW_S + 3);
	ck_assert_str_eq(story_asked(ACT_RECORD)->reason,
			 " state=ready run=0 node=n1 address=192.168.172.57 ready=1700000003");
	/* an agent that is away for a moment is a reason, not a state */
	guest_answers("192.168.172.57", false, false);
	expect(VM_STATE_READY, "waiting for the guest agent");
	(void)look(5000, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_READY, "waiting for the guest agent");
	(void)look(1, "ending normal", "disk pv pvc secret vm0:running");
	expect(VM_STATE_STOPPING, "its virtual machine is being removed");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)look(1, "ending normal", "disk pv pvc secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)look(1, "ending normal", "disk pv secret");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	(void)look(10, "ended normal", "disk secret");
	expect(VM_STATE_STOPPING, "its disk is being removed");
	(void)look(1, "ended normal", "");
	expect(VM_STATE_STOPPED, "");
	(void)look(1, "ended normal", "?vms");
	expect(VM_STATE_STOPPED, ""); /* unknown is not "being removed" */
	(void)look(1, "ended normal", "?disks secret");
	expect(VM_STATE_STOPPING, "what it used is being removed");
	(void)look(1, "ended normal", "");
	expect(VM_STATE_STOPPED, "");
	(void)look(1, "absent", "");
	ck_assert_ptr_null(reconciler_status(story.r, 17));
	story_end();
}
END_TEST

/* Each warning once, whatever becomes of it, and over a restart of vmd. */
START_TEST(warns_once)
{
	static const char job[] = "running ends:720",
			  seen[] = "vm0:running agent disk pv pvc secret";

	story_begin(job);
	(void)look(0, job, seen);
	ck_assert_ptr_nonnull(story_asked(ACT_WARN_GUEST));
	story_answer(ERR_CONFLICT);
	(void)look(60, job, seen);
	ck_assert_ptr_null(story_asked(ACT_WARN_GUEST));
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " warned=1700000000"));
	story_restart();
	story.w.job.request.warned_s = LITTLE_NOW_S;
	(void)look(100, job, seen);
	ck_assert_ptr_null(story_asked(ACT_WARN_GUEST));
	(void)look(380, job, seen);
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
	(void)look(0, job, seen);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	guest_answers("192.168.172.57", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_answer(ERR_RETRY);
	(void)look(60, job, seen);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_answer(ERR_INVALID);
	(void)look(120, job, seen);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	ck_assert_ptr_nonnull(strstr(story_asked(ACT_RECORD)->reason, " told=1700000060"));
	story_restart();
	story.w.job.request.recorded_ready_s = story.w.job.request.told_s = LITTLE_NOW_S;
	guest_answers("192.168.172.57", true, true);
	ck_assert_ptr_null(story_asked(ACT_TELL_READY));
	/* the next run's VM is another */
	story_restart();
	(void)look(1, "running hook r1", "vm1:running disk pv1 pvc1 secret");
	guest_answers("192.168.172.58", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_TELL_READY));
	story_end();
}
END_TEST

START_TEST(a_list_that_fails_changes_nothing)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	guest_answers("192.168.172.57", true, true);
	(void)look(1, "unknown", "");
	expect(VM_STATE_READY, "");
	ck_assert_uint_eq(story.n, 0);
	(void)look(1, "running", "?vms ?pvs ?pvcs ?secrets disk");
	expect(VM_STATE_READY, "the Kubernetes API does not answer");
	ck_assert_ptr_null(story_asked(ACT_CLONE_DISK));
	(void)look(1, "ending", "?vms");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

/* node_clear lets the epilog go: never on a guess. */
/* clang-format off */
static const struct {
	const char *job, *seen;
	bool clear;
} clears[] = {
	{"ending", "", true},
	{"ending", "?vms", false},
	{"ending", "?pvcs", false},
	{"ending", "disk pv pvc secret", false}, /* a VM that lands late could start */
	{"ending", "disk pv secret", true},
	{"ending", "vm0:deleting", false},
	{"ending r1", "vm0:deleting", false},
	{"running", "", false},
	{"pending", "", true},
	{"ended", "disk pv", true},
};
/* clang-format on */

START_TEST(clear_rows)
{
	story_begin("pending");
	(void)look(0, clears[_i].job, clears[_i].seen);
	ck_assert_msg(reconciler_status(story.r, 17)->node_clear == clears[_i].clear, "%s | %s",
		      clears[_i].job, clears[_i].seen);
	story_end();
}
END_TEST

/* A create may land at any time after, but it starts no guest without the run's PVC: that is what
 * is waited for, not the time. */
START_TEST(clear_waits_for_the_claim)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_VM));
	(void)look(1, "ending", "disk pv pvc secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear); /* it is in flight */
	(void)look(FLIGHT_DEADLINE_US / SECOND_US, "ending", "disk pv pvc:deleting secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear); /* it may be there, unseen */
	(void)look(1, "ending", "disk pv secret");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

/* One image is damaged or hangs: whom it concerns waits, and reads why. */
START_TEST(unreadable_disk_is_told)
{
	static const char why[] = "Ceph: it hangs (your administrator can help)";

	story_begin("running");
	(void)look(0, "running", "disk:unreadable pvc secret");
	expect(VM_STATE_PROVISIONING, why);
	(void)look(600, "running", "?disks disk:unreadable pvc secret");
	(void)look(600, "running", "disk:unreadable pvc secret");
	expect(VM_STATE_PROVISIONING, why); /* the time to be ready stands still */
	(void)look(1, "running", "disk pvc secret");
	expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	(void)look(1, "running", "disk:unreadable pvc secret");
	(void)look(story.w.policy.trouble_timeout_s - 1, "running", "disk:unreadable pvc secret");
	expect(VM_STATE_PROVISIONING, why);
	(void)look(1, "running", "disk:unreadable pvc secret");
	expect(VM_STATE_FAILED, why);
	(void)look(1, "ended normal", "disk:unreadable secret");
	expect(VM_STATE_STOPPING, "its disk is being removed: Ceph: it hangs (your administrator "
				  "can help)");
	story_end();
	story_begin("running");
	(void)look(0, "running", "disk:unreadable pvc secret");
	(void)look(story.w.policy.trouble_timeout_s - 1, "running",
		   "?disks disk:unreadable pvc secret");
	(void)look(1, "running", "disk:unreadable pvc secret"); /* its time went on */
	expect(VM_STATE_FAILED, why);
	story_end();
	story_begin("running from16");
	(void)look(0, "running from16", "other:unreadable pvc secret");
	expect(VM_STATE_PROVISIONING, why);
	(void)look(1, "running", "other:unreadable pvc secret"); /* not its own */
	expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	(void)look(1, "running fromkey", "other:kept other2:unreadable pvc secret"); /* nor is it */
	expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	story_end();
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	guest_answers("192.168.172.57", true, true);
	(void)look(9000, "running", "disk:unreadable pv pvc secret vm0:running agent");
	ck_assert_int_eq(reconciler_status(story.r, 17)->state, VM_STATE_READY);
	(void)look(1, "pending r1", "disk:unreadable pv pvc secret vm0:deleting n1:lost");
	expect(VM_STATE_PENDING,
	       "the earlier run's node n1 is lost: its virtual machine is shut out "
	       "from the disks, then removed; Ceph: it hangs (your administrator "
	       "can help)");
	story_end();
}
END_TEST

START_TEST(not_ready_in_time)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	/* due at the latest when the time is over */
	ck_assert_int_le(look(1, "running", "disk pv pvc secret vm0:running"),
			 LITTLE_NOW_US + 900 * SECOND_US);
	(void)look(898, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_BOOTING, "waiting for the guest agent");
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_FAILED, "not ready after 900 s: waiting for the guest agent");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	ck_assert(story_asked(ACT_END_JOB)->job_failed);
	ck_assert_str_eq(story_asked(ACT_END_JOB)->reason,
			 "not ready after 900 s: waiting for the guest agent");
	/* said again after a while only */
	story_answer(ERR_NONE);
	(void)look(29, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(batch_has_grace)
{
	story_begin("running batch");
	(void)look(0, "running batch", "disk pv pvc secret vm0:failed");
	expect(VM_STATE_FAILED, "the virtual machine failed");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)look(59, "running batch", "disk pv pvc secret vm0:failed");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)look(1, "running batch", "disk pv pvc secret vm0:failed");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(trouble_stops_the_clock)
{
	story_begin("running");
	(void)look(0, "running", "");
	story_answer(ERR_NONE);
	(void)look(1, "running", "?vms ?pvs ?pvcs ?secrets");
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: connection refused",
			   story_now());
	(void)look(1, "running", "?vms ?pvs ?pvcs ?secrets");
	expect(VM_STATE_PROVISIONING, "Kubernetes API: connection refused");
	(void)look(1700, "running", "?vms ?pvs ?pvcs ?secrets"); /* longer than ready_timeout */
	expect(VM_STATE_PROVISIONING, "Kubernetes API: connection refused");
	reconciler_trouble(story.r, TROUBLE_KUBE, NULL, story_now());
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_BOOTING, "waiting for the guest agent");
	/* a new trouble has its own clock */
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: 503", story_now());
	(void)look(1799, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_BOOTING, "Kubernetes API: 503");
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_FAILED, "Kubernetes API: 503");
	story_end();
}
END_TEST

START_TEST(ready_is_not_troubled)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	guest_answers("192.168.172.57", true, true);
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: connection refused",
			   story_now());
	(void)look(9000, "running", "?vms");
	expect(VM_STATE_READY, "Kubernetes API: connection refused");
	story_end();
}
END_TEST

/* What becomes of a job whose disk cannot be made. */
/* clang-format off */
static const struct {
	enum err_kind kind;
	enum vm_state state; /* at once */
	int64_t failed_s;    /* after so long it is FAILED; 0 at once */
} failures[] = {
	{ERR_RETRY, VM_STATE_PROVISIONING, 1800},
	{ERR_UNSURE, VM_STATE_PROVISIONING, 1800},
	{ERR_FULL, VM_STATE_PROVISIONING, 1800},
	{ERR_CONFLICT, VM_STATE_PROVISIONING, 1800},
	{ERR_ABSENT, VM_STATE_FAILED, 0},
	{ERR_DENIED, VM_STATE_FAILED, 0},
	{ERR_INVALID, VM_STATE_FAILED, 0},
};
/* clang-format on */

START_TEST(failure_rows)
{
	char reason[64];

	(void)str_fmt(reason, sizeof(reason), "because of %s", err_kind_name(failures[_i].kind));
	story_begin("running");
	(void)look(0, "running", "secret");
	story_answer(failures[_i].kind);
	(void)look(0, "running", "secret");
	expect(failures[_i].state, reason);
	for (int64_t s = 0; s < failures[_i].failed_s; s += 10) {
		expect(failures[_i].state, reason);
		story_answer(failures[_i].kind);
		(void)look(10, "running", "secret");
	}
	expect(VM_STATE_FAILED, reason);
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(refused_by_the_catalogue)
{
	story_begin("running badimage");
	(void)look(0, "running badimage", "");
	expect(VM_STATE_FAILED, "image 'nosuch': not in the catalogue (allowed: tiny)");
	/* the record's text keeps to its braces and quotes */
	(void)look(1, "running badimage", "");
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
	little_world_done(&w);
}
END_TEST

START_TEST(new_vmd_remembers_ready)
{
	story_begin("running");
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 86400;
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_READY, "waiting for the guest agent");
	(void)look(10000, "running", "disk pv pvc secret vm0:running");
	expect(VM_STATE_READY, "waiting for the guest agent");
	story_end();
	/* ... but not of another incarnation */
	story_begin("running");
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 86400;
	(void)look(0, "running r1", "disk pv pvc secret vm1:running");
	expect(VM_STATE_BOOTING, "waiting for the guest agent");
	story_end();
}
END_TEST

START_TEST(requeue_begins_anew)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	guest_answers("192.168.172.57", true, true);
	(void)look(1, "pending r1", "disk pv pvc secret vm0:running");
	expect(VM_STATE_PENDING, "the earlier run's virtual machine is being removed");
	ck_assert_int_eq(reconciler_status(story.r, 17)->since_s[VM_STATE_READY], 0);
	ck_assert_str_eq(reconciler_status(story.r, 17)->vm, "vm-" LITTLE_KEY "-r1");
	ck_assert_str_eq(reconciler_status(story.r, 17)->address, "");
	(void)look(1, "running r1", "disk pv pvc pvc1 secret");
	expect(VM_STATE_PROVISIONING, "the earlier run's virtual machine lets go of the disk");
	ck_assert_ptr_null(story_asked(ACT_CREATE_VM));
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_PV));
	story_answer(ERR_NONE);
	(void)look(0, "running r1", "disk pv:deleting pvc1 secret");
	ck_assert_uint_eq(story.n, 0);
	(void)look(0, "running r1", "disk pvc1 secret"); /* at once: its name is free again */
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_PV));
	story_answer(ERR_NONE);
	(void)look(0, "running r1", "disk pv1 pvc1 secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_VM));
	story_end();
}
END_TEST

START_TEST(other_states_and_reasons)
{
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:starting@n2");
	expect(VM_STATE_PROVISIONING,
	       "it runs on n2, outside the job's allocation on n1: removed and made again");
	(void)look(1, "running", "disk pv pvc secret vm0:deleting@n2");
	expect(VM_STATE_PROVISIONING,
	       "its virtual machine is being deleted and will be made again");
	(void)look(1, "running", "disk pv pvc secret vm0:stopped");
	expect(VM_STATE_STOPPING, "the guest shut down");
	ck_assert(!story_asked(ACT_END_JOB)->job_failed);
	(void)look(1, "ended abnormal", "disk:kept");
	expect(VM_STATE_STOPPED,
	       "its root disk vm-" LITTLE_KEY "-root is kept until 2023-11-14 22:14:20 UTC");
	ck_assert_int_eq(reconciler_status(story.r, 17)->kept_until_s, LITTLE_NOW_S + 60);
	story_end();
	story_begin("running");
	(void)look(0, "running", "?disks");
	expect(VM_STATE_PROVISIONING, "waiting for Ceph's first answer");
	(void)look(0, "running", "?pvs");
	expect(VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer");
	(void)look(0, "running", "vm1:running");
	expect(VM_STATE_PROVISIONING,
	       "a later run's virtual machine is there: what Slurm told of the job is old");
	story_end();
}
END_TEST

/* One that stands by knows each job's state and what it would do, and does nothing; a plan that was
 * cut is no reason to look again at once. */
START_TEST(standby_only_looks)
{
	story_begin("running");
	reconciler_lead(story.r, false);
	story.w.policy.actions_per_round = 1;
	(void)look(0, "running", "");
	story.w.policy.actions_per_round = 1;
	story.n = 0;
	ck_assert_int_gt(reconciler_round(story.r, &story.w.want, &story.w.seen, story_now()),
			 story_now().mono_us);
	expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_plan(r)->cut);
	ck_assert_uint_eq(reconciler_counts(r).in_flight, 0);
	reconciler_lead(story.r, true);
	(void)look(1, "running", "");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	story_end();
	/* it lets no epilog go, also in the moment in which it takes over */
	story_begin("ending");
	reconciler_lead(story.r, false);
	(void)look(0, "ending", "");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	reconciler_lead(story.r, true);
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)look(1, "ending", "");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

START_TEST(port_that_refuses)
{
	story_begin("running");
	err_set(&story.refuse, ERR_RETRY, "queue full");
	(void)look(0, "running", "pvc secret");
	(void)look(0, "running", "pvc secret");
	expect(VM_STATE_PROVISIONING, "queue full");
	ck_assert_uint_eq(reconciler_counts(r).in_flight, 0);
	ck_assert_uint_eq(reconciler_counts(r).failures, 1);
	story.refuse.kind = ERR_NONE;
	(void)look(2, "running", "pvc secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	story_end();
}
END_TEST

START_TEST(record_only_when_it_changed)
{
	story_begin("running");
	ck_assert_int_eq(look(0, "running", "disk pv pvc secret vm0:running"),
			 LITTLE_NOW_US + 10 * SECOND_US);
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* it may pass in seconds */
	(void)look(10, "running", "disk pv pvc secret vm0:running");
	ck_assert_str_eq(story_asked(ACT_RECORD)->reason, " state=booting run=0 node=n1");
	(void)look(1, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* on its way */
	story_end();
	story_begin("running");
	(void)look(0, "running", "disk pv pvc secret vm0:running");
	(void)look(10, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	story_answer(ERR_NONE);
	(void)look(100, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* written */
	guest_answers("192.168.172.57", true, true);
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD));
	story_answer(ERR_RETRY);
	(void)look(100, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_RECORD)); /* failed: again */
	story_end();
}
END_TEST

START_TEST(wakes_for_kept_disks)
{
	story_begin("pending");
	ck_assert_int_eq(look(0, "absent", "disk:kept"), LITTLE_NOW_US + 60 * SECOND_US);
	ck_assert_uint_eq(story.n, 0);
	(void)look(60, "absent", "disk:kept");
	ck_assert_ptr_nonnull(story_asked(ACT_REMOVE_DISK));
	story_end();
}
END_TEST

START_TEST(approval_is_for_one_wave)
{
	static struct vm_seen herd[9];
	struct err e = {.kind = ERR_NONE};

	story_begin("absent");
	for (uint32_t i = 0; i < ARRAY_LEN(herd); i++) {
		struct job j = {.id = 100 + i, .request = {.nonce = "00000000000000aa"}};

		herd[i] = (struct vm_seen){.uid = "u", .version = "1", .phase = VM_RUNNING};
		(void)vm_name(&j, herd[i].name, sizeof(herd[i].name));
		(void)job_key(&j, herd[i].job_key, sizeof(herd[i].job_key));
	}
	story.w.seen.vm = herd;
	story.w.seen.n_vm = ARRAY_LEN(herd);
	(void)reconciler_round(story.r, &story.w.want, &story.w.seen, story_now());
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_counts(r).approval_wanted);
	reconciler_approve(r);
	(void)reconciler_round(story.r, &story.w.want, &story.w.seen, story_now());
	ck_assert_uint_eq(story.n, ARRAY_LEN(herd));
	ck_assert(!reconciler_counts(r).approval_wanted);
	for (unsigned i = 0; i < story.n; i++)
		reconciler_done(story.r, story.ticket[i], &e, story_now());
	/* an unknown list does not end the wave, an empty one does */
	(void)look(1, "unknown", "");
	(void)look(1, "absent", "");
	story.w.seen.vm = herd;
	story.w.seen.n_vm = ARRAY_LEN(herd);
	t_us += 3600 * S;
	(void)reconciler_round(story.r, &story.w.want, &story.w.seen, story_now());
	ck_assert_uint_eq(story.n, 0);
	ck_assert(reconciler_counts(r).approval_wanted);
	story_end();
}
END_TEST

START_TEST(odd_calls)
{
	struct err e = {.kind = ERR_NONE};

	story_begin("pending");
	reconciler_done(story.r, 12345, &e, story_now());
	reconciler_approve(r);
	(void)look(0, "absent", "");
	ck_assert_uint_eq(reconciler_plan(r)->n, 0);
	ck_assert_uint_eq(reconciler_counts(r).rounds, 1);
	story_end();
	reconciler_free(NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reconciler");

	tcase_add_test(t, a_life);
	tcase_add_test(t, warns_once);
	tcase_add_test(t, tells_ready_once);
	tcase_add_test(t, a_list_that_fails_changes_nothing);
	tcase_add_loop_test(t, clear_rows, 0, ARRAY_LEN(clears));
	tcase_add_test(t, clear_waits_for_the_claim);
	tcase_add_test(t, unreadable_disk_is_told);
	tcase_add_test(t, not_ready_in_time);
	tcase_add_test(t, batch_has_grace);
	tcase_add_test(t, trouble_stops_the_clock);
	tcase_add_test(t, ready_is_not_troubled);
	tcase_add_loop_test(t, failure_rows, 0, ARRAY_LEN(failures));
	tcase_add_test(t, refused_by_the_catalogue);
	tcase_add_test(t, record_text_is_readable);
	tcase_add_test(t, new_vmd_remembers_ready);
	tcase_add_test(t, requeue_begins_anew);
	tcase_add_test(t, other_states_and_reasons);
	tcase_add_test(t, standby_only_looks);
	tcase_add_test(t, port_that_refuses);
	tcase_add_test(t, record_only_when_it_changed);
	tcase_add_test(t, wakes_for_kept_disks);
	tcase_add_test(t, approval_is_for_one_wave);
	tcase_add_test(t, odd_calls);
	return CHECK_MAIN(t);
}
