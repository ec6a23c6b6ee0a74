/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes' quantities: "4Gi", "512M", "1.5", "1e3", "100m". Pure. */
#ifndef VMD_BASE_QUANTITY_H
#define VMD_BASE_QUANTITY_H

#include "vmd/base/err.h"

#include <stdint.h>

/* In whole units (bytes, CPUs), rounded up; exact, as long as it is no more than INT64_MAX. No
 * sign: what is measured here is never negative. ERR_INVALID: no quantity, or too much. */
int quantity_read(const char *text, uint64_t *ret, struct err *e);
/* The same in thousandths: of CPUs. */
int quantity_read_milli(const char *text, uint64_t *ret, struct err *e);

#endif
