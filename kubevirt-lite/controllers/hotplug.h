/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that come and go while a VM runs, as KubeVirt does it with its feature
 * DeclarativeHotplugVolumes: addvolume and removevolume change the VM's template (hotplug_call.c),
 * what is hotpluggable there goes into its VMI's spec (hotplug_update.c), a pod of its own brings
 * the volumes to the node of the launcher (attachment.c), and the guest gets the disks (hotplug.c).
 * How far each volume is, status.volumeStatus of the VMI tells (volume_status.c). */
#ifndef KUBEVIRT_LITE_CONTROLLERS_HOTPLUG_H
#define KUBEVIRT_LITE_CONTROLLERS_HOTPLUG_H

#include "kubevirt-lite/controllers/controller.h"

/* status.volumeStatus[].phase */
#define PHASE_PENDING   "Pending"
#define PHASE_BOUND     "Bound"
#define PHASE_ATTACHED  "AttachedToNode"
#define PHASE_MOUNTED   "MountedToPod"
#define PHASE_READY     "Ready"
#define PHASE_UNMOUNTED "UnMountedFromPod"
#define PHASE_DETACHING "Detaching"

bool volume_is_hotplug(struct json_object *volume);
/* The element of that name of a list of volumes, disks or statuses (borrowed); NULL. */
struct json_object *named(struct json_object *list, const char *name);
/* A migration has taken over: until it is over its guest keeps the disks that it has. */
bool vmi_is_moving(struct json_object *vmi);

/* --- hotplug_call.c: subresources; ctx is struct controllers --- */
void hotplug_vm_add(void *ctx, struct subresource_call *call);
void hotplug_vm_remove(void *ctx, struct subresource_call *call);
void hotplug_vmi_add(void *ctx, struct subresource_call *call);
void hotplug_vmi_remove(void *ctx, struct subresource_call *call);

/* --- hotplug_update.c --- */
/* What is hotpluggable in the VM's template into its VMI's spec: into *new_vmi, a copy that is made
 * if it is NULL. vm is a copy, which is told what cannot be. */
void hotplug_update(struct json_object *vm, struct json_object *vmi, struct json_object **new_vmi);

/* --- hotplug.c --- */
/* One look at a VMI that is Scheduled or Running; copy: of vmi, for its status. g: its guest; NULL:
 * it has none, or none that is known. */
void hotplug_step(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		  struct json_object *pod, struct guest *g);
/* The guest of a launcher pod is over: what was brought for it goes. */
void hotplug_end(struct controllers *c, struct json_object *pod);
/* Whether all that its guest is to start with is there. */
bool hotplug_is_mounted(struct json_object *vmi);
/* Whether its guest has just the disks that the VMI says, and gets and loses none: then a migration
 * may take over. */
bool hotplug_is_settled(struct json_object *vmi, struct guest *g);
/* The volumes that its guest has by hotplug (of its spec); the caller puts the list. */
struct json_object *hotplug_attached(struct json_object *vmi);

#endif
