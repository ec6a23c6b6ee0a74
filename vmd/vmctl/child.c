/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's own commands and OpenSSH's client: what a site allows and refuses is theirs to say. They
 * inherit what they are given and nothing else: all our descriptors close on exec. */
#include "vmd/vmctl/child.h"

#include "vmd/base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void actions_done_auto(posix_spawn_file_actions_t *a)
{
	(void)posix_spawn_file_actions_destroy(a);
}

static void file_set(posix_spawn_file_actions_t *a, int file, int its, int flags)
{
	if (file == CHILD_NOTHING)
		(void)posix_spawn_file_actions_addopen(a, its, "/dev/null", flags, 0);
	else if (file != CHILD_SHARES)
		(void)posix_spawn_file_actions_adddup2(a, file, its);
}

int child_start(char *const *argv, const struct child_files *files, pid_t *ret, struct err *e)
{
	AUTO(actions_done) posix_spawn_file_actions_t actions;
	int rc;

	if (posix_spawn_file_actions_init(&actions) != 0)
		abort();
	file_set(&actions, files->in, STDIN_FILENO, O_RDONLY);
	file_set(&actions, files->out, STDOUT_FILENO, O_WRONLY);
	file_set(&actions, files->err, STDERR_FILENO, O_WRONLY);
	rc = posix_spawnp(ret, argv[0], &actions, NULL, argv, environ);
	return rc == 0 ? 0 : err_set(e, ERR_CONFLICT, "%s: %s", argv[0], strerror(rc));
}

int child_code(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* All of it is read, so that the program never waits for us. */
static void read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	char more[256];
	ssize_t n;

	while ((n = read(fd, more, sizeof(more))) != 0) {
		size_t room = size - 1 - len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if ((size_t)n < room)
			room = (size_t)n;
		memcpy(buf + len, more, room);
		len += room;
	}
	buf[len] = '\0';
}

int child_run(char *const *argv, char *ret_buf, size_t size, int *ret_code, struct err *e)
{
	AUTO(fd) int from = -1;
	int ends[2], rc;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		abort();
	from = ends[0];
	rc = child_start(argv, &(struct child_files){CHILD_NOTHING, ends[1], CHILD_SHARES}, &pid,
			 e);
	close(ends[1]);
	if (rc < 0)
		return -1;
	read_all(from, ret_buf, size);
	*ret_code = child_code(pid);
	return 0;
}
