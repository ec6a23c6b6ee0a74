/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches a VM on its move, told on stderr, until it has what was asked for, or stays. A move goes
 * on without vmctl: what ends here by a signal or a time-out is the watching. */
#ifndef VMD_VMCTL_MOVE_WATCH_H
#define VMD_VMCTL_MOVE_WATCH_H

#include "vmd/vmctl/vmctl.h"

struct move_watch {
	/* The exit code, or -1: not there yet. phase: of the move, "" none; never "blocked". early:
	 * vmd may not have taken the order in. */
	int (*verdict)(const void *ctx, struct json_object *vm, const char *phase, bool early);
	void (*print)(struct json_object *vm); /* on EXIT_DONE, unless as JSON */
	const char *goes_on;                   /* said when the time is up, and on Ctrl-C */
	const void *ctx;
};

/* The exit code. */
int move_watch(struct vmctl *v, uint32_t job, const struct move_watch *w);

#endif
