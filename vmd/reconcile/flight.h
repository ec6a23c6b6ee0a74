/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request: its deadline, the back-off after a failure, and what a success makes us believe
 * until it is seen. Pure: time is an argument, monotonic microseconds. Of inflight.h, which has one
 * for each object. */
#ifndef VMD_RECONCILE_FLIGHT_H
#define VMD_RECONCILE_FLIGHT_H

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

/* None may be in flight. */
void flight_start(struct flight *f, const struct action *a, uint64_t ticket, int64_t now_us);
/* The outcome; ERR_UNSURE: nobody answered in time. seed is that of the back-off's jitter. */
void flight_settle(struct flight *f, const struct err *e, uint64_t seed, int64_t now_us);
/* What is seen need not be believed any more, and what is gone not be waited for. */
void flight_see(struct flight *f, const struct observed *seen);
/* Until when it says something. */
int64_t flight_worth_until_us(const struct flight *f);
/* Has it failed, and is that no matter of the past? */
bool flight_is_trouble(const struct flight *f, int64_t now_us);
/* Was it refused for good: INVALID, DENIED, ABSENT? */
bool flight_is_refused(const struct flight *f);
/* Does what it hinders concern the job's move alone, or a disk that its guest is given? */
bool flight_is_of_move(const struct flight *f);
bool flight_is_of_volume(const struct flight *f);

#endif
