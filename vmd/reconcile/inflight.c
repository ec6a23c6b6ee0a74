/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of flights, one per object, and the questions that the rules ask of it. Pure but for
 * malloc. A flight that is over stays in the table as long as it says something: back-off, belief,
 * or that a request whose answer was lost may still land (flight.c). */
#include "vmd/reconcile/inflight.h"

#include "vmd/base/str.h"

#include <string.h>

void inflight_done(struct inflight *f)
{
	free(f->flight);
	*f = (struct inflight){.seed = f->seed};
}

static int flight_order(const struct flight *f, const char *key, const char *object,
			enum action_class class)
{
	int order = strcmp(f->job_key, key);

	if (order == 0)
		order = strcmp(f->object, object);
	return order ? order : (int)f->class - (int)class;
}

/* Index of the first flight that is not before (key, object, class). */
static size_t lower(const struct inflight *f, const char *key, const char *object,
		    enum action_class class)
{
	size_t lo = 0, hi = f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (flight_order(&f->flight[mid], key, object, class) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct flight *find(const struct inflight *f, const char *key, const char *object,
				 enum action_class class)
{
	size_t i;

	if (!f)
		return NULL;
	i = lower(f, key, object, class);
	if (i == f->n || flight_order(&f->flight[i], key, object, class) != 0)
		return NULL;
	return &f->flight[i];
}

static struct flight *find_or_add(struct inflight *f, const struct action *a)
{
	enum action_class class = action_class(a->kind);
	size_t i = lower(f, a->job_key, a->object, class);

	if (i < f->n && flight_order(&f->flight[i], a->job_key, a->object, class) == 0)
		return &f->flight[i];
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct flight *more = realloc(f->flight, cap * sizeof(*more));

		if (!more)
			abort();
		f->flight = more;
		f->cap = cap;
	}
	memmove(&f->flight[i + 1], &f->flight[i], (f->n - i) * sizeof(*f->flight));
	f->n++;
	f->flight[i] = (struct flight){.class = class};
	(void)str_copy(f->flight[i].job_key, sizeof(f->flight[i].job_key), a->job_key);
	(void)str_copy(f->flight[i].object, sizeof(f->flight[i].object), a->object);
	return &f->flight[i];
}

uint64_t inflight_start(struct inflight *f, const struct action *a, int64_t now_us)
{
	struct flight *fl = find_or_add(f, a);

	flight_start(fl, a, ++f->tickets, now_us);
	f->in_flight++;
	return fl->ticket;
}

static void settle(struct inflight *f, struct flight *fl, const struct err *e, int64_t now_us)
{
	flight_settle(fl, e, f->seed, now_us);
	f->in_flight--;
}

const struct flight *inflight_finish(struct inflight *f, uint64_t ticket, const struct err *e,
				     int64_t now_us)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->flight[i].ticket == ticket && ticket) {
			settle(f, &f->flight[i], e, now_us);
			return &f->flight[i];
		}
	return NULL;
}

void inflight_expire(struct inflight *f, int64_t now_us)
{
	size_t kept = 0;
	struct err e;

	for (size_t i = 0; i < f->n; i++) {
		struct flight *fl = &f->flight[i];

		if (fl->ticket && fl->deadline_us <= now_us) {
			err_set(&e, ERR_UNSURE, "%s: no answer", action_name(fl->kind));
			settle(f, fl, &e, now_us);
		}
		if (fl->ticket || flight_worth_until_us(fl) > now_us) {
			if (kept != i)
				f->flight[kept] = *fl;
			kept++;
		}
	}
	f->n = kept;
}

void inflight_see(struct inflight *f, const struct observed *seen)
{
	for (size_t i = 0; i < f->n; i++)
		flight_see(&f->flight[i], seen);
}

void inflight_landed(struct inflight *f, const char *key, const char *object,
		     enum action_class class)
{
	size_t i = lower(f, key, object, class);

	if (i < f->n && flight_order(&f->flight[i], key, object, class) == 0 &&
	    !f->flight[i].ticket)
		f->flight[i].believed_until_us = f->flight[i].lands_until_us = 0;
}

static void sooner(int64_t *next_us, int64_t at_us, int64_t now_us)
{
	if (at_us > now_us && at_us < *next_us)
		*next_us = at_us;
}

int64_t inflight_next(const struct inflight *f, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (size_t i = 0; i < f->n; i++) {
		const struct flight *fl = &f->flight[i];

		if (fl->ticket)
			sooner(&next_us, fl->deadline_us, now_us);
		sooner(&next_us, fl->hold_until_us, now_us);
		sooner(&next_us, fl->lands_until_us, now_us);
		sooner(&next_us, fl->vanish_until_us, now_us);
		sooner(&next_us, fl->believed_until_us, now_us);
		sooner(&next_us, flight_worth_until_us(fl), now_us);
	}
	return next_us;
}

bool inflight_busy(const struct inflight *f, const char *key, const char *object,
		   enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	return fl && (fl->ticket || fl->hold_until_us > now_us);
}

bool inflight_believes_made(const struct inflight *f, const char *key, const char *object,
			    enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	return fl && fl->believed_until_us > now_us && action_creates(fl->kind);
}

bool inflight_may_vanish(const struct inflight *f, const char *key, const char *object,
			 enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	if (!fl || fl->vanish_until_us > now_us)
		return fl != NULL;
	return action_removes(fl->kind) && (fl->ticket || fl->believed_until_us > now_us);
}

bool inflight_may_appear(const struct inflight *f, const char *key, enum action_class class,
			 int64_t now_us)
{
	if (!f)
		return false;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		if (fl->class != class)
			continue;
		if (fl->lands_until_us > now_us)
			return true;
		if (action_creates(fl->kind) && (fl->ticket || fl->believed_until_us > now_us))
			return true;
	}
	return false;
}

/* The first of the job's requests of that kind that failed and is tried again. */
static const struct flight *first_trouble(const struct inflight *f, const char *key,
					  bool (*is_of)(const struct flight *fl), int64_t now_us)
{
	if (!f)
		return NULL;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		if (is_of(fl) && fl->err.kind != ERR_CONFLICT && flight_is_trouble(fl, now_us))
			return fl;
	}
	return NULL;
}

const struct flight *inflight_volume_trouble(const struct inflight *f, const char *key,
					     int64_t now_us)
{
	return first_trouble(f, key, flight_is_of_volume, now_us);
}

const struct flight *inflight_move_trouble(const struct inflight *f, const char *key,
					   int64_t now_us)
{
	return first_trouble(f, key, flight_is_of_move, now_us);
}

bool inflight_is_refused(const struct inflight *f, const char *key, const char *object,
			 enum action_class class)
{
	const struct flight *fl = f ? find(f, key, object, class) : NULL;

	return fl && fl->failures > 0 && flight_is_refused(fl);
}

const struct flight *inflight_trouble(const struct inflight *f, const char *key, int64_t now_us)
{
	const struct flight *worst = NULL;

	if (!f)
		return NULL;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		/* A job's VM can be made though it cannot be moved. */
		if (!action_creates(fl->kind) || flight_is_of_move(fl) ||
		    !flight_is_trouble(fl, now_us))
			continue;
		if (flight_is_refused(fl))
			return fl;
		if (!worst || fl->failing_since_us < worst->failing_since_us)
			worst = fl;
	}
	return worst;
}
