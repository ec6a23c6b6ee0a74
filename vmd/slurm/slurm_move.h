/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a move that are Slurm's; see DESIGN.md, "The move". Each looks at the record first
 * and does nothing when it is done already, so that it may be repeated. Worker thread; blocks. */
#ifndef VMD_SLURM_SLURM_MOVE_H
#define VMD_SLURM_SLURM_MOVE_H

#include "vmd/reconcile/port.h"

/* One of ACT_ALLOCATE, ACT_END_COMPANION, ACT_REQUEUE_JOB, ACT_AIM_JOB, ACT_RESERVE,
 * ACT_END_RESERVATION, ACT_BEQUEATH, ACT_GIVE_WAY. nonce: of a->job_id's request ("": not known any
 * more, and not needed to end a companion or a reservation). now_s: wall clock. */
int slurm_move_apply(const struct action *a, const char *nonce, int64_t now_s, struct err *e);

#endif
