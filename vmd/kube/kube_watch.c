/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List and watch of one kind of objects. Owns one transfer at a time (a page of the list, or the
 * watch) and two timers: when to try again, and when the view is stale. Loop thread only; it never
 * calls its owner from within a call of the owner, but for watch_free nothing may be called from
 * the callbacks. */
#include "vmd/kube/kube_watch.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_line.h"
#include "vmd/kube/kube_timer.h"

#include <string.h>
#include <sys/random.h>

#define PAGE_ITEMS     250
#define PAGE_BODY_MAX  (32U << 20)
#define PAGES_MAX      400 /* 100,000 objects: more is not ours */
#define WATCH_LIFE_S   290 /* the server ends a watch after this; then the next one begins */
#define BACKOFF_MIN_US (SEC_US / 2)
#define BACKOFF_MAX_US (15 * SEC_US)

struct watch {
	struct http *http;
	struct watch_source src;
	char *path, *query, *accept_list, *accept_watch;
	struct http_transfer *transfer;
	struct timer *again, *stale;
	struct strbuf pending; /* the rest of a line */
	char *next_page;       /* continue token, percent-encoded, or NULL */
	unsigned pages;
	char version[32];   /* "": list first */
	bool list_complete; /* there was one */
	bool is_stale;
	bool was_known;
	bool progress; /* the current watch brought an event */
	bool in_trouble;
	unsigned failures; /* in a row, without progress between them */
	struct err trouble;
};

static void list_page(struct watch *w);
static void watch_open(struct watch *w);

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		abort();
	return c;
}

bool watch_known(const struct watch *w)
{
	return w->list_complete && !w->is_stale;
}

const char *watch_trouble(const struct watch *w)
{
	return w->in_trouble ? w->trouble.msg : "";
}

/* The server answers as it should. */
static void healthy(struct watch *w)
{
	bool changed = w->in_trouble || watch_known(w) != w->was_known || w->is_stale;

	timer_stop(w->stale);
	w->in_trouble = false;
	w->is_stale = false;
	w->was_known = watch_known(w);
	if (changed)
		w->src.state(w->src.ctx);
}

static void on_stale(void *ctx)
{
	struct watch *w = ctx;

	w->is_stale = true;
	w->was_known = false;
	w->src.state(w->src.ctx);
}

/* Half of the full pause by rule, half by lot: many vmd parts must not knock in step. */
static int64_t backoff_us(unsigned failures)
{
	int64_t full = BACKOFF_MIN_US;
	uint32_t lot = 0;

	for (unsigned i = 1; i < failures && full < BACKOFF_MAX_US; i++)
		full *= 2;
	if (full > BACKOFF_MAX_US)
		full = BACKOFF_MAX_US;
	if (getrandom(&lot, sizeof(lot), GRND_NONBLOCK) < 0)
		lot = 0;
	return full / 2 + full / 2 * (int64_t)(lot % 1024) / 1024;
}

static void failed(struct watch *w, const struct err *e, int64_t retry_after_s)
{
	int64_t pause_us;

	w->failures++;
	w->trouble = *e;
	pause_us = backoff_us(w->failures);
	if (pause_us < retry_after_s * SEC_US)
		pause_us = retry_after_s * SEC_US;
	if (w->failures == 1 && !w->is_stale)
		timer_set(w->stale, w->src.stale_us ? w->src.stale_us : WATCH_STALE_S * SEC_US);
	timer_set(w->again, pause_us);
	if (w->failures > 1 && !w->in_trouble) {
		w->in_trouble = true;
		w->src.state(w->src.ctx);
	}
}

static void list_anew(struct watch *w)
{
	w->version[0] = '\0';
	w->pages = 0;
	free(STEAL(w->next_page));
}

/* ---- the list ---- */

static int continue_keep(struct watch *w, const char *token, struct err *e)
{
	size_t size;

	free(STEAL(w->next_page));
	if (!token || !*token)
		return 0;
	if (++w->pages >= PAGES_MAX)
		return err_set(e, ERR_INVALID, "%s: the list has no end", w->path);
	size = strlen(token) * 3 + 1;
	w->next_page = malloc(size);
	if (!w->next_page)
		abort();
	(void)http_escape(token, w->next_page, size);
	return 0;
}

static int page_read(struct watch *w, const struct http_reply *r, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct json_object *items;
	const char *version;

	if (json_parse(r->body, r->len, &doc, e) < 0)
		return err_wrap(e, "%s", w->path);
	version = json_str_at(doc, "metadata/resourceVersion");
	items = json_at(doc, "items"); /* null where there are none */
	if (!version || str_copy(w->version, sizeof(w->version), version) < 0 ||
	    (items && !json_object_is_type(items, json_type_array)))
		return err_set(e, ERR_RETRY, "%s: the answer is no list", w->path);
	if (w->pages == 0)
		w->src.begin(w->src.ctx);
	for (size_t i = 0; i < json_length(items); i++)
		w->src.item(w->src.ctx, json_object_array_get_idx(items, i), false);
	return continue_keep(w, json_str_at(doc, "metadata/continue"), e);
}

static void on_page(void *ctx, const struct http_reply *r, const struct err *e)
{
	struct watch *w = ctx;
	struct err why = *e;

	w->transfer = NULL;
	if (e->kind != ERR_NONE || page_read(w, r, &why) < 0) {
		list_anew(w); /* a list in pieces from two times is none */
		failed(w, &why, r->retry_after_s);
		return;
	}
	if (w->next_page) {
		list_page(w);
		return;
	}
	w->pages = 0;
	w->list_complete = true;
	w->failures = 0;
	w->src.end(w->src.ctx);
	healthy(w);
	watch_open(w);
}

static void send_or_fail(struct watch *w, const struct http_request *r)
{
	struct err e;

	if (http_send(w->http, r, &w->transfer, &e) < 0)
		failed(w, &e, 0);
}

static void list_page(struct watch *w)
{
	AUTO(strbuf_done) struct strbuf path = {.max = 64U << 10};

	strbuf_addf(&path, "%s?limit=%d", w->path, PAGE_ITEMS);
	if (*w->query)
		strbuf_addf(&path, "&%s", w->query);
	if (w->next_page)
		strbuf_addf(&path, "&continue=%s", w->next_page);
	send_or_fail(w, &(struct http_request){.method = "GET",
					       .path = path.s,
					       .accept = w->accept_list,
					       .body_max = PAGE_BODY_MAX,
					       .done = on_page,
					       .ctx = w});
}

/* ---- the watch ---- */

static int on_line(void *ctx, const char *text, size_t len, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct watch *w = ctx;
	struct watch_event ev;

	if (event_decode(text, len, &doc, &ev, e) < 0)
		return -1;
	switch (ev.kind) {
	case EVENT_ERROR: return err_set(e, ERR_RETRY, "%s: %s", w->path, ev.text);
	case EVENT_SET:
	case EVENT_GONE: w->src.item(w->src.ctx, ev.object, ev.kind == EVENT_GONE); break;
	case EVENT_BOOKMARK: break;
	}
	memcpy(w->version, ev.version, sizeof(w->version));
	w->progress = true;
	w->failures = 0;
	return 0;
}

static int on_chunk(void *ctx, const char *data, size_t len, struct err *e)
{
	struct watch *w = ctx;

	if (len == 0) { /* it is open */
		healthy(w);
		return 0;
	}
	if (line_split(&w->pending, data, len, on_line, w, e) == 0)
		return 0;
	/* "410 Gone" or another ERROR, or a line that cannot be read: events are lost, and the
	 * same ones would come again from here. Only a new list helps. */
	list_anew(w);
	return -1;
}

/* A clean end (the server's timeoutSeconds) is the way it should be: go on at once. A watch that
 * ends cleanly again and again without a word would be a loop, so only progress counts as good. */
static void on_watch_end(void *ctx, const struct http_reply *r, const struct err *e)
{
	struct watch *w = ctx;
	struct err why = *e;
	bool clean = e->kind == ERR_NONE;

	w->transfer = NULL;
	strbuf_done(&w->pending);
	if (clean && (w->progress || r->took_us > WATCH_LIFE_S * SEC_US / 2)) {
		w->failures = 0;
		watch_open(w);
		return;
	}
	if (clean)
		(void)err_set(&why, ERR_RETRY, "%s: the server ends the watch at once", w->path);
	/* 410 Gone; or the version is one the server cannot read (a 500, after a restore of its
	 * store): only a new list helps. */
	if (r->status == 410 || r->status == 400 || r->status == 500)
		list_anew(w);
	failed(w, &why, r->retry_after_s);
}

static void watch_open(struct watch *w)
{
	AUTO(strbuf_done) struct strbuf path = {.max = 64U << 10};

	w->progress = false;
	strbuf_addf(&path,
		    "%s?watch=true&allowWatchBookmarks=true&timeoutSeconds=%d"
		    "&resourceVersion=%s",
		    w->path, WATCH_LIFE_S, w->version);
	if (*w->query)
		strbuf_addf(&path, "&%s", w->query);
	send_or_fail(w, &(struct http_request){.method = "GET",
					       .path = path.s,
					       .accept = w->accept_watch,
					       .chunk = on_chunk,
					       .done = on_watch_end,
					       .ctx = w});
}

static void on_again(void *ctx)
{
	struct watch *w = ctx;

	if (w->version[0])
		watch_open(w);
	else
		list_page(w);
}

struct watch *watch_new(struct http *h, const struct watch_source *src)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->http = h;
	w->src = *src;
	w->path = copy(src->path);
	w->query = copy(src->query);
	w->accept_list = copy(src->accept_list);
	w->accept_watch = copy(src->accept_watch);
	w->again = timer_new(http_loop(h), on_again, w);
	w->stale = timer_new(http_loop(h), on_stale, w);
	return w;
}

void watch_start(struct watch *w)
{
	list_page(w);
}

void watch_again(struct watch *w)
{
	http_cancel(STEAL(w->transfer));
	timer_stop(w->again);
	strbuf_done(&w->pending);
	list_anew(w);
	w->list_complete = false;
	w->was_known = false;
	list_page(w);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	http_cancel(w->transfer);
	timer_free(w->again);
	timer_free(w->stale);
	strbuf_done(&w->pending);
	free(w->next_page);
	free(w->path);
	free(w->query);
	free(w->accept_list);
	free(w->accept_watch);
	free(w);
}
