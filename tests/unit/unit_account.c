/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account.c: the names an account in a guest can have, with what is said of the others. */
#include "tests/unit/check_main.h"
#include "vmd/vm/account.h"

#include <check.h>
#include <string.h>

static const struct {
	const char *name;
	bool windows;
	const char *why; /* NULL: it can be one */
} rows[] = {
	{"root", false, NULL},
	{"debian", false, NULL},
	{"_svc.x-1", false, NULL},
	{"Administrator", true, NULL},
	{"hpc", true, NULL},
	{"12345", true, NULL},
	{"abcdefghijklmnopqrst", true, NULL},
	{"abcdefghijklmnopqrstuvwxyzabcdef", false, NULL},
	{"abcdefghijklmnopqrstu", true, "longer than 20"},
	{"abcdefghijklmnopqrstuvwxyzabcdefg", false, "longer than 32"},
	{"12345", false, "takes for a uid"},
	{"guest", true, "Windows keeps"},
	{"None", true, "Windows keeps"},
	{"guest", false, NULL},
	{"", false, "must be an account"},
	{"-o", false, "must be an account"},
	{".hidden", false, "must be an account"},
	{"dot.", true, "must be an account"},
	{"two words", false, "must be an account"},
	{"a;b", false, "must be an account"},
	{"a&b", true, "must be an account"},
	{"%TEMP%", true, "must be an account"},
	{"$(id)", false, "must be an account"},
	{"it's", false, "must be an account"},
	{"M\xc3\xbcller", true, "of letters, digits, '_'"},
	{"ad\\alice", true, "must be an account"},
};

START_TEST(row)
{
	struct err e = {.msg = ""};
	int rc = account_check(rows[_i].name, rows[_i].windows, &e);

	ck_assert_msg(rc == (rows[_i].why ? -1 : 0), "%s: %s", rows[_i].name, e.msg);
	if (rows[_i].why)
		ck_assert_msg(strstr(e.msg, rows[_i].why) != NULL, "%s: %s", rows[_i].name, e.msg);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("account");

	tcase_add_loop_test(t, row, 0, sizeof(rows) / sizeof(rows[0]));
	return CHECK_MAIN(t);
}
