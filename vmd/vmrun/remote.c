/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection per command: none is worth keeping when the guest may be moved to another host at
 * any moment. */
#include "vmd/vmrun/remote.h"

#include "vmd/vmctl/login.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void actions_done_auto(posix_spawn_file_actions_t *a)
{
	(void)posix_spawn_file_actions_destroy(a);
}

/* -1: it shall end now. */
static int output_take(int fd, remote_take_fn take, void *ctx)
{
	char data[65536];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (take && take(ctx, data, n > 0 ? (size_t)n : 0) < 0)
			return -1;
	}
	return 0;
}

static int ssh_start(struct login *line, int input, int out, pid_t *ret, struct err *e)
{
	AUTO(actions_done) posix_spawn_file_actions_t actions;
	int rc;

	if (posix_spawn_file_actions_init(&actions) != 0)
		abort();
	if (input < 0)
		(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
						       O_RDONLY, 0);
	else
		(void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	rc = posix_spawnp(ret, line->arg[0], &actions, NULL, line->arg, environ);
	return rc == 0 ? 0 : err_set(e, ERR_CONFLICT, "%s: %s", line->arg[0], strerror(rc));
}

int remote_run(const struct login *l, const char *command, int input, remote_take_fn take,
	       void *ctx, int *ret_code, struct err *e)
{
	AUTO(login_done) struct login line = *l; /* its own arguments, no key of its own */
	AUTO(fd) int from = -1;
	int ends[2], status = 0, rc;
	pid_t pid = -1;

	line.n = 0;
	line.key_fd = -1;
	login_begin(&line, "ssh");
	login_arg(&line, "-T");
	login_arg(&line, "%s@%s", l->user, l->address);
	login_arg(&line, "%s", command);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_CONFLICT, "pipe: %s", strerror(errno));
	from = ends[0];
	rc = ssh_start(&line, input, ends[1], &pid, e);
	close(ends[1]);
	if (rc < 0)
		return -1;
	if (output_take(from, take, ctx) < 0)
		(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
