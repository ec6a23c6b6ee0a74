/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs and questions on the path of an object: /start, /pause, /vnc ... */
#ifndef KUBEVIRT_LITE_CONTROLLERS_SUBRESOURCES_H
#define KUBEVIRT_LITE_CONTROLLERS_SUBRESOURCES_H

#include "kubevirt-lite/controllers/controller.h"

void subresources_fill(struct controllers *c); /* c->hooks */
/* What a call is about (borrowed); NULL: there is none, and the call is answered so. */
struct json_object *vm_or_refuse(struct controllers *c, struct subresource_call *call);
struct json_object *vmi_or_refuse(struct controllers *c, struct subresource_call *call);

#endif
