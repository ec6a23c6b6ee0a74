/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube_http against a real HTTPS server that misbehaves on command. */
#include "tests/unit/check_main.h"
#include "tests/unit/http_fixture.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/lease/lease_gate.h"

#include <check.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- single requests ---- */

struct result {
	struct err e;
	long status;
	long long date_s;
	char body[64];
	int calls;
};

static int calls; /* of on_done, altogether */

/* Turns the loop until *count is n; check's time limit is the only clock. */
static void turn_until(const int *count, int n)
{
	while (*count < n)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
}

static void on_done(void *ctx, const struct http_reply *r, const struct err *e)
{
	struct result *res = ctx;

	res->e = *e;
	res->status = r->status;
	res->date_s = r->date_s;
	(void)snprintf(res->body, sizeof(res->body), "%.60s", r->body);
	res->calls++;
	calls++;
}

static void send_one(struct result *res, const char *method, const char *path, const char *body)
{
	struct err e = {.msg = ""};

	ck_assert_msg(http_send(http,
				&(struct http_request){.method = method,
						       .path = path,
						       .body = body,
						       .body_max = 4096,
						       .done = on_done,
						       .ctx = res},
				NULL, &e) == 0,
		      "%s", e.msg);
}

static struct result ask(const char *method, const char *path, const char *body)
{
	struct result res = {.calls = 0};

	send_one(&res, method, path, body);
	ck_assert_int_eq(res.calls, 0); /* never from within the call */
	turn_until(&res.calls, 1);
	return res;
}

struct row {
	const char *why, *method;
	struct fake_answer a;
	enum err_kind kind;
	const char *text; /* in the error or the body */
};

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct row rows[] = {
	{"fine", "GET", {.status = 200, .body = "hello"}, ERR_NONE, "hello"},
	{"made", "POST", {.status = 201, .body = "made"}, ERR_NONE, "made"},
	{"a Status", "GET", {.status = 404, .body = "{\"kind\":\"Status\",\"message\":\"no x\"}"},
	 ERR_ABSENT, "no x (HTTP 404)"},
	{"plain text", "GET", {.status = 404, .body = "404 page not found\n", .plain = true},
	 ERR_ABSENT, "404 page not found (HTTP 404)"},
	{"500, read", "GET", {.status = 500}, ERR_RETRY, "HTTP 500"},
	{"500, write", "POST", {.status = 500, .body = "oops"}, ERR_UNSURE, "oops"},
	{"no right", "POST", {.status = 403, .body = "no"}, ERR_DENIED, "no"},
	{"silence, read", "GET", {.status = 0}, ERR_RETRY, "timed out"},
	{"silence, write", "DELETE", {.status = 0}, ERR_UNSURE, "timed out"},
	{"cut, read", "GET",
	 {.status = 200, .stream = true, .n_piece = 1, .piece = {"x"}, .end = FAKE_CUT},
	 ERR_RETRY, ""},
	{"cut, write", "POST",
	 {.status = 200, .stream = true, .n_piece = 1, .piece = {"x"}, .end = FAKE_CUT},
	 ERR_UNSURE, ""},
	{"redirect", "GET", {.status = 301, .body = "elsewhere"}, ERR_INVALID, "elsewhere"},
};
/* clang-format on */

static void answer_row(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;

	ck_assert_str_eq(q->method, r->method);
	ck_assert_str_eq(q->authorization, "Bearer t0");
	ck_assert_str_eq(q->body, str_eq(r->method, "GET") ? "" : "{}");
	*a = r->a;
}

START_TEST(answers)
{
	const struct row *r = &rows[_i];
	struct result res;

	/* A busy machine takes its time for a handshake; only silence is to end by the clock. */
	up(answer_row, (void *)(uintptr_t)r, r->a.status ? 10 * SEC_US : SEC_US, 4);
	res = ask(r->method, "/x", str_eq(r->method, "GET") ? NULL : "{}");
	ck_assert_msg(res.e.kind == r->kind, "%s: %s: %s", r->why, err_kind_name(res.e.kind),
		      res.e.msg);
	ck_assert_msg(strstr(r->kind == ERR_NONE ? res.body : res.e.msg, r->text), "%s: '%s' '%s'",
		      r->why, res.e.msg, res.body);
	/* the server's clock, which is ours here; no answer tells none */
	ck_assert_msg(llabs(res.date_s - (r->a.status ? (long long)time(NULL) : 0)) < 60,
		      "%s: date %lld", r->why, (long long)res.date_s);
	down();
}
END_TEST

START_TEST(too_long_an_answer)
{
	static char big[8192];
	struct row r = {.method = "GET", .a = {.status = 200, .body = big}};
	struct result res;

	memset(big, 'x', sizeof(big) - 1);
	up(answer_row, &r, SEC_US, 4);
	res = ask("GET", "/x", NULL);
	ck_assert_int_eq(res.e.kind, ERR_INVALID);
	ck_assert(strstr(res.e.msg, "longer than 4096"));
	down();
}
END_TEST

static void answer_ok(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->body = "ok";
}

/* A write to another server, over a client of its own that knows the system's authorities. */
static struct result post_elsewhere(const char *server, const char *token_file, int64_t timeout_us)
{
	struct http_settings other_settings = {.server = server,
					       .ca_file = "",
					       .token_file = token_file,
					       .timeout_us = timeout_us,
					       .parallel_max = 1,
					       .queue_max = 1};
	struct result res = {.calls = 0};
	struct http_request post = {
		.method = "POST", .path = "/", .body = "{}", .done = on_done, .ctx = &res};
	struct http *other = NULL;
	struct err e;

	ck_assert_int_eq(http_new(loop, &other_settings, &other, &e), 0);
	ck_assert_int_eq(http_send(other, &post, NULL, &e), 0);
	turn_until(&res.calls, 1);
	http_free(other);
	return res;
}

START_TEST(nobody_listens)
{
	struct result res;

	up(answer_ok, NULL, SEC_US, 4);
	/* port 1 of loopback: refused */
	res = post_elsewhere("https://127.0.0.1:1", "", SEC_US);
	ck_assert_int_eq(res.e.kind, ERR_RETRY); /* nothing was sent: not ERR_UNSURE */
	down();
}
END_TEST

START_TEST(another_authority)
{
	struct result res;
	char token[256];

	up(answer_ok, NULL, SEC_US, 4);
	(void)str_fmt(token, sizeof(token), "%s/token", dir);
	res = post_elsewhere(fake_api_url(api), token, 10 * SEC_US);
	ck_assert_int_eq(res.e.kind, ERR_RETRY);
	ck_assert(strstr(res.e.msg, "certificate"));
	ck_assert_uint_eq(fake_api_requests(api), 0); /* the token was not shown */
	down();
}
END_TEST

/* ---- token ---- */

/* Wants "t1"; with renew it puts it where the client finds it. */
static void answer_token(void *renew, const struct fake_request *q, struct fake_answer *a)
{
	a->body = "{}";
	if (str_eq(q->authorization, "Bearer t1"))
		return;
	a->status = 401;
	if (renew)
		file_write("token", "t1\n");
}

/* A site renews its authority: the file is replaced under a vmd that runs. */
START_TEST(authority_renewed)
{
	struct result res = {.calls = 0};
	char ca[256], was[256];

	up(answer_ok, NULL, 10 * SEC_US, 4);
	(void)str_fmt(ca, sizeof(ca), "%s/ca.crt", dir);
	(void)str_fmt(was, sizeof(was), "%s/was.crt", dir);
	ck_assert_int_eq(rename(ca, was), 0);
	ck_assert_int_eq(symlink("/etc/ssl/certs/ca-certificates.crt", ca), 0);
	res = ask("GET", "/", NULL);
	ck_assert_msg(res.e.kind == ERR_RETRY && strstr(res.e.msg, "certificate"), "%s", res.e.msg);
	ck_assert_int_eq(rename(was, ca), 0);
	res = ask("GET", "/", NULL);
	ck_assert_msg(res.e.kind == ERR_NONE, "%s", res.e.msg);
	down();
}
END_TEST

START_TEST(token_renewed_after_401)
{
	struct result res;

	up(answer_token, &calls, SEC_US, 4);
	res = ask("POST", "/x", "{}");
	ck_assert_msg(res.e.kind == ERR_NONE, "%s", res.e.msg);
	ck_assert_uint_eq(fake_api_requests(api), 2);
	down();
}
END_TEST

START_TEST(token_refused)
{
	struct result res;

	up(answer_token, NULL, SEC_US, 4);
	res = ask("POST", "/x", "{}");
	ck_assert_int_eq(res.e.kind, ERR_DENIED);
	ck_assert_uint_eq(fake_api_requests(api), 1);
	down();
}
END_TEST

START_TEST(token_missing_or_forged)
{
	static const char *const bad[] = {"", " \n", "a b", "a\r\nX: y"};
	struct err e = {.msg = ""};

	up(answer_ok, NULL, SEC_US, 4);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct result res = {.calls = 0};

		file_write("token", bad[i]);
		ck_assert_int_eq(http_send(http,
					   &(struct http_request){.method = "GET",
								  .path = "/",
								  .done = on_done,
								  .ctx = &res},
					   NULL, &e),
				 -1);
		ck_assert_int_eq(e.kind, ERR_DENIED);
		ck_assert(strstr(e.msg, "token_file"));
	}
	ck_assert_uint_eq(fake_api_requests(api), 0);
	down();
}
END_TEST

/* ---- many ---- */

static void answer_slowly(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->body = "ok";
	a->delay_ms = 10;
}

START_TEST(no_more_than_n_at_a_time)
{
	struct result res[60];

	memset(res, 0, sizeof(res));
	up(answer_slowly, NULL, 10 * SEC_US, 4);
	for (unsigned i = 0; i < ARRAY_LEN(res); i++)
		send_one(&res[i], "GET", "/x", NULL);
	turn_until(&calls, ARRAY_LEN(res));
	for (unsigned i = 0; i < ARRAY_LEN(res); i++)
		ck_assert_msg(res[i].calls == 1 && res[i].e.kind == ERR_NONE, "%s", res[i].e.msg);
	ck_assert_uint_le(fake_api_peak(api), 4);
	ck_assert_uint_ge(fake_api_peak(api), 2);
	down();
}
END_TEST

static void answer_never(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->status = 0;
}

/* Everything ends by its deadline: what is on the wire, and what never got there. */
START_TEST(deadline_holds_in_the_queue)
{
	struct result res[50];

	memset(res, 0, sizeof(res));
	up(answer_never, NULL, SEC_US, 2);
	for (unsigned i = 0; i < ARRAY_LEN(res); i++)
		send_one(&res[i], "POST", "/x", "{}");
	turn_until(&calls, ARRAY_LEN(res));
	for (unsigned i = 0; i < ARRAY_LEN(res); i++)
		ck_assert_int_eq(res[i].e.kind, i < 2 ? ERR_UNSURE : ERR_RETRY);
	ck_assert_uint_eq(fake_api_requests(api), 2);
	down();
}
END_TEST

static void answer_any(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	*a = (struct fake_answer){.status = 200, .body = "{}"};
}

/* What changes something is not sent by one that does not lead any more; reading goes on. */
START_TEST(shut_out)
{
	struct lease_gate gate = {.until_us = 0};
	char ca_file[256], token_file[256];
	struct result res;
	struct err e;

	up(answer_any, NULL, SEC_US, 4);
	http_free(http);
	(void)str_fmt(ca_file, sizeof(ca_file), "%s/ca.crt", dir);
	(void)str_fmt(token_file, sizeof(token_file), "%s/token", dir);
	ck_assert_int_eq(http_new(loop,
				  &(struct http_settings){.server = fake_api_url(api),
							  .ca_file = ca_file,
							  .token_file = token_file,
							  .timeout_us = 10 * SEC_US,
							  .parallel_max = 1,
							  .queue_max = 9,
							  .gate = &gate},
				  &http, &e),
			 0);
	res = ask("DELETE", "/x", "{}");
	ck_assert_int_eq(res.e.kind, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(res.e.msg, "does not lead"));
	ck_assert_uint_eq(fake_api_requests(api), 0);
	(void)ask("GET", "/x", NULL);
	ck_assert_uint_eq(fake_api_requests(api), 1);
	atomic_store(&gate.until_us, INT64_MAX);
	(void)ask("DELETE", "/x", "{}");
	ck_assert_uint_eq(fake_api_requests(api), 2);
	down();
}
END_TEST

START_TEST(queue_is_bounded)
{
	struct result res = {.calls = 0};
	struct http_transfer *t = NULL;
	struct err e;
	int n = 0;

	up(answer_never, NULL, SEC_US, 1);
	while (http_send(http,
			 &(struct http_request){
				 .method = "GET", .path = "/", .done = on_done, .ctx = &res},
			 &t, &e) == 0 &&
	       n < 1000)
		n++;
	ck_assert_int_eq(n, 101); /* one on the wire, 100 waiting */
	ck_assert_int_eq(e.kind, ERR_RETRY);
	http_cancel(t);
	ck_assert_int_eq(
		http_send(http,
			  &(struct http_request){
				  .method = "GET", .path = "/", .done = on_done, .ctx = &res},
			  NULL, &e),
		0);
	down(); /* with all of them under way: nobody is called */
	ck_assert_int_eq(res.calls, 0);
}
END_TEST

/* 429 with Retry-After: nothing goes out before that. */
static void answer_later(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->status = 429;
	a->retry_after_s = 60;
	a->body = "later";
	a->plain = true;
}

START_TEST(retry_after)
{
	struct result res;

	up(answer_later, NULL, SEC_US, 4);
	res = ask("POST", "/x", "{}");
	ck_assert_int_eq(res.e.kind, ERR_RETRY);
	ck_assert_int_eq(res.status, 429);
	res = ask("POST", "/x", "{}");
	ck_assert_int_eq(res.e.kind, ERR_RETRY);
	ck_assert_int_eq(res.status, 0);
	ck_assert(strstr(res.e.msg, "asked to wait"));
	ck_assert_uint_eq(fake_api_requests(api), 1);
	down();
}
END_TEST

START_TEST(escape)
{
	char buf[16];

	ck_assert_int_eq(http_escape("a/b=c~", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "a%2Fb%3Dc~");
	ck_assert_int_eq(http_escape("\xff", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "%FF");
	ck_assert_int_eq(http_escape("//////", buf, sizeof(buf)), -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube http");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, answers, 0, ARRAY_LEN(rows));
	tcase_add_test(t, too_long_an_answer);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, another_authority);
	tcase_add_test(t, authority_renewed);
	tcase_add_test(t, token_renewed_after_401);
	tcase_add_test(t, token_refused);
	tcase_add_test(t, token_missing_or_forged);
	tcase_add_test(t, no_more_than_n_at_a_time);
	tcase_add_test(t, deadline_holds_in_the_queue);
	tcase_add_test(t, queue_is_bounded);
	tcase_add_test(t, shut_out);
	tcase_add_test(t, retry_after);
	tcase_add_test(t, escape);
	return CHECK_MAIN(t);
}
