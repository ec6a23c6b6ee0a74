/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rbd_site.h. Rights are tried, since a client may not read its own: an image is made, a golden
 * one is cloned, and the monitor is asked to take something out of the blocklist that is not in it,
 * and to put in what is no address. It looks at the right first, so that its "no such" and "cannot
 * parse" mean that it may be asked. */
#include "vmd/rbd/rbd_site.h"

#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"
#include "vmd/rbd/rbd_store.h"

#include <errno.h>
#include <string.h>

#define TRY_BYTES (UINT64_C(4) << 20)

DEFINE_AUTO(rbd_image_options_t, rbd_image_options_destroy)
DEFINE_AUTO(struct rbd_session *, rbd_session_free)

static void pool_add(struct site_ceph *c, const char *name, bool makes, bool golden)
{
	struct site_pool *p = c->pool;

	while (p < c->pool + c->n_pool && !str_eq(p->name, name))
		p++;
	if (p == c->pool + SITE_POOLS)
		return; /* of so many pools the first are enough */
	if (p == c->pool + c->n_pool) {
		c->n_pool++;
		*p = (struct site_pool){.open = SITE_NOT_ASKED};
		(void)str_copy(p->name, sizeof(p->name), name);
	}
	p->makes = p->makes || makes;
	p->golden = p->golden || golden;
}

static void pools_collect(const struct settings *s, struct site_ceph *c)
{
	pool_add(c, s->ceph_pool, true, false);
	pool_add(c, s->disks_pool, true, false);
	for (size_t i = 0; i < s->catalogue.n; i++)
		for (size_t r = 0; r < s->catalogue.image[i].n_revision; r++)
			pool_add(c, s->catalogue.image[i].revision[r].pool, false, true);
}

static int unmake(struct rbd_pool *p, const char *name, struct err *e)
{
	int rc = rbd_remove(p->io, name);

	return rc < 0 ? rbd_error(e, rc, "cannot remove image %s again, remove it", name) : 0;
}

static int try_make(struct rbd_session *se, const char *pool, const char *name, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_image_options_destroy) rbd_image_options_t options = NULL;
	int rc;

	if (rbd_pool_open(se, pool, &p, e) < 0)
		return -1;
	rc = rbd_options_new(&options, false);
	if (rc >= 0)
		rc = rbd_create4(p.io, name, TRY_BYTES, options);
	if (rc < 0)
		return rbd_error(e, rc, "cannot make image %s", name);
	return unmake(&p, name, e);
}

static int try_clone(const struct settings *s, struct rbd_session *se,
		     const struct image_revision *g, const char *name, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool golden = {.session = NULL};
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_image_options_destroy) rbd_image_options_t options = NULL;
	int rc;

	if (rbd_pool_open(se, g->pool, &golden, e) < 0 ||
	    rbd_pool_open(se, s->ceph_pool, &p, e) < 0)
		return -1;
	rc = rbd_options_new(&options, true);
	if (rc >= 0)
		rc = rbd_clone3(golden.io, g->rbd_image, g->snapshot, p.io, name, options);
	if (rc < 0)
		return rbd_error(e, rc, "cannot clone it");
	return unmake(&p, name, e);
}

/* The first golden image that is there of each pool. */
static void try_clones(const struct settings *s, struct rbd_session *se, const char *name,
		       struct site_ceph *c)
{
	for (size_t i = 0; i < s->catalogue.n; i++) {
		const struct image *image = &s->catalogue.image[i];

		for (size_t r = 0; r < image->n_revision; r++) {
			const struct image_revision *g = &image->revision[r];

			for (size_t k = 0; k < c->n_pool; k++) {
				struct site_pool *p = &c->pool[k];

				if (p->cloned[0] || !str_eq(p->name, g->pool) ||
				    c->golden[i][r].kind != ERR_NONE)
					continue;
				(void)str_fmt(p->cloned, sizeof(p->cloned), "%s/%s@%s", g->pool,
					      g->rbd_image, g->snapshot);
				(void)try_clone(s, se, g, name, &p->clone);
			}
		}
	}
}

static void look_golden(const struct settings *s, struct site_ceph *c)
{
	AUTO(rbd_store_free) struct rbd_store *st = NULL;
	struct err e;

	c->golden = calloc(s->catalogue.n + 1, sizeof(*c->golden));
	if (!c->golden || rbd_store_new(s, &st, &e) < 0)
		abort();
	for (size_t i = 0; i < s->catalogue.n; i++)
		for (size_t r = 0; r < s->catalogue.image[i].n_revision; r++) {
			uint64_t bytes;

			(void)rbd_golden_size(st, &s->catalogue.image[i].revision[r], &bytes,
					      &c->golden[i][r]);
		}
}

/* answer: what the monitor says to a request that can do nothing, when it may be asked. */
static void try_blocklist(struct rbd_pool *p, const char *op, const char *address, int answer,
			  struct err *e)
{
	int rc = rbd_blocklist_ask(p, op, address);

	if (rc < 0 && rc != answer)
		(void)rbd_error(e, rc, "osd blocklist %s", op);
}

static void try_cluster(struct rbd_pool *p, struct site_ceph *c)
{
	if (rados_cluster_fsid(rbd_pool_cluster(p), c->fsid, sizeof(c->fsid)) < 0)
		c->fsid[0] = '\0';
	try_blocklist(p, "add", "nobody/1", -EINVAL, &c->blocklist_add);
	try_blocklist(p, "rm", "0.0.0.0:0/1", -ENOENT, &c->blocklist_rm);
}

/* A pool that is not there says that the cluster answers. */
static void try_pool(struct rbd_session *se, struct site_ceph *c, struct site_pool *pool,
		     const char *name)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	struct err e;

	if (rbd_pool_open(se, pool->name, &p, &e) < 0) {
		pool->open = e;
		if (!c->fsid[0] && e.kind != ERR_ABSENT)
			c->connect = e;
		return;
	}
	pool->open = c->connect = (struct err){.kind = ERR_NONE};
	if (!c->fsid[0])
		try_cluster(&p, c);
	if (pool->makes)
		(void)try_make(se, pool->name, name, &pool->make);
}

void rbd_site_try(const struct settings *s, const char *tag, struct site_ceph *ret)
{
	AUTO(rbd_session_free) struct rbd_session *se = rbd_session_new(s);
	char name[96];

	*ret = (struct site_ceph){.connect = {.kind = ERR_NONE}};
	(void)str_fmt(name, sizeof(name), "slurm-vm-check-%s", tag);
	pools_collect(s, ret);
	for (size_t i = 0; i < ret->n_pool; i++) {
		try_pool(se, ret, &ret->pool[i], name);
		if (ret->connect.kind != ERR_NONE)
			return; /* each pool would wait for the same time-out */
	}
	look_golden(s, ret);
	try_clones(s, se, name, ret);
}

void rbd_site_try_node(const struct settings *s, const char *user, const char *key, const char *tag,
		       struct site_ceph *ret)
{
	AUTO(rbd_session_free)
	struct rbd_session *se = rbd_session_with_key(s, user, key);
	char name[96];

	str_cut(ret->node_name, sizeof(ret->node_name), user);
	(void)str_fmt(name, sizeof(name), "slurm-vm-check-%s", tag);
	ret->node_user = (struct err){.kind = ERR_NONE};
	(void)try_make(se, s->ceph_pool, name, &ret->node_user);
}
