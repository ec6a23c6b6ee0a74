/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's own commands, run as the user who called vmctl: what a site allows and refuses at submit
 * is theirs to say. No shell is between. */
#include "vmd/vmctl/vmctl.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static void actions_done_auto(posix_spawn_file_actions_t *a)
{
	(void)posix_spawn_file_actions_destroy(a);
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

int child_run(char *const *argv, char *buf, size_t size, int *ret_code, struct err *e)
{
	AUTO(actions_done) posix_spawn_file_actions_t actions;
	AUTO(fd) int from = -1;
	int ends[2], status = 0, rc;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0 || pipe2(ends, O_CLOEXEC) < 0)
		abort();
	from = ends[0];
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	close(ends[1]);
	if (rc != 0)
		return err_set(e, ERR_CONFLICT, "%s: %s", argv[0], strerror(rc));
	read_all(from, buf, size);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
