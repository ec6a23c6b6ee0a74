/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks and writes what lease/lease.c wants, one request at a time. Every write is an update at the
 * resourceVersion that was read, or a create: of two vmd that want the Lease one gets 409. */
#include "vmd/kube/kube_lease.h"

#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_http.h"
#include "vmd/kube/kube_timer.h"
#include "vmd/lease/holder.h"
#include "vmd/lease/lease_gate.h"

#include <string.h>
#include <time.h>

#define PATH_MAX_ 320

struct kube_lease {
	struct lease lease;
	struct kube_lease_callbacks cb;
	struct http *http;
	struct timer *timer;
	char name_space[64], name[64], cluster[64];
	char collection[PATH_MAX_], path[PATH_MAX_];
	int64_t duration_s;
	int64_t acquired_wall_us;
	int64_t transitions; /* of what was sent last */
	bool led, others;    /* as it was told last */
	char trouble[240];
	char told[240]; /* trouble, as it was told last */
	void (*left)(void *ctx);
	void *left_ctx;
};

/* ---- JSON ---- */

static void put_time(struct json_object *doc, const char *path, int64_t wall_us)
{
	time_t s = (time_t)(wall_us / SEC_US);
	char text[48], whole[64];
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)str_fmt(whole, sizeof(whole), "%s.%06dZ", text, (int)(wall_us % SEC_US));
	json_put_str(doc, path, whole);
}

struct json_object *lease_encode(const char *name_space, const char *name, const char *holder,
				 const char *version, int64_t duration_s, int64_t transitions,
				 const struct lease_times *t)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "apiVersion", "coordination.k8s.io/v1");
	json_put_str(doc, "kind", "Lease");
	json_put_str(doc, "metadata/name", name);
	json_put_str(doc, "metadata/namespace", name_space);
	if (*version)
		json_put_str(doc, "metadata/resourceVersion", version);
	json_put_str(doc, "spec/holderIdentity", holder);
	json_put_int(doc, "spec/leaseDurationSeconds", duration_s);
	json_put_int(doc, "spec/leaseTransitions", transitions);
	put_time(doc, "spec/acquireTime", t->acquired_us);
	put_time(doc, "spec/renewTime", t->renewed_us);
	return doc;
}

static const struct json_field fields[] = {
	JSON_FIELD(struct lease_seen, version, "metadata/resourceVersion", J_STR, true),
	JSON_FIELD(struct lease_seen, holder, "spec/holderIdentity", J_STR, false),
	JSON_FIELD(struct lease_seen, duration_s, "spec/leaseDurationSeconds", J_INT, false),
	JSON_FIELD(struct lease_seen, transitions, "spec/leaseTransitions", J_INT, false),
};

/* A holder that promises nothing, or years, is taken to promise what we would. */
#define DURATION_MAX_S     3600
#define DURATION_DEFAULT_S 15

int lease_decode(struct json_object *doc, struct lease_seen *ret, struct err *e)
{
	struct lease_seen s = {.exists = true};

	if (json_read(doc, fields, ARRAY_LEN(fields), &s, e) < 0)
		return err_wrap(e, "Lease");
	if (s.duration_s <= 0 || s.duration_s > DURATION_MAX_S)
		s.duration_s = DURATION_DEFAULT_S;
	if (s.transitions < 0 || s.transitions > INT32_MAX - 1)
		s.transitions = 0;
	*ret = s;
	return 0;
}

/* ---- what is told ---- */

/* One line at each hand-over, and when something hinders it or does no longer. */
static void say(struct kube_lease *k, bool leads, bool others)
{
	char host[65] = "nobody";

	if (k->lease.known && *k->lease.seen.holder)
		holder_host(k->lease.seen.holder, host, sizeof(host));
	if (leads && !k->led)
		log_info("lease=%s event=lead transitions=%lld", k->name,
			 (long long)k->lease.seen.transitions);
	else if (others && !k->others)
		log_info("lease=%s event=standby holder=%s", k->name, host);
	else if (k->led && !leads && !k->lease.leaving)
		log_warn("lease=%s event=lost err=\"%s\"", k->name,
			 *k->trouble ? k->trouble : "it was not renewed in time");
	if (*k->trouble && !str_eq(k->trouble, k->told))
		log_warn("lease=%s event=trouble err=\"%s\"", k->name, k->trouble);
}

static void tell(struct kube_lease *k)
{
	int64_t now_us = clock_mono_us();
	bool leads = lease_leads(&k->lease, now_us);
	bool others = lease_is_others(&k->lease, now_us);
	bool same = leads == k->led && others == k->others && str_eq(k->trouble, k->told);

	atomic_store(&k->cb.gate->until_us, leads ? k->lease.lead_until_us : 0);
	if (same)
		return;
	say(k, leads, others);
	k->led = leads;
	k->others = others;
	(void)str_copy(k->told, sizeof(k->told), k->trouble);
	k->cb.changed(k->cb.ctx);
}

static void go_on(struct kube_lease *k);

static void left(struct kube_lease *k)
{
	void (*done)(void *ctx) = k->left;

	k->left = NULL;
	if (done)
		done(k->left_ctx);
}

/* ---- requests ---- */

static int answer_read(struct kube_lease *k, const struct http_reply *r, struct lease_seen *ret,
		       struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;

	if (json_parse(r->body, r->len, &doc, e) < 0 || lease_decode(doc, ret, e) < 0)
		return -1;
	ret->holder_gone = *ret->holder && !str_eq(ret->holder, k->lease.self) &&
			   holder_is_gone("", ret->holder);
	return 0;
}

static void on_answer(void *ctx, const struct http_reply *r, const struct err *given)
{
	struct kube_lease *k = ctx;
	struct lease_seen seen = {.exists = false};
	struct err e = *given;
	bool absent = e.kind == ERR_ABSENT;

	if (e.kind == ERR_NONE)
		(void)answer_read(k, r, &seen, &e);
	lease_answer(&k->lease, &seen, &e, clock_mono_us());
	k->trouble[0] = '\0';
	if (e.kind != ERR_NONE && e.kind != ERR_CONFLICT && !absent)
		(void)snprintf(k->trouble, sizeof(k->trouble), "Lease %s: %s", k->name, e.msg);
	go_on(k);
}

static struct json_object *body_of(struct kube_lease *k, enum lease_step step)
{
	const struct lease_seen *s = &k->lease.seen;
	bool mine = s->exists && str_eq(s->holder, k->lease.self);
	bool first = step == LEASE_CREATE || !s->exists;
	struct lease_times t = {.renewed_us = clock_wall_s() * SEC_US};

	if (!mine)
		k->acquired_wall_us = t.renewed_us;
	t.acquired_us = k->acquired_wall_us;
	k->transitions = first ? 0 : s->transitions + (mine ? 0 : 1);
	return lease_encode(k->name_space, k->name, step == LEASE_RELEASE ? "" : k->lease.self,
			    first ? "" : s->version, step == LEASE_RELEASE ? 1 : k->duration_s,
			    k->transitions, &t);
}

static int send(struct kube_lease *k, enum lease_step step, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct http_request r = {.method = "GET",
				 .path = k->path,
				 .timeout_us = k->lease.patience_us,
				 .done = on_answer,
				 .ctx = k};

	if (step != LEASE_READ) {
		doc = body_of(k, step);
		r.body = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN);
		r.method = step == LEASE_CREATE ? "POST" : "PUT";
		if (step == LEASE_CREATE)
			r.path = k->collection;
	}
	return http_send(k->http, &r, NULL, e);
}

/* Sends what is due and sets the timer for what is not. */
static void go_on(struct kube_lease *k)
{
	int64_t now_us = clock_mono_us(), at_us;
	enum lease_step step = lease_next(&k->lease, now_us, &at_us);
	struct err e;

	tell(k);
	if (step != LEASE_IDLE) {
		lease_sent(&k->lease, step, now_us);
		if (send(k, step, &e) == 0)
			return;
		lease_answer(&k->lease, NULL, &e, now_us);
		(void)snprintf(k->trouble, sizeof(k->trouble), "Lease %s: %s", k->name, e.msg);
		(void)lease_next(&k->lease, now_us, &at_us);
	}
	/* Also when it runs out unrenewed: that is told then. */
	if (k->led && k->lease.lead_until_us > now_us && k->lease.lead_until_us < at_us)
		at_us = k->lease.lead_until_us;
	if (at_us != INT64_MAX)
		timer_set(k->timer, at_us > now_us ? at_us - now_us : 0);
	else if (k->left && k->lease.asked == LEASE_IDLE)
		left(k);
}

static void on_timer(void *ctx)
{
	go_on(ctx);
}

/* ---- life ---- */

/* "vmd-CLUSTER" unless the settings name it; a cluster's name may hold what an object's may not. */
static int name_make(struct kube_lease *k, const struct settings *s, struct err *e)
{
	if (s->lease_name[0])
		(void)str_copy(k->name, sizeof(k->name), s->lease_name);
	else if (str_fmt(k->name, sizeof(k->name), "vmd-%s", s->cluster) < 0)
		return err_set(e, ERR_INVALID,
			       "the cluster's name is too long for a Lease's: set "
			       "lease: name");
	for (char *c = k->name; !s->lease_name[0] && *c; c++)
		*c = *c == '_' ? '-' : (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	if (!str_is_name(k->name, sizeof(k->name) - 1))
		return err_set(e, ERR_INVALID, "'%s' is no name for a Lease: set lease: name",
			       k->name);
	return 0;
}

int kube_lease_new(struct sd_event *loop, const struct settings *s,
		   const struct kube_lease_callbacks *cb, struct kube_lease **ret, struct err *e)
{
	AUTO(kube_lease_free) struct kube_lease *k = calloc(1, sizeof(*k));
	char self[LEASE_HOLDER_MAX + 1];

	if (!k)
		abort();
	k->cb = *cb;
	k->duration_s = s->lease_duration_s;
	if (name_make(k, s, e) < 0 || holder_self(self, sizeof(self), e) < 0)
		return -1;
	lease_init(&k->lease, self, k->duration_s * SEC_US);
	(void)str_copy(k->name_space, sizeof(k->name_space), s->kube_namespace);
	if (str_fmt(k->collection, sizeof(k->collection),
		    "/apis/coordination.k8s.io/v1/namespaces/%s/leases", k->name_space) < 0 ||
	    str_fmt(k->path, sizeof(k->path), "%s/%s", k->collection, k->name) < 0)
		return err_set(e, ERR_INVALID, "the Lease's path is too long");
	if (http_new(loop,
		     &(struct http_settings){.server = s->kube_server,
					     .ca_file = s->kube_ca_file,
					     .token_file = s->kube_token_file,
					     .timeout_us = k->lease.patience_us,
					     .parallel_max = 1,
					     .queue_max = 2},
		     &k->http, e) < 0)
		return err_wrap(e, "lease");
	k->timer = timer_new(loop, on_timer, k);
	*ret = STEAL(k);
	return 0;
}

void kube_lease_free(struct kube_lease *k)
{
	if (!k)
		return;
	http_free(k->http);
	timer_free(k->timer);
	free(k);
}

void kube_lease_start(struct kube_lease *k)
{
	timer_set(k->timer, 0);
}

bool kube_lease_leads(const struct kube_lease *k)
{
	return lease_leads(&k->lease, clock_mono_us());
}

int64_t kube_lease_since_us(const struct kube_lease *k)
{
	return kube_lease_leads(k) ? k->lease.since_us : 0;
}

bool kube_lease_is_others(const struct kube_lease *k)
{
	return lease_is_others(&k->lease, clock_mono_us());
}

const char *kube_lease_holder(const struct kube_lease *k)
{
	return k->lease.known && k->lease.seen.exists ? k->lease.seen.holder : "";
}

const char *kube_lease_trouble(const struct kube_lease *k)
{
	return k->trouble;
}

void kube_lease_leave(struct kube_lease *k, void (*done)(void *ctx), void *ctx)
{
	k->left = done;
	k->left_ctx = ctx;
	(void)lease_leave(&k->lease);
	timer_set(k->timer, 0);
}
