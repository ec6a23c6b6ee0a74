/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/integration/rbd_guest.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <rados/librados.h>
#include <rbd/librbd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Of another program: a child of this one's fork would have librados' locks, but not its threads.
 */
static int spawn(int socket, const char *conf, pid_t *ret_pid)
{
	char self[] = "/proc/self/exe", argument[] = GUEST_ARGUMENT;
	char *const argv[] = {self, argument, (char *)conf, NULL};
	posix_spawn_file_actions_t files;
	int rc;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
	rc = posix_spawn(ret_pid, self, &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

int guest_start(struct guest *g, const char *conf)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	rc = spawn(pair[1], conf, &g->pid);
	(void)close(pair[1]);
	g->socket = pair[0];
	if (rc == 0)
		return 0;
	(void)close(pair[0]);
	errno = rc;
	return -1;
}

long guest_do(struct guest *g, const char *what)
{
	long rc;

	if (send(g->socket, what, strlen(what) + 1, MSG_NOSIGNAL) < 0 ||
	    recv(g->socket, &rc, sizeof(rc), 0) != sizeof(rc))
		return -ECHILD;
	return rc;
}

void guest_kill(struct guest *g)
{
	(void)kill(g->pid, SIGKILL);
	(void)waitpid(g->pid, NULL, 0);
	(void)close(g->socket);
}

static int connect_guest(rados_t *cluster, rados_ioctx_t *io, const char *conf)
{
	if (rados_create2(cluster, "ceph", "client.vmd", 0) != 0 ||
	    rados_conf_read_file(*cluster, conf) != 0 ||
	    rados_conf_set(*cluster, "rados_osd_op_timeout", "10") != 0 ||
	    rados_connect(*cluster) != 0)
		return -1;
	return rados_ioctx_create(*cluster, "rbd", io);
}

static long obey(rados_ioctx_t io, rbd_image_t *image, const char *what)
{
	const char *operand = strchr(what, ' ');

	operand = operand ? operand + 1 : "";
	if (str_starts(what, "open "))
		return rbd_open(io, operand, image, NULL);
	if (str_starts(what, "write "))
		return rbd_write(*image, 0, strlen(operand), operand);
	return rbd_close(*image);
}

int guest_main(const char *conf)
{
	rbd_image_t image = NULL;
	rados_t cluster;
	rados_ioctx_t io;
	char what[128] = "";
	long rc;

	if (connect_guest(&cluster, &io, conf) != 0)
		return 1;
	while (recv(STDIN_FILENO, what, sizeof(what) - 1, 0) > 0) {
		rc = obey(io, &image, what);
		if (send(STDIN_FILENO, &rc, sizeof(rc), 0) < 0)
			break;
	}
	_exit(0); /* its test is gone */
}
