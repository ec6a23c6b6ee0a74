/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes both ways between a websocket and a socket, until one of them ends; then the other is told.
 * Each way stops reading while the other side does not take: nothing is kept beyond frames' buffers
 * and one piece. Owned by its HTTP exchange, which ends it (closed). */
#include "kubevirt-lite/api/relay.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/websocket/frames.h"
#include "vmd/websocket/handshake.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#define PIECE      16384
#define GOODBYE_US (2 * SEC_US) /* the client's answer to ours */

struct relay {
	struct http_request *http;
	struct sd_event *loop;
	struct relay **first, *prev, *next;
	char key[64];
	struct frames *frames;
	bool over;
	int fd; /* -1: it has ended */
	sd_event_source *on_client, *on_fd, *goodbye;
	char piece[PIECE]; /* piece[piece_at..piece_len) is to be written to fd */
	size_t piece_at, piece_len;
};

static ssize_t client_recv(void *self, void *buf, size_t len)
{
	return http_upgrade_recv(((struct relay *)self)->http, buf, len);
}

static ssize_t client_send(void *self, const void *data, size_t len)
{
	return http_upgrade_send(((struct relay *)self)->http, data, len);
}

static void finish(struct relay *r)
{
	r->on_client = sd_event_source_disable_unref(r->on_client);
	r->on_fd = sd_event_source_disable_unref(r->on_fd);
	r->goodbye = sd_event_source_disable_unref(r->goodbye);
	fd_auto(&r->fd);
	r->fd = -1;
	if (!r->over)
		http_upgrade_close(r->http);
	r->over = true;
}

static int on_goodbye(sd_event_source *source, uint64_t usec, void *ctx)
{
	(void)source, (void)usec;
	finish(ctx);
	return 0;
}

/* The socket has ended, or failed: the client is told. */
static void fd_ended(struct relay *r, uint16_t code)
{
	r->on_fd = sd_event_source_disable_unref(r->on_fd);
	fd_auto(&r->fd);
	r->fd = -1;
	frames_close(r->frames, code);
	if (sd_event_add_time_relative(r->loop, &r->goodbye, CLOCK_MONOTONIC, GOODBYE_US, 0,
				       on_goodbye, r) < 0)
		finish(r);
}

/* To the socket. False: it takes no more now. */
static bool write_piece(struct relay *r)
{
	while (r->fd >= 0 && r->piece_at < r->piece_len) {
		ssize_t n = send(r->fd, r->piece + r->piece_at, r->piece_len - r->piece_at,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0 && errno != EINTR)
			fd_ended(r, 1011);
		r->piece_at += n > 0 ? (size_t)n : 0;
	}
	r->piece_at = r->piece_len = 0;
	return true;
}

static void client_to_fd(struct relay *r)
{
	while (write_piece(r)) {
		r->piece_len = frames_take(r->frames, r->piece, sizeof(r->piece));
		if (r->piece_len == 0)
			return;
		if (r->fd < 0)
			r->piece_len = 0; /* nobody is there for it any more */
	}
}

static void fd_to_client(struct relay *r)
{
	char buf[PIECE];

	while (r->fd >= 0 && frames_room(r->frames) >= sizeof(buf)) {
		ssize_t n = recv(r->fd, buf, sizeof(buf), 0);

		if (n > 0)
			frames_put(r->frames, buf, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			fd_ended(r, n == 0 ? 1000 : 1011);
		else if (errno == EAGAIN)
			return;
	}
}

static bool wants_send(const struct relay *r)
{
	return frames_wants_send(r->frames) || http_upgrade_wants_send(r->http);
}

/* Everything that can go on goes on, then both sides are watched for what would let more. */
static void step(struct relay *r)
{
	struct err e;
	bool broken, in;

	do {
		fd_to_client(r);
		broken = frames_run(r->frames, &e) < 0 ||
			 (http_upgrade_send(r->http, "", 0) < 0 && errno != EAGAIN);
		client_to_fd(r); /* after it, bytes of the client wait only if fd takes none */
				 /* What TLS has decrypted already shows on no descriptor. */
	} while (!broken && frames_wants_recv(r->frames) && http_upgrade_holds(r->http));
	if (broken ||
	    (frames_has_ended(r->frames) && !wants_send(r) && (r->fd < 0 || r->piece_len == 0))) {
		finish(r);
		return;
	}
	(void)sd_event_source_set_io_events(r->on_client,
					    (frames_wants_recv(r->frames) ? EPOLLIN : 0U) |
						    (wants_send(r) ? EPOLLOUT : 0U));
	if (!r->on_fd)
		return;
	in = frames_room(r->frames) >= PIECE;
	(void)sd_event_source_set_io_events(r->on_fd, (in ? EPOLLIN : 0U) |
							      (r->piece_len > 0 ? EPOLLOUT : 0U));
	/* A hang-up is told without being asked for, and would be for ever. */
	(void)sd_event_source_set_enabled(r->on_fd,
					  in || r->piece_len > 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_client_io(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct relay *r = ctx;

	(void)source, (void)fd;
	if ((events & EPOLLHUP) && !frames_wants_recv(r->frames))
		finish(r); /* it has gone, and what it said is not wanted by the other side */
	else
		step(r);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	(void)source, (void)fd, (void)events;
	step(ctx);
	return 0;
}

static void on_closed(void *ctx)
{
	struct relay *r = ctx;

	if (r->next)
		r->next->prev = r->prev;
	if (r->prev)
		r->prev->next = r->next;
	else
		*r->first = r->next;
	r->over = true; /* nothing is left to be closed */
	finish(r);
	frames_free(r->frames);
	free(r);
}

static bool offers(const char *list, const char *protocol)
{
	size_t len = strlen(protocol);

	while (list && *list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncmp(list, protocol, len) == 0)
			return true;
		list += n;
	}
	return false;
}

void relay_end(struct relay **first, const char *key)
{
	for (struct relay *r = *first; r; r = r->next)
		if (r->fd >= 0 && str_eq(r->key, key)) {
			fd_ended(r, 1000);
			step(r);
			return;
		}
}

void relay_start(struct relay **first, struct http_request *http, struct sd_event *loop, int fd,
		 const char *key)
{
	/* KubeVirt's bytes, and the channels of pods/exec. */
	static const char *const protocols[] = {"plain.kubevirt.io", "v4.channel.k8s.io"};
	struct relay *r = calloc(1, sizeof(*r));
	struct frames_io io = {.self = r, .recv = client_recv, .send = client_send};
	char accept[HANDSHAKE_ACCEPT_SIZE];

	if (!r)
		abort();
	r->http = http;
	r->first = first;
	r->next = *first;
	if (r->next)
		r->next->prev = r;
	*first = r;
	(void)str_copy(r->key, sizeof(r->key), key); /* longer: it cannot be ended by it */
	r->loop = loop;
	r->fd = fd;
	r->frames = frames_new(FRAMES_SERVER, &io);
	handshake_accept(http->websocket_key, accept);
	http_header(http, "Sec-WebSocket-Accept", accept);
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (offers(http->websocket_protocols, protocols[i])) {
			http_header(http, "Sec-WebSocket-Protocol", protocols[i]);
			break;
		}
	http_upgrade(http, "websocket", on_closed, r);
	if (sd_event_add_io(loop, &r->on_client, http_upgrade_fd(http), EPOLLIN | EPOLLOUT,
			    on_client_io, r) < 0 ||
	    sd_event_add_io(loop, &r->on_fd, fd, EPOLLIN, on_io, r) < 0 ||
	    sd_event_source_set_exit_on_failure(r->on_client, true) < 0 ||
	    sd_event_source_set_exit_on_failure(r->on_fd, true) < 0)
		abort(); /* out of memory, or descriptors of the loop */
}
