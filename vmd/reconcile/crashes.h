/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a guest crashed. KubeVirt starts it again on its disk (RerunOnFailure), so the job goes
 * on; but its owner must hear of it. Pure. */
#ifndef VMD_RECONCILE_CRASHES_H
#define VMD_RECONCILE_CRASHES_H

#include "vmd/job/job.h"
#include "vmd/vm/vm.h"

struct crashes {
	uint32_t n;     /* of this incarnation */
	int64_t last_s; /* wall clock; 0 none */
	uint32_t seen;  /* of them, what the watches told of this VM object */
};

/* Begins with what the job's record says of this incarnation. */
void crashes_begin(struct crashes *c, const struct job *j);
void crashes_see(struct crashes *c, const struct vm_seen *vm, int64_t wall_s);
/* "the guest crashed 2 times, last at 2026-11-25 14:03:22 UTC; KubeVirt started it again"; "" if it
 * never did. */
const char *crashes_text(const struct crashes *c, char buf[VM_REASON_MAX + 1]);

#endif
