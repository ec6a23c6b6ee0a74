/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PersistentVolumes, their claims, and where the disks of a VMI are. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_VOLUME_H
#define KUBEVIRT_LITE_CONTROLLERS_VOLUME_H

#include "kubevirt-lite/controllers/controller.h"

void pv_reconcile(struct controllers *c, const char *ns, const char *name);
void pvc_reconcile(struct controllers *c, const char *ns, const char *name);

/* Fills in source of each disk. ERR_RETRY: not yet there, with kubelet's words. */
int volumes_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		    struct err *e);
/* The same for one claim. */
int claim_source(struct controllers *c, const char *ns, const char *claim, struct machine_source *s,
		 struct err *e);

/* The claim of a volume of a VMI's spec (borrowed from it); NULL: it is none. */
const char *volume_claim(struct json_object *volume);
/* The next three are about what a launcher pod needs: not what is hotpluggable. */
/* The first PersistentVolumeClaim that does not exist; NULL: all do. */
const char *volume_missing(struct controllers *c, struct json_object *vmi);
bool volumes_are_bound(struct controllers *c, struct json_object *vmi);
/* The claim of one that is being deleted: no new pod may use it. NULL: none. */
const char *volume_deleting(struct controllers *c, struct json_object *vmi);

#endif
