/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that come late, fail, or fail after they were carried out. Chance comes from the kernel:
 * a test that needs to know what happened reads the log. */
#include "kubevirt-lite/api/faults.h"

#include "kubevirt-lite/api/call.h"
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>
#include <time.h>

#define LATENCY_MAX_MS 600000
#define THROTTLE_MAX_S 3600

static bool is_spared(const struct api_call *c)
{
	for (size_t i = 0; i < c->who.n_groups; i++)
		if (str_eq(c->who.group[i], "system:masters"))
			return true;
	return false;
}

static unsigned lot(unsigned below)
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		abort();
	return n % below;
}

/* --- what is set --- */

static const struct {
	const char *key;
	size_t offset;
	uint64_t max;
} numbers[] = {
	{"latencyMilliseconds", offsetof(struct faults, latency_ms), LATENCY_MAX_MS},
	{"errorPercent", offsetof(struct faults, error_percent), 100},
	{"throttleSeconds", offsetof(struct faults, throttle_s), THROTTLE_MAX_S},
};

static uint64_t *number(struct faults *f, size_t i)
{
	return (uint64_t *)((char *)f + numbers[i].offset);
}

static void tell(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		json_put_int(o, numbers[i].key, (int64_t)*number(&c->api->faults, i));
	json_put_str(o, "failFor", c->api->faults.fail_for);
	call_answer(c, 200, o);
}

static int read_fault(struct api_call *c, struct faults *f, const char *key,
		      struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	if (str_eq(key, "cutWatches") || str_eq(key, "expireWatches"))
		return 0;
	if (str_eq(key, "failFor") && json_object_is_type(value, json_type_string) &&
	    str_copy(f->fail_for, sizeof(f->fail_for), json_object_get_string(value)) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (str_eq(numbers[i].key, key) && json_object_is_type(value, json_type_int) &&
		    n >= 0 && (uint64_t)n <= numbers[i].max) {
			*number(f, i) = (uint64_t)n;
			return 0;
		}
	return status_set(&c->status, 400, "BadRequest",
			  "\"%.40s\" is no fault, or its value is out of range", key);
}

static int read_faults(struct api_call *c, struct faults *ret)
{
	json_object_object_foreach(c->body, key, value)
	{
		if (read_fault(c, ret, key, value) < 0)
			return -1;
	}
	return 0;
}

static void set(struct api_call *c)
{
	struct faults f = {.latency_ms = 0};

	if (call_read_body(c, true) < 0) {
		call_refuse(c);
		return;
	}
	if (!json_object_is_type(c->body, json_type_object)) {
		status_set(&c->status, 400, "BadRequest", "an object is wanted");
		call_refuse(c);
		return;
	}
	if (read_faults(c, &f) < 0) {
		call_refuse(c);
		return;
	}
	c->api->faults = f;
	log_info("action=faults set=\"%s\"", json_object_to_json_string_ext(c->body, JSON_OUT));
	if (json_object_get_boolean(json_at(c->body, "expireWatches")))
		api_watch_break(c->api, true);
	if (json_object_get_boolean(json_at(c->body, "cutWatches")))
		api_watch_break(c->api, false);
	tell(c);
}

bool faults_answer(struct api_call *c)
{
	if (!c->api->set.faults_allowed || !str_eq(c->req.path, "/debug/faults"))
		return false;
	if (str_eq(c->req.method, "PUT"))
		set(c);
	else if (str_eq(c->req.method, "GET"))
		tell(c);
	else
		return false;
	return true;
}

/* --- what they do --- */

static bool is_for(const struct api_call *c, const char *text)
{
	return *text && (strstr(c->http->uri, text) ||
			 memmem(c->http->body, c->http->body_len, text, strlen(text)));
}

static bool fail(struct api_call *c)
{
	const struct faults *f = &c->api->faults;
	char wait[24];

	if (f->throttle_s) {
		(void)str_fmt(wait, sizeof(wait), "%llu", (unsigned long long)f->throttle_s);
		http_header(c->http, "Retry-After", wait);
		status_set(&c->status, 429, "TooManyRequests", "fault on purpose: too many");
	} else if (is_for(c, f->fail_for)) {
		status_set(&c->status, 500, "InternalError", "fault on purpose: never");
	} else if (lot(100) < f->error_percent) {
		c->spoil = c->req.verb != VERB_WATCH && lot(2) == 0;
		if (c->spoil)
			return false;
		status_set(&c->status, 500, "InternalError", "fault on purpose: not done");
	} else {
		return false;
	}
	call_refuse(c);
	return true;
}

static int on_late(sd_event_source *src, uint64_t usec, void *ctx)
{
	struct api_call *c = ctx;

	(void)src, (void)usec;
	if (!fail(c))
		api_go_on(c);
	return 0;
}

bool faults_hit(struct api_call *c)
{
	const struct faults *f = &c->api->faults;

	if (is_spared(c))
		return false;
	if (!f->latency_ms)
		return fail(c);
	if (sd_event_add_time_relative(c->api->set.loop, &c->late, CLOCK_MONOTONIC,
				       f->latency_ms * MSEC_US, 0, on_late, c) < 0)
		return fail(c);
	return true;
}

bool faults_spoil(struct api_call *c)
{
	bool spoil = c->spoil;

	c->spoil = false;
	return spoil;
}
