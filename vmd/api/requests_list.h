/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that wait for a look at Slurm. Loop thread. */
#ifndef VMD_API_REQUESTS_LIST_H
#define VMD_API_REQUESTS_LIST_H

#include "vmd/api/requests_ask.h"

/* Answers those whose list of jobs has come, or does not come. */
void lists_look(struct requests *q);
int64_t lists_due_us(const struct requests *q); /* INT64_MAX: nobody waits */

#endif
