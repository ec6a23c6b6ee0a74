/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl ssh, exec, cp: into the guest by the system's ssh and scp. */
#include "vmd/base/str.h"
#include "vmd/job/job.h"
#include "vmd/vmctl/fan.h"
#include "vmd/vmctl/login.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmctl/vmctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int run(struct vmctl *v, struct login *l)
{
	struct err e;
	int code = 0;

	if (login_run(l, &code, &e) < 0)
		return fail(v, &e);
	if (code == LOGIN_FAILED)
		(void)fprintf(stderr,
			      "vmctl: %s failed, or what it ran ended with 255\n"
			      "How the guest is: vmctl show %u; its screen: vmctl vnc %u\n",
			      l->arg[0], l->job, l->job);
	if (code == LOGIN_INTERRUPTED)
		(void)fprintf(
			stderr,
			"\nvmctl: interrupted; what runs in the guest may go on there "
			"(vmctl ssh %u -- COMMAND gives it a terminal, whose Ctrl-C it gets)\n",
			l->job);
	return code;
}

static int open_for(struct vmctl *v, struct login *l, struct err *e)
{
	uint32_t job = 0;

	return ask_job(v, &job, e) < 0 ? -1 : login_open(v, job, l, e);
}

/* The command, and where it goes, at the end of the line. */
static int command_add(struct login *l, char *const *argv, struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};

	if (argv && *argv && quote_command(l->profile, argv, &text, e) < 0)
		return -1;
	login_arg(l, "%s@%s", l->user, l->address);
	if (text.s)
		login_arg(l, "%s", text.s);
	return 0;
}

int cmd_ssh(struct vmctl *v)
{
	AUTO(login_done) struct login l = {.key_fd = -1};
	struct err e;

	if (open_for(v, &l, &e) < 0)
		return fail(v, &e);
	login_begin(&l, "ssh");
	if (isatty(STDIN_FILENO))
		login_arg(&l, "-t");
	return command_add(&l, v->rest, &e) < 0 ? fail(v, &e) : run(v, &l);
}

static void logins_free(struct login **l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		login_done(l[i]);
		free(l[i]);
	}
}

/* The command in each of the machines that are meant; if one cannot be reached, in none. */
static int exec_all(struct vmctl *v, uint32_t job)
{
	struct login *l[JOB_MACHINES_MAX];
	uint32_t rank[JOB_MACHINES_MAX], all = v->machines;
	int code = 0, rc = 0;
	size_t n = 0;
	struct err e;

	for (uint32_t i = 0; i < JOB_MACHINES_MAX && rc == 0; i++) {
		if (!(all & UINT32_C(1) << i))
			continue;
		v->machines = UINT32_C(1) << i;
		rank[n] = i;
		l[n] = calloc(1, sizeof(*l[n]));
		if (!l[n])
			abort();
		l[n]->key_fd = -1;
		rc = login_open(v, job, l[n], &e);
		if (rc == 0) {
			login_begin(l[n], "ssh");
			login_arg(l[n], "-T");
			rc = command_add(l[n], v->rest, &e);
		}
		n++;
	}
	if (rc == 0)
		rc = fan_run(l, rank, n, &code, &e);
	logins_free(l, n);
	return rc < 0 ? fail(v, &e) : code;
}

int cmd_exec(struct vmctl *v)
{
	AUTO(login_done) struct login l = {.key_fd = -1};
	uint32_t job = 0;
	struct err e;

	if (!v->rest || !*v->rest) {
		(void)err_set(&e, ERR_INVALID, "say what: vmctl exec [JOB] -- COMMAND...");
		return fail(v, &e);
	}
	if (v->machines & (v->machines - 1))
		return ask_job(v, &job, &e) < 0 ? fail(v, &e) : exec_all(v, job);
	if (open_for(v, &l, &e) < 0)
		return fail(v, &e);
	login_begin(&l, "ssh");
	login_arg(&l, "-T");
	return command_add(&l, v->rest, &e) < 0 ? fail(v, &e) : run(v, &l);
}

/* "JOB:path", ":path": of the guest. A colon behind a slash belongs to a name here. NULL: here. */
static const char *guest_path(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *slash = strchr(text, '/');

	return colon && (!slash || colon < slash) ? colon + 1 : NULL;
}

/* What scp shall not take for an option or another host. */
static void local_add(struct login *l, const char *path)
{
	login_arg(l, "%s%s", *path == '/' ? "" : "./", path);
}

static void guest_add(struct login *l, const char *path)
{
	bool bare = strchr(l->address, ':') != NULL; /* IPv6 */

	login_arg(l, "%s@%s%s%s:%s", l->user, bare ? "[" : "", l->address, bare ? "]" : "", path);
}

static int cp(struct vmctl *v, struct login *l, const char *from, const char *to, struct err *e)
{
	const char *from_guest = guest_path(from), *to_guest = guest_path(to);
	char job[80] = "";
	uint32_t id = 0;

	if (!from_guest == !to_guest)
		return err_set(
			e, ERR_INVALID,
			"one of the two is in the guest: vmctl cp FILE [JOB]:PATH, or vmctl cp "
			"[JOB]:PATH FILE");
	if (str_fmt(job, sizeof(job), "%.*s", (int)strcspn(from_guest ? from : to, ":"),
		    from_guest ? from : to) < 0)
		return err_set(e, ERR_INVALID, "no job has such a long name");
	if (to_guest && access(from, F_OK) < 0)
		return err_set(e, ERR_INVALID, "%.150s: %s", from, strerror(errno));
	if (ask_job_named(v, *job ? job : NULL, &id, e) < 0 || login_open(v, id, l, e) < 0)
		return -1;
	login_begin(l, "scp");
	login_arg(l, "-pr");
	if (from_guest)
		guest_add(l, from_guest);
	else
		local_add(l, from);
	if (to_guest)
		guest_add(l, to_guest);
	else
		local_add(l, to);
	return 0;
}

int cmd_cp(struct vmctl *v)
{
	AUTO(login_done) struct login l = {.key_fd = -1};
	struct err e;
	int code;

	if (v->n_arg != 2) {
		(void)err_set(&e, ERR_INVALID,
			      "say from where and where to: vmctl cp FILE [JOB]:PATH, or vmctl cp "
			      "[JOB]:PATH FILE");
		return fail(v, &e);
	}
	if (cp(v, &l, v->arg[0], v->arg[1], &e) < 0)
		return fail(v, &e);
	code = run(v, &l);
	/* sftp's servers tell of a full disk no more than "Failure". */
	if (code != 0 && code != LOGIN_FAILED && code != LOGIN_INTERRUPTED)
		(void)fprintf(
			stderr,
			"vmctl: not all of it was copied: is there room where it goes, and may "
			"it be written there? In the guest: vmctl ssh %u\n",
			l.job);
	return code;
}
