/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See login.h. ~/.ssh/config is not read: what it says of other hosts is not meant for a guest, and
 * how a guest is reached shall not depend on it. */
#include "vmd/vmctl/login.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* Kept where the user's other caches are; one file per job, so that none grows. */
int login_place(struct login *l, struct err *e)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const struct passwd *pw = getpwuid(geteuid());
	char at[400];
	int rc;

	if (cache && *cache == '/')
		rc = str_fmt(at, sizeof(at), "%s", cache);
	else
		rc = pw ? str_fmt(at, sizeof(at), "%s/.cache", pw->pw_dir) : -1;
	if (rc < 0)
		return err_set(e, ERR_INVALID, "no home directory for uid %u", (unsigned)geteuid());
	(void)mkdir(at, 0700);
	if (str_fmt(l->known, sizeof(l->known), "%s/slurm-vm", at) < 0)
		return err_set(e, ERR_INVALID, "%s: the path is too long", at);
	if (mkdir(l->known, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_CONFLICT, "%s: %s", l->known, strerror(errno));
	return str_fmt(l->known, sizeof(l->known), "%s/slurm-vm/known_hosts-%s", at, l->alias) < 0
		       ? err_set(e, ERR_INVALID, "%s: the path is too long", at)
		       : 0;
}

void login_alias(struct login *l)
{
	char *run;

	(void)str_copy(l->alias, sizeof(l->alias), l->vm);
	run = strrchr(l->alias, '-');
	if (run && run[1] == 'r')
		*run = '\0';
}

bool login_is_plain(const char *text)
{
	return *text && *text != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-") ==
		       strlen(text);
}

void login_done(struct login *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->arg[i]);
	l->n = 0;
	if (l->key_fd >= 0)
		close(l->key_fd);
	l->key_fd = -1;
}

void login_arg(struct login *l, const char *fmt, ...)
{
	va_list ap;
	char *arg = NULL;

	va_start(ap, fmt);
	if (vasprintf(&arg, fmt, ap) < 0 || l->n == LOGIN_ARGS)
		abort(); /* callers add a handful */
	va_end(ap);
	l->arg[l->n++] = arg;
}

void login_begin(struct login *l, const char *program)
{
	static const char *const options[] = {
		"BatchMode=yes",     "IdentitiesOnly=yes",     "IdentityAgent=none",
		"ForwardAgent=no",   "ForwardX11=no",          "StrictHostKeyChecking=accept-new",
		"ConnectTimeout=20", "ServerAliveInterval=30", "LogLevel=ERROR",
		"UpdateHostKeys=no", "HashKnownHosts=no",
	};

	login_arg(l, "%s", program);
	login_arg(l, "-F");
	login_arg(l, "none");
	login_arg(l, "-i");
	login_arg(l, "%s", l->key);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		login_arg(l, "-o%s", options[i]);
	login_arg(l, "-oHostKeyAlias=%s", l->alias);
	login_arg(l, "-oUserKnownHostsFile=%s", l->known);
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

int login_start(const struct login *l, const struct child_files *files, pid_t *ret, struct err *e)
{
	struct err why;

	if (child_start(l->arg, files, ret, &why) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT, "%s: is OpenSSH's client installed here?", why.msg);
}

/* Ctrl-C is for the program, which shares the terminal with us. We catch it and do not ignore it,
 * which the program would inherit. ssh and scp end with 255 then. */
int login_run(struct login *l, int *ret_code, struct err *e)
{
	static const struct child_files shared = {CHILD_SHARES, CHILD_SHARES, CHILD_SHARES};
	pid_t pid = -1;

	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGQUIT, on_interrupt);
	if (login_start(l, &shared, &pid, e) < 0)
		return -1;
	*ret_code = child_code(pid);
	if (interrupted && *ret_code == LOGIN_FAILED)
		*ret_code = LOGIN_INTERRUPTED;
	return 0;
}
