/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a loopback connection, by /proc/net/tcp. While we hold our end, no
 * other socket can have the same pair of ports, so the answer cannot be about somebody else's. A
 * program may use an IPv6 socket for 127.0.0.1: then it is in tcp6. */
#include "vmd/vmctl/loopback.h"

#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define LOCAL4      "0100007F"
#define LOCAL6      "0000000000000000FFFF00000100007F"
#define ESTABLISHED 1

int loopback_listen(uint16_t port, int *ret_fd, uint16_t *ret_port, struct err *e)
{
	AUTO(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);
	int on = 1;

	if (fd < 0)
		return err_set(e, ERR_RETRY, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		return err_set(e, ERR_CONFLICT, "port %u of 127.0.0.1: %s", port, strerror(errno));
	*ret_fd = fd_steal(&fd);
	*ret_port = ntohs(at.sin_port);
	return 0;
}

static bool is_at(const char *text, uint16_t port)
{
	char v4[16], v6[48];

	(void)str_fmt(v4, sizeof(v4), LOCAL4 ":%04X", port);
	(void)str_fmt(v6, sizeof(v6), LOCAL6 ":%04X", port);
	return str_eq(text, v4) || str_eq(text, v6);
}

int loopback_line(const char *line, uint16_t from, uint16_t to, uid_t *ret)
{
	char local[64], remote[64];
	unsigned state, uid;

	if (sscanf(line, " %*[0-9]: %63s %63s %2x %*s %*s %*s %u", local, remote, &state, &uid) !=
	    4)
		return -1;
	if (state != ESTABLISHED || !is_at(local, from) || !is_at(remote, to))
		return -1;
	*ret = uid;
	return 0;
}

static bool find(const char *path, uint16_t from, uint16_t to, uid_t *ret)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0)
		if (loopback_line(line, from, to, ret) == 0)
			return true;
	return false;
}

bool loopback_is_of(const struct sockaddr_in *peer, uint16_t port, uid_t uid)
{
	uint16_t from = ntohs(peer->sin_port);
	uid_t owner = 0;

	return peer->sin_family == AF_INET && peer->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
	       (find("/proc/net/tcp", from, port, &owner) ||
		find("/proc/net/tcp6", from, port, &owner)) &&
	       owner == uid;
}
