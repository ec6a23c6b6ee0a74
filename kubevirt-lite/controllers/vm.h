/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachines. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VM_H
#define KUBEVIRT_LITE_CONTROLLERS_VM_H

#include "kubevirt-lite/controllers/controller.h"

#define VM_FINALIZER "kubevirt.io/virtualMachineControllerFinalize"

void vm_reconcile(struct controllers *c, const char *ns, const char *name);

#endif
