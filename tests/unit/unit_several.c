/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl and a job with several machines: which one a name means, and one command in several guests,
 * with programs of this host in their place. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/choice.h"
#include "vmd/vmctl/fan.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

static struct json_object *list_make(void)
{
	static const char text[] =
		"[{\"job\":17,\"name\":\"duo\",\"rank\":0,\"machines\":2,\"vm\":\"vm-17-0-r0\","
		"\"state\":\"READY\"},"
		"{\"job\":17,\"name\":\"duo\",\"rank\":1,\"machines\":2,\"vm\":\"vm-17-1-r0\","
		"\"state\":\"READY\"},"
		"{\"job\":16,\"name\":\"duo\",\"rank\":1,\"machines\":2,\"vm\":\"vm-16-1-r0\","
		"\"state\":\"STOPPED\"},"
		"{\"job\":18,\"name\":\"solo-1\",\"vm\":\"vm-18-r0\",\"state\":\"READY\"}]";
	struct json_object *o = NULL;
	struct err e;

	ck_assert_int_eq(json_parse(text, strlen(text), &o, &e), 0);
	return o;
}

static const struct {
	const char *name;
	uint32_t job; /* 0: none, or several */
	int rank;
} names[] = {
	{"duo", 17, -1},    {"duo-0", 17, 0},     {"duo-1", 17, 1}, {"duo-2", 0, -1},
	{"17-1", 17, 1},    {"16-1", 16, 1},      {"17-2", 0, -1},  {"vm-17-1-r0", 17, 1},
	{"solo-1", 18, -1}, {"vm-18-r0", 18, -1}, {"18-0", 0, -1},
};

START_TEST(names_of_machines)
{
	struct json_object *list = list_make();
	uint32_t job = 0;
	struct err e;

	ck_assert_msg((choice_named(list, names[_i].name, &job, &e) == 0) == (names[_i].job != 0),
		      "%s", names[_i].name);
	ck_assert_uint_eq(job, names[_i].job);
	ck_assert_msg(choice_rank(list, names[_i].name) == names[_i].rank, "%s: %d", names[_i].name,
		      choice_rank(list, names[_i].name));
	json_object_put(list);
}
END_TEST

/* Two machines of a job are no two jobs to choose from. */
START_TEST(several_are_one_job)
{
	struct json_object *list = list_make();
	uint32_t job = 0;
	struct err e;

	ck_assert_int_eq(choice_implied(list, 0, &job, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "you have 2 VMs"));
	json_object_array_del_idx(list, 3, 1);
	ck_assert_int_eq(choice_implied(list, 0, &job, &e), 0);
	ck_assert_uint_eq(job, 17);
	json_object_put(list);
}
END_TEST

static const struct {
	const char *text;
	uint32_t set;
} lists[] = {
	{"0", 1},  {"0-2", 7}, {"0,2", 5},   {"31", 0x80000000}, {"0-1,5", 0x23}, {"2-2", 4},
	{"32", 0}, {"2-1", 0}, {"", 0},      {",", 0},           {"1,", 0},       {"-1", 0},
	{"1-", 0}, {"a", 0},   {"1-2-3", 0},
};

START_TEST(lists_of_ranks)
{
	ck_assert_msg(fan_ranks(lists[_i].text) == lists[_i].set, "'%s': %x", lists[_i].text,
		      fan_ranks(lists[_i].text));
}
END_TEST

static char told[8192];

/* What fan_run tells on stdout of these scripts; its exit code. */
static int fan(const char *const *script, size_t n)
{
	struct login login[4], *l[4];
	uint32_t rank[4];
	FILE *file = tmpfile();
	int code = -1, out = dup(STDOUT_FILENO);
	struct err e;
	size_t len;

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < n; i++) {
		login[i] = (struct login){.key_fd = -1};
		login_arg(&login[i], "sh");
		login_arg(&login[i], "-c");
		login_arg(&login[i], "%s", script[i]);
		l[i] = &login[i];
		rank[i] = (uint32_t)(2 * i);
	}
	(void)fflush(stdout);
	ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
	ck_assert_msg(fan_run(l, rank, n, &code, &e) == 0, "%s", e.msg);
	(void)fflush(stdout);
	ck_assert_int_ge(dup2(out, STDOUT_FILENO), 0);
	close(out);
	rewind(file);
	len = fread(told, 1, sizeof(told) - 1, file);
	told[len] = '\0';
	(void)fclose(file);
	for (size_t i = 0; i < n; i++)
		login_done(&login[i]);
	return code;
}

START_TEST(lines_have_their_rank)
{
	static const char *const one[] = {"echo a; printf b"};
	static const char *const two[] = {"printf 'one '; sleep 0.2; echo line; exit 3",
					  "cat; exit 7"};
	static const char *const none[] = {"kill -9 $$"};

	ck_assert_int_eq(fan(one, 1), 0);
	ck_assert_str_eq(told, "0: a\n0: b\n");
	ck_assert_int_eq(fan(two, 2), 7); /* nothing is on its stdin */
	ck_assert_str_eq(told, "0: one line\n");
	ck_assert_int_eq(fan(none, 1), 137);
	ck_assert_str_eq(told, "");
}
END_TEST

/* A line that is too long is told in pieces, and none of it is lost. */
START_TEST(long_lines)
{
	static const char *const script[] = {"head -c 5000 /dev/zero | tr '\\0' x"};
	size_t x = 0;

	ck_assert_int_eq(fan(script, 1), 0);
	for (const char *c = told; *c; c++)
		x += *c == 'x';
	ck_assert_uint_eq(x, 5000);
	ck_assert(str_starts(told, "0: x"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("several");

	tcase_add_loop_test(t, names_of_machines, 0, ARRAY_LEN(names));
	tcase_add_test(t, several_are_one_job);
	tcase_add_loop_test(t, lists_of_ranks, 0, ARRAY_LEN(lists));
	tcase_add_test(t, lines_have_their_rank);
	tcase_add_test(t, long_lines);
	return CHECK_MAIN(t);
}
