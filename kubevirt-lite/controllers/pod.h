/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods of both kinds, launchers and attachments, and what they share. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_POD_H
#define KUBEVIRT_LITE_CONTROLLERS_POD_H

#include "kubevirt-lite/controllers/controller.h"

void pod_reconcile(struct controllers *c, const char *ns, const char *name);
/* The status of a pod whose one container runs; whether it is Ready is for the caller to say. */
void pod_running_set(struct controllers *c, struct json_object *copy, const char *container);

#endif
