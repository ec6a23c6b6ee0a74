/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks as RBD images. As rbd_disk.h: the functions block, run on workers, several at once.
 * Of d they use pool ("": the store's own), image, uid and name; create also size and time. */
#ifndef VMD_RBD_RBD_NAMED_H
#define VMD_RBD_RBD_NAMED_H

#include "vmd/disk/named.h"

struct rbd_store;

/* ERR_CONFLICT: it exists already. What an interrupted call of the same left is finished. */
int rbd_named_create(struct rbd_store *st, const struct named_disk *d, struct err *e);
/* Nobody asks again for what the list has as unfinished; it is finished, and never made: it may be
 * gone since. Success if it is finished already; ERR_RETRY: somebody has it open. */
int rbd_named_finish(struct rbd_store *st, const struct named_disk *d, struct err *e);
/* ERR_CONFLICT: a job has it; ERR_RETRY: somebody else has it open. Nobody can claim it from its
 * first step on, and it is removed by another call if this one is cut short. */
int rbd_named_remove(struct rbd_store *st, const struct named_disk *d, struct err *e);
/* NAMED_CLAIM: its step on the claims as they are now; o->disk has those that were seen. ret: what
 * they are then. ERR_CONFLICT, ERR_ABSENT as disk_claims_step(). */
int rbd_named_claim(struct rbd_store *st, const struct disk_order *o, struct disk_claims *ret,
		    struct err *e);
/* All of the pool that are of this cluster, and those that cannot be read: caller frees. Who has
 * one open that is written is noted in it, as with disks of jobs. */
int rbd_named_list(struct rbd_store *st, const char *pool, struct named_disk **ret, size_t *ret_n,
		   struct err *e);

#endif
