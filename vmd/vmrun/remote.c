/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection per command: none is worth keeping when the guest may be moved to another host at
 * any moment. */
#include "vmd/vmrun/remote.h"

#include "vmd/vmctl/login.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

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

int remote_run(const struct login *l, const char *command, int input, remote_take_fn take,
	       void *ctx, int *ret_code, struct err *e)
{
	AUTO(login_done) struct login line = *l; /* its own arguments, no key of its own */
	AUTO(fd) int from = -1;
	struct child_files files = {.in = input < 0 ? CHILD_NOTHING : input, .err = CHILD_SHARES};
	int ends[2], rc;
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
	files.out = ends[1];
	rc = login_start(&line, &files, &pid, e);
	close(ends[1]);
	if (rc < 0)
		return -1;
	if (output_take(from, take, ctx) < 0)
		(void)kill(pid, SIGTERM);
	*ret_code = child_code(pid);
	return 0;
}
