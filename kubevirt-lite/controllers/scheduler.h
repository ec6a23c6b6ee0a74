/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a pod goes. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_SCHEDULER_H
#define KUBEVIRT_LITE_CONTROLLERS_SCHEDULER_H

#include "kubevirt-lite/controllers/controller.h"

/* ret: borrowed from the settings. ERR_RETRY with the scheduler's message: no node fits. */
int schedule(struct controllers *c, struct json_object *pod, const struct node_settings **ret,
	     struct err *e);

#endif
