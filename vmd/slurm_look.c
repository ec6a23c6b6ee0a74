/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See slurm_look.h. Each look is paid with two seconds, and nine more may be owed for. */
#include "vmd/slurm_look.h"

#include "vmd/base/clock.h"

#define PRICE_US (2 * SEC_US)
#define LOOKS    10

bool slurm_look_take(struct slurm_look *l, int64_t now_us)
{
	int64_t from_us = l->paid_until_us > now_us ? l->paid_until_us : now_us;

	if (from_us - now_us > (LOOKS - 1) * PRICE_US)
		return false;
	l->paid_until_us = from_us + PRICE_US;
	return true;
}
