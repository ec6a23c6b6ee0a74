/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until when this vmd may act, for whoever sends something: the loop writes it, worker threads read
 * it too, hence atomic. To be asked right before each request that changes the world. */
#ifndef VMD_LEASE_LEASE_GATE_H
#define VMD_LEASE_LEASE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lease_gate {
	_Atomic int64_t until_us; /* monotonic; 0: shut */
};

/* NULL: no gate, always open (tests of adapters). */
static inline bool lease_gate_open(const struct lease_gate *g, int64_t now_us)
{
	return !g || now_us < atomic_load(&g->until_us);
}

#define LEASE_GATE_SHUT "this vmd does not lead any more"

#endif
