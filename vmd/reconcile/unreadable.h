/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that are there and cannot be read: which jobs they concern. Such a disk is neither gone nor
 * fenced nor anybody's for certain; whoever may have it waits for it, and nobody else does. Pure.
 */
#ifndef VMD_RECONCILE_UNREADABLE_H
#define VMD_RECONCILE_UNREADABLE_H

#include "vmd/reconcile/world.h"

/* A disk that cannot be read and is, or may be, this job's: by its name, by a PV of the job, or
 * because the job is to start from it. j NULL: Slurm does not know the job. NULL: none. */
const struct disk_seen *unreadable_of(const struct observed *seen, const struct holdings *h,
				      const struct job *j);
/* Might a VM of these holdings have one open? As unreadable_of, but true as well where that cannot
 * be told. */
bool unreadable_hides_disk(const struct observed *seen, const struct holdings *h);
/* Might a running job other than the one with this key have one open on that node? */
bool unreadable_is_on(const struct desired *want, const struct observed *seen, const char *node,
		      const char *except_key);

size_t unreadable_count(const struct observed *seen);

#endif
