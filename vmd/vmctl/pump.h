/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes both ways between two ends, until one of them ends. Each way waits while the other end has
 * no room. */
#ifndef VMD_VMCTL_PUMP_H
#define VMD_VMCTL_PUMP_H

#include "vmd/websocket/frames.h"
#include "vmd/websocket/websocket.h"

#include <poll.h>
#include <signal.h>

#define PUMP_FDS  2
#define PUMP_ROOM 65536 /* of an end made of descriptors */

struct pump_end {
	/* a websocket to a server, or frames to a browser on fd, or two descriptors */
	struct websocket *websocket;
	struct frames *frames;
	int in, out;
	int escape; /* a byte from in that ends it; -1: none */
	bool eof;   /* in gives nothing more; alone that ends nothing */
	bool ended;
	size_t at, len;
	char pending[PUMP_ROOM]; /* pending[at..len) is to be written to out */
};

struct pump_end *pump_websocket(struct websocket *w);
/* frames' transport must be fd, without waiting. */
struct pump_end *pump_frames(struct frames *f, int fd);
/* last: the end of in ends all (a viewer that has gone), else only nothing more is sent (a script's
 * input). Both may block: they are used when poll says so. */
struct pump_end *pump_fds(int in, int out, int escape, bool last);
void pump_free(struct pump_end *end); /* closes nothing */
DEFINE_AUTO(struct pump_end *, pump_free)

/* 0: one end has ended, and what it said is delivered; or *stop was set by a signal. ERR_RETRY: the
 * connection broke. */
int pump(struct pump_end *far, struct pump_end *near, const volatile sig_atomic_t *stop,
	 struct err *e);

#endif
