/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API server says, decoded: answers, and the lines of a watch. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_objects.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_event.h"
#include "vmd/kube/kube_line.h"
#include "vmd/kube/kube_status.h"

#define STATUS(rest) "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\"," rest "}"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *method;
	long http;
	const char *body;
	enum err_kind kind;
	const char *text;
} answers[] = {
	{"GET", 200, "", ERR_NONE, ""},
	{"GET", 404, STATUS("\"message\":\"vms \\\"x\\\" not found\",\"code\":404"),
	 ERR_ABSENT, "vms \"x\" not found (HTTP 404)"},
	{"GET", 404, "404 page not found\n", ERR_ABSENT, "404 page not found (HTTP 404)"},
	{"GET", 500, "", ERR_RETRY, "the API server answered HTTP 500"},
	{"POST", 500, "boom\r\n\tline two", ERR_UNSURE, "boom line two (HTTP 500)"},
	{"DELETE", 503, "", ERR_UNSURE, "the API server answered HTTP 503"},
	{"POST", 429, "slow down", ERR_RETRY, "slow down (HTTP 429)"},
	{"POST", 409, STATUS("\"message\":\"x already exists\""),
	 ERR_CONFLICT, "x already exists (HTTP 409)"},
	{"POST", 409, STATUS("\"message\":\"object is being deleted: x already exists\""),
	 ERR_RETRY, "object is being deleted: x already exists (HTTP 409)"},
	{"GET", 401, STATUS("\"reason\":\"Unauthorized\""), ERR_DENIED, "Unauthorized (HTTP 401)"},
	{"POST", 403, STATUS("\"message\":\"pods is forbidden: exceeded quota: q\""),
	 ERR_FULL, "pods is forbidden: exceeded quota: q (HTTP 403)"},
	{"POST", 403, STATUS("\"message\":\"forbidden: User \\\"v\\\"\""),
	 ERR_DENIED, "forbidden: User \"v\" (HTTP 403)"},
	{"GET", 410, STATUS("\"message\":\"too old\",\"code\":410"),
	 ERR_RETRY, "too old (HTTP 410)"},
	{"POST", 422,
	 STATUS("\"message\":\"admission webhook \\\"v.kubevirt.io\\\" denied the request: bad "
		"disk\",\"details\":{\"causes\":[{\"field\":\"spec.a\",\"message\":\"bad disk\"},"
		"{\"field\":\"spec.b\",\"message\":\"is odd\"}]}"),
	 ERR_INVALID, "bad disk; spec.b: is odd (HTTP 422)"},
	{"POST", 400, "{\"kind\":\"Other\"}", ERR_INVALID, "{\"kind\":\"Other\"} (HTTP 400)"},
	{"POST", 302, "", ERR_INVALID, "the API server answered HTTP 302"},
	{"POST", 507, "", ERR_FULL, "the API server answered HTTP 507"},
};
/* clang-format on */

START_TEST(answer_rows)
{
	struct err e = {.kind = ERR_NONE, .msg = ""};
	int rc = status_check(answers[_i].method, answers[_i].http, answers[_i].body,
			      strlen(answers[_i].body), &e);

	ck_assert_int_eq(rc, answers[_i].kind == ERR_NONE ? 0 : -1);
	ck_assert_str_eq(err_kind_name(e.kind), err_kind_name(answers[_i].kind));
	ck_assert_str_eq(e.msg, answers[_i].text);
}
END_TEST

START_TEST(answer_of_any_length)
{
	AUTO(free) char *body = malloc(1 << 20);
	struct err e;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', 1 << 20);
	ck_assert_int_eq(status_check("GET", 404, body, 1 << 20, &e), -1);
	ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
}
END_TEST

struct lines {
	int n;
	char last[16];
	int refuse; /* the how-manieth is refused */
};

static int on_line(void *ctx, const char *text, size_t len, struct err *e)
{
	struct lines *l = ctx;

	ck_assert_uint_eq(strlen(text), len);
	(void)str_copy(l->last, sizeof(l->last), text);
	return ++l->n == l->refuse ? err_set(e, ERR_RETRY, "no") : 0;
}

START_TEST(lines_in_pieces)
{
	AUTO(strbuf_done) struct strbuf b = {.len = 0};
	struct lines l = {.n = 0};
	struct err e;
	static const char all[] = "ab\n\ncd\nef";

	for (size_t i = 0; i < sizeof(all) - 1; i++)
		ck_assert_int_eq(line_split(&b, all + i, 1, on_line, &l, &e), 0);
	ck_assert_int_eq(l.n, 2);
	ck_assert_str_eq(l.last, "cd");
	ck_assert_int_eq(line_split(&b, "\nx\ny", 4, on_line, &l, &e), 0);
	ck_assert_int_eq(l.n, 4);
	ck_assert_str_eq(l.last, "x");
	ck_assert_uint_eq(b.len, 1);
}
END_TEST

START_TEST(line_too_long_or_refused)
{
	AUTO(strbuf_done) struct strbuf b = {.len = 0}, c = {.len = 0};
	AUTO(free) char *big = malloc(LINE_MAX_BYTES);
	struct lines l = {.refuse = 2};
	struct err e;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', LINE_MAX_BYTES);
	ck_assert_int_eq(line_split(&b, big, LINE_MAX_BYTES, on_line, &l, &e), 0);
	ck_assert_int_eq(line_split(&b, "y", 1, on_line, &l, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(line_split(&c, "a\nb\nc\n", 6, on_line, &l, &e), -1);
	ck_assert_int_eq(l.n, 2);
}
END_TEST

static const struct {
	const char *line;
	int rc;
	enum event_kind kind;
	const char *version;
} events[] = {
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}", 0, EVENT_SET,
	 "7"},
	{"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}}}", 0,
	 EVENT_SET, "8"},
	{"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}", 0,
	 EVENT_GONE, "9"},
	{"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"10\"}}}", 0,
	 EVENT_BOOKMARK, "10"},
	{"{\"type\":\"SHINY\",\"object\":{\"metadata\":{\"resourceVersion\":\"11\"}}}", 0,
	 EVENT_BOOKMARK, "11"},
	{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}", 0, EVENT_ERROR, ""},
	{"{\"type\":\"ADDED\",\"object\":{}}", -1, EVENT_SET, ""},
	{"{\"type\":\"ADDED\",\"object\":[]}", -1, EVENT_SET, ""},
	{"{\"object\":{}}", -1, EVENT_SET, ""},
	{"{\"type\":5,\"object\":{}}", -1, EVENT_SET, ""},
	{"[]", -1, EVENT_SET, ""},
	{"{\"type\":\"ADD", -1, EVENT_SET, ""},
};

START_TEST(event_rows)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct watch_event ev = {.kind = EVENT_SET};
	struct err e;
	int rc = event_decode(events[_i].line, strlen(events[_i].line), &doc, &ev, &e);

	ck_assert_msg(rc == events[_i].rc, "%s", events[_i].line);
	if (rc < 0)
		return;
	ck_assert_int_eq(ev.kind, events[_i].kind);
	ck_assert_str_eq(ev.version, events[_i].version);
	ck_assert_int_eq(ev.code, ev.kind == EVENT_ERROR ? 410 : 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("decoding");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, answer_rows, 0, ARRAY_LEN(answers));
	tcase_add_test(t, answer_of_any_length);
	tcase_add_test(t, lines_in_pieces);
	tcase_add_test(t, line_too_long_or_refused);
	tcase_add_loop_test(t, event_rows, 0, ARRAY_LEN(events));
	return CHECK_MAIN(t);
}
