/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTPS on the loop: libmicrohttpd behind four calls. Whole requests in, answers or streams out,
 * at once or later. Nothing in here knows Kubernetes. */
#ifndef KUBEVIRT_LITE_HTTP_H
#define KUBEVIRT_LITE_HTTP_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_BODY_MAX    (3U << 20) /* as the real server */
#define HTTP_HEADERS_MAX 8
#define HTTP_CLIENTS_MAX 512

struct sd_event;
struct http_server;
struct http_stream;

struct http_request {
	const char *method;
	const char *uri;                                   /* path and query, not decoded */
	const char *authorization, *content_type, *accept; /* NULL: absent */
	const char *body;
	size_t body_len;
	void *user;                    /* the handler's own, */
	void (*user_free)(void *user); /* freed with the request */
};

struct http_settings {
	const char *listen; /* "192.168.170.190:6443", "[::1]:0" */
	const char *cert_file, *key_file;
	/* Called with the whole request, which lives until its answer is sent or the client is
	 * gone. Must lead to exactly one http_answer or http_stream. */
	void (*handler)(void *ctx, struct http_request *r);
	void *ctx;
};

int http_start(const struct http_settings *set, struct sd_event *loop, struct http_server **ret,
	       struct err *e);
unsigned http_port(const struct http_server *h); /* the one that was given for port 0 */
void http_stop(struct http_server *h);
DEFINE_AUTO(struct http_server *, http_stop)

/* To be called before the answer; at most HTTP_HEADERS_MAX. */
void http_header(struct http_request *r, const char *name, const char *value);
/* body is copied; type NULL: no body and no Content-Type. */
void http_answer(struct http_request *r, int code, const char *type, const char *body, size_t len);

/* An answer in pieces (200). closed is called once when the client has gone or http_stream_end was
 * sent to the end; then the stream is freed. */
struct http_stream *http_stream(struct http_request *r, const char *type, void (*closed)(void *ctx),
				void *ctx);
/* -1: the client does not read and HTTP_STREAM_MAX bytes wait: the stream is cut. */
#define HTTP_STREAM_MAX (64U << 20)
int http_stream_send(struct http_stream *st, const char *data, size_t len);
void http_stream_end(struct http_stream *st);

#endif
