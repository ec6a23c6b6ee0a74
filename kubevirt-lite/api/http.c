/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libmicrohttpd in its external mode: its epoll descriptor and its timeout are sources of our loop.
 * Facts this file is built on (0.9.75): a suspended connection is not looked at, so a client that
 * leaves is noticed by our own watch for the hang-up; a resume is only noted until the next
 * MHD_run (there is no wake-up descriptor in this mode); MHD_get_timeout is in milliseconds and
 * asked anew before every wait; an answer to a suspended request is queued by the access handler
 * after the resume. The library's access handler is called once with the headers, then with pieces
 * of the body, then with none: that is the whole request. */
#include "kubevirt-lite/api/http_exchange.h"
#include "kubevirt-lite/api/listen.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

#define IDLE_S 120

struct http_stream {
	struct http_server *server;
	struct MHD_Connection *conn;
	sd_event_source *hangup;
	char *data;
	size_t at, len, cap; /* data[at..len) waits */
	bool suspended, ended, cut;
	void (*closed)(void *ctx);
	void *ctx;
};

/* --- streams --- */

/* The library only notes the wish to resume: it has to be run once more to act on it. */
static void resume(struct http_server *h, struct MHD_Connection *conn)
{
	MHD_resume_connection(conn);
	(void)sd_event_source_set_enabled(h->again, SD_EVENT_ONESHOT);
}

static void stream_wake(struct http_stream *st)
{
	if (!st->suspended)
		return;
	st->suspended = false;
	resume(st->server, st->conn);
}

static int on_hangup(sd_event_source *src, int fd, uint32_t events, void *ctx)
{
	struct http_stream *st = ctx;

	(void)fd, (void)events;
	(void)sd_event_source_set_enabled(src, SD_EVENT_OFF); /* it would say so for ever */
	st->cut = true;
	stream_wake(st);
	return 0;
}

/* The library wants bytes. Nothing there: the connection sleeps until there is. */
static ssize_t stream_read(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct http_stream *st = ctx;
	size_t n = st->len - st->at;

	(void)pos;
	if (st->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0 && st->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		MHD_suspend_connection(st->conn);
		st->suspended = true;
		return 0;
	}
	n = n < max ? n : max;
	memcpy(buf, st->data + st->at, n);
	st->at += n;
	if (st->at == st->len)
		st->at = st->len = 0;
	return (ssize_t)n;
}

int http_stream_send(struct http_stream *st, const char *data, size_t len)
{
	if (st->cut || st->ended)
		return -1;
	if (st->len - st->at + len > HTTP_STREAM_MAX) {
		st->cut = true;
		stream_wake(st);
		return -1;
	}
	if (st->at > 0) {
		memmove(st->data, st->data + st->at, st->len - st->at);
		st->len -= st->at;
		st->at = 0;
	}
	if (st->len + len > st->cap) {
		st->cap = (st->len + len) * 2;
		st->data = http_need(realloc(st->data, st->cap));
	}
	memcpy(st->data + st->len, data, len);
	st->len += len;
	stream_wake(st);
	return 0;
}

void http_stream_end(struct http_stream *st)
{
	st->ended = true;
	stream_wake(st);
}

void http_stream_cut(struct http_stream *st)
{
	st->cut = true;
	stream_wake(st);
}

static void stream_free(struct http_stream *st)
{
	if (!st)
		return;
	sd_event_source_disable_unref(st->hangup);
	st->closed(st->ctx);
	free(st->data);
	free(st);
}

/* --- answers --- */

void http_header(struct http_request *r, const char *name, const char *value)
{
	struct exchange *x = exchange_of(r);

	if (x->n_headers == HTTP_HEADERS_MAX)
		return;
	x->header[x->n_headers].name = name;
	(void)snprintf(x->header[x->n_headers].value, sizeof(x->header[0].value), "%s", value);
	x->n_headers++;
}

void http_resume(struct exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	resume(x->server, x->conn);
}

static void answer(struct exchange *x, int code, struct MHD_Response *response, const char *type)
{
	x->code = code;
	x->response = http_need(response);
	if (type)
		MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-cache, private");
	for (size_t i = 0; i < x->n_headers; i++)
		MHD_add_response_header(response, x->header[i].name, x->header[i].value);
	http_resume(x);
}

void http_answer(struct http_request *r, int code, const char *type, const char *body, size_t len)
{
	answer(exchange_of(r), code,
	       MHD_create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY), type);
}

struct http_stream *http_stream(struct http_request *r, const char *type, void (*closed)(void *ctx),
				void *ctx)
{
	struct exchange *x = exchange_of(r);
	struct http_stream *st = http_need(calloc(1, sizeof(*st)));
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	st->server = x->server;
	st->conn = x->conn;
	st->closed = closed;
	st->ctx = ctx;
	x->stream = st;
	if (info && sd_event_add_io(x->server->loop, &st->hangup, info->connect_fd, EPOLLRDHUP,
				    on_hangup, st) >= 0)
		(void)sd_event_source_set_exit_on_failure(st->hangup, true);
	answer(x, MHD_HTTP_OK,
	       MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, stream_read, st, NULL),
	       type);
	return st;
}

/* --- requests --- */

void *http_need(void *p)
{
	if (!p)
		abort();
	return p;
}

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *conn)
{
	struct exchange *x = http_need(calloc(1, sizeof(*x)));

	x->server = ctx;
	x->conn = conn;
	x->uri = http_need(strdup(uri));
	x->body.max = HTTP_BODY_MAX + 1;
	return x;
}

static void on_completed(void *ctx, struct MHD_Connection *conn, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *con_cls;

	(void)ctx, (void)conn, (void)why;
	*con_cls = NULL;
	if (!x)
		return;
	stream_free(x->stream);
	http_upgrade_done(x);
	if (x->r.user_free)
		x->r.user_free(x->r.user);
	if (x->response)
		MHD_destroy_response(x->response);
	strbuf_done(&x->body);
	free(x->uri);
	free(x);
}

static const char *header(struct MHD_Connection *conn, const char *name)
{
	return MHD_lookup_connection_value(conn, MHD_HEADER_KIND, name);
}

static void handle(struct exchange *x, const char *method)
{
	static const char too_big[] = "request body is too large";

	x->handled = true;
	if (x->body.overflow) {
		http_answer(&x->r, 413, "text/plain; charset=utf-8", too_big, strlen(too_big));
		return;
	}
	x->r.method = method;
	x->r.uri = x->uri;
	x->r.authorization = header(x->conn, "Authorization");
	x->r.content_type = header(x->conn, "Content-Type");
	x->r.accept = header(x->conn, "Accept");
	x->r.websocket = http_upgrade_wanted(x->conn);
	x->r.websocket_key = header(x->conn, "Sec-WebSocket-Key");
	x->r.websocket_protocols = header(x->conn, "Sec-WebSocket-Protocol");
	x->r.body = x->body.s ? x->body.s : "";
	x->r.body_len = x->body.len;
	x->server->set.handler(x->server->set.ctx, &x->r);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **con_cls)
{
	struct exchange *x = *con_cls;

	(void)ctx, (void)url, (void)version;
	if (!x->headers_seen) {
		x->headers_seen = true;
		return MHD_YES;
	}
	if (*len > 0) {
		if (x->body.len + *len > HTTP_BODY_MAX)
			x->body.overflow = true;
		else
			strbuf_add(&x->body, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (http_upgrade_is_over(x))
		return MHD_NO; /* which closes the connection */
	if (!x->handled)
		handle(x, method);
	if (!x->response) {
		x->suspended = true;
		MHD_suspend_connection(conn);
		return MHD_YES;
	}
	return MHD_queue_response(conn, (unsigned)x->code, x->response);
}

/* --- the loop --- */

static int on_io(sd_event_source *src, int fd, uint32_t events, void *ctx)
{
	struct http_server *h = ctx;

	(void)src, (void)fd, (void)events;
	(void)MHD_run(h->daemon);
	return 0;
}

static int on_again(sd_event_source *src, void *ctx)
{
	struct http_server *h = ctx;

	(void)src;
	(void)MHD_run(h->daemon);
	return 0;
}

static int on_time(sd_event_source *src, uint64_t usec, void *ctx)
{
	struct http_server *h = ctx;

	(void)src, (void)usec;
	(void)MHD_run(h->daemon);
	return 0;
}

/* Before every wait: when does the library want to run at the latest? */
static int on_prepare(sd_event_source *src, void *ctx)
{
	struct http_server *h = ctx;
	MHD_UNSIGNED_LONG_LONG ms;

	(void)src;
	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
		return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	if (sd_event_source_set_time_relative(h->timer, ms * 1000) < 0)
		return -EINVAL;
	return sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static void on_log(void *ctx, const char *fmt, va_list ap)
{
	char text[512];

	(void)ctx;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("action=http message=\"%s\"", text);
}

static int attach(struct http_server *h, struct err *e)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int rc = info ? 0 : -ENOTSUP;

	if (rc >= 0)
		rc = sd_event_add_io(h->loop, &h->io, info->epoll_fd, EPOLLIN, on_io, h);
	if (rc >= 0)
		rc = sd_event_source_set_prepare(h->io, on_prepare);
	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(h->io, true);
	if (rc >= 0)
		rc = sd_event_add_time(h->loop, &h->timer, CLOCK_MONOTONIC, 0, 1000, on_time, h);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(h->timer, true);
	if (rc >= 0)
		rc = sd_event_add_defer(h->loop, &h->again, on_again, h);
	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(h->again, true);
	return rc < 0 ? err_set(e, ERR_INVALID, "event loop: %s", strerror(-rc)) : 0;
}

int http_start(const struct http_settings *set, struct sd_event *loop, struct http_server **ret,
	       struct err *e)
{
	AUTO(http_stop) struct http_server *h = http_need(calloc(1, sizeof(*h)));
	AUTO(free) char *cert = NULL;
	AUTO(free) char *key = NULL;
	AUTO(fd) int fd = -1;

	h->set = *set;
	h->loop = loop;
	if (listen_read_file(set->cert_file, &cert, e) < 0 ||
	    listen_read_file(set->key_file, &key, e) < 0 ||
	    listen_open(set->listen, &fd, &h->port, e) < 0)
		return -1;
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, cert,
		MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_CONNECTION_LIMIT,
		HTTP_CLIENTS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536, MHD_OPTION_END);
	explicit_bzero(key, strlen(key));
	if (!h->daemon)
		return err_set(e, ERR_INVALID, "%s: no TLS server with %s and %s", set->listen,
			       set->cert_file, set->key_file);
	(void)fd_steal(&fd); /* the library closes it */
	if (attach(h, e) < 0)
		return -1;
	*ret = STEAL(h);
	return 0;
}

unsigned http_port(const struct http_server *h)
{
	return h->port;
}

void http_stop(struct http_server *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->io);
	sd_event_source_disable_unref(h->timer);
	sd_event_source_disable_unref(h->again);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	free(h);
}
