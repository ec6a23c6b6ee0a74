/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks: their names, their texts, who may claim one, and the quota. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/disk/named.h"

#include <check.h>

#define A "17-9f3c12ab45de6701"
#define B "18-0000000000000001"
#define C "19-0000000000000002"

static struct err e;

static const struct {
	const char *name;
	bool good;
} labels[] = {
	{"data", true},
	{"a", true},
	{"my-data-2", true},
	{"scratch-2", true},
	{"12345678901234567890", true},
	{"123456789012345678901", false},
	{"", false},
	{"-a", false},
	{"a-", false},
	{"a.b", false},
	{"Data", false},
	{"a b", false},
	{"a/b", false},
	{"../x", false},
	{"root", false},
	{"scratch", false},
	{"scratch1", false},
	{"17:ro", false},
};

START_TEST(label_rows)
{
	ck_assert_msg((disk_label_check(labels[_i].name, &e) == 0) == labels[_i].good, "'%s'",
		      labels[_i].name);
}
END_TEST

/* Clusters, users and names never meet in one image. */
START_TEST(image_names)
{
	static const struct {
		const char *cluster;
		uint32_t uid;
		const char *name;
	} of[] = {
		{"lab", 7001, "data"},
		{"lab2", 7001, "data"},
		{"lab", 700, "1-data"},
		{"lab", 70, "01-data"},
		{"lab", 7001, "data-1"},
		{"lab", 0, "data"},
		{"lab", 4294967294, "12345678901234567890"},
	};
	char image[ARRAY_LEN(of)][VM_NAME_MAX + 1], name[DISK_LABEL_MAX + 1];
	uint32_t uid;

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		ck_assert_int_eq(named_image(of[i].cluster, of[i].uid, of[i].name, image[i],
					     sizeof(image[i])),
				 0);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(image[i], image[k]);
		ck_assert(str_is_name(image[i], VM_NAME_MAX));
		ck_assert_int_eq(named_image_parse(image[i], of[i].cluster, &uid, name), 0);
		ck_assert_uint_eq(uid, of[i].uid);
		ck_assert_str_eq(name, of[i].name);
		ck_assert_int_eq(named_image_parse(image[i], "other", &uid, name), -1);
	}
	ck_assert_int_eq(named_image_parse("vm-17-9f3c12ab45de6701-root", "lab", &uid, name), -1);
	ck_assert_int_eq(named_image_parse("vmdisk-", "lab", &uid, name), -1);
	ck_assert_int_eq(named_image_parse("vmdisk-00000000-07001-data", "lab", &uid, name), -1);
}
END_TEST

/* Neither is what belongs to a job taken for a named disk, nor the other way round. */
START_TEST(no_disk_of_a_job)
{
	char image[VM_NAME_MAX + 1], key[JOB_KEY_MAX + 1];

	ck_assert_int_eq(named_image("lab", 7001, "data", image, sizeof(image)), 0);
	ck_assert(!str_starts(image, "vm-"));
	ck_assert_int_eq(disk_name_key(image, key), -1);
	ck_assert(!disk_is_root(image));
}
END_TEST

START_TEST(extra_names)
{
	char name[VM_NAME_MAX + 1], key[JOB_KEY_MAX + 1];

	ck_assert_int_eq(disk_extra_name(A, 12, name, sizeof(name)), 0);
	ck_assert_str_eq(name, "vm-" A "-scratch12");
	ck_assert_str_eq(disk_extra_label(name), "scratch12");
	ck_assert_int_eq(disk_name_key(name, key), 0);
	ck_assert_str_eq(key, A);
	ck_assert_ptr_null(disk_extra_label("vm-" A "-scratch"));
	ck_assert_ptr_null(disk_extra_label("vm-" A "-scratch0"));
	ck_assert_ptr_null(disk_extra_label("vm-" A "-scratch1x"));
	ck_assert_ptr_null(disk_extra_label("vm-" A "-root"));
	ck_assert_int_eq(disk_name_key("vm-" A "-scratch", key), 0);
	ck_assert_int_eq(disk_name_key("vm-" A "-scratch0", key), -1);
	ck_assert_int_eq(disk_name_key("vm-17-scratch1", key), -1);
}
END_TEST

static const struct {
	const char *text;
	bool good;
} identities[] = {
	{"uid=7001 name=data created=1764090000", true},
	{"uid=0 name=a", true},
	{"uid=7001 name=data later=thing", true},
	{"name=data", false},
	{"uid=7001", false},
	{"uid=-1 name=data", false},
	{"uid=4294967296 name=data", false},
	{"uid=7001 name=Data", false},
	{"uid=7001 name=data created=x", false},
	{"uid=7001 data", false},
	{"", false},
};

START_TEST(identity_rows)
{
	struct named_disk d = {.size_bytes = 5}, back;
	char text[DISK_IDENTITY_MAX + 1];
	bool good = named_decode(identities[_i].text, &d, &e) == 0;

	ck_assert_msg(good == identities[_i].good, "'%s'", identities[_i].text);
	if (!good) {
		ck_assert_uint_eq(d.size_bytes, 5); /* nothing touched */
		return;
	}
	ck_assert_int_eq(named_decode(named_encode(&d, text, sizeof(text)), &back, &e), 0);
	ck_assert_uint_eq(d.uid, back.uid);
	ck_assert_str_eq(d.name, back.name);
	ck_assert_int_eq(d.created_s, back.created_s);
}
END_TEST

static const struct {
	const char *text;
	bool good;
} texts[] = {
	{"", true},
	{A, true},
	{A ":off", true},
	{A ":r2", true},
	{A ":r4294967295:ro:off " B ":ro", true},
	{A ":r", false},
	{A ":r-1", false},
	{A ":r4294967296", false},
	{A ":ro:r2", false},
	{A ":r2:r2", false},
	{A ":ro " B ":ro", true},
	{A ":ro:off " B ":ro", true},
	{"removing", true},
	{A " " B, false},
	{A ":ro " B, false},
	{A " " B ":ro", false},
	{A ":ro " A ":ro", false},
	{A ":off:ro", false},
	{A ":rw", false},
	{" " A, false},
	{A " ", false},
	{"17", false},
	{"removing " A, false},
};

START_TEST(claims_rows)
{
	struct disk_claims c;
	char again[DISK_CLAIMS_TEXT];
	bool good = disk_claims_decode(texts[_i].text, &c, &e) == 0;

	ck_assert_msg(good == texts[_i].good, "'%s'", texts[_i].text);
	if (good)
		ck_assert_str_eq(disk_claims_encode(&c, again), texts[_i].text);
}
END_TEST

/* Each row: the claims, one wish, and what comes of it. */
static const struct {
	const char *before;
	const char *key;
	bool read_only;
	enum err_kind kind;
	const char *after;
	const char *why;
} wishes[] = {
	{"", A, false, ERR_NONE, A, "a free disk is written"},
	{"", A, true, ERR_NONE, A ":ro", "or read"},
	{A, B, false, ERR_CONFLICT, A, "one writer"},
	{A, B, true, ERR_CONFLICT, A, "no reader beside a writer"},
	{A ":ro", B, true, ERR_NONE, A ":ro " B ":ro", "any number of readers"},
	{A ":ro", B, false, ERR_CONFLICT, A ":ro", "no writer beside a reader"},
	{A ":ro:off", B, false, ERR_CONFLICT, A ":ro:off", "one that leaves is not gone"},
	{A ":off", B, false, ERR_CONFLICT, A ":off", "nor a writer that leaves"},
	{A, A, false, ERR_NONE, A, "again: the same"},
	{A ":off", A, false, ERR_CONFLICT, A ":off", "one that leaves is not had again so"},
	{A, A, true, ERR_CONFLICT, A, "not both"},
	{"removing", A, false, ERR_ABSENT, "removing", "its owner has given it up"},
};

static int add(struct disk_claims *c, const char *key, uint32_t run, bool read_only)
{
	struct disk_claim asked = {.run = run, .read_only = read_only};

	(void)str_copy(asked.job_key, sizeof(asked.job_key), key);
	return disk_claims_add(c, "data", &asked, &e);
}

START_TEST(wish_rows)
{
	struct disk_claims c;
	char after[DISK_CLAIMS_TEXT];
	int rc;

	ck_assert_int_eq(disk_claims_decode(wishes[_i].before, &c, &e), 0);
	e.kind = ERR_NONE;
	rc = add(&c, wishes[_i].key, 0, wishes[_i].read_only);
	ck_assert_msg(e.kind == wishes[_i].kind, "%s: %s", wishes[_i].why, e.msg);
	ck_assert_int_eq(rc, wishes[_i].kind == ERR_NONE ? 0 : -1);
	ck_assert_str_eq(disk_claims_encode(&c, after), wishes[_i].after);
}
END_TEST

START_TEST(it_says_who_has_it)
{
	struct disk_claims c;

	ck_assert_int_eq(disk_claims_decode(A, &c, &e), 0);
	ck_assert_int_eq(add(&c, B, 0, false), -1);
	ck_assert_str_eq(e.msg, "disk data is written by job 17");
	ck_assert_int_eq(disk_claims_decode(A ":ro " B ":ro", &c, &e), 0);
	ck_assert_int_eq(disk_claims_remove(&c, "data", &e), -1);
	ck_assert_str_eq(e.msg, "disk data is read by job 17 and others");
}
END_TEST

START_TEST(no_more_readers_than_fit)
{
	struct disk_claims c = {.n = 0}, back;
	char text[DISK_CLAIMS_TEXT], key[JOB_KEY_MAX + 1];

	for (unsigned i = 0; i < DISK_CLAIMS_MAX; i++) {
		(void)str_fmt(key, sizeof(key), "42949672%02u-9f3c12ab45de6701", i);
		ck_assert_int_eq(add(&c, key, UINT32_MAX, true), 0);
		disk_claims_leave(&c, key);
	}
	ck_assert_int_eq(add(&c, A, 0, true), -1);
	ck_assert_int_eq(e.kind, ERR_FULL);
	ck_assert_int_eq(disk_claims_decode(disk_claims_encode(&c, text), &back, &e), 0);
	ck_assert_uint_eq(back.n, DISK_CLAIMS_MAX);
}
END_TEST

START_TEST(claims_go)
{
	struct disk_claims c;
	char text[DISK_CLAIMS_TEXT];

	ck_assert_int_eq(disk_claims_decode(A ":ro " B ":ro " C ":ro", &c, &e), 0);
	disk_claims_leave(&c, B);
	ck_assert_str_eq(disk_claims_encode(&c, text), A ":ro " B ":ro:off " C ":ro");
	disk_claims_drop(&c, A);
	disk_claims_drop(&c, A);
	disk_claims_drop(&c, C);
	ck_assert_str_eq(disk_claims_encode(&c, text), B ":ro:off");
	ck_assert_int_eq(disk_claims_remove(&c, "data", &e), -1);
	disk_claims_drop(&c, B);
	ck_assert_int_eq(disk_claims_remove(&c, "data", &e), 0);
	ck_assert_str_eq(disk_claims_encode(&c, text), "removing");
}
END_TEST

#define GIB (UINT64_C(1) << 30)

static const struct {
	struct disk_quota quota;
	uint32_t uid;
	uint64_t size;
	enum err_kind kind;
} quotas[] = {
	{{0, 16}, 1, GIB, ERR_DENIED},
	{{10 * GIB, 0}, 1, GIB, ERR_DENIED},
	{{10 * GIB, 16}, 1, 7 * GIB, ERR_NONE},
	{{10 * GIB, 16}, 1, 7 * GIB + 1, ERR_FULL},
	{{10 * GIB, 16}, 2, 9 * GIB, ERR_NONE}, /* others' count for nothing */
	{{10 * GIB, 16}, 1, UINT64_MAX, ERR_FULL},
	{{10 * GIB, 2}, 1, GIB, ERR_FULL},
	{{2 * GIB, 16}, 1, 1, ERR_FULL}, /* a quota that was lowered */
};

/* A claim that was let go of, and given again since, is not let go of by an order from before: a
 * vmd that was stopped, or a call that hung. */
START_TEST(a_late_order_drops_no_new_claim)
{
	struct disk_order o = {.kind = NAMED_CLAIM, .step = CLAIM_DROP, .disk = {.name = "data"}};
	struct disk_claims c = {.n = 0};

	e.kind = ERR_NONE;
	(void)str_copy(o.job_key, sizeof(o.job_key), A);
	ck_assert_int_eq(add(&c, A, 0, false), 0);
	disk_claims_leave(&c, A);
	o.disk.claims = c; /* this is seen: it leaves */
	disk_claims_drop(&c, A);
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), 0); /* nothing is there: as well */
	ck_assert_int_eq(add(&c, A, 0, false), 0);
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_uint_eq(c.n, 1);
	disk_claims_leave(&c, A);
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), 0);
	ck_assert_uint_eq(c.n, 0);
	ck_assert_int_eq(add(&c, A, 0, true), 0);
	disk_claims_leave(&c, A);
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), -1);
}
END_TEST

/* A job that had ended lives again, and has its claim again: what was decided at its end comes too
 * late. A run's claim is never an earlier run's again. */
START_TEST(a_late_order_drops_no_claim_of_a_later_run)
{
	struct disk_order o = {.kind = NAMED_CLAIM, .step = CLAIM_DROP, .disk = {.name = "data"}};
	char text[DISK_CLAIMS_TEXT];
	struct disk_claims c;

	(void)str_copy(o.job_key, sizeof(o.job_key), A);
	ck_assert_int_eq(disk_claims_decode(A, &c, &e), 0);
	o.disk.claims = c;
	ck_assert_int_eq(add(&c, A, 2, false), 0);
	ck_assert_str_eq(disk_claims_encode(&c, text), A ":r2");
	ck_assert_int_eq(add(&c, A, 1, false), 0);
	ck_assert_str_eq(disk_claims_encode(&c, text), A ":r2");
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(disk_claims_decode(text, &o.disk.claims, &e), 0);
	ck_assert_int_eq(disk_claims_step(&c, &o, &e), 0);
	ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(quota_rows)
{
	const struct named_disk disk[] = {{.uid = 1, .size_bytes = GIB},
					  {.uid = 2, .size_bytes = GIB},
					  {.uid = 1, .size_bytes = 2 * GIB}};
	int rc;

	e.kind = ERR_NONE;
	rc = disk_quota_check(&quotas[_i].quota, disk, 3, quotas[_i].uid, quotas[_i].size, &e);
	ck_assert_int_eq(e.kind, quotas[_i].kind);
	ck_assert_int_eq(rc, quotas[_i].kind == ERR_NONE ? 0 : -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("named_disk");

	tcase_add_loop_test(t, label_rows, 0, ARRAY_LEN(labels));
	tcase_add_test(t, image_names);
	tcase_add_test(t, no_disk_of_a_job);
	tcase_add_test(t, extra_names);
	tcase_add_loop_test(t, identity_rows, 0, ARRAY_LEN(identities));
	tcase_add_loop_test(t, claims_rows, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(t, wish_rows, 0, ARRAY_LEN(wishes));
	tcase_add_test(t, it_says_who_has_it);
	tcase_add_test(t, no_more_readers_than_fit);
	tcase_add_test(t, claims_go);
	tcase_add_test(t, a_late_order_drops_no_new_claim);
	tcase_add_test(t, a_late_order_drops_no_claim_of_a_later_run);
	tcase_add_loop_test(t, quota_rows, 0, ARRAY_LEN(quotas));
	return CHECK_MAIN(t);
}
