/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One libmicrohttpd daemon on one TCP address, run by the event loop, within bounds. */
#ifndef VMD_API_LISTENER_H
#define VMD_API_LISTENER_H

#include "vmd/base/err.h"

#include <microhttpd.h>
#include <stdint.h>

/* Twice as many as may wait for news (requests_held.h): they leave room for others. */
#define LISTENER_CONNECTIONS        512
#define LISTENER_CONNECTIONS_PER_IP 128
#define LISTENER_HEAD_BYTES         (32 * 1024) /* MHD's memory for one connection */

struct sd_event;
struct listener;

struct listener_settings {
	const char *address; /* "192.168.170.190:6830", "[::1]:0" */
	unsigned idle_s;     /* a connection without traffic is closed */
	unsigned total_s;    /* ... and any connection after so long */
	MHD_AccessHandlerCallback access;
	MHD_RequestCompletedCallback completed; /* may be NULL */
	void *ctx;                              /* for both */
};

/* Borrows loop; copies s. ERR_INVALID: no such address; ERR_RETRY: the port is taken, or the system
 * is short of something. */
int listener_new(struct sd_event *loop, const struct listener_settings *s, struct listener **ret,
		 struct err *e);
/* All connections must have been resumed. */
void listener_free(struct listener *l);
DEFINE_AUTO(struct listener *, listener_free)
/* A suspended connection goes on, from the loop. */
void listener_resume(struct listener *l, struct MHD_Connection *conn);
uint16_t listener_port(const struct listener *l); /* the one that was given for port 0 */

#endif
