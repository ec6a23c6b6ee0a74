/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmrun: the interpreter of batch scripts that run inside the job's virtual machine.
 *
 * It brings the script into the guest, starts it there once, detached, and follows it: its output
 * is the job's, its exit code the job's. When Slurm starts the batch script again while the guest
 * lives on (a move), vmrun finds the script started and follows it again. scancel and the time
 * limit stop the script; a requeue does not, since that may be a move. */
#include "vmd/base/str.h"
#include "vmd/vmctl/login.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmrun/remote.h"
#include "vmd/vmrun/script.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define SCRIPT_MAX   (4U << 20) /* as Slurm's own limit */
#define PAUSE_MAX_S  10
#define EXIT_CANNOT  125
#define EXIT_STOPPED 143 /* SIGTERM */

extern char **environ;

static volatile sig_atomic_t stop, pass_on;

struct vmrun {
	struct login login;
	struct script script;
	uint64_t at; /* bytes of its output that were written */
	bool told;   /* that the guest does not answer */
};

static void on_signal(int signal)
{
	if (signal == SIGTERM || signal == SIGINT)
		stop = 1;
	else
		pass_on = signal;
}

static void pause_s(int s)
{
	struct timespec ts = {.tv_sec = s};

	(void)nanosleep(&ts, NULL);
}

static int cannot(const struct err *e)
{
	(void)fprintf(stderr, "vmrun: %s\n", e->msg);
	return EXIT_CANNOT;
}

/* ---- what Slurm and the plugin told ---- */

static int variable(const char *name, char *dst, size_t size, struct err *e)
{
	const char *value = getenv(name);

	if (!value || !*value)
		return err_set(e, ERR_INVALID,
			       "%s is not set: a script of vmrun is a batch script of a job with a "
			       "virtual machine (sbatch --vm=IMAGE)",
			       name);
	return str_copy(dst, size, value) == 0 ? 0
					       : err_set(e, ERR_INVALID, "%s is too long", name);
}

static int job_read(struct vmrun *r, struct err *e)
{
	struct login *l = &r->login;

	if (variable("VM_NAME", l->vm, sizeof(l->vm), e) < 0 ||
	    variable("VM_USER", l->user, sizeof(l->user), e) < 0 ||
	    variable("VM_ADDRESS", l->address, sizeof(l->address), e) < 0 ||
	    variable("VM_SSH_KEY", l->key, sizeof(l->key), e) < 0)
		return -1;
	if (!login_is_plain(l->vm) || !login_is_plain(l->user) || !login_is_plain(l->address))
		return err_set(e, ERR_INVALID, "VM_NAME, VM_USER or VM_ADDRESS is not what it was");
	login_alias(l);
	(void)str_copy(r->script.key, sizeof(r->script.key),
		       str_starts(l->alias, "vm-") ? l->alias + 3 : l->alias);
	r->script.windows = str_eq(getenv("VM_PROFILE"), "windows");
	return login_place(l, e);
}

/* ---- bringing it in ---- */

/* Does it until the guest has answered. */
static int persist(struct vmrun *r, const char *command, int input, remote_take_fn take, void *ctx,
		   int *ret_code, struct err *e)
{
	for (int wait_s = 1; !stop; wait_s = wait_s < PAUSE_MAX_S ? wait_s + 1 : PAUSE_MAX_S) {
		if (input >= 0)
			(void)lseek(input, 0, SEEK_SET);
		if (remote_run(&r->login, command, input, take, ctx, ret_code, e) < 0)
			return -1;
		if (*ret_code != REMOTE_FAILED) {
			r->told = false;
			return 0;
		}
		if (!r->told && !stop)
			(void)fprintf(stderr,
				      "vmrun: %s does not answer; trying on (vmctl show tells its "
				      "state)\n",
				      r->login.vm);
		r->told = true;
		pause_s(wait_s);
	}
	return err_set(e, ERR_RETRY, "told to stop");
}

static int bytes_fd(const struct strbuf *b, struct err *e)
{
	AUTO(fd) int fd = memfd_create("vmrun", MFD_CLOEXEC);

	if (fd < 0 || (b->len && write(fd, b->s, b->len) != (ssize_t)b->len))
		return err_set(e, ERR_CONFLICT, "no memory for the script: %s", strerror(errno));
	return fd_steal(&fd);
}

static int store(struct vmrun *r, const char *name, const struct strbuf *data, struct err *e)
{
	AUTO(strbuf_done) struct strbuf command = {.s = NULL};
	AUTO(fd) int fd = bytes_fd(data, e);
	int code = 0;

	if (fd < 0 || script_store(&r->script, name, &command, e) < 0 ||
	    persist(r, command.s, fd, NULL, NULL, &code, e) < 0)
		return -1;
	return code == 0 ? 0
			 : err_set(e, ERR_CONFLICT, "the %s cannot be stored in the guest (%d)",
				   name, code);
}

static int script_load(struct vmrun *r, const char *path, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf raw = {.max = SCRIPT_MAX};
	AUTO(fclose) FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!f)
		return err_set(e, ERR_INVALID, "%s: %s", path, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		strbuf_add(&raw, part, n);
	if (ferror(f) || raw.overflow)
		return err_set(e, ERR_INVALID, "%s: cannot be read, or is longer than %u bytes",
			       path, SCRIPT_MAX);
	script_text(&r->script, raw.s ? raw.s : "", raw.len, ret);
	return ret->overflow ? err_set(e, ERR_INVALID, "%s is too long", path) : 0;
}

/* 0: it runs in the guest, by us or by one before us. */
static int bring_in(struct vmrun *r, const char *path, char *const *argv, struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.max = SCRIPT_MAX + (SCRIPT_MAX >> 2)};
	AUTO(strbuf_done) struct strbuf env = {.s = NULL};
	AUTO(strbuf_done) struct strbuf command = {.s = NULL};
	int code = 0;

	if (script_load(r, path, &text, e) < 0)
		return -1;
	script_environment(&r->script, environ, &env);
	if (store(r, "env", &env, e) < 0 || store(r, "script", &text, e) < 0 ||
	    script_start(&r->script, argv, &command, e) < 0 ||
	    persist(r, command.s, -1, NULL, NULL, &code, e) < 0)
		return -1;
	if (code == SCRIPT_THERE)
		(void)fprintf(stderr, "vmrun: the script was started before: its output follows "
				      "again from the beginning\n");
	return code == 0 || code == SCRIPT_THERE
		       ? 0
		       : err_set(e, ERR_CONFLICT, "the script cannot be started in the guest (%d)",
				 code);
}

/* ---- following and ending it ---- */

static int signal_send(struct vmrun *r, const char *name, struct err *e)
{
	AUTO(strbuf_done) struct strbuf command = {.s = NULL};
	int code = 0;

	return script_signal(&r->script, name, &command, e) < 0
		       ? -1
		       : remote_run(&r->login, command.s, -1, NULL, NULL, &code, e);
}

static void signal_pass_on(struct vmrun *r)
{
	const char *name = sigabbrev_np(pass_on);
	struct err e;

	pass_on = 0;
	if (name && signal_send(r, name, &e) < 0)
		(void)fprintf(stderr, "vmrun: SIG%s: %s\n", name, e.msg);
}

static int output_write(void *ctx, const char *data, size_t len)
{
	struct vmrun *r = ctx;

	if (pass_on)
		signal_pass_on(r);
	r->at += len;
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno != EINTR)
			break; /* a full disk does not end the script */
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return stop ? -1 : 0;
}

static int code_take(void *ctx, const char *data, size_t len)
{
	char *text = ctx;
	size_t have = strlen(text);

	if (have + len < 16)
		memcpy(text + have, data, len);
	return 0;
}

static int code_read(struct vmrun *r, int *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf command = {.s = NULL};
	char text[16] = "";
	uint64_t n;
	int code = 0;

	if (script_code(&r->script, &command, e) < 0 ||
	    persist(r, command.s, -1, code_take, text, &code, e) < 0)
		return -1;
	text[strcspn(text, "\r\n")] = '\0';
	if (code != 0 || str_to_u64(text, UINT32_MAX, &n) < 0)
		return err_set(e, ERR_CONFLICT, "the guest tells no exit code, but '%s'", text);
	*ret = (int)(n > 255 ? 255 : n); /* Windows has more of them than Slurm */
	return 0;
}

/* Follows until it has ended, or we are told to stop; the outcome is that of script_follow(). */
static int follow(struct vmrun *r, int *ret, struct err *e)
{
	do {
		AUTO(strbuf_done) struct strbuf command = {.s = NULL};
		int code = 0;

		if (script_follow(&r->script, r->at, 0, &command, e) < 0 ||
		    remote_run(&r->login, command.s, -1, output_write, r, &code, e) < 0)
			return -1;
		if (code == 0 || code == SCRIPT_LOST) {
			*ret = code;
			return 0;
		}
		if (!stop)
			pause_s(1);
	} while (!stop);
	return err_set(e, ERR_RETRY, "told to stop");
}

/* Is the job to run again, as after a move? Slurm shows both a job that was cancelled and one that
 * was requeued as COMPLETING; but the second has been counted. Where squeue does not tell, it may
 * be. */
static bool is_requeued(void)
{
	const char *job = getenv("SLURM_JOB_ID"), *count = getenv("SLURM_RESTART_COUNT");
	char command[80], said[32] = "";
	uint64_t id, now, own = 0;
	FILE *p;

	if (!job || str_to_u64(job, UINT32_MAX, &id) < 0 ||
	    str_fmt(command, sizeof(command), "squeue -h -j %s -O RestartCnt", job) < 0 ||
	    (count && str_to_u64(count, UINT32_MAX, &own) < 0))
		return true;
	p = popen(command, "r");
	if (!p)
		return true;
	if (!fgets(said, sizeof(said), p))
		said[0] = '\0';
	said[strcspn(said, " \n")] = '\0';
	return pclose(p) != 0 || str_to_u64(said, UINT32_MAX, &now) < 0 || now > own;
}

/* The script is asked to end, then made to; what it still says is the job's. */
static int end(struct vmrun *r)
{
	static const struct {
		const char *signal;
		unsigned halves;
	} steps[] = {{"TERM", 20}, {"KILL", 4}};
	struct err e;
	int outcome = SCRIPT_RUNS, code = EXIT_STOPPED;

	if (is_requeued())
		return EXIT_STOPPED;
	stop = 0;
	for (size_t i = 0; i < ARRAY_LEN(steps) && outcome == SCRIPT_RUNS; i++) {
		AUTO(strbuf_done) struct strbuf command = {.s = NULL};

		if (signal_send(r, steps[i].signal, &e) < 0 ||
		    script_follow(&r->script, r->at, steps[i].halves, &command, &e) < 0 ||
		    remote_run(&r->login, command.s, -1, output_write, r, &outcome, &e) < 0)
			return cannot(&e);
	}
	return outcome == 0 && code_read(r, &code, &e) == 0 ? code : EXIT_STOPPED;
}

static int run(struct vmrun *r, const char *path, char *const *argv)
{
	struct err e = {.kind = ERR_NONE};
	int outcome = 0, code = 0;

	if (job_read(r, &e) < 0)
		return cannot(&e);
	if (bring_in(r, path, argv, &e) == 0 && follow(r, &outcome, &e) == 0 &&
	    outcome == SCRIPT_LOST)
		(void)err_set(
			&e, ERR_CONFLICT,
			"the script ended without an exit code: the guest was booted again, or "
			"it was killed; it is not started a second time");
	else if (e.kind == ERR_NONE && code_read(r, &code, &e) == 0)
		return code;
	return stop ? end(r) : cannot(&e);
}

/* "vmrun -- COMMAND...": a step of the job whose command runs in the guest. */
static int command(struct vmrun *r, char *const *argv)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	struct login *l = &r->login;
	struct err e;
	int code = 0;

	if (job_read(r, &e) < 0 ||
	    quote_command(r->script.windows ? "windows" : "linux", argv, &text, &e) < 0)
		return cannot(&e);
	login_begin(l, "ssh");
	login_arg(l, "-T");
	login_arg(l, "%s@%s", l->user, l->address);
	login_arg(l, "%s", text.s);
	if (login_run(l, &code, &e) < 0)
		code = cannot(&e);
	login_done(l);
	return code;
}

static void signals_set(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction act = {.sa_handler = on_signal};

		(void)sigaction(signals[i], &act, NULL);
	}
}

static int usage(FILE *f)
{
	(void)fprintf(
		f,
		"Usage: #!/usr/bin/vmrun [powershell|cmd|sh|python]\n"
		"         the first line of a batch script that runs inside the virtual machine\n"
		"         of its job\n"
		"       srun vmrun -- COMMAND...\n"
		"         a step of the job that runs a command in there\n"
		"See vmrun(1).\n");
	return f == stdout ? 0 : EXIT_CANNOT;
}

int main(int argc, char **argv)
{
	struct vmrun r = {.login = {.key_fd = -1}};
	int at = 1;

	if (argc == 2 && str_eq(argv[1], "--help"))
		return usage(stdout);
	if (argc == 2 && str_eq(argv[1], "--version"))
		return printf("vmrun (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION) < 0;
	r.script.with = str_eq(getenv("VM_PROFILE"), "linux") ? RUN_SH : RUN_POWERSHELL;
	if (argc > 2 && str_eq(argv[1], "--"))
		return command(&r, argv + 2);
	if (argc > 1 && interpreter_parse(argv[1], &r.script.with) == 0)
		at++;
	if (at >= argc)
		return usage(stderr);
	if (at == 1 && argc > 2 && access(argv[1], F_OK) < 0)
		return cannot(
			&(struct err){.msg = "what stands behind vmrun in the first line of "
					     "a script must be powershell, cmd, sh or python, "
					     "or nothing"});
	if (r.script.with == RUN_CMD && !str_eq(getenv("VM_PROFILE"), "windows"))
		return cannot(&(struct err){.msg = "cmd is there in Windows guests only: try sh"});
	signals_set();
	return run(&r, argv[at], argv + at + 1);
}
