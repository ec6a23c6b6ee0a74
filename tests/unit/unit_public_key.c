/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is let into a guest's authorized_keys, and what is not. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vm/public_key.h"

#include <check.h>
#include <string.h>

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIFoo+/aa"

static const struct {
	const char *line, *clean; /* NULL: refused */
} rows[] = {
	{"ssh-ed25519 " KEY " alice@head", "ssh-ed25519 " KEY},
	{"ssh-ed25519 " KEY, "ssh-ed25519 " KEY},
	{"ssh-ed25519\t " KEY "\t", "ssh-ed25519 " KEY},
	{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC9xx== x",
	 "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC9xx=="},
	{"ecdsa-sha2-nistp256 " KEY, "ecdsa-sha2-nistp256 " KEY},
	{"sk-ssh-ed25519@openssh.com " KEY, "sk-ssh-ed25519@openssh.com " KEY},
	{"", NULL},
	{"ssh-ed25519", NULL},
	{"ssh-ed25519 ", NULL},
	{"ssh-ed25519 AAAA", NULL},
	{"ssh-ed25519 BBBBC3NzaC1lZDI1NTE5AAAAIFoo", NULL},
	{"ssh-ed25519 " KEY "A", NULL},
	{"ssh-ed25519 " KEY "!", NULL},
	{"ssh-dss " KEY, NULL},
	{"command=\"rm -rf /\" ssh-ed25519 " KEY, NULL},
	{"ssh-ed25519 " KEY " me\nssh-ed25519 " KEY, NULL},
	{"ssh-ed25519 " KEY "\r\nx", NULL},
	{"-----BEGIN OPENSSH PRIVATE KEY-----", NULL},
};

START_TEST(row)
{
	char clean[PUBLIC_KEY_MAX + 1] = "untouched";

	ck_assert_int_eq(public_key_clean(rows[_i].line, clean), rows[_i].clean ? 0 : -1);
	if (rows[_i].clean)
		ck_assert_str_eq(clean, rows[_i].clean);
}
END_TEST

START_TEST(too_long)
{
	char line[2 * PUBLIC_KEY_MAX], clean[PUBLIC_KEY_MAX + 1];

	memset(line, 'A', sizeof(line));
	memcpy(line, "ssh-rsa ", 8);
	line[8 + 2040] = '\0';
	ck_assert_int_eq(public_key_clean(line, clean), -1);
	line[8 + 2036] = '\0';
	ck_assert_int_eq(public_key_clean(line, clean), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("public_key");

	tcase_add_loop_test(t, row, 0, ARRAY_LEN(rows));
	tcase_add_test(t, too_long);
	return CHECK_MAIN(t);
}
