/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the API server: libcurl's multi interface driven by sd-event. Owns all transfers:
 * those on the wire and a bounded queue of those that wait. Every request ends by its total
 * deadline; a stream (a watch) ends by silence instead. Loop thread only.
 *
 * Rules that cost others days: messages are read until there are none; a finished handle is
 * removed before anybody is called back, since the callback may start a new request; curl's timer
 * says -1 for "none" and 0 for "at once, but not from in here". */
#include "vmd/kube/kube_http.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_status.h"
#include "vmd/kube/kube_timer.h"
#include "vmd/kube/kube_token.h"
#include "vmd/kube/kube_transfer.h"
#include "vmd/lease/lease_gate.h"

#include <assert.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

TAILQ_HEAD(transfers, http_transfer);

struct http {
	sd_event *loop;
	CURLM *multi;
	struct timer *curl_timer;
	struct timer *wake; /* of the queue */
	struct token token;
	char server[256];
	char ca_file[256];
	int64_t timeout_us, hold_until_us;
	unsigned parallel_max, queue_max;
	const struct lease_gate *gate;
	unsigned parallel, queued;
	struct transfers wire, queue;
	bool in_curl; /* within a libcurl callback: cancel is forbidden */
};

/* ---- the end of a transfer ---- */

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
	if (t->chunk)
		timer_stop(t->silence);
	else
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
	transfer_reply(t, &r);
	if (rc != CURLE_OK)
		(void)transfer_error(t, t->http->server, rc, &e);
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

static void queue_start(struct http *h);

/* A stream that says nothing: a live server sends bookmarks. An own timer rather than libcurl's
 * low-speed limit, which wakes the program once a second for every stream. */
static void on_silence(void *ctx)
{
	struct http_transfer *t = ctx;

	(void)err_set(&t->cut, ERR_RETRY, "%s: no word for %d s", t->http->server,
		      HTTP_STREAM_SILENCE_S);
	transfer_finish(t, CURLE_OPERATION_TIMEDOUT);
	queue_start(t->http);
}

static void transfer_start(struct http_transfer *t)
{
	struct http *h = t->http;

	t->token_serial = h->token.serial;
	transfer_prepare(t, h->ca_file, h->token.header);
	TAILQ_INSERT_TAIL(&h->wire, t, link);
	if (t->chunk)
		timer_set(t->silence, HTTP_STREAM_SILENCE_S * SEC_US);
	else
		h->parallel++;
	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		abort(); /* out of memory: nothing else can fail here */
}

/* When a request that still waits is given up: with hardly any time left it would only end as
 * "outcome unknown". */
static int64_t give_up_us(const struct http_transfer *t)
{
	return t->deadline_us - t->timeout_us / 10;
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
		timer_stop(h->wake);
	else if (h->in_curl)
		timer_set(h->wake, 0);
	else if (wake_us != INT64_MAX)
		timer_set(h->wake, wake_us > now_us ? wake_us - now_us : 0);
}

/* Whether it has to end here; then its time is over, which on_wake() tells. */
static bool is_shut_out(struct http_transfer *t, int64_t now_us)
{
	if (status_is_read(t->method) || lease_gate_open(t->http->gate, now_us))
		return false;
	t->shut_out = true;
	t->deadline_us = now_us;
	return true;
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
		if (!t->chunk && (h->parallel >= h->parallel_max || give_up_us(t) <= now_us))
			continue;
		if (is_shut_out(t, now_us))
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
		if (t->shut_out)
			(void)err_set(&e, ERR_RETRY, LEASE_GATE_SHUT);
		else
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
		timer_stop(h->curl_timer);
	else
		timer_set(h->curl_timer, timeout_ms * MSEC_US);
	return 0;
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
	h->gate = s->gate;
	h->curl_timer = timer_new(h->loop, on_curl_time, h);
	h->wake = timer_new(h->loop, on_wake, h);
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
	timer_free(h->curl_timer);
	timer_free(h->wake);
	token_done(&h->token);
	sd_event_unref(h->loop);
	free(h);
	curl_global_cleanup();
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
	t = transfer_new(h, h->server, r);
	t->in_callback = &h->in_curl;
	t->timeout_us = r->timeout_us ? r->timeout_us : h->timeout_us;
	t->deadline_us = clock_mono_us() + t->timeout_us;
	if (t->chunk)
		t->silence = timer_new(h->loop, on_silence, t);
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

struct sd_event *http_loop(struct http *h)
{
	return h->loop;
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
