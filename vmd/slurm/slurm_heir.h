/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A companion that takes its job's place: the two steps that are Slurm's (DESIGN.md, "The heir").
 * Each looks at both records right before, and does nothing when it is done already. Worker thread;
 * blocks. */
#ifndef VMD_SLURM_SLURM_HEIR_H
#define VMD_SLURM_SLURM_HEIR_H

#include "vmd/reconcile/port.h"

/* ACT_BEQUEATH: a->companion's record becomes that of the job, with the status a->reason, and says
 * whose place it takes. nonce: of a->job_id's request. */
int slurm_heir_name(const struct action *a, const char *nonce, struct err *e);
/* ACT_GIVE_WAY: the job, whose record names a->companion as its heir, is completed, if no other one
 * claims its place. */
int slurm_heir_give_way(const struct action *a, const char *nonce, struct err *e);
/* ACT_END_COMPANION: may a->companion, whose record has that request, be ended? ERR_CONFLICT: it
 * has become the job, or the job that it was to be ended for has given way to an heir since, which
 * may need it. */
int slurm_heir_check_end(const struct action *a, const struct vm_request *request, struct err *e);

#endif
