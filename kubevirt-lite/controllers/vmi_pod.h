/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launcher pods of a VMI. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VMI_POD_H
#define KUBEVIRT_LITE_CONTROLLERS_VMI_POD_H

#include "kubevirt-lite/controllers/controller.h"

/* The one it runs in (borrowed); NULL: none. */
struct json_object *vmi_pod(struct controllers *c, struct json_object *vmi);
/* All of them; the caller puts the list. */
struct json_object *vmi_pods(struct controllers *c, struct json_object *vmi);
/* The guest of the one it runs in (borrowed); NULL: none, or its node does not answer. */
struct guest *vmi_guest(struct controllers *c, struct json_object *vmi);
/* Makes one; migration: NULL or the VMIM it is the target of. ret_pod (may be NULL): borrowed.
 * Errors are the store's. */
int vmi_pod_create(struct controllers *c, struct json_object *vmi, struct json_object *migration,
		   struct json_object **ret_pod, struct err *e);

#endif
