/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the site: what they find, how they end, and that none runs for ever. */
#include "tests/unit/check_main.h"
#include "vmd/base/auto.h"
#include "vmd/hook.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define LONG_US  INT64_C(60000000) /* no test waits for it */
#define SHORT_US INT64_C(200000)

static char dir[] = "/tmp/unit_hook.XXXXXX";
static char program[64], result[64];
static sd_event *loop;
static struct hooks *hooks;
static struct err ended;
static unsigned n_ended;

static void on_done(void *ctx, const struct err *e)
{
	ck_assert_ptr_eq(ctx, &ended);
	ended = *e;
	n_ended++;
}

static void begin(int64_t limit_us, const char *body)
{
	sigset_t set;
	FILE *f = fopen(program, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(program, 0755), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_ge(sd_event_new(&loop), 0);
	hooks_new(loop, limit_us, &hooks);
	n_ended = 0;
}

static void end(void)
{
	hooks_free(hooks);
	sd_event_unref(loop);
}

static int run(struct err *e)
{
	char fact[] = "FACT=a b;$(x)";
	char *env[] = {fact, NULL};

	return hook_run(hooks, program, env, on_done, &ended, e);
}

static void wait_for(unsigned n)
{
	while (n_ended < n)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
}

static const char *result_read(void)
{
	static char text[4096];
	FILE *f = fopen(result, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

START_TEST(finds_facts_and_nothing_else)
{
	char body[512], want[128];
	uint64_t ignored;
	struct err e;

	ck_assert_int_eq(setenv("SECRET", "of vmd", 1), 0);
	ck_assert_int_eq(dup2(STDERR_FILENO, 200), 200);
	(void)snprintf(
		body, sizeof(body),
		"read x && exit 9\n"
		"{ pwd; echo \"$FACT\"; echo \"s=$SECRET\"; [ -e /proc/self/fd/200 ]; echo $?\n"
		"grep -E '^(SigBlk|SigIgn)' /proc/self/status; } >%s",
		result);
	begin(LONG_US, body);
	ck_assert_int_eq(run(&e), 0);
	wait_for(1);
	ck_assert_msg(ended.kind == ERR_NONE, "%s", ended.msg);
	(void)snprintf(want, sizeof(want), "/\na b;$(x)\ns=\n1\nSigBlk:\t%016x\n", 0);
	ck_assert_msg(strncmp(result_read(), want, strlen(want)) == 0, "is:\n%s", result_read());
	ignored = strtoull(strstr(result_read(), "SigIgn:") + strlen("SigIgn:"), NULL, 16);
	ck_assert_uint_eq(ignored & UINT64_C(1) << (SIGPIPE - 1), 0);
	ck_assert_int_eq(close(200), 0);
	end();
}
END_TEST

static const struct {
	const char *body;
	int64_t limit_us;
	const char *says;
} ends[] = {
	{"exit 3", LONG_US, "ended with exit code 3"},
	{"kill -9 $$", LONG_US, "ended by signal 9"},
	{"sleep 1000", SHORT_US, "killed after"},
	{"sleep 1000 &", LONG_US, ""},
};

START_TEST(end_rows)
{
	struct err e;

	begin(ends[_i].limit_us, ends[_i].body);
	ck_assert_int_eq(run(&e), 0);
	wait_for(1);
	ck_assert_int_eq(ended.kind, *ends[_i].says ? ERR_INVALID : ERR_NONE);
	if (*ends[_i].says)
		ck_assert_msg(strstr(ended.msg, ends[_i].says), "%s", ended.msg);
	end();
}
END_TEST

/* The whole group goes, also what the program left behind. */
START_TEST(leaves_nobody)
{
	char body[128];
	struct err e;
	pid_t left;

	(void)snprintf(body, sizeof(body), "sleep 1000 & echo $! >%s", result);
	begin(LONG_US, body);
	ck_assert_int_eq(run(&e), 0);
	wait_for(1);
	left = (pid_t)strtol(result_read(), NULL, 10);
	ck_assert_int_gt(left, 1);
	/* A zombie until its new parent takes it, or gone: it runs no more. */
	for (int i = 0; kill(left, 0) == 0; i++) {
		char path[64], state = '?';
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", left);
		f = fopen(path, "r");
		if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
			state = 'X';
		if (f)
			(void)fclose(f);
		if (state == 'Z' || state == 'X')
			break;
		ck_assert_msg(i < 3000, "%d runs on", left);
		usleep(10000);
	}
	end();
}
END_TEST

START_TEST(is_bounded)
{
	struct err e;

	begin(LONG_US, "sleep 1000");
	for (int i = 0; i < HOOKS_MAX; i++)
		ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(run(&e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	end();
	begin(LONG_US, "true");
	ck_assert_int_eq(unlink(program), 0);
	ck_assert_int_eq(run(&e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.msg, strerror(ENOENT)));
	ck_assert_uint_eq(n_ended, 0);
	end();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("hook");
	int failed;

	if (!mkdtemp(dir))
		return 99;
	(void)snprintf(program, sizeof(program), "%s/program", dir);
	(void)snprintf(result, sizeof(result), "%s/result", dir);
	tcase_add_test(t, finds_facts_and_nothing_else);
	tcase_add_loop_test(t, end_rows, 0, ARRAY_LEN(ends));
	tcase_add_test(t, leaves_nobody);
	tcase_add_test(t, is_bounded);
	tcase_set_timeout(t, 60);
	failed = CHECK_MAIN(t);
	(void)unlink(program);
	(void)unlink(result);
	(void)rmdir(dir);
	return failed;
}
