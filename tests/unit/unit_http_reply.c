/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows for vmd/api/http_reply, and that it does not matter how the bytes arrive. */
#include "tests/unit/check_main.h"
#include "vmd/api/http_reply.h"

#include <check.h>
#include <string.h>

#define BODY_MAX 16

static const struct {
	const char *text;
	int rc;
	int status;
	const char *body;
} rows[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 1, 200, "ab"},
	{"HTTP/1.1 200 OK\r\nDate: x\r\ncontent-LENGTH:2 \r\nA: b\r\n\r\nabc", 1, 200, "ab"},
	{"HTTP/1.0 401 No\r\nContent-Length: 0\r\n\r\n", 1, 401, ""},
	{"HTTP/1.1 503\r\nContent-Length: 1\r\n\r\nx", 1, 503, "x"},
	{"", 0, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", 0, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", 0, 0, NULL},
	{"HTTP/1.1 200 OK\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n", -1, 0, NULL},
	{"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", -1, 0, NULL},
	{"SSH-2.0-OpenSSH_9.2\r\n\r\n", -1, 0, NULL},
	{"\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", -1, 0, NULL},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n", -1, 0, NULL},
};

START_TEST(reply_rows)
{
	size_t whole = strlen(rows[_i].text);
	struct err e = {.kind = ERR_NONE};

	for (size_t len = 0; len <= whole; len++) {
		AUTO(free) char *data = malloc(len ? len : 1);
		struct http_reply r = {.status = 0};
		int rc;

		memcpy(data, rows[_i].text, len);
		rc = http_reply_parse(data, len, BODY_MAX, &r, &e);
		if (rc == 0 && len < whole)
			continue;
		ck_assert_msg(rc == rows[_i].rc, "%s: %d after %zu bytes", rows[_i].text, rc, len);
		ck_assert_int_eq(r.status, rows[_i].status);
		if (rc < 0)
			ck_assert_int_eq(e.kind, ERR_RETRY);
		if (rc > 0) {
			ck_assert_uint_eq(r.body_len, strlen(rows[_i].body));
			ck_assert_int_eq(memcmp(r.body, rows[_i].body, r.body_len), 0);
		}
		break;
	}
}
END_TEST

START_TEST(head_is_bounded)
{
	char data[HTTP_REPLY_HEAD_MAX];
	struct http_reply r;
	struct err e;

	memset(data, 'x', sizeof(data));
	ck_assert_int_eq(http_reply_parse(data, sizeof(data) - 1, BODY_MAX, &r, &e), 0);
	ck_assert_int_eq(http_reply_parse(data, sizeof(data), BODY_MAX, &r, &e), -1);
	ck_assert_str_eq(e.msg, "the answer's headers are too long");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("http_reply");

	tcase_add_loop_test(t, reply_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, head_is_bounded);
	return CHECK_MAIN(t);
}
