/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the API server: libcurl's multi interface driven by sd-event. Owns all transfers:
 * those on the wire and a bounded queue of those that wait. Every request ends by its total
 * deadline; a stream (a watch) ends by silence instead. Loop thread only.
 *
 * Rules that cost others days: messages are read until there are none; a finished handle is
 * removed before anybody is called back, since the callback may start a new request; curl's timer
 * says -1 for "none" and 0 for "at once, but not from in here".
 *
 * HTTP/1.1 on purpose: with HTTP/2 all requests and watches would share one connection, and one
 * dead connection would stop everything until its time-out; here it costs one request. */
#include "vmd/kube/kube_http.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_status.h"
#include "vmd/kube/kube_token.h"

#include <assert.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#define BODY_MAX       (1U << 20)
#define ERROR_BODY_MAX (256U << 10)
#define CONNECT_MS     5000L
#define HOLD_MAX_S     60    /* longest silence a server may ask for by Retry-After */
#define PEER_LOST_MS   20000 /* sent bytes or keep-alive probes not acknowledged for so long */
#define KEEPALIVE_S    10L

struct http_transfer {
	TAILQ_ENTRY(http_transfer) link;
	struct http *http;
	CURL *easy; /* NULL while it waits in the queue */
	struct curl_slist *headers;
	char *method, *url, *accept, *content_type, *body;
	http_done_fn done;
	http_chunk_fn chunk;
	void *ctx;
	struct strbuf answer;
	struct err cut; /* why chunk or a limit ended it */
	int64_t deadline_us, sent_us;
	uint64_t token_serial;
	bool retried_401;
	char curl_text[CURL_ERROR_SIZE];
};
TAILQ_HEAD(transfers, http_transfer);

struct http {
	sd_event *loop;
	CURLM *multi;
	struct http_timer *curl_timer;
	struct http_timer *wake; /* of the queue */
	struct token token;
	char server[256];
	char ca_file[256];
	int64_t timeout_us, hold_until_us;
	unsigned parallel_max, queue_max;
	unsigned parallel, queued;
	struct transfers wire, queue;
	bool in_curl; /* within a libcurl callback: cancel is forbidden */
};

struct http_timer {
	sd_event_source *source;
	void (*fn)(void *ctx);
	void *ctx;
};

static void slist_free_auto(struct curl_slist **l)
{
	curl_slist_free_all(*l);
}

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		abort();
	return c;
}

static void wipe_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void transfer_free(struct http_transfer *t)
{
	if (!t)
		return;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	wipe_free(t->body);
	if (t->answer.s)
		explicit_bzero(t->answer.s, t->answer.len); /* it may be a Secret */
	strbuf_done(&t->answer);
	free(t->method);
	free(t->url);
	free(t->accept);
	free(t->content_type);
	free(t);
}
DEFINE_AUTO(struct http_transfer *, transfer_free)

/* ---- the wire: what libcurl calls ---- */

static bool is_success(CURL *easy)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t one, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	int rc = 0;

	n *= one;
	t->http->in_curl = true;
	if (t->chunk && is_success(t->easy)) {
		rc = t->chunk(t->ctx, data, n, &t->cut);
	} else {
		strbuf_add(&t->answer, data, n);
		if (t->answer.overflow)
			rc = err_set(&t->cut, ERR_INVALID, "the answer is longer than %zu bytes",
				     t->answer.max);
	}
	t->http->in_curl = false;
	return rc < 0 ? 0 : n;
}

/* The empty line behind the head: a stream is open, even if it says nothing for a while. */
static size_t on_head(char *data, size_t one, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	int rc = 0;

	n *= one;
	if (t->chunk && n == 2 && memcmp(data, "\r\n", 2) == 0 && is_success(t->easy)) {
		t->http->in_curl = true;
		rc = t->chunk(t->ctx, "", 0, &t->cut);
		t->http->in_curl = false;
	}
	return rc < 0 ? 0 : n;
}

/* A peer that is gone is noticed after 20 s, not after minutes of retransmissions. */
static int on_socket_made(void *userdata, curl_socket_t fd, curlsocktype purpose)
{
	unsigned lost_ms = PEER_LOST_MS;

	(void)userdata, (void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_ms, sizeof(lost_ms));
	return CURL_SOCKOPT_OK;
}

static void headers_add(struct curl_slist **l, const char *name, const char *value)
{
	AUTO(strbuf_done) struct strbuf line = {.max = TOKEN_MAX + 64};
	struct curl_slist *longer;

	strbuf_addf(&line, "%s%s", name, value);
	longer = curl_slist_append(*l, line.s);
	if (!longer)
		abort();
	*l = longer;
}

static struct curl_slist *headers_make(const struct http_transfer *t)
{
	AUTO(slist_free) struct curl_slist *l = NULL;

	headers_add(&l, "Accept: ", t->accept);
	headers_add(&l, "Expect:", ""); /* no waiting for 100-continue */
	if (t->body)
		headers_add(&l, "Content-Type: ", t->content_type);
	if (t->http->token.header)
		headers_add(&l, t->http->token.header, "");
	return STEAL(l);
}

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)                             \
			abort(); /* out of memory, or built against another libcurl */             \
	} while (0)

static void easy_set_deadline(CURL *easy, const struct http_transfer *t)
{
	if (t->chunk) {
		SET(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		SET(easy, CURLOPT_LOW_SPEED_TIME, (long)HTTP_STREAM_SILENCE_S);
	} else {
		int64_t left_ms = (t->deadline_us - clock_mono_us()) / MSEC_US;

		SET(easy, CURLOPT_TIMEOUT_MS, left_ms > 1 ? (long)left_ms : 1L);
	}
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	SET(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	SET(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
}

static CURL *easy_make(struct http_transfer *t)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		abort();
	SET(easy, CURLOPT_PRIVATE, t);
	SET(easy, CURLOPT_ERRORBUFFER, t->curl_text);
	SET(easy, CURLOPT_URL, t->url);
	SET(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	SET(easy, CURLOPT_CUSTOMREQUEST, t->method);
	SET(easy, CURLOPT_HTTPHEADER, t->headers);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_PROXY, ""); /* the environment does not decide where tokens go */
	SET(easy, CURLOPT_USERAGENT, "slurm-vm");
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, t);
	SET(easy, CURLOPT_HEADERFUNCTION, on_head);
	SET(easy, CURLOPT_HEADERDATA, t);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (t->http->ca_file[0])
		SET(easy, CURLOPT_CAINFO, t->http->ca_file);
	if (t->body) {
		SET(easy, CURLOPT_POSTFIELDS, t->body);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->body));
	}
	easy_set_deadline(easy, t);
	return easy;
}

/* ---- the end of a transfer ---- */

static bool certificate_refused(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
	       rc == CURLE_SSL_ISSUER_ERROR;
}

static int wire_error(const struct http_transfer *t, CURLcode rc, struct err *e)
{
	const char *text = t->curl_text[0] ? t->curl_text : curl_easy_strerror(rc);
	enum err_kind kind = ERR_RETRY;
	long request_bytes = 0;

	if (t->cut.kind != ERR_NONE) {
		*e = t->cut;
		return -1;
	}
	/* Before the request went out nothing can have happened; certificates are outside trouble
	 * that an administrator ends, so that is no reason to give a job up either. */
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	if (!status_is_read(t->method) && request_bytes > 0 && !certificate_refused(rc))
		kind = ERR_UNSURE;
	return err_set(e, kind, "%s: %.180s", t->http->server, text);
}

static void reply_read(const struct http_transfer *t, struct http_reply *r)
{
	curl_off_t wait_s = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait_s);
	r->retry_after_s = wait_s > HOLD_MAX_S ? HOLD_MAX_S : wait_s < 0 ? 0 : (int64_t)wait_s;
	r->body = t->answer.s ? t->answer.s : "";
	r->len = t->answer.len;
	r->took_us = clock_mono_us() - t->sent_us;
}

/* A 401 means that nothing happened: with a newer token in the file the request goes out again. */
static bool again_with_new_token(struct http_transfer *t, const struct http_reply *r)
{
	struct err ignored;

	if (r->status != 401 || t->retried_401)
		return false;
	(void)token_refresh(&t->http->token, clock_mono_us(), true, &ignored);
	if (t->http->token.serial == t->token_serial)
		return false;
	t->retried_401 = true;
	strbuf_done(&t->answer);
	TAILQ_INSERT_HEAD(&t->http->queue, t, link);
	t->http->queued++;
	return true;
}

static void hold_for(struct http *h, const struct http_reply *r)
{
	if ((r->status == 429 || r->status == 503) && r->retry_after_s > 0)
		h->hold_until_us = clock_mono_us() + r->retry_after_s * SEC_US;
}

static void wire_remove(struct http_transfer *t)
{
	TAILQ_REMOVE(&t->http->wire, t, link);
	if (!t->chunk)
		t->http->parallel--;
	curl_multi_remove_handle(t->http->multi, t->easy);
}

/* Calls back, which may start and cancel other transfers. */
static void transfer_finish(struct http_transfer *finished, CURLcode rc)
{
	AUTO(transfer_free) struct http_transfer *t = finished;
	struct http_reply r = {.status = 0};
	struct err e = {.kind = ERR_NONE};

	wire_remove(t);
	reply_read(t, &r);
	if (rc != CURLE_OK)
		(void)wire_error(t, rc, &e);
	else
		(void)status_check(t->method, r.status, r.body, r.len, &e);
	curl_easy_cleanup(STEAL(t->easy));
	hold_for(t->http, &r);
	if (rc == CURLE_OK && again_with_new_token(t, &r))
		STEAL(t); /* the queue has it */
	else
		t->done(t->ctx, &r, &e);
}

/* ---- the queue ---- */

static void transfer_start(struct http_transfer *t)
{
	struct http *h = t->http;

	t->sent_us = clock_mono_us();
	t->token_serial = h->token.serial;
	curl_slist_free_all(t->headers);
	t->headers = headers_make(t);
	t->easy = easy_make(t);
	TAILQ_INSERT_TAIL(&h->wire, t, link);
	if (!t->chunk)
		h->parallel++;
	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		abort(); /* out of memory: nothing else can fail here */
}

/* Sleeps until the server may be asked again, or until the first in the queue is too late. */
static void queue_sleep(struct http *h, int64_t now_us)
{
	int64_t wake_us = h->hold_until_us > now_us ? h->hold_until_us : INT64_MAX;
	struct http_transfer *t;

	TAILQ_FOREACH(t, &h->queue, link)
	if (!t->chunk && t->deadline_us < wake_us)
		wake_us = t->deadline_us;
	if (TAILQ_EMPTY(&h->queue))
		http_timer_stop(h->wake);
	else if (h->in_curl)
		http_timer_set(h->wake, 0);
	else if (wake_us != INT64_MAX)
		http_timer_set(h->wake, wake_us > now_us ? wake_us - now_us : 0);
}

/* Puts on the wire what may go. Calls nobody back. */
static void queue_start(struct http *h)
{
	int64_t now_us = clock_mono_us();
	struct http_transfer *t, *next;

	for (t = TAILQ_FIRST(&h->queue); t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (h->in_curl || h->hold_until_us > now_us)
			break;
		if (!t->chunk && h->parallel >= h->parallel_max)
			continue;
		TAILQ_REMOVE(&h->queue, t, link);
		h->queued--;
		transfer_start(t);
	}
	queue_sleep(h, now_us);
}

static struct http_transfer *queue_expired(struct http *h)
{
	int64_t now_us = clock_mono_us();
	struct http_transfer *t;

	TAILQ_FOREACH(t, &h->queue, link)
	if (!t->chunk && t->deadline_us <= now_us)
		return t;
	return NULL;
}

static void on_wake(void *ctx)
{
	struct http *h = ctx;
	struct http_transfer *late;

	while ((late = queue_expired(h))) {
		AUTO(transfer_free) struct http_transfer *t = late;
		struct http_reply r = {.body = ""};
		struct err e;

		TAILQ_REMOVE(&h->queue, t, link);
		h->queued--;
		(void)err_set(&e, ERR_RETRY, "%s: no turn within the time-out%s", h->server,
			      h->hold_until_us ? " (the server asked to wait)" : "");
		t->done(t->ctx, &r, &e);
	}
	queue_start(h);
}

/* ---- libcurl in the loop ---- */

static void http_drain(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_transfer *t = NULL;
		CURLcode rc = m->data.result; /* m dies with remove_handle */

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		transfer_finish(t, rc);
	}
	queue_start(h);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct http *h = userdata;
	int running;
	int mask = (revents & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (revents & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (revents & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

	(void)s;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	http_drain(h);
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp)
{
	struct http *h = userdata;
	sd_event_source *s = socketp;
	uint32_t events =
		(what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(s);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (s)
		return sd_event_source_set_io_events(s, events) < 0 ? -1 : 0;
	if (sd_event_add_io(h->loop, &s, fd, events, on_io, h) < 0)
		return -1;
	(void)sd_event_source_set_exit_on_failure(s, true);
	curl_multi_assign(h->multi, fd, s);
	return 0;
}

static void on_curl_time(void *ctx)
{
	struct http *h = ctx;
	int running;

	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_drain(h);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *userdata)
{
	struct http *h = userdata;

	(void)multi;
	if (timeout_ms < 0)
		http_timer_stop(h->curl_timer);
	else
		http_timer_set(h->curl_timer, timeout_ms * MSEC_US);
	return 0;
}

/* ---- timers ---- */

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct http_timer *t = userdata;

	(void)s, (void)usec;
	t->fn(t->ctx);
	return 0;
}

struct http_timer *http_timer_new(struct http *h, void (*fn)(void *ctx), void *ctx)
{
	struct http_timer *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	*t = (struct http_timer){.fn = fn, .ctx = ctx};
	if (sd_event_add_time(h->loop, &t->source, CLOCK_MONOTONIC, 0, MSEC_US, on_timer, t) < 0 ||
	    sd_event_source_set_enabled(t->source, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_exit_on_failure(t->source, true) < 0)
		abort(); /* no memory */
	return t;
}

void http_timer_set(struct http_timer *t, int64_t delay_us)
{
	int64_t at_us = clock_mono_us() + delay_us;

	if (sd_event_source_set_time(t->source, (uint64_t)at_us) < 0 ||
	    sd_event_source_set_enabled(t->source, SD_EVENT_ONESHOT) < 0)
		abort(); /* fails only in a child process */
}

void http_timer_stop(struct http_timer *t)
{
	(void)sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
}

void http_timer_free(struct http_timer *t)
{
	if (!t)
		return;
	sd_event_source_disable_unref(t->source);
	free(t);
}

/* ---- from outside ---- */

static int multi_make(struct http *h, struct err *e)
{
	h->multi = curl_multi_init();
	if (!h->multi)
		return err_set(e, ERR_RETRY, "libcurl: no memory");
	if (curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->parallel_max + 8) !=
		    CURLM_OK)
		return err_set(e, ERR_INVALID, "libcurl refuses our settings");
	return 0;
}

int http_new(struct sd_event *loop, const struct http_settings *s, struct http **ret, struct err *e)
{
	AUTO(http_free) struct http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	TAILQ_INIT(&h->wire);
	TAILQ_INIT(&h->queue);
	h->loop = sd_event_ref(loop);
	h->timeout_us = s->timeout_us;
	h->parallel_max = s->parallel_max;
	h->queue_max = s->queue_max;
	h->curl_timer = http_timer_new(h, on_curl_time, h);
	h->wake = http_timer_new(h, on_wake, h);
	if (str_copy(h->server, sizeof(h->server), s->server) < 0 ||
	    str_copy(h->ca_file, sizeof(h->ca_file), s->ca_file) < 0 ||
	    str_copy(h->token.path, sizeof(h->token.path), s->token_file) < 0)
		return err_set(e, ERR_INVALID, "server, ca_file or token_file is too long");
	if (multi_make(h, e) < 0)
		return -1;
	*ret = STEAL(h);
	return 0;
}

void http_free(struct http *h)
{
	struct http_transfer *t;

	if (!h)
		return;
	while ((t = TAILQ_FIRST(&h->wire)) || (t = TAILQ_FIRST(&h->queue)))
		http_cancel(t);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	http_timer_free(h->curl_timer);
	http_timer_free(h->wake);
	token_done(&h->token);
	sd_event_unref(h->loop);
	free(h);
	curl_global_cleanup();
}

static struct http_transfer *transfer_new(struct http *h, const struct http_request *r)
{
	struct http_transfer *t = calloc(1, sizeof(*t));

	if (!t || asprintf(&t->url, "%s%s", h->server, r->path) < 0)
		abort();
	t->http = h;
	t->method = copy(r->method);
	t->accept = copy(r->accept ? r->accept : "application/json");
	t->content_type = copy(r->content_type ? r->content_type : "application/json");
	t->body = copy(r->body);
	t->done = r->done;
	t->chunk = r->chunk;
	t->ctx = r->ctx;
	t->answer.max = r->chunk ? ERROR_BODY_MAX : r->body_max ? r->body_max : BODY_MAX;
	t->deadline_us = clock_mono_us() + h->timeout_us;
	return t;
}

int http_send(struct http *h, const struct http_request *r, struct http_transfer **ret,
	      struct err *e)
{
	struct http_transfer *t;

	if (h->queued >= h->queue_max)
		return err_set(e, ERR_RETRY, "%s: %u requests are waiting already", h->server,
			       h->queued);
	if (token_refresh(&h->token, clock_mono_us(), false, e) < 0)
		return -1;
	t = transfer_new(h, r);
	TAILQ_INSERT_TAIL(&h->queue, t, link);
	h->queued++;
	if (ret)
		*ret = t;
	queue_start(h);
	return 0;
}

void http_cancel(struct http_transfer *t)
{
	if (!t)
		return;
	assert(!t->http->in_curl);
	if (t->easy) {
		wire_remove(t);
	} else {
		TAILQ_REMOVE(&t->http->queue, t, link);
		t->http->queued--;
	}
	transfer_free(t);
}

int http_escape(const char *s, char *buf, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	size_t at = 0;

	for (; *s; s++) {
		size_t need = strchr(plain, *s) ? 1 : 3;

		if (at + need + 1 > size) {
			buf[0] = '\0';
			return -1;
		}
		if (need == 1)
			buf[at++] = *s;
		else
			at += (size_t)snprintf(buf + at, size - at, "%%%02X", (unsigned char)*s);
	}
	buf[at] = '\0';
	return 0;
}
