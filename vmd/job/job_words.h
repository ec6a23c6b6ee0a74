/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of several machines in one record: each key ends in its machine's rank, as in
 * "state0=ready node0=worker1node ... state1=booting node1=worker2node ...". Pure. */
#ifndef VMD_JOB_JOB_WORDS_H
#define VMD_JOB_JOB_WORDS_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* old: len bytes of what stands in the braces now. The words of other machines in it stay, this
 * one's become those of status (" key=value ...", without a rank). ret as job_spec_place() wants
 * it. ERR_INVALID: it does not fit, or old is no words. */
int job_words_merge(const char *old, size_t len, uint32_t rank, const char *status, char *ret,
		    size_t size, struct err *e);

#endif
