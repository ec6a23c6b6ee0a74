/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server fills in before it checks: phases, modes, encoded secrets. */
#ifndef KUBEVIRT_LITE_DEFAULTS_H
#define KUBEVIRT_LITE_DEFAULTS_H

#include "kubevirt-lite/admission/status.h"

/* object: a private copy. -1: it cannot be completed (400), *ret_status is set. */
int defaults_fill(const struct kind *k, struct json_object *object, bool is_new,
		  struct json_object **ret_status);

#endif
