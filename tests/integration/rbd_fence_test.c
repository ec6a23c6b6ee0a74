/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fencing: a guest on a lost host writes no more, and nobody else is shut out. */
#include "tests/integration/rbd_guest.h"
#include "tests/integration/rbd_test.h"
#include "vmd/rbd/rbd_blocklist.h"
#include "vmd/rbd/rbd_mark.h"

#include <time.h>

static void guest_open(struct guest *g, const char *name)
{
	char what[96];

	must(guest_start(g, settings.ceph_conf), "guest");
	(void)str_fmt(what, sizeof(what), "open %s", name);
	ck_assert_int_eq(guest_do(g, what), 0);
}

static long guest_write(struct guest *g, const char *text)
{
	char what[96];

	(void)str_fmt(what, sizeof(what), "write %s", text);
	return guest_do(g, what);
}

static void guest_close(struct guest *g)
{
	ck_assert_int_eq(guest_do(g, "close"), 0);
	guest_kill(g);
}

static void image_read(const char *name, char *text, size_t size)
{
	rbd_image_t image;

	must(rbd_open_read_only(io, name, &image, NULL), "open");
	ck_assert_int_eq(rbd_read(image, 0, size - 1, text), (ssize_t)size - 1);
	text[size - 1] = '\0';
	must(rbd_close(image), "close");
}

/* Its owner is known by the lock, by its watch and by what the list wrote down. */
START_TEST(fences_a_writer)
{
	struct guest old, new;
	char text[6];

	guest_open(&old, ROOT);
	ck_assert_int_eq(guest_write(&old, "first"), 5);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	ck_assert_uint_eq(listed(ROOT)->clients.n, 1);
	ck_assert_int_eq(guest_write(&old, "again"), 5); /* being listed is no harm */
	must(rbd_disk_fence(store, "rbd", ROOT, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_str_eq(listed(ROOT)->fenced, VM_UID);
	ck_assert_int_eq(guest_write(&old, "never"), -ESHUTDOWN);
	must(rbd_disk_fence(store, "rbd", ROOT, KEY, VM_UID, INT64_MAX, &e), "fence again");
	guest_open(&new, ROOT);
	ck_assert_int_eq(guest_write(&new, "newer"), 5);
	ck_assert_int_eq(guest_write(&old, "never"), -ESHUTDOWN);
	image_read(ROOT, text, sizeof(text));
	ck_assert_str_eq(text, "newer");
	guest_close(&new);
	guest_kill(&old);
}
END_TEST

/* Cut off so long that its watch is over, and it never had the lock: only what was written down
 * while its host was healthy names it. */
START_TEST(fences_whom_it_knew)
{
	struct guest old;

	guest_open(&old, SCRATCH);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	ck_assert_uint_eq(listed(SCRATCH)->clients.n, 1);
	ck_assert_int_eq(guest_do(&old, "close"), 0); /* its watch goes */
	ck_assert_uint_eq(listed(SCRATCH)->clients.n, 1);
	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_int_eq(guest_do(&old, "open " SCRATCH), -ESHUTDOWN);
	guest_kill(&old);
}
END_TEST

/* Somebody else's entry ends in an hour, and would be the one that counts. */
START_TEST(fences_for_long)
{
	struct guest old;
	char address[64];
	int64_t until_s;
	const char *command = "{\"prefix\": \"osd blocklist ls\", \"format\": \"json\"}";
	char *text = NULL;
	size_t len = 0;

	guest_open(&old, SCRATCH);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	(void)str_copy(address, sizeof(address), listed(SCRATCH)->clients.address[0]);
	must(rados_blocklist_add(cluster, address, 3600), "an entry for an hour");
	must(rbd_disk_fence(store, "", SCRATCH, KEY, NEXT_UID, INT64_MAX, &e), "fence");
	must(rados_mon_command(cluster, &command, 1, "", 0, &text, &len, NULL, NULL), "list");
	until_s = blocklist_until_s(text, len, address);
	ck_assert_msg(until_s > time(NULL) + 364 * 86400, "%.*s", (int)len, text);
	rados_buffer_free(text);
	guest_kill(&old);
}
END_TEST

/* The fence of a vmd that was stopped for a while, or of one whose list is old: the VM is let go of
 * by now, and the disk has its next guest. */
START_TEST(fences_no_later_guest)
{
	struct guest next;

	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "fence");
	guest_open(&next, SCRATCH);
	ck_assert_int_eq(guest_write(&next, "first"), 5);
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 0, &e), "list anew");
	ck_assert_uint_gt(listed(SCRATCH)->clients.n, 0);
	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "a late fence");
	ck_assert_int_eq(guest_write(&next, "lives"), 5);
	guest_close(&next);
}
END_TEST

/* One that was stopped before it wrote its mark: another VM was shut out since, and that mark is
 * what a late fence of it is known by. */
START_TEST(marks_over_what_it_has_read)
{
	rbd_image_t image;

	must(rbd_open(io, SCRATCH, &image, NULL), "open");
	ck_assert_int_eq(rbd_mark_fenced(io, image, SCRATCH, "", NEXT_UID, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_mark_fenced(io, image, SCRATCH, NEXT_UID, NEXT_UID, &e), -1);
	ck_assert_str_eq(listed(SCRATCH)->fenced, VM_UID);
	must(rbd_mark_fenced(io, image, SCRATCH, VM_UID, NEXT_UID, &e), "mark");
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	ck_assert_str_eq(listed(SCRATCH)->fenced, NEXT_UID);
	must(rbd_mark_fenced(io, image, SCRATCH, NEXT_UID, VM_UID, &e), "mark");
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	must(rbd_close(image), "close");
}
END_TEST

/* A late fence again, but the host came back before anybody was shut out: there is no mark. */
START_TEST(fences_nobody_too_late)
{
	struct guest next;

	guest_open(&next, SCRATCH);
	ck_assert_int_eq(guest_write(&next, "first"), 5);
	ck_assert_int_eq(rbd_disk_fence(store, "", SCRATCH, KEY, NEXT_UID, clock_mono_us() - 1, &e),
			 -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(guest_write(&next, "lives"), 5);
	guest_close(&next);
}
END_TEST

START_TEST(fences_only_its_own)
{
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", ROOT, "18-00", VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", "vm-none", KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);           /* it may have lost its header only */
	ck_assert_str_eq(listed(ROOT)->fenced, VM_UID); /* of an earlier test */
}
END_TEST

void add_fence_tests(TCase *t)
{
	tcase_add_test(t, fences_a_writer);
	tcase_add_test(t, fences_whom_it_knew);
	tcase_add_test(t, fences_for_long);
	tcase_add_test(t, fences_no_later_guest);
	tcase_add_test(t, marks_over_what_it_has_read);
	tcase_add_test(t, fences_nobody_too_late);
	tcase_add_test(t, fences_only_its_own);
}
