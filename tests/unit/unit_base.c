/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of rows for vmd/base: str, err, json, yaml, worker. */
#include "tests/unit/check_main.h"
#include "vmd/base/conf.h"
#include "vmd/base/json.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/base/worker.h"

#include <check.h>
#include <string.h>
#include <systemd/sd-event.h>

static const struct {
	const char *text;
	uint64_t unit;
	uint64_t want; /* 0: refused */
} sizes[] = {
	{"20G", 1, UINT64_C(20) << 30},
	{"512M", 1, UINT64_C(512) << 20},
	{"100", 1U << 20, UINT64_C(100) << 20},
	{"1T", 1, UINT64_C(1) << 40},
	{"4k", 1, 4096},
	{"10X", 1, 0},
	{"", 1, 0},
	{"G", 1, 0},
	{"0G", 1, 0},
	{"-1G", 1, 0},
	{"1GB", 1, 0},
	{"99999999999999999999", 1, 0},
	{"9999999999G", 1, 0},
	{" 1G", 1, 0},
};

START_TEST(size_rows)
{
	uint64_t got = 0;
	struct err e = {.kind = ERR_NONE};
	int rc = str_to_bytes(sizes[_i].text, sizes[_i].unit, &got, &e);

	ck_assert_msg(rc == (sizes[_i].want ? 0 : -1), "'%s'", sizes[_i].text);
	ck_assert_msg(got == sizes[_i].want, "'%s': %llu", sizes[_i].text, (unsigned long long)got);
	ck_assert(rc == 0 || e.kind == ERR_INVALID);
}
END_TEST

START_TEST(sizes_print)
{
	char buf[24];

	ck_assert_str_eq(bytes_to_str(UINT64_C(20) << 30, buf, sizeof(buf)), "20G");
	ck_assert_str_eq(bytes_to_str(UINT64_C(1536) << 20, buf, sizeof(buf)), "1536M");
	ck_assert_str_eq(bytes_to_str(1000, buf, sizeof(buf)), "1000");
}
END_TEST

START_TEST(numbers)
{
	uint64_t n = 7;

	ck_assert_int_eq(str_to_u64("4294967295", UINT32_MAX, &n), 0);
	ck_assert_uint_eq(n, UINT32_MAX);
	ck_assert_int_eq(str_to_u64("4294967296", UINT32_MAX, &n), -1);
	ck_assert_int_eq(str_to_u64("18446744073709551615", UINT64_MAX, &n), 0);
	ck_assert_int_eq(str_to_u64("18446744073709551616", UINT64_MAX, &n), -1);
	ck_assert_int_eq(str_to_u64("9", 5, &n), -1);
	ck_assert_int_eq(str_to_u64("+1", 5, &n), -1);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	uint64_t whole, milli; /* UINT64_MAX: refused */
} quantities[] = {
	{"0", 0, 0},
	{"64", 64, 64000},
	{"1289748480", 1289748480, UINT64_C(1289748480000)},
	{"4Gi", UINT64_C(4) << 30, UINT64_C(4000) << 30},
	{"2097152Ki", UINT64_C(2) << 30, UINT64_C(2000) << 30},
	{"512M", 512000000, UINT64_C(512000000000)},
	{"1.5Ki", 1536, 1536000},
	{"100m", 1, 100},
	{"1n", 1, 1},
	{"0.25", 1, 250},
	{"1e3", 1000, 1000000},
	{"1E3", 1000, 1000000},
	{"1E", UINT64_C(1000000000000000000), UINT64_MAX},
	{"1e-3", 1, 1},
	{"007Ki", 7168, 7168000},
	{"9007199254740993", UINT64_C(9007199254740993), UINT64_C(9007199254740993000)}, /* no double */
	{"9223372036854775807", INT64_MAX, UINT64_MAX},
	{"9223372036854775808", UINT64_MAX, UINT64_MAX},
	{"9223372036854775807Ki", UINT64_MAX, UINT64_MAX},
	{"8Ei", UINT64_MAX, UINT64_MAX},
	{"99999999999999999999999999999", UINT64_MAX, UINT64_MAX},
	{"1e99", UINT64_MAX, UINT64_MAX},
	{"0.0000000000000000001", UINT64_MAX, UINT64_MAX},
	{"", UINT64_MAX, UINT64_MAX},
	{" 1", UINT64_MAX, UINT64_MAX},
	{"+1", UINT64_MAX, UINT64_MAX},
	{"-1Gi", UINT64_MAX, UINT64_MAX},
	{"Gi", UINT64_MAX, UINT64_MAX},
	{"nan", UINT64_MAX, UINT64_MAX},
	{"4gi", UINT64_MAX, UINT64_MAX},
	{"1GiB", UINT64_MAX, UINT64_MAX},
	{"1e", UINT64_MAX, UINT64_MAX},
	{"1.2.3", UINT64_MAX, UINT64_MAX},
};
/* clang-format on */

START_TEST(quantity_rows)
{
	const char *text = quantities[_i].text;
	uint64_t whole = UINT64_MAX, milli = UINT64_MAX;
	struct err e;

	if (quantity_read(text, &whole, &e) < 0)
		ck_assert_msg(e.kind == ERR_INVALID && e.msg[0], "%s", text);
	(void)quantity_read_milli(text, &milli, &e);
	ck_assert_msg(whole == quantities[_i].whole, "%s", text);
	ck_assert_msg(milli == quantities[_i].milli, "%s", text);
}
END_TEST

START_TEST(names)
{
	ck_assert(str_is_name("win11", 63));
	ck_assert(str_is_name("a-b.c", 63));
	ck_assert(!str_is_name("-a", 63));
	ck_assert(!str_is_name("a.", 63));
	ck_assert(!str_is_name("Win", 63));
	ck_assert(!str_is_name("", 63));
	ck_assert(!str_is_name("abcd", 3));
}
END_TEST

static const struct {
	const char *text, *want; /* in a buffer of 8 */
} cuts[] = {
	{"", ""},
	{"seven77", "seven77"},
	{"eight888", "eight88"},
	{"a\tb\x7f\n", "a?b??"},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	{"123456\xc3\xbc", "123456"}, /* never half a character */
	{"\xff\xc3", "??"},           /* no UTF-8, and cut off */
	{"\xc0\xaf", "??"},           /* a '/' too long */
	{"\xed\xa0\x80", "???"},      /* half of a pair */
	{"\xc2\x9b"
	 "2J",
	 "??2J"}, /* a terminal's CSI */
	{"\xf0\x9f\x96\xa5", "\xf0\x9f\x96\xa5"},
	{"\xf4\x90\x80\x80", "????"},
};

START_TEST(cut_rows)
{
	char buf[8];

	str_cut(buf, sizeof(buf), cuts[_i].text);
	ck_assert_msg(str_eq(buf, cuts[_i].want), "row %d: '%s'", _i, buf);
}
END_TEST

static const struct {
	int64_t wall_s;
	const char *text;
} times[] = {
	{0, "1970-01-01 00:00:00 UTC"},
	{951782399, "2000-02-28 23:59:59 UTC"},
	{951782400, "2000-02-29 00:00:00 UTC"},
	{951868800, "2000-03-01 00:00:00 UTC"},
	{1795615445, "2026-11-25 14:04:05 UTC"},
	{1798761599, "2026-12-31 23:59:59 UTC"},
	{4107542400, "2100-03-01 00:00:00 UTC"}, /* no leap year */
	{253402300799, "9999-12-31 23:59:59 UTC"},
	{253402300800, ""},
	{-1, ""},
};

START_TEST(time_rows)
{
	char buf[STR_TIME_SIZE];

	ck_assert_str_eq(str_time(times[_i].wall_s, buf), times[_i].text);
}
END_TEST

START_TEST(strbuf_limit)
{
	AUTO(strbuf_done) struct strbuf b = {.max = 5};

	strbuf_addf(&b, "%s", "abc");
	ck_assert(!b.overflow);
	strbuf_add(&b, "def", 3);
	ck_assert(b.overflow);
	ck_assert_str_eq(b.s, "abc");
}
END_TEST

START_TEST(err_texts)
{
	struct err e;

	ck_assert_int_eq(err_set(&e, ERR_ABSENT, "disk %d", 7), -1);
	ck_assert_int_eq(err_wrap(&e, "job %d", 1), -1);
	ck_assert_str_eq(e.msg, "job 1: disk 7");
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	for (int i = 0; i < 100; i++)
		err_wrap(&e, "longer and longer");
	ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
}
END_TEST

struct doc {
	char name[8];
	int64_t n;
	bool ready;
};
static const struct json_field doc_fields[] = {
	JSON_FIELD(struct doc, name, "metadata/name", J_STR, true),
	JSON_FIELD(struct doc, n, "list/1/n", J_INT, false),
	JSON_FIELD(struct doc, ready, "status/ready", J_BOOL, false),
};

static const struct {
	const char *text;
	int rc;
	const char *why;
} docs[] = {
	{"{\"metadata\":{\"name\":\"a\"},\"list\":[{},{\"n\":5}],\"status\":{\"ready\":true}}", 0,
	 "whole"},
	{"{\"metadata\":{\"name\":\"a\"}}", 0, "optional fields absent"},
	{"{\"metadata\":{\"name\":null}}", -1, "null is absent"},
	{"{\"metadata\":{\"name\":\"\"}}", -1, "required, but empty"},
	{"{\"metadata\":{\"name\":5}}", -1, "wrong type"},
	{"{\"metadata\":{\"name\":\"12345678\"}}", -1, "too long"},
	{"{\"metadata\":{\"name\":\"a\\u0000b\"}}", -1, "NUL in text"},
	{"{\"metadata\":{\"name\":\"a\"}} x", -1, "trailing bytes"},
	{"{\"metadata\":{\"name\":\"a\"},}", -1, "trailing comma"},
	{"{", -1, "cut short"},
	{"", -1, "empty"},
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -1, "too deep"},
};

START_TEST(json_rows)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct doc d = {.n = 0};
	struct err e = {.kind = ERR_NONE};
	int rc = json_parse(docs[_i].text, strlen(docs[_i].text), &doc, &e);

	if (rc == 0)
		rc = json_read(doc, doc_fields, ARRAY_LEN(doc_fields), &d, &e);
	ck_assert_msg(rc == docs[_i].rc, "%s: %s", docs[_i].why, e.msg);
}
END_TEST

START_TEST(json_length_of_what_is_no_list)
{
	static const char text[] = "{\"a\": [1, 2], \"b\": \"text\"}";
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err e;

	ck_assert_int_eq(json_parse(text, strlen(text), &doc, &e), 0);
	ck_assert_uint_eq(json_length(json_at(doc, "a")), 2);
	ck_assert_uint_eq(json_length(json_at(doc, "b")), 0);
	ck_assert_uint_eq(json_length(json_at(doc, "c")), 0);
}
END_TEST

static const struct {
	const char *text;
	const char *error; /* NULL: fine */
} confs[] = {
	{"a: x\nb: 5\nc: 10G\nd: 7d\n", NULL},
	{"a: x\n", NULL},
	{"b: 5\n", "t.yaml:1: 'a' is missing"},
	{"a: x\nb: many\n", "t.yaml:2: 'b' must be a number from 1 to 9, not 'many'"},
	{"a: x\nb: 10\n", "t.yaml:2: 'b' must be a number from 1 to 9, not '10'"},
	{"a: x\nc: 10X\n",
	 "t.yaml:2: 'c': '10X' is not a size: give a number and K, M, G or T, as in 40G"},
	{"a: x\nd: soon\n", "t.yaml:2: 'd' must be a time such as 90, 15m, 12h or 7d, not 'soon'"},
	{"a: [1]\n", "t.yaml:1: 'a' must be a single value"},
	{"a: x\nzz: 1\n", "t.yaml:2: unknown key 'zz'"},
	{"a: x\nb: 1\na: y\n", "t.yaml:3: 'a' stands here twice (first on line 1)"},
	{"a: &q x\nb: *q\n", "t.yaml:2: aliases (*name) are not supported here"},
	{"a: x\n---\na: y\n", "t.yaml:2: only one document is allowed"},
	{"", "t.yaml:1: the file is empty"},
	{"a: 'x\n", "t.yaml:2: found unexpected end of stream"},
};

static int conf_doc_read(struct conf *y, struct err *e)
{
	char a[16];
	uint64_t b = 1, c = 0;
	int64_t d = 0;

	if (conf_str(y, "a", true, a, sizeof(a), e) < 0 || conf_uint(y, "b", 1, 9, &b, e) < 0 ||
	    conf_bytes(y, "c", &c, e) < 0 || conf_seconds(y, "d", &d, e) < 0)
		return -1;
	return conf_check_used(y, e);
}

START_TEST(conf_rows)
{
	AUTO(conf_free) struct conf *y = NULL;
	struct err e = {.kind = ERR_NONE};
	int rc = conf_parse("t.yaml", confs[_i].text, strlen(confs[_i].text), &y, &e);

	if (rc == 0)
		rc = conf_doc_read(y, &e);
	if (confs[_i].error)
		ck_assert_str_eq(e.msg, confs[_i].error);
	else
		ck_assert_msg(rc == 0, "%s", e.msg);
}
END_TEST

struct sum {
	struct work work;
	sd_event *loop;
	int in, out;
	int *left;
};

static void sum_run(struct work *w)
{
	struct sum *s = (struct sum *)w;

	s->out = s->in * 2;
}

static void sum_done(struct work *w)
{
	struct sum *s = (struct sum *)w;

	ck_assert_int_eq(s->out, s->in * 2);
	if (--*s->left == 0)
		sd_event_exit(s->loop, 0);
}

START_TEST(worker_runs_all)
{
	AUTO(worker_free) struct worker *wk = NULL;
	struct err e = {.kind = ERR_NONE};
	sd_event *loop = NULL;
	struct sum jobs[100];
	int left = 100;

	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(worker_new(loop, "test", 4, 100, &wk, &e) == 0, "%s", e.msg);
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct sum){.work = {.run = sum_run, .done = sum_done},
				       .loop = loop,
				       .in = i,
				       .left = &left};
		ck_assert_int_eq(worker_submit(wk, &jobs[i].work, &e), 0);
	}
	/* done() has not run, so nothing left the queue: the next one is refused, not waited for */
	ck_assert_int_eq(worker_submit(wk, &jobs[0].work, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(sd_event_loop(loop), 0);
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(worker_age_us(wk), 0);
	worker_free(STEAL(wk));
	sd_event_unref(loop);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("base");

	tcase_add_loop_test(t, size_rows, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, sizes_print);
	tcase_add_test(t, numbers);
	tcase_add_loop_test(t, quantity_rows, 0, (int)ARRAY_LEN(quantities));
	tcase_add_test(t, names);
	tcase_add_loop_test(t, time_rows, 0, ARRAY_LEN(times));
	tcase_add_loop_test(t, cut_rows, 0, ARRAY_LEN(cuts));
	tcase_add_test(t, strbuf_limit);
	tcase_add_test(t, err_texts);
	tcase_add_test(t, json_length_of_what_is_no_list);
	tcase_add_loop_test(t, json_rows, 0, ARRAY_LEN(docs));
	tcase_add_loop_test(t, conf_rows, 0, ARRAY_LEN(confs));
	tcase_add_test(t, worker_runs_all);
	return CHECK_MAIN(t);
}
