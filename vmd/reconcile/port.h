/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core needs from outside. Filled in by vmd.c with the adapters, and by tests with a fake
 * world. Called on the loop thread; never blocks. */
#ifndef VMD_RECONCILE_PORT_H
#define VMD_RECONCILE_PORT_H

#include "vmd/reconcile/action.h"

struct action_port {
	void *self;
	/* Starts the action; its outcome is told later, once, by reconciler_done(ticket). -1: could
	 * not even start (queue full, not connected): the outcome is e, reconciler_done() is not
	 * called. Every action may be repeated: "exists already and is ours" and "is gone already"
	 * are success. */
	int (*apply)(void *self, const struct action *a, uint64_t ticket, struct err *e);
};

#endif
