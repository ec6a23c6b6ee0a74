/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocking client of vmd, with one total deadline: for the plugin and vmctl. */
#ifndef VMD_API_CLIENT_H
#define VMD_API_CLIENT_H

#include "vmd/api/wire.h"

struct client {
	const char *servers;  /* "host:port[,host:port]": tried in turn; borrowed */
	const char *vmd_user; /* account vmd runs as: only it can read the request, only its reply
				 counts */
	const char *munge_socket; /* NULL: libmunge's default */
};

/* Sends request (a finished wire message), fills buf (WIRE_MAX + 1 is always enough) and ret, which
 * borrows buf. timeout_ms bounds everything: munge, connect, reply.
 * ERR_RETRY: vmd or munge not reachable (text says which and where). A reply with error= becomes an
 * error of its kind. Thread-safe; no global state; errors never end the process. */
int client_call(const struct client *c, const char *request, size_t len, int timeout_ms, char *buf,
		size_t size, struct wire_in *ret, struct err *e);

#endif
