/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays Slurm: loads the plugin as srun, sbatch, slurmd and slurmstepd do, calls its callbacks in
 * their order and records what it asks for. HOSTED and PROLOG_HOSTED are the plugins without their
 * client and their clock, so that this file answers for vmd in virtual time; PLUGIN and PROLOG are
 * those that are installed.
 * check runs each test in a process of its own. */
#include "slurm-plugin/key_file.h"
#include "slurm-plugin/step.h"
#include "slurm-plugin/task.h"
#include "vmd/api/client.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define JOB_ID       17
#define IMAGE_OPTION "_SLURM_SPANK_OPTION_slurm_vm_vm"

/* What the plugin sees of the host. The names are Slurm's, so they are exported by this program. */
struct spank_handle {
	int unused;
};

static struct {
	void *handle;
	spank_context_t context;
	uint32_t step, task;
	struct spank_option option[16];
	int n_option;
	char env[16][2][256]; /* the step's environment */
	int n_env;
	char control[16][2][256]; /* job control environment */
	int n_control;
	char log[4096];
	int calls; /* of spank_*, but for those that only look */
} host;

static struct {
	int64_t now_us;
	int64_t slept_us;
	struct {
		const char *state, *reason; /* state NULL: error */
		enum err_kind kind;
		bool clear;
		const char *address;
	} answer[16];
	int n_answer; /* the last one is repeated */
	int n_show;
	int hints;
	char hint_request[JOB_REQUEST_MAX + 1];
	char hint_uid[16];
	int hint_timeout_ms;
	bool tell_hints; /* on stderr: the task is another process */
	int keyless;     /* so many questions for the key fail, with this kind and reason */
	enum err_kind keyless_kind;
	const char *keyless_reason;
	bool several;  /* the job has three machines, on worker1node to worker3node */
	char node[64]; /* of the last question */
	bool scancel;  /* in the first pause */
	int n_other;   /* questions for job 16, and what is answered then */
	enum err_kind other_kind;
} vmd;

spank_context_t spank_context(void)
{
	return host.context;
}

spank_err_t spank_option_register(spank_t spank, struct spank_option *opt)
{
	struct spank_option *o = &host.option[host.n_option++];
	static char names[16][2][64];

	(void)spank;
	ck_assert_int_lt(host.n_option, 16);
	/* Slurm copies it, too */
	*o = *opt;
	o->name = names[host.n_option][0];
	o->arginfo = names[host.n_option][1];
	ck_assert_int_eq(str_copy(o->name, 64, opt->name), 0);
	ck_assert_int_eq(str_copy(o->arginfo, 64, opt->arginfo), 0);
	ck_assert_uint_gt(strlen(opt->usage), 0);
	return ESPANK_SUCCESS;
}

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...)
{
	spank_err_t rc = ESPANK_SUCCESS;
	va_list ap;

	(void)spank;
	host.calls++;
	va_start(ap, item);
	switch ((int)item) {
	case S_JOB_ID: *va_arg(ap, uint32_t *) = JOB_ID; break;
	case S_JOB_UID: *va_arg(ap, uid_t *) = geteuid(); break;
	case S_JOB_GID: *va_arg(ap, gid_t *) = getegid(); break;
	case S_JOB_STEPID: *va_arg(ap, uint32_t *) = host.step; break;
	case S_TASK_GLOBAL_ID: *va_arg(ap, uint32_t *) = host.task; break;
	default: rc = ESPANK_BAD_ARG;
	}
	va_end(ap);
	return rc;
}

static void table_set(char table[16][2][256], int *n, const char *name, const char *value)
{
	ck_assert_int_lt(*n, 16);
	ck_assert_int_eq(str_copy(table[*n][0], 256, name), 0);
	ck_assert_int_eq(str_copy(table[*n][1], 256, value), 0);
	++*n;
}

static const char *table_get(char table[16][2][256], int n, const char *name)
{
	while (n-- > 0)
		if (str_eq(table[n][0], name))
			return table[n][1];
	return NULL;
}

spank_err_t spank_setenv(spank_t spank, const char *name, const char *value, int overwrite)
{
	(void)spank, (void)overwrite;
	host.calls++;
	table_set(host.env, &host.n_env, name, value);
	return ESPANK_SUCCESS;
}

spank_err_t spank_getenv(spank_t spank, const char *name, char *buf, int len)
{
	const char *value = table_get(host.env, host.n_env, name);

	(void)spank;
	if (!value)
		return ESPANK_ENV_NOEXIST;
	(void)snprintf(buf, (size_t)len, "%s", value);
	return (int)strlen(value) < len ? ESPANK_SUCCESS : ESPANK_NOSPACE;
}

spank_err_t spank_job_control_setenv(spank_t spank, const char *name, const char *value,
				     int overwrite)
{
	(void)spank, (void)overwrite;
	host.calls++;
	table_set(host.control, &host.n_control, name, value);
	return ESPANK_SUCCESS;
}

static void log_add(const char *fmt, va_list ap)
{
	size_t len = strlen(host.log);

	host.calls++;
	(void)vsnprintf(host.log + len, sizeof(host.log) - len, fmt, ap);
}

void slurm_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_add(fmt, ap);
	va_end(ap);
}

void slurm_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_add(fmt, ap);
	va_end(ap);
}

/* vmd and the time: seen by HOSTED only */

int64_t clock_mono_us(void)
{
	return vmd.now_us;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
	int64_t us = (int64_t)t->tv_sec * SEC_US + t->tv_nsec / 1000;

	(void)left;
	if (vmd.scancel)
		raise(SIGTERM);
	vmd.now_us += us;
	vmd.slept_us += us;
	return 0;
}

static int show(struct wire_out *o, struct err *e)
{
	int i = vmd.n_show < vmd.n_answer ? vmd.n_show : vmd.n_answer - 1;

	vmd.n_show++;
	if (!vmd.answer[i].state)
		return err_set(e, vmd.answer[i].kind, "%s", vmd.answer[i].reason);
	wire_add(o, "state", vmd.answer[i].state);
	wire_add(o, "reason", vmd.answer[i].reason ? vmd.answer[i].reason : "");
	wire_add(o, "vm", "vm-17-9f3c12ab45de6701-r0");
	wire_add(o, "host", "worker1node");
	wire_add(o, "user", "root");
	wire_add(o, "address", vmd.answer[i].address ? vmd.answer[i].address : "");
	wire_add(o, "node_clear", vmd.answer[i].clear ? "1" : "0");
	if (vmd.several) {
		wire_add(o, "names",
			 "vm-17-9f3c12ab45de6701-0-r0 vm-17-9f3c12ab45de6701-1-r0 "
			 "vm-17-9f3c12ab45de6701-2-r0");
		wire_add(o, "hosts", "worker1node worker2node worker3node");
		wire_add(o, "addresses", "192.168.172.57 192.168.172.58 -");
	}
	return 0;
}

int client_call(const struct client *c, const char *request, size_t len, int timeout_ms, char *buf,
		size_t size, struct wire_in *ret, struct err *e)
{
	static struct wire_in in;
	static char text[WIRE_MAX + 1];
	struct wire_out o;
	const char *op;

	ck_assert_str_eq(c->servers, "vmd1:6830");
	ck_assert_str_eq(c->vmd_user, "slurm");
	memcpy(text, request, len);
	ck_assert_msg(wire_decode(text, len, &in, e) == 0, "%s", e->msg);
	op = wire_get(&in, "op");
	if (str_eq(op, "show") && str_eq(wire_get(&in, "job"), "16")) {
		vmd.n_other++;
		if (vmd.other_kind != ERR_NONE)
			return err_set(e, vmd.other_kind, "of another job");
	} else {
		ck_assert_str_eq(wire_get(&in, "job"), "17");
	}
	vmd.now_us += 1000;
	wire_begin(&o, buf, size);
	(void)snprintf(vmd.node, sizeof(vmd.node), "%s",
		       wire_get(&in, "node") ? wire_get(&in, "node") : "");
	if (str_eq(op, "hint")) {
		vmd.hints++;
		vmd.hint_timeout_ms = timeout_ms;
		if (vmd.tell_hints)
			dprintf(STDERR_FILENO, "hint, %d ms, %s request\n", timeout_ms,
				wire_get(&in, "request") ? "a" : "no");
		if (wire_get(&in, "request")) {
			ck_assert_int_eq(str_copy(vmd.hint_request, sizeof(vmd.hint_request),
						  wire_get(&in, "request")),
					 0);
			ck_assert_int_eq(
				str_copy(vmd.hint_uid, sizeof(vmd.hint_uid), wire_get(&in, "uid")),
				0);
		}
	} else if (str_eq(op, "show")) {
		if (show(&o, e) < 0)
			return -1;
	} else {
		ck_assert_str_eq(op, "key");
		if (vmd.several)
			ck_assert_str_eq(wire_get(&in, "rank"), "1");
		if (vmd.keyless-- > 0)
			return err_set(e, vmd.keyless_kind, "%s", vmd.keyless_reason);
		wire_add(&o, "key", "-----BEGIN-----\nsecret\n");
	}
	wire_add(&o, "ok", "1");
	ck_assert_int_eq(wire_end(&o, &len, e), 0);
	return wire_decode(buf, len, ret, e);
}

/* calling the plugin */

static char *av_good[] = {(char[]){"vmd=vmd1:6830"}, (char[]){"epilog_timeout=60"},
			  (char[]){"ready_timeout=100"}};
static char *av_bad[] = {(char[]){"vmd=vmd1:6830"}, (char[]){"redy_timeout=100"}};
static char *av_dead[] = {(char[]){"vmd=127.0.0.1:1"}, (char[]){"epilog_timeout=1"},
			  (char[]){"munge_socket=/nonexistent/munge"}, (char[]){"vmd_user=0"}};

static void load(const char *path)
{
	host.handle = dlopen(path, RTLD_NOW);
	ck_assert_msg(host.handle != NULL, "%s", dlerror());
	host.context = S_CTX_ERROR;
	host.step = STEP_BATCH_SCRIPT;
	unsetenv("SLURM_JOB_ID");
}

static spank_f *callback_find(const char *name)
{
	void *symbol = dlsym(host.handle, name);
	spank_f *fn;

	ck_assert_msg(symbol != NULL, "%s", dlerror());
	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}

static int call(const char *name, int ac, char **av)
{
	struct spank_handle spank = {.unused = 0};

	return callback_find(name)(&spank, ac, av);
}

#define CALL(name) call("slurm_spank_" name, (int)ARRAY_LEN(av_good), av_good)

/* sbatch --NAME=VALUE, or what slurmstepd got from it */
static int option(const char *name, const char *value, int remote)
{
	for (int i = 0; i < host.n_option; i++)
		if (str_eq(host.option[i].name, name))
			return host.option[i].cb(host.option[i].val, value, remote);
	ck_abort_msg("no option %s", name);
	return -1;
}

static void start(const char *path, spank_context_t context)
{
	load(path);
	host.context = context;
	ck_assert_int_eq(CALL("init"), 0);
}

static void in_file(char *buf, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* Runs the two task callbacks in a child with stderr in a file; its exit code, 0 when the script
 * would have started. */
static int task_run(char *text, size_t size)
{
	char path[] = "tests-plugin-stderr.XXXXXX";
	int fd = mkstemp(path);
	int status = -1;
	pid_t pid;

	ck_assert_int_ge(fd, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(fd, STDERR_FILENO);
		if (CALL("task_init_privileged") != 0 || CALL("task_init") != 0)
			_exit(1);
		for (int i = 0; i < host.n_env; i++)
			dprintf(STDERR_FILENO, "%s=%s\n", host.env[i][0], host.env[i][1]);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	in_file(text, size, path);
	unlink(path);
	close(fd);
	ck_assert_msg(WIFEXITED(status), "status 0x%x: %s", (unsigned)status, text);
	return WEXITSTATUS(status);
}

/* submit */

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
	setenv("SLURM_SPANK__SLURM_SPANK_OPTION_other_vm", "x", 1);
	setenv("VM_ADDRESS", "192.168.172.57", 1);
	ck_assert_int_eq(CALL("init"), 0);
	ck_assert(!getenv("SLURM_SPANK_" IMAGE_OPTION));
	ck_assert(!getenv("SLURM_SPANK_" IMAGE_OPTION "_disk"));
	ck_assert(!getenv("SLURM_SPANK_VM_NONCE"));
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

/* the job's life on the node */

static void job_environment(void)
{
	setenv("SPANK_" IMAGE_OPTION, "tiny@v1", 1);
	setenv("SPANK_" IMAGE_OPTION "_keep", "never", 1);
	setenv("SPANK_VM_NONCE", "9f3c12ab45de6701", 1);
	host.context = S_CTX_JOB_SCRIPT;
}

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
	{ERR_ABSENT, 3600, true,  false},
	{ERR_ABSENT, 60,   false, true },
	{ERR_RETRY,  3600, true,  true },
	{ERR_NONE,   3600, true,  true },
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
	Suite *s = suite_create("plugin host");
	TCase *t = tcase_create("plugin host");
	SRunner *r;
	int failed;

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
	tcase_add_test(t, prolog_hints_once);
	tcase_add_loop_test(t, prolog_never_fails, 0, 4);
	tcase_add_test(t, epilog_waits_until_clear);
	tcase_add_test(t, epilog_gives_up_and_says_why);
	tcase_add_loop_test(t, epilog_sweeps, 0, ARRAY_LEN(others));
	tcase_add_test(t, epilog_of_a_job_vmd_never_had);
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
	tcase_add_loop_test(t, ordinary_job_makes_no_system_call, 0, 4);
	tcase_add_test(t, real_plugin_without_munge);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_set_fork_status(r, CK_FORK);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
