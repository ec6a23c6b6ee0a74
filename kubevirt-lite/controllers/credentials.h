/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and passwords out of Secrets (accessCredentials) for a guest that runs. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_CREDENTIALS_H
#define KUBEVIRT_LITE_CONTROLLERS_CREDENTIALS_H

#include "kubevirt-lite/controllers/controller.h"

/* Gives them to the guest, and tells in copy what came of it. */
void credentials_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		       struct guest *g);

#endif
