/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of PATH, run as the user who called us. No shell is between. */
#ifndef VMD_VMCTL_CHILD_H
#define VMD_VMCTL_CHILD_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <sys/types.h>

#define CHILD_SHARES  (-1) /* it has ours */
#define CHILD_NOTHING (-2) /* /dev/null */

/* Its stdin, stdout and stderr: descriptors of ours (borrowed), or one of those. */
struct child_files {
	int in, out, err;
};

/* argv ends with NULL. Signals that we catch are its own again; what we ignore it ignores. The
 * caller asks for its exit code once. ERR_CONFLICT: it cannot be run. */
int child_start(char *const *argv, const struct child_files *files, pid_t *ret, struct err *e);
/* Waits for its end: its exit code, or 128 + the signal. */
int child_code(pid_t pid);
/* Both, with nothing to read and our stderr. ret_buf: what it prints, cut to fit. */
int child_run(char *const *argv, char *ret_buf, size_t size, int *ret_code, struct err *e);

#endif
