/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbatch, salloc and srun: what a new job gets of its options, and what a step inside one. */
#include "slurm-plugin/task.h"
#include "tests/plugin/slurm_host.h"
#include "vmd/base/str.h"

#include <string.h>

START_TEST(submit_gives_a_nonce)
{
	const char *nonce;

	start(HOSTED, _i ? S_CTX_LOCAL : S_CTX_ALLOCATOR);
	ck_assert_int_eq(option("vm", "tiny@v1", 0), 0);
	ck_assert_int_eq(option("vm-disk", "2G", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	ck_assert_int_eq(host.n_control, 1);
	nonce = table_get(host.control, host.n_control, "VM_NONCE");
	ck_assert(nonce && strlen(nonce) == 16 && strspn(nonce, "0123456789abcdef") == 16);
	ck_assert_str_eq(host.log, "");
}
END_TEST

START_TEST(submit_refuses)
{
	start(HOSTED, S_CTX_ALLOCATOR);
	ck_assert_int_eq(option("vm-disk", "10X", 0), -1);
	ck_assert_msg(strstr(host.log, "--vm-disk: '10X' is not a size: give a number and K, M, G"),
		      "%s", host.log);
	ck_assert_int_eq(option("vm-keep", "always", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), -1);
	ck_assert_msg(strstr(host.log, "--vm-keep needs --vm=IMAGE"), "%s", host.log);
	ck_assert_int_eq(host.n_control, 0);
}
END_TEST

START_TEST(submit_applies_defaults)
{
	setenv("SLURM_VM_DISK", "5G", 1);
	setenv("SLURM_VM_WAIT", "none", 1);
	start(HOSTED, S_CTX_ALLOCATOR);
	ck_assert_int_eq(option("vm", "tiny", 0), 0);
	ck_assert_int_eq(option("vm-disk", "2G", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	/* what was typed wins; the other goes where Slurm puts options */
	ck_assert(!table_get(host.control, host.n_control, IMAGE_OPTION "_disk"));
	ck_assert_str_eq(table_get(host.control, host.n_control, IMAGE_OPTION "_wait"), "none");
	ck_assert_str_eq(getenv("SLURM_SPANK_" IMAGE_OPTION "_wait"), "none");
}
END_TEST

START_TEST(submit_refuses_bad_default)
{
	setenv("SLURM_VM_KEEP", "maybe", 1);
	start(HOSTED, S_CTX_ALLOCATOR);
	ck_assert_int_eq(option("vm", "tiny", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), -1);
	ck_assert_msg(strstr(host.log, "SLURM_VM_KEEP in the environment: --vm-keep: 'maybe' must"),
		      "%s", host.log);
}
END_TEST

START_TEST(submit_inside_a_vm_job_inherits_nothing)
{
	load(HOSTED);
	host.context = S_CTX_ALLOCATOR;
	setenv("SLURM_JOB_ID", "5", 1);
	setenv("SLURM_SPANK_" IMAGE_OPTION, "tiny", 1);
	setenv("SLURM_SPANK_" IMAGE_OPTION "_disk", "2G", 1);
	setenv("SLURM_SPANK_VM_NONCE", "9f3c12ab45de6701", 1);
	setenv("SLURM_SPANK_VM_SHELL", "no", 1);
	setenv("SLURM_SPANK__SLURM_SPANK_OPTION_other_vm", "x", 1);
	setenv("VM_ADDRESS", "192.168.172.57", 1);
	ck_assert_int_eq(CALL("init"), 0);
	ck_assert(!getenv("SLURM_SPANK_" IMAGE_OPTION));
	ck_assert(!getenv("SLURM_SPANK_" IMAGE_OPTION "_disk"));
	ck_assert(!getenv("SLURM_SPANK_VM_NONCE"));
	ck_assert(!getenv("SLURM_SPANK_VM_SHELL"));
	ck_assert(!getenv("VM_ADDRESS"));
	ck_assert(getenv("SLURM_SPANK__SLURM_SPANK_OPTION_other_vm") != NULL);
}
END_TEST

START_TEST(submit_keeps_its_hands_off_other_jobs)
{
	load(HOSTED);
	host.context = S_CTX_ALLOCATOR;
	setenv("SLURM_JOB_ID", "5", 1);
	setenv("VM_ADDRESS", "somebody's own", 1);
	ck_assert_int_eq(CALL("init"), 0);
	ck_assert_str_eq(getenv("VM_ADDRESS"), "somebody's own");
}
END_TEST

START_TEST(step_uses_the_jobs_vm)
{
	setenv("SLURM_SPANK_" IMAGE_OPTION, "tiny", 1);
	load(HOSTED);
	setenv("SLURM_JOB_ID", "5", 1);
	host.context = S_CTX_LOCAL;
	ck_assert_int_eq(CALL("init"), 0);
	ck_assert_str_eq(getenv("SLURM_SPANK_" IMAGE_OPTION), "tiny");
	ck_assert_int_eq(option("vm", _i ? "other" : "tiny", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), _i ? -1 : 0);
	ck_assert_int_eq(host.n_control, 0);
	if (_i)
		ck_assert_msg(strstr(host.log, "job 5 runs on image tiny"), "%s", host.log);
}
END_TEST

START_TEST(step_of_a_job_without_vm)
{
	load(HOSTED);
	setenv("SLURM_JOB_ID", "5", 1);
	host.context = S_CTX_LOCAL;
	ck_assert_int_eq(CALL("init"), 0);
	ck_assert_int_eq(option("vm", "tiny", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), -1);
	ck_assert_msg(strstr(host.log, "job 5, which has no virtual machine"), "%s", host.log);
}
END_TEST

/* A slip in plugstack.conf must not stop the site: VM jobs are refused, others run. */
START_TEST(bad_settings_stop_vm_jobs_only)
{
	char text[1024];

	load(HOSTED);
	host.context = S_CTX_ALLOCATOR;
	ck_assert_int_eq(call("slurm_spank_init", (int)ARRAY_LEN(av_bad), av_bad), 0);
	ck_assert_msg(strstr(host.log, "plugstack.conf: unknown argument 'redy_timeout=100'"), "%s",
		      host.log);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	ck_assert_int_eq(option("vm", "tiny", 0), 0);
	ck_assert_int_eq(CALL("init_post_opt"), -1);
	/* on the node */
	host.context = S_CTX_REMOTE;
	host.n_option = 0;
	ck_assert_int_eq(call("slurm_spank_init", (int)ARRAY_LEN(av_bad), av_bad), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	ck_assert_int_eq(task_run(text, sizeof(text)), 0);
	ck_assert_int_eq(option("vm", "tiny", 1), 0);
	ck_assert_int_eq(CALL("init_post_opt"), 0);
	ck_assert_int_eq(task_run(text, sizeof(text)), EXIT_VM_FAILED);
	ck_assert_msg(strstr(text, "redy_timeout"), "%s", text);
}
END_TEST

TCase *submit_cases(void)
{
	TCase *t = tcase_create("submit_cases");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, submit_gives_a_nonce, 0, 2);
	tcase_add_test(t, submit_refuses);
	tcase_add_test(t, submit_applies_defaults);
	tcase_add_test(t, submit_refuses_bad_default);
	tcase_add_test(t, submit_inside_a_vm_job_inherits_nothing);
	tcase_add_test(t, submit_keeps_its_hands_off_other_jobs);
	tcase_add_loop_test(t, step_uses_the_jobs_vm, 0, 2);
	tcase_add_test(t, step_of_a_job_without_vm);
	tcase_add_test(t, bad_settings_stop_vm_jobs_only);
	return t;
}
