/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmd: the prolog of a site without job_submit.lua, and the epilog that holds the node. */
#include "slurm-plugin/key_file.h"
#include "tests/plugin/slurm_host.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

START_TEST(prolog_hints_once)
{
	char uid[16];

	load(PROLOG_HOSTED);
	job_environment();
	ck_assert_int_eq(CALL("job_prolog"), 0);
	ck_assert_int_eq(vmd.hints, 1);
	ck_assert_int_lt(vmd.hint_timeout_ms, 1000);
	ck_assert_str_eq(vmd.hint_request,
			 "image=tiny revision=v1 nonce=9f3c12ab45de6701 keep=never");
	ck_assert_int_eq(str_fmt(uid, sizeof(uid), "%u", (unsigned)geteuid()), 0);
	ck_assert_str_eq(vmd.hint_uid, uid);
}
END_TEST

START_TEST(prolog_never_fails)
{
	static const char *const odd[] = {"tiny}", "ti\nny", "", "@"};

	load(PROLOG_HOSTED);
	job_environment();
	setenv("SPANK_" IMAGE_OPTION, odd[_i], 1);
	ck_assert_int_eq(CALL("job_prolog"), 0);
	ck_assert_int_eq(vmd.hints, 0);
	ck_assert_msg(strstr(host.log, "job=17 prolog: vmd was not told"), "%s", host.log);
	/* nobody writes lines of his own into slurmd's log */
	ck_assert_msg(!strchr(host.log, '\n'), "%s", host.log);
	job_environment();
	host.log[0] = '\0';
	ck_assert_int_eq(call("slurm_spank_job_prolog", (int)ARRAY_LEN(av_bad), av_bad), 0);
	ck_assert_msg(strstr(host.log, "plugstack.conf: unknown argument"), "%s", host.log);
}
END_TEST

START_TEST(epilog_waits_until_clear)
{
	load(HOSTED);
	job_environment();
	vmd.answer[0].state = "STOPPING";
	vmd.answer[1].reason = "connection refused"; /* vmd restarts */
	vmd.answer[1].kind = ERR_RETRY;
	vmd.answer[2].state = "STOPPING";
	vmd.answer[3].state = "STOPPED";
	vmd.answer[3].clear = true;
	vmd.n_answer = 4;
	ck_assert_int_eq(CALL("job_epilog"), 0);
	ck_assert_int_eq(vmd.n_show, 4);
	ck_assert_int_gt(vmd.slept_us, 3 * SEC_US / 5); /* the pauses grow */
	ck_assert_str_eq(host.log, "");
}
END_TEST

/* vmd made the allocation, for a move: no option was ever given. */
START_TEST(epilog_of_a_companion)
{
	load(HOSTED);
	setenv("SPANK_VM_NONCE", "9f3c12ab45de6701", 1);
	host.context = S_CTX_JOB_SCRIPT;
	vmd.answer[0].state = "STOPPING";
	vmd.answer[1].state = "STOPPED";
	vmd.answer[1].clear = true;
	vmd.n_answer = 2;
	ck_assert_int_eq(CALL("job_epilog"), 0);
	ck_assert_int_eq(vmd.n_show, 2);
}
END_TEST

START_TEST(epilog_gives_up_and_says_why)
{
	load(HOSTED);
	job_environment();
	vmd.answer[0].state = "STOPPING";
	vmd.answer[0].reason = "node worker1node does not answer";
	vmd.n_answer = 1;
	ck_assert_int_eq(CALL("job_epilog"), -1);
	ck_assert_int_ge(vmd.now_us, 60 * SEC_US);
	ck_assert_int_lt(vmd.now_us, 61 * SEC_US);
	ck_assert_msg(strstr(host.log, "must be drained: VM vm-17-9f3c12ab45de6701-r0 is STOPPING: "
				       "node worker1node does not answer"),
		      "%s", host.log);
}
END_TEST

/* What the epilog of a job left that slurmctld had forgotten: only when it is old, and vmd, which
 * asks Slurm, has no such job. */
static const struct {
	enum err_kind vmd;
	int64_t age_s;
	bool asked, stays;
} others[] = {
	{ERR_ABSENT, 3600, true, false},
	{ERR_ABSENT, 60, false, true},
	{ERR_RETRY, 3600, true, true},
	{ERR_NONE, 3600, true, true},
};
START_TEST(epilog_sweeps)
{
	struct timespec t[2] = {{.tv_sec = time(NULL) - others[_i].age_s},
				{.tv_sec = time(NULL) - others[_i].age_s}};

	load(HOSTED);
	job_environment();
	(void)mkdir(KEY_FILE_BASE, 0755);
	ck_assert(mkdir(KEY_FILE_BASE "/16", 0711) == 0 || errno == EEXIST);
	close(open(KEY_FILE_BASE "/16/id_ed25519", O_WRONLY | O_CREAT, 0600));
	ck_assert_int_eq(utimensat(AT_FDCWD, KEY_FILE_BASE "/16", t, 0), 0);
	vmd.answer[0].state = "STOPPED";
	vmd.answer[0].clear = true;
	vmd.n_answer = 1;
	vmd.other_kind = others[_i].vmd;
	ck_assert_int_eq(CALL("job_epilog"), 0);
	ck_assert_int_eq(vmd.n_other, others[_i].asked);
	ck_assert_int_eq(access(KEY_FILE_BASE "/16", F_OK) == 0, others[_i].stays);
	(void)unlink(KEY_FILE_BASE "/16/id_ed25519");
	(void)rmdir(KEY_FILE_BASE "/16");
	ck_assert_str_eq(host.log, "");
}
END_TEST

START_TEST(epilog_of_a_job_vmd_never_had)
{
	load(HOSTED);
	job_environment();
	vmd.answer[0].kind = ERR_ABSENT;
	vmd.answer[0].reason = "no such job";
	vmd.n_answer = 1;
	ck_assert_int_eq(CALL("job_epilog"), 0);
	/* with settings that say nothing about vmd, nobody knows */
	ck_assert_int_eq(call("slurm_spank_job_epilog", (int)ARRAY_LEN(av_bad), av_bad), -1);
}
END_TEST

TCase *epilog_cases(void)
{
	TCase *t = tcase_create("epilog_cases");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, prolog_hints_once);
	tcase_add_loop_test(t, prolog_never_fails, 0, 4);
	tcase_add_test(t, epilog_waits_until_clear);
	tcase_add_test(t, epilog_of_a_companion);
	tcase_add_test(t, epilog_gives_up_and_says_why);
	tcase_add_loop_test(t, epilog_sweeps, 0, ARRAY_LEN(others));
	tcase_add_test(t, epilog_of_a_job_vmd_never_had);
	return t;
}
