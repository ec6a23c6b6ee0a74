/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, TCP and TLS by libcurl (CURLOPT_CONNECT_ONLY: it connects and then lends its connection),
 * the handshake by handshake.c, the frames by frames.c.
 *
 * Facts this is built on (libcurl 7.88): with an OpenSSL backend, a send that would have to wait
 * must be repeated with the same bytes from the same place, so what is sent is kept in a buffer of
 * ours; curl_easy_recv may leave decrypted bytes behind, so it is called until it says CURLE_AGAIN.
 */
#include "vmd/websocket/websocket.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/websocket/frames.h"
#include "vmd/websocket/handshake.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#define REPLY_MAX (HANDSHAKE_HEAD_MAX + HANDSHAKE_BODY_MAX)
#define PIECE     16384

DEFINE_AUTO(CURL *, curl_easy_cleanup)

struct websocket {
	CURL *easy;
	curl_socket_t fd;
	struct frames *frames;
	char *early; /* frames that came with the handshake's answer: early[early_at..early_len) */
	size_t early_at, early_len;
	size_t out_at, out_len; /* out[out_at..out_len) is to be sent, from this very place */
	bool failed;
	unsigned char out[PIECE];
};

/* --- the transport --- */

static int flush(struct websocket *w)
{
	while (w->out_at < w->out_len) {
		size_t n = 0;
		CURLcode rc =
			curl_easy_send(w->easy, w->out + w->out_at, w->out_len - w->out_at, &n);

		if (rc != CURLE_OK) {
			errno = rc == CURLE_AGAIN ? EAGAIN : EPIPE;
			return -1;
		}
		w->out_at += n;
	}
	w->out_at = w->out_len = 0;
	return 0;
}

static ssize_t on_send(void *self, const void *data, size_t len)
{
	struct websocket *w = self;

	if (flush(w) < 0)
		return -1;
	len = len < sizeof(w->out) ? len : sizeof(w->out);
	memcpy(w->out, data, len);
	w->out_len = len;
	if (flush(w) < 0 && errno != EAGAIN)
		return -1;
	return (ssize_t)len; /* it is ours now, whether it has left or not */
}

static ssize_t on_recv(void *self, void *buf, size_t len)
{
	struct websocket *w = self;
	size_t n = w->early_len - w->early_at;
	CURLcode rc;

	if (n > 0) {
		n = n < len ? n : len;
		memcpy(buf, w->early + w->early_at, n);
		w->early_at += n;
		return (ssize_t)n;
	}
	rc = curl_easy_recv(w->easy, buf, len, &n);
	if (rc == CURLE_OK)
		return (ssize_t)n;
	errno = rc == CURLE_AGAIN ? EAGAIN : ECONNRESET;
	return -1;
}

/* --- opening it --- */

static int wait_for(curl_socket_t fd, short events, int64_t deadline_us, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left_us = deadline_us - clock_mono_us();
		int n = left_us > 0 ? poll(&p, 1, (int)(left_us / 1000) + 1) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return err_set(e, ERR_RETRY, "no answer in time");
		if (errno != EINTR && errno != EAGAIN)
			return err_set(e, ERR_RETRY, "poll: %s", strerror(errno));
	}
}

static int connect_tls(struct websocket *w, const struct websocket_address *a, int timeout_ms,
		       struct err *e)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc;

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(w->easy, option, value) != CURLE_OK)                          \
			abort(); /* out of memory, or built against another libcurl */             \
	} while (0)
	SET(CURLOPT_URL, a->server);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");           /* the API server is inside, whatever https_proxy says */
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L); /* HTTP/2 has no place for this handshake */
	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_ERRORBUFFER, why);
	if (a->ca_file || a->ca_text)
		SET(CURLOPT_CAPATH, NULL); /* these authorities and none of the system's */
	if (a->ca_file) {
		SET(CURLOPT_CAINFO, a->ca_file);
	} else if (a->ca_text) {
		struct curl_blob pem = {.data = (void *)a->ca_text,
					.len = strlen(a->ca_text),
					.flags = CURL_BLOB_COPY};

		SET(CURLOPT_CAINFO_BLOB, &pem);
	}
	rc = curl_easy_perform(w->easy);
	SET(CURLOPT_ERRORBUFFER, NULL);
#undef SET
	if (rc != CURLE_OK)
		return err_set(e, ERR_RETRY, "%s", why[0] ? why : curl_easy_strerror(rc));
	if (curl_easy_getinfo(w->easy, CURLINFO_ACTIVESOCKET, &w->fd) != CURLE_OK ||
	    w->fd == CURL_SOCKET_BAD)
		return err_set(e, ERR_RETRY, "the connection broke");
	return 0;
}

static int send_request(struct websocket *w, const struct handshake_request *r, int64_t deadline_us,
			struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.max = 3 * PIECE};
	int rc = handshake_write(r, &text, e);
	size_t at = 0;

	while (rc == 0 && (at < text.len || w->out_len > 0)) {
		ssize_t n = at < text.len ? on_send(w, text.s + at, text.len - at) : flush(w);

		if (n < 0 && errno != EAGAIN)
			rc = err_set(e, ERR_RETRY, "the connection broke");
		else if (n < 0 || w->out_len > 0)
			rc = wait_for(w->fd, POLLOUT, deadline_us, e);
		at += n > 0 ? (size_t)n : 0;
	}
	explicit_bzero(w->out, sizeof(w->out)); /* the token was in it */
	if (text.s)
		explicit_bzero(text.s, text.len);
	return rc;
}

/* Early bytes of the stream stay in w->early. */
static int read_reply(struct websocket *w, const struct handshake_request *r, int64_t deadline_us,
		      struct err *e)
{
	struct handshake_reply reply;
	int rc = 0;

	w->early = malloc(REPLY_MAX);
	if (!w->early)
		abort();
	while (rc == 0) {
		size_t n = 0;
		CURLcode code = curl_easy_recv(w->easy, w->early + w->early_len,
					       REPLY_MAX - w->early_len, &n);

		if (code == CURLE_AGAIN) {
			if (wait_for(w->fd, POLLIN, deadline_us, e) < 0)
				return -1;
			continue;
		}
		if (code != CURLE_OK || n == 0)
			return err_set(e, ERR_RETRY, "the connection was closed without an answer");
		w->early_len += n;
		rc = handshake_read(w->early, w->early_len, r, &reply, e);
	}
	if (rc < 0)
		return -1;
	if (reply.status != 101)
		return handshake_refused(&reply, e);
	w->early_at = (size_t)(reply.rest - w->early);
	return 0;
}

static int open_all(struct websocket *w, const struct websocket_address *a, int timeout_ms,
		    struct err *e)
{
	static const char scheme[] = "https://";
	int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
	char host[300], key[HANDSHAKE_KEY_SIZE];
	struct handshake_request r = {.host = host,
				      .path = a->path,
				      .token = a->token,
				      .protocol = a->protocol,
				      .key = key};
	struct frames_io io = {.self = w, .recv = on_recv, .send = on_send};

	if (!str_starts(a->server, scheme) ||
	    str_copy(host, sizeof(host), a->server + strlen(scheme)) < 0)
		return err_set(e, ERR_INVALID, "'%.100s' is not https://HOST:PORT", a->server);
	host[strcspn(host, "/")] = '\0';
	if (handshake_key(key, e) < 0 || connect_tls(w, a, timeout_ms, e) < 0 ||
	    send_request(w, &r, deadline_us, e) < 0 || read_reply(w, &r, deadline_us, e) < 0)
		return -1;
	w->frames = frames_new(FRAMES_CLIENT, &io);
	return 0;
}

int websocket_open(const struct websocket_address *a, int timeout_ms, struct websocket **ret,
		   struct err *e)
{
	AUTO(websocket_free) struct websocket *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->fd = CURL_SOCKET_BAD;
	w->easy = curl_easy_init();
	if (!w->easy)
		abort();
	if (open_all(w, a, timeout_ms, e) < 0)
		return err_wrap(e, "%.80s", a->server);
	*ret = STEAL(w);
	return 0;
}

void websocket_free(struct websocket *w)
{
	if (!w)
		return;
	frames_free(w->frames);
	curl_easy_cleanup(w->easy);
	free(w->early);
	free(w);
}

/* --- for a loop --- */

int websocket_fd(const struct websocket *w)
{
	return w->fd;
}

short websocket_events(const struct websocket *w)
{
	return (short)((frames_wants_recv(w->frames) ? POLLIN : 0) |
		       (frames_wants_send(w->frames) || w->out_len > 0 ? POLLOUT : 0));
}

int websocket_run(struct websocket *w, struct err *e)
{
	int rc;

	if (w->failed)
		return err_set(e, ERR_RETRY, "the connection broke");
	rc = frames_run(w->frames, e);
	if (rc == 0 && w->out_len > 0 && flush(w) < 0 && errno != EAGAIN &&
	    !frames_has_ended(w->frames))
		rc = err_set(e, ERR_RETRY, "the connection broke");
	w->failed = rc < 0;
	return rc;
}

size_t websocket_take(struct websocket *w, void *buf, size_t size)
{
	return frames_take(w->frames, buf, size);
}

size_t websocket_room(const struct websocket *w)
{
	return frames_room(w->frames);
}

void websocket_put(struct websocket *w, const void *data, size_t len)
{
	frames_put(w->frames, data, len);
}

bool websocket_is_open(const struct websocket *w)
{
	return !w->failed && (frames_waiting(w->frames) > 0 || !frames_has_ended(w->frames));
}

/* --- waiting --- */

int websocket_send(struct websocket *w, const void *data, size_t len, int timeout_ms, struct err *e)
{
	int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
	const char *at = data;

	for (;;) {
		size_t n = websocket_room(w);

		n = n < len ? n : len;
		n = n < PIECE ? n : PIECE;
		if (n > 0)
			websocket_put(w, at, n);
		at += n;
		len -= n;
		if (websocket_run(w, e) < 0)
			return -1;
		if (frames_has_ended(w->frames))
			return err_set(e, ERR_RETRY, "the peer has ended the connection");
		if (len == 0 && !frames_wants_send(w->frames) && w->out_len == 0)
			return 0;
		/* What the peer says meanwhile may fill its buffer; then only sending helps. */
		if (n == 0 && wait_for(w->fd, websocket_events(w), deadline_us, e) < 0)
			return -1;
	}
}

int websocket_recv(struct websocket *w, void *buf, size_t size, int timeout_ms, size_t *ret,
		   struct err *e)
{
	int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;

	for (;;) {
		size_t n = websocket_take(w, buf, size);

		if (n > 0 || (frames_has_ended(w->frames) && !w->failed)) {
			*ret = n;
			return 0;
		}
		if (websocket_run(w, e) < 0)
			return -1;
		if (frames_waiting(w->frames) == 0 && !frames_has_ended(w->frames) &&
		    wait_for(w->fd, websocket_events(w), deadline_us, e) < 0)
			return -1;
	}
}

void websocket_bye(struct websocket *w, int timeout_ms)
{
	int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
	struct err e;
	char drop[PIECE];

	frames_close(w->frames, 1000);
	while (websocket_run(w, &e) == 0 &&
	       (!frames_has_ended(w->frames) || frames_wants_send(w->frames))) {
		if (websocket_take(w, drop, sizeof(drop)) == 0 &&
		    wait_for(w->fd, websocket_events(w), deadline_us, &e) < 0)
			return;
	}
}
