/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks as RBD images: see rbd_named.h. Everything blocks and may be repeated.
 *
 * An image is a named disk by three marks: its name, which tells cluster and user, "slurm-vm.disk",
 * and the cluster. Only create makes one, only remove, for its owner, takes one away; whoever wants
 * to use it changes the claims by compare and set. */
#include "vmd/rbd/rbd_named.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"
#include "vmd/rbd/rbd_mark.h"
#include "vmd/rbd/rbd_store.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* An image that hangs costs a time-out in each list; with more of them Ceph as a whole is ill. */
#define SLOW_US     SEC_US
#define SLOW_MAX    4
#define CLAIM_TRIES 5

DEFINE_AUTO(rbd_image_t, rbd_close)
DEFINE_AUTO(rbd_image_options_t, rbd_image_options_destroy)

static int pool_open(struct rbd_store *st, const char *pool, struct rbd_pool *p, struct err *e)
{
	return rbd_pool_open(st->session, pool[0] ? pool : st->pool, p, e);
}

static bool is_it(const struct rbd_store *st, const struct rbd_mark *m, const struct named_disk *d)
{
	return str_eq(m->cluster, st->cluster) && m->named.uid == d->uid &&
	       str_eq(m->named.name, d->name);
}

static int not_it(struct err *e, const struct named_disk *d, const struct rbd_mark *m)
{
	return err_set(e, ERR_CONFLICT,
		       "Ceph: image %s is not disk %s of this cluster (its marks: cluster '%s', "
		       "disk '%s', uid %u)",
		       d->image, d->name, m->cluster, m->named.name, m->named.uid);
}

/* ---- create ---- */

/* Is an image of that name without our marks what an interrupted creation has left? It must be what
 * nobody could have written to (rbd_leftover.c): an image in which there is something, restored
 * from a backup, say, is somebody's, whatever its name. */
static bool is_unfinished(rbd_image_t image, const struct rbd_mark *m)
{
	rbd_linked_image_spec_t parent = {.pool_id = -1};
	rbd_snap_spec_t snap = {.id = 0};

	if (m->cluster[0] || m->job_key[0])
		return false;
	if (rbd_get_parent(image, &parent, &snap) == -ENOENT)
		return rbd_is_empty(image);
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
	return false;
}

/* 1: there it is, whole; 0: it is to be finished. */
static int look_for(struct rbd_store *st, struct rbd_pool *p, const struct named_disk *d,
		    struct err *e)
{
	AUTO(rbd_close) rbd_image_t look = NULL;
	struct rbd_mark mark;
	uint64_t size = 0;
	int rc = rbd_look(p->io, d->image, NULL, &look);

	if (rc >= 0)
		rc = rbd_get_size(look, &size);
	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", d->image);
	if (rbd_mark_read(look, d->image, &mark, e) < 0)
		return -1;
	if (is_it(st, &mark, d))
		return 1;
	if (!is_unfinished(look, &mark) || size != d->size_bytes)
		return not_it(e, d, &mark);
	return rbd_check_unused(p, look, d->image, e);
}

static int mark(struct rbd_store *st, struct rbd_pool *p, const struct named_disk *d, struct err *e)
{
	AUTO(rbd_close) rbd_image_t image = NULL;
	int rc = rbd_open(p->io, d->image, &image, NULL);

	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", d->image);
	return rbd_mark_named(image, st->cluster, d, e);
}

int rbd_named_create(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_image_options_destroy) rbd_image_options_t options = NULL;
	AUTO(unlock) pthread_mutex_t *held = NULL;
	int rc;

	if (pool_open(st, d->pool, &p, e) < 0)
		return -1;
	held = rbd_lock_marks(st, d->image);
	rc = rbd_options_new(&options, false);
	if (rc >= 0)
		rc = rbd_create4(p.io, d->image, d->size_bytes, options);
	if (rc < 0 && rc != -EEXIST)
		return rbd_failed(&p, e, rc, "create image", d->image);
	if (rc == -EEXIST) {
		rc = look_for(st, &p, d, e);
		if (rc < 0)
			return -1;
		if (rc > 0)
			return err_set(e, ERR_CONFLICT, "disk %s exists already", d->name);
	}
	return mark(st, &p, d, e);
}

int rbd_named_finish(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(unlock) pthread_mutex_t *held = NULL;
	int rc;

	if (pool_open(st, d->pool, &p, e) < 0)
		return -1;
	held = rbd_lock_marks(st, d->image);
	rc = look_for(st, &p, d, e);
	if (rc < 0)
		return -1;
	return rc > 0 ? 0 : mark(st, &p, d, e);
}

/* ---- claims ---- */

/* Reads, decides, writes; once more when somebody else was faster. */
static int claims_change(struct rbd_store *st, struct rbd_pool *p, const struct disk_order *o,
			 struct disk_claims *ret, struct err *e)
{
	const struct named_disk *d = &o->disk;
	AUTO(rbd_close) rbd_image_t look = NULL;
	struct disk_claims next;
	struct rbd_mark mark;
	int rc = rbd_look(p->io, d->image, NULL, &look);

	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", d->image);
	for (int i = 0;; i++) {
		if (rbd_mark_read(look, d->image, &mark, e) < 0)
			return -1;
		if (!is_it(st, &mark, d))
			return not_it(e, d, &mark);
		next = mark.named.claims;
		if (disk_claims_step(&next, o, e) < 0)
			return -1;
		if (rbd_mark_claims(p->io, look, d->image, &mark.named.claims, &next, e) == 0)
			break;
		if (e->kind != ERR_CONFLICT || i == CLAIM_TRIES)
			return -1;
	}
	e->kind = ERR_NONE; /* its caller on another thread asks for that alone */
	*ret = next;
	return 0;
}

int rbd_named_claim(struct rbd_store *st, const struct disk_order *o, struct disk_claims *ret,
		    struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};

	if (pool_open(st, o->disk.pool, &p, e) < 0)
		return -1;
	return claims_change(st, &p, o, ret, e);
}

/* ---- remove ---- */

/* 0: nobody has it or can get it; 1: it has no header, and so nothing to lose. */
static int prepare_removal(struct rbd_store *st, struct rbd_pool *p, const struct named_disk *d,
			   struct err *e)
{
	AUTO(rbd_close) rbd_image_t look = NULL;
	const struct disk_order o = {.kind = NAMED_REMOVE, .disk = *d, .step = CLAIM_REMOVE};
	struct disk_claims none;
	int rc = rbd_look(p->io, d->image, NULL, &look);

	if (rc == -ENOENT)
		return 1;
	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", d->image);
	/* Somebody without a claim: an administrator, a backup. Better before than after. */
	if (rbd_check_unused(p, look, d->image, e) < 0)
		return -1;
	return claims_change(st, p, &o, &none, e);
}

int rbd_named_remove(struct rbd_store *st, const struct named_disk *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	char name[DISK_LABEL_MAX + 1];
	uint32_t uid;
	int rc;

	if (pool_open(st, d->pool, &p, e) < 0)
		return -1;
	/* Without a header its name alone says whose it is. */
	if (named_image_parse(d->image, st->cluster, &uid, name) < 0 || uid != d->uid ||
	    !str_eq(name, d->name))
		return err_set(e, ERR_INVALID, "image %s is not that of disk %s", d->image,
			       d->name);
	if (prepare_removal(st, &p, d, e) < 0)
		return -1;
	rc = rbd_remove(p.io, d->image);
	return rc < 0 && rc != -ENOENT ? rbd_failed(&p, e, rc, "remove image", d->image) : 0;
}

/* ---- list ---- */

/* Nobody may have it, as if it could not be read. */
static int read_unfinished(rbd_image_t look, struct named_disk *d, struct err *e)
{
	struct timespec made;
	int rc = rbd_get_create_timestamp(look, &made);

	if (rc >= 0)
		rc = rbd_get_size(look, &d->size_bytes);
	if (rc < 0)
		return rbd_error(e, rc, "look at image %s", d->image);
	d->created_s = made.tv_sec;
	d->unfinished = true;
	(void)str_copy(d->unreadable, sizeof(d->unreadable),
		       "its making was cut short, and is being finished");
	return 1;
}

/* 1: d is filled in; 0: not of this cluster. */
static int read_image(struct rbd_store *st, struct rbd_pool *p, struct named_disk *d, struct err *e)
{
	AUTO(rbd_close) rbd_image_t look = NULL;
	struct rbd_mark mark;
	int rc = rbd_look(p->io, d->image, NULL, &look);

	if (rc == -ESHUTDOWN)
		rbd_pool_lost(p);
	if (rc < 0)
		return rbd_error(e, rc, "open image %s", d->image);
	if (rbd_mark_read(look, d->image, &mark, e) < 0)
		return -1;
	if (!is_it(st, &mark, d))
		return is_unfinished(look, &mark) ? read_unfinished(look, d, e) : 0;
	d->created_s = mark.named.created_s;
	d->claims = mark.named.claims;
	d->clients = mark.clients;
	(void)str_copy(d->fenced, sizeof(d->fenced), mark.fenced);
	if (d->claims.n && !d->claims.claim[0].read_only)
		rbd_clients_note(p, look, d->image, &d->clients);
	rc = rbd_get_size(look, &d->size_bytes);
	return rc < 0 ? rbd_error(e, rc, "size of image %s", d->image) : 1;
}

/* It could not be read. 1: d says so; 0: gone meanwhile. */
static int unreadable(struct rbd_pool *p, const rbd_image_spec_t *image, struct named_disk *d,
		      struct err *e)
{
	int rc = 1;

	if (!rbd_is_of_image(e))
		return -1;
	if (e->kind == ERR_ABSENT && (rc = rbd_look_again(p, image, e)) <= 0)
		return rc;
	d->claims = (struct disk_claims){.n = 0};
	(void)snprintf(d->unreadable, sizeof(d->unreadable), "%s",
		       e->kind == ERR_ABSENT ? "it has no header: damaged, or its removal was cut "
					       "short"
					     : e->msg);
	return 1;
}

/* 1: d is filled in; 0: not ours. */
static int look_at(struct rbd_store *st, struct rbd_pool *p, const char *pool,
		   const rbd_image_spec_t *image, struct named_disk *d, unsigned *slow,
		   struct err *e)
{
	int64_t began_us = clock_mono_us();
	struct err why;
	int rc;

	*d = (struct named_disk){.uid = 0};
	if (named_image_parse(image->name, st->cluster, &d->uid, d->name) < 0 ||
	    str_copy(d->image, sizeof(d->image), image->name) < 0 ||
	    str_copy(d->pool, sizeof(d->pool), pool) < 0)
		return 0;
	rc = read_image(st, p, d, &why);
	if (rc < 0 && clock_mono_us() - began_us > SLOW_US && ++*slow > SLOW_MAX)
		*e = why;
	else if (rc < 0 && (rc = unreadable(p, image, d, &why)) < 0)
		*e = why;
	return rc;
}

static void names_free_auto(struct rbd_names *l)
{
	rbd_names_free(l);
}

int rbd_named_list(struct rbd_store *st, const char *pool, struct named_disk **ret, size_t *ret_n,
		   struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(names_free) struct rbd_names names = {.image = NULL};
	AUTO(free) struct named_disk *disk = NULL;
	unsigned slow = 0;
	size_t n = 0;

	if (pool_open(st, pool, &p, e) < 0 || rbd_names_read(&p, &names, e) < 0)
		return -1;
	disk = calloc(names.n ? names.n : 1, sizeof(*disk));
	if (!disk)
		abort();
	for (size_t i = 0; i < names.n; i++) {
		int rc = 0;

		if (str_starts(names.image[i].name, NAMED_IMAGE_PREFIX))
			rc = look_at(st, &p, pool, &names.image[i], &disk[n], &slow, e);
		if (rc < 0)
			return -1;
		n += (size_t)rc;
	}
	*ret = STEAL(disk);
	*ret_n = n;
	return 0;
}
