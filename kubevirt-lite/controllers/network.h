/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkAttachmentDefinitions. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_NETWORK_H
#define KUBEVIRT_LITE_CONTROLLERS_NETWORK_H

#include "kubevirt-lite/controllers/controller.h"

/* Fills in bridge of each interface. ERR_RETRY: a definition is missing. */
int networks_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		     struct err *e);

#endif
