/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command in the guest by ssh, with a file as its input and its output somewhere. */
#ifndef VMD_VMRUN_REMOTE_H
#define VMD_VMRUN_REMOTE_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct login;

#define REMOTE_FAILED 255 /* ssh's own: it could not reach the guest, or the connection broke */

/* input: -1: none. take (may be NULL) gets the command's output as it comes, and nothing (len 0)
 * when a signal was caught; -1: end it now. What ssh says is stderr's. *ret_code: the command's,
 * REMOTE_FAILED, or 128 + a signal. ERR_CONFLICT: ssh cannot be started. */
typedef int (*remote_take_fn)(void *ctx, const char *data, size_t len);
int remote_run(const struct login *l, const char *command, int input, remote_take_fn take,
	       void *ctx, int *ret_code, struct err *e);

#endif
