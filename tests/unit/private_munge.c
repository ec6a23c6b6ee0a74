/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts munged in a new directory under TMPDIR, waits on its log (a pipe) until it is ready, ends
 * it by pid. The directories are as munged wants them: the socket's open to all, the key's to its
 * owner, none writable by others. */
#include "tests/unit/private_munge.h"

#include "tests/unit/check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct private_munge munge;

static bool give_up(struct private_munge *m, const char *what)
{
	(void)snprintf(m->why, sizeof(m->why), "%s: %s", what, strerror(errno));
	return false;
}

static bool make_files(struct private_munge *m)
{
	const char *tmp = getenv("TMPDIR");
	unsigned char key[128];
	char path[128];
	int fd;

	(void)snprintf(m->dir, sizeof(m->dir), "%s/munge-XXXXXX",
		       tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	if (!mkdtemp(m->dir) || chmod(m->dir, 0755) < 0)
		return give_up(m, m->dir);
	(void)snprintf(m->socket, sizeof(m->socket), "%s/socket", m->dir);
	(void)snprintf(path, sizeof(path), "%s/private", m->dir);
	if (mkdir(path, 0700) < 0)
		return give_up(m, path);
	(void)snprintf(path, sizeof(path), "%s/private/key", m->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || getrandom(key, sizeof(key), 0) != sizeof(key) ||
	    write(fd, key, sizeof(key)) != sizeof(key))
		return give_up(m, path);
	close(fd);
	return true;
}

static void run_munged(const struct private_munge *m, int log)
{
	char socket[128], key[128], pid[128], seed[128];

	(void)snprintf(socket, sizeof(socket), "--socket=%s", m->socket);
	(void)snprintf(key, sizeof(key), "--key-file=%s/private/key", m->dir);
	(void)snprintf(pid, sizeof(pid), "--pid-file=%s/pid", m->dir);
	(void)snprintf(seed, sizeof(seed), "--seed-file=%s/private/seed", m->dir);
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execlp("munged", "munged", "--foreground", socket, key, pid, seed, (char *)NULL);
	execl("/usr/sbin/munged", "munged", "--foreground", socket, key, pid, seed, (char *)NULL);
	(void)dprintf(log, "munged: %s\n", strerror(errno));
	_exit(127);
}

/* The socket is there and listened to once munged has told of its threads. */
static bool wait_ready(struct private_munge *m, int log)
{
	char text[4096] = "";
	size_t len = 0;
	ssize_t n;

	while ((n = read(log, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, "work threads"))
			return true;
	}
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	(void)snprintf(m->why, sizeof(m->why), "%.150s",
		       strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text);
	return false;
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static void stop(struct private_munge *m)
{
	if (m->pid > 0) {
		kill(m->pid, SIGCONT);
		kill(m->pid, SIGTERM);
		(void)waitpid(m->pid, NULL, 0);
	}
	m->pid = 0;
	if (m->dir[0]) /* with what the test has put there */
		(void)nftw(m->dir, forget, 16, FTW_DEPTH | FTW_PHYS);
}

static bool start(struct private_munge *m)
{
	int log[2];

	memset(m, 0, sizeof(*m));
	if (!make_files(m) || pipe2(log, O_CLOEXEC) < 0)
		return false;
	m->pid = fork();
	if (m->pid == 0)
		run_munged(m, log[1]);
	close(log[1]);
	if (!wait_ready(m, log[0])) {
		stop(m);
		return false;
	}
	return true; /* the read end stays open: munged may log */
}

int private_munge_main(TCase *const *cases)
{
	int failed;

	if (!start(&munge)) {
		printf("skipped: munged: %s\n", munge.why);
		return 77;
	}
	failed = check_main(cases);
	stop(&munge);
	return failed;
}
