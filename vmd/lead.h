/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leading, and handing over: when this vmd acts, what a new leader has to read first, how one that
 * is told to end lets go. For daemon.c, apply.c, answer.c, vmd.c. Loop thread. */
#ifndef VMD_LEAD_H
#define VMD_LEAD_H

#include "vmd/daemon.h"

/* Begins to want the Lease. The cluster's name is known, kube and disks are there. */
int lead_start(struct daemon *d, struct err *e);
/* Does this vmd hold the Lease, and is what it knows of jobs younger than that? */
bool lead_acts(const struct daemon *d);
/* What was listed before this vmd led says nothing: another one has changed it since. */
void lead_doubt(const struct daemon *d, struct observed *seen);
/* Another vmd leads; *ret_host says where. */
bool lead_is_others(const struct daemon *d, char *ret_host, size_t size);
/* Whoever it is; "" nobody. */
void lead_host(const struct daemon *d, char *ret_host, size_t size);
/* Acts no more, waits a moment for what is under way, lets the Lease go, ends the loop. */
void lead_leave(struct daemon *d);
/* An action has ended: was it the last? */
void lead_drained(struct daemon *d);

#endif
