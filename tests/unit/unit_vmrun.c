/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmrun: what it brings into a guest. The commands for a Linux guest are run here by a real sh,
 * with a directory of the test as the account's home; those for Windows are looked at as texts. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vmrun/script.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

static char home[] = "/tmp/unit_vmrun.XXXXXX";
static char out[65536];

static void setup(void)
{
	(void)strcpy(home, "/tmp/unit_vmrun.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
}

static void teardown(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

/* As sshd runs it; input is its stdin. The exit code; out is what it printed. */
static int sh(const char *text, const char *input)
{
	FILE *f = tmpfile();
	int ends[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_ptr_nonnull(f);
	fputs(input, f);
	rewind(f);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(f), STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(99);
	}
	close(ends[1]);
	while ((n = read(ends[0], out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(ends[0]);
	(void)fclose(f);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const struct script linux_sh = {.with = RUN_SH, .key = "17-9f3c12ab45de6701"};
static const struct script windows = {.windows = true, .key = "17-9f3c12ab45de6701"};

static int store(const char *name, const char *text)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct err e;

	ck_assert_int_eq(script_store(&linux_sh, name, &b, &e), 0);
	return sh(b.s, text);
}

static int start(char *const *argv)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct err e;

	ck_assert_int_eq(script_start(&linux_sh, argv, &b, &e), 0);
	return sh(b.s, "");
}

static int follow(uint64_t at, unsigned halves)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct err e;

	ck_assert_int_eq(script_follow(&linux_sh, at, halves, &b, &e), 0);
	return sh(b.s, "");
}

static void code_is(const char *text)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct err e;

	ck_assert_int_eq(script_code(&linux_sh, &b, &e), 0);
	ck_assert_int_eq(sh(b.s, ""), 0);
	ck_assert_str_eq(out, text);
}

START_TEST(runs_once)
{
	char one[] = "it's one", two[] = "$two", *argv[] = {one, two, NULL};

	ck_assert_int_eq(start(argv), 1); /* nothing was brought yet */
	ck_assert_int_eq(store("env", "export CASE='a b'\n"), 0);
	ck_assert_int_eq(
		store("script", "echo $CASE \"$1\" \"$2\"; echo bad >&2; echo >>$HOME/n; exit 3\n"),
		0);
	ck_assert_int_eq(start(argv), 0);
	ck_assert_int_eq(follow(0, 0), 0);
	ck_assert_str_eq(out, "a b it's one $two\nbad\n");
	code_is("3\n");
	ck_assert_int_eq(store("script", "echo another\n"), 0);
	ck_assert_int_eq(start(argv), SCRIPT_THERE);
	ck_assert_int_eq(follow(4, 0), 0);
	ck_assert_str_eq(out, "it's one $two\nbad\n");
	ck_assert_int_eq(sh("wc -c <$HOME/n", ""), 0);
	ck_assert_int_eq(atoi(out), 1);
}
END_TEST

/* Said in words, and over at once. */
START_TEST(no_interpreter)
{
	const struct script pwsh = {.with = RUN_POWERSHELL, .key = "17-9f3c12ab45de6701"};
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	char *argv[] = {NULL};
	struct err e;

	if (sh("command -v pwsh >/dev/null", "") == 0)
		return;
	ck_assert_int_eq(store("env", ""), 0);
	ck_assert_int_eq(store("script", "exit 3\n"), 0);
	ck_assert_int_eq(script_start(&pwsh, argv, &b, &e), 0);
	ck_assert_int_eq(sh(b.s, ""), 0);
	ck_assert_int_eq(follow(0, 0), 0);
	ck_assert_str_eq(out, "vmrun: there is no pwsh in this guest: its image has to bring it\n");
	code_is("127\n");
}
END_TEST

START_TEST(signals_and_losses)
{
	AUTO(strbuf_done) struct strbuf term = {.s = NULL};
	char *argv[] = {NULL};
	struct err e;

	ck_assert_int_eq(store("env", ""), 0);
	ck_assert_int_eq(store("script", "trap 'echo bye; exit 4' TERM\necho begin\n"
					 "while :; do sleep 0.1; done\n"),
			 0);
	ck_assert_int_eq(start(argv), 0);
	ck_assert_int_eq(follow(0, 4), SCRIPT_RUNS);
	ck_assert_str_eq(out, "begin\n");
	ck_assert_int_eq(script_signal(&linux_sh, "TERM", &term, &e), 0);
	ck_assert_int_eq(sh(term.s, ""), 0);
	ck_assert_int_eq(follow(6, 40), 0);
	ck_assert_ptr_nonnull(strstr(out, "bye\n")); /* sh may tell of the sleep, too */
	code_is("4\n");
	/* as after another boot: a pid, but not of this boot, and no code */
	ck_assert_int_eq(sh("cd $HOME/.slurm-vm/*/ && rm code && echo other >boot", ""), 0);
	ck_assert_int_eq(follow(0, 40), SCRIPT_LOST);
	ck_assert_ptr_nonnull(strstr(out, "begin\n"));
}
END_TEST

START_TEST(environment_is_chosen)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	AUTO(strbuf_done) struct strbuf w = {.s = NULL};
	char vars[][64] = {"PATH=/bin",
			   "SLURM_JOB_ID=17",
			   "SLURM_SPANK_X=1",
			   "CASE=it's",
			   "OTHER=1",
			   "SLURM_EXPORT_ENV=ALL,CASE=it's,N",
			   "N=",
			   "BASH_FUNC_x%%=() { 1; }",
			   "=x",
			   "HOME=/root"};
	char *environment[11] = {NULL};

	for (size_t i = 0; i < 10; i++)
		environment[i] = vars[i];
	script_environment(&linux_sh, environment, &b);
	ck_assert_str_eq(b.s, "export SLURM_JOB_ID='17'\nexport CASE='it'\\''s'\n"
			      "export SLURM_EXPORT_ENV='ALL,CASE=it'\\''s,N'\nexport N=''\n");
	script_environment(&windows, environment, &w);
	ck_assert_str_eq(w.s, "$env:SLURM_JOB_ID='17'\r\n$env:CASE='it''s'\r\n"
			      "$env:SLURM_EXPORT_ENV='ALL,CASE=it''s,N'\r\n$env:N=''\r\n");
}
END_TEST

static const struct {
	enum interpreter with;
	const char *text, *brought;
} texts[] = {
	{RUN_SH, "#!/usr/bin/vmrun sh\n#SBATCH -c 1\necho\n",
	 "#!/usr/bin/vmrun sh\n#SBATCH -c 1\necho\n"},
	{RUN_CMD, "#!/usr/bin/vmrun cmd\n#SBATCH -c 1\n\necho #1\n#no remark",
	 "@rem #!/usr/bin/vmrun cmd\r\n@rem #SBATCH -c 1\r\n\r\necho #1\r\n#no remark\r\n"},
	{RUN_CMD, "#!x\r\necho\r\n", "@rem #!x\r\necho\r\n"},
	{RUN_POWERSHELL, "#!x\necho a\n", "#!x\necho a\n"},
	{RUN_POWERSHELL, "#!x\necho \xc3\xa4\n", "\xef\xbb\xbf#!x\necho \xc3\xa4\n"},
	{RUN_POWERSHELL, "\xef\xbb\xbf#\xc3\xa4", "\xef\xbb\xbf#\xc3\xa4"},
};

START_TEST(text_row)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct script s = {.with = texts[_i].with};

	script_text(&s, texts[_i].text, strlen(texts[_i].text), &b);
	ck_assert_str_eq(b.s, texts[_i].brought);
}
END_TEST

/* What PowerShell would see of an encoded command. */
static void decode(const char *command, char *text, size_t size)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strrchr(command, ' ') + 1;
	uint32_t bits = 0;
	size_t n = 0, bytes = 0;

	for (unsigned i = 0; *at && *at != '='; at++) {
		bits = bits << 6 | (uint32_t)(strchr(alphabet, *at) - alphabet);
		i++;
		if (i % 4 == 1)
			continue;
		if (bytes++ % 2 == 0 && n + 1 < size) /* the other half is 0 */
			text[n++] = (char)(bits >> (2 * (4 - (i % 4 ? i % 4 : 4))) & 0xff);
	}
	text[n] = '\0';
}

START_TEST(windows_texts)
{
	AUTO(strbuf_done) struct strbuf follow_text = {.s = NULL};
	AUTO(strbuf_done) struct strbuf stop_text = {.s = NULL};
	static char text[16384];
	char spaced[] = "a b", *argv[] = {spaced, NULL};
	struct script s = windows;
	struct err e;

	for (unsigned with = RUN_POWERSHELL; with <= RUN_PYTHON; with++) {
		AUTO(strbuf_done) struct strbuf start_text = {.s = NULL};
		AUTO(strbuf_done) struct strbuf store_text = {.s = NULL};

		s.with = (enum interpreter)with;
		ck_assert_msg(script_start(&s, argv, &start_text, &e) == 0, "%s", e.msg);
		decode(start_text.s, text, sizeof(text));
		ck_assert_ptr_nonnull(strstr(
			text, "New-Item -ItemType Directory \"$d\\started\"}catch{exit 10}"));
		ck_assert_ptr_nonnull(strstr(text, "Invoke-CimMethod"));
		ck_assert_ptr_nonnull(strstr(text, "^\"a b^\""));
		ck_assert_ptr_nonnull(strstr(
			text, with == RUN_CMD ? "/d /s /c `\"`\"$d\\script.cmd`\" $a >" : ".exe "));
		ck_assert_int_eq(script_store(&s, "script", &store_text, &e), 0);
	}
	ck_assert_int_eq(script_follow(&s, 77, 3, &follow_text, &e), 0);
	decode(follow_text.s, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "$n=77L;"));
	ck_assert_int_eq(script_signal(&s, "TERM", &stop_text, &e), 0);
	decode(stop_text.s, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "taskkill.exe /t /f"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmrun");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 90);
	tcase_add_test(t, runs_once);
	tcase_add_test(t, no_interpreter);
	tcase_add_test(t, signals_and_losses);
	tcase_add_test(t, environment_is_chosen);
	tcase_add_loop_test(t, text_row, 0, ARRAY_LEN(texts));
	tcase_add_test(t, windows_texts);
	return CHECK_MAIN(t);
}
