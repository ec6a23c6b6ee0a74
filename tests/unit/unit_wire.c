/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of rows for vmd/api/wire: what is refused and why, and that what is encoded comes back. */
#include "tests/unit/check_main.h"
#include "vmd/api/wire.h"

#include <check.h>
#include <string.h>

#define V1 "slurm-vm=1\n"

static const struct {
	const char *text;
	size_t len; /* 0: strlen */
	const char *error;
} bad[] = {
	{"", 0, "message is cut short or not text"},
	{"slurm-vm=1", 0, "message is cut short or not text"},
	{V1 "op=show", 0, "message is cut short or not text"},
	{V1 "op=sh\0w\n", sizeof(V1 "op=sh\0w\n") - 1, "message is cut short or not text"},
	{"slurm-vm=2\nop=show\n", 0,
	 "message is not of version 1: are plugin, vmctl and vmd of one release?"},
	{"op=show\nslurm-vm=1\n", 0,
	 "message is not of version 1: are plugin, vmctl and vmd of one release?"},
	{"\n", 0, "message is not of version 1: are plugin, vmctl and vmd of one release?"},
	{V1 "\n", 0, "line 2 of the message has no '='"},
	{V1 "op\n", 0, "line 2 of the message has no '='"},
	{V1 "=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "Op=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "o%70=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "[]=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "vm[=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "vm[]]=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "abcdefghijabcdefghijabcdefghijabc=x\n", 0, "line 2 of the message has a bad key"},
	{V1 "op=a\nop=a\n", 0, "line 3 of the message: op comes twice"},
	{V1 "a=\nb=\na=\n", 0, "line 4 of the message: a comes twice"},
	{V1 "op=%\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=%4\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=%4g\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=%g4\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=%00\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=\t\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=x\r\n", 0, "line 2 of the message: bad value of op"},
	{V1 "op=\x7f\n", 0, "line 2 of the message: bad value of op"},
};

START_TEST(bad_rows)
{
	size_t len = bad[_i].len ? bad[_i].len : strlen(bad[_i].text);
	AUTO(free) char *text = malloc(len ? len : 1); /* sanitizers see one byte too far */
	static struct wire_in in;
	struct err e = {.kind = ERR_NONE};

	memcpy(text, bad[_i].text, len);
	ck_assert_int_eq(wire_decode(text, len, &in, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_str_eq(e.msg, bad[_i].error);
	ck_assert_uint_eq(in.n, 0);
}
END_TEST

static const struct {
	const char *text, *key, *value;
} good[] = {
	{V1, "op", NULL},
	{V1 "op=show\n", "op", "show"},
	{V1 "op=show\n", "o", NULL},
	{V1 "op=\n", "op", ""},
	{V1 "t=a=b=c\n", "t", "a=b=c"},
	{V1 "t=%41%25%0a%0A%7F\n", "t", "A%\n\n\x7f"},
	{V1 "t=gr\xc3\xbc\xc3\x9f\n", "t", "gr\xc3\xbc\xc3\x9f"},
	{V1 "abcdefghijabcdefghijabcdefghijab=x\n", "abcdefghijabcdefghijabcdefghijab", "x"},
	{V1 "vm=1\nvm[]=2\nvm[]=3\n", "vm", "1"},
	{V1 "vm=1\nvm[]=2\nvm[]=3\n", "vm[]", "2"},
};

START_TEST(good_rows)
{
	AUTO(free) char *text = strdup(good[_i].text);
	static struct wire_in in;
	const char *got;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(wire_decode(text, strlen(text), &in, &e) == 0, "%s", e.msg);
	got = wire_get(&in, good[_i].key);
	if (!good[_i].value)
		ck_assert_ptr_null(got);
	else
		ck_assert_pstr_eq(got, good[_i].value);
}
END_TEST

START_TEST(lists)
{
	char text[] = V1 "vm[]=a\nx=y\nvm[]=b\n";
	static struct wire_in in;
	size_t at = 0;
	struct err e;

	ck_assert_int_eq(wire_decode(text, strlen(text), &in, &e), 0);
	ck_assert_pstr_eq(wire_next(&in, "vm[]", &at), "a");
	ck_assert_pstr_eq(wire_next(&in, "vm[]", &at), "b");
	ck_assert_ptr_null(wire_next(&in, "vm[]", &at));
	ck_assert_ptr_null(wire_next(&in, "vm[]", &at));
}
END_TEST

START_TEST(numbers)
{
	char text[] = V1 "a=4294967295\nb=4294967296\nc=-1\nd=\n";
	static struct wire_in in;
	uint64_t n = 7;
	struct err e;

	ck_assert_int_eq(wire_decode(text, strlen(text), &in, &e), 0);
	ck_assert_int_eq(wire_get_u64(&in, "b", UINT32_MAX, &n, &e), -1);
	ck_assert_str_eq(e.msg, "b='4294967296' is not a number up to 4294967295");
	ck_assert_int_eq(wire_get_u64(&in, "c", UINT32_MAX, &n, &e), -1);
	ck_assert_int_eq(wire_get_u64(&in, "d", UINT32_MAX, &n, &e), -1);
	ck_assert_int_eq(wire_get_u64(&in, "nix", UINT32_MAX, &n, &e), -1);
	ck_assert_str_eq(e.msg, "nix= is missing");
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(wire_get_u64(&in, "a", UINT32_MAX, &n, &e), 0);
	ck_assert_uint_eq(n, UINT32_MAX);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	char all[256], buf[1024];
	static struct wire_in in;
	struct wire_out o;
	size_t len = 0;
	struct err e;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	wire_begin(&o, buf, sizeof(buf));
	wire_add(&o, "all", all);
	wire_addf(&o, "n", "%d%%", 5);
	ck_assert_int_eq(wire_end(&o, &len, &e), 0);
	ck_assert_uint_eq(strlen(buf), len);
	ck_assert_msg(wire_decode(buf, len, &in, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(in.n, 2);
	ck_assert_pstr_eq(wire_get(&in, "all"), all);
	ck_assert_pstr_eq(wire_get(&in, "n"), "5%");
}
END_TEST

/* Whatever the buffer's size: all fits or wire_end tells, and nothing is written beyond. */
START_TEST(every_buffer_size)
{
	static const char whole[] = V1 "key=a%0Ab\nop=show\n";

	for (size_t size = 1; size < sizeof(whole) + 4; size++) {
		AUTO(free) char *buf = malloc(size);
		struct wire_out o;
		size_t len = 77;
		struct err e;
		int rc;

		wire_begin(&o, buf, size);
		wire_add(&o, "key", "a\nb");
		wire_addf(&o, "op", "%s", "show");
		rc = wire_end(&o, &len, &e);
		ck_assert_int_eq(rc, size >= sizeof(whole) ? 0 : -1);
		if (rc == 0)
			ck_assert_str_eq(buf, whole);
		else
			ck_assert_uint_eq(len, 77);
	}
}
END_TEST

START_TEST(limits)
{
	AUTO(free) char *buf = malloc(2 * WIRE_MAX);
	AUTO(free) char *long_value = malloc(WIRE_MAX);
	static struct wire_in in;
	struct wire_out o;
	size_t len;
	struct err e;

	wire_begin(&o, buf, 2 * WIRE_MAX);
	for (int i = 0; i < WIRE_FIELDS; i++)
		wire_add(&o, "vm[]", "x");
	ck_assert_int_eq(wire_end(&o, &len, &e), 0);
	ck_assert_int_eq(wire_decode(buf, len, &in, &e), 0);
	ck_assert_uint_eq(in.n, WIRE_FIELDS);
	wire_add(&o, "vm[]", "x");
	ck_assert_int_eq(wire_end(&o, &len, &e), -1);

	/* a decoder cannot rely on the encoder's limit */
	len = 0;
	len += (size_t)sprintf(buf, V1);
	for (int i = 0; i <= WIRE_FIELDS; i++)
		len += (size_t)sprintf(buf + len, "vm[]=x\n");
	ck_assert_int_eq(wire_decode(buf, len, &in, &e), -1);

	memset(long_value, 'x', WIRE_MAX);
	long_value[WIRE_MAX - 1] = '\0';
	wire_begin(&o, buf, 2 * WIRE_MAX);
	wire_add(&o, "a", long_value);
	ck_assert_int_eq(wire_end(&o, &len, &e), -1);
	long_value[WIRE_MAX - strlen(V1 "a=\n")] = '\0';
	wire_begin(&o, buf, 2 * WIRE_MAX);
	wire_add(&o, "a", long_value);
	ck_assert_int_eq(wire_end(&o, &len, &e), 0);
	ck_assert_uint_eq(len, WIRE_MAX);
	ck_assert_int_eq(wire_decode(buf, len, &in, &e), 0);
	memset(buf, 'x', 2 * WIRE_MAX);
	ck_assert_int_eq(wire_decode(buf, WIRE_MAX + 1, &in, &e), -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("wire");

	tcase_add_loop_test(t, bad_rows, 0, ARRAY_LEN(bad));
	tcase_add_loop_test(t, good_rows, 0, ARRAY_LEN(good));
	tcase_add_test(t, lists);
	tcase_add_test(t, numbers);
	tcase_add_test(t, every_byte_comes_back);
	tcase_add_test(t, every_buffer_size);
	tcase_add_test(t, limits);
	return CHECK_MAIN(t);
}
