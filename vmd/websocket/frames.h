/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte stream in binary websocket messages, after the handshake, at either end; over anything
 * that sends and receives without waiting. Framing by libwslay. Pings are answered.
 *
 * Messages are cut anywhere: KubeVirt's plain.kubevirt.io carries bytes, not messages, so their
 * borders mean nothing and none is ever kept whole. Text messages count as bytes, too.
 * What a peer can make us keep is bounded: when FRAMES_IN_MAX bytes wait to be taken, or too much
 * waits to be sent, nothing more is received. One thread at a time. */
#ifndef VMD_WEBSOCKET_FRAMES_H
#define VMD_WEBSOCKET_FRAMES_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAMES_IN_MAX  (128U << 10)
#define FRAMES_OUT_MAX (256U << 10)

enum frames_side { FRAMES_CLIENT, FRAMES_SERVER };

struct frames_io {
	void *self;
	/* As recv(2) and send(2) on a socket that does not wait: -1 with errno EAGAIN; recv gives
	 * 0 when the peer has gone. */
	ssize_t (*recv)(void *self, void *buf, size_t len);
	ssize_t (*send)(void *self, const void *data, size_t len);
};

struct frames;

/* Copies io. Out of memory aborts. */
struct frames *frames_new(enum frames_side side, const struct frames_io *io);
void frames_free(struct frames *f);
DEFINE_AUTO(struct frames *, frames_free)

/* Receives and sends what it can without waiting. To be called when the transport is ready, after
 * frames_put and frames_close, and after a frames_take (there may have been no room before).
 * ERR_RETRY: the connection broke; ERR_INVALID: the peer does not keep to the protocol. */
int frames_run(struct frames *f, struct err *e);
/* Bytes that have come: at most size of them, 0: none now. */
size_t frames_take(struct frames *f, void *buf, size_t size);
size_t frames_waiting(const struct frames *f); /* bytes that can be taken */
/* How many bytes frames_put takes now. */
size_t frames_room(const struct frames *f);
/* Queues one binary message. len must not be more than frames_room. */
void frames_put(struct frames *f, const void *data, size_t len);
/* Says goodbye (1000 is an ordinary end, 1011 a failure). Nothing can be put after it. */
void frames_close(struct frames *f, uint16_t code);
bool frames_wants_recv(const struct frames *f);
bool frames_wants_send(const struct frames *f);
/* Nothing will come any more: the peer said goodbye, or has gone. Bytes may still wait. */
bool frames_has_ended(const struct frames *f);
/* The code the peer said goodbye with; 1005: it gave none, 1006: it never did. */
uint16_t frames_code(const struct frames *f);

#endif
