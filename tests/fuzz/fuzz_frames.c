/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of any bytes, at either end (the first byte says which). What is kept is bounded, whatever
 * comes, and a peer that has gone ends it. */
#include "tests/fuzz/fuzz.h"
#include "vmd/websocket/frames.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct peer {
	const uint8_t *data;
	size_t left;
};

static ssize_t peer_recv(void *self, void *buf, size_t len)
{
	struct peer *p = self;
	size_t n = len < p->left ? len : p->left;

	memcpy(buf, p->data, n);
	p->data += n;
	p->left -= n;
	return (ssize_t)n;
}

static ssize_t peer_send(void *self, const void *data, size_t len)
{
	(void)self, (void)data, (void)len;
	errno = EAGAIN; /* it never reads */
	return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer p = {.data = data + 1, .left = size ? size - 1 : 0};
	struct frames_io io = {.self = &p, .recv = peer_recv, .send = peer_send};
	struct frames *f;
	struct err e = {.kind = ERR_NONE};
	char buf[1000];

	if (size == 0)
		return 0;
	f = frames_new(data[0] & 1 ? FRAMES_CLIENT : FRAMES_SERVER, &io);
	for (int i = 0; i < 1000 && frames_wants_recv(f); i++) {
		if (frames_run(f, &e) < 0) {
			assert(e.kind == ERR_INVALID || e.kind == ERR_RETRY);
			break;
		}
		assert(frames_waiting(f) <= FRAMES_IN_MAX + 4096);
		while (frames_take(f, buf, sizeof(buf)) > 0)
			;
	}
	frames_free(f);
	return 0;
}
