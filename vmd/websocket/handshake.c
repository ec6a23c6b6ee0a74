/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of HTTP/1.1 to ask for a websocket and to read the answer. A server that refuses says
 * why in a body with a Content-Length; one that sends chunks instead is believed by its status
 * alone. What is read here comes over TLS from a server whose certificate was checked, and is
 * bounded all the same. */
#include "vmd/websocket/handshake.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define KEY_BYTES 16
#define SHA1_LEN  20

int handshake_key(char *ret, struct err *e)
{
	unsigned char raw[KEY_BYTES];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return err_set(e, ERR_RETRY, "getrandom: %s", strerror(errno));
	(void)EVP_EncodeBlock((unsigned char *)ret, raw, sizeof(raw));
	return 0;
}

void handshake_accept(const char *key, char *ret)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
	char text[128];
	unsigned char sum[EVP_MAX_MD_SIZE];

	/* A key of another length is no key: the answer to it fits nobody's. */
	(void)snprintf(text, sizeof(text), "%.64s%s", key, guid);
	if (EVP_Digest(text, strlen(text), sum, NULL, EVP_sha1(), NULL) != 1)
		abort(); /* libcrypto without SHA-1, or out of memory */
	(void)EVP_EncodeBlock((unsigned char *)ret, sum, SHA1_LEN);
}

static bool is_line(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 127)
			return false;
	return true;
}

int handshake_write(const struct handshake_request *r, struct strbuf *out, struct err *e)
{
	if (*r->path != '/' || !is_line(r->host) || !is_line(r->path) ||
	    (r->token && !is_line(r->token)) || (r->protocol && !is_line(r->protocol)))
		return err_set(e, ERR_INVALID,
			       "the server's address, path or token holds a character that is not "
			       "allowed there");
	strbuf_addf(out,
		    "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
		    r->path, r->host, r->key);
	if (r->protocol)
		strbuf_addf(out, "Sec-WebSocket-Protocol: %s\r\n", r->protocol);
	if (r->token)
		strbuf_addf(out, "Authorization: Bearer %s\r\n", r->token);
	strbuf_addf(out, "\r\n");
	return out->overflow ? err_set(e, ERR_INVALID, "the request is too long") : 0;
}

/* --- the answer --- */

struct head {
	char upgrade[32], accept[64], protocol[128];
	uint64_t length;
	bool has_length;
};

/* "HTTP/1.1 101 Switching Protocols" */
static int read_status(const char *line, size_t len, int *ret)
{
	if (len < 12 || memcmp(line, "HTTP/1.1 ", 9) != 0)
		return -1;
	for (int i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -1;
	if (len > 12 && line[12] != ' ')
		return -1;
	*ret = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	return *ret >= 100 && *ret < 600 ? 0 : -1;
}

/* Copies the value if line is that header. -1: too long, or it was there before. */
static int read_value(const char *line, size_t len, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);

	if (len < n + 1 || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return 0;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (*ret || len >= size || memchr(line, '\0', len))
		return -1;
	memcpy(ret, line, len);
	ret[len] = '\0';
	return 0;
}

static int read_line(const char *line, size_t len, struct head *h)
{
	char length[24] = "";

	if (read_value(line, len, "Upgrade", h->upgrade, sizeof(h->upgrade)) < 0 ||
	    read_value(line, len, "Sec-WebSocket-Accept", h->accept, sizeof(h->accept)) < 0 ||
	    read_value(line, len, "Sec-WebSocket-Protocol", h->protocol, sizeof(h->protocol)) < 0 ||
	    read_value(line, len, "Content-Length", length, sizeof(length)) < 0)
		return -1;
	if (!*length)
		return 0;
	if (h->has_length || str_to_u64(length, HANDSHAKE_BODY_MAX, &h->length) < 0)
		return -1;
	h->has_length = true;
	return 0;
}

/* data is the head with the end of its last line, and without the empty one. */
static int read_head(const char *data, size_t len, int *ret_status, struct head *h)
{
	const char *end = data + len;

	for (const char *line = data; line < end;) {
		const char *eol = memmem(line, (size_t)(end - line), "\r\n", 2);
		size_t n = (size_t)(eol - line);

		if (line == data ? read_status(line, n, ret_status) : read_line(line, n, h))
			return -1;
		line = eol + 2;
	}
	return 0;
}

static int check_accepted(const struct head *h, const struct handshake_request *r, struct err *e)
{
	char accept[HANDSHAKE_ACCEPT_SIZE];

	handshake_accept(r->key, accept);
	if (strcasecmp(h->upgrade, "websocket") != 0 || !str_eq(h->accept, accept))
		return err_set(e, ERR_INVALID, "the server's answer belongs to another question");
	if (r->protocol ? !str_eq(h->protocol, r->protocol) : *h->protocol != '\0')
		return err_set(e, ERR_INVALID,
			       "the server does not speak the websocket protocol '%s'",
			       r->protocol ? r->protocol : "");
	return 0;
}

int handshake_read(const char *data, size_t len, const struct handshake_request *r,
		   struct handshake_reply *ret, struct err *e)
{
	size_t seen = len < HANDSHAKE_HEAD_MAX ? len : HANDSHAKE_HEAD_MAX;
	const char *empty = memmem(data, seen, "\r\n\r\n", 4);
	struct handshake_reply reply = {.status = 0};
	struct head h = {.length = 0};
	size_t head;

	if (!empty && len >= HANDSHAKE_HEAD_MAX)
		return err_set(e, ERR_INVALID, "the answer's headers are too long");
	if (!empty)
		return 0;
	head = (size_t)(empty - data) + 4;
	if (read_head(data, head - 2, &reply.status, &h) < 0)
		return err_set(e, ERR_INVALID, "the answer is not that of a Kubernetes API server");
	reply.rest = data + head;
	reply.rest_len = len - head;
	if (reply.status == 101) {
		if (check_accepted(&h, r, e) < 0)
			return -1;
	} else {
		if (!h.has_length)
			h.length = 0;
		if (reply.rest_len < h.length)
			return 0;
		reply.rest_len = (size_t)h.length;
	}
	*ret = reply;
	return 1;
}

static enum err_kind kind_of(int status)
{
	switch (status) {
	case 401:
	case 403: return ERR_DENIED;
	case 404: return ERR_ABSENT;
	case 409: return ERR_CONFLICT;
	case 408:
	case 429: return ERR_RETRY;
	default: return status >= 500 ? ERR_RETRY : ERR_INVALID;
	}
}

int handshake_refused(const struct handshake_reply *r, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err unread;
	char text[200], raw[200];
	const char *message = NULL;
	size_t n = r->rest_len < sizeof(raw) - 1 ? r->rest_len : sizeof(raw) - 1;

	memcpy(raw, r->rest, n);
	raw[n] = '\0';
	raw[strcspn(raw, "\r\n")] = '\0';
	if (json_parse(r->rest, r->rest_len, &doc, &unread) == 0)
		message = json_str_at(doc, "message");
	str_cut(text, sizeof(text), message ? message : raw);
	return err_set(e, kind_of(r->status), "%s%s(HTTP status %d)", text, *text ? " " : "",
		       r->status);
}
