/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slurmctld says of its configuration, for `vmd --check FILE --site`. Blocks; after
 * slurm_jobs_start(). */
#ifndef VMD_SLURM_SLURM_SITE_H
#define VMD_SLURM_SLURM_SITE_H

#include "vmd/site/facts.h"

/* ret->err tells whether the rest is filled in; free() ret->nodes.node. */
void slurm_site_read(struct site_slurm *ret);

#endif
