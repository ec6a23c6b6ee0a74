/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client end of a websocket over TLS, as KubeVirt's vnc, console and portforward are: a byte
 * stream (see frames.h). Two ways to use it: websocket_send and websocket_recv wait, up to a
 * deadline; or poll(2) for websocket_fd and websocket_events, websocket_run, take and put.
 * Connecting waits in any case: from an event loop it belongs on a worker. One thread at a time. */
#ifndef VMD_WEBSOCKET_WEBSOCKET_H
#define VMD_WEBSOCKET_WEBSOCKET_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBSOCKET_PLAIN "plain.kubevirt.io"

struct websocket;

struct websocket_address {
	const char *server;   /* "https://HOST:PORT" */
	const char *ca_file;  /* PEM; NULL: see ca_text */
	const char *ca_text;  /* PEM; NULL, if there is no file either: the system's authorities */
	const char *token;    /* a bearer token; NULL: none */
	const char *path;     /* "/apis/subresources.kubevirt.io/v1/namespaces/NS/..." */
	const char *protocol; /* WEBSOCKET_PLAIN; NULL: none */
};

/* Connects, and waits for the server's word, timeout_ms at most. ERR_RETRY: not reachable, or not
 * in time; ERR_DENIED, ERR_ABSENT, ERR_CONFLICT, ERR_INVALID as the server said, with its text. */
int websocket_open(const struct websocket_address *a, int timeout_ms, struct websocket **ret,
		   struct err *e);
/* Without a goodbye, if websocket_bye was not called. */
void websocket_free(struct websocket *w);
DEFINE_AUTO(struct websocket *, websocket_free)

/* All of data, or -1: ERR_RETRY (not in time, or the connection broke), ERR_INVALID. */
int websocket_send(struct websocket *w, const void *data, size_t len, int timeout_ms,
		   struct err *e);
/* At least one byte, at most size; *ret 0: the peer has ended it. ERR_RETRY: nothing came in time,
 * which may be asked again, or the connection broke (websocket_is_open tells). */
int websocket_recv(struct websocket *w, void *buf, size_t size, int timeout_ms, size_t *ret,
		   struct err *e);
/* Says goodbye and waits for the peer's, timeout_ms at most. */
void websocket_bye(struct websocket *w, int timeout_ms);
bool websocket_is_open(const struct websocket *w);

/* For a loop. */
int websocket_fd(const struct websocket *w);
short websocket_events(const struct websocket *w); /* POLLIN, POLLOUT */
/* Does what it can without waiting. Once more after a take: TLS may hold bytes that no longer show
 * on the descriptor. -1 as websocket_recv. */
int websocket_run(struct websocket *w, struct err *e);
size_t websocket_take(struct websocket *w, void *buf, size_t size);
size_t websocket_room(const struct websocket *w);
void websocket_put(struct websocket *w, const void *data, size_t len); /* len <= room */

#endif
