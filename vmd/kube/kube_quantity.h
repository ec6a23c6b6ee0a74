/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes' quantities, as far as sizes of VMs need them. Pure. */
#ifndef VMD_KUBE_KUBE_QUANTITY_H
#define VMD_KUBE_KUBE_QUANTITY_H

#include <stdint.h>

/* "4Gi", "1300Mi", "2097152Ki", "512M", "1289748480": bytes. -1 (nothing changed): not a whole
 * number with such a suffix, or more than INT64_MAX. The API server writes no fractions of bytes,
 * and turns other fractions into whole numbers of a smaller unit. */
int quantity_read(const char *text, uint64_t *ret);

#endif
