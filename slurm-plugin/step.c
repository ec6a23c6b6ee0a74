/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holds step.h against the Slurm this is built for; no code. */
#include "slurm-plugin/step.h"

#include <slurm/slurm.h>
#include <stdint.h>

_Static_assert(STEP_BATCH_SCRIPT == SLURM_BATCH_SCRIPT, "Slurm numbers its batch step otherwise");
