/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's secrets: form, and that the two halves of the key belong together. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vm/credentials.h"

#include <check.h>
#include <libssh/libssh.h>
#include <string.h>

START_TEST(password_has_four_classes)
{
	struct credentials c;
	struct err e = {.kind = ERR_NONE};
	unsigned lower = 0, upper = 0, digit = 0, other = 0;

	ck_assert_msg(credentials_make("hpc", "slurm-vm-17", &c, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(c.user, "hpc");
	ck_assert_uint_eq(strlen(c.password), 20);
	for (const char *p = c.password; *p; p++) {
		lower += *p >= 'a' && *p <= 'z';
		upper += *p >= 'A' && *p <= 'Z';
		digit += *p >= '0' && *p <= '9';
		other += strchr("-_.+", *p) != NULL;
		ck_assert_msg(!strchr("l1IO0", *p), "'%c' is easily mistaken", *p);
	}
	ck_assert(lower && upper && digit && other);
	ck_assert_uint_eq(lower + upper + digit + other, 20);
}
END_TEST

START_TEST(no_two_are_alike)
{
	struct credentials a, b;
	struct err e;

	ck_assert_int_eq(credentials_make("u", "c", &a, &e), 0);
	ck_assert_int_eq(credentials_make("u", "c", &b, &e), 0);
	ck_assert_str_ne(a.password, b.password);
	ck_assert_str_ne(a.ssh_public, b.ssh_public);
	ck_assert_str_ne(a.ssh_private, b.ssh_private);
}
END_TEST

START_TEST(key_pair_fits)
{
	struct credentials c;
	struct err e = {.kind = ERR_NONE};
	ssh_key private = NULL;
	char *base64 = NULL;
	char want[256];

	ck_assert_msg(credentials_make("u", "slurm-vm-17", &c, &e) == 0, "%s", e.msg);
	ck_assert(str_starts(c.ssh_private, "-----BEGIN OPENSSH PRIVATE KEY-----\n"));
	ck_assert_int_eq(ssh_pki_import_privkey_base64(c.ssh_private, NULL, NULL, NULL, &private),
			 SSH_OK);
	ck_assert_int_eq(ssh_pki_export_pubkey_base64(private, &base64), SSH_OK);
	snprintf(want, sizeof(want), "ssh-ed25519 %s slurm-vm-17", base64);
	ck_assert_str_eq(c.ssh_public, want);
	ssh_string_free_char(base64);
	ssh_key_free(private);
}
END_TEST

START_TEST(wiped)
{
	static const struct credentials empty;
	struct credentials c;
	struct err e;

	ck_assert_int_eq(credentials_make("u", "c", &c, &e), 0);
	credentials_wipe(&c);
	ck_assert_int_eq(memcmp(&c, &empty, sizeof(c)), 0);
}
END_TEST

START_TEST(too_long_changes_nothing)
{
	struct credentials c = {.user = "as it was"};
	char user[80];
	char comment[300];
	struct err e;

	memset(user, 'u', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	memset(comment, 'c', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	ck_assert_int_eq(credentials_make(user, "c", &c, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_int_eq(credentials_make("u", comment, &c, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_str_eq(c.user, "as it was");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("credentials");

	tcase_add_test(t, password_has_four_classes);
	tcase_add_test(t, no_two_are_alike);
	tcase_add_test(t, key_pair_fits);
	tcase_add_test(t, wiped);
	tcase_add_test(t, too_long_changes_nothing);
	return CHECK_MAIN(t);
}
