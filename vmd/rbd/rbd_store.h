/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of struct rbd_store, for the files of this folder only. */
#ifndef VMD_RBD_RBD_STORE_H
#define VMD_RBD_RBD_STORE_H

#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_session.h"

#include <pthread.h>

struct rbd_cache; /* rbd_list.c */

struct rbd_store {
	struct rbd_session *session;
	char cluster[64];
	char pool[64]; /* where none is named */
	uint32_t blocklist_s;
	struct rbd_cache *cache;
	/* Held from reading an image's marks to changing them: by its name, so that one image whose
	 * object store hangs does not hold up all others. */
	pthread_mutex_t marks[64];
};

struct rbd_cache *rbd_cache_new(void);
void rbd_cache_free(struct rbd_cache *c);
/* Something about this image was changed or tried: the next list reads it anew. */
void rbd_cache_forget(struct rbd_cache *c, const char *name);

/* rbd_client.c: the clients but ourselves that have it open, the first of them if they are many. */
int rbd_clients_read(const struct rbd_pool *p, void *look, const char *name,
		     struct disk_clients *ret, struct err *e);

/* Opens without a watch, so that looking at an image never counts as using it. 0, or librbd's code.
 */
int rbd_look(rados_ioctx_t io, const char *name, const char *snapshot, void **ret_image);

#endif
