/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Ceph says: codes of librados and librbd as kinds of error, and its blocklist. */
#include "tests/unit/check_main.h"
#include "vmd/rbd/rbd_blocklist.h"
#include "vmd/rbd/rbd_error.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
	int code;
	enum err_kind kind;
	const char *text;
} rows[] = {
	{-ENOENT, ERR_ABSENT, "Ceph: image x: No such file or directory"},
	{-EEXIST, ERR_CONFLICT, "Ceph: image x: File exists"},
	{-ENOTEMPTY, ERR_CONFLICT, "Ceph: image x: has snapshots"},
	{-EACCES, ERR_DENIED, "Ceph: image x: Permission denied"},
	{-EPERM, ERR_DENIED, "Ceph: image x: Operation not permitted"},
	{-ENOSPC, ERR_FULL, "Ceph: image x: No space left on device"},
	{-EDQUOT, ERR_FULL, "Ceph: image x: Disk quota exceeded"},
	{-EBUSY, ERR_RETRY, "Ceph: image x: in use"},
	{-EROFS, ERR_RETRY, "Ceph: image x: Read-only file system"},
	{-ESHUTDOWN, ERR_RETRY, "Ceph: image x: this client is blocklisted"},
	{-EINVAL, ERR_INVALID, "Ceph: image x: Invalid argument"},
	{-ETIMEDOUT, ERR_UNSURE, "Ceph: image x: no answer in time"},
	{-EIO, ERR_UNSURE, "Ceph: image x: Input/output error"},
	{-99999, ERR_UNSURE, "Ceph: image x: unknown error"},
};

START_TEST(kinds)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(rbd_error(&e, rows[_i].code, "image %s", "x"), -1);
	ck_assert_msg(e.kind == rows[_i].kind, "%d: %s", rows[_i].code, err_kind_name(e.kind));
	ck_assert_str_eq(e.msg, rows[_i].text);
}
END_TEST

/* A connection that was not made has done nothing, whatever the code says. */
START_TEST(kinds_of_connecting)
{
	struct err e = {.kind = ERR_NONE};
	enum err_kind want = rows[_i].kind == ERR_DENIED ? ERR_DENIED : ERR_RETRY;

	ck_assert_int_eq(rbd_connect_error(&e, rows[_i].code, "image %s", "x"), -1);
	ck_assert_int_eq(e.kind, want);
	ck_assert_str_eq(e.msg, rows[_i].text);
}
END_TEST

START_TEST(success)
{
	ck_assert_int_eq(rbd_error_kind(0), ERR_NONE);
}
END_TEST

/* As 16.2 prints it: two documents, one after the other. */
#define ENTRY(addr, until) "{\"addr\":\"" addr "\",\"until\":\"" until "\"}"

static const struct {
	const char *text;
	int64_t until_s;
} lists[] = {
	{"\n[" ENTRY("10.0.0.1:0/7", "2026-11-25T19:39:46.740826+0000") "][]", 1795635586},
	{"\n[" ENTRY("10.0.0.1:0/7", "2026-11-25T20:39:46.740826+0100") "][]", 1795635586},
	{"\n[" ENTRY("10.0.0.1:0/7", "2026-11-25T14:09:46.7-0530") "]", 1795635586},
	{"\n[" ENTRY("10.0.0.1:0/77", "2026-11-25T19:39:46.740826+0000") "][]", 0},
	{"\n[" ENTRY("110.0.0.1:0/7", "2026-11-25T19:39:46.740826+0000") "][]", 0},
	{"\n[" ENTRY("10.0.0.1:0/7", "for ever") "][]", 0},
	{"\n[" ENTRY("10.0.0.1:0/7", "2026-11-25T19:39:46.740826") "][]", 0},
	{"\n[" ENTRY("10.0.0.1:0/7", "2026-11-25T19:39:46.740826+9999") "][]", 0},
	{"\n[{\"addr\":\"10.0.0.1:0/7\",\"until\":\"2026-11-25T19:39:46.740826+0000", 0},
	{"[][]", 0},
	{"", 0},
};

START_TEST(blocklist_rows)
{
	ck_assert_int_eq(blocklist_until_s(lists[_i].text, strlen(lists[_i].text), "10.0.0.1:0/7"),
			 lists[_i].until_s);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("rbd_error");

	tcase_add_loop_test(t, blocklist_rows, 0, ARRAY_LEN(lists));
	tcase_add_loop_test(t, kinds, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(t, kinds_of_connecting, 0, ARRAY_LEN(rows));
	tcase_add_test(t, success);
	return CHECK_MAIN(t);
}
