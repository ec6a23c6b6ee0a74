/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstanceMigrations. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_MIGRATION_H
#define KUBEVIRT_LITE_CONTROLLERS_MIGRATION_H

#include "kubevirt-lite/controllers/controller.h"

void migration_reconcile(struct controllers *c, const char *ns, const char *name);
/* The one of a VMI that is not over (borrowed); NULL. */
struct json_object *migration_running(struct controllers *c, struct json_object *vmi);
/* added_selector: NULL or labels of the nodes that it may go to (borrowed). Errors are the store's.
 */
int migration_create(struct controllers *c, struct json_object *vmi, const char *prefix,
		     struct json_object *added_selector, struct err *e);

#endif
