/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launcher pods: looked at only to remove them by force when their node is lost. Loop thread. */
#ifndef VMD_KUBE_KUBE_POD_H
#define VMD_KUBE_KUBE_POD_H

#include "vmd/base/json.h"
#include "vmd/kube/kube.h"
#include "vmd/kube/kube_http.h"

struct pod_deletions;

struct pod_deletions *pod_deletions_new(struct http *h, const char *name_space);
void pod_deletions_free(struct pod_deletions *all); /* after http_free; done is not called */
DEFINE_AUTO(struct pod_deletions *, pod_deletions_free)
/* See kube_force_delete_pod. */
int pod_deletion_start(struct pod_deletions *all, const char *vm, const char *job_key,
		       const char *node, kube_done_fn done, void *ctx, struct err *e);

#define POD_NAME_MAX 253
struct kube_pod {
	char name[POD_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char node[JOB_NODE_MAX + 1]; /* "" it has none yet */
};
/* ERR_INVALID: no pod. Pure. */
int kube_pod_decode(struct json_object *doc, struct kube_pod *ret, struct err *e);

#endif
