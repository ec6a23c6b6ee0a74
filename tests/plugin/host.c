/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin, loaded as Slurm loads it: what an ordinary job pays, and the real one with nobody to
 * talk to. The parts of a VM job's life are in host_submit.c, host_epilog.c and host_task.c. */
#include "tests/plugin/slurm_host.h"
#include "tests/unit/check_main.h"

#include "slurm-plugin/step.h"
#include "slurm-plugin/task.h"
#include "vmd/base/str.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The promise to everybody else: in strict seccomp, any system call but read, write and exit kills
 * the process. */
START_TEST(ordinary_job_makes_no_system_call)
{
	static const spank_context_t contexts[] = {S_CTX_ALLOCATOR, S_CTX_LOCAL, S_CTX_REMOTE,
						   S_CTX_JOB_SCRIPT};
	struct spank_handle spank = {.unused = 0};
	int ac = (int)ARRAY_LEN(av_good);
	spank_f *prolog, *epilog, *post_opt, *privileged, *task;
	int status = -1;
	pid_t pid;

	load(PROLOG_HOSTED);
	prolog = callback_find("slurm_spank_job_prolog");
	start(HOSTED, contexts[_i]);
	epilog = callback_find("slurm_spank_job_epilog");
	post_opt = callback_find("slurm_spank_init_post_opt");
	privileged = callback_find("slurm_spank_task_init_privileged");
	task = callback_find("slurm_spank_task_init");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int rc = 0;

		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
			syscall(SYS_exit, 99);
		host.n_option = 0;

		rc |= post_opt(&spank, ac, av_good);
		rc |= privileged(&spank, ac, av_good);
		rc |= task(&spank, ac, av_good);
		rc |= prolog(&spank, ac, av_good);
		rc |= epilog(&spank, ac, av_good);
		if (host.calls || vmd.hints || vmd.n_show)
			rc = 2;
		syscall(SYS_exit, rc);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned)status);
}
END_TEST

/* The real plugins, with nobody to talk to. */
START_TEST(real_plugin_without_munge)
{
	load(PROLOG);
	job_environment();
	ck_assert_int_eq(call("slurm_spank_job_prolog", (int)ARRAY_LEN(av_dead), av_dead), 0);
	ck_assert_msg(strstr(host.log, "munge is not reachable"), "%s", host.log);
	load(PLUGIN);
	job_environment();
	ck_assert_int_eq(call("slurm_spank_job_epilog", (int)ARRAY_LEN(av_dead), av_dead), -1);
	ck_assert_msg(strstr(host.log, "the node must be drained: munge is not reachable"), "%s",
		      host.log);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("plugin host");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, ordinary_job_makes_no_system_call, 0, 4);
	tcase_add_test(t, real_plugin_without_munge);
	/* Whatever is asked for: a case leaves its environment and a plugin behind. */
	(void)setenv("CK_FORK", "yes", 1);
	return CHECK_MAIN(submit_cases(), epilog_cases(), task_cases(), t);
}
