/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocking client of vmd, with one total deadline: for the plugin and vmctl. */
#ifndef VMD_API_CLIENT_H
#define VMD_API_CLIENT_H

#include "vmd/api/wire.h"

struct client {
	const char *servers;  /* "host:port[,host:port]" ("[v6]:port"): tried in turn; borrowed */
	const char *vmd_user; /* account (or uid) vmd runs as: only it can read the request, only
				 its reply counts */
	const char *munge_socket; /* NULL or "": libmunge's default */
};

/* Sends request (a finished wire message without a nonce: that is added), fills buf (WIRE_MAX + 1
 * is always enough) and ret, which borrows buf. request and buf may not overlap.
 *
 * timeout_ms bounds connecting and the reply, over all servers. A munged that is not running is
 * told at once; one that hangs may cost libmunge's own 10 seconds more, and a name service its own
 * time: numeric addresses need none.
 *
 * ERR_RETRY: vmd or munge not reachable (the text says which and where). A reply with error=
 * becomes an error of its kind. Thread-safe; no global state; errors never end the process. */
int client_call(const struct client *c, const char *request, size_t len, int timeout_ms, char *buf,
		size_t size, struct wire_in *ret, struct err *e);

#endif
