/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vmd for vmctl to ask: the real server and its requests, and behind them jobs, disks and images
 * of alice and bob, made up, whose states go on with each look. */
#ifndef TESTS_UNIT_VMCTL_WORLD_H
#define TESTS_UNIT_VMCTL_WORLD_H

#include "vmd/reconcile/action.h"

#define VMCTL_NONCE "9f3c12ab45de6701" /* each job's */

/* What the server answers from, on a thread of its own: a test changes it between two requests. */
extern struct desired vmctl_desired;
extern struct plan vmctl_plan;

/* The port on 127.0.0.1 where it serves then. alice: the uid that owns her jobs. munge_socket is
 * borrowed. What goes wrong ends the test. */
uint16_t vmctl_world_start(const char *munge_socket, uint32_t alice);
void vmctl_world_stop(void);

#endif
