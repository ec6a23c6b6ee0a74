/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole requests through kubevirt-lite's API against a store of its own: bodies, patches,
 * selectors, tokens of pages, admission. Below it is a HTTP side that only takes the answers, and
 * everybody may do everything. Whatever comes, each request is answered once, with JSON of one of
 * HTTP's codes where it says so, and what the store holds has a name and a version.
 *
 * Requests are separated by a line "--": "METHOD URI", a line with the Content-Type, the body. */
#include "kubevirt-lite/api/api.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"

#include <assert.h>
#include <string.h>
#include <systemd/sd-event.h>

#define REQUESTS_MAX 6
#define LINE_SIZE    4096

static unsigned answers;

/* --- the side of HTTP --- */

static void check_answer(int code, const char *type, const char *body, size_t len)
{
	struct json_object *o = NULL;
	struct err e;

	assert(code >= 200 && code < 600);
	answers++;
	if (!str_eq(type, "application/json"))
		return;
	if (json_parse(body, len, &o, &e) < 0) {
		(void)fprintf(stderr, "answer %d is no JSON: %.*s\n", code, (int)len, body);
		abort();
	}
	json_object_put(o);
}

void http_answer(struct http_request *r, int code, const char *type, const char *body, size_t len)
{
	(void)r;
	check_answer(code, type, body, len);
}

void http_header(struct http_request *r, const char *name, const char *value)
{
	(void)r;
	assert(*name && strlen(value) < LINE_SIZE);
}

struct http_stream {
	void (*closed)(void *ctx);
	void *ctx;
	struct http_stream *next;
};
static struct http_stream *streams;

struct http_stream *http_stream(struct http_request *r, const char *type, void (*closed)(void *ctx),
				void *ctx)
{
	struct http_stream *st = calloc(1, sizeof(*st));

	(void)r, (void)type;
	if (!st)
		abort();
	*st = (struct http_stream){.closed = closed, .ctx = ctx, .next = streams};
	streams = st;
	answers++;
	return st;
}

int http_stream_send(struct http_stream *st, const char *data, size_t len)
{
	struct json_object *o = NULL;
	struct err e;

	(void)st;
	assert(len > 0 && data[len - 1] == '\n' && json_parse(data, len - 1, &o, &e) == 0);
	json_object_put(o);
	return 0;
}

void http_stream_end(struct http_stream *st)
{
	(void)st;
}

void http_stream_cut(struct http_stream *st)
{
	(void)st;
}

/* No request here asks for a websocket: whoever upgrades one is wrong. */
void http_upgrade(struct http_request *r, const char *protocol, void (*closed)(void *ctx),
		  void *ctx)
{
	(void)r, (void)protocol, (void)closed, (void)ctx;
	abort();
}

int http_upgrade_fd(struct http_request *r)
{
	(void)r;
	abort();
}

ssize_t http_upgrade_recv(struct http_request *r, void *buf, size_t len)
{
	(void)r, (void)buf, (void)len;
	abort();
}

bool http_upgrade_holds(struct http_request *r)
{
	(void)r;
	abort();
}

ssize_t http_upgrade_send(struct http_request *r, const void *data, size_t len)
{
	(void)r, (void)data, (void)len;
	abort();
}

bool http_upgrade_wants_send(struct http_request *r)
{
	(void)r;
	abort();
}

void http_upgrade_close(struct http_request *r)
{
	(void)r;
	abort();
}

static void streams_close(void)
{
	struct http_stream *st;

	while ((st = streams)) {
		streams = st->next;
		st->closed(st->ctx);
		free(st);
	}
}

/* --- the side of who may what --- */

int auth_identify(const struct auth *a, const char *header, struct identity *ret, struct err *e)
{
	(void)a, (void)header, (void)e;
	*ret = (struct identity){.user = "fuzz", .group = {"system:masters"}, .n_groups = 1};
	return 0;
}

bool auth_allows(const struct auth *a, const struct identity *who, const struct access *what)
{
	(void)a, (void)who, (void)what;
	return true;
}

/* --- requests --- */

static const char *line(const char **at, const char *end, char *buf)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t len = (size_t)((newline ? newline : end) - *at);

	if (len >= LINE_SIZE)
		len = LINE_SIZE - 1;
	memcpy(buf, *at, len);
	buf[len] = '\0';
	*at = newline ? newline + 1 : end;
	return buf;
}

static void one(struct api *a, const char *text, const char *end)
{
	struct http_request r = {.accept = "application/json"};
	char head[LINE_SIZE], type[LINE_SIZE];
	char *uri, *body;

	line(&text, end, head);
	r.content_type = line(&text, end, type);
	uri = strchr(head, ' ');
	if (!uri)
		return;
	*uri++ = '\0';
	r.method = head;
	r.uri = uri;
	r.body_len = (size_t)(end - text);
	r.body = body = malloc(r.body_len + 1);
	if (!body)
		abort();
	memcpy(body, text, r.body_len); /* a NUL within is the body's */
	body[r.body_len] = '\0';        /* terminated, as by the real side */
	answers = 0;
	api_handle(a, &r);
	assert(answers == 1);
	r.user_free(r.user);
	free(body);
}

static void check_store(struct store *s)
{
	for (enum kind_id k = 0; k < KIND_COUNT; k++) {
		struct json_object *all = store_list(s, k, NULL, NULL, NULL);

		for (size_t i = 0; i < json_object_array_length(all); i++) {
			struct json_object *o = json_object_array_get_idx(all, i);

			assert(object_name(o) && object_uid(o) && object_version(o) > 0);
			assert(object_version(o) <= store_version(s));
		}
		json_object_put(all);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct api_settings set = {.faults_allowed = true};
	struct api *a = NULL;
	struct err e;

	if (sd_event_new(&set.loop) < 0 || store_open(NULL, set.loop, &set.store, &e) < 0 ||
	    api_new(&set, &a, &e) < 0)
		abort();
	for (unsigned n = 0; n < REQUESTS_MAX && at < end; n++) {
		const char *next = memmem(at, (size_t)(end - at), "\n--\n", 4);

		one(a, at, next ? next : end);
		at = next ? next + 4 : end;
		while (sd_event_run(set.loop, 0) > 0)
			;
	}
	check_store(set.store);
	streams_close();
	api_free(a);
	store_close(set.store);
	sd_event_unref(set.loop);
	return 0;
}
