/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the states a user reads. Pure. */
#include "vmd/vm/vm_status.h"

#include "vmd/base/str.h"

const char *vm_state_name(enum vm_state s)
{
	switch (s) {
	case VM_STATE_UNKNOWN: return "UNKNOWN";
	case VM_STATE_PENDING: return "PENDING";
	case VM_STATE_PROVISIONING: return "PROVISIONING";
	case VM_STATE_BOOTING: return "BOOTING";
	case VM_STATE_READY: return "READY";
	case VM_STATE_STOPPING: return "STOPPING";
	case VM_STATE_STOPPED: return "STOPPED";
	case VM_STATE_FAILED: return "FAILED";
	}
	return "?"; /* a number that is no vm_state */
}

int vm_state_parse(const char *name, enum vm_state *ret)
{
	for (int s = VM_STATE_UNKNOWN; s <= VM_STATE_FAILED; s++)
		if (str_eq(vm_state_name((enum vm_state)s), name)) {
			*ret = (enum vm_state)s;
			return 0;
		}
	return -1;
}
