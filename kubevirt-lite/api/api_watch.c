/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch: an answer that does not end. A watcher begins with what is there (no resourceVersion, 0,
 * or sendInitialEvents) or with the history after a version, and goes on with what the store tells.
 * The store tells late (from the loop), so a watcher skips what its beginning already contained:
 * everything up to its version. Bookmarks name the newest version that was told to everybody. */
#include "kubevirt-lite/api/call.h"
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>
#include <time.h>

#define BOOKMARK_US   (60 * SEC_US)
#define TIMEOUT_MIN_S 1800
#define LINE_MAX_LEN  (32U << 20)

struct watcher {
	struct watcher *next, **prev;
	const struct kind *kind;
	char ns[256];
	struct api_filter *filter;
	struct output_form form;
	struct http_stream *stream;
	sd_event_source *timeout;
	uint64_t version; /* everything up to it was sent, or was not wanted */
	bool wants_bookmarks, row_sent;
};

/* --- lines --- */

static void send_line(struct watcher *w, const char *type, struct json_object *object)
{
	AUTO(strbuf_done) struct strbuf line = {.max = LINE_MAX_LEN};
	size_t len;
	const char *text = json_object_to_json_string_length(object, JSON_OUT, &len);

	strbuf_addf(&line, "{\"type\":\"%s\",\"object\":", type);
	strbuf_add(&line, text, len);
	strbuf_add(&line, "}\n", 2);
	if (line.overflow)
		log_warn("action=watch kind=%s err=\"an object is too large\"", w->kind->kind);
	else
		(void)http_stream_send(w->stream, line.s, line.len);
}

static void send_event(struct watcher *w, const char *type, struct json_object *object)
{
	AUTO(json_object_put)
	struct json_object *out = output_watch(&w->form, w->kind, object, !w->row_sent);

	w->row_sent = true;
	send_line(w, type, out);
}

static void send_bookmark(struct watcher *w, uint64_t version, bool ends_initial)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct output_form whole = {.as = w->form.as == OUTPUT_TABLE ? OUTPUT_TABLE : OUTPUT_WHOLE};
	AUTO(json_object_put) struct json_object *out = NULL;
	char text[24];

	json_put_str(o, "apiVersion", kind_api_version(w->kind));
	json_put_str(o, "kind", w->kind->kind);
	json_put_at(o, "metadata", json_object_new_object());
	if (ends_initial) {
		json_put_at(o, "metadata/annotations", json_object_new_object());
		json_object_object_add(json_at(o, "metadata/annotations"),
				       "k8s.io/initial-events-end", json_object_new_string("true"));
	}
	(void)str_fmt(text, sizeof(text), "%llu", (unsigned long long)version);
	json_put_str(o, "metadata/resourceVersion", text);
	out = output_watch(&whole, w->kind, o, !w->row_sent);
	w->row_sent = true;
	send_line(w, "BOOKMARK", out);
}

/* --- what happened, as this watcher sees it --- */

static bool in_scope(const struct watcher *w, struct json_object *object)
{
	return (!*w->ns || str_eq(w->ns, object_namespace(object))) &&
	       api_filter_match(w->filter, object);
}

/* It no longer matches: to this watcher it is gone, in the state it last saw. */
static void send_gone(struct watcher *w, struct json_object *object, struct json_object *old)
{
	AUTO(json_object_put) struct json_object *last = object_copy(old);

	json_put_at(last, "metadata/resourceVersion",
		    json_object_get(json_at(object, "metadata/resourceVersion")));
	send_event(w, "DELETED", last);
}

static void tell(struct watcher *w, enum store_event event, struct json_object *object,
		 struct json_object *old)
{
	bool is_in = in_scope(w, object), was_in = old && in_scope(w, old);

	switch (event) {
	case STORE_ADDED:
		if (is_in)
			send_event(w, "ADDED", object);
		break;
	case STORE_MODIFIED:
		if (is_in)
			send_event(w, was_in ? "MODIFIED" : "ADDED", object);
		else if (was_in)
			send_gone(w, object, old);
		break;
	case STORE_DELETED:
		if (was_in)
			send_event(w, "DELETED", object);
		break;
	}
}

static void on_event(void *ctx, enum store_event event, enum kind_id kind,
		     struct json_object *object, struct json_object *old)
{
	uint64_t version = object_version(object);
	struct api *a = ctx;

	a->told = version;
	for (struct watcher *w = a->watchers; w; w = w->next) {
		if (w->kind->id != kind || version <= w->version)
			continue;
		w->version = version;
		tell(w, event, object, old);
	}
}

static void on_replay(void *ctx, uint64_t version, enum store_event event,
		      struct json_object *object, struct json_object *old)
{
	(void)version;
	tell(ctx, event, object, old);
}

static int on_bookmark_time(sd_event_source *src, uint64_t usec, void *ctx)
{
	struct api *a = ctx;

	(void)usec;
	for (struct watcher *w = a->watchers; w; w = w->next)
		if (w->wants_bookmarks)
			send_bookmark(w, w->version > a->told ? w->version : a->told, false);
	(void)sd_event_source_set_time_relative(src, (uint64_t)BOOKMARK_US);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

int api_watch_start(struct api *a, struct err *e)
{
	a->told = store_version(a->set.store);
	if (sd_event_add_time_relative(a->set.loop, &a->bookmark, CLOCK_MONOTONIC,
				       (uint64_t)BOOKMARK_US, (uint64_t)SEC_US, on_bookmark_time,
				       a) < 0 ||
	    sd_event_source_set_exit_on_failure(a->bookmark, true) < 0)
		return err_set(e, ERR_INVALID, "event loop: no timer for bookmarks");
	return store_subscribe(a->set.store, on_event, a, e);
}

/* --- one watch --- */

static void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	if (w->prev)
		*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	sd_event_source_disable_unref(w->timeout);
	api_filter_free(w->filter);
	free(w);
}
DEFINE_AUTO(struct watcher *, watcher_free)

static void on_closed(void *ctx)
{
	watcher_free(ctx);
}

static int on_timeout(sd_event_source *src, uint64_t usec, void *ctx)
{
	struct watcher *w = ctx;

	(void)src, (void)usec;
	http_stream_end(w->stream);
	return 0;
}

static void send_present(struct api *a, struct watcher *w)
{
	AUTO(json_object_put) struct json_object *list = NULL;

	list = store_list(a->set.store, w->kind->id, w->ns, api_filter_match, w->filter);
	for (size_t i = 0; i < json_length(list); i++)
		send_event(w, "ADDED", json_object_array_get_idx(list, i));
	w->version = store_version(a->set.store);
}

static void send_expired(struct watcher *w, const struct err *why)
{
	AUTO(json_object_put) struct json_object *st = NULL;

	status_set(&st, 410, "Expired", "%s", why->msg);
	send_line(w, "ERROR", st);
	http_stream_end(w->stream);
}

void api_watch_break(struct api *a, bool expired)
{
	struct err why;

	(void)err_set(&why, ERR_ABSENT, "fault on purpose");
	for (struct watcher *w = a->watchers; w; w = w->next)
		if (expired)
			send_expired(w, &why);
		else
			http_stream_cut(w->stream);
}

static void send_since(struct api *a, struct watcher *w, uint64_t version)
{
	uint64_t oldest;
	struct err e;

	w->version = version;
	if (version >= store_version(a->set.store))
		return; /* from the future: waits for it */
	if (store_replay(a->set.store, w->kind->id, version, &oldest, on_replay, w, &e) < 0)
		send_expired(w, &e);
	else
		w->version = store_version(a->set.store);
}

struct wish {
	uint64_t version;
	bool version_given, initial_given, initial;
	uint64_t timeout_s;
};

static int read_wish(struct api_call *c, struct wish *ret)
{
	const char *initial = request_param(&c->req, "sendInitialEvents");
	const char *match = request_param(&c->req, "resourceVersionMatch");
	struct wish w = {.timeout_s = 0};
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort();
	w.timeout_s = TIMEOUT_MIN_S + random % TIMEOUT_MIN_S; /* not all at once */
	w.initial_given = initial && *initial;
	w.initial = request_flag(&c->req, "sendInitialEvents");
	if (call_param_version(c, &w.version, &w.version_given) < 0 ||
	    call_param_uint(c, "timeoutSeconds", &w.timeout_s) < 0)
		return -1;
	if (w.initial_given && !str_eq(match, "NotOlderThan")) {
		status_set(&c->status, 422, "Invalid",
			   "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: "
			   "Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
			   "NotOlderThan");
		status_details(c->status, NULL, "meta.k8s.io", "ListOptions");
		status_cause(c->status, "FieldValueForbidden",
			     "Forbidden: sendInitialEvents requires setting resourceVersionMatch "
			     "to NotOlderThan",
			     "resourceVersionMatch");
		return -1;
	}
	*ret = w;
	return 0;
}

static int watcher_new(struct api_call *c, const struct wish *wish, struct watcher **ret)
{
	AUTO(watcher_free) struct watcher *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->kind = c->req.kind;
	w->form = c->form;
	w->wants_bookmarks = request_flag(&c->req, "allowWatchBookmarks");
	(void)str_copy(w->ns, sizeof(w->ns), c->req.ns);
	if (api_filter_new(c, &w->filter) < 0)
		return -1;
	if (sd_event_add_time_relative(c->api->set.loop, &w->timeout, CLOCK_MONOTONIC,
				       wish->timeout_s * (uint64_t)SEC_US, 0, on_timeout, w) < 0)
		return status_set(&c->status, 500, "InternalError", "no timer for a watch");
	(void)sd_event_source_set_exit_on_failure(w->timeout, true);
	*ret = STEAL(w);
	return 0;
}

void api_watch(struct api_call *c)
{
	struct api *a = c->api;
	struct watcher *w = NULL;
	struct wish wish;

	if (read_wish(c, &wish) < 0 || watcher_new(c, &wish, &w) < 0) {
		call_refuse(c);
		return;
	}
	w->stream = http_stream(c->http, "application/json", on_closed, w);
	w->next = a->watchers;
	w->prev = &a->watchers;
	if (w->next)
		w->next->prev = &w->next;
	a->watchers = w;
	if (wish.initial_given ? wish.initial : wish.version == 0)
		send_present(a, w);
	else
		send_since(a, w,
			   wish.version_given && wish.version ? wish.version
							      : store_version(a->set.store));
	if (wish.initial && w->wants_bookmarks)
		send_bookmark(w, w->version, true);
}
