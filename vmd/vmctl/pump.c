/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop of `vmctl vnc` and `vmctl console`. Descriptors are left blocking, for a terminal's
 * flags are shared with the shell: they are read and written only when poll says that they can be,
 * and then once. */
#include "vmd/vmctl/pump.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE 16384

static struct pump_end *end_new(void)
{
	struct pump_end *end = calloc(1, sizeof(*end));

	if (!end)
		abort();
	end->in = end->out = -1;
	end->escape = -1;
	return end;
}

struct pump_end *pump_websocket(struct websocket *w)
{
	struct pump_end *end = end_new();

	end->websocket = w;
	return end;
}

struct pump_end *pump_frames(struct frames *f, int fd)
{
	struct pump_end *end = end_new();

	end->frames = f;
	end->in = fd;
	return end;
}

struct pump_end *pump_fds(int in, int out, int escape, bool last)
{
	struct pump_end *end = end_new();

	end->in = in;
	end->out = out;
	end->escape = escape;
	end->eof = !last;
	return end;
}

void pump_free(struct pump_end *end)
{
	free(end);
}

static bool is_ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 0) > 0;
}

/* Descriptors: eof said at the start whether their end matters; in = -1 once it has come. */
static size_t take_fd(struct pump_end *end, char *buf, size_t size)
{
	ssize_t n;
	char *escape;

	if (end->in < 0 || !is_ready(end->in, POLLIN))
		return 0;
	n = read(end->in, buf, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		end->in = -1;
		end->ended |= !end->eof;
		return 0;
	}
	escape = end->escape >= 0 ? memchr(buf, end->escape, (size_t)n) : NULL;
	if (escape) {
		end->ended = true;
		return (size_t)(escape - buf);
	}
	return (size_t)n;
}

static size_t end_take(struct pump_end *end, char *buf, size_t size)
{
	if (size == 0)
		return 0;
	if (end->websocket)
		return websocket_take(end->websocket, buf, size);
	return end->frames ? frames_take(end->frames, buf, size) : take_fd(end, buf, size);
}

static size_t end_room(const struct pump_end *end)
{
	if (end->websocket)
		return websocket_room(end->websocket);
	return end->frames ? frames_room(end->frames) : sizeof(end->pending) - end->len;
}

static void end_put(struct pump_end *end, const char *data, size_t len)
{
	if (end->websocket) {
		websocket_put(end->websocket, data, len);
	} else if (end->frames) {
		frames_put(end->frames, data, len);
	} else {
		memcpy(end->pending + end->len, data, len);
		end->len += len;
	}
}

static void write_fd(struct pump_end *end)
{
	ssize_t n;

	if (end->at == end->len || !is_ready(end->out, POLLOUT))
		return;
	n = write(end->out, end->pending + end->at, end->len - end->at);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		end->ended = true;
	end->at += n > 0 ? (size_t)n : 0;
	if (end->at == end->len)
		end->at = end->len = 0;
}

static int end_run(struct pump_end *end, struct err *e)
{
	int rc = 0;

	if (end->websocket) {
		rc = websocket_run(end->websocket, e);
		end->ended = !websocket_is_open(end->websocket);
	} else if (end->frames) {
		rc = frames_run(end->frames, e);
		end->ended = frames_has_ended(end->frames) && frames_waiting(end->frames) == 0;
	} else {
		write_fd(end);
	}
	return rc;
}

static size_t end_poll(const struct pump_end *end, bool wants, struct pollfd p[PUMP_FDS])
{
	if (end->websocket) {
		p[0] = (struct pollfd){.fd = websocket_fd(end->websocket),
				       .events = websocket_events(end->websocket)};
		return 1;
	}
	if (end->frames) {
		p[0] = (struct pollfd){
			.fd = end->in,
			.events = (short)((frames_wants_recv(end->frames) ? POLLIN : 0) |
					  (frames_wants_send(end->frames) ? POLLOUT : 0))};
		return 1;
	}
	/* a negative descriptor is not looked at */
	p[0] = (struct pollfd){.fd = wants ? end->in : -1, .events = POLLIN};
	p[1] = (struct pollfd){.fd = end->at < end->len ? end->out : -1, .events = POLLOUT};
	return 2;
}

static size_t move(struct pump_end *from, struct pump_end *to)
{
	char buf[PIECE];
	size_t room = end_room(to);
	size_t n = end_take(from, buf, room < sizeof(buf) ? room : sizeof(buf));

	if (n > 0)
		end_put(to, buf, n);
	return n;
}

/* What is on its way is written out, as far as it goes. */
static void drain(struct pump_end *end)
{
	struct err e;

	for (int i = 0; i < 100 && !end->websocket; i++) {
		struct pollfd p[PUMP_FDS];
		size_t n;

		if (end_run(end, &e) < 0)
			return;
		if (end->frames ? !frames_wants_send(end->frames) : end->at == end->len)
			return;
		n = end_poll(end, false, p);
		(void)poll(p, (nfds_t)n, 100);
	}
}

int pump(struct pump_end *far, struct pump_end *near, const volatile sig_atomic_t *stop,
	 struct err *e)
{
	while (!*stop) {
		struct pollfd p[2 * PUMP_FDS];
		size_t n, moved;

		if (end_run(far, e) < 0)
			return -1;
		if (end_run(near, e) < 0)
			return 0; /* who looks at it has gone */
		moved = move(far, near) + move(near, far);
		if (moved > 0)
			continue;
		if (far->ended || near->ended)
			break;
		n = end_poll(far, true, p);
		n += end_poll(near, end_room(far) > 0, p + n);
		if (poll(p, (nfds_t)n, -1) < 0 && errno != EINTR)
			return err_set(e, ERR_RETRY, "poll: %s", strerror(errno));
	}
	drain(near);
	return 0;
}
