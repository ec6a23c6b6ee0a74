/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmstepd's tasks: the wait for the VM, the environment of the script, the ends that it may
 * take. */
#include "slurm-plugin/key_file.h"
#include "slurm-plugin/step.h"
#include "slurm-plugin/task.h"
#include "tests/plugin/slurm_host.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void step_start(uint32_t step)
{
	start(HOSTED, S_CTX_REMOTE);
	host.step = step;
	ck_assert_int_eq(option("vm", "tiny", 1), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
}

START_TEST(task_waits_and_gets_the_guest)
{
	char text[4096], key[64];

	step_start(STEP_BATCH_SCRIPT);
	vmd.answer[0].state = "PROVISIONING";
	vmd.answer[1].reason = "connection refused";
	vmd.answer[1].kind = ERR_RETRY;
	vmd.answer[2].state = "READY";
	vmd.answer[2].address = "192.168.172.57";
	vmd.n_answer = 3;
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_str_eq(text,
			 "slurm-vm: job 17: PROVISIONING 0 s\n"
			 "slurm-vm: job 17: vmd does not answer, waiting 0 s: connection refused\n"
			 "slurm-vm: job 17: READY 1 s\n"
			 "VM_NAME=vm-17-9f3c12ab45de6701-r0\n"
			 "VM_HOST=worker1node\n"
			 "VM_ADDRESS=192.168.172.57\n"
			 "VM_USER=root\n"
			 "VM_SSH_KEY=" KEY_FILE_BASE "/17/id_ed25519\n");
	in_file(key, sizeof(key), KEY_FILE_BASE "/17/id_ed25519");
	ck_assert_str_eq(key, "-----BEGIN-----\nsecret\n");
	/* the epilog takes it away */
	vmd.n_show = 0;
	vmd.answer[0].clear = true;
	job_environment();
	ck_assert_int_eq(CALL("job_epilog"), 0);
	ck_assert_int_eq(access(KEY_FILE_BASE "/17", F_OK), -1);
}
END_TEST

/* A task has the machine on its own node, and the lists of all. */
START_TEST(task_of_several_machines)
{
	char text[4096];

	step_start(4); /* srun: own keys are the batch script's business */
	vmd.answer[0].state = "READY";
	vmd.answer[0].address = "192.168.172.57";
	vmd.n_answer = 1;
	vmd.several = true;
	setenv("SLURMD_NODENAME", "worker2node", 1);
	table_set(host.env, &host.n_env, "SLURMD_NODENAME", "worker2node");
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "VM_RANK=1\n"), "%s", text);
	ck_assert_msg(strstr(text, "VM_ADDRESSES=192.168.172.57 192.168.172.58 -\n"), "%s", text);
	ck_assert_msg(strstr(text, "VM_HOSTS=worker1node worker2node worker3node\n"), "%s", text);
	ck_assert_msg(strstr(text, "VM_HOST=worker2node\nVM_ADDRESS=192.168.172.58\n"), "%s", text);
	ck_assert_msg(strstr(text, "VM_NAME=vm-17-9f3c12ab45de6701-1-r0\n"), "%s", text);
	/* The epilog of a node asks for the machine there. */
	vmd.n_show = 0;
	vmd.answer[0].clear = true;
	job_environment();
	ck_assert_int_eq(CALL("job_epilog"), 0);
	ck_assert_str_eq(vmd.node, "worker2node");
}
END_TEST

/* Nobody else tells vmd that the job runs: there is no prolog. */
START_TEST(task_hints_even_if_it_does_not_wait)
{
	char text[4096];

	step_start(STEP_BATCH_SCRIPT);
	ck_assert_int_eq(option("vm-wait", "none", 1), 0);
	vmd.answer[0].state = "PROVISIONING";
	vmd.n_answer = 1;
	vmd.tell_hints = true;
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "hint, 900 ms, no request\n") == text, "%s", text);
	ck_assert_msg(strstr(text, "VM_HOST=worker1node\n"), "%s", text);
}
END_TEST

static void ready_without_key(int times, enum err_kind kind, const char *reason)
{
	step_start(STEP_BATCH_SCRIPT);
	vmd.keyless = times;
	vmd.keyless_kind = kind;
	vmd.keyless_reason = reason;
	vmd.answer[0].state = "READY";
	vmd.answer[0].address = "192.168.172.57";
	vmd.n_answer = 1;
}

START_TEST(task_without_key_still_starts)
{
	char text[4096];

	ready_without_key(INT_MAX, ERR_DENIED, "not yours");
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "no ssh key: not yours"), "%s", text);
	ck_assert_msg(strstr(text, "no ssh key yet") == NULL, "%s", text);
	ck_assert_msg(strstr(text, "VM_SSH_KEY") == NULL, "%s", text);
}
END_TEST

/* vmd went down right after it had said READY: the key is worth a wait, but no endless one. */
START_TEST(task_asks_again_for_its_key)
{
	static const char yet[] = "slurm-vm: job 17: no ssh key yet, asking for 60 s: connection "
				  "refused\n";
	char text[4096];
	char *told;

	ready_without_key(_i ? INT_MAX : 5, ERR_RETRY, "connection refused");
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	told = strstr(text, yet);
	ck_assert_msg(told && !strstr(told + 1, yet), "%s", text);
	ck_assert_msg((strstr(text, "no ssh key: connection refused\n") != NULL) == _i, "%s", text);
	ck_assert_msg((strstr(text, "VM_SSH_KEY=") == NULL) == _i, "%s", text);
}
END_TEST

START_TEST(task_that_does_not_wait_asks_for_its_key_once)
{
	char text[4096];

	ready_without_key(INT_MAX, ERR_RETRY, "connection refused");
	ck_assert_int_eq(option("vm-wait", "none", 1), 0);
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "no ssh key: connection refused\n"), "%s", text);
	ck_assert_msg(strstr(text, "no ssh key yet") == NULL, "%s", text);
}
END_TEST

START_TEST(task_ends_with_the_reason)
{
	char text[4096];

	step_start(STEP_BATCH_SCRIPT);
	vmd.answer[0].state = "FAILED";
	vmd.answer[0].reason = "image tiny@v1: no space \x1b[2J left";
	vmd.n_answer = 1;
	ck_assert_int_eq(task_run(text, sizeof(text)), EXIT_VM_FAILED);
	/* an escape sequence does not reach the terminal */
	ck_assert_str_eq(text, "slurm-vm: job 17: FAILED 0 s: image tiny@v1: no space ?[2J left\n"
			       "slurm-vm: the script was not started (exit code 69)\n");
}
END_TEST

START_TEST(task_ends_when_it_is_late)
{
	char text[4096];

	step_start(1);
	host.task = (uint32_t)_i;
	vmd.answer[0].reason = "connection refused";
	vmd.answer[0].kind = ERR_RETRY;
	vmd.n_answer = 1;
	ck_assert_int_eq(task_run(text, sizeof(text)), EXIT_VM_LATE);
	/* one task of the step speaks for all */
	ck_assert_msg((strstr(text, "gave up: not ready after 100 s") != NULL) == (_i == 0), "%s",
		      text);
}
END_TEST

static void swallow(int signal)
{
	(void)signal;
}

/* slurmstepd's handlers and mask are still there in the task (24.11). */
START_TEST(task_is_ended_by_scancel)
{
	sigset_t set;
	int status = -1;
	pid_t pid;

	step_start(STEP_BATCH_SCRIPT);
	vmd.scancel = true;
	vmd.answer[0].state = "BOOTING";
	vmd.n_answer = 1;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGTERM, swallow);
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		(void)CALL("task_init");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status 0x%x",
		      (unsigned)status);
}
END_TEST

START_TEST(task_with_forged_options_fails_the_job_only)
{
	char text[4096];

	start(HOSTED, S_CTX_REMOTE);
	ck_assert_int_eq(option("vm", "ti}ny", 1), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	ck_assert_int_eq(task_run(text, sizeof(text)), EXIT_VM_FAILED);
	ck_assert_msg(strstr(text, "must be IMAGE, IMAGE@REVISION or @JOB"), "%s", text);
	ck_assert_int_eq(vmd.hints, 0);
}
END_TEST

/* sbatch --export=NONE */
START_TEST(task_finds_options_in_the_environment)
{
	char text[4096];

	start(HOSTED, S_CTX_REMOTE);
	table_set(host.env, &host.n_env, "SLURM_SPANK_" IMAGE_OPTION, "tiny");
	table_set(host.env, &host.n_env, "SLURM_SPANK_" IMAGE_OPTION "_wait", "running");
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	vmd.answer[0].state = "BOOTING";
	vmd.n_answer = 1;
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "slurm-vm: job 17: BOOTING 0 s\n") == text, "%s", text);
	ck_assert_msg(strstr(text, "VM_HOST=worker1node"), "%s", text);
}
END_TEST

TCase *task_cases(void)
{
	TCase *t = tcase_create("task_cases");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, task_waits_and_gets_the_guest);
	tcase_add_test(t, task_of_several_machines);
	tcase_add_test(t, task_hints_even_if_it_does_not_wait);
	tcase_add_test(t, task_without_key_still_starts);
	tcase_add_loop_test(t, task_asks_again_for_its_key, 0, 2);
	tcase_add_test(t, task_that_does_not_wait_asks_for_its_key_once);
	tcase_add_test(t, task_ends_with_the_reason);
	tcase_add_loop_test(t, task_ends_when_it_is_late, 0, 2);
	tcase_add_test(t, task_is_ended_by_scancel);
	tcase_add_test(t, task_with_forged_options_fails_the_job_only);
	tcase_add_test(t, task_finds_options_in_the_environment);
	return t;
}
