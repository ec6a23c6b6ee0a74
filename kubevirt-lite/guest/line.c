/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines over a unix socket: owns the socket, what was read of the current line and what is still to
 * be written. Loop thread only. A handler may close the line it is called for: the memory then goes
 * when the dispatch that called it is done. The error of a send is reported by the next dispatch,
 * never from inside line_send, so that callers need not expect to be freed by it. */
#include "kubevirt-lite/guest/line.h"

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#define LINE_OUT_MAX (1U << 20) /* unread by the peer */

struct line {
	struct line_handler handler;
	struct line_cutter in;
	struct strbuf out;
	size_t out_done; /* bytes of out that were written */
	int fd;
	sd_event_source *source;
	bool dispatching;
	bool closed;
};

int line_cut(struct line_cutter *c, const char *data, size_t len,
	     int (*got)(void *self, const char *text, size_t len), void *self, struct err *e)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t part = end ? (size_t)(end - data) : len;

		if (c->len + part > LINE_MAX_BYTES)
			return err_set(e, ERR_INVALID, "a line of more than %u bytes",
				       LINE_MAX_BYTES);
		if (c->len + part + 1 > c->cap) {
			size_t cap = (c->len + part + 1) * 2;
			char *s = realloc(c->s, cap);

			if (!s)
				abort();
			c->s = s;
			c->cap = cap;
		}
		memcpy(c->s + c->len, data, part);
		c->len += part;
		c->s[c->len] = '\0';
		data += part + (end != NULL);
		len -= part + (end != NULL);
		if (end) {
			size_t whole = c->len;

			c->len = 0;
			if (got(self, c->s, whole) < 0)
				return 0;
		}
	}
	return 0;
}

void line_cutter_done(struct line_cutter *c)
{
	free(c->s);
	*c = (struct line_cutter){.s = NULL};
}

static void line_free(struct line *l)
{
	line_cutter_done(&l->in);
	strbuf_done(&l->out);
	free(l);
}

void line_close(struct line *l)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	l->source = sd_event_source_disable_unref(l->source);
	close(l->fd);
	l->fd = -1;
	if (!l->dispatching)
		line_free(l);
}

static void end(struct line *l, const struct err *e)
{
	if (!l->closed) {
		(void)sd_event_source_set_enabled(l->source, SD_EVENT_OFF);
		l->handler.ended(l->handler.self, e);
	}
}

static int got_line(void *self, const char *text, size_t len)
{
	struct line *l = self;

	l->handler.got(l->handler.self, text, len);
	return l->closed ? -1 : 0;
}

static int flush_out(struct line *l, struct err *e)
{
	while (l->out_done < l->out.len) {
		ssize_t n = send(l->fd, l->out.s + l->out_done, l->out.len - l->out_done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			return err_set(e, ERR_UNSURE, "send: %m");
		l->out_done += (size_t)n;
	}
	if (l->out_done == l->out.len)
		l->out.len = l->out_done = 0;
	if (sd_event_source_set_io_events(l->source, l->out.len ? POLLIN | POLLOUT : POLLIN) < 0)
		return err_set(e, ERR_RETRY, "event loop refuses the socket");
	return 0;
}

static int read_in(struct line *l, struct err *e)
{
	char data[16384];
	ssize_t n = recv(l->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_set(e, ERR_UNSURE, "receive: %m");
	if (n == 0)
		return err_set(e, ERR_UNSURE, "the other side closed");
	return line_cut(&l->in, data, (size_t)n, got_line, l, e);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct line *l = userdata;
	struct err e = {.kind = ERR_NONE};
	int rc = 0;

	(void)source, (void)fd;
	l->dispatching = true;
	if (l->out.overflow)
		rc = err_set(&e, ERR_UNSURE, "the other side does not read");
	if (rc == 0 && (revents & POLLOUT))
		rc = flush_out(l, &e);
	if (rc == 0 && (revents & (POLLIN | POLLHUP | POLLERR)))
		rc = read_in(l, &e);
	if (rc < 0)
		end(l, &e);
	l->dispatching = false;
	if (l->closed)
		line_free(l);
	return 0;
}

void line_send(struct line *l, const char *data, size_t len)
{
	if (l->closed)
		return;
	if (l->out_done > 0 && l->out_done < l->out.len) {
		memmove(l->out.s, l->out.s + l->out_done, l->out.len - l->out_done);
		l->out.len -= l->out_done;
		l->out_done = 0;
	}
	strbuf_add(&l->out, data, len);
	(void)sd_event_source_set_io_events(l->source, POLLIN | POLLOUT);
}

int line_open(struct sd_event *loop, const char *path, const struct line_handler *h,
	      struct line **ret, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	AUTO(fd) int fd = -1;
	struct line *l;

	if (str_copy(at.sun_path, sizeof(at.sun_path), path) < 0)
		return err_set(e, ERR_INVALID, "%s: too long for a socket's path", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, ERR_RETRY, "socket: %m");
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, ERR_RETRY, "%s: %m", path);
	l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	l->handler = *h;
	l->out.max = LINE_OUT_MAX;
	if (sd_event_add_io(loop, &l->source, fd, POLLIN, on_io, l) < 0) {
		line_free(l);
		return err_set(e, ERR_RETRY, "%s: cannot join the event loop", path);
	}
	(void)sd_event_source_set_exit_on_failure(l->source, true);
	l->fd = fd_steal(&fd);
	*ret = l;
	return 0;
}
