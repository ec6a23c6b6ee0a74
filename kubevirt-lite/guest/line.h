/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unix stream socket that carries lines, as QMP and the guest agent do. Runs on the loop thread,
 * never blocks, and bounds what a peer can make us keep. */
#ifndef KUBEVIRT_LITE_GUEST_LINE_H
#define KUBEVIRT_LITE_GUEST_LINE_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct sd_event;
struct line;

#define LINE_MAX_BYTES (4U << 20) /* one line from the peer: guest-exec output is the longest */

/* Both may close the line they are called for. */
struct line_handler {
	void *self;
	/* One line without its newline; text[len] is '\0'. Borrowed. */
	void (*got)(void *self, const char *text, size_t len);
	/* The peer is gone or broke a limit: nothing comes after it. */
	void (*ended)(void *self, const struct err *e);
};

/* ERR_RETRY: nobody listens (yet). */
int line_open(struct sd_event *loop, const char *path, const struct line_handler *h,
	      struct line **ret, struct err *e);
/* Queues all of it; a failure is told by ended(), later. */
void line_send(struct line *l, const char *data, size_t len);
void line_close(struct line *l);
DEFINE_AUTO(struct line *, line_close)

/* The pure half: cuts a stream into lines. */
struct line_cutter {
	char *s;
	size_t len;
	size_t cap;
};
/* Calls got() for every whole line, until it returns -1 (then the rest is dropped and 0 is
 * returned). ERR_INVALID: a line is longer than LINE_MAX_BYTES. */
int line_cut(struct line_cutter *c, const char *data, size_t len,
	     int (*got)(void *self, const char *text, size_t len), void *self, struct err *e);
void line_cutter_done(struct line_cutter *c);

#endif
