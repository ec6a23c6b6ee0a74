/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trouble outside, told by the adapters: what hinders every job that waits for it. Slurm's is not
 * among it: without Slurm's list nothing is concluded of any job, so none is hindered. */
#ifndef VMD_RECONCILE_TROUBLE_H
#define VMD_RECONCILE_TROUBLE_H

#include "vmd/vm/vm.h"

enum trouble_source { TROUBLE_KUBE, TROUBLE_CEPH, TROUBLE_COUNT };

struct trouble {
	char text[VM_REASON_MAX + 1]; /* "" it works */
	int64_t since_us;             /* monotonic; of what works: since when it does */
};

#endif
