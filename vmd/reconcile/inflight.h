/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has been asked for and is not settled: one action per object at a time (flight.h), and what
 * may be concluded from it for a job. Pure: time is an argument, monotonic microseconds. Forgotten
 * by a crash, which is why the rules do not rest on it alone. */
#ifndef VMD_RECONCILE_INFLIGHT_H
#define VMD_RECONCILE_INFLIGHT_H

#include "vmd/reconcile/flight.h"

struct inflight {
	uint64_t seed; /* of the jitter */
	uint64_t tickets;
	size_t n, cap, in_flight;
	struct flight *flight; /* sorted by job_key, object, class */
};

/* Zeroed is empty but for the seed. Running out of memory aborts. */
void inflight_done(struct inflight *f);

/* Its ticket, never 0, by which the outcome will be told. There must be none on this object: see
 * inflight_busy(). */
uint64_t inflight_start(struct inflight *f, const struct action *a, int64_t now_us);
/* The outcome. NULL: no such ticket any more (too late, or told twice); else what it was for,
 * borrowed until the next call. */
const struct flight *inflight_finish(struct inflight *f, uint64_t ticket, const struct err *e,
				     int64_t now_us);
/* Deadlines that have passed become ERR_UNSURE; what is settled is forgotten. */
void inflight_expire(struct inflight *f, int64_t now_us);
/* What is seen need not be believed any more, and what is gone not be waited for. */
void inflight_see(struct inflight *f, const struct observed *seen);
/* The same of what no view of struct observed shows: it has landed. */
void inflight_landed(struct inflight *f, const char *key, const char *object,
		     enum action_class class);
/* When inflight_busy may change by time alone; INT64_MAX: not. */
int64_t inflight_next(const struct inflight *f, int64_t now_us);

/* The questions accept f NULL: nothing in flight. */
bool inflight_busy(const struct inflight *f, const char *key, const char *object,
		   enum action_class class, int64_t now_us);
/* Was it made so lately that the view need not show it yet? */
bool inflight_believes_made(const struct inflight *f, const char *key, const char *object,
			    enum action_class class, int64_t now_us);
/* Is it being removed, was it lately, or perhaps? Then it is not there, whatever the view shows. */
bool inflight_may_vanish(const struct inflight *f, const char *key, const char *object,
			 enum action_class class, int64_t now_us);
/* May an object of this class of this job come up that is not seen: being made, made, or perhaps
 * made? */
bool inflight_may_appear(const struct inflight *f, const char *key, enum action_class class,
			 int64_t now_us);
/* What hinders the making of this job's objects: the flight that fails longest, NULL: nothing. One
 * that was refused for good (INVALID, DENIED, ABSENT) comes first. */
const struct flight *inflight_trouble(const struct inflight *f, const char *key, int64_t now_us);
/* What hinders its move; NULL: nothing. */
const struct flight *inflight_move_trouble(const struct inflight *f, const char *key,
					   int64_t now_us);
/* What hinders giving a disk to its running guest, or taking it; NULL: nothing. */
const struct flight *inflight_volume_trouble(const struct inflight *f, const char *key,
					     int64_t now_us);
/* Was the last action on it refused for good (flight_is_refused), and is that still remembered? */
bool inflight_is_refused(const struct inflight *f, const char *key, const char *object,
			 enum action_class class);

#endif
