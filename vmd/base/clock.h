/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time from the kernel. Only mains and adapters ask; the core gets time as an argument. */
#ifndef VMD_BASE_CLOCK_H
#define VMD_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void); /* CLOCK_MONOTONIC, microseconds */
int64_t clock_wall_s(void);  /* CLOCK_REALTIME, seconds since 1970 */

#define SEC_US  INT64_C(1000000)
#define MSEC_US INT64_C(1000)

#endif
