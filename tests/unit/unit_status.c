/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user reads of a job, round by round: its states with their reasons, the limits of the time
 * that they may take, and when its node is clear. */
#include "tests/unit/check_main.h"
#include "tests/unit/story.h"
#include "vmd/base/str.h"

#include <check.h>

#define SECOND_US INT64_C(1000000)

START_TEST(a_life)
{
	story_begin("pending");
	ck_assert_ptr_null(reconciler_status(story.r, 17));
	(void)story_look(0, "pending", "");
	story_expect(VM_STATE_PENDING, "the job waits for a node");
	ck_assert_uint_eq(story.n, 0);
	(void)story_look(1, "running", "");
	story_expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	ck_assert_ptr_nonnull(story_asked(ACT_CLONE_DISK));
	ck_assert_ptr_null(story_asked(ACT_RECORD)); /* it may pass in seconds */
	story_answer(ERR_NONE);
	(void)story_look(0, "running", "");
	ck_assert_uint_eq(story.n, 0); /* all are believed, but nobody knows the PVC's uid yet */
	(void)story_look(0, "running", "pvc");
	ck_assert_uint_eq(story.n, 1); /* disk and Secret are believed */
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_PV));
	(void)story_look(1, "running", "disk pv pvc secret vm0:starting");
	story_expect(VM_STATE_PROVISIONING, "the node prepares the virtual machine");
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_BOOTING, "waiting for the guest agent");
	story_answer(ERR_NONE);
	story_guest("", true, false);
	story_expect(VM_STATE_BOOTING, "waiting for an address in the LAN");
	story_guest("192.168.172.57", true, false);
	story_expect(VM_STATE_BOOTING, "waiting for the guest's RDP or ssh server to answer");
	story_answer(ERR_NONE);
	story.w.vm[0].login_pending = true; /* who is told READY logs in at once */
	story_guest("192.168.172.57", true, true);
	story_expect(VM_STATE_BOOTING, "waiting for the guest's account and key to be set");
	story.w.vm[0].login_pending = false;
	story_guest("192.168.172.57", true, true);
	story_expect(VM_STATE_READY, "");
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
	story_guest("192.168.172.57", false, false);
	story_expect(VM_STATE_READY, "waiting for the guest agent");
	(void)story_look(5000, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_READY, "waiting for the guest agent");
	(void)story_look(1, "ending normal", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_STOPPING, "its virtual machine is being removed");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)story_look(1, "ending normal", "disk pv pvc secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear);
	(void)story_look(1, "ending normal", "disk pv secret");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	(void)story_look(10, "ended normal", "disk secret");
	story_expect(VM_STATE_STOPPING, "its disk is being removed");
	(void)story_look(1, "ended normal", "");
	story_expect(VM_STATE_STOPPED, "");
	(void)story_look(1, "ended normal", "?vms");
	story_expect(VM_STATE_STOPPED, ""); /* unknown is not "being removed" */
	(void)story_look(1, "ended normal", "?disks secret");
	story_expect(VM_STATE_STOPPING, "what it used is being removed");
	(void)story_look(1, "ended normal", "");
	story_expect(VM_STATE_STOPPED, "");
	(void)story_look(1, "absent", "");
	ck_assert_ptr_null(reconciler_status(story.r, 17));
	story_end();
}
END_TEST

START_TEST(a_list_that_fails_changes_nothing)
{
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	story_guest("192.168.172.57", true, true);
	(void)story_look(1, "unknown", "");
	story_expect(VM_STATE_READY, "");
	ck_assert_uint_eq(story.n, 0);
	(void)story_look(1, "running", "?vms ?pvs ?pvcs ?secrets disk");
	story_expect(VM_STATE_READY, "the Kubernetes API does not answer");
	ck_assert_ptr_null(story_asked(ACT_CLONE_DISK));
	(void)story_look(1, "ending", "?vms");
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
	(void)story_look(0, clears[_i].job, clears[_i].seen);
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
	(void)story_look(0, "running", "disk pv pvc secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_VM));
	(void)story_look(1, "ending", "disk pv pvc secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear); /* it is in flight */
	(void)story_look(FLIGHT_DEADLINE_US / SECOND_US, "ending", "disk pv pvc:deleting secret");
	ck_assert(!reconciler_status(story.r, 17)->node_clear); /* it may be there, unseen */
	(void)story_look(1, "ending", "disk pv secret");
	ck_assert(reconciler_status(story.r, 17)->node_clear);
	story_end();
}
END_TEST

/* One image is damaged or hangs: whom it concerns waits, and reads why. */
START_TEST(unreadable_disk_is_told)
{
	static const char why[] = "Ceph: it hangs (your administrator can help)";

	story_begin("running");
	(void)story_look(0, "running", "disk:unreadable pvc secret");
	story_expect(VM_STATE_PROVISIONING, why);
	(void)story_look(600, "running", "?disks disk:unreadable pvc secret");
	(void)story_look(600, "running", "disk:unreadable pvc secret");
	story_expect(VM_STATE_PROVISIONING, why); /* the time to be ready stands still */
	(void)story_look(1, "running", "disk pvc secret");
	story_expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	(void)story_look(1, "running", "disk:unreadable pvc secret");
	(void)story_look(story.w.policy.trouble_timeout_s - 1, "running",
			 "disk:unreadable pvc secret");
	story_expect(VM_STATE_PROVISIONING, why);
	(void)story_look(1, "running", "disk:unreadable pvc secret");
	story_expect(VM_STATE_FAILED, why);
	(void)story_look(1, "ended normal", "disk:unreadable secret");
	story_expect(VM_STATE_STOPPING,
		     "its disk is being removed: Ceph: it hangs (your administrator "
		     "can help)");
	story_end();
	story_begin("running");
	(void)story_look(0, "running", "disk:unreadable pvc secret");
	(void)story_look(story.w.policy.trouble_timeout_s - 1, "running",
			 "?disks disk:unreadable pvc secret");
	(void)story_look(1, "running", "disk:unreadable pvc secret"); /* its time went on */
	story_expect(VM_STATE_FAILED, why);
	story_end();
	story_begin("running from16");
	(void)story_look(0, "running from16", "other:unreadable pvc secret");
	story_expect(VM_STATE_PROVISIONING, why);
	(void)story_look(1, "running", "other:unreadable pvc secret"); /* not its own */
	story_expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	(void)story_look(1, "running fromkey",
			 "other:kept other2:unreadable pvc secret"); /* nor is it */
	story_expect(VM_STATE_PROVISIONING, "making its disks and virtual machine");
	story_end();
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	story_guest("192.168.172.57", true, true);
	(void)story_look(9000, "running", "disk:unreadable pv pvc secret vm0:running agent");
	ck_assert_int_eq(reconciler_status(story.r, 17)->state, VM_STATE_READY);
	(void)story_look(1, "pending r1", "disk:unreadable pv pvc secret vm0:deleting n1:lost");
	story_expect(VM_STATE_PENDING,
		     "the earlier run's node n1 is lost: its virtual machine is shut out "
		     "from the disks, then removed; Ceph: it hangs (your administrator "
		     "can help)");
	story_end();
}
END_TEST

START_TEST(not_ready_in_time)
{
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	/* due at the latest when the time is over */
	ck_assert_int_le(story_look(1, "running", "disk pv pvc secret vm0:running"),
			 LITTLE_NOW_US + 900 * SECOND_US);
	(void)story_look(898, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_BOOTING, "waiting for the guest agent");
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_FAILED, "not ready after 900 s: waiting for the guest agent");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	ck_assert(story_asked(ACT_END_JOB)->end_job.failed);
	ck_assert_str_eq(story_asked(ACT_END_JOB)->reason,
			 "not ready after 900 s: waiting for the guest agent");
	/* said again after a while only */
	story_answer(ERR_NONE);
	(void)story_look(29, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(batch_has_grace)
{
	story_begin("running batch");
	(void)story_look(0, "running batch", "disk pv pvc secret vm0:failed");
	story_expect(VM_STATE_FAILED, "the virtual machine failed");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)story_look(59, "running batch", "disk pv pvc secret vm0:failed");
	ck_assert_ptr_null(story_asked(ACT_END_JOB));
	(void)story_look(1, "running batch", "disk pv pvc secret vm0:failed");
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(trouble_stops_the_clock)
{
	story_begin("running");
	(void)story_look(0, "running", "");
	story_answer(ERR_NONE);
	(void)story_look(1, "running", "?vms ?pvs ?pvcs ?secrets");
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: connection refused",
			   story_now());
	(void)story_look(1, "running", "?vms ?pvs ?pvcs ?secrets");
	story_expect(VM_STATE_PROVISIONING, "Kubernetes API: connection refused");
	(void)story_look(1700, "running",
			 "?vms ?pvs ?pvcs ?secrets"); /* longer than ready_timeout */
	story_expect(VM_STATE_PROVISIONING, "Kubernetes API: connection refused");
	reconciler_trouble(story.r, TROUBLE_KUBE, NULL, story_now());
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_BOOTING, "waiting for the guest agent");
	/* a new trouble has its own clock */
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: 503", story_now());
	(void)story_look(1799, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_BOOTING, "Kubernetes API: 503");
	(void)story_look(1, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_FAILED, "Kubernetes API: 503");
	story_end();
}
END_TEST

START_TEST(ready_is_not_troubled)
{
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	story_guest("192.168.172.57", true, true);
	reconciler_trouble(story.r, TROUBLE_KUBE, "Kubernetes API: connection refused",
			   story_now());
	(void)story_look(9000, "running", "?vms");
	story_expect(VM_STATE_READY, "Kubernetes API: connection refused");
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
	(void)story_look(0, "running", "secret");
	story_answer(failures[_i].kind);
	(void)story_look(0, "running", "secret");
	story_expect(failures[_i].state, reason);
	for (int64_t s = 0; s < failures[_i].failed_s; s += 10) {
		story_expect(failures[_i].state, reason);
		story_answer(failures[_i].kind);
		(void)story_look(10, "running", "secret");
	}
	story_expect(VM_STATE_FAILED, reason);
	ck_assert_ptr_nonnull(story_asked(ACT_END_JOB));
	story_end();
}
END_TEST

START_TEST(refused_by_the_catalogue)
{
	story_begin("running badimage");
	(void)story_look(0, "running badimage", "");
	story_expect(VM_STATE_FAILED, "image 'nosuch': not in the catalogue (allowed: tiny)");
	/* the record's text keeps to its braces and quotes */
	(void)story_look(1, "running badimage", "");
	story_end();
}
END_TEST

START_TEST(new_vmd_remembers_ready)
{
	story_begin("running");
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 86400;
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_READY, "waiting for the guest agent");
	(void)story_look(10000, "running", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_READY, "waiting for the guest agent");
	story_end();
	/* ... but not of another incarnation */
	story_begin("running");
	story.w.job.request.recorded_ready_s = LITTLE_NOW_S - 86400;
	(void)story_look(0, "running r1", "disk pv pvc secret vm1:running");
	story_expect(VM_STATE_BOOTING, "waiting for the guest agent");
	story_end();
}
END_TEST

START_TEST(requeue_begins_anew)
{
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:running");
	story_guest("192.168.172.57", true, true);
	(void)story_look(1, "pending r1", "disk pv pvc secret vm0:running");
	story_expect(VM_STATE_PENDING, "the earlier run's virtual machine is being removed");
	ck_assert_int_eq(reconciler_status(story.r, 17)->since_s[VM_STATE_READY], 0);
	ck_assert_str_eq(reconciler_status(story.r, 17)->vm, "vm-" LITTLE_KEY "-r1");
	ck_assert_str_eq(reconciler_status(story.r, 17)->address, "");
	(void)story_look(1, "running r1", "disk pv pvc pvc1 secret");
	story_expect(VM_STATE_PROVISIONING,
		     "the earlier run's virtual machine lets go of the disk");
	ck_assert_ptr_null(story_asked(ACT_CREATE_VM));
	ck_assert_ptr_nonnull(story_asked(ACT_DELETE_PV));
	story_answer(ERR_NONE);
	(void)story_look(0, "running r1", "disk pv:deleting pvc1 secret");
	ck_assert_uint_eq(story.n, 0);
	(void)story_look(0, "running r1", "disk pvc1 secret"); /* at once: its name is free again */
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_PV));
	story_answer(ERR_NONE);
	(void)story_look(0, "running r1", "disk pv1 pvc1 secret");
	ck_assert_ptr_nonnull(story_asked(ACT_CREATE_VM));
	story_end();
}
END_TEST

START_TEST(other_states_and_reasons)
{
	story_begin("running");
	(void)story_look(0, "running", "disk pv pvc secret vm0:starting@n2");
	story_expect(VM_STATE_PROVISIONING,
		     "it runs on n2, outside the job's allocation on n1: removed and made again");
	(void)story_look(1, "running", "disk pv pvc secret vm0:deleting@n2");
	story_expect(VM_STATE_PROVISIONING,
		     "its virtual machine is being deleted and will be made again");
	(void)story_look(1, "running", "disk pv pvc secret vm0:stopped");
	story_expect(VM_STATE_STOPPING, "the guest shut down");
	ck_assert(!story_asked(ACT_END_JOB)->end_job.failed);
	(void)story_look(1, "ended abnormal", "disk:kept");
	story_expect(VM_STATE_STOPPED,
		     "its root disk vm-" LITTLE_KEY "-root is kept until 2023-11-14 22:14:20 UTC");
	ck_assert_int_eq(reconciler_status(story.r, 17)->kept_until_s, LITTLE_NOW_S + 60);
	story_end();
	story_begin("running");
	(void)story_look(0, "running", "?disks");
	story_expect(VM_STATE_PROVISIONING, "waiting for Ceph's first answer");
	(void)story_look(0, "running", "?pvs");
	story_expect(VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer");
	(void)story_look(0, "running", "vm1:running");
	story_expect(VM_STATE_PROVISIONING,
		     "a later run's virtual machine is there: what Slurm told of the job is old");
	story_end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("status");

	tcase_add_test(t, a_life);
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
	tcase_add_test(t, new_vmd_remembers_ready);
	tcase_add_test(t, requeue_begins_anew);
	tcase_add_test(t, other_states_and_reasons);
	return CHECK_MAIN(t);
}
