/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's disk as Kubernetes sees it: PV and PVC on an RBD image that is there already. Pure. */
#ifndef VMD_KUBE_KUBE_VOLUME_H
#define VMD_KUBE_KUBE_VOLUME_H

#include "vmd/base/json.h"
#include "vmd/disk/disk.h"
#include "vmd/settings.h"

/* The caller puts both. Of a size that is not known they ask for 1 GiB. */
struct json_object *volume_encode_pv(const struct settings *s, const struct disk_spec *d);
struct json_object *volume_encode_pvc(const struct settings *s, const struct disk_spec *d);
/* A PV, a PVC, or an object of which only the metadata was asked for (then bound is false).
 * ERR_INVALID: none of these. */
int volume_decode(struct json_object *doc, struct volume_seen *ret, struct err *e);

#endif
