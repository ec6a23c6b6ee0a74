/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of the settings. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_NODE_H
#define KUBEVIRT_LITE_CONTROLLERS_NODE_H

#include "kubevirt-lite/controllers/controller.h"

void node_reconcile(struct controllers *c, const char *ns, const char *name);
int nodes_start(struct controllers *c, struct err *e); /* makes them; ERR_RETRY */

#endif
