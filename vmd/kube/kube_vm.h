/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachine and VirtualMachineInstance as KubeVirt shows them -> struct vm_seen. Pure. */
#ifndef VMD_KUBE_KUBE_VM_H
#define VMD_KUBE_KUBE_VM_H

#include "vmd/base/json.h"
#include "vmd/kube/kube_hotplug.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/settings.h"
#include "vmd/vm/vm.h"

/* What a VirtualMachine object says. */
struct kube_vm {
	struct meta meta;
	char printable[40];                 /* status.printableStatus; "" on a very new VM */
	char run_strategy[24];              /* spec.runStrategy */
	char wanted_node[JOB_NODE_MAX + 1]; /* as in struct vm_moving, like those below */
	bool given_up;
	uint32_t turned_down[TURNED_DOWN_MAX];
	struct vm_size size;         /* wanted, and what it was made with */
	struct kube_volumes volumes; /* wanted */
	bool begun;                  /* KubeVirt has made a VMI of it at least once */
	bool start_wanted;           /* it will make one again (a start request is pending) */
	char reason[VM_REASON_MAX + 1];
};

enum vmi_phase { VMI_NONE, VMI_STARTING, VMI_RUNNING, VMI_LOST, VMI_SUCCEEDED, VMI_FAILED };

/* What a VirtualMachineInstance says. */
struct kube_vmi {
	struct meta meta;
	enum vmi_phase phase;
	char node[JOB_NODE_MAX + 1];
	bool agent;
	bool login_pending; /* as in struct vm_seen */
	char address[48];
	char reason[VM_REASON_MAX + 1];
	char given_node[JOB_NODE_MAX + 1];
	struct vm_size size;         /* given, and what the guest has */
	struct kube_volumes volumes; /* the same */
	bool evacuating;
	char blocked[VM_REASON_MAX + 1];
	char login_error[VM_REASON_MAX + 1]; /* why account and key are not set; "" not told */
	int64_t failed_s;                    /* when phase became Failed; 0 unknown */
	bool gone;                           /* deleted: kept until the VM says what comes next */
	/* Counted by the cache over the VMIs of one VM: see struct vm_seen. */
	uint32_t crashes;
	int64_t crashed_s;
	char crashed_uid[VM_UID_MAX + 1]; /* the last one counted */
};

/* Both: ERR_INVALID: no such object, or a field of another type. */
int kube_vm_decode(struct json_object *doc, struct kube_vm *ret, struct err *e);
/* Takes the address from the interface of a network of s, within that network's cidr. */
int kube_vmi_decode(struct json_object *doc, const struct settings *s, struct kube_vmi *ret,
		    struct err *e);
/* next follows old in the cache under one name: takes over its count, and counts next itself if it
 * has crashed. */
void kube_vmi_count(const struct kube_vmi *old, struct kube_vmi *next);
/* Joins them; one of the two may be NULL. trouble: what events say about the launcher; NULL or ""
 * none. It and the objects' own reasons are told while the guest does not run. */
void kube_vm_join(const struct kube_vm *vm, const struct kube_vmi *vmi, const char *trouble,
		  struct vm_seen *ret);
/* Is address (IPv4) within cidr? cidr "": any but loopback and link-local. */
bool address_within(const char *address, const char *cidr);

#endif
