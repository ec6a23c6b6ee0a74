/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the site's program (ready_hook) that a VM is READY. Loop thread. */
#ifndef VMD_READY_H
#define VMD_READY_H

#include "vmd/daemon.h"

/* a: ACT_TELL_READY. done and errors as of hook_run(). */
int ready_tell(struct daemon *d, const struct action *a, hook_done_fn done, void *ctx,
	       struct err *e);

#endif
