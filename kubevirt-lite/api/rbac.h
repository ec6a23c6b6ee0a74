/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Role and RoleBinding objects grant, and those of the whole cluster, beside the rules of the
 * settings. Only ever allows. */
#ifndef KUBEVIRT_LITE_RBAC_H
#define KUBEVIRT_LITE_RBAC_H

#include "kubevirt-lite/api/auth.h"
#include "kubevirt-lite/store/store.h"

struct api_call;

bool rbac_allows(struct store *s, const struct identity *who, const struct access *what);
/* Nobody gives away by a role or a binding what they do not have. Other objects pass. Fills
 * c->status on -1. */
int rbac_grant(struct api_call *c, struct json_object *object);

#endif
