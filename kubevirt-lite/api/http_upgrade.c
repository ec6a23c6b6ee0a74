/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection that switches protocols. libmicrohttpd has a way of its own (MHD_ALLOW_UPGRADE), but
 * under TLS it carries the bytes through a socket pair in pieces of 4 (0.9.75: by then its memory
 * pool is used up by the request), 40 kB/s at best. So the connection is suspended, which makes the
 * library forget its descriptor, and we use the TLS session it has set up until the end. A client
 * may not send before it has read the answer (RFC 6455, 4.1), so the library holds nothing back. */
#include "kubevirt-lite/api/http_exchange.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#define PIECE 16384 /* of a TLS record */

struct http_upgraded {
	gnutls_session_t tls;
	int fd;
	bool over;
	void (*closed)(void *ctx);
	void *ctx;
	/* GnuTLS wants what it could not send from the same place again: out[at..len). */
	size_t at, len;
	char out[PIECE];
};

static const char *header(struct MHD_Connection *conn, const char *name)
{
	const char *value = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, name);

	return value ? value : "";
}

/* "keep-alive, Upgrade" */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

bool http_upgrade_wanted(struct MHD_Connection *conn)
{
	return has_word(header(conn, "Connection"), "upgrade") &&
	       has_word(header(conn, "Upgrade"), "websocket") &&
	       strcmp(header(conn, "Sec-WebSocket-Version"), "13") == 0 &&
	       *header(conn, "Sec-WebSocket-Key");
}

static int flush(struct http_upgraded *u)
{
	while (u->at < u->len) {
		ssize_t n = gnutls_record_send(u->tls, u->out + u->at, u->len - u->at);

		if (n < 0) {
			errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN : EPIPE;
			return -1;
		}
		u->at += (size_t)n;
	}
	u->at = u->len = 0;
	return 0;
}

void http_upgrade(struct http_request *r, const char *protocol, void (*closed)(void *ctx),
		  void *ctx)
{
	struct exchange *x = exchange_of(r);
	struct http_upgraded *u = http_need(calloc(1, sizeof(*u)));
	AUTO(strbuf_done) struct strbuf head = {.max = sizeof(u->out)};

	u->closed = closed;
	u->ctx = ctx;
	u->tls = MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
	u->fd = MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	strbuf_addf(&head,
		    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n",
		    protocol);
	for (size_t i = 0; i < x->n_headers; i++)
		strbuf_addf(&head, "%s: %s\r\n", x->header[i].name, x->header[i].value);
	strbuf_addf(&head, "\r\n");
	memcpy(u->out, head.s, head.len); /* HTTP_HEADERS_MAX of them fit */
	u->len = head.len;
	x->upgraded = u;
}

int http_upgrade_fd(struct http_request *r)
{
	return exchange_of(r)->upgraded->fd;
}

ssize_t http_upgrade_recv(struct http_request *r, void *buf, size_t len)
{
	ssize_t n = gnutls_record_recv(exchange_of(r)->upgraded->tls, buf, len);

	if (n >= 0)
		return n;
	errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN : ECONNRESET;
	return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : -1;
}

bool http_upgrade_holds(struct http_request *r)
{
	return gnutls_record_check_pending(exchange_of(r)->upgraded->tls) > 0;
}

ssize_t http_upgrade_send(struct http_request *r, const void *data, size_t len)
{
	struct http_upgraded *u = exchange_of(r)->upgraded;

	if (flush(u) < 0)
		return -1;
	len = len < sizeof(u->out) ? len : sizeof(u->out);
	if (len == 0)
		return 0;
	memcpy(u->out, data, len);
	u->len = len;
	if (flush(u) < 0 && errno != EAGAIN)
		return -1;
	return (ssize_t)len; /* it is ours now, whether it has left or not */
}

bool http_upgrade_wants_send(struct http_request *r)
{
	return exchange_of(r)->upgraded->len > 0;
}

void http_upgrade_close(struct http_request *r)
{
	struct exchange *x = exchange_of(r);

	if (x->upgraded->over)
		return;
	x->upgraded->over = true;
	http_resume(x);
}

bool http_upgrade_is_over(const struct exchange *x)
{
	return x->upgraded && x->upgraded->over;
}

void http_upgrade_done(struct exchange *x)
{
	if (!x->upgraded)
		return;
	x->upgraded->closed(x->upgraded->ctx);
	free(x->upgraded);
}
