/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket from a numeric address, and small files as text. Called at the start only. */
#include "kubevirt-lite/api/listen.h"

#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define FILE_MAX 65536

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const char *text, union address *ret, socklen_t *ret_len, struct err *e)
{
	const char *colon = strrchr(text, ':');
	union address a = {.v6 = {.sin6_family = AF_INET6}};
	char host[64];
	uint64_t port;
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (!colon || len == 0 || str_to_u64(colon + 1, 65535, &port) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' is not ADDRESS:PORT", text);
	if (text[0] == '[' && text[len - 1] == ']') {
		if (str_fmt(host, sizeof(host), "%.*s", (int)len - 2, text + 1) < 0 ||
		    inet_pton(AF_INET6, host, &a.v6.sin6_addr) != 1)
			return err_set(e, ERR_INVALID, "'%.80s' is not [IPv6]:PORT", text);
		a.v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(a.v6);
	} else {
		a = (union address){.v4 = {.sin_family = AF_INET}};
		if (str_fmt(host, sizeof(host), "%.*s", (int)len, text) < 0 ||
		    inet_pton(AF_INET, host, &a.v4.sin_addr) != 1)
			return err_set(e, ERR_INVALID, "'%.80s' is not IPv4:PORT", text);
		a.v4.sin_port = htons((uint16_t)port);
		*ret_len = sizeof(a.v4);
	}
	*ret = a;
	return 0;
}

int listen_check(const char *address, struct err *e)
{
	union address a;
	socklen_t len;

	return parse(address, &a, &len, e);
}

int listen_open(const char *address, int *ret_fd, unsigned *ret_port, struct err *e)
{
	AUTO(fd) int fd = -1;
	union address a;
	socklen_t len;
	int one = 1;

	if (parse(address, &a, &len, e) < 0)
		return -1;
	fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) < 0 ||
	    bind(fd, &a.sa, len) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, &a.sa, &len) < 0)
		return err_set(e, ERR_INVALID, "%s: %s", address, strerror(errno));
	*ret_port = ntohs(a.sa.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int listen_read_file(const char *path, char **ret, struct err *e)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *text = calloc(1, FILE_MAX + 1);
	size_t n;

	if (!text)
		abort();
	if (!f)
		return err_set(e, ERR_ABSENT, "%s: %s", path, strerror(errno));
	n = fread(text, 1, FILE_MAX + 1, f);
	if (ferror(f) || n == 0 || n > FILE_MAX)
		return err_set(e, ERR_INVALID, "%s: empty, unreadable or longer than %d bytes",
			       path, FILE_MAX);
	*ret = STEAL(text);
	return 0;
}
