/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTPS on the loop: libmicrohttpd behind four calls. Whole requests in, answers or streams out,
 * at once or later. Nothing in here knows Kubernetes. */
#ifndef KUBEVIRT_LITE_HTTP_H
#define KUBEVIRT_LITE_HTTP_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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
	bool websocket;                                    /* it asks for one, in a way we know */
	const char *websocket_key, *websocket_protocols;   /* NULL: absent */
	const char *body;                                  /* terminated */
	size_t body_len;
	void *user;                    /* the handler's own, */
	void (*user_free)(void *user); /* freed with the request */
};

struct http_settings {
	const char *listen; /* "192.168.170.190:6443", "[::1]:0" */
	const char *cert_file, *key_file;
	/* Called with the whole request, which lives until its answer is sent or the client is
	 * gone. Must lead to exactly one http_answer, http_stream or http_upgrade. */
	void (*handler)(void *ctx, struct http_request *r);
	void *ctx;
};

/* ERR_INVALID: the address, the certificate or its key cannot be used. Borrows set's texts for the
 * call. */
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
void http_stream_cut(struct http_stream *st); /* at once, in the middle of a word */

/* Another protocol on the connection: after the answer 101, with the headers given by http_header,
 * its bytes go through these, in the clear, until http_upgrade_close. closed is called once, when
 * the connection has ended; nothing of it may be used after that. */
void http_upgrade(struct http_request *r, const char *protocol, void (*closed)(void *ctx),
		  void *ctx);
int http_upgrade_fd(struct http_request *r); /* to be watched, nothing else */
/* As recv(2) and send(2) on a socket that does not wait. Bytes may wait that no longer show on fd:
 * recv until EAGAIN. What send takes may be kept; then wants_send tells that fd must be watched for
 * it, and any send (of nothing, too) goes on with it. */
ssize_t http_upgrade_recv(struct http_request *r, void *buf, size_t len);
bool http_upgrade_holds(struct http_request *r); /* ... such bytes wait */
ssize_t http_upgrade_send(struct http_request *r, const void *data, size_t len);
bool http_upgrade_wants_send(struct http_request *r);
void http_upgrade_close(struct http_request *r); /* closed() is called later */

#endif
