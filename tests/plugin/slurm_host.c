/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm and vmd, as the plugin sees them; see slurm_host.h. */
#include "tests/plugin/slurm_host.h"

#include "slurm-plugin/step.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct slurm_host host;

struct played_vmd vmd;

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

void table_set(char table[16][2][256], int *n, const char *name, const char *value)
{
	ck_assert_int_lt(*n, 16);
	ck_assert_int_eq(str_copy(table[*n][0], 256, name), 0);
	ck_assert_int_eq(str_copy(table[*n][1], 256, value), 0);
	++*n;
}

const char *table_get(char table[16][2][256], int n, const char *name)
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

char *av_good[AV_GOOD] = {(char[]){"vmd=vmd1:6830"}, (char[]){"epilog_timeout=60"},
			  (char[]){"ready_timeout=100"}};
char *av_bad[AV_BAD] = {(char[]){"vmd=vmd1:6830"}, (char[]){"redy_timeout=100"}};
char *av_dead[AV_DEAD] = {(char[]){"vmd=127.0.0.1:1"}, (char[]){"epilog_timeout=1"},
			  (char[]){"munge_socket=/nonexistent/munge"}, (char[]){"vmd_user=0"}};

void load(const char *path)
{
	host.handle = dlopen(path, RTLD_NOW);
	ck_assert_msg(host.handle != NULL, "%s", dlerror());
	host.context = S_CTX_ERROR;
	host.step = STEP_BATCH_SCRIPT;
	unsetenv("SLURM_JOB_ID");
}

spank_f *callback_find(const char *name)
{
	void *symbol = dlsym(host.handle, name);
	spank_f *fn;

	ck_assert_msg(symbol != NULL, "%s", dlerror());
	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}

int call(const char *name, int ac, char **av)
{
	struct spank_handle spank = {.unused = 0};

	return callback_find(name)(&spank, ac, av);
}

int option(const char *name, const char *value, int remote)
{
	for (int i = 0; i < host.n_option; i++)
		if (str_eq(host.option[i].name, name))
			return host.option[i].cb(host.option[i].val, value, remote);
	ck_abort_msg("no option %s", name);
	return -1;
}

void start(const char *path, spank_context_t context)
{
	load(path);
	host.context = context;
	ck_assert_int_eq(CALL("init"), 0);
}

void in_file(char *buf, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

int task_run(char *text, size_t size)
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

void job_environment(void)
{
	setenv("SPANK_" IMAGE_OPTION, "tiny@v1", 1);
	setenv("SPANK_" IMAGE_OPTION "_keep", "never", 1);
	setenv("SPANK_VM_NONCE", "9f3c12ab45de6701", 1);
	host.context = S_CTX_JOB_SCRIPT;
}
