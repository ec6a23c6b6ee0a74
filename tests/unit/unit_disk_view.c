/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view of the disks, with a Ceph that is played: lists, actions that are seen at once,
 * lists that are older than an action, troubles. */
#include "tests/unit/check_main.h"
#include "tests/unit/played_ceph.h"
#include "vmd/base/str.h"
#include "vmd/disk_view.h"

#include <check.h>
#include <string.h>
#include <systemd/sd-event.h>

#define KEY  "17-9f3c12ab45de6701"
#define ROOT "vm-" KEY "-root"

/* What the view told. */
static struct {
	unsigned changed, listed, done, missing;
	char missed[160];
	char unreadable[80];
	enum err_kind done_kind;
	char trouble[128];
} told;

static void on_missing(void *ctx, const char *image, const char *revision, const char *text)
{
	(void)ctx;
	snprintf(told.missed, sizeof(told.missed), "%s %s: %s", image, revision, text);
	told.missing++;
}

static void on_unreadable(void *ctx, const char *name, const char *why)
{
	size_t len = strlen(told.unreadable);

	(void)ctx;
	snprintf(told.unreadable + len, sizeof(told.unreadable) - len, "%s %s; ", name,
		 why ? why : "again");
}

static void on_changed(void *ctx)
{
	(void)ctx;
	told.changed++;
}

static void on_listed(void *ctx, enum err_kind kind)
{
	(void)ctx, (void)kind;
	told.listed++;
}

static void on_trouble(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(told.trouble, sizeof(told.trouble), "%s", text ? text : "");
}

static void on_done(void *ctx, const struct err *e)
{
	(void)ctx;
	told.done++;
	told.done_kind = e->kind;
}

static sd_event *loop;
static struct disk_view *view;

static void start(void)
{
	static struct settings s = {.ceph_pool = "rbd", .disks_pool = "disks", .ceph_threads = 2};
	struct disk_view_callbacks cb = {.changed = on_changed,
					 .listed = on_listed,
					 .trouble = on_trouble,
					 .unreadable = on_unreadable,
					 .missing = on_missing};
	struct err e;

	memset(&ceph, 0, sizeof(ceph));
	memset(&told, 0, sizeof(told));
	sem_init(&ceph.list_may_end, 0, 0);
	sem_init(&ceph.list_has_read, 0, 0);
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_int_eq(disk_view_new(loop, &s, &cb, &view, &e), 0);
}

static void run_until(const unsigned *counter, unsigned n)
{
	while (*counter < n)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
}

static struct observed observe(void)
{
	struct observed seen = {.vms_known = false};

	disk_view_observe(view, &seen);
	return seen;
}

static struct action clone_action(void)
{
	return (struct action){.kind = ACT_CLONE_DISK,
			       .object = ROOT,
			       .disk = {.name = ROOT, .job_key = KEY, .size_bytes = 5}};
}

static void apply(const struct action *a)
{
	struct err e;

	ck_assert_int_eq(disk_view_apply(view, a, on_done, NULL, &e), 0);
}

START_TEST(lists_at_start)
{
	ck_assert(!observe().disks_known);
	run_until(&told.listed, 1);
	ck_assert(observe().disks_known);
	ck_assert_uint_eq(observe().n_disk, 0);
	ck_assert_uint_eq(told.changed, 1);
}
END_TEST

START_TEST(own_actions_are_seen_at_once)
{
	struct action a = clone_action();

	run_until(&told.listed, 1);
	apply(&a);
	ck_assert_uint_eq(told.done, 0); /* never from within */
	run_until(&told.done, 1);
	ck_assert_uint_eq(observe().n_disk, 1);
	ck_assert_str_eq(observe().disk[0].name, ROOT);
	ck_assert_str_eq(observe().disk[0].job_key, KEY);
	apply(&a); /* again: still one */
	run_until(&told.done, 2);
	ck_assert_uint_eq(observe().n_disk, 1);
	a.kind = ACT_KEEP_DISK;
	a.keep_disk.until_s = 99;
	apply(&a);
	run_until(&told.done, 3);
	ck_assert_int_eq(observe().disk[0].kept_until_s, 99);
	a.kind = ACT_TAKE_DISK;
	(void)str_copy(a.disk.job_key, sizeof(a.disk.job_key), "18-x");
	(void)str_copy(a.disk.from, sizeof(a.disk.from), KEY);
	a.disk.origin = (struct disk_origin){.known = true, .uid = 7, .image = "tiny"};
	apply(&a);
	run_until(&told.done, 4);
	ck_assert_uint_eq(observe().n_disk, 1);
	ck_assert_str_eq(observe().disk[0].name, ROOT);
	ck_assert_str_eq(observe().disk[0].job_key, "18-x");
	ck_assert_str_eq(observe().disk[0].from, KEY);
	ck_assert_uint_eq(observe().disk[0].origin.uid, 7);
	ck_assert_str_eq(observe().disk[0].origin.image, "tiny");
	ck_assert_int_eq(observe().disk[0].kept_until_s, 0);
	a.kind = ACT_REMOVE_DISK;
	apply(&a);
	run_until(&told.done, 5);
	ck_assert_uint_eq(observe().n_disk, 0);
	ck_assert_uint_eq(told.listed, 1);
}
END_TEST

/* The list was read before the clone and comes after it: it must not take the clone away. */
START_TEST(a_torn_list_is_read_again)
{
	struct action a = clone_action();

	run_until(&told.listed, 1);
	ceph.list_waits = true;
	ceph.fails = ERR_UNSURE; /* makes it list again */
	apply(&a);
	run_until(&told.done, 1);
	ck_assert_int_eq(told.done_kind, ERR_UNSURE);
	ceph.fails = ERR_NONE;
	while (sem_trywait(&ceph.list_has_read) < 0)
		ck_assert_int_ge(sd_event_run(loop, 1000), 0);
	apply(&a);
	run_until(&told.done, 2);
	ceph.list_waits = false;
	sem_post(&ceph.list_may_end);
	run_until(&told.listed, 2);
	ck_assert_uint_eq(observe().n_disk, 1);
	run_until(&told.listed, 3);
	ck_assert_uint_eq(observe().n_disk, 1);
}
END_TEST

START_TEST(failed_actions_change_nothing)
{
	struct action a = clone_action();

	run_until(&told.listed, 1);
	ceph.fails = ERR_FULL;
	apply(&a);
	run_until(&told.done, 1);
	ck_assert_int_eq(told.done_kind, ERR_FULL);
	ck_assert_uint_eq(observe().n_disk, 0);
}
END_TEST

START_TEST(ceph_goes_and_comes)
{
	struct action a = clone_action();

	run_until(&told.listed, 1);
	ceph.fails = ERR_UNSURE;
	apply(&a);
	run_until(&told.listed, 2);
	ck_assert(!observe().disks_known);
	ck_assert_str_eq(told.trouble, "Ceph does not like it");
	ceph.fails = ERR_NONE;
	run_until(&told.listed, 3);
	ck_assert(observe().disks_known);
	ck_assert_str_eq(told.trouble, "");
}
END_TEST

/* Once each: in the log, not every 30 s. */
START_TEST(unreadable_is_told_once)
{
	run_until(&told.listed, 1);
	ceph.n = 2;
	(void)str_copy(ceph.disk[0].name, sizeof(ceph.disk[0].name), "a");
	(void)str_copy(ceph.disk[1].name, sizeof(ceph.disk[1].name), "b");
	(void)str_copy(ceph.disk[0].unreadable, sizeof(ceph.disk[0].unreadable), "hangs");
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert_str_eq(told.unreadable, "a hangs; ");
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert_str_eq(told.unreadable, "a hangs; ");
	ceph.disk[0].unreadable[0] = '\0';
	(void)str_copy(ceph.disk[1].unreadable, sizeof(ceph.disk[1].unreadable), "torn");
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert_str_eq(told.unreadable, "a hangs; b torn; a again; ");
	ceph.n = 1;
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert_str_eq(told.unreadable, "a hangs; b torn; a again; b again; ");
}
END_TEST

static void order(const struct disk_order *o)
{
	struct err e;

	ck_assert_int_eq(disk_view_order(view, o, on_done, NULL, &e), 0);
}

static struct disk_order named_order(void)
{
	return (struct disk_order){.kind = NAMED_CREATE,
				   .disk = {.image = "vmdisk-0-7001-data",
					    .uid = 7001,
					    .name = "data",
					    .size_bytes = 9}};
}

/* At once, so that two that are asked for together do not use a quota twice. */
START_TEST(named_disks_are_seen_at_once)
{
	struct disk_order o = named_order();

	run_until(&told.listed, 1);
	ck_assert(observe().named_known);
	ck_assert_uint_eq(observe().n_named, 0);
	order(&o);
	ck_assert_uint_eq(observe().n_named, 1);
	run_until(&told.done, 1);
	ck_assert_uint_eq(observe().n_named, 1);
	o.kind = NAMED_CLAIM;
	(void)str_copy(o.job_key, sizeof(o.job_key), KEY);
	order(&o);
	run_until(&told.done, 2);
	ck_assert_uint_eq(observe().named[0].claims.n, 1);
	o.kind = NAMED_REMOVE;
	order(&o);
	run_until(&told.done, 3);
	ck_assert_uint_eq(observe().n_named, 0);
}
END_TEST

static void half_made(size_t i, const char *image)
{
	ceph.named[i] = (struct named_disk){.pool = "disks", .unfinished = true};
	(void)str_copy(ceph.named[i].image, sizeof(ceph.named[i].image), image);
	(void)str_copy(ceph.named[i].unreadable, sizeof(ceph.named[i].unreadable), "half");
	ceph.n_named = i + 1;
}

/* Whoever was asked for them died in between. Nobody else asks again. */
START_TEST(what_was_begun_is_finished)
{
	half_made(0, "a");
	half_made(1, "b");
	run_until(&told.listed, 1);
	ck_assert(*observe().named[0].unreadable); /* so nobody claims it */
	while (observe().n_named < 2 || *observe().named[0].unreadable ||
	       *observe().named[1].unreadable)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_uint_eq(ceph.finished, 2);
	ck_assert_str_eq(told.unreadable, "a half; b half; a again; b again; ");
}
END_TEST

/* Not again and again, but with the next list; its owner's own call is as good. */
START_TEST(what_cannot_be_finished_waits)
{
	struct disk_order o = named_order();

	ceph.open = true;
	half_made(0, o.disk.image);
	run_until(&told.listed, 1);
	while (!ceph.finished)
		ck_assert_int_ge(sd_event_run(loop, 10000), 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_ge(sd_event_run(loop, 10000), 0);
	ck_assert_uint_eq(ceph.finished, 1);
	ck_assert_uint_eq(told.listed, 1);
	ceph.n_named = 0; /* the played create appends */
	order(&o);
	run_until(&told.done, 1);
	ck_assert_uint_eq(observe().n_named, 1);
	ck_assert(!observe().named[0].unfinished);
	ck_assert_str_eq(observe().named[0].unreadable, "");
}
END_TEST

/* A scratch disk that a running guest is given: seen as one of its job's, and as an attachment. */
START_TEST(scratch_disks_come_and_leave)
{
	struct disk_order o = {.kind = EXTRA_CREATE,
			       .disk = {.image = "vm-" KEY "-scratch1", .size_bytes = 9},
			       .job_key = KEY};

	run_until(&told.listed, 1);
	order(&o);
	run_until(&told.done, 1);
	ck_assert_uint_eq(observe().n_disk, 1);
	ck_assert_str_eq(observe().disk[0].job_key, KEY);
	ck_assert_uint_eq(observe().n_attachment, 1);
	ck_assert(observe().attachment[0].own && !observe().attachment[0].leaving);
	ck_assert_str_eq(observe().attachment[0].label, "scratch1");
	o.kind = EXTRA_LEAVE;
	order(&o);
	run_until(&told.done, 2);
	ck_assert(observe().attachment[0].leaving);
	ck_assert(observe().disk[0].removing);
}
END_TEST

START_TEST(a_named_disk_that_is_not_made_is_not_seen)
{
	struct disk_order o = named_order();

	run_until(&told.listed, 1);
	ceph.fails = ERR_FULL;
	order(&o);
	run_until(&told.done, 1);
	ck_assert_int_eq(told.done_kind, ERR_FULL);
	ceph.fails = ERR_NONE;
	run_until(&told.listed, told.listed + 1);
	ck_assert_uint_eq(observe().n_named, 0);
}
END_TEST

/* Their pool may be another one: that it fails says nothing of the jobs' disks. */
START_TEST(named_disks_may_be_unknown)
{
	run_until(&told.listed, 1);
	ceph.named_fails = ERR_ABSENT;
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert(observe().disks_known);
	ck_assert(!observe().named_known);
	ck_assert_str_eq(told.trouble, "");
	ck_assert_str_eq(told.unreadable, "disks no pool of that name; ");
	ceph.named_fails = ERR_NONE;
	disk_view_refresh(view);
	run_until(&told.listed, told.listed + 1);
	ck_assert(observe().named_known);
	ck_assert_str_eq(told.unreadable, "disks no pool of that name; disks again; ");
}
END_TEST

START_TEST(golden_images_are_looked_for)
{
	static struct image images[2] = {
		{.name = "a", .n_revision = 1, .revision = {{.name = "v1", .snapshot = "there"}}},
		{.name = "b",
		 .n_revision = 2,
		 .revision = {{.name = "v1", .snapshot = "there"},
			      {.name = "v2", .snapshot = "v2"}}}};
	struct catalogue c = {.n = 2, .image = images};

	disk_view_check_golden(view, &c);
	run_until(&told.missing, 1);
	ck_assert_str_eq(told.missed, "b v2: no v2");
	ck_assert_uint_eq(told.missing, 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("disk_view");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, start, NULL);
	tcase_add_test(t, lists_at_start);
	tcase_add_test(t, own_actions_are_seen_at_once);
	tcase_add_test(t, a_torn_list_is_read_again);
	tcase_add_test(t, failed_actions_change_nothing);
	tcase_add_test(t, ceph_goes_and_comes);
	tcase_add_test(t, unreadable_is_told_once);
	tcase_add_test(t, named_disks_are_seen_at_once);
	tcase_add_test(t, what_was_begun_is_finished);
	tcase_add_test(t, what_cannot_be_finished_waits);
	tcase_add_test(t, scratch_disks_come_and_leave);
	tcase_add_test(t, a_named_disk_that_is_not_made_is_not_seen);
	tcase_add_test(t, named_disks_may_be_unknown);
	tcase_add_test(t, golden_images_are_looked_for);
	return CHECK_MAIN(t);
}
