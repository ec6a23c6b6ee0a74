/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small read-only media made from objects: sysprep answer files and cloud-init data on a CD. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_MEDIA_H
#define KUBEVIRT_LITE_CONTROLLERS_MEDIA_H

#include "kubevirt-lite/controllers/controller.h"

/* Makes the medium of a volume in run_dir/media. ERR_RETRY: its Secret or ConfigMap is not there;
 * ERR_INVALID: a kind of volume that is not served. */
int media_make(struct controllers *c, struct json_object *vmi, struct json_object *volume,
	       struct machine_source *ret, struct err *e);

#endif
