/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user reads about a VM: one state, one sentence, times. Pure. */
#ifndef VMD_VM_VM_STATUS_H
#define VMD_VM_VM_STATUS_H

#include "vmd/vm/vm.h"

/* The order is the order of a life. */
enum vm_state {
	VM_STATE_UNKNOWN,      /* vmd has not seen the job yet */
	VM_STATE_PENDING,      /* the job has no node */
	VM_STATE_PROVISIONING, /* disks and VM object are being made, or the node prepares */
	VM_STATE_BOOTING,      /* the guest runs, not ready yet */
	VM_STATE_READY,        /* agent connected, LAN address known, RDP or ssh answers */
	VM_STATE_STOPPING,     /* the job ends: being removed */
	VM_STATE_STOPPED,      /* nothing left (but what was asked to be kept) */
	VM_STATE_FAILED        /* it cannot become ready; reason says why */
};

struct vm_status {
	enum vm_state state;
	char reason[VM_REASON_MAX + 1]; /* "" or what is being waited for, or what went wrong */
	char vm[VM_NAME_MAX + 1];
	char node[JOB_NODE_MAX + 1];
	char address[48];
	char user[JOB_USER_MAX];
	/* Wall clock when the state was first seen for this incarnation; 0 not yet. */
	int64_t since_s[VM_STATE_FAILED + 1];
	/* Its move to another node: how far ("queued"; "" none), where to, by which companion job
	 * (0: none yet), and a sentence. */
	char move[16];
	char move_node[JOB_NODE_MAX + 1];
	uint32_t move_job;
	char move_reason[VM_REASON_MAX + 1];
	int64_t move_since_s; /* the migration that goes on was begun then, wall clock; 0 none does
			       */
	/* What the guest has, as KubeVirt tells; 0 not known. It has been told to have more. */
	uint32_t guest_cpus;
	uint64_t guest_memory_bytes;
	bool growing;
	char pinned[VM_REASON_MAX + 1]; /* why it cannot move live; "" it can, or nobody knows */
	uint32_t crashes;  /* of this incarnation's guest, after which KubeVirt started it again */
	int64_t crashed_s; /* the last of them, wall clock; 0 none */
	int64_t kept_until_s; /* the root disk is kept till then, wall clock; 0 it is not */
	char attach_trouble[VM_REASON_MAX + 1]; /* a disk cannot be given to it, or taken; "" */
	bool node_clear; /* no VM object, VMI or launcher of this job is on a node: the epilog may
			    end */
};

const char *vm_state_name(enum vm_state s); /* "PENDING", ... */
int vm_state_parse(const char *name, enum vm_state *ret);

#endif
