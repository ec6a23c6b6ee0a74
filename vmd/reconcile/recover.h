/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting from the disk that was kept of another job (sbatch --vm=@17). Pure.
 *
 * The disk is not copied: it is taken over, and belongs to the new job from the moment on in which
 * its mark names that one. So there is one disk and one mark, and two jobs cannot both have it. */
#ifndef VMD_RECONCILE_RECOVER_H
#define VMD_RECONCILE_RECOVER_H

#include "vmd/reconcile/world.h"

struct recover_view {
	const struct desired *want;
	const struct observed *seen;
	uint32_t slurm_uid; /* 0 not known */
};

/* The disk that a job with request.from starts from: its own already, or the kept one that it may
 * take over. Borrowed from seen. ERR_RETRY: not yet, the text says what is waited for; any other
 * kind: never. The text is for the job's owner. */
int recover_find(const struct recover_view *v, const struct job *j, const struct disk_seen **ret,
		 struct err *e);
/* job_shape_check() and catalogue_check() for the job's request, with the image that its kept disk
 * was made of, if it starts from one. What that image's catalogue entry says counts, but for the
 * revision, which may have left the catalogue: the disk is there. Fails as recover_find() too. */
int recover_request(const struct recover_view *v, const struct catalogue *c, const struct job *j,
		    struct vm_request *ret, const struct image **ret_image, struct err *e);
/* Fills in image and revision of all jobs that start from a kept disk, for people and records. */
void recover_fill(struct desired *want, const struct observed *seen, uint32_t slurm_uid);
/* Is a job that has not ended to start from this kept disk? Then it stays beyond its time. */
const struct job *recover_claimer(const struct desired *want, uint32_t slurm_uid,
				  const struct disk_seen *d);
/* May this user have a kept disk: its owner, root and SlurmUser. */
bool recover_allows(uint32_t slurm_uid, uint32_t uid, const struct disk_seen *d);

#endif
