/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that come and go while a guest runs, as KubeVirt shows them and wants them asked for.
 * Pure.
 *
 * addvolume and removevolume on a VirtualMachine change its template; KubeVirt takes that over into
 * the VMI's spec, brings the volume to the node, and tells how far it is in status.volumeStatus,
 * whose entry goes last (recorded: vmi-hotplugged-volume.http). A claim that is missing is accepted
 * all the same: only the phase Ready says that the guest has the disk. */
#ifndef VMD_KUBE_KUBE_HOTPLUG_H
#define VMD_KUBE_KUBE_HOTPLUG_H

#include "vmd/base/json.h"
#include "vmd/vm/vm.h"

struct kube_volumes {
	size_t n;
	struct vm_volume at[VM_VOLUME_MAX];
};

/* Of a VirtualMachine: what its template has. */
void hotplug_wanted_read(struct json_object *vm, struct kube_volumes *ret);
/* Of a VirtualMachineInstance: what it has in its spec or its status. */
void hotplug_given_read(struct json_object *vmi, struct kube_volumes *ret);
/* Either may be NULL. */
void hotplug_join(const struct kube_volumes *wanted, const struct kube_volumes *given,
		  struct vm_seen *ret);

/* Bodies of addvolume and removevolume; the caller puts them. */
struct json_object *hotplug_encode_add(const struct vm_disk_spec *d);
struct json_object *hotplug_encode_remove(const char *volume);

#endif
