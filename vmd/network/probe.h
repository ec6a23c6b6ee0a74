/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a guest answer on the LAN? The last of the three signs that make a VM READY: ssh's banner
 * (linux profile) or RDP's connection confirm (windows profile). Runs in the event loop; never
 * blocks. */
#ifndef VMD_NETWORK_PROBE_H
#define VMD_NETWORK_PROBE_H

#include "vmd/vm/vm.h"

struct sd_event;
struct prober;

struct prober_settings {
	uint16_t ssh_port;                           /* 22 */
	uint16_t rdp_port;                           /* 3389 */
	int64_t interval_us;                         /* between two attempts; 300 ms */
	int64_t timeout_us;                          /* of one attempt; 3 s */
	void (*answered)(void *ctx, const char *vm); /* a guest has answered: run a round */
	void *ctx;
};

/* Borrows loop, copies s. answered() is called from the loop, never from within prober_ask(). */
struct prober *prober_new(struct sd_event *loop, const struct prober_settings *s);
void prober_free(struct prober *p); /* what is under way is given up */
DEFINE_AUTO(struct prober *, prober_free)

/* Has this guest answered? Asked in every round for each guest that runs and has an address; the
 * first time, attempts begin, and go on until it answers. What has answered once counts as
 * reachable until its node or address changes, so that a busy guest does not lose READY. An address
 * that is none is never reachable. */
bool prober_ask(struct prober *p, const char *vm, const char *node, const char *address,
		enum vm_profile profile);
/* 1: so begins the answer of a service that is up; 0: too short to tell; -1: of something else. */
int probe_judge(enum vm_profile profile, const unsigned char *answer, size_t len);
/* At the end of a round: forgets guests that were not asked for since the last call. */
void prober_sweep(struct prober *p);

#endif
