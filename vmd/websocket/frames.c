/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libwslay's event interface between a transport and a buffer. Facts this is built on (1.1.1): with
 * buffering off, chunks of data frames are handed out as they come; recv goes on until the
 * transport says that it would have to wait, so that is also how reading is held back; the answers
 * to pings and to a goodbye are queued by the library itself, which is why its queue is looked at,
 * too. */
#include "vmd/websocket/frames.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#define PIECE     4096 /* the most that libwslay asks a transport for */
#define ANSWERS   16   /* queued messages (pongs are the peer's to make) that hold back reading */
#define OPEN_CODE 1006

struct frames {
	wslay_event_context_ptr ws;
	struct frames_io io;
	size_t at, len;  /* in[at..len) waits to be taken */
	bool is_control; /* the frame that is coming in */
	bool gone;       /* the transport has ended */
	bool broken;     /* ... or failed */
	int error;       /* errno of that */
	uint16_t bye;    /* the goodbye to say when all else is sent; 0: none */
	unsigned char in[FRAMES_IN_MAX + 2 * PIECE];
};

static bool is_full(const struct frames *f)
{
	return f->len - f->at >= FRAMES_IN_MAX ||
	       wslay_event_get_queued_msg_count(f->ws) >= ANSWERS + FRAMES_OUT_MAX / PIECE;
}

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags, void *ctx)
{
	struct frames *f = ctx;
	ssize_t n;

	(void)flags;
	if (is_full(f)) {
		wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = f->io.recv(f->io.self, buf, len < PIECE ? len : PIECE);
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	f->gone = true;
	f->broken = n < 0;
	f->error = n < 0 ? errno : 0;
	wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *ctx)
{
	struct frames *f = ctx;
	ssize_t n = f->io.send(f->io.self, data, len);

	(void)flags;
	if (n > 0)
		return n;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		f->gone = f->broken = true;
		f->error = errno;
		wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
		return -1;
	}
	wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static int on_mask(wslay_event_context_ptr ws, uint8_t *buf, size_t len, void *ctx)
{
	(void)ctx;
	if (getrandom(buf, len, 0) == (ssize_t)len)
		return 0;
	wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_frame(wslay_event_context_ptr ws,
		     const struct wslay_event_on_frame_recv_start_arg *frame, void *ctx)
{
	(void)ws;
	((struct frames *)ctx)->is_control = wslay_is_ctrl_frame(frame->opcode);
}

static void on_chunk(wslay_event_context_ptr ws,
		     const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *ctx)
{
	struct frames *f = ctx;

	(void)ws;
	if (f->is_control)
		return;
	if (f->at > 0) {
		memmove(f->in, f->in + f->at, f->len - f->at);
		f->len -= f->at;
		f->at = 0;
	}
	/* A chunk is a part of what one recv gave: it fits behind a buffer that was not full. */
	if (chunk->data_length > sizeof(f->in) - f->len)
		abort();
	memcpy(f->in + f->len, chunk->data, chunk->data_length);
	f->len += chunk->data_length;
}

struct frames *frames_new(enum frames_side side, const struct frames_io *io)
{
	static const struct wslay_event_callbacks calls = {.recv_callback = on_recv,
							   .send_callback = on_send,
							   .genmask_callback = on_mask,
							   .on_frame_recv_start_callback = on_frame,
							   .on_frame_recv_chunk_callback =
								   on_chunk};
	struct frames *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		abort();
	f->io = *io;
	rc = side == FRAMES_CLIENT ? wslay_event_context_client_init(&f->ws, &calls, f)
				   : wslay_event_context_server_init(&f->ws, &calls, f);
	if (rc != 0)
		abort(); /* out of memory, the one reason there is */
	wslay_event_config_set_no_buffering(f->ws, 1);
	return f;
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	wslay_event_context_free(f->ws);
	free(f);
}

static int broken(const struct frames *f, struct err *e)
{
	if (f->broken)
		return err_set(e, ERR_RETRY, "the connection broke: %s", strerror(f->error));
	return err_set(e, ERR_INVALID, "the peer does not keep to the websocket protocol");
}

/* The library sends control frames first, a goodbye among them: it has to wait for the bytes. */
static int send_all(struct frames *f)
{
	int rc = wslay_event_want_write(f->ws) ? wslay_event_send(f->ws) : 0;

	if (rc != 0 || f->gone || f->bye == 0 || wslay_event_get_queued_msg_count(f->ws) > 0)
		return rc;
	if (wslay_event_queue_close(f->ws, f->bye, NULL, 0) == WSLAY_ERR_NOMEM)
		abort();
	f->bye = 0;
	return wslay_event_send(f->ws);
}

int frames_run(struct frames *f, struct err *e)
{
	if (!f->gone && wslay_event_want_read(f->ws) && wslay_event_recv(f->ws) != 0 && !f->gone)
		return broken(f, e);
	if (!f->gone && send_all(f) != 0 && !f->gone)
		return broken(f, e);
	/* A connection that breaks after the goodbye has served its purpose. */
	if (f->broken && !wslay_event_get_close_received(f->ws))
		return broken(f, e);
	return 0;
}

size_t frames_take(struct frames *f, void *buf, size_t size)
{
	size_t n = f->len - f->at;

	n = n < size ? n : size;
	memcpy(buf, f->in + f->at, n);
	f->at += n;
	if (f->at == f->len)
		f->at = f->len = 0;
	return n;
}

size_t frames_waiting(const struct frames *f)
{
	return f->len - f->at;
}

size_t frames_room(const struct frames *f)
{
	size_t queued = wslay_event_get_queued_msg_length(f->ws);

	if (f->bye || wslay_event_get_close_sent(f->ws) || !wslay_event_get_write_enabled(f->ws) ||
	    wslay_event_get_queued_msg_count(f->ws) >= FRAMES_OUT_MAX / PIECE)
		return 0;
	return queued < FRAMES_OUT_MAX ? FRAMES_OUT_MAX - queued : 0;
}

void frames_put(struct frames *f, const void *data, size_t len)
{
	const struct wslay_event_msg m = {
		.opcode = WSLAY_BINARY_FRAME, .msg = data, .msg_length = len};

	/* After a goodbye nothing is taken any more, and nobody waits for it. */
	if (wslay_event_queue_msg(f->ws, &m) == WSLAY_ERR_NOMEM)
		abort();
}

void frames_close(struct frames *f, uint16_t code)
{
	f->bye = code;
}

bool frames_wants_recv(const struct frames *f)
{
	return !f->gone && wslay_event_want_read(f->ws) && !is_full(f);
}

bool frames_wants_send(const struct frames *f)
{
	return !f->gone && (f->bye || wslay_event_want_write(f->ws));
}

bool frames_has_ended(const struct frames *f)
{
	return f->gone || wslay_event_get_close_received(f->ws);
}

uint16_t frames_code(const struct frames *f)
{
	return wslay_event_get_close_received(f->ws) ? wslay_event_get_status_code_received(f->ws)
						     : OPEN_CODE;
}
