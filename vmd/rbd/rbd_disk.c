/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks of jobs as RBD images: see rbd_disk.h. Everything blocks, is idempotent, and is called by
 * several worker threads. Two calls for one image at once do not happen for one job (one action in
 * flight per object), but for two jobs they may, when one takes over what is kept of the other:
 * what an image's marks say and what is made of that is one step, under a lock.
 *
 * An image is ours by its marks. Between its creation and its marks vmd can be killed; what is left
 * is an unmarked image whose name holds the job's key, 64 random bits of it. For the job that wants
 * exactly this disk it is adopted if it is what the interrupted call would have left: a clone of
 * the same golden image, or an empty image without a parent. Nobody else's action touches it, but
 * for the one that removes what nobody has finished for a while (rbd_leftover.c). */
#include "vmd/rbd/rbd_disk.h"

#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"
#include "vmd/rbd/rbd_mark.h"
#include "vmd/rbd/rbd_store.h"

#include <errno.h>
#include <string.h>

#define FEATURES                                                                                   \
	(RBD_FEATURE_LAYERING | RBD_FEATURE_EXCLUSIVE_LOCK | RBD_FEATURE_OBJECT_MAP |              \
	 RBD_FEATURE_FAST_DIFF)
#define WATCHERS_MAX 16
#define LEFTOVER_S   900 /* as long as an action on a disk counts as under way (inflight.c) */

/* Some images share one. */
pthread_mutex_t *rbd_lock_marks(struct rbd_store *st, const char *name)
{
	unsigned hash = 0;

	for (; *name; name++)
		hash = hash * 31 + (unsigned char)*name;
	return lock(&st->marks[hash % ARRAY_LEN(st->marks)]);
}

DEFINE_AUTO(rbd_image_t, rbd_close)
DEFINE_AUTO(rbd_image_options_t, rbd_image_options_destroy)

int rbd_store_new(const struct settings *s, struct rbd_store **ret, struct err *e)
{
	struct rbd_store *st = calloc(1, sizeof(*st));

	(void)e;
	if (!st)
		abort();
	st->session = rbd_session_new(s);
	st->cache = rbd_cache_new();
	for (size_t i = 0; i < ARRAY_LEN(st->marks); i++)
		pthread_mutex_init(&st->marks[i], NULL);
	(void)str_copy(st->cluster, sizeof(st->cluster), s->cluster);
	(void)str_copy(st->pool, sizeof(st->pool), s->ceph_pool);
	st->blocklist_s = (uint32_t)s->ceph_blocklist_s;
	st->leftover_s = LEFTOVER_S;
	*ret = st;
	return 0;
}

void rbd_store_free(struct rbd_store *st)
{
	if (!st)
		return;
	rbd_session_free(st->session);
	rbd_cache_free(st->cache);
	for (size_t i = 0; i < ARRAY_LEN(st->marks); i++)
		pthread_mutex_destroy(&st->marks[i]);
	free(st);
}

int rbd_look(rados_ioctx_t io, const char *name, const char *snapshot, void **ret_image)
{
	return rbd_open_read_only(io, name, ret_image, snapshot);
}

static const char *pool_name(const struct rbd_store *st, const char *pool)
{
	return pool[0] ? pool : st->pool;
}

int rbd_failed(struct rbd_pool *p, struct err *e, int rc, const char *what, const char *name)
{
	if (rc == -ESHUTDOWN)
		rbd_pool_lost(p);
	return rbd_error(e, rc, "%s %s", what, name);
}

static bool is_ours(const struct rbd_store *st, const struct rbd_mark *m, const char *job_key)
{
	return str_eq(m->job_key, job_key) && str_eq(m->cluster, st->cluster);
}

static int not_ours(struct err *e, const char *name, const struct rbd_mark *m)
{
	if (!m->job_key[0])
		return err_set(e, ERR_CONFLICT, "Ceph: image %s exists and is not marked as ours",
			       name);
	return err_set(e, ERR_CONFLICT, "Ceph: image %s belongs to job %s of cluster '%s'", name,
		       m->job_key, m->cluster);
}

/* Is an unmarked image what an interrupted clone or create of d has left? */
static bool is_unfinished(rbd_image_t image, const struct disk_spec *d)
{
	rbd_linked_image_spec_t parent = {.pool_id = -1};
	rbd_snap_spec_t snap = {.id = 0};
	int rc = rbd_get_parent(image, &parent, &snap);
	bool same;

	if (rc == -ENOENT)
		return d->role == DISK_SCRATCH;
	if (rc < 0)
		return false;
	same = d->role == DISK_ROOT && str_eq(parent.pool_name, d->golden.pool) &&
	       str_eq(parent.image_name, d->golden.rbd_image) &&
	       str_eq(snap.name, d->golden.snapshot);
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
	return same;
}

static int grow(struct rbd_pool *p, rbd_image_t image, const struct disk_spec *d, struct err *e)
{
	uint64_t size = 0;
	int rc = rbd_get_size(image, &size);

	if (rc >= 0 && size < d->size_bytes)
		rc = rbd_resize(image, d->size_bytes);
	return rc < 0 ? rbd_failed(p, e, rc, "grow image", d->name) : 0;
}

/* The image is there, made by this call or found: makes sure that it is ours, and large enough. */
static int finish(struct rbd_store *st, struct rbd_pool *p, const struct disk_spec *d, bool made,
		  struct err *e)
{
	AUTO(rbd_close) rbd_image_t image = NULL;
	struct rbd_mark mark;
	int rc = rbd_open(p->io, d->name, &image, NULL);

	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", d->name);
	if (rbd_mark_read(image, d->name, &mark, e) < 0)
		return -1;
	if (!made && !is_ours(st, &mark, d->job_key) &&
	    (mark.job_key[0] || !is_unfinished(image, d)))
		return not_ours(e, d->name, &mark);
	if (!made && mark.removing)
		return err_set(e, ERR_RETRY, "Ceph: image %s is being removed", d->name);
	if (!is_ours(st, &mark, d->job_key) && rbd_mark_write(image, st->cluster, d, e) < 0)
		return -1;
	return grow(p, image, d, e);
}

int rbd_options_new(rbd_image_options_t *ret, bool clone)
{
	int rc;

	rbd_image_options_create(ret);
	rc = rbd_image_options_set_uint64(*ret, RBD_IMAGE_OPTION_FEATURES, FEATURES);
	if (rc >= 0 && clone) /* version 1, the default, needs a protected snapshot */
		rc = rbd_image_options_set_uint64(*ret, RBD_IMAGE_OPTION_CLONE_FORMAT, 2);
	return rc;
}

int rbd_disk_clone(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool golden = {.session = NULL};
	AUTO(rbd_pool_close) struct rbd_pool pool = {.session = NULL};
	AUTO(rbd_image_options_destroy) rbd_image_options_t options = NULL;
	int rc;

	if (rbd_pool_open(st->session, d->golden.pool, &golden, e) < 0 ||
	    rbd_pool_open(st->session, pool_name(st, d->pool), &pool, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, d->name);
	rc = rbd_options_new(&options, true);
	if (rc >= 0)
		rc = rbd_clone3(golden.io, d->golden.rbd_image, d->golden.snapshot, pool.io,
				d->name, options);
	if (rc == -ENOENT)
		return err_set(e, ERR_ABSENT, "Ceph: golden image %s/%s@%s does not exist",
			       d->golden.pool, d->golden.rbd_image, d->golden.snapshot);
	if (rc < 0 && rc != -EEXIST)
		return rbd_failed(&pool, e, rc, "clone to", d->name);
	return finish(st, &pool, d, rc == 0, e);
}

int rbd_disk_create(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool pool = {.session = NULL};
	AUTO(rbd_image_options_destroy) rbd_image_options_t options = NULL;
	int rc;

	if (rbd_pool_open(st->session, pool_name(st, d->pool), &pool, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, d->name);
	rc = rbd_options_new(&options, false);
	if (rc >= 0)
		rc = rbd_create4(pool.io, d->name, d->size_bytes, options);
	if (rc < 0 && rc != -EEXIST)
		return rbd_failed(&pool, e, rc, "create image", d->name);
	return finish(st, &pool, d, rc == 0, e);
}

int rbd_check_unused(struct rbd_pool *p, rbd_image_t image, const char *name, struct err *e)
{
	rbd_image_watcher_t watcher[WATCHERS_MAX];
	size_t n = WATCHERS_MAX;
	int rc = rbd_watchers_list(image, watcher, &n);
	char addr[64] = "";

	if (rc < 0 && rc != -ERANGE)
		return rbd_failed(p, e, rc, "look for users of", name);
	if (rc == 0 && n > 0)
		(void)snprintf(addr, sizeof(addr), " by %s", watcher[0].addr);
	if (rc == 0)
		rbd_watchers_list_cleanup(watcher, n);
	if (rc == 0 && n == 0)
		return 0;
	return err_set(e, ERR_RETRY, "Ceph: image %s is in use%s", name, addr);
}

/* An image whose removal was interrupted: its header is gone, and the marks with it, but the pool's
 * directory still has the name. It holds nothing, so the job's key in the name is proof enough. */
static int remove_rest(struct rbd_pool *p, const char *name, const char *job_key, struct err *e)
{
	char prefix[JOB_KEY_MAX + 8];
	int rc;

	(void)str_fmt(prefix, sizeof(prefix), "vm-%s-", job_key);
	if (!str_starts(name, prefix))
		return 0;
	rc = rbd_remove(p->io, name);
	return rc < 0 && rc != -ENOENT ? rbd_failed(p, e, rc, "remove image", name) : 0;
}

/* 0: ours, nobody uses it, and now marked; 1: it has no header. */
static int prepare_removal(struct rbd_store *st, struct rbd_pool *p, const char *name,
			   const char *job_key, struct err *e)
{
	AUTO(rbd_close) rbd_image_t look = NULL;
	AUTO(rbd_close) rbd_image_t image = NULL;
	struct rbd_mark mark;
	int rc = rbd_look(p->io, name, NULL, &look);

	if (rc == -ENOENT)
		return 1;
	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", name);
	if (rbd_mark_read(look, name, &mark, e) < 0)
		return -1;
	if (!is_ours(st, &mark, job_key) && !rbd_is_leftover_of(st, p, name, &mark, job_key))
		return not_ours(e, name, &mark);
	if (rbd_check_unused(p, look, name, e) < 0)
		return -1;
	if (mark.removing)
		return 0;
	rc = rbd_open(p->io, name, &image, NULL);
	if (rc < 0)
		return rbd_failed(p, e, rc, "open image", name);
	return rbd_mark_removing(image, name, e);
}

/* Is this the disk that d wants, kept and free? */
static int check_kept(struct rbd_store *st, struct rbd_pool *p, rbd_image_t look,
		      const struct rbd_mark *m, const struct disk_spec *d, struct err *e)
{
	if (!is_ours(st, m, d->from))
		return not_ours(e, d->name, m);
	if (m->removing)
		return err_set(e, ERR_ABSENT, "Ceph: image %s is being removed", d->name);
	if (!m->keep_until_s)
		return err_set(e, ERR_RETRY, "Ceph: image %s is not kept: job %s has it still",
			       d->name, d->from);
	return rbd_check_unused(p, look, d->name, e);
}

/* The mark of the old job becomes that of the new one by one write: whoever looks sees one owner.
 * What is left to do then, the next call does as well. */
int rbd_disk_take(struct rbd_store *st, const struct disk_spec *d, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_close) rbd_image_t look = NULL;
	AUTO(rbd_close) rbd_image_t image = NULL;
	AUTO(unlock) pthread_mutex_t *held = NULL;
	struct rbd_mark mark;
	int rc;

	if (rbd_pool_open(st->session, pool_name(st, d->pool), &p, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, d->name);
	held = rbd_lock_marks(st, d->name);
	rc = rbd_look(p.io, d->name, NULL, &look);
	if (rc < 0)
		return rbd_failed(&p, e, rc, "open image", d->name);
	if (rbd_mark_read(look, d->name, &mark, e) < 0)
		return -1;
	if (!is_ours(st, &mark, d->job_key) && check_kept(st, &p, look, &mark, d, e) < 0)
		return -1;
	rc = rbd_open(p.io, d->name, &image, NULL);
	if (rc < 0)
		return rbd_failed(&p, e, rc, "open image", d->name);
	if (!is_ours(st, &mark, d->job_key) && rbd_mark_take(image, d->name, d, e) < 0)
		return -1;
	if (rbd_mark_keep(image, d->name, 0, e) < 0)
		return -1;
	return grow(&p, image, d, e);
}

int rbd_disk_remove(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		    struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	int rc;

	if (rbd_pool_open(st->session, pool_name(st, pool), &p, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, name);
	rc = prepare_removal(st, &p, name, job_key, e);
	if (rc != 0)
		return rc < 0 ? -1 : remove_rest(&p, name, job_key, e);
	rc = rbd_remove(p.io, name);
	return rc < 0 && rc != -ENOENT ? rbd_failed(&p, e, rc, "remove image", name) : 0;
}

int rbd_disk_leave(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_close) rbd_image_t look = NULL;
	struct rbd_mark mark;
	int rc;

	if (rbd_pool_open(st->session, pool_name(st, pool), &p, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, name);
	rc = rbd_look(p.io, name, NULL, &look);
	if (rc < 0)
		return rbd_failed(&p, e, rc, "open image", name);
	if (rbd_mark_read(look, name, &mark, e) < 0)
		return -1;
	if (!is_ours(st, &mark, job_key))
		return not_ours(e, name, &mark);
	return rbd_mark_leaving(p.io, look, name, e);
}

int rbd_disk_keep(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		  int64_t until_s, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_close) rbd_image_t image = NULL;
	AUTO(unlock) pthread_mutex_t *held = NULL;
	struct rbd_mark mark;
	int rc;

	if (rbd_pool_open(st->session, pool_name(st, pool), &p, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, name);
	held = rbd_lock_marks(st, name);
	rc = rbd_open(p.io, name, &image, NULL);
	if (rc < 0)
		return rbd_failed(&p, e, rc, "open image", name);
	if (rbd_mark_read(image, name, &mark, e) < 0)
		return -1;
	if (!is_ours(st, &mark, job_key))
		return not_ours(e, name, &mark);
	return rbd_mark_keep(image, name, until_s, e);
}

int rbd_golden_size(struct rbd_store *st, const struct image_revision *g, uint64_t *ret_bytes,
		    struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_close) rbd_image_t image = NULL;
	uint64_t size;
	int rc;

	if (rbd_pool_open(st->session, g->pool, &p, e) < 0)
		return -1;
	rc = rbd_look(p.io, g->rbd_image, g->snapshot, &image);
	if (rc >= 0)
		rc = rbd_get_size(image, &size);
	if (rc < 0)
		return rbd_error(e, rc, "golden image %s/%s@%s", g->pool, g->rbd_image,
				 g->snapshot);
	*ret_bytes = size;
	return 0;
}
