/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our marks on an RBD image, in its metadata. Blocks. */
#ifndef VMD_RBD_RBD_MARK_H
#define VMD_RBD_RBD_MARK_H

#include "vmd/disk/named.h"

#include <rbd/librbd.h>

struct rbd_mark {
	char cluster[64];
	char job_key[JOB_KEY_MAX + 1]; /* "" : not marked */
	char from[JOB_KEY_MAX + 1];    /* taken over from that job; "" */
	struct disk_origin origin;
	int64_t keep_until_s;
	bool removing;
	char fenced[VM_UID_MAX + 1];
	struct disk_clients clients;
	/* Of a named disk: uid, name, created_s, claims; name "": it is none. */
	struct named_disk named;
};

/* All fields are empty when the image has no marks. name is for the error's text. */
int rbd_mark_read(rbd_image_t image, const char *name, struct rbd_mark *ret, struct err *e);
/* Origin and cluster before job: an image with a job's mark always has all three. Marks of a later
 * life are removed, which a clone may have inherited: clones inherit their parent's metadata. */
int rbd_mark_write(rbd_image_t image, const char *cluster, const struct disk_spec *d,
		   struct err *e);
/* The disk of job d->from is that of d->job_key from the last write on, and not before. */
int rbd_mark_take(rbd_image_t image, const char *name, const struct disk_spec *d, struct err *e);
/* 0: not to be kept any more. */
int rbd_mark_keep(rbd_image_t image, const char *name, int64_t until_s, struct err *e);
/* Before the removal begins: what is left of an interrupted one is no disk. */
int rbd_mark_removing(rbd_image_t image, const char *name, struct err *e);

/* "slurm-vm.disk", and last the cluster: with that it is a named disk. No claims, which is as good
 * as empty ones: whoever does this late must not take away one that a job was given since. */
int rbd_mark_named(rbd_image_t image, const char *cluster, const struct named_disk *d,
		   struct err *e);
/* The claims become next if they are old still, in one step of the OSD. ERR_CONFLICT: they are not.
 */
int rbd_mark_claims(rados_ioctx_t io, rbd_image_t image, const char *name,
		    const struct disk_claims *old, const struct disk_claims *next, struct err *e);

/* All of these are written past librbd, which would take the image's lock from a running guest for
 * it. */
/* As rbd_mark_removing(), of one that is in use. */
int rbd_mark_leaving(rados_ioctx_t io, rbd_image_t image, const char *name, struct err *e);
int rbd_mark_clients(rados_ioctx_t io, rbd_image_t image, const char *name,
		     const struct disk_clients *c, struct err *e);
/* If the mark is still before, "" none, in one step of the OSD. ERR_CONFLICT: it is not. */
int rbd_mark_fenced(rados_ioctx_t io, rbd_image_t image, const char *name, const char *before,
		    const char *vm_uid, struct err *e);

#endif
