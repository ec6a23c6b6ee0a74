/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of struct rbd_store, for the files of this folder only. */
#ifndef VMD_RBD_RBD_STORE_H
#define VMD_RBD_RBD_STORE_H

#include "vmd/base/lock.h"
#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_session.h"

#include <pthread.h>
#include <rbd/librbd.h>

struct rbd_cache; /* rbd_list.c */
struct rbd_mark;

struct rbd_store {
	struct rbd_session *session;
	char cluster[64];
	char pool[64]; /* where none is named */
	uint32_t blocklist_s;
	int64_t leftover_s; /* rbd_leftover.c: no creation takes so long */
	struct rbd_cache *cache;
	/* Held from reading an image's marks to changing them: by its name, so that one image whose
	 * object store hangs does not hold up all others. */
	pthread_mutex_t marks[64];
};

struct rbd_cache *rbd_cache_new(void);
void rbd_cache_free(struct rbd_cache *c);
/* Something about this image was changed or tried: the next list reads it anew. */
void rbd_cache_forget(struct rbd_cache *c, const char *name);

/* rbd_list.c: the names of all images in the pool. */
struct rbd_names {
	rbd_image_spec_t *image;
	size_t n;
};
int rbd_names_read(struct rbd_pool *p, struct rbd_names *ret, struct err *e);
void rbd_names_free(struct rbd_names *l);
/* When a host is lost its clients cannot be asked any more, and their watches time out; so they are
 * written down while they are there, where they are not those that are noted. */
void rbd_clients_note(struct rbd_pool *p, void *image, const char *name,
		      struct disk_clients *noted);
/* An image could not be read. Does that say something of it, or of us and Ceph as a whole? */
bool rbd_is_of_image(const struct err *e);
/* Its header is missing. 1: it is named in the pool's directory all the same; 0: it was removed
 * just now, header first. */
int rbd_look_again(struct rbd_pool *p, const rbd_image_spec_t *image, struct err *e);

/* rbd_client.c: the clients but ourselves that have it open, the first of them if they are many. */
int rbd_clients_read(const struct rbd_pool *p, void *look, const char *name,
		     struct disk_clients *ret, struct err *e);

/* rbd_client.c: op: "add" (for an hour) or "rm". 0, or librados' code. */
int rbd_blocklist_ask(const struct rbd_pool *p, const char *op, const char *address);

/* rbd_disk.c: held while an image's marks are read and changed: by its name, AUTO(unlock). */
pthread_mutex_t *rbd_lock_marks(struct rbd_store *st, const char *name);
/* ERR_RETRY: somebody has it open. */
int rbd_check_unused(struct rbd_pool *p, rbd_image_t image, const char *name, struct err *e);
/* As rbd_error, and begins a new connection when this one was shut out. */
int rbd_failed(struct rbd_pool *p, struct err *e, int rc, const char *what, const char *name);
/* rbd_leftover.c: is this image, with these marks, what an interrupted creation has left, and for
 * which job? ret_key is not touched when it is not. */
bool rbd_is_leftover(const struct rbd_store *st, void *look, const char *name,
		     const struct rbd_mark *m, char ret_key[JOB_KEY_MAX + 1]);
bool rbd_is_leftover_of(const struct rbd_store *st, struct rbd_pool *p, const char *name,
			const struct rbd_mark *m, const char *job_key);
/* Nothing was ever written to it, and there is no snapshot of it. */
bool rbd_is_empty(void *image);
/* With the features that all images of ours have. */
int rbd_options_new(rbd_image_options_t *ret, bool clone);

/* Opens without a watch, so that looking at an image never counts as using it. 0, or librbd's code.
 */
int rbd_look(rados_ioctx_t io, const char *name, const char *snapshot, void **ret_image);

#endif
