/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far each volume of a VMI is on its way to the guest. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VOLUME_STATUS_H
#define KUBEVIRT_LITE_CONTROLLERS_VOLUME_STATUS_H

#include "kubevirt-lite/controllers/controller.h"

/* status.volumeStatus into copy. pods: the attachment pods of its launcher. g NULL: no guest. */
void volume_status_fill(struct controllers *c, struct json_object *copy, struct json_object *pods,
			struct guest *g);

#endif
