/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows that wait for news, lists that wait for a look at Slurm. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define SEC INT64_C(1000000)

/* The word for what is shown now. */
static void token_get(char token[64])
{
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert(reply.sent);
	ck_assert_int_eq(str_copy(token, 64, wire_get(&in, "seen")), 0);
}

static void ask_news(uint32_t uid, const char *token, const char *wait)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "op=show\njob=17\nseen=%s\nwait=%s\n", token, wait);
	ask_as(uid, text);
}

START_TEST(waits_for_news)
{
	char token[64], other[64];

	setup();
	now_us = 100 * SEC;
	token_get(token);
	ask_news(ALICE, "something else", "5");
	ck_assert(reply.sent);
	ask_news(ALICE, token, "0");
	ck_assert(reply.sent);
	ask_news(ALICE, token, "21");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_news(ALICE, token, "5");
	ck_assert(!reply.sent);
	ck_assert_int_eq(woken_us, 105 * SEC);
	now_us = 102 * SEC;
	requests_look(&requests);
	ck_assert(!reply.sent);
	(void)str_copy(status.reason, sizeof(status.reason), "waiting for an address in the LAN");
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "reason"), "waiting for an address in the LAN");
	ck_assert_str_ne(wire_get(&in, "seen"), token);
	ck_assert_int_eq(woken_us, INT64_MAX);
	/* each thing that is shown is news */
	token_get(token);
	status.node_clear = true;
	token_get(other);
	ck_assert_str_ne(token, other);
	status.state = VM_STATE_READY;
	token_get(token);
	ck_assert_str_ne(token, other);
	status.address[0] = '\0';
	token_get(other);
	ck_assert_str_ne(token, other);
	/* time is no news, but an answer */
	ask_news(ALICE, other, "5");
	ck_assert(!reply.sent);
	now_us = 107 * SEC;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "seen"), other);
}
END_TEST

/* Who may know is looked up anew: the job may have gone, and its number to another. */
START_TEST(news_of_a_job_that_is_gone)
{
	char token[64];

	setup();
	token_get(token);
	ask_news(ALICE, token, "5");
	jobs[1].uid = BOB;
	status.state = VM_STATE_READY;
	requests_look(&requests);
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	jobs[1].uid = ALICE;
	token_get(token);
	ask_news(ALICE, token, "5");
	desired.n = 1;
	now_us += 5 * SEC;
	requests_look(&requests);
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
}
END_TEST

/* Too many are not refused: they are answered at once. */
START_TEST(bounds_of_those_who_wait)
{
	char token[64];
	size_t kept = 0;

	setup();
	now_us = 100 * SEC;
	token_get(token);
	for (size_t i = 0; i <= HELD_PER_USER; i++) {
		ask_news(ALICE, token, "5");
		kept += !reply.sent;
	}
	ck_assert_uint_eq(kept, HELD_PER_USER);
	for (size_t i = 0; i < HELD_MAX; i++) { /* root's: the epilogs */
		ask_news(0, token, "5");
		kept += !reply.sent;
	}
	ck_assert_uint_eq(kept, HELD_MAX);
}
END_TEST

/* A job that was submitted a moment ago is in the list of who asks now. */
START_TEST(list_waits_for_slurm)
{
	setup();
	may_look = true;
	looks = 0;
	now_us = 100 * SEC;
	slurm_asked_us = 95 * SEC;
	ask_as(ALICE, "op=list\nfresh=1\n");
	ck_assert(!reply.sent);
	ck_assert_uint_eq(looks, 1);
	ck_assert_int_eq(woken_us, 103 * SEC);
	requests_look(&requests); /* a round of something else */
	ck_assert(!reply.sent);
	job_add(19, ALICE, NONCE);
	slurm_asked_us = now_us + 1;
	now_us += SEC / 10;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "vm[]"), "\"job\":17"));
	ck_assert_uint_eq(in.n, 2); /* hers, and not bob's */
	ck_assert_ptr_null(wire_get(&in, "age"));
	ck_assert_int_eq(woken_us, INT64_MAX);
	/* of pages only the first waits, and nobody who does not say so */
	ask_as(ALICE, "op=list\nfresh=1\nafter=17\n");
	ck_assert(reply.sent);
	ask_as(ALICE, "op=list\n");
	ck_assert(reply.sent);
	ck_assert_ptr_null(wire_get(&in, "age"));
	ck_assert_uint_eq(looks, 1);
}
END_TEST

/* ... or is told that it may be missing. */
START_TEST(list_that_is_old)
{
	setup();
	now_us = 200 * SEC;
	slurm_asked_us = 197 * SEC + 1;
	may_look = false;
	ask_as(ALICE, "op=list\nfresh=1\n");
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "age"), "3");
	may_look = true;
	ask_as(0, "op=list\nall=1\nfresh=1\n");
	ck_assert(!reply.sent);
	now_us += 3 * SEC; /* slurmctld takes its time */
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "age"), "6");
	ck_assert_uint_eq(in.n, 3); /* with everybody's */
	/* it goes down meanwhile: no time is lost */
	ask_as(ALICE, "op=list\nfresh=1\n");
	ck_assert(!reply.sent);
	desired.known = false;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "old"), "1");
	ask_as(ALICE, "op=list\nfresh=1\n");
	ck_assert(reply.sent);
	/* more of them than there is room for are answered at once */
	desired.known = true;
	for (int i = 0; i < 64; i++) {
		ask_as(ALICE, "op=list\nfresh=1\n");
		ck_assert(!reply.sent);
	}
	ask_as(ALICE, "op=list\nfresh=1\n");
	ck_assert(reply.sent);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests_news");

	tcase_add_test(t, waits_for_news);
	tcase_add_test(t, news_of_a_job_that_is_gone);
	tcase_add_test(t, bounds_of_those_who_wait);
	tcase_add_test(t, list_waits_for_slurm);
	tcase_add_test(t, list_that_is_old);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
