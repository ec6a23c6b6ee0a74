/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's two listeners in the event loop: POST /v1 for requests sealed by munge (wire.h), and a
 * GET-only one for /metrics and /healthz. Everything here is called on the loop thread and never
 * blocks; munge is asked on worker threads. Bounds: connections, headers, body, idle and total
 * time. */
#ifndef VMD_API_SERVER_H
#define VMD_API_SERVER_H

#include "vmd/api/wire.h"

struct sd_event;
struct strbuf;
struct server;
struct reply; /* one request that waits for its answer */

/* Who sealed the request, by munge's word. */
struct caller {
	uint32_t uid;
	uint32_t gid;
};

struct server_handlers {
	void *ctx;
	/* One request. Answers exactly once, now or later, by reply_send() or reply_error(). in is
	 * borrowed for the call. */
	void (*handle)(void *ctx, const struct caller *who, const struct wire_in *in,
		       struct reply *r);
	/* The text of GET /metrics. */
	void (*metrics)(void *ctx, struct strbuf *out);
	/* GET /healthz: 0 is 200 with e->msg, "ok" before; -1 is 503 with the error's text. */
	int (*health)(void *ctx, struct err *e);
};

struct server_settings {
	const char *listen;         /* "192.168.170.190:6830"; port 0: any free one, for tests */
	const char *metrics_listen; /* "" or NULL: none */
	const char *munge_socket;   /* "" or NULL: libmunge's default */
};

/* Listens and joins the loop. Strings are copied. ERR_INVALID: an address is no address, or munge
 * gives others' secrets away (peer_self_test); a munged that is not running is no error: requests
 * are refused with that reason until it is there. */
int server_new(struct sd_event *loop, const struct server_settings *s,
	       const struct server_handlers *h, struct server **ret, struct err *e);
/* For tests; vmd leaves by _exit(). Replies still owed may be given (to nobody) until then, not
 * after. */
void server_free(struct server *s);
DEFINE_AUTO(struct server *, server_free)
uint16_t server_port(const struct server *s);
uint16_t server_metrics_port(const struct server *s);
int64_t server_worker_age_us(const struct server *s); /* munge's worker: see worker_age_us() */

/* Where to add the fields of a good answer: "ok" and "nonce" are there already. */
struct wire_out *reply_out(struct reply *r);
/* Both end r's life. What does not fit is answered with an error. */
void reply_send(struct reply *r);
void reply_error(struct reply *r, const struct err *e);

#endif
