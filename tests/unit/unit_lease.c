/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who leads, until when, and what is asked next: two machines on one server, each with its own
 * clock. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/lease/lease.h"

#include <check.h>
#include <string.h>

#define S        INT64_C(1000000)
#define DURATION (10 * S)

static const struct err ok = {.kind = ERR_NONE};

/* A server with one Lease. */
static struct lease_seen server;
static int writes;

static struct err failure(enum err_kind kind)
{
	struct err e;

	err_set(&e, kind, "%s", err_kind_name(kind));
	return e;
}

/* The server does what is asked at version; its answer. */
static struct err serve(const char *self, enum lease_step step, const char *version,
			struct lease_seen *ret)
{
	static int versions;
	bool takes = step == LEASE_CREATE || step == LEASE_WRITE;

	if (step != LEASE_CREATE && !server.exists)
		return failure(ERR_ABSENT);
	if (step == LEASE_CREATE && server.exists)
		return failure(ERR_CONFLICT);
	if (step == LEASE_WRITE || step == LEASE_RELEASE) {
		if (!str_eq(version, server.version))
			return failure(ERR_CONFLICT);
	}
	if (step != LEASE_READ) {
		server.exists = true;
		server.duration_s = DURATION / S;
		(void)snprintf(server.holder, sizeof(server.holder), "%s", takes ? self : "");
		(void)snprintf(server.version, sizeof(server.version), "%d", ++versions);
		writes++;
	}
	*ret = server;
	return ok;
}

/* Everything that is due at this time, answered at once. */
static void turn(struct lease *l, int64_t now_us)
{
	enum lease_step step;
	int64_t at_us;

	for (int i = 0; (step = lease_next(l, now_us, &at_us)) != LEASE_IDLE; i++) {
		struct lease_seen seen;
		struct err e;

		ck_assert_int_lt(i, 5);
		lease_sent(l, step, now_us);
		ck_assert_int_eq(lease_next(l, now_us, &at_us), LEASE_IDLE); /* one at a time */
		ck_assert_int_eq(at_us, INT64_MAX);
		e = serve(l->self, step, l->seen.version, &seen);
		lease_answer(l, &seen, &e, now_us);
	}
}

static void begin(struct lease *l, const char *self)
{
	lease_init(l, self, DURATION);
}

START_TEST(alone)
{
	struct lease l;

	server = (struct lease_seen){.exists = false};
	begin(&l, "a");
	ck_assert(!lease_leads(&l, 0));
	turn(&l, 0); /* read, create */
	ck_assert(lease_leads(&l, 0));
	ck_assert(!lease_is_others(&l, 0));
	for (int64_t t = 0; t < 100 * S; t += S / 4) {
		turn(&l, t);
		ck_assert(lease_leads(&l, t));
	}
	ck_assert_int_lt(writes, 60); /* one in two seconds, and the first */
	/* not renewed: it stops by itself, earlier than others may take it */
	ck_assert(lease_leads(&l, 98 * S + DURATION * 3 / 4 - 1));
	ck_assert(!lease_leads(&l, 100 * S + DURATION * 3 / 4));
}
END_TEST

/* The holder dies, or is stopped for a while: the other takes it after the duration by its own
 * clock, and never do both lead. */
START_TEST(takeover)
{
	int64_t taken_us = 0;
	struct lease a, b;

	server = (struct lease_seen){.exists = false};
	begin(&a, "a");
	begin(&b, "b");
	for (int64_t t = 0; t < 60 * S; t += S / 10) {
		if (t < 20 * S || t > 45 * S) /* stopped in between */
			turn(&a, t);
		turn(&b, t + 7777 * S); /* another clock */
		ck_assert(!(lease_leads(&a, t) && lease_leads(&b, t + 7777 * S)));
		if (lease_leads(&b, t + 7777 * S) && !taken_us)
			taken_us = t;
	}
	ck_assert_int_ge(taken_us, 20 * S + DURATION - 2 * S); /* after its last renewal */
	ck_assert_int_le(taken_us, 20 * S + DURATION + 2 * S);
	ck_assert(!lease_leads(&a, 60 * S));
	ck_assert(lease_is_others(&a, 60 * S));
	ck_assert_str_eq(server.holder, "b");
}
END_TEST

START_TEST(released_is_taken_at_once)
{
	struct lease a, b;

	server = (struct lease_seen){.exists = false};
	begin(&a, "a");
	begin(&b, "b");
	turn(&a, 0);
	turn(&b, 0);
	ck_assert(lease_is_others(&b, 0));
	ck_assert(!lease_leave(&a));
	ck_assert(!lease_leads(&a, 0)); /* before the server knows */
	turn(&a, 0);
	ck_assert(lease_leave(&a));
	ck_assert_str_eq(server.holder, "");
	ck_assert(lease_is_others(&b, 0)); /* as far as it knows */
	turn(&b, 2 * S);
	ck_assert(lease_leads(&b, 2 * S));
	turn(&a, 100 * S); /* wants it no more */
	ck_assert_str_eq(server.holder, "b");
}
END_TEST

/* Whose it is: of one that has run out, was let go or is not there it is nobody's. */
START_TEST(others)
{
	struct lease b;

	begin(&b, "b");
	ck_assert(!lease_is_others(&b, 0)); /* not known yet */
	b.known = true;
	ck_assert(!lease_is_others(&b, 0));
	b.seen = (struct lease_seen){.exists = true, .duration_s = 10};
	ck_assert(!lease_is_others(&b, 0));
	(void)str_copy(b.seen.holder, sizeof(b.seen.holder), "a");
	ck_assert(lease_is_others(&b, DURATION - 1));
	ck_assert(!lease_is_others(&b, DURATION));
	(void)str_copy(b.seen.holder, sizeof(b.seen.holder), "b");
	ck_assert(!lease_is_others(&b, 0));
	/* while a request is under way there is something left to do */
	lease_sent(&b, LEASE_READ, 0);
	ck_assert(!lease_leave(&b));
}
END_TEST

START_TEST(gone_is_taken_at_once)
{
	struct lease b;

	server = (struct lease_seen){.exists = true,
				     .holder = "a",
				     .version = "x",
				     .duration_s = 10,
				     .holder_gone = true};
	begin(&b, "b");
	turn(&b, 0);
	ck_assert(lease_leads(&b, 0));
}
END_TEST

/* The time counts from when the write was sent, not from when its answer came. */
START_TEST(counts_from_sending)
{
	struct lease_seen seen = {.exists = true, .holder = "a", .version = "9", .duration_s = 10};
	struct lease l;

	begin(&l, "a");
	lease_sent(&l, LEASE_WRITE, 0);
	lease_answer(&l, &seen, &ok, 5 * S);
	ck_assert(lease_leads(&l, 5 * S));
	ck_assert(lease_leads(&l, DURATION * 3 / 4 - 1));
	ck_assert(!lease_leads(&l, DURATION * 3 / 4));
}
END_TEST

/* A read proves nothing about until when. */
START_TEST(reading_does_not_renew)
{
	struct lease_seen seen = {.exists = true, .holder = "a", .version = "9", .duration_s = 10};
	struct lease l;
	int64_t at_us;

	begin(&l, "a");
	lease_sent(&l, LEASE_READ, 0);
	lease_answer(&l, &seen, &ok, 0);
	ck_assert(!lease_leads(&l, 0));
	ck_assert_int_eq(lease_next(&l, 0, &at_us), LEASE_WRITE);
}
END_TEST

/* What fails does not shorten what the holder has, and does not lengthen it. */
static const enum err_kind failures[] = {ERR_RETRY, ERR_UNSURE, ERR_DENIED, ERR_FULL, ERR_INVALID};
START_TEST(failures_rows)
{
	struct err e = failure(failures[_i]);
	struct lease_seen nothing = {.exists = false};
	struct lease l;
	int64_t at_us;

	server = (struct lease_seen){.exists = false};
	begin(&l, "a");
	turn(&l, 0);
	ck_assert_int_eq(lease_next(&l, S, &at_us), LEASE_IDLE);
	ck_assert_int_eq(at_us, 2 * S);
	ck_assert_int_eq(lease_next(&l, 2 * S, &at_us), LEASE_WRITE);
	lease_sent(&l, LEASE_WRITE, 2 * S);
	lease_answer(&l, &nothing, &e, 3 * S);
	ck_assert(lease_leads(&l, 3 * S));
	ck_assert(!lease_leads(&l, DURATION * 3 / 4));
	ck_assert_int_eq(lease_next(&l, 3 * S, &at_us), LEASE_IDLE);
	ck_assert_int_eq(at_us, 4 * S);
	ck_assert_int_eq(lease_next(&l, 4 * S, &at_us), LEASE_READ); /* what became of it? */
	turn(&l, 4 * S);
	ck_assert(lease_leads(&l, 4 * S + DURATION * 3 / 4 - 1));
}
END_TEST

/* A standby that cannot read for a while goes on counting. */
START_TEST(reads_that_fail_do_not_begin_anew)
{
	struct err e = failure(ERR_RETRY);
	struct lease_seen nothing = {.exists = false};
	struct lease l;
	int64_t at_us;

	server = (struct lease_seen){
		.exists = true, .holder = "b", .version = "7", .duration_s = 10};
	begin(&l, "a");
	turn(&l, 0);
	for (int64_t t = 2 * S; t < DURATION; t += 2 * S) {
		lease_sent(&l, LEASE_READ, t);
		lease_answer(&l, &nothing, &e, t);
	}
	turn(&l, DURATION - 1);
	ck_assert(!lease_leads(&l, DURATION - 1));
	ck_assert_int_eq(lease_next(&l, DURATION - 1, &at_us), LEASE_IDLE);
	ck_assert_int_eq(at_us, DURATION); /* and wakes at that moment */
	turn(&l, DURATION);
	ck_assert(lease_leads(&l, DURATION));
}
END_TEST

/* An API that answers late, or not in the time that it is given. */
static void slow_turn(struct lease *l, int64_t *now_us, int64_t latency_us)
{
	struct err e = failure(ERR_UNSURE);
	struct lease_seen seen = {.exists = false};
	enum lease_step step;
	int64_t at_us;

	while ((step = lease_next(l, *now_us, &at_us)) == LEASE_IDLE)
		*now_us = at_us;
	lease_sent(l, step, *now_us);
	if (l->patience_us <= latency_us) {
		*now_us += l->patience_us;
	} else {
		e = serve(l->self, step, l->seen.version, &seen);
		*now_us += latency_us;
	}
	lease_answer(l, &seen, &e, *now_us);
}

/* Every answer takes 5 s, of a duration of 10: it leads for half of the time all the same. */
START_TEST(slow_api)
{
	int64_t now_us = 0, since_us = 0;
	unsigned led = 0;
	struct lease l;

	server = (struct lease_seen){.exists = false};
	begin(&l, "a");
	for (int i = 0; i < 40; i++) {
		slow_turn(&l, &now_us, 5 * S + S / 20);
		if (!lease_leads(&l, now_us))
			continue;
		led++;
		ck_assert_int_eq(l.since_us, since_us ? since_us : now_us); /* it is one time */
		since_us = l.since_us;
	}
	ck_assert_uint_ge(led, 30);
	/* quick again: so is the next attempt */
	slow_turn(&l, &now_us, S / 10);
	ck_assert_int_eq(l.patience_us, DURATION / 4);
}
END_TEST

/* Is it longer after an attempt that failed after so long? Not while it leads: a second attempt is
 * in time; nor when it is refused at once. And never longer than an answer is of use. */
START_TEST(patience)
{
	struct err e = failure(ERR_UNSURE);
	struct lease_seen nothing = {.exists = false};
	struct lease l;

	server = (struct lease_seen){.exists = false};
	begin(&l, "a");
	ck_assert_int_eq(l.patience_us, DURATION / 4);
	lease_sent(&l, LEASE_READ, 0);
	lease_answer(&l, &nothing, &e, S / 100);
	ck_assert_int_eq(l.patience_us, DURATION / 4);
	for (int i = 0; i < 4; i++) {
		lease_sent(&l, LEASE_READ, 0);
		lease_answer(&l, &nothing, &e, l.patience_us);
	}
	ck_assert_int_eq(l.patience_us, DURATION / 4 * 3);
	turn(&l, 20 * S);
	ck_assert(lease_leads(&l, 20 * S));
	ck_assert_int_eq(l.patience_us, DURATION / 4);
	lease_sent(&l, LEASE_WRITE, 22 * S);
	lease_answer(&l, &nothing, &e, 22 * S + DURATION / 4);
	ck_assert_int_eq(l.patience_us, DURATION / 4);
}
END_TEST

/* What it knows is as good as before when its time ran out and nobody took the Lease meanwhile; it
 * is not when somebody did. */
START_TEST(since_nobody_else_leads)
{
	int64_t since_us;
	struct lease a, b;

	server = (struct lease_seen){.exists = false};
	begin(&a, "a");
	begin(&b, "b");
	ck_assert_int_eq(a.since_us, 0);
	turn(&a, 1 * S);
	since_us = a.since_us;
	ck_assert_int_eq(since_us, 1 * S);
	ck_assert(!lease_leads(&a, 50 * S));
	turn(&a, 50 * S);
	ck_assert(lease_leads(&a, 50 * S));
	ck_assert_int_eq(a.since_us, since_us);
	for (int64_t t = 52 * S; t < 70 * S; t += S)
		turn(&b, t);
	ck_assert(lease_leads(&b, 69 * S));
	turn(&a, 69 * S);
	ck_assert_int_eq(a.since_us, 0);
	for (int64_t t = 71 * S; t < 90 * S; t += S)
		turn(&a, t);
	ck_assert(lease_leads(&a, 89 * S));
	ck_assert_int_gt(a.since_us, 70 * S);
}
END_TEST

START_TEST(lost_by_force)
{
	struct err gone = failure(ERR_ABSENT);
	struct lease_seen nothing = {.exists = false};
	struct lease l;
	int64_t at_us;

	server = (struct lease_seen){.exists = false};
	begin(&l, "a");
	turn(&l, 0);
	/* kubectl edit: somebody else's name is in it */
	(void)str_copy(server.holder, sizeof(server.holder), "b");
	(void)str_copy(server.version, sizeof(server.version), "other");
	turn(&l, 2 * S);
	ck_assert(!lease_leads(&l, 2 * S));
	ck_assert(lease_is_others(&l, 2 * S));
	/* kubectl delete: made again */
	server.exists = false;
	turn(&l, 4 * S);
	ck_assert(lease_leads(&l, 4 * S));
	/* ... but not in a loop, when there is no namespace */
	lease_sent(&l, LEASE_CREATE, 6 * S);
	lease_answer(&l, &nothing, &gone, 6 * S);
	ck_assert_int_eq(lease_next(&l, 6 * S, &at_us), LEASE_IDLE);
	ck_assert_int_eq(at_us, 8 * S);
	/* a release that fails is not tried again */
	turn(&l, 8 * S);
	(void)lease_leave(&l);
	lease_sent(&l, LEASE_RELEASE, 8 * S);
	lease_answer(&l, &nothing, &gone, 8 * S);
	ck_assert(lease_leave(&l));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("lease");

	tcase_add_test(t, alone);
	tcase_add_test(t, takeover);
	tcase_add_test(t, released_is_taken_at_once);
	tcase_add_test(t, others);
	tcase_add_test(t, gone_is_taken_at_once);
	tcase_add_test(t, counts_from_sending);
	tcase_add_test(t, reading_does_not_renew);
	tcase_add_loop_test(t, failures_rows, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(t, reads_that_fail_do_not_begin_anew);
	tcase_add_test(t, slow_api);
	tcase_add_test(t, patience);
	tcase_add_test(t, since_nobody_else_leads);
	tcase_add_test(t, lost_by_force);
	return CHECK_MAIN(t);
}
