/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ceph RBD: golden images, clones, empty disks. The functions block (each at most about
 * ceph_timeout_s) and run on a worker; rbd_store is used by several worker threads at once
 * (librados allows that). errno of librbd becomes a kind: -2 ABSENT, -17 CONFLICT (or success, if
 * the image carries our mark), -13 and -1 DENIED, -28 FULL, -122 FULL, -110 UNSURE, -16 RETRY. */
#ifndef VMD_RBD_RBD_DISK_H
#define VMD_RBD_RBD_DISK_H

#include "vmd/disk/disk.h"
#include "vmd/settings.h"

struct rbd_store;

/* Does not connect yet: the first use does, and a lost connection is made again. */
int rbd_store_new(const struct settings *s, struct rbd_store **ret, struct err *e);
void rbd_store_free(struct rbd_store *st);
DEFINE_AUTO(struct rbd_store *, rbd_store_free)

/* Clone d->golden to d->name (clone format 2, exclusive-lock, object-map, fast-diff), grow it to
 * d->size_bytes, mark it. An image of that name with our mark of the same job: success. */
int rbd_disk_clone(struct rbd_store *st, const struct disk_spec *d, struct err *e);
int rbd_disk_create(struct rbd_store *st, const struct disk_spec *d, struct err *e);
/* The image d->name, kept of job d->from, becomes the disk of d->job_key and is grown to
 * d->size_bytes. Is it that already: success. ERR_CONFLICT: it is another job's; ERR_RETRY: in use.
 */
int rbd_disk_take(struct rbd_store *st, const struct disk_spec *d, struct err *e);
/* Refuses (ERR_CONFLICT) an image without our mark of this job, (ERR_RETRY) one with watchers. */
int rbd_disk_remove(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		    struct err *e);
/* A disk that its guest may still have is to be taken from it: marked as one whose removal has
 * begun, past the lock of the guest. ERR_CONFLICT: not of this job. */
int rbd_disk_leave(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   struct err *e);
int rbd_disk_keep(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		  int64_t until_s, struct err *e);
/* Shuts out every client of the image but ourselves: those that have it open, those that were
 * written down while its host was healthy, and the owner of its lock, whose lock is broken.
 * Succeeds only when the cluster's blocklist has them all and nobody has the image open any more;
 * then the image is marked as fenced for the VM with that uid. Marked so already: success, and
 * nobody is shut out, for it may have its next guest by now. ERR_ABSENT: no such image, or it has
 * lost its header, which looks the same. ERR_CONFLICT: not of this job, or fenced for another VM
 * meanwhile. ERR_RETRY: somebody opened it meanwhile, or who has it was not known by by_us
 * (monotonic): when its host came back unfenced it may have its next guest by now, which bears no
 * mark. ERR_DENIED: the key may not (profile rbd may). */
int rbd_disk_fence(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   const char *vm_uid, int64_t by_us, struct err *e);
/* All images in the pool whose names begin "vm-" and that carry our mark of this cluster, and those
 * of which that cannot be told, if they have the name of a job's disk: unreadable. Caller frees
 * *ret. watchers is left 0: who uses an image is looked up when it is to be removed. Who has an
 * image open is written down in its metadata on the way, when that has changed. */
int rbd_disk_list(struct rbd_store *st, const char *pool, struct disk_seen **ret, size_t *ret_n,
		  struct err *e);
/* Does the golden image exist, and how large is it? For vmctl images and the check at start. */
int rbd_golden_size(struct rbd_store *st, const struct image_revision *g, uint64_t *ret_bytes,
		    struct err *e);

#endif
