/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has been asked for and is not settled: one action per object at a time, its deadline, the
 * back-off after a failure, and what a success makes us believe until it is seen. Pure: time is an
 * argument, monotonic microseconds. Forgotten by a crash, which is why the rules do not rest on it
 * alone. */
#ifndef VMD_RECONCILE_INFLIGHT_H
#define VMD_RECONCILE_INFLIGHT_H

#include "vmd/reconcile/action.h"

#define FLIGHT_DEADLINE_US (INT64_C(120) * 1000000)
/* A worker blocked in librbd cannot be called back, so its answer is waited for much longer. */
#define FLIGHT_DISK_DEADLINE_US (INT64_C(900) * 1000000)
/* A request may still take effect so long after it was sent, though nobody waits for its answer:
 * kube-apiserver ends a request after 60 s (--request-timeout). */
#define FLIGHT_LATE_US (INT64_C(75) * 1000000)
/* How long a success is believed while the view does not show it. */
#define FLIGHT_BELIEF_US      (INT64_C(30) * 1000000)
#define FLIGHT_SETTLE_US      (INT64_C(5) * 1000000)  /* a delete was accepted: wait to see it */
#define FLIGHT_STEP_US        (INT64_C(1) * 1000000)  /* ... a step of a move */
#define FLIGHT_END_JOB_US     (INT64_C(30) * 1000000) /* ... and the end of a job */
#define FLIGHT_BACKOFF_MAX_US (INT64_C(60) * 1000000)

struct flight {
	char job_key[JOB_KEY_MAX + 1];
	char object[VM_NAME_MAX + 1];
	enum action_class class;
	enum action_kind kind; /* of the last action */
	uint64_t ticket;       /* 0: none in flight */
	int64_t deadline_us;
	int64_t hold_until_us; /* back-off or settling: nothing new before */
	/* Until then may still land a create without an answer, or show one that was repeated. */
	int64_t lands_until_us;
	int64_t vanish_until_us;   /* the same for a removal */
	int64_t believed_until_us; /* it worked: believe that until then */
	unsigned failures;         /* in a row */
	int64_t failing_since_us;
	struct err err; /* the last failure; ERR_NONE after a success */
};

struct inflight {
	uint64_t seed; /* of the jitter */
	uint64_t tickets;
	size_t n, cap, in_flight;
	struct flight *flight; /* sorted by job_key, object, class */
};

/* Zeroed is empty but for the seed. Running out of memory aborts. */
void inflight_done(struct inflight *f);

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
bool flight_is_refused(const struct flight *f);

#endif
