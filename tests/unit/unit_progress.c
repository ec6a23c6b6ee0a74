/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user reads of one job, step by step; names of numbers. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/reconciler.h"

#include <check.h>
#include <string.h>

#define S   INT64_C(1000000)
#define ALL "disk pv pvc secret"

static struct little_world w;
static struct trouble trouble[TROUBLE_COUNT];

static struct progress_view view_of(void)
{
	return (struct progress_view){.want = &w.want,
				      .seen = &w.seen,
				      .flight = &w.flight,
				      .catalogue = &w.catalogue,
				      .policy = &w.policy,
				      .trouble = trouble,
				      .mono_us = LITTLE_NOW_US,
				      .wall_s = LITTLE_NOW_S};
}

/* clang-format off */
static const struct {
	const char *job, *seen;
	enum vm_state state;
	const char *reason;
} first[] = {
	{"pending", "", VM_STATE_PENDING, "the job waits for a node"},
	{"running", "", VM_STATE_PROVISIONING, "making its disks and virtual machine"},
	{"running", "?vms", VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer"},
	{"running", "?pvs", VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer"},
	{"running", "?pvcs", VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer"},
	{"running", "?secrets", VM_STATE_PROVISIONING, "waiting for the Kubernetes API's first answer"},
	{"running", "vm0:starting@", VM_STATE_PROVISIONING, "the node prepares the virtual machine"},
	{"running", "vm0:failed", VM_STATE_FAILED, "the virtual machine failed"},
	{"running r1", "vm0:deleting", VM_STATE_PROVISIONING,
	 "the earlier run's virtual machine is being removed"},
	{"running r1", ALL, VM_STATE_PROVISIONING,
	 "the earlier run's virtual machine lets go of the disk"},
	{"running r1", "disk pvc1 secret", VM_STATE_PROVISIONING, "making its disks and virtual machine"},
	{"running", "vm1:running pvc1", VM_STATE_PROVISIONING,
	 "a later run's virtual machine is there: what Slurm told of the job is old"},
	{"ending", "", VM_STATE_STOPPING, "the job is ending"},
	{"ending told:59", "vm0:running", VM_STATE_STOPPING, "its script is given time to end"},
	{"ending told:60", "vm0:running", VM_STATE_STOPPING, "its virtual machine is being removed"},
	{"ending told:5", "", VM_STATE_STOPPING, "the job is ending"},
	{"ended normal", "vm0:running", VM_STATE_STOPPING, "its virtual machine is being removed"},
	{"ended normal", "pv", VM_STATE_STOPPING, "its disk is being removed"},
	{"ended normal", "disk:kept scratch", VM_STATE_STOPPING, "its disk is being removed"},
	{"ended normal", "secret", VM_STATE_STOPPING, "what it used is being removed"},
	{"ended normal", "", VM_STATE_STOPPED, ""},
	/* unknown is not gone */
	{"ended normal", "?vms", VM_STATE_STOPPING, "what it used is being removed"},
	{"ended normal", "?pvs", VM_STATE_STOPPING, "what it used is being removed"},
	{"ended normal", "?pvcs", VM_STATE_STOPPING, "what it used is being removed"},
	{"ended normal", "?secrets", VM_STATE_STOPPING, "what it used is being removed"},
	{"ended normal", "?disks", VM_STATE_STOPPING, "what it used is being removed"},
};
/* clang-format on */

START_TEST(first_step_rows)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, first[_i].job, first[_i].seen, "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_msg(p.status.state == first[_i].state, "%s | %s: %s", first[_i].job,
		      first[_i].seen, vm_state_name(p.status.state));
	ck_assert_str_eq(p.status.reason, first[_i].reason);
	little_world_done(&w);
}
END_TEST

START_TEST(kubernetes_says_why)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:starting", "");
	(void)str_copy(w.vm[0].reason, sizeof(w.vm[0].reason), "Unschedulable: no room");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "Unschedulable: no room");
	w.vm[0].phase = VM_ABSENT; /* the VM object is there, nothing else */
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	w.vm[0].phase = VM_FAILED;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_FAILED);
	ck_assert_str_eq(p.status.reason, "Unschedulable: no room");
	little_world_done(&w);
}
END_TEST

/* Why it failed is asked afterwards, when nothing of it is left. */
START_TEST(why_it_failed_stays)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:failed", "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_FAILED);
	w.job.phase = JOB_ENDING;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_STOPPING);
	ck_assert_str_eq(p.status.reason,
			 "the virtual machine failed; its virtual machine is being removed");
	w.seen.n_vm = 0;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the virtual machine failed; the job is ending");
	little_world_done(&w);
	little_world_init(&w, "ended normal", "disk", "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the virtual machine failed; its disk is being removed");
	little_world_done(&w);
	little_world_init(&w, "ended normal", "", "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_STOPPED);
	ck_assert_str_eq(p.status.reason, "the virtual machine failed");
	little_world_done(&w);
	little_world_init(&w, "ended normal", "disk:kept", "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_msg(str_starts(p.status.reason, "the virtual machine failed; its root disk vm-"),
		      "%s", p.status.reason);
	little_world_done(&w);
}
END_TEST

/* A site may set no limits: then a job waits as long as Slurm lets it. */
START_TEST(no_limits)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:running", "");
	w.policy.ready_timeout_s = w.policy.trouble_timeout_s = 0;
	v = view_of();
	progress_step(&p, &w.job, &v);
	v.mono_us += 1000000 * S;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	(void)str_copy(trouble[TROUBLE_CEPH].text, sizeof(trouble[0].text), "Ceph: no answer");
	v.mono_us += 1000000 * S;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	ck_assert_str_eq(p.status.reason, "Ceph: no answer");
	memset(trouble, 0, sizeof(trouble));
	v.trouble = NULL;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "waiting for the guest agent");
	little_world_done(&w);
}
END_TEST

/* An agent that is away for a moment changes nothing; another guest is READY when it is, at an
 * address of its own. */
START_TEST(ready_is_said_of_the_guest_that_is)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;
	struct vm_seen *vm = &w.vm[0];

	little_world_init(&w, "running", "vm0:running", "");
	v = view_of();
	vm->agent = vm->reachable = true;
	(void)str_copy(vm->address, sizeof(vm->address), "192.168.172.57");
	progress_step(&p, &w.job, &v);
	vm->agent = false;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	w.seen.n_vm = 0;
	w.seen.vms_known = false; /* unknown is not gone */
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.address, "192.168.172.57");
	w.seen.vms_known = true;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	ck_assert_str_eq(p.status.address, "");
	w.seen.n_vm = 1;
	vm->address[0] = '\0';
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	ck_assert_str_eq(p.status.reason, "waiting for the guest agent");
	ck_assert_int_eq(p.status.since_s[VM_STATE_READY], LITTLE_NOW_S); /* its disk is kept */
	vm->agent = true;
	(void)str_copy(vm->address, sizeof(vm->address), "192.168.172.88");
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	ck_assert_str_eq(p.status.address, "192.168.172.88");
	vm->phase = VM_STARTING; /* it crashed */
	progress_step(&p, &w.job, &v);
	vm->phase = VM_RUNNING;
	vm->reachable = false;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	vm->reachable = true;
	progress_step(&p, &w.job, &v);
	vm->reachable = false;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	little_world_done(&w);
}
END_TEST

static void crashed(uint32_t n, int64_t at_s)
{
	w.vm[0].crashes = n;
	w.vm[0].crashed_s = at_s;
}

#define AGAIN "; KubeVirt started it again"

/* The job goes on, and its owner reads why the guest is not what it was. */
START_TEST(crashes_are_told)
{
	struct progress p = {.job_id = 0};
	char text[ACTION_TEXT_MAX + 1];
	struct progress_view v;

	little_world_init(&w, "running", "vm0:running", "");
	v = view_of();
	w.vm[0].agent = w.vm[0].reachable = true;
	(void)str_copy(w.vm[0].address, sizeof(w.vm[0].address), "192.168.172.57");
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	ck_assert_str_eq(p.status.reason, "");
	w.vm[0].phase = VM_STARTING;
	crashed(1, LITTLE_NOW_S + 2);
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason,
			 "the node prepares the virtual machine; the guest crashed "
			 "at 2023-11-14 22:13:22 UTC" AGAIN);
	w.vm[0].phase = VM_RUNNING;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	ck_assert_str_eq(p.status.reason, "the guest crashed at 2023-11-14 22:13:22 UTC" AGAIN);
	crashed(3, 0); /* Kubernetes does not say when: now */
	v.wall_s = LITTLE_NOW_S + 10;
	progress_step(&p, &w.job, &v);
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the guest crashed 3 times, last at 2023-11-14 22:13:30 "
					  "UTC" AGAIN);
	ck_assert_uint_eq(p.status.crashes, 3);
	ck_assert_int_eq(p.status.crashed_s, LITTLE_NOW_S + 10);
	ck_assert_ptr_nonnull(strstr(progress_text(&p, text), " crashes=3 crashed=1700000010"));
	crashed(1, LITTLE_NOW_S + 20); /* of another VM object under the same name */
	progress_step(&p, &w.job, &v);
	ck_assert_uint_eq(p.status.crashes, 4);
	w.job.restarts = 1; /* another run, another guest */
	w.seen.n_vm = 0;
	progress_step(&p, &w.job, &v);
	ck_assert_uint_eq(p.status.crashes, 0);
	little_world_done(&w);
}
END_TEST

/* The count is in the job's record; the crash that the vmd before saw is not counted twice. */
START_TEST(crashes_survive_a_new_vmd)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:starting", "");
	w.job.request.recorded_crashes = 2;
	w.job.request.recorded_crashed_s = LITTLE_NOW_S - 100;
	crashed(1, LITTLE_NOW_S - 100);
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_uint_eq(p.status.crashes, 2);
	ck_assert_int_eq(p.status.crashed_s, LITTLE_NOW_S - 100);
	crashed(2, LITTLE_NOW_S);
	progress_step(&p, &w.job, &v);
	ck_assert_uint_eq(p.status.crashes, 3);
	p = (struct progress){.job_id = 0};
	w.job.request.recorded_run = 1; /* the record is of another run */
	progress_step(&p, &w.job, &v);
	ck_assert_uint_eq(p.status.crashes, 2);
	little_world_done(&w);
}
END_TEST

/* What squeue would say is said here, too. */
START_TEST(queue_has_its_reason)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "pending", "", "");
	(void)str_copy(w.job.queue_reason, sizeof(w.job.queue_reason), "Resources");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the job waits for a node (Slurm: Resources)");
	(void)str_copy(w.job.queue_reason, sizeof(w.job.queue_reason), "JobHeldUser");
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the job is held; it may start by: scontrol release 17");
	(void)str_copy(w.job.queue_reason, sizeof(w.job.queue_reason), "JobHeldAdmin");
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason,
			 "the job is held, and an administrator has to release it");
	little_world_done(&w);
}
END_TEST

/* Why it failed is in the job's record as long as Slurm has that. */
START_TEST(failure_survives_a_new_vmd)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "ended", "", "");
	(void)str_copy(w.job.request.recorded_failure, sizeof(w.job.request.recorded_failure),
		       "there is no disk data of yours");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_STOPPED);
	ck_assert_str_eq(p.status.reason, "there is no disk data of yours");
	/* of the run that failed, which is over */
	p = (struct progress){.job_id = 0};
	w.job.restarts = 1;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "");
	p = (struct progress){.job_id = 0};
	w.job.restarts = 0;
	w.job.phase = JOB_RUNNING;
	progress_step(&p, &w.job, &v);
	w.job.phase = JOB_ENDED; /* this vmd had another try, and nothing was wrong */
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "");
	little_world_done(&w);
}
END_TEST

/* Ceph is down for an hour, and the job begins now: it has its full time. */
START_TEST(old_trouble_is_not_the_jobs)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "", "");
	trouble[TROUBLE_CEPH].since_us = LITTLE_NOW_US - 3600 * S;
	(void)str_copy(trouble[TROUBLE_CEPH].text, sizeof(trouble[0].text), "Ceph: no answer");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	ck_assert_str_eq(p.status.reason, "Ceph: no answer");
	ck_assert_int_eq(p.deadline_us, LITTLE_NOW_US + 10 * S); /* for the record */
	v.mono_us += w.policy.trouble_timeout_s * S - 1;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	v.mono_us++;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_FAILED);
	memset(trouble, 0, sizeof(trouble));
	little_world_done(&w);
}
END_TEST

START_TEST(what_hinders_a_removal_is_told)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "ending", "vm0:deleting", "");
	(void)str_copy(trouble[TROUBLE_KUBE].text, sizeof(trouble[0].text), "Kubernetes: no");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "its virtual machine is being removed: Kubernetes: no");
	w.seen.n_vm = 0;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the job is ending: Kubernetes: no");
	w.job.phase = JOB_ENDED;
	progress_step(&p, &w.job, &v); /* nothing is left to be hindered */
	ck_assert_str_eq(p.status.reason, "");
	little_world_done(&w);
	little_world_init(&w, "ended normal", "disk", "");
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "its disk is being removed: Kubernetes: no");
	memset(trouble, 0, sizeof(trouble));
	little_world_done(&w);
}
END_TEST

START_TEST(agent_that_refuses_is_quoted)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:running", "");
	w.vm[0].agent = w.vm[0].login_pending = true;
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "waiting for the guest's account and key to be set");
	(void)str_copy(w.vm[0].reason, sizeof(w.vm[0].reason), "the agent says no");
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	ck_assert_str_eq(p.status.reason, "the agent says no");
	little_world_done(&w);
}
END_TEST

/* Job ids come again after slurmctld lost its state; the nonce tells. */
START_TEST(another_nonce_is_another_job)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:failed", "");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_FAILED);
	(void)str_copy(w.job.request.nonce, sizeof(w.job.request.nonce), "00000000000000aa");
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	ck_assert_int_eq(p.failed_us, 0);
	ck_assert_str_eq(p.status.vm, "vm-17-00000000000000aa-r0");
	little_world_done(&w);
}
END_TEST

START_TEST(user_of_the_job)
{
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running", "vm0:running", "");
	w.image.user[0] = '\0';
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.user, "alice");
	p = (struct progress){.job_id = 0};
	w.seen.n_vm = 0;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.user, "alice");
	little_world_done(&w);
}
END_TEST

static const struct {
	const char *allocated, *node;
	enum vm_phase phase;
	bool astray;
} nodes[] = {
	{"n1", "n1", VM_RUNNING, false},
	{"n1", "n2", VM_RUNNING, true},
	{"n1", "n2", VM_STARTING, true},
	{"n1", "n2", VM_STOPPED, false},
	{"n1", "n2", VM_DELETING, false},
	{"n1", "n10", VM_RUNNING, true},
	{"n10", "n1", VM_RUNNING, true},
	{"n1", "n1.example.org", VM_RUNNING, false},
	{"n1.example.org", "n1", VM_RUNNING, false},
	{"n1.example.org", "n1.example.net", VM_RUNNING, true},
	{"n1", "", VM_RUNNING, false},
	{"", "n1", VM_RUNNING, false},
};

START_TEST(node_rows)
{
	struct vm_seen vm = {.phase = nodes[_i].phase};
	struct job j = {.id = 17};

	(void)str_copy(vm.node, sizeof(vm.node), nodes[_i].node);
	(void)str_copy(j.node, sizeof(j.node), nodes[_i].allocated);
	ck_assert_msg(vm_is_astray(&vm, &j) == nodes[_i].astray, "%s on %s", nodes[_i].allocated,
		      nodes[_i].node);
}
END_TEST

/* Numbers that stand for nothing have a name that says so: they may come from a bug, not from
 * outside, and must not end in a wild pointer. */
START_TEST(names)
{
	char buf[64];

	ck_assert_str_eq(job_phase_name(JOB_PENDING), "pending");
	ck_assert_str_eq(job_phase_name(JOB_RUNNING), "running");
	ck_assert_str_eq(job_phase_name(JOB_ENDING), "ending");
	ck_assert_str_eq(job_phase_name(JOB_ENDED), "ended");
	ck_assert_str_eq(job_phase_name((enum job_phase)99), "?");
	ck_assert_str_eq(vm_phase_name(VM_ABSENT), "absent");
	ck_assert_str_eq(vm_phase_name((enum vm_phase)99), "?");
	ck_assert_str_eq(vm_state_name((enum vm_state)99), "?");
	ck_assert_str_eq(disk_role_name((enum disk_role)99), "?");
	ck_assert_str_eq(action_name((enum action_kind)99), "?");
	/* a size that is not known is not told */
	ck_assert_str_eq(action_text(&(struct action){.kind = ACT_CREATE_DISK, .object = "d"}, buf,
				     sizeof(buf)),
			 "create-disk job=0 object=d");
}
END_TEST

/* The end of the time is told, woken up for, and taken back when the limit is raised. */
START_TEST(time_is_nearly_over)
{
	char text[ACTION_TEXT_MAX + 1];
	struct progress p = {.job_id = 0};
	struct progress_view v;

	little_world_init(&w, "running ends:200 ready", "vm0:running disk pv pvc secret", "");
	w.vm[0].agent = w.vm[0].reachable = true;
	(void)str_copy(w.vm[0].address, sizeof(w.vm[0].address), "192.168.172.57");
	v = view_of();
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_READY);
	v.mono_us += 15000000; /* what is new has been recorded by then */
	v.wall_s += 15;
	progress_step(&p, &w.job, &v); /* the last warning, 60 s before the guest goes */
	ck_assert_int_eq(p.deadline_us, LITTLE_NOW_US + 20 * INT64_C(1000000));
	v.mono_us += 5000000;
	v.wall_s += 5;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.deadline_us, LITTLE_NOW_US + 80 * INT64_C(1000000));
	v.wall_s += 60;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_STOPPING);
	ck_assert_str_eq(p.status.reason,
			 "the job's time is nearly over: the guest is being shut down");
	ck_assert(p.status.since_s[VM_STATE_READY]);
	w.seen.n_vm = 0;
	w.disk[0].kept_until_s = LITTLE_NOW_S + 3600;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the job's time is nearly over: the guest was shut down; "
					  "its root disk is kept until 2023-11-14 23:13:20 UTC");
	ck_assert_ptr_nonnull(strstr(progress_text(&p, text), "state=stopping "));
	ck_assert_ptr_nonnull(strstr(progress_text(&p, text), " kept=1700003600"));
	ck_assert(!p.status.node_clear);
	w.job.end_s += 3600;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_PROVISIONING);
	w.seen.n_vm = 1;
	w.vm[0].agent = false;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	/* what the guest does by itself is told as ever */
	w.job.end_s -= 3600;
	w.vm[0].phase = VM_STOPPED;
	progress_step(&p, &w.job, &v);
	ck_assert_str_eq(p.status.reason, "the guest shut down");
	w.vm[0].phase = VM_FAILED;
	progress_step(&p, &w.job, &v);
	ck_assert_int_eq(p.status.state, VM_STATE_FAILED);
	little_world_done(&w);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("progress");

	tcase_add_loop_test(t, first_step_rows, 0, ARRAY_LEN(first));
	tcase_add_test(t, kubernetes_says_why);
	tcase_add_test(t, why_it_failed_stays);
	tcase_add_test(t, ready_is_said_of_the_guest_that_is);
	tcase_add_test(t, crashes_are_told);
	tcase_add_test(t, crashes_survive_a_new_vmd);
	tcase_add_test(t, queue_has_its_reason);
	tcase_add_test(t, failure_survives_a_new_vmd);
	tcase_add_test(t, old_trouble_is_not_the_jobs);
	tcase_add_test(t, what_hinders_a_removal_is_told);
	tcase_add_test(t, agent_that_refuses_is_quoted);
	tcase_add_test(t, no_limits);
	tcase_add_test(t, another_nonce_is_another_job);
	tcase_add_test(t, user_of_the_job);
	tcase_add_loop_test(t, node_rows, 0, ARRAY_LEN(nodes));
	tcase_add_test(t, names);
	tcase_add_test(t, time_is_nearly_over);
	return CHECK_MAIN(t);
}
