/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of several vmd acts: the one that holds a Lease in Kubernetes, for as long as it has
 * renewed it. Pure: the time is an argument, local and monotonic, in microseconds; nobody compares
 * clocks.
 *
 * As client-go does it (tools/leaderelection/leaderelection.go): the holder writes the Lease every
 * so often; another takes it when it has not seen it change for a whole duration by its own clock.
 * The holder stops by itself a quarter of the duration earlier, counted from when it *sent* its
 * last renewal. Every write names the version it was decided on, so of two that want it one fails.
 */
#ifndef VMD_LEASE_LEASE_H
#define VMD_LEASE_LEASE_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define LEASE_HOLDER_MAX 255

/* The Lease as the server has it. */
struct lease_seen {
	bool exists;
	char holder[LEASE_HOLDER_MAX + 1]; /* "" nobody: it was let go */
	char version[32];                  /* resourceVersion, opaque */
	int64_t duration_s;                /* as the holder promises */
	int64_t transitions;               /* how often it changed hands */
	bool holder_gone; /* the adapter knows that this process is no more: no need to wait */
};

/* What to ask the server for. */
enum lease_step {
	LEASE_IDLE,
	LEASE_READ,
	LEASE_CREATE, /* there is none */
	LEASE_WRITE,  /* take or renew it: update at seen.version */
	LEASE_RELEASE /* update at seen.version, holder "" */
};

struct lease {
	char self[LEASE_HOLDER_MAX + 1];
	int64_t duration_us;
	bool known;  /* the server has told what there is */
	bool unsure; /* a write failed, or may not have: it has to be read before the next */
	struct lease_seen seen;
	int64_t changed_us;    /* since when it is seen as it is */
	int64_t lead_until_us; /* 0: does not lead */
	int64_t since_us;    /* since when nobody else has led, with it; 0: it has not led since */
	int64_t patience_us; /* how long the next answer is waited for */
	int64_t next_us;     /* when to ask again */
	enum lease_step asked; /* IDLE: nothing is under way */
	int64_t asked_us;
	bool leaving; /* wants it no more */
};

/* Longer names are cut. */
void lease_init(struct lease *l, const char *self, int64_t duration_us);
/* What to send now. IDLE: *ret_at_us says when to ask next, INT64_MAX: not before an answer. */
enum lease_step lease_next(const struct lease *l, int64_t now_us, int64_t *ret_at_us);
void lease_sent(struct lease *l, enum lease_step step, int64_t now_us);
/* The answer to what was sent last (ERR_RETRY or ERR_UNSURE also when none came in patience_us):
 * e->kind ERR_NONE with the Lease as it is now (after RELEASE without a holder); ERR_ABSENT: there
 * is none. */
void lease_answer(struct lease *l, const struct lease_seen *seen, const struct err *e,
		  int64_t now_us);
/* May an action be sent at this moment? */
bool lease_leads(const struct lease *l, int64_t now_us);
/* Does another process hold it, as far as is known? */
bool lease_is_others(const struct lease *l, int64_t now_us);
/* Stop leading, and let it go. true: nothing is left to do. */
bool lease_leave(struct lease *l);

#endif
