/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's server with operations made up (echo, later, large, standby, refused, never ...), served in
 * a thread of its own, and calls of them by vmd's client, over real loopback and a real munged. */
#ifndef TESTS_UNIT_SERVED_H
#define TESTS_UNIT_SERVED_H

#include "tests/unit/private_munge.h"
#include "vmd/api/wire.h"

#define OTHER_UID 65534

extern struct served {
	uint16_t port, metrics_port;
	bool sick;                /* what /healthz tells */
	unsigned calls, standbys; /* of op standby: the first so many stand by */
} served;

/* What goes wrong ends the test. munge_socket: of the server, borrowed. */
void served_start(const char *munge_socket);
void served_start_here(void); /* with private_munge.h's: a fixture */
void served_stop(void);

extern struct wire_in answer; /* of the last call; valid until the next one */

/* op, with text, of the first of servers (HOST:PORT,...) that answers; user: vmd's account. 0, or
 * -1 with e as client_call() says. */
int call_as(const char *servers, const char *user, const char *socket, const char *op,
	    const char *text, int timeout_ms, struct err *e);
/* Of the server above, which runs as oneself. */
int call(const char *op, const char *text, struct err *e);
const char *self(void);          /* one's own uid */
const char *here(uint16_t port); /* "127.0.0.1:PORT"; valid until the next one */

#endif
