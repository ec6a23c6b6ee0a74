/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows that wait for news. */
#include "tests/unit/requests_world.h"
#include "vmd/base/str.h"

#include <check.h>

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

int main(void)
{
	Suite *s = suite_create("requests_news");
	TCase *t = tcase_create("requests_news");
	SRunner *r;
	int failed;

	tcase_add_test(t, waits_for_news);
	tcase_add_test(t, news_of_a_job_that_is_gone);
	tcase_add_test(t, bounds_of_those_who_wait);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
