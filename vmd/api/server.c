/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a request: body read -> munge opens it (worker) -> decoded -> handler answers, at once
 * or later -> munge seals the answer for the caller (worker) -> sent. While others work on it the
 * connection is suspended, so MHD does not touch it and it cannot go away. What cannot be opened is
 * refused in plain HTTP: there is nobody to seal an answer for.
 *
 * A struct reply is touched by one thread at a time: handed to the worker whole, got back whole. */
#include "vmd/api/server.h"

#include "vmd/api/listener.h"
#include "vmd/api/peer.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/base/worker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#define MUNGE_THREADS 2
#define IDLE_S        10
#define TOTAL_S       30
#define NONCE_MAX     64

enum phase {
	READING,  /* MHD brings the body */
	WORKING,  /* suspended: munge's worker or the handler has it */
	ANSWERING /* status and answer are there */
};

struct reply {
	struct work work; /* first: the worker's handle */
	TAILQ_ENTRY(reply) link;
	struct server *server;
	struct MHD_Connection *conn;
	enum phase phase;
	/* request */
	char *body; /* a credential */
	size_t body_len, body_size;
	bool self_test; /* munge was not tested yet: do it first */
	struct peer_text opened;
	struct wire_in in;
	struct caller who;
	char nonce[NONCE_MAX + 1];
	/* answer */
	struct wire_out out;
	char *text; /* out's buffer */
	size_t text_len;
	char *answer; /* credential, or a refusal's text */
	unsigned status;
	struct err e;
};

struct server {
	struct server_handlers handlers;
	char munge_socket[108];
	struct listener *api;
	struct listener *metrics;
	struct worker *worker;
	TAILQ_HEAD(, reply) replies;
	bool munge_tested;
	bool munge_down; /* said in the log */
	bool ending;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

static void reply_free(struct reply *r)
{
	TAILQ_REMOVE(&r->server->replies, r, link);
	free(r->body);
	peer_text_done(&r->opened);
	if (r->text)
		explicit_bzero(r->text, r->out.len);
	free(r->text);
	free(r->answer);
	free(r);
}

/* Sends status and answer: MHD calls on_access once more. */
static void finish(struct reply *r, unsigned status, char *answer)
{
	assert(r->phase == WORKING);
	r->status = status;
	r->answer = answer;
	r->phase = ANSWERING;
	listener_resume(r->server->api, r->conn);
}

static unsigned refusal_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_DENIED: return MHD_HTTP_UNAUTHORIZED;
	case ERR_INVALID: return MHD_HTTP_BAD_REQUEST;
	case ERR_NONE:
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_CONFLICT:
	case ERR_ABSENT:
	case ERR_FULL: return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* In plain HTTP. */
static void refuse(struct reply *r, const struct err *e)
{
	log_debug("api=refused kind=%s err=\"%s\"", err_kind_name(e->kind), e->msg);
	finish(r, refusal_status(e->kind), need(strdup(e->msg)));
}

/* One line when munge goes, one when it is back. */
static void munge_say(struct server *s, const struct err *e)
{
	bool down = e->kind == ERR_RETRY;

	if (down && !s->munge_down)
		log_warn("api=munge result=down err=\"%s\"", e->msg);
	else if (!down && s->munge_down)
		log_info("api=munge result=up");
	s->munge_down = down;
}

/* Worker: munge opens the request. */
static void open_run(struct work *w)
{
	struct reply *r = (struct reply *)w;
	const char *nonce;

	r->e = (struct err){.kind = ERR_NONE};
	if (r->self_test && peer_self_test(r->server->munge_socket, &r->e) < 0) {
		if (r->e.kind == ERR_INVALID)
			r->e.kind = ERR_FULL; /* ours to mend, not the caller's: 503 */
		return;
	}
	r->self_test = false; /* done */
	if (peer_open(r->server->munge_socket, r->body, &r->opened, &r->e) < 0)
		return;
	r->who = (struct caller){.uid = r->opened.uid, .gid = r->opened.gid};
	if (wire_decode(r->opened.text, r->opened.len, &r->in, &r->e) < 0)
		return;
	nonce = wire_get(&r->in, "nonce");
	if (nonce && str_copy(r->nonce, sizeof(r->nonce), nonce) < 0)
		(void)err_set(&r->e, ERR_INVALID, "nonce longer than %d characters", NONCE_MAX);
}

static void open_done(struct work *w)
{
	struct reply *r = (struct reply *)w;
	struct server *s = r->server;

	munge_say(s, &r->e);
	if (!r->self_test)
		s->munge_tested = true;
	if (s->ending)
		(void)err_set(&r->e, ERR_RETRY, "vmd is going down");
	if (r->e.kind != ERR_NONE) {
		refuse(r, &r->e);
		return;
	}
	r->text = need(malloc(WIRE_MAX + 1));
	wire_begin(&r->out, r->text, WIRE_MAX + 1);
	wire_add(&r->out, "nonce", r->nonce);
	wire_add(&r->out, "ok", "1");
	s->handlers.handle(s->handlers.ctx, &r->who, &r->in, r);
}

/* Worker: munge seals the answer. */
static void seal_run(struct work *w)
{
	struct reply *r = (struct reply *)w;

	r->e = (struct err){.kind = ERR_NONE};
	(void)peer_seal(r->server->munge_socket, r->who.uid, r->text, r->text_len, &r->answer,
			&r->e);
}

static void seal_done(struct work *w)
{
	struct reply *r = (struct reply *)w;

	munge_say(r->server, &r->e);
	if (r->e.kind != ERR_NONE)
		refuse(r, &r->e);
	else
		finish(r, MHD_HTTP_OK, STEAL(r->answer));
}

static void submit(struct reply *r, void (*run)(struct work *w), void (*done)(struct work *w))
{
	struct err e;

	r->work = (struct work){.run = run, .done = done};
	if (r->server->ending || worker_submit(r->server->worker, &r->work, &e) < 0) {
		(void)err_set(&e, ERR_RETRY, "vmd has too much to do, try again");
		refuse(r, &e);
	}
}

struct wire_out *reply_out(struct reply *r)
{
	return &r->out;
}

void reply_send(struct reply *r)
{
	struct err e;

	if (wire_end(&r->out, &r->text_len, &e) < 0) {
		reply_error(r, &e);
		return;
	}
	submit(r, seal_run, seal_done);
}

void reply_error(struct reply *r, const struct err *e)
{
	struct err e2;

	explicit_bzero(r->text, r->out.len);
	wire_begin(&r->out, r->text, WIRE_MAX + 1);
	wire_add(&r->out, "nonce", r->nonce);
	wire_add(&r->out, "error", e->msg);
	wire_add(&r->out, "kind", err_kind_name(e->kind));
	if (wire_end(&r->out, &r->text_len, &e2) < 0)
		abort(); /* err.msg and nonce are small */
	submit(r, seal_run, seal_done);
}

static enum MHD_Result send_text(struct MHD_Connection *conn, unsigned status, const char *type,
				 const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!response)
		return MHD_NO;
	rc = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (rc == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		rc = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, POST");
	if (rc == MHD_YES)
		rc = MHD_queue_response(conn, status, response);
	MHD_destroy_response(response);
	return rc;
}

static const char plain[] = "text/plain; charset=utf-8";

/* The first call for a request: is it one of ours, and not too large? */
static enum MHD_Result request_begin(struct server *s, struct MHD_Connection *conn, const char *url,
				     const char *method, void **con_cls)
{
	const char *length =
		MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n = 0;
	struct reply *r;

	if (strcmp(url, "/v1") != 0)
		return send_text(conn, MHD_HTTP_NOT_FOUND, plain, "no such path");
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return send_text(conn, MHD_HTTP_METHOD_NOT_ALLOWED, plain, "POST only");
	if (!length)
		return send_text(conn, MHD_HTTP_LENGTH_REQUIRED, plain, "Content-Length?");
	if (str_to_u64(length, PEER_CRED_MAX, &n) < 0)
		return send_text(conn, MHD_HTTP_CONTENT_TOO_LARGE, plain, "request too large");
	r = need(calloc(1, sizeof(*r)));
	r->server = s;
	r->conn = conn;
	r->body_size = (size_t)n + 1;
	r->body = need(malloc(r->body_size));
	TAILQ_INSERT_TAIL(&s->replies, r, link);
	*con_cls = r;
	return MHD_YES;
}

static enum MHD_Result body_add(struct reply *r, const char *data, size_t *len)
{
	if (r->phase != READING || *len >= r->body_size - r->body_len)
		return MHD_NO; /* more than Content-Length said */
	memcpy(r->body + r->body_len, data, *len);
	r->body_len += *len;
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result on_api(void *cls, struct MHD_Connection *conn, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_len, void **con_cls)
{
	struct server *s = cls;
	struct reply *r = *con_cls;

	(void)version;
	if (!r)
		return request_begin(s, conn, url, method, con_cls);
	if (*data_len > 0)
		return body_add(r, data, data_len);
	if (r->phase == ANSWERING)
		return send_text(conn, r->status, plain, r->answer);
	r->body[r->body_len] = '\0';
	r->phase = WORKING;
	r->self_test = !s->munge_tested;
	MHD_suspend_connection(conn);
	submit(r, open_run, open_done);
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	(void)cls, (void)conn, (void)why;
	if (*con_cls)
		reply_free(*con_cls);
	*con_cls = NULL;
}

static enum MHD_Result send_metrics(struct server *s, struct MHD_Connection *conn)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	s->handlers.metrics(s->handlers.ctx, &b);
	if (b.overflow)
		return send_text(conn, MHD_HTTP_INTERNAL_SERVER_ERROR, plain, "too long");
	return send_text(conn, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
			 b.s ? b.s : "");
}

static enum MHD_Result send_health(struct server *s, struct MHD_Connection *conn)
{
	struct err e = {.msg = "ok"};

	if (s->handlers.health(s->handlers.ctx, &e) < 0)
		return send_text(conn, MHD_HTTP_SERVICE_UNAVAILABLE, plain, e.msg);
	return send_text(conn, MHD_HTTP_OK, plain, e.msg);
}

static enum MHD_Result on_metrics(void *cls, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **con_cls)
{
	(void)version, (void)data, (void)data_len, (void)con_cls;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return send_text(conn, MHD_HTTP_METHOD_NOT_ALLOWED, plain, "GET only");
	if (strcmp(url, "/metrics") == 0)
		return send_metrics(cls, conn);
	if (strcmp(url, "/healthz") == 0)
		return send_health(cls, conn);
	return send_text(conn, MHD_HTTP_NOT_FOUND, plain, "see /metrics and /healthz");
}

/* At start; blocks for a moment, before the loop runs. */
static int munge_test(struct server *s, struct err *e)
{
	struct err why = {.kind = ERR_NONE};

	if (peer_self_test(s->munge_socket, &why) < 0 && why.kind != ERR_RETRY) {
		*e = why;
		return -1;
	}
	s->munge_tested = why.kind == ERR_NONE;
	munge_say(s, &why);
	return 0;
}

int server_new(struct sd_event *loop, const struct server_settings *s,
	       const struct server_handlers *h, struct server **ret, struct err *e)
{
	AUTO(server_free) struct server *srv = need(calloc(1, sizeof(*srv)));
	struct listener_settings api = {.address = s->listen,
					.idle_s = IDLE_S,
					.total_s = TOTAL_S,
					.access = on_api,
					.completed = on_completed,
					.ctx = srv};
	struct listener_settings metrics = {.address = s->metrics_listen,
					    .idle_s = IDLE_S,
					    .total_s = TOTAL_S,
					    .access = on_metrics,
					    .ctx = srv};

	TAILQ_INIT(&srv->replies);
	srv->handlers = *h;
	if (s->munge_socket &&
	    str_copy(srv->munge_socket, sizeof(srv->munge_socket), s->munge_socket) < 0)
		return err_set(e, ERR_INVALID, "munge_socket: path too long");
	if (munge_test(srv, e) < 0 ||
	    worker_new(loop, "munge", MUNGE_THREADS, LISTENER_CONNECTIONS, &srv->worker, e) < 0 ||
	    listener_new(loop, &api, &srv->api, e) < 0)
		return -1;
	if (s->metrics_listen && *s->metrics_listen &&
	    listener_new(loop, &metrics, &srv->metrics, e) < 0)
		return -1;
	*ret = STEAL(srv);
	return 0;
}

void server_free(struct server *s)
{
	struct reply *r;

	if (!s)
		return;
	s->ending = true;
	worker_free(s->worker); /* what it had is finished by now */
	s->worker = NULL;
	TAILQ_FOREACH(r, &s->replies, link)
	if (r->phase == WORKING)
		finish(r, MHD_HTTP_SERVICE_UNAVAILABLE, need(strdup("vmd is going down")));
	listener_free(s->api);
	listener_free(s->metrics);
	free(s);
}

uint16_t server_port(const struct server *s)
{
	return listener_port(s->api);
}

uint16_t server_metrics_port(const struct server *s)
{
	return s->metrics ? listener_port(s->metrics) : 0;
}

int64_t server_worker_age_us(const struct server *s)
{
	return worker_age_us(s->worker);
}
