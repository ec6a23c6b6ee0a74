/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See holder.h. A pid alone would prove nothing: another process may have it by now, so the time it
 * was started belongs to it, and both mean something only in their PID namespace of their boot. */
#include "vmd/lease/holder.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct process {
	long long pid;
	unsigned long long started;
	char pid_namespace[32], boot[40];
};

static int line_read(const char *root, const char *path, char *buf, size_t size)
{
	char whole[512];
	AUTO(fclose) FILE *f = NULL;

	if (str_fmt(whole, sizeof(whole), "%s%s", root, path) < 0)
		return -1;
	f = fopen(whole, "re");
	if (!f || !fgets(buf, (int)size, f))
		return -1;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* Field 22 of /proc/PID/stat; the name in field 2 may hold anything, but no ')' comes after it. */
static int started_of(const char *root, const char *pid, unsigned long long *ret)
{
	char path[64], stat[1024];
	const char *at;

	errno = 0;
	if (str_fmt(path, sizeof(path), "/proc/%s/stat", pid) < 0 ||
	    line_read(root, path, stat, sizeof(stat)) < 0 || !(at = strrchr(stat, ')')))
		return -1;
	for (int field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -1;
	}
	return sscanf(at, " %llu", ret) == 1 ? 0 : -1;
}

/* Of the process that asks. */
static int here(const char *root, struct process *ret)
{
	char path[512], ns[64];
	ssize_t n;

	if (str_fmt(path, sizeof(path), "%s/proc/self/ns/pid", root) < 0)
		return -1;
	n = readlink(path, ns, sizeof(ns) - 1);
	if (n < 0)
		return -1;
	ns[n] = '\0'; /* "pid:[4026531836]" */
	if (sscanf(ns, "pid:[%31[0-9]]", ret->pid_namespace) != 1 ||
	    line_read(root, "/proc/sys/kernel/random/boot_id", ret->boot, sizeof(ret->boot)) < 0 ||
	    started_of(root, "self", &ret->started) < 0)
		return -1;
	ret->pid = getpid();
	return 0;
}

int holder_self(char *buf, size_t size, struct err *e)
{
	struct process p;
	char host[65] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || here("", &p) < 0 ||
	    str_fmt(buf, size, "%s %lld %llu %s %s", host, p.pid, p.started, p.pid_namespace,
		    p.boot) < 0)
		return err_set(e, ERR_RETRY, "cannot tell who this process is: /proc: %m");
	return 0;
}

bool holder_is_gone(const char *root, const char *holder)
{
	struct process its, own;
	unsigned long long started;
	char host[65], pid[24], rest[2];

	if (sscanf(holder, "%64s %lld %llu %31s %39s%1s", host, &its.pid, &its.started,
		   its.pid_namespace, its.boot, rest) != 5 ||
	    here(root, &own) < 0 || !str_eq(its.boot, own.boot) ||
	    !str_eq(its.pid_namespace, own.pid_namespace) || its.pid <= 0)
		return false;
	(void)str_fmt(pid, sizeof(pid), "%lld", its.pid);
	if (started_of(root, pid, &started) < 0)
		return errno == ENOENT || errno == ESRCH;
	return started != its.started; /* another has its pid */
}

void holder_host(const char *holder, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.*s", (int)strcspn(holder, " "), holder);
}
