/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent of a simulated guest, which nobody has to ask. */
#ifndef KUBEVIRT_LITE_SIMULATED_AGENT_H
#define KUBEVIRT_LITE_SIMULATED_AGENT_H

#include "kubevirt-lite/guest/guest.h"

struct simulated_nic {
	char mac[18];
};

/* Fills in os, host_name and interfaces, which must be NULL; seen owns them. */
void simulated_agent_tell(struct guest_seen *seen, size_t n_nics, const struct simulated_nic *nic);

#endif
