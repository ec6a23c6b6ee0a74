/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A munged of the test's own: own directory, socket and key. */
#ifndef TESTS_UNIT_PRIVATE_MUNGE_H
#define TESTS_UNIT_PRIVATE_MUNGE_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>

struct private_munge {
	char dir[64];
	char socket[108];
	pid_t pid;
	char why[160]; /* it does not run because */
};

extern struct private_munge munge; /* runs as long as private_munge_main() does */

/* As CHECK_MAIN, with munge; where there is no munged the program says so and is skipped. */
#define PRIVATE_MUNGE_MAIN(...) private_munge_main((TCase *const[]){__VA_ARGS__, NULL})
int private_munge_main(TCase *const *cases);

#endif
