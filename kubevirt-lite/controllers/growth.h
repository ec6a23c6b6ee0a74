/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More CPUs and memory for a VM that runs. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_GROWTH_H
#define KUBEVIRT_LITE_CONTROLLERS_GROWTH_H

#include "kubevirt-lite/controllers/controller.h"

/* What the VM's template asks for into its VMI: into *new_vmi, a copy that is made if it is NULL.
 * vm is a copy, which is told what needs a restart. */
void growth_update(struct controllers *c, struct json_object *vm, struct json_object *vmi,
		   struct json_object **new_vmi);
/* A running VMI's spec to its guest in pod; copy: of vmi, for what is said about it. */
void growth_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		  struct json_object *pod, struct guest *g);

#endif
