/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of our disks in a pool. To read an image's marks it must be opened, a few round trips;
 * so what was read is remembered by image id for a while, and a list of a hundred known disks costs
 * one request. Remembered are only images with our mark: an unmarked one may get its mark any time;
 * and only once it is known which clients have it open, see rbd_clients_note.
 * The number of watchers is left 0: it would be old news. rbd_disk_remove looks for itself, and
 * says who uses an image.
 * An image that cannot be read, though Ceph answers, is listed as that: unknown is not gone, and
 * one damaged image does not make all others unknown.
 *
 * Like rbd_session.c this file has a lock: actions on other threads make the list forget. */
#include "vmd/base/clock.h"
#include "vmd/base/lock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"
#include "vmd/rbd/rbd_mark.h"
#include "vmd/rbd/rbd_store.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define REMEMBER_US (120 * SEC_US)
#define PREFIX      "vm-"
/* An image that hangs costs a time-out in each list: then it is looked at that much less often, and
 * with more of them Ceph as a whole is ill. */
#define SLOW_US    SEC_US
#define SLOW_REST  3
#define SLOW_MAX   8
#define SETTLE_US  (200 * MSEC_US)
#define IMAGES_MAX (1U << 20)

DEFINE_AUTO(rbd_image_t, rbd_close)

struct remembered {
	char id[64];
	int64_t until_us;
	struct disk_seen disk;
};

struct rbd_cache {
	pthread_mutex_t mu;
	uint64_t forgotten; /* counts rbd_cache_forget: what was read meanwhile is not kept */
	size_t n;
	struct remembered *entry;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

struct rbd_cache *rbd_cache_new(void)
{
	struct rbd_cache *c = need(calloc(1, sizeof(*c)));

	pthread_mutex_init(&c->mu, NULL);
	return c;
}

void rbd_cache_free(struct rbd_cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->mu);
	free(c->entry);
	free(c);
}

void rbd_cache_forget(struct rbd_cache *c, const char *name)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&c->mu);

	c->forgotten++;
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->entry[i].disk.name, name))
			c->entry[i--] = c->entry[--c->n];
}

void rbd_names_free(struct rbd_names *l)
{
	if (l->image)
		rbd_image_spec_list_cleanup(l->image, l->n);
	free(l->image);
}

static void names_free_auto(struct rbd_names *l)
{
	rbd_names_free(l);
}

int rbd_names_read(struct rbd_pool *p, struct rbd_names *ret, struct err *e)
{
	AUTO(free) rbd_image_spec_t *image = NULL;
	size_t n = 256;
	int rc;

	do {
		free(image);
		image = need(calloc(n, sizeof(*image)));
		rc = rbd_list2(p->io, image, &n); /* -ERANGE: n is what it needs */
	} while (rc == -ERANGE && n < IMAGES_MAX);
	if (rc == -ESHUTDOWN)
		rbd_pool_lost(p); /* nothing else would begin a new connection */
	if (rc < 0)
		return rbd_error(e, rc, "list images");
	ret->n = n;
	ret->image = STEAL(image);
	return 0;
}

/* An empty list says nothing: that is what a lost host leaves. What fails is tried again by the
 * next list: the fence also knows the lock's owner. */
void rbd_clients_note(struct rbd_pool *p, void *image, const char *name, struct disk_clients *noted)
{
	struct disk_clients now;
	struct err ignored;
	bool same;

	if (rbd_clients_read(p, image, name, &now, &ignored) < 0 || now.n == 0)
		return;
	same = now.n == noted->n;
	for (size_t i = 0; same && i < now.n; i++)
		same = disk_clients_have(noted, now.address[i]);
	if (!same && rbd_mark_clients(p->io, image, name, &now, &ignored) == 0)
		*noted = now;
}

/* Read again soon: of a disk that is in use it is not known yet by whom. */
static bool is_news(const struct disk_seen *d)
{
	return d->clients.n == 0 && !d->kept_until_s;
}

/* 1: d is filled in; 0: not ours. */
static int read_image(struct rbd_store *st, struct rbd_pool *p, const char *pool, const char *name,
		      struct disk_seen *d, struct err *e)
{
	AUTO(rbd_close) rbd_image_t image = NULL;
	struct rbd_mark mark;
	bool leftover;
	int rc = rbd_look(p->io, name, NULL, &image);

	if (rc == -ESHUTDOWN)
		rbd_pool_lost(p);
	if (rc < 0)
		return rbd_error(e, rc, "open image %s", name);
	if (rbd_mark_read(image, name, &mark, e) < 0)
		return -1;
	leftover = rbd_is_leftover(st, image, name, &mark, mark.job_key);
	if (leftover) { /* looked at anew each time, for it is so by what is not in it */
		mark.removing = true;
		mark.clients.n = 0;
	} else if (!mark.job_key[0] || !str_eq(mark.cluster, st->cluster))
		return 0;
	*d = (struct disk_seen){.kept_until_s = mark.keep_until_s,
				.removing = mark.removing,
				.origin = mark.origin,
				.clients = mark.clients};
	(void)str_copy(d->fenced, sizeof(d->fenced), mark.fenced);
	if (!leftover)
		rbd_clients_note(p, image, name, &d->clients);
	rc = rbd_get_size(image, &d->size_bytes);
	if (rc < 0)
		return rbd_error(e, rc, "size of image %s", name);
	if (str_copy(d->name, sizeof(d->name), name) < 0 ||
	    str_copy(d->pool, sizeof(d->pool), pool) < 0)
		return 0;
	(void)str_copy(d->job_key, sizeof(d->job_key), mark.job_key);
	(void)str_copy(d->from, sizeof(d->from), mark.from);
	return 1;
}

static bool recall(struct rbd_cache *c, const rbd_image_spec_t *i, const char *pool, int64_t now_us,
		   struct remembered *ret)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&c->mu);

	for (size_t k = 0; k < c->n; k++) {
		const struct remembered *r = &c->entry[k];

		if (str_eq(r->id, i->id) && str_eq(r->disk.name, i->name) &&
		    str_eq(r->disk.pool, pool) && now_us < r->until_us &&
		    (*r->disk.unreadable || !is_news(&r->disk))) {
			*ret = *r;
			return true;
		}
	}
	return false;
}

/* Replaces what is remembered by what this list has seen, unless something was changed while it was
 * read: then the next list reads more than it needs to. */
static void remember(struct rbd_cache *c, uint64_t forgotten, const struct remembered *seen,
		     size_t n)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&c->mu);

	if (c->forgotten != forgotten)
		return;
	free(c->entry);
	c->entry = need(calloc(n ? n : 1, sizeof(*c->entry)));
	if (n)
		memcpy(c->entry, seen, n * sizeof(*seen));
	c->n = n;
}

static uint64_t forgotten_count(struct rbd_cache *c)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&c->mu);

	return c->forgotten;
}

bool rbd_is_of_image(const struct err *e)
{
	switch (e->kind) {
	case ERR_RETRY: /* no connection, shut out, ... */
	case ERR_DENIED: /* our key may not */ return false;
	case ERR_NONE:
	case ERR_UNSURE:
	case ERR_CONFLICT:
	case ERR_ABSENT:
	case ERR_FULL:
	case ERR_INVALID: return true;
	}
	return false; /* not reached: -Wswitch sees to it */
}

static bool is_named(const struct rbd_names *l, const rbd_image_spec_t *image)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->image[i].name, image->name) && str_eq(l->image[i].id, image->id))
			return true;
	return false;
}

int rbd_look_again(struct rbd_pool *p, const rbd_image_spec_t *image, struct err *e)
{
	AUTO(names_free) struct rbd_names now = {.image = NULL};
	struct timespec settle = {.tv_nsec = SETTLE_US * 1000};

	(void)nanosleep(&settle, NULL);
	if (rbd_names_read(p, &now, e) < 0)
		return -1;
	return is_named(&now, image);
}

/* It could not be read, since e. 1: d is filled in; 0: gone meanwhile, or no disk of a job. */
static int unreadable(struct rbd_pool *p, const char *pool, const rbd_image_spec_t *image,
		      struct disk_seen *d, struct err *e)
{
	struct disk_seen it = {.size_bytes = 0};
	int rc;

	if (!rbd_is_of_image(e))
		return -1;
	if (disk_name_key(image->name, it.job_key) < 0 ||
	    str_copy(it.pool, sizeof(it.pool), pool) < 0)
		return 0;
	if (e->kind == ERR_ABSENT) {
		rc = rbd_look_again(p, image, e);
		if (rc <= 0)
			return rc;
		(void)err_set(e, ERR_ABSENT,
			      "Ceph: image %s has no header: damaged, or its removal was cut short",
			      image->name);
	}
	(void)str_copy(it.name, sizeof(it.name), image->name);
	(void)snprintf(it.unreadable, sizeof(it.unreadable), "%s", e->msg);
	*d = it;
	return 1;
}

/* 1: ret is filled in; 0: not ours, or gone meanwhile. */
static int look(struct rbd_store *st, struct rbd_pool *p, const char *pool,
		const rbd_image_spec_t *image, struct remembered *ret, unsigned *slow,
		struct err *e)
{
	int64_t began_us = clock_mono_us(), took_us;
	struct err why; /* e stays as it was when one image alone cannot be read */
	int rc = read_image(st, p, pool, image->name, &ret->disk, &why);

	ret->until_us = began_us + REMEMBER_US;
	if (rc < 0) {
		took_us = clock_mono_us() - began_us;
		ret->until_us = began_us + (took_us > SLOW_US ? took_us * (1 + SLOW_REST) : 0);
		rc = took_us > SLOW_US && ++*slow > SLOW_MAX
			     ? -1
			     : unreadable(p, pool, image, &ret->disk, &why);
	}
	if (rc < 0)
		*e = why;
	if (rc > 0 && str_copy(ret->id, sizeof(ret->id), image->id) < 0)
		return 0;
	return rc;
}

int rbd_disk_list(struct rbd_store *st, const char *pool, struct disk_seen **ret, size_t *ret_n,
		  struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(names_free) struct rbd_names names = {.image = NULL};
	AUTO(free) struct remembered *seen = NULL;
	AUTO(free) struct disk_seen *disk = NULL;
	uint64_t forgotten = forgotten_count(st->cache);
	int64_t now_us = clock_mono_us();
	unsigned slow = 0;
	size_t n = 0;

	if (rbd_pool_open(st->session, pool, &p, e) < 0 || rbd_names_read(&p, &names, e) < 0)
		return -1;
	seen = need(calloc(names.n ? names.n : 1, sizeof(*seen)));
	for (size_t i = 0; i < names.n; i++) {
		const rbd_image_spec_t *image = &names.image[i];
		int rc;

		if (!str_starts(image->name, PREFIX) ||
		    (recall(st->cache, image, pool, now_us, &seen[n]) && ++n))
			continue;
		rc = look(st, &p, pool, image, &seen[n], &slow, e);
		if (rc < 0)
			return -1;
		n += (size_t)rc;
	}
	disk = need(calloc(n ? n : 1, sizeof(*disk)));
	for (size_t i = 0; i < n; i++)
		disk[i] = seen[i].disk;
	remember(st->cache, forgotten, seen, n);
	*ret = STEAL(disk);
	*ret_n = n;
	return 0;
}
