/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to Ceph that all worker threads share, with time-outs. Thread-safe. */
#ifndef VMD_RBD_RBD_SESSION_H
#define VMD_RBD_RBD_SESSION_H

#include "vmd/base/err.h"
#include "vmd/settings.h"

#include <rados/librados.h>

struct rbd_session;

/* Copies what it needs from s. Does not connect: the first use does. */
struct rbd_session *rbd_session_new(const struct settings *s);
/* As another client, by its key, which is wiped at the end. */
struct rbd_session *rbd_session_with_key(const struct settings *s, const char *user,
					 const char *key);
/* No pool may be in use. */
void rbd_session_free(struct rbd_session *s);

/* One pool in use by one thread for one operation. */
struct rbd_pool {
	struct rbd_session *session;
	struct rbd_connection *connection;
	rados_ioctx_t io;
};
/* ERR_RETRY: cannot connect (also at once, when an attempt failed less than a second ago, so that
 * threads do not wait for the same time-out one after the other). ERR_ABSENT: no such pool. */
int rbd_pool_open(struct rbd_session *s, const char *pool, struct rbd_pool *ret, struct err *e);
void rbd_pool_close(struct rbd_pool *p);
/* Is this the address of our own client? */
bool rbd_pool_is_me(const struct rbd_pool *p, const char *address);
/* For the commands to the cluster that rbd_client.c sends. */
rados_t rbd_pool_cluster(const struct rbd_pool *p);
/* The cluster has shut us out (-108): the next rbd_pool_open connects anew. */
void rbd_pool_lost(struct rbd_pool *p);

static inline void rbd_pool_close_auto(struct rbd_pool *p)
{
	if (p->io)
		rbd_pool_close(p);
}

#endif
