/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iso.c: the structures a reader goes by (ECMA-119), and refusals. That Linux reads such a CD is
 * shown in the lab. */
#include "kubevirt-lite/controllers/iso.h"
#include "tests/unit/check_main.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static uint32_t le32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

START_TEST(files_are_found)
{
	static const struct iso_file files[] = {
		{"unattend.xml", "<x/>", 4}, {"autounattend.xml", "second", 6}, {"empty", "", 0}};
	static const char *const names[] = {"AUTOUNATTEND.XML;1", "EMPTY.;1", "UNATTEND.XML;1"};
	static const char *const data[] = {"second", "", "<x/>"};
	const uint8_t *root, *at;
	uint8_t *image;
	size_t len;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(iso_build("UNATTENDCD", files, 3, &image, &len, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(len % 2048, 0);
	ck_assert_int_eq(memcmp(image + 16 * 2048, "\1CD001\1", 7), 0);
	ck_assert_int_eq(memcmp(image + 17 * 2048, "\377CD001\1", 7), 0);
	ck_assert_uint_eq(le32(image + 16 * 2048 + 80), len / 2048);
	root = image + (size_t)le32(image + 16 * 2048 + 156 + 2) * 2048;
	at = root + root[0];
	at += at[0]; /* "." and ".." */
	for (size_t i = 0; i < 3; i++, at += at[0]) {
		size_t size = strlen(data[i]);

		ck_assert_uint_eq(at[32], strlen(names[i]));
		ck_assert_int_eq(memcmp(at + 33, names[i], at[32]), 0);
		ck_assert_uint_eq(le32(at + 10), size);
		ck_assert_uint_le((size_t)le32(at + 2) * 2048 + size, len);
		ck_assert_int_eq(memcmp(image + (size_t)le32(at + 2) * 2048, data[i], size), 0);
	}
	ck_assert_uint_eq(at[0], 0); /* no more */
	free(image);
}
END_TEST

START_TEST(refusals)
{
	struct iso_file many[ISO_FILES_MAX + 1];
	struct iso_file one = {"a/b", "", 0};
	uint8_t *image;
	size_t len;
	struct err e = {.kind = ERR_NONE};

	for (size_t i = 0; i <= ISO_FILES_MAX; i++)
		many[i] = (struct iso_file){"x", "", 0};
	ck_assert_int_eq(iso_build("X", many, ISO_FILES_MAX + 1, &image, &len, &e), -1);
	ck_assert_int_eq(iso_build("X", &one, 1, &image, &len, &e), -1);
	one.name = "a-name-that-is-far-too-long-for-it.xml";
	ck_assert_int_eq(iso_build("X", &one, 1, &image, &len, &e), -1);
	one = (struct iso_file){"big", "", ISO_BYTES_MAX + 1};
	ck_assert_int_eq(iso_build("X", &one, 1, &image, &len, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("iso");

	tcase_add_test(t, files_are_found);
	tcase_add_test(t, refusals);
	return CHECK_MAIN(t);
}
