/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What its guest says of itself, in a VMI. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VMI_STATUS_H
#define KUBEVIRT_LITE_CONTROLLERS_VMI_STATUS_H

#include "kubevirt-lite/guest/guest.h"

#include <json-c/json.h>

void vmi_status_fill(struct json_object *copy, const struct guest_seen *seen);

#endif
