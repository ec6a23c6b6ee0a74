/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that are no claims. Served are none yet but as what they are refused for: the text tells
 * the user which volume it is. */
#include "kubevirt-lite/controllers/media.h"

int media_make(struct controllers *c, struct json_object *vmi, struct json_object *volume,
	       struct machine_source *ret, struct err *e)
{
	(void)c, (void)vmi, (void)ret;
	return err_set(e, ERR_INVALID, "volume %s: only persistentVolumeClaim works here",
		       json_str_at(volume, "name"));
}
