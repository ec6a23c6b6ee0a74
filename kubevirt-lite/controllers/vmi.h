/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstances. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VMI_H
#define KUBEVIRT_LITE_CONTROLLERS_VMI_H

#include "kubevirt-lite/controllers/controller.h"

#define VMI_FINALIZER "kubevirt.io/foregroundDeleteVirtualMachine"

void vmi_reconcile(struct controllers *c, const char *ns, const char *name);
/* Why it cannot be migrated: reason and message, constants; false: it can. */
bool vmi_is_pinned(struct controllers *c, struct json_object *vmi, const char **ret_reason,
		   const char **ret_message);
/* How long its guest has to shut down. */
int64_t vmi_grace_s(struct json_object *vmi);

#endif
