/* SPDX-License-Identifier: GPL-2.0-or-later */
/* share.c: which paths and owners may stand in a drive, and what becomes of %USER%. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vm/share.h"

#include <check.h>
#include <string.h>

#define LONG_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *drive, *path;
	const char *want; /* NULL: taken */
} forms[] = {
	{"H", "\\\\server\\home\\%USER%", NULL},
	{"Z", "\\\\fs-1.example.org\\homes$", NULL},
	{"P", "\\\\192.168.172.190\\a_b\\x%USER%y\\c.d", NULL},
	{"G", "\\\\server\\home", "drive 'G' must be"},
	{"h", "\\\\server\\home", "drive 'h' must be"},
	{"", "\\\\server\\home", "drive '' must be"},
	{"HI", "\\\\server\\home", "drive 'HI' must be"},
	{"H:", "\\\\server\\home", "drive 'H:' must be"},
	{"H", "", "must begin with"},
	{"H", "\\server\\home", "must begin with"},
	{"H", "//server/home", "must begin with"},
	{"H", "\\\\\\home", "must begin with"},
	{"H", "\\\\-s\\home", "must begin with"},
	{"H", "\\\\..\\home", "must begin with"},
	{"H", "\\\\%USER%\\home", "must begin with"},
	{"H", "\\\\a@b\\home", "must begin with"},
	{"H", "\\\\server", "names a server and no"},
	{"H", "\\\\server\\", "has a part that is"},
	{"H", "\\\\server\\home\\", "has a part that is"},
	{"H", "\\\\server\\home\\\\x", "has a part that is"},
	{"H", "\\\\server\\..\\x", "has a part that is"},
	{"H", "\\\\server\\home\\.", "has a part that is"},
	{"H", "\\\\server\\home\\x.", "has a part that is"},
	{"H", "\\\\server\\home dir", "has a part that is"},
	{"H", "\\\\server\\ho\"me", "has a part that is"},
	{"H", "\\\\server\\ho'me", "has a part that is"},
	{"H", "\\\\server\\ho&me", "has a part that is"},
	{"H", "\\\\server\\<home", "has a part that is"},
	{"H", "\\\\server\\home\n", "has a part that is"},
	{"H", "\\\\server\\home/x", "has a part that is"},
	{"H", "\\\\server\\%PATH%", "has a part that is"},
	{"H", "\\\\server\\%USER", "has a part that is"},
	{"H", "\\\\server\\%user%", "has a part that is"},
	{"H", "\\\\server\\h\xc3\xb6me", "has a part that is"},
	{"H", "\\\\server\\" LONG_63 "\\" LONG_63, "is longer than 127"},
};

START_TEST(form_rows)
{
	struct share s;
	struct err e = {.kind = ERR_NONE};
	int rc = share_parse(forms[_i].drive, forms[_i].path, &s, &e);

	if (!forms[_i].want) {
		ck_assert_msg(rc == 0, "%s: %s", forms[_i].path, e.msg);
		ck_assert_str_eq(s.path, forms[_i].path);
		ck_assert_int_eq(s.drive, forms[_i].drive[0]);
		return;
	}
	ck_assert_msg(rc == -1, "taken: %s %s", forms[_i].drive, forms[_i].path);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_msg(strstr(e.msg, forms[_i].want) != NULL, "%s: %s", forms[_i].path, e.msg);
}
END_TEST

static const struct {
	const char *path, *owner;
	const char *want; /* NULL: no drive */
	const char *says;
} owners[] = {
	{"\\\\s\\home\\%USER%", "alice", "\\\\s\\home\\alice", ""},
	{"\\\\s\\%USER%$\\of%USER%", "bob.b-2_x", "\\\\s\\bob.b-2_x$\\ofbob.b-2_x", ""},
	{"\\\\s\\data", "", "\\\\s\\data", ""},
	{"\\\\s\\data", "../x", "\\\\s\\data", ""},
	{"\\\\s\\home\\%USER%", "", NULL, "does not know the na"},
	{"\\\\s\\home\\%USER%", "..", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", ".alice", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "alice.", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "-rf", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "SITE\\alice", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "a/b", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "a b", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "a'b", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "alice$", NULL, "cannot stand in a pa"},
	{"\\\\s\\home\\%USER%", "%USER%", NULL, "cannot stand in a pa"},
	{"\\\\s\\%USER%\\%USER%\\%USER%", LONG_63, NULL, "longer than 160"},
	{"\\\\s\\" LONG_63 "\\%USER%\\" LONG_63, LONG_63, NULL, "longer than 160"},
};

START_TEST(owner_rows)
{
	struct share s;
	struct err e = {.kind = ERR_NONE};
	char path[SHARE_FULL_MAX + 1] = "before", source[SHARE_FULL_MAX + 1] = "before";
	int rc;

	if (share_parse("H", owners[_i].path, &s, &e) <
	    0) /* the last row: too long to be written */
		s = (struct share){.drive = 'H', .path = "\\\\s\\%USER%%USER%%USER%"};
	rc = share_path(&s, owners[_i].owner, path, sizeof(path), &e);
	ck_assert_int_eq(rc, owners[_i].want ? 0 : -1);
	ck_assert_str_eq(path, owners[_i].want ? owners[_i].want : "");
	ck_assert_int_eq(share_source(&s, owners[_i].owner, source, sizeof(source), &e), rc);
	ck_assert_uint_eq(strlen(source), strlen(path));
	ck_assert_ptr_null(strchr(source, '\\'));
	ck_assert(owners[_i].want ? str_starts(source, "//s/") : !*source);
	ck_assert_msg(strstr(e.msg, owners[_i].says) || !*owners[_i].says, "%s", e.msg);
}
END_TEST

START_TEST(where_it_is)
{
	struct share s = {.drive = 'H', .path = "\\\\s\\data"};
	char mount[SHARE_MOUNT_MAX + 1];

	share_mount(&s, mount);
	ck_assert_str_eq(mount, "/mnt/h");
	ck_assert(!share_is_personal(&s));
	(void)str_copy(s.path, sizeof(s.path), "\\\\s\\x%USER%");
	ck_assert(share_is_personal(&s));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, form_rows, 0, (int)ARRAY_LEN(forms));
	tcase_add_loop_test(t, owner_rows, 0, (int)ARRAY_LEN(owners));
	tcase_add_test(t, where_it_is);
	return CHECK_MAIN(t);
}
