/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kept disks and named ones: who sees, makes, deletes them, and gives them to a guest. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* Kept disks: 5 and 6 of alice's jobs that Slurm forgot, 7 of bob's, one without an origin; 17
 * fails and has a mark, but runs still. */
static struct disk_seen disks[6];

static void disk_add(const char *key, uint32_t uid, int64_t until_s)
{
	struct disk_seen *d = &disks[observed.n_disk++];

	*d = (struct disk_seen){.kept_until_s = until_s,
				.size_bytes = UINT64_C(2) << 30,
				.origin = {.known = uid != 0, .uid = uid, .image = "tiny"}};
	(void)str_copy(d->job_key, sizeof(d->job_key), key);
	(void)str_fmt(d->name, sizeof(d->name), "vm-%s-root", key);
}

static void disks_make(void)
{
	setup();
	observed.disks_known = true;
	observed.disk = disks;
	observed.n_disk = 0;
	disk_add("17-" NONCE, ALICE, 9000);
	disk_add("5-" NONCE, ALICE, 9000);
	disk_add("6-" NONCE, ALICE, 0);
	disk_add("7-" NONCE, BOB, 9000);
	disk_add("8-" NONCE, 0, 9000);
}

static size_t kept_count(void)
{
	size_t n = 0, at = 0;

	while (wire_next(&in, "kept[]", &at))
		n++;
	return n;
}

START_TEST(kept_disks)
{
	disks_make();
	ask_as(ALICE, "op=kept\n");
	ck_assert_uint_eq(kept_count(), 1);
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "kept[]"), "\"key\":\"5-" NONCE "\""));
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "kept[]"), "\"kept_until\":9000"));
	ask_as(BOB, "op=kept\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(BOB, "op=kept\nall=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(SLURM, "op=kept\nall=1\n");
	ck_assert_uint_eq(kept_count(), 3);
	ask_as(0, "op=kept\njob=7\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(ALICE, "op=kept\njob=7\n");
	ck_assert_uint_eq(kept_count(), 0);
	ask_as(ALICE, "op=kept\njob=5-" NONCE "\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(ALICE, "op=kept\nafter=5-" NONCE "\n");
	ck_assert_uint_eq(kept_count(), 0);
	observed.disks_known = false;
	ask_as(ALICE, "op=kept\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

static const struct {
	uint32_t uid;
	const char *job;
	enum err_kind kind; /* ERR_NONE: it goes */
} discards[] = {
	{ALICE, "5", ERR_NONE},    {ALICE, "5-" NONCE, ERR_NONE}, {0, "5", ERR_NONE},
	{SLURM, "8", ERR_NONE},    {BOB, "5", ERR_DENIED},        {ALICE, "8", ERR_DENIED},
	{ALICE, "6", ERR_ABSENT},  /* not kept */
	{ALICE, "17", ERR_ABSENT}, /* runs */
	{ALICE, "x", ERR_INVALID}, {ALICE, "", ERR_INVALID},
};

START_TEST(discard_rows)
{
	struct err fine = {.kind = ERR_NONE};
	struct err full = {.kind = ERR_UNSURE, .msg = "Ceph does not answer"};
	char text[64];

	disks_make();
	memset(&discarded, 0, sizeof(discarded));
	(void)str_fmt(text, sizeof(text), "op=discard\njob=%s\n", discards[_i].job);
	ask_as(discards[_i].uid, text);
	ck_assert_uint_eq(discarded.n, discards[_i].kind == ERR_NONE ? 1 : 0);
	if (discards[_i].kind != ERR_NONE) {
		ck_assert_int_eq(reply.e.kind, discards[_i].kind);
		return;
	}
	ck_assert(!reply.sent);
	discarded.done(discarded.ctx, _i ? &fine : &full);
	ck_assert_int_eq(reply.e.kind, _i ? ERR_NONE : ERR_UNSURE);
}
END_TEST

/* A job waits in the queue for it. */
START_TEST(claimed_disk_is_not_discarded)
{
	disks_make();
	memset(&discarded, 0, sizeof(discarded));
	jobs[0].phase = JOB_PENDING;
	jobs[0].uid = ALICE;
	(void)str_copy(jobs[0].request.from, sizeof(jobs[0].request.from), "5");
	ask_as(ALICE, "op=discard\njob=5\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_uint_eq(discarded.n, 0);
}
END_TEST

static struct named_disk nameds[7];
static struct attachment attachments[6];

static void named_add(uint32_t uid, const char *name, const char *claims)
{
	struct named_disk *d = &nameds[observed.n_named++];
	struct err e;

	*d = (struct named_disk){.uid = uid, .size_bytes = UINT64_C(4) << 30, .created_s = 77};
	(void)str_copy(d->name, sizeof(d->name), name);
	(void)named_image("lab", uid, name, d->image, sizeof(d->image));
	ck_assert_int_eq(disk_claims_decode(claims, &d->claims, &e), 0);
}

static void named_make(void)
{
	setup();
	memset(&ordered, 0, sizeof(ordered));
	quota_now = (struct disk_quota){.bytes = UINT64_C(10) << 30, .count = 3};
	observed.named_known = true;
	observed.named = nameds;
	observed.n_named = 0;
	named_add(ALICE, "data", "17-" NONCE);
	named_add(BOB, "data", "");
	named_add(ALICE, "away", "removing");
}

static size_t named_count(void)
{
	size_t n = 0, at = 0;

	while (wire_next(&in, "disk[]", &at))
		n++;
	return n;
}

START_TEST(named_disks)
{
	char text[128];

	named_make();
	ask_as(ALICE, "op=disks\n");
	ck_assert_uint_eq(named_count(), 2);
	ck_assert_str_eq(wire_get(&in, "quota"), "10737418240");
	ask_as(BOB, "op=disks\n");
	ck_assert_uint_eq(named_count(), 1);
	ask_as(BOB, "op=disks\nall=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(SLURM, "op=disks\nall=1\n");
	ck_assert_uint_eq(named_count(), 3);
	(void)str_fmt(text, sizeof(text), "op=disks\nafter=%s\n", nameds[2].image);
	ask_as(ALICE, text); /* "away" comes before "data" */
	ck_assert_uint_eq(named_count(), 1);
	ck_assert_ptr_nonnull(
		strstr(wire_get(&in, "disk[]"), "\"used_by\":[{\"job\":17,\"read_only\":false"));
	observed.named_known = false;
	ask_as(ALICE, "op=disks\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind; /* ERR_NONE: it goes */
	const char *why;
} orders[] = {
	{ALICE, "op=disk-create\nname=new\nsize=1073741824\n", ERR_NONE, "it fits"},
	{ALICE, "op=disk-create\nname=data\nsize=1073741824\n", ERR_CONFLICT, "it is there"},
	{ALICE, "op=disk-create\nname=away\nsize=1073741824\n", ERR_CONFLICT, "it is not gone yet"},
	{ALICE, "op=disk-create\nname=new\nsize=9663676416\n", ERR_FULL, "the quota"},
	{BOB, "op=disk-create\nname=new\nsize=5368709120\n", ERR_NONE, "another user's is his own"},
	{ALICE, "op=disk-create\nname=new\nsize=1\n", ERR_INVALID, "too small"},
	{ALICE, "op=disk-create\nname=new\n", ERR_INVALID, "no size"},
	{ALICE, "op=disk-create\nname=root\nsize=1073741824\n", ERR_INVALID, "a job's own"},
	{ALICE, "op=disk-create\nsize=1073741824\n", ERR_INVALID, "no name"},
	{ALICE, "op=disk-create\nname=half\nsize=4294967296\n", ERR_NONE,
	 "asked for again, it is finished: beyond no quota, for it counts"},
	{ALICE, "op=disk-create\nname=half\nsize=1073741824\n", ERR_CONFLICT, "of another size"},
	{ALICE, "op=disk-delete\nname=half\n", ERR_CONFLICT, "not before it is finished"},
	{ALICE, "op=disk-delete\nname=data\n", ERR_CONFLICT, "a job has it"},
	{BOB, "op=disk-delete\nname=data\n", ERR_NONE, "his own, of the same name"},
	{ALICE, "op=disk-delete\nname=away\n", ERR_NONE, "once more"},
	{BOB, "op=disk-delete\nname=away\n", ERR_ABSENT, "of another user's nothing is known"},
	{BOB, "op=disk-delete\nname=away\nuid=1000\n", ERR_DENIED, "nor if he says whose"},
	{0, "op=disk-delete\nname=away\nuid=1000\n", ERR_NONE, "root may"},
	{SLURM, "op=disk-delete\nname=away\nuid=1000\n", ERR_NONE, "SlurmUser may"},
	{0, "op=disk-delete\nname=away\n", ERR_ABSENT, "root has none of his own"},
};

START_TEST(named_order_rows)
{
	struct err full = {.kind = ERR_FULL, .msg = "Ceph is full"};

	named_make();
	if (strstr(orders[_i].text, "half")) {
		named_add(ALICE, "half", "");
		nameds[3].unfinished = true;
	}
	ask_as(orders[_i].uid, orders[_i].text);
	ck_assert_uint_eq(ordered.n, orders[_i].kind == ERR_NONE ? 1 : 0);
	if (orders[_i].kind != ERR_NONE) {
		ck_assert_msg(reply.e.kind == orders[_i].kind, "%s: %s", orders[_i].why,
			      reply.e.msg);
		return;
	}
	ck_assert(!reply.sent);
	ck_assert_uint_eq(ordered.order.disk.uid, orders[_i].uid == BOB ? BOB : ALICE);
	ordered.done(ordered.ctx, &full);
	ck_assert_int_eq(reply.e.kind, ERR_FULL);
}
END_TEST

/* A disk is given to a guest that runs, and taken from it: by a claim. */
static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind; /* ERR_NONE: it goes */
	const char *why;
} gives[] = {
	{ALICE, "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_NONE, "a free one"},
	{0, "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_NONE, "by root, too"},
	{BOB, "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_DENIED, "not his job"},
	{BOB, "op=disk-add\njob=18\nname=free\nread_only=0\n", ERR_CONFLICT, "no guest runs"},
	{ALICE, "op=disk-add\njob=17\nname=his\nread_only=0\n", ERR_ABSENT, "another user's"},
	{ALICE, "op=disk-add\njob=17\nname=data\nread_only=0\n", ERR_NONE, "has it: again"},
	{ALICE, "op=disk-add\njob=17\nname=data\nread_only=1\n", ERR_CONFLICT, "not both"},
	{ALICE, "op=disk-add\njob=17\nname=away\nread_only=1\n", ERR_ABSENT, "it is being deleted"},
	{ALICE, "op=disk-add\njob=17\nname=busy\nread_only=0\n", ERR_CONFLICT,
	 "another job writes it"},
	{ALICE, "op=disk-add\njob=17\nname=back\nread_only=0\n", ERR_RETRY,
	 "it is given back still"},
	{ALICE, "op=disk-add\njob=17\nread_only=0\n", ERR_INVALID, "which?"},
	{ALICE, "op=disk-add\njob=99\nname=free\n", ERR_ABSENT, "no such job"},
	{ALICE, "op=disk-add\njob=17\nsize=1073741824\n", ERR_NONE, "a scratch disk"},
	{ALICE, "op=disk-add\njob=17\nsize=3221225472\n", ERR_FULL, "more than the image allows"},
	{ALICE, "op=disk-add\njob=17\nsize=5\n", ERR_INVALID, "too small"},
	{BOB, "op=disk-add\njob=17\nsize=1073741824\n", ERR_DENIED, "not his job"},
	{ALICE, "op=disk-remove\njob=17\nname=scratch1\n", ERR_NONE, "it is given up"},
	{ALICE, "op=disk-remove\njob=17\nname=scratch2\n", ERR_INVALID, "there is none"},
	{BOB, "op=disk-remove\njob=17\nname=scratch1\n", ERR_DENIED, "not his"},
	{ALICE, "op=disk-remove\njob=17\nname=data\n", ERR_NONE, "given back"},
	{ALICE, "op=disk-remove\njob=17\nname=free\n", ERR_ABSENT, "the job does not have it"},
	{BOB, "op=disk-remove\njob=17\nname=data\n", ERR_DENIED, "not his job's"},
};

START_TEST(give_rows)
{
	static const char vm[] = "vm-17-" NONCE "-r0";

	named_make();
	named_add(ALICE, "free", "");
	(void)str_copy(nameds[1].name, sizeof(nameds[1].name), "his"); /* bob's */
	vms[0] = (struct vm_seen){.phase = VM_RUNNING, .job_key = "17-" NONCE};
	(void)str_copy(vms[0].name, sizeof(vms[0].name), vm);
	named_add(ALICE, "busy", "12-" NONCE);
	named_add(ALICE, "back", "17-" NONCE ":off");
	observed.disks_known = true;
	observed.disk = disks;
	observed.n_disk = 0;
	disk_add("17-" NONCE, ALICE, 0);
	(void)disk_extra_name("17-" NONCE, 1, disks[0].name, sizeof(disks[0].name)); /* 2G */
	images[0].scratch_max_bytes = UINT64_C(4) << 30;
	observed.n_attachment = attachments_count(nameds, observed.n_named);
	attachments_of(nameds, observed.n_named, attachments);
	extras_of(disks, 1, &attachments[observed.n_attachment++]);
	observed.attachment = attachments;
	ask_as(gives[_i].uid, gives[_i].text);
	ck_assert_uint_eq(ordered.n, gives[_i].kind == ERR_NONE ? 1 : 0);
	if (gives[_i].kind != ERR_NONE) {
		ck_assert_msg(reply.e.kind == gives[_i].kind, "%s: %s", gives[_i].why, reply.e.msg);
		return;
	}
	ck_assert_str_eq(ordered.order.job_key, "17-" NONCE);
	if (ordered.order.kind != NAMED_CLAIM) {
		ck_assert_str_eq(ordered.order.disk.image, ordered.order.kind == EXTRA_CREATE
								   ? "vm-17-" NONCE "-scratch2"
								   : "vm-17-" NONCE "-scratch1");
		return;
	}
	ck_assert_int_eq(ordered.order.step,
			 strstr(gives[_i].text, "remove") ? CLAIM_LEAVE : CLAIM_WRITE);
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_ptr_nonnull(
		strstr(wire_get(&in, "json"), "\"name\":\"data\",\"serial\":\"data\""));
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "json"), "\"state\":\"attaching\""));
}
END_TEST

START_TEST(no_named_disks_here)
{
	named_make();
	quota_now = (struct disk_quota){.bytes = 0};
	ask_as(ALICE, "op=disk-create\nname=new\nsize=1073741824\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(reply.e.msg, "disks: in vmd.yaml"));
	ck_assert_uint_eq(ordered.n, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests_disks");

	tcase_add_test(t, kept_disks);
	tcase_add_loop_test(t, discard_rows, 0, ARRAY_LEN(discards));
	tcase_add_test(t, claimed_disk_is_not_discarded);
	tcase_add_test(t, named_disks);
	tcase_add_loop_test(t, named_order_rows, 0, ARRAY_LEN(orders));
	tcase_add_loop_test(t, give_rows, 0, ARRAY_LEN(gives));
	tcase_add_test(t, no_named_disks_here);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
