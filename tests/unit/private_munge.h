/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A munged of the test's own: own directory, socket and key. */
#ifndef TESTS_UNIT_PRIVATE_MUNGE_H
#define TESTS_UNIT_PRIVATE_MUNGE_H

#include <stdbool.h>
#include <sys/types.h>

struct private_munge {
	char dir[64];
	char socket[108];
	pid_t pid;
	char why[160]; /* it does not run because */
};

/* Waits until it answers. false: see why (munged is not installed, ...). */
bool private_munge_start(struct private_munge *m);
void private_munge_stop(struct private_munge *m);

#endif
