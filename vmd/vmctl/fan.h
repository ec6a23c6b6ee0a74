/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command in several guests of a job at a time: each line that one of them prints is told with
 * its rank in front, as "2: text". */
#ifndef VMD_VMCTL_FAN_H
#define VMD_VMCTL_FAN_H

#include "vmd/vmctl/login.h"

/* Whose logins: a bit for each rank. 0 (nothing changed): text is no list of ranks like "0-2,5". */
uint32_t fan_ranks(const char *text);
/* Runs the logins' command lines, side by side, with nothing on their stdin. *ret_code: that of the
 * one that did worst. What one of them begins and does not end with a newline is a line, too. */
int fan_run(struct login *const *l, const uint32_t *rank, size_t n, int *ret_code, struct err *e);

#endif
