/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A story: rounds of one reconciler over little worlds, one after another. Its port takes what is
 * asked for and notes it; the test answers. One story at a time, in a test case's process. */
#ifndef TESTS_UNIT_STORY_H
#define TESTS_UNIT_STORY_H

#include "tests/unit/little_world.h"
#include "vmd/reconcile/reconciler.h"

struct story {
	struct little_world w; /* of now; a test may change it before a round */
	struct reconciler *r;
	int64_t t_us;      /* since the beginning */
	struct err refuse; /* ERR_NONE: the port takes everything */
	unsigned n;        /* asked for in the last round: */
	struct action last[16];
	uint64_t ticket[16];
};

extern struct story story;

/* With a reconciler that knows nothing yet; ended by story_end(). */
void story_begin(const char *job);
void story_end(void);
/* Another vmd goes on with it. */
void story_restart(void);
struct now story_now(void);
/* Another world, seconds later; no round. */
void story_world(int64_t seconds, const char *job, const char *seen);
/* When the next round is due, as reconciler_round() says. */
int64_t story_round(void);
/* Another world, seconds later, with what the job's record said of it, and a round on it. */
int64_t story_look(int64_t seconds, const char *job, const char *seen);
/* A round in which the guest has come so far. */
void story_guest(const char *address, bool agent, bool reachable);
/* How all that was asked for in the last round ended. */
void story_answer(enum err_kind kind);
/* The first of that kind in the last round, NULL if none. */
const struct action *story_asked(enum action_kind kind);
/* What the job's user reads. */
void story_expect(enum vm_state state, const char *reason);

#endif
