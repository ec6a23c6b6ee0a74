/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTPS requests to one API server on the event loop (libcurl multi on sd-event). Loop thread only;
 * nothing blocks. libcurl is known here and in kube_transfer.c only. */
#ifndef VMD_KUBE_KUBE_HTTP_H
#define VMD_KUBE_KUBE_HTTP_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sd_event;
struct http;
struct http_transfer;
struct lease_gate;

struct http_settings {
	const char *server;     /* "https://192.168.170.190:6443" */
	const char *ca_file;    /* "": the system's authorities */
	const char *token_file; /* "": no token */
	int64_t timeout_us;     /* of one request, from http_send to the answer */
	unsigned parallel_max;  /* requests on the wire; streams are not counted */
	unsigned queue_max;     /* requests waiting for their turn */
	/* What changes something is sent only while this is open, else it ends with ERR_RETRY;
	 * asked when its turn has come. NULL: always. Borrowed. */
	const struct lease_gate *gate;
};

struct http_reply {
	long status;      /* 0: no answer came */
	const char *body; /* borrowed for the call, terminated */
	size_t len;
	int64_t retry_after_s; /* 0: the server did not say */
	int64_t date_s;        /* the server's clock, seconds since 1970; 0: it did not say */
	int64_t took_us;       /* on the wire, without the time in the queue */
};

/* e->kind ERR_NONE: a 2xx answer, whole. Otherwise the kind and text that status_check() gives, or
 * what went wrong on the way: ERR_RETRY if the request cannot have been carried out, else
 * ERR_UNSURE (a GET is always ERR_RETRY). */
typedef void (*http_done_fn)(void *ctx, const struct http_reply *r, const struct err *e);
/* A stream's 2xx answer: first with len 0 when its head is in, then each piece of the body. -1 with
 * e cuts the stream: done gets that e. May start requests, but may not cancel any. */
typedef int (*http_chunk_fn)(void *ctx, const char *data, size_t len, struct err *e);

/* Everything is copied. */
struct http_request {
	const char *method;
	const char *path;         /* with query, percent-encoded: see http_escape */
	const char *accept;       /* NULL: application/json */
	const char *content_type; /* NULL: application/json */
	const char *body;         /* NULL: none. Wiped afterwards */
	size_t body_max;          /* of the answer; 0: 1 MiB */
	int64_t timeout_us;       /* 0: that of the settings */
	http_done_fn done;        /* from the loop, once, never from within http_send */
	http_chunk_fn chunk; /* NULL: the body is collected. Else a stream: no total deadline, but
				cut after HTTP_STREAM_SILENCE_S without a byte */
	void *ctx;
};

#define HTTP_STREAM_SILENCE_S 150

/* Opens no connection yet. Borrows loop; copies s. ERR_INVALID: libcurl refuses the settings, or
 * one is too long; ERR_RETRY: no memory. */
int http_new(struct sd_event *loop, const struct http_settings *s, struct http **ret,
	     struct err *e);
void http_free(struct http *h); /* done is not called for what is under way */
DEFINE_AUTO(struct http *, http_free)

/* -1: not started, done is not called. ret (may be NULL) is valid until done. */
int http_send(struct http *h, const struct http_request *r, struct http_transfer **ret,
	      struct err *e);
void http_cancel(struct http_transfer *t); /* done is not called; NULL is fine */

struct sd_event *http_loop(struct http *h); /* for timers */

/* Percent-encodes all but unreserved characters. -1: does not fit. */
int http_escape(const char *s, char *buf, size_t size);

#endif
