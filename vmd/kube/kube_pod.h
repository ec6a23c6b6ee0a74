/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launcher pods: looked at only to remove them by force when their node is lost. Loop thread. */
#ifndef VMD_KUBE_KUBE_POD_H
#define VMD_KUBE_KUBE_POD_H

#include "vmd/base/json.h"
#include "vmd/kube/kube.h"
#include "vmd/kube/kube_http.h"

struct releases;

struct releases *releases_new(struct http *h, const char *name_space);
void releases_free(struct releases *rs); /* after http_free; done is not called */
DEFINE_AUTO(struct releases *, releases_free)
/* See kube_release_vm. */
int release_start(struct releases *rs, const char *vm, const char *job_key, const char *node,
		  kube_done_fn done, void *ctx, struct err *e);

#define POD_NAME_MAX 253
struct kube_pod {
	char name[POD_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char node[JOB_NODE_MAX + 1]; /* "" it has none yet */
};
/* ERR_INVALID: no pod. Pure. */
int kube_pod_decode(struct json_object *doc, struct kube_pod *ret, struct err *e);

#endif
