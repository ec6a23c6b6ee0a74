/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks and their claims. */
#include "tests/integration/rbd_test.h"

#include <pthread.h>

static struct named_disk named_spec(void)
{
	struct named_disk d = {
		.pool = "rbd", .uid = 7001, .name = "data", .size_bytes = 8 * MIB, .created_s = 5};

	ck_assert_int_eq(named_image("lab", 7001, "data", d.image, sizeof(d.image)), 0);
	return d;
}

/* What the list says of it, or NULL. */
static const struct named_disk *named_listed(const struct named_disk *d)
{
	static struct named_disk found;
	AUTO(free) struct named_disk *disk = NULL;
	size_t n = 0;

	e.kind = ERR_NONE;
	must(rbd_named_list(store, "rbd", &disk, &n, &e), "list");
	ck_assert_int_eq(e.kind, ERR_NONE);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(disk[i].image, d->image)) {
			found = disk[i];
			return &found;
		}
	}
	return NULL;
}

static enum err_kind claimed(enum disk_claim_step step, const char *key)
{
	struct disk_order o = {.kind = NAMED_CLAIM, .disk = named_spec(), .step = step};
	struct disk_claims c;

	(void)str_copy(o.job_key, sizeof(o.job_key), key);
	e.kind = ERR_NONE;
	return rbd_named_claim(store, &o, &c, &e) < 0 ? e.kind : ERR_NONE;
}

START_TEST(named_disk_is_made)
{
	struct named_disk d = named_spec(), other = d;

	must(rbd_named_create(store, &d, &e), "create");
	ck_assert_ptr_nonnull(named_listed(&d));
	ck_assert_uint_eq(named_listed(&d)->uid, 7001);
	ck_assert_str_eq(named_listed(&d)->name, "data");
	ck_assert_uint_eq(named_listed(&d)->size_bytes, 8 * MIB);
	ck_assert_int_eq(named_listed(&d)->created_s, 5);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 0);
	ck_assert_int_eq(rbd_named_create(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	/* cut short before its marks: the next call goes on, of the same size only */
	set_mark(d.image, "slurm-vm.cluster", NULL);
	ck_assert(named_listed(&d)->unfinished);
	ck_assert_str_ne(named_listed(&d)->unreadable, "");
	other.size_bytes = 4 * MIB;
	ck_assert_int_eq(rbd_named_create(store, &other, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	must(rbd_named_create(store, &d, &e), "finish");
	ck_assert_ptr_nonnull(named_listed(&d));
}
END_TEST

/* Nobody asks again: vmd finds it in its list. */
START_TEST(what_was_begun_is_finished)
{
	struct named_disk d = named_spec(), listed;
	rbd_image_t image;

	set_mark(d.image, "slurm-vm.cluster", NULL);
	set_mark(d.image, "slurm-vm.disk", NULL);
	listed = *named_listed(&d);
	ck_assert_uint_eq(listed.size_bytes, 8 * MIB);
	ck_assert_int_gt(listed.created_s, 5); /* the image's own */
	ck_assert_int_eq(rbd_open(io, d.image, &image, NULL), 0);
	ck_assert_int_eq(rbd_named_finish(store, &listed, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY); /* somebody has it open */
	ck_assert_int_eq(rbd_close(image), 0);
	must(rbd_named_finish(store, &listed, &e), "finish");
	ck_assert(!named_listed(&d)->unfinished);
	ck_assert_str_eq(named_listed(&d)->unreadable, "");
	ck_assert_int_eq(named_listed(&d)->created_s, listed.created_s);
	/* late, of a vmd that was stopped: no job loses its claim by it */
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	set_mark(d.image, "slurm-vm.cluster", NULL);
	must(rbd_named_finish(store, &listed, &e), "finish late");
	ck_assert_uint_eq(named_listed(&d)->claims.n, 1);
	must(rbd_named_finish(store, &listed, &e), "finish what is whole");
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
}
END_TEST

/* An image of that name in which there is something is somebody's. */
START_TEST(what_is_not_empty_is_not_finished)
{
	struct named_disk d = named_spec(), other = d;
	rbd_image_t image;

	(void)str_copy(other.name, sizeof(other.name), "kept");
	must(named_image("lab", 7001, "kept", other.image, sizeof(other.image)), "name");
	must(rbd_named_finish(store, &other, &e) == -1 ? 0 : -1, "finish what is not there");
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	must(rbd_named_create(store, &other, &e), "create");
	ck_assert_int_eq(rbd_open(io, other.image, &image, NULL), 0);
	ck_assert_int_eq(rbd_write(image, 0, 4, "kept"), 4);
	ck_assert_int_eq(rbd_close(image), 0);
	set_mark(other.image, "slurm-vm.cluster", NULL);
	ck_assert_ptr_null(named_listed(&other));
	ck_assert_int_eq(rbd_named_finish(store, &other, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_named_create(store, &other, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	set_mark(other.image, "slurm-vm.cluster", "lab");
	must(rbd_named_remove(store, &other, &e), "remove");
}
END_TEST

/* The clean-up behind jobs does not see it, and what removes jobs' disks refuses it, also for the
 * job that has it. */
START_TEST(named_disk_is_no_leftover)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_ptr_null(listed(d.image));
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", d.image, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_keep(store, "rbd", d.image, KEY, 1, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_ptr_nonnull(named_listed(&d));
}
END_TEST

START_TEST(one_writer_or_readers)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, OTHER), ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_READ, OTHER), ERR_CONFLICT);
	ck_assert_int_eq(rbd_named_remove(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_LEAVE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, OTHER), ERR_CONFLICT);
	ck_assert(named_listed(&d)->claims.claim[0].leaving);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_READ, OTHER), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_READ, KEY), ERR_NONE);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 2);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_DROP, OTHER), ERR_NONE);
}
END_TEST

/* Eight threads of two vmd want it at once, again and again: one has it at any time. */
static struct {
	_Atomic int has, most, wins;
} race;

static void *race_run(void *arg)
{
	struct rbd_store *own = *(struct rbd_store **)arg;
	struct disk_order o = {.kind = NAMED_CLAIM, .disk = named_spec()};
	struct disk_claims c;
	struct err why;

	(void)str_fmt(o.job_key, sizeof(o.job_key), "%u-9f3c12ab45de6701",
		      100 + (unsigned)((uintptr_t)arg / sizeof(void *) % 1000));
	for (int i = 0; i < 20; i++) {
		o.step = CLAIM_WRITE;
		if (rbd_named_claim(own, &o, &c, &why) < 0)
			continue;
		race.wins++;
		if (++race.has > 1)
			race.most = race.has;
		race.has--;
		o.step = CLAIM_DROP;
		while (rbd_named_claim(own, &o, &c, &why) < 0)
			;
	}
	return NULL;
}

START_TEST(claims_race)
{
	AUTO(rbd_store_free) struct rbd_store *second = NULL;
	struct rbd_store *of[8];
	pthread_t thread[ARRAY_LEN(of)];
	struct named_disk d = named_spec();

	must(rbd_store_new(&settings, &second, &e), "store");
	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		of[i] = i % 2 ? store : second;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, race_run, &of[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	ck_assert_int_eq(race.most, 0);
	ck_assert_int_gt(race.wins, 0);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 0);
}
END_TEST

/* A claim decided on what is not true any more is refused by the OSD itself. */
START_TEST(claims_are_compared)
{
	struct named_disk d = named_spec();

	set_mark(d.image, "slurm-vm.claims", "no claim of ours");
	ck_assert_int_ne(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_ptr_nonnull(named_listed(&d));
	ck_assert_str_ne(named_listed(&d)->unreadable, "");
	set_mark(d.image, "slurm-vm.claims", NULL); /* of a key that is not there */
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
}
END_TEST

START_TEST(writers_are_fenced)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_READ, KEY), ERR_NONE);
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", d.image, KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	must(rbd_disk_fence(store, "rbd", d.image, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_str_eq(named_listed(&d)->fenced, VM_UID);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
}
END_TEST

START_TEST(named_disk_goes)
{
	struct named_disk d = named_spec(), not_his = d;
	rbd_image_t image;

	not_his.uid = 7002;
	ck_assert_int_eq(rbd_named_remove(store, &not_his, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_int_eq(rbd_open(io, d.image, &image, NULL), 0);
	ck_assert_int_eq(rbd_named_remove(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY); /* somebody has it open */
	ck_assert_int_eq(rbd_close(image), 0);
	set_mark(d.image, "slurm-vm.claims",
		 "removing"); /* as one that was cut short has left it */
	ck_assert(named_listed(&d)->claims.removing);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_ABSENT);
	must(rbd_named_remove(store, &d, &e), "remove");
	ck_assert_ptr_null(named_listed(&d));
	must(rbd_named_remove(store, &d, &e), "remove again");
}
END_TEST

void add_named_tests(TCase *t)
{
	tcase_add_test(t, named_disk_is_made);
	tcase_add_test(t, what_was_begun_is_finished);
	tcase_add_test(t, what_is_not_empty_is_not_finished);
	tcase_add_test(t, named_disk_is_no_leftover);
	tcase_add_test(t, one_writer_or_readers);
	tcase_add_test(t, claims_race);
	tcase_add_test(t, claims_are_compared);
	tcase_add_test(t, writers_are_fenced);
	tcase_add_test(t, named_disk_goes);
}
