/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See played_ceph.h. A call for another pool ends the test. */
#include "tests/unit/played_ceph.h"

#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

struct rbd_store {
	int nothing;
};

struct played_ceph ceph;

int rbd_store_new(const struct settings *s, struct rbd_store **ret, struct err *e)
{
	(void)s, (void)e;
	*ret = calloc(1, sizeof(**ret));
	return 0;
}

void rbd_store_free(struct rbd_store *st)
{
	free(st);
}

static int outcome(struct err *e)
{
	return ceph.fails ? err_set(e, ceph.fails, "Ceph does not like it") : 0;
}

static int add(const struct disk_spec *d, struct err *e)
{
	struct disk_seen *seen = &ceph.disk[ceph.n];

	if (outcome(e) < 0)
		return -1;
	memset(seen, 0, sizeof(*seen));
	(void)str_copy(seen->name, sizeof(seen->name), d->name);
	(void)str_copy(seen->job_key, sizeof(seen->job_key), d->job_key);
	ceph.n++;
	return 0;
}

int rbd_disk_clone(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	(void)st;
	return add(d, e);
}

int rbd_disk_create(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	(void)st;
	return add(d, e);
}

int rbd_disk_take(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	(void)st;
	if (outcome(e) < 0)
		return -1;
	ck_assert_str_eq(d->name, ceph.disk[0].name);
	(void)str_copy(ceph.disk[0].job_key, sizeof(ceph.disk[0].job_key), d->job_key);
	return 0;
}

int rbd_disk_remove(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		    struct err *e)
{
	(void)st, (void)pool, (void)name, (void)job_key;
	if (outcome(e) < 0)
		return -1;
	ceph.n--;
	return 0;
}

int rbd_disk_leave(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   struct err *e)
{
	(void)st, (void)pool, (void)name, (void)job_key;
	return outcome(e);
}

int rbd_disk_keep(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		  int64_t until_s, struct err *e)
{
	(void)st, (void)pool, (void)name, (void)job_key, (void)until_s;
	return outcome(e);
}

int rbd_disk_fence(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   const char *vm_uid, int64_t by_us, struct err *e)
{
	(void)st, (void)pool, (void)name, (void)job_key, (void)vm_uid, (void)by_us;
	return outcome(e);
}

int rbd_named_create(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	(void)st;
	ck_assert_str_eq(d->pool, "disks");
	if (outcome(e) < 0)
		return -1;
	ceph.named[ceph.n_named++] = *d;
	return 0;
}

int rbd_named_finish(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	(void)st;
	ck_assert_str_eq(d->pool, "disks");
	ck_assert(d->unfinished);
	ceph.finished++;
	if (ceph.open)
		return err_set(e, ERR_RETRY, "somebody has it open");
	for (size_t i = 0; i < ceph.n_named; i++) {
		if (!str_eq(ceph.named[i].image, d->image))
			continue;
		ceph.named[i].unfinished = false;
		ceph.named[i].unreadable[0] = '\0';
	}
	return 0;
}

int rbd_named_remove(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	(void)st, (void)d;
	if (outcome(e) < 0)
		return -1;
	ceph.n_named--;
	return 0;
}

int rbd_named_claim(struct rbd_store *st, const struct disk_order *o, struct disk_claims *ret,
		    struct err *e)
{
	(void)st;
	ck_assert_int_eq(o->step, CLAIM_WRITE);
	if (outcome(e) < 0)
		return -1;
	*ret = ceph.named[0].claims;
	return disk_claims_step(ret, o, e);
}

int rbd_named_list(struct rbd_store *st, const char *pool, struct named_disk **ret, size_t *ret_n,
		   struct err *e)
{
	(void)st;
	ck_assert_str_eq(pool, "disks");
	if (ceph.named_fails)
		return err_set(e, ceph.named_fails, "no pool of that name");
	*ret = calloc(4, sizeof(**ret));
	memcpy(*ret, ceph.named, sizeof(ceph.named));
	*ret_n = ceph.n_named;
	return 0;
}

int rbd_disk_list(struct rbd_store *st, const char *pool, struct disk_seen **ret, size_t *ret_n,
		  struct err *e)
{
	(void)st;
	ck_assert_str_eq(pool, "rbd");
	if (outcome(e) < 0)
		return -1;
	*ret = calloc(4, sizeof(**ret));
	memcpy(*ret, ceph.disk, sizeof(ceph.disk));
	*ret_n = ceph.n;
	if (ceph.list_waits) {
		sem_post(&ceph.list_has_read);
		sem_wait(&ceph.list_may_end);
	}
	return 0;
}

int rbd_golden_size(struct rbd_store *st, const struct image_revision *g, uint64_t *ret_bytes,
		    struct err *e)
{
	(void)st;
	if (!str_eq(g->snapshot, "there"))
		return err_set(e, ERR_ABSENT, "no %s", g->snapshot);
	*ret_bytes = 1;
	return 0;
}
