/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's parts that need no Slurm: settings, options, the wait, the key file. */
#include "slurm-plugin/key_file.h"
#include "slurm-plugin/machines.h"
#include "slurm-plugin/options.h"
#include "slurm-plugin/own_keys.h"
#include "slurm-plugin/shell.h"
#include "slurm-plugin/wait.h"
#include "tests/unit/check_main.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* options.c refers to it; nothing is registered here */
spank_err_t spank_option_register(spank_t spank, struct spank_option *opt)
{
	(void)spank, (void)opt;
	return ESPANK_BAD_ARG;
}

static const struct {
	const char *av[4];
	const char *error; /* NULL: fine; else part of the text */
} lines[] = {
	{{"vmd=a:1"}, NULL},
	{{"vmd=a:1,b:2", "prefix=win-vm", "vmd_user=vmd", "epilog_timeout=1"}, NULL},
	{{"vmd_user=vmd"}, "vmd=HOST:PORT is missing"},
	{{"vmd=a:1", "epilog_timout=600"}, "unknown argument 'epilog_timout=600'"},
	{{"vmd=a:1", "epilog_timeout=0"}, "epilog_timeout= must be a number of seconds"},
	{{"vmd=a:1", "ready_timeout=15m"}, "not '15m'"},
	{{"vmd=a:1", "prefix="}, "prefix= must have 1 to 16"},
	{{"vmd=a:1", "prefix=Vm"}, "prefix= must be a word"},
	{{"vmd=a:1", "prefix=9vm"}, "prefix= must be a word"},
	{{"vmd=a:1", "prefix=v.m"}, "prefix= must be a word"},
	{{"vmd=a:1", "prefix=abcdefghijklmnopq"}, "1 to 16"},
	{{"vmd"}, "unknown argument 'vmd'"},
	{{""}, "unknown argument ''"},
};

START_TEST(settings_rows)
{
	struct plugin_settings s;
	struct err e = {.kind = ERR_NONE};
	char *av[4];
	int ac = 0;
	int rc;

	for (; ac < 4 && lines[_i].av[ac]; ac++)
		av[ac] = strdup(lines[_i].av[ac]);
	rc = plugin_settings_read(ac, av, &s, &e);
	ck_assert_msg((rc == 0) == !lines[_i].error, "%s: %s", lines[_i].av[0], e.msg);
	if (lines[_i].error) {
		ck_assert_msg(strstr(e.msg, lines[_i].error) != NULL, "%s", e.msg);
		ck_assert_str_eq(s.prefix, "vm"); /* usable defaults */
	}
	while (ac > 0)
		free(av[--ac]);
}
END_TEST

static const struct {
	enum vm_option option;
	const char *value;
	const char *error; /* NULL: fine; else part of the text */
} values[] = {
	{OPTION_IMAGE, "win11", NULL},
	{OPTION_IMAGE, "win11@v2", NULL},
	{OPTION_IMAGE, "", "--vm needs a value: --vm=IMAGE[@REVISION]"},
	{OPTION_IMAGE, "win11@", "--vm: 'win11@' must be IMAGE, IMAGE@REVISION or @JOB"},
	{OPTION_IMAGE, "a b", "--vm: value holds spaces or characters"},
	{OPTION_IMAGE, "a\nnonce=0", "--vm: value holds spaces or characters"},
	{OPTION_DISK, "\x1b[2J", "--vm-disk: value holds"},
	{OPTION_DISK, "40G", NULL},
	{OPTION_DISK, "10X", "--vm-disk: '10X' is not a size: give a number and K, M, G or T"},
	{OPTION_DISK, "0", "is not a size"},
	{OPTION_SCRATCH, "100", NULL},
	{OPTION_SCRATCH, "-1G", "--vm-scratch: '-1G' is not a size"},
	{OPTION_NETWORK, "lan", NULL},
	{OPTION_NETWORK, "LAN", "--vm-network: 'LAN' is not a name"},
	{OPTION_ATTACH, "data,ref:ro", NULL},
	{OPTION_ATTACH, "data:rw", "--vm-attach: 'data:rw' is no name of a disk"},
	{OPTION_WAIT, "none", NULL},
	{OPTION_WAIT, "never", "--vm-wait: 'never' must be one of ready, running, none"},
	{OPTION_KEEP, "always", NULL},
	{OPTION_KEEP, "yes", "--vm-keep: 'yes' must be one of never, abnormal, always"},
	{OPTION_ON_DRAIN, "stay", NULL},
	{OPTION_ON_DRAIN, "go", "--vm-on-drain: 'go' must be one of migrate, requeue, stay"},
	{OPTION_COUNT, "x", "no such option"},
};

START_TEST(option_rows)
{
	struct vm_options o = {.request.disk_bytes = 7};
	struct err e = {.kind = ERR_NONE};
	int rc = vm_options_set(&o, "vm", values[_i].option, values[_i].value, &e);

	ck_assert_msg((rc == 0) == !values[_i].error, "'%s': %s", values[_i].value, e.msg);
	if (values[_i].error) {
		ck_assert_msg(strstr(e.msg, values[_i].error) != NULL, "%s", e.msg);
		ck_assert_uint_eq(o.request.disk_bytes, 7);
	} else {
		ck_assert(vm_options_given(&o, values[_i].option));
	}
}
END_TEST

START_TEST(option_too_long)
{
	struct vm_options o = {.request.disk_bytes = 0};
	struct err e = {.kind = ERR_NONE};
	char value[OPTION_VALUE_MAX + 2];

	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	ck_assert_int_eq(vm_options_set(&o, "vm", OPTION_IMAGE, value, &e), -1);
	ck_assert_msg(strstr(e.msg, "longer than") != NULL, "%s", e.msg);
}
END_TEST

START_TEST(option_sizes_default_to_megabytes)
{
	struct vm_options o = {.request.disk_bytes = 0};
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(vm_options_set(&o, "vm", OPTION_SCRATCH, "100", &e), 0);
	ck_assert_uint_eq(o.request.scratch_bytes, UINT64_C(100) << 20);
}
END_TEST

START_TEST(option_variables)
{
	char var[OPTION_VAR_MAX + 1];

	ck_assert_str_eq(vm_option_variable("SPANK_", "vm", OPTION_DISK, var, sizeof(var)),
			 "SPANK__SLURM_SPANK_OPTION_slurm_vm_vm_disk");
	ck_assert_str_eq(vm_option_variable("", "win-vm", OPTION_IMAGE, var, sizeof(var)),
			 "_SLURM_SPANK_OPTION_slurm_vm_win_vm");
	ck_assert(vm_option_default_variable(OPTION_IMAGE) == NULL);
}
END_TEST

#define IMAGE_VAR "SPANK__SLURM_SPANK_OPTION_slurm_vm_vm"

static const struct {
	const char *image, *disk, *nonce;
	int rc;
	const char *why;
} jobs[] = {
	{NULL, NULL, NULL, 0, "no VM"},
	{NULL, "1G", "9f3c12ab45de6701", 0, "no VM, whatever else is there"},
	{"tiny", NULL, "9f3c12ab45de6701", 1, "a VM"},
	{"tiny", "2G", "9f3c12ab45de6701", 1, "a VM with a disk"},
	{"tiny", "2X", "9f3c12ab45de6701", -1, "bad size"},
	{"tiny", NULL, NULL, -1, "no nonce"},
	{"tiny", NULL, "9F3C12AB45DE6701", -1, "nonce in capitals"},
	{"tiny", NULL, "9f3c12ab45de670", -1, "short nonce"},
	{"tiny\nkeep=always", NULL, "9f3c12ab45de6701", -1, "line break"},
	{"tiny}", NULL, "9f3c12ab45de6701", -1, "brace"},
};

START_TEST(job_environment_rows)
{
	struct vm_options o = {.request.disk_bytes = 99};
	struct err e = {.kind = ERR_NONE};
	int rc;

	if (jobs[_i].image)
		setenv(IMAGE_VAR, jobs[_i].image, 1);
	if (jobs[_i].disk)
		setenv(IMAGE_VAR "_disk", jobs[_i].disk, 1);
	if (jobs[_i].nonce)
		setenv("SPANK_VM_NONCE", jobs[_i].nonce, 1);
	rc = vm_options_from_job_environment("vm", &o, &e);
	ck_assert_msg(rc == jobs[_i].rc, "%s: %d %s", jobs[_i].why, rc, e.msg);
	if (rc == 1)
		ck_assert_str_eq(o.request.nonce, jobs[_i].nonce);
	else
		ck_assert_uint_eq(o.request.disk_bytes, 99);
}
END_TEST

/* Words end in a NUL each; so does the text that C makes of a row. */
static const struct {
	const char words[64];
	bool refused;
	const char *why;
} commands[] = {
	{"salloc\0--vm=tiny\0--no-shell", true, "no shell"},
	{"salloc\0--no-shell\0-p\0debug", true, "... whatever follows"},
	{"salloc\0--no-s\0--vm=tiny", true, "as short as getopt takes it"},
	{"salloc\0--no-\0--vm=tiny", false, "shorter it is none"},
	{"salloc\0--vm=tiny", false, "a shell"},
	{"salloc\0--no-shells", false, "another word"},
	{"salloc\0--no-shelf", false, "another word of that length"},
	{"salloc\0--vm=tiny\0--\0x\0--no-shell", false, "a word of the command"},
	{"salloc\0bash\0-c\0salloc --no-shell", false, "a part of a word of the command"},
	{"--no-shell", false, "the program's name"},
	{"", false, "nothing"},
};

START_TEST(no_shell_rows)
{
	ck_assert_msg(shell_is_refused(commands[_i].words, sizeof(commands[_i].words)) ==
			      commands[_i].refused,
		      "%s", commands[_i].why);
}
END_TEST

/* The last word may be cut off. */
START_TEST(no_shell_cut)
{
	ck_assert(shell_is_refused("salloc\0--no-shell", 17));
	ck_assert(!shell_is_refused("salloc\0--no-shell", 11));
	ck_assert(!shell_is_refused("salloc", 6));
	ck_assert(!shell_is_refused("", 0));
	ck_assert(!shell_is_refused_here());
}
END_TEST

START_TEST(no_shell_reaches_the_prolog)
{
	struct vm_options o;
	struct err e;

	setenv(IMAGE_VAR, "tiny", 1);
	setenv("SPANK_VM_NONCE", "9f3c12ab45de6701", 1);
	ck_assert_int_eq(vm_options_from_job_environment("vm", &o, &e), 1);
	ck_assert(!o.request.no_shell);
	setenv("SPANK_VM_SHELL", "no", 1);
	ck_assert_int_eq(vm_options_from_job_environment("vm", &o, &e), 1);
	ck_assert(o.request.no_shell);
	setenv("SPANK_VM_SHELL", "bash", 1);
	ck_assert_int_eq(vm_options_from_job_environment("vm", &o, &e), 1);
	ck_assert(!o.request.no_shell);
}
END_TEST

/* The wait: what vmd says at which second, and what comes out. */
struct answer {
	int at_s;
	const char *state; /* NULL: an error of kind */
	const char *text;  /* reason, or the error's */
	enum err_kind kind;
	enum wait_verdict want;
	const char *line; /* "" nothing is said */
};

static const struct wait_row {
	const char *why;
	enum vm_wait until;
	bool quiet;
	struct answer answer[8];
} waits[] = {
	{"a quiet boot",
	 VM_WAIT_UNSET,
	 false,
	 {{0, "PROVISIONING", "", 0, WAIT_ON, "slurm-vm: job 17: PROVISIONING 0 s"},
	  {1, "PROVISIONING", "", 0, WAIT_ON, ""},
	  {2, "BOOTING", "", 0, WAIT_ON, "slurm-vm: job 17: BOOTING 2 s"},
	  {3, "BOOTING", "waiting for sshd", 0, WAIT_ON,
	   "slurm-vm: job 17: BOOTING 3 s: waiting for sshd"},
	  {62, "BOOTING", "waiting for sshd", 0, WAIT_ON, ""},
	  {63, "BOOTING", "waiting for sshd", 0, WAIT_ON,
	   "slurm-vm: job 17: BOOTING 63 s: waiting for sshd"},
	  {70, "READY", "", 0, WAIT_DONE, "slurm-vm: job 17: READY 70 s"}}},
	{"running is enough",
	 VM_WAIT_RUNNING,
	 false,
	 {{0, "PROVISIONING", "", 0, WAIT_ON, "slurm-vm: job 17: PROVISIONING 0 s"},
	  {5, "BOOTING", "", 0, WAIT_DONE, "slurm-vm: job 17: BOOTING 5 s"}}},
	{"vmd's list is a moment old",
	 VM_WAIT_READY,
	 false,
	 {{0, "PENDING", "", 0, WAIT_ON, ""},
	  {1, "UNKNOWN", "", 0, WAIT_ON, ""},
	  {2, "BOOTING", "", 0, WAIT_ON, "slurm-vm: job 17: BOOTING 2 s"},
	  {11, "PENDING", "requeued", 0, WAIT_ON, "slurm-vm: job 17: PENDING 11 s: requeued"}}},
	{"a step of a job that is ready says nothing",
	 VM_WAIT_READY,
	 true,
	 {{0, "READY", "", 0, WAIT_DONE, ""}}},
	{"a step that had to wait does",
	 VM_WAIT_READY,
	 true,
	 {{0, "BOOTING", "", 0, WAIT_ON, "slurm-vm: job 17: BOOTING 0 s"},
	  {4, "READY", "", 0, WAIT_DONE, "slurm-vm: job 17: READY 4 s"}}},
	{"failed",
	 VM_WAIT_READY,
	 false,
	 {{9, "FAILED", "no space in pool rbd", 0, WAIT_FAILED,
	   "slurm-vm: job 17: FAILED 9 s: no space in pool rbd"}}},
	{"the guest shut itself down",
	 VM_WAIT_READY,
	 false,
	 {{9, "STOPPED", "", 0, WAIT_FAILED, "slurm-vm: job 17: STOPPED 9 s"}}},
	{"vmd away and back",
	 VM_WAIT_READY,
	 false,
	 {{0, NULL, "refused", ERR_RETRY, WAIT_ON,
	   "slurm-vm: job 17: vmd does not answer, waiting 0 s: refused"},
	  {5, NULL, "refused", ERR_RETRY, WAIT_ON, ""},
	  {60, NULL, "refused", ERR_UNSURE, WAIT_ON,
	   "slurm-vm: job 17: vmd does not answer, waiting 60 s: refused"},
	  {61, "BOOTING", "", 0, WAIT_ON, "slurm-vm: job 17: BOOTING 61 s"},
	  {62, NULL, "refused", ERR_RETRY, WAIT_ON,
	   "slurm-vm: job 17: vmd does not answer, waiting 62 s: refused"},
	  {63, "BOOTING", "", 0, WAIT_ON, "slurm-vm: job 17: BOOTING 63 s"},
	  {64, "READY", "", 0, WAIT_DONE, "slurm-vm: job 17: READY 64 s"}}},
	{"vmd away for good",
	 VM_WAIT_READY,
	 false,
	 {{0, NULL, "refused", ERR_RETRY, WAIT_ON,
	   "slurm-vm: job 17: vmd does not answer, waiting 0 s: refused"},
	  {100, NULL, "refused", ERR_RETRY, WAIT_LATE,
	   "slurm-vm: job 17: gave up: not ready after 100 s: refused"}}},
	{"too slow",
	 VM_WAIT_RUNNING,
	 false,
	 {{100, "PROVISIONING", "cloning", 0, WAIT_LATE,
	   "slurm-vm: job 17: gave up: not running after 100 s: PROVISIONING: cloning"}}},
	{"ready in the last moment",
	 VM_WAIT_READY,
	 false,
	 {{100, "READY", "", 0, WAIT_DONE, "slurm-vm: job 17: READY 100 s"}}},
	{"a refusal gets a minute",
	 VM_WAIT_READY,
	 false,
	 {{0, NULL, "no VM", ERR_ABSENT, WAIT_ON, ""},
	  {30, "PROVISIONING", "", 0, WAIT_ON, "slurm-vm: job 17: PROVISIONING 30 s"},
	  {31, NULL, "no VM", ERR_DENIED, WAIT_ON, ""},
	  {90, NULL, "no VM", ERR_INVALID, WAIT_ON, ""},
	  {91, NULL, "no VM", ERR_ABSENT, WAIT_FAILED,
	   "slurm-vm: job 17: vmd refuses after 91 s: no VM"}}},
};

START_TEST(wait_rows)
{
	const struct wait_row *row = &waits[_i];
	struct wait w = {.job = 17,
			 .until = row->until,
			 .timeout_us = 100 * SEC_US,
			 .start_us = 1000 * SEC_US,
			 .quiet_when_ready = row->quiet};

	for (size_t i = 0; i < ARRAY_LEN(row->answer) && row->answer[i].line; i++) {
		const struct answer *a = &row->answer[i];
		int64_t now_us = w.start_us + a->at_s * SEC_US;
		struct vm_report r = {.node_clear = false};
		struct err e = {.kind = a->kind};
		char line[WAIT_LINE_MAX] = "left over";
		enum wait_verdict v;

		ck_assert_int_eq(str_copy(e.msg, sizeof(e.msg), a->text), 0);
		if (a->state) {
			ck_assert_int_eq(str_copy(r.state, sizeof(r.state), a->state), 0);
			ck_assert_int_eq(str_copy(r.reason, sizeof(r.reason), a->text), 0);
			v = wait_report(&w, now_us, &r, line, sizeof(line));
		} else {
			v = wait_error(&w, now_us, &e, line, sizeof(line));
		}
		ck_assert_msg(v == a->want, "%s, second %d: verdict %d", row->why, a->at_s, v);
		ck_assert_msg(str_eq(line, a->line), "%s, second %d: '%s'", row->why, a->at_s,
			      line);
	}
}
END_TEST

/* A host was lost, and Slurm has begun the script elsewhere before vmd has heard of it: the VM that
 * is READY is the one on the lost host. */
START_TEST(wait_is_not_over_by_the_run_before)
{
	struct wait w = {
		.job = 17, .node = "n2", .until = VM_WAIT_READY, .timeout_us = 100 * SEC_US};
	struct vm_report r = {.state = "READY", .host = "n1"};
	char line[WAIT_LINE_MAX];

	ck_assert_int_eq(wait_report(&w, 0, &r, line, sizeof(line)), WAIT_ON);
	ck_assert_str_eq(line, "");
	(void)str_copy(r.host, sizeof(r.host), "n2.example.org");
	ck_assert_int_eq(wait_report(&w, SEC_US, &r, line, sizeof(line)), WAIT_DONE);
	/* it may be elsewhere, if vmd says so for long */
	w.last = (struct vm_report){.state = ""};
	(void)str_copy(r.host, sizeof(r.host), "n1");
	ck_assert_int_eq(wait_report(&w, 11 * SEC_US, &r, line, sizeof(line)), WAIT_DONE);
	/* one that was not begun again */
	w.last = (struct vm_report){.state = ""};
	w.node[0] = '\0';
	ck_assert_int_eq(wait_report(&w, SEC_US, &r, line, sizeof(line)), WAIT_DONE);
}
END_TEST

START_TEST(wait_pauses)
{
	struct wait w = {.start_us = 0, .timeout_us = 3601 * SEC_US};

	ck_assert_int_eq(wait_pause_us(&w, 0), SEC_US / 2);
	ck_assert_int_eq(wait_pause_us(&w, 40 * SEC_US), 2 * SEC_US);
	ck_assert_int_eq(wait_pause_us(&w, 3000 * SEC_US), 5 * SEC_US);
	/* not beyond the end */
	ck_assert_int_eq(wait_pause_us(&w, 3600 * SEC_US), SEC_US);
	ck_assert_int_eq(wait_pause_us(&w, 3602 * SEC_US), 5 * SEC_US);
	/* a question that was kept was pause enough; one that could not be was not */
	(void)str_copy(w.seen, sizeof(w.seen), "a");
	w.asked_us = 92 * SEC_US;
	ck_assert_int_eq(wait_pause_us(&w, 100 * SEC_US), SEC_US / 20);
	w.asked_us = 99 * SEC_US;
	ck_assert_int_eq(wait_pause_us(&w, 100 * SEC_US), 4 * SEC_US);
	w.news = true;
	ck_assert_int_eq(wait_pause_us(&w, 100 * SEC_US), SEC_US / 20);
}
END_TEST

/* The key file. KEY_FILE_BASE is a folder of the test's own here. */
static void key_base_clear(void)
{
	struct err e;

	(void)key_file_remove(17, &e);
	(void)unlink(KEY_FILE_BASE);
	(void)rmdir(KEY_FILE_BASE);
}

static void file_read(const char *path, char *buf, size_t size)
{
	AUTO(fclose) FILE *f = fopen(path, "re");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	buf[fread(buf, 1, size - 1, f)] = '\0';
}

START_TEST(key_file_life)
{
	char path[KEY_FILE_PATH_MAX], text[64];
	struct err e = {.kind = ERR_NONE};
	struct stat st;

	key_base_clear();
	umask(0);
	ck_assert_msg(key_file_make(17, geteuid(), getegid(), true, &e) == 0, "%s", e.msg);
	key_file_path(17, path, sizeof(path));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_msg(key_file_write(17, "a longer key\n", &e) == 0, "%s", e.msg);
	ck_assert_msg(key_file_write(17, "key\n", &e) == 0, "%s", e.msg);
	file_read(path, text, sizeof(text));
	ck_assert_str_eq(text, "key\n");
	/* another step of the job keeps it, the next batch step does not */
	ck_assert_int_eq(key_file_make(17, geteuid(), getegid(), false, &e), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 4);
	ck_assert_int_eq(key_file_make(17, geteuid(), getegid(), true, &e), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_msg(key_file_remove(17, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_msg(key_file_remove(17, &e) == 0, "%s", e.msg);
	key_base_clear();
}
END_TEST

START_TEST(key_file_attacks)
{
	char path[KEY_FILE_PATH_MAX], text[64];
	struct err e = {.kind = ERR_NONE};
	FILE *victim;

	/* a link in place of the folder */
	key_base_clear();
	ck_assert_int_eq(symlink(".", KEY_FILE_BASE), 0);
	ck_assert_int_eq(key_file_make(17, geteuid(), getegid(), true, &e), -1);
	ck_assert_int_eq(key_file_remove(17, &e), -1);
	ck_assert_int_eq(unlink(KEY_FILE_BASE), 0);
	/* a folder that others can write to */
	ck_assert_int_eq(key_file_make(17, geteuid(), getegid(), true, &e), 0);
	ck_assert_int_eq(chmod(KEY_FILE_BASE "/17", 0777), 0);
	ck_assert_int_eq(key_file_remove(17, &e), -1);
	ck_assert_int_eq(chmod(KEY_FILE_BASE "/17", 0711), 0);
	/* a link in place of the file is replaced, and never written through */
	victim = fopen(KEY_FILE_BASE "/victim", "we");
	ck_assert(victim != NULL);
	fputs("mine", victim);
	fclose(victim);
	ck_assert_int_eq(chmod(KEY_FILE_BASE "/victim", 0600), 0);
	key_file_path(17, path, sizeof(path));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("../victim", path), 0);
	ck_assert_int_eq(key_file_write(17, "key", &e), -1);
	ck_assert_msg(key_file_make(17, geteuid(), getegid(), false, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(key_file_write(17, "key", &e), 0);
	file_read(KEY_FILE_BASE "/victim", text, sizeof(text));
	ck_assert_str_eq(text, "mine");
	/* a file that others can read */
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(key_file_write(17, "key", &e), -1);
	ck_assert_int_eq(unlink(KEY_FILE_BASE "/victim"), 0);
	key_base_clear();
}
END_TEST

/* What lies in ~/.ssh of people. */
START_TEST(lists_of_machines)
{
	static const char list[] = "worker1node - worker3node";
	char buf[32];

	ck_assert_uint_eq(machines_count(list), 3);
	ck_assert_uint_eq(machines_count(""), 0);
	ck_assert_uint_eq(machines_count("one"), 1);
	ck_assert_str_eq(machines_word(list, 0, buf, sizeof(buf)), "worker1node");
	ck_assert_str_eq(machines_word(list, 1, buf, sizeof(buf)), "");
	ck_assert_str_eq(machines_word(list, 2, buf, sizeof(buf)), "worker3node");
	ck_assert_str_eq(machines_word(list, 3, buf, sizeof(buf)), "");
	ck_assert_str_eq(machines_word(list, 2, buf, 5), "work");
	ck_assert_uint_eq(machines_here(list, "worker3node"), 2);
	ck_assert_uint_eq(machines_here(list, "worker3node.example.org"), 2);
	ck_assert_uint_eq(machines_here(list, "elsewhere"), 0);
	ck_assert_uint_eq(machines_here("", "elsewhere"), 0);
}
END_TEST

START_TEST(own_keys_are_read)
{
	char home[] = "/tmp/unit_plugin.XXXXXX", command[512];
	static struct own_keys keys;

	ck_assert_ptr_nonnull(mkdtemp(home));
	(void)snprintf(
		command, sizeof(command),
		"cd %s && mkdir .ssh && cd .ssh && mkfifo pipe.pub && mkdir dir.pub && "
		"echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 b@c' >b.pub && "
		"printf 'ssh-rsa AAAAB3NzaC1yc2EAAAAD x\nssh-rsa AAAABBBBCCCCDDDD y\n' >a.pub && "
		"echo 'PRIVATE KEY' >c.pub && echo 'ssh-rsa AAAABBBBCCCCDDDD' >id_rsa",
		home);
	ck_assert_int_eq(system(command), 0);
	own_keys_read(home, &keys);
	ck_assert_uint_eq(keys.n, 2);
	ck_assert_str_eq(keys.key[0], "ssh-rsa AAAAB3NzaC1yc2EAAAAD");
	ck_assert_str_eq(keys.key[1], "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");
	own_keys_read("/nonexistent", &keys);
	ck_assert_uint_eq(keys.n, 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("plugin");

	tcase_add_test(t, lists_of_machines);
	tcase_add_test(t, own_keys_are_read);
	tcase_add_loop_test(t, settings_rows, 0, ARRAY_LEN(lines));
	tcase_add_loop_test(t, option_rows, 0, ARRAY_LEN(values));
	tcase_add_test(t, option_too_long);
	tcase_add_test(t, option_sizes_default_to_megabytes);
	tcase_add_test(t, option_variables);
	tcase_add_loop_test(t, job_environment_rows, 0, ARRAY_LEN(jobs));
	tcase_add_loop_test(t, no_shell_rows, 0, ARRAY_LEN(commands));
	tcase_add_test(t, no_shell_cut);
	tcase_add_test(t, no_shell_reaches_the_prolog);
	tcase_add_loop_test(t, wait_rows, 0, ARRAY_LEN(waits));
	tcase_add_test(t, wait_is_not_over_by_the_run_before);
	tcase_add_test(t, wait_pauses);
	tcase_add_test(t, key_file_life);
	tcase_add_test(t, key_file_attacks);
	return CHECK_MAIN(t);
}
