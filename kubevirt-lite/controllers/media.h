/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small read-only media made from Secrets and ConfigMaps: a CD with their keys as files. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_MEDIA_H
#define KUBEVIRT_LITE_CONTROLLERS_MEDIA_H

#include "kubevirt-lite/controllers/controller.h"

/* Makes the medium of a volume (sysprep, secret, configMap) in run_dir/media-VMI-UID; a volume of
 * another kind is ERR_INVALID. ERR_RETRY: its Secret or ConfigMap is not there. */
int media_make(struct controllers *c, struct json_object *vmi, struct json_object *volume,
	       struct machine_source *ret, struct err *e);
/* When the VMI is gone. */
void media_forget(struct controllers *c, struct json_object *vmi);

#endif
