/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of single objects that may be repeated: "there already, and ours" and "gone already" are
 * success. Loop thread only. */
#ifndef VMD_KUBE_KUBE_REQUEST_H
#define VMD_KUBE_KUBE_REQUEST_H

#include "vmd/base/json.h"
#include "vmd/kube/kube.h"
#include "vmd/kube/kube_http.h"

struct requests;

/* name_space: of all objects but PVs. */
struct requests *requests_new(struct http *h, const char *name_space);
void requests_free(struct requests *rs); /* before http_free; done is not called */
DEFINE_AUTO(struct requests *, requests_free)

/* Takes over doc, and wipes its text after use. Where doc names an owner, another owner's object of
 * that name is removed, and the outcome is ERR_RETRY. */
int request_create(struct requests *rs, enum kube_object what, struct json_object *doc,
		   kube_done_fn done, void *ctx, struct err *e);
/* A merge patch. Takes over doc. */
int request_patch(struct requests *rs, enum kube_object what, const char *name,
		  struct json_object *doc, kube_done_fn done, void *ctx, struct err *e);
/* PUT on a VMI's subresource evacuate/cancel. */
int request_keep(struct requests *rs, const char *vmi, kube_done_fn done, void *ctx, struct err *e);
/* PUT on a VM's subresource: "addvolume". Takes over doc. */
int request_vm_call(struct requests *rs, const char *vm, const char *call, struct json_object *doc,
		    kube_done_fn done, void *ctx, struct err *e);
int request_delete(struct requests *rs, enum kube_object what, const char *name, const char *uid,
		   const char *version, kube_done_fn done, void *ctx, struct err *e);

/* POST with a document that holds secrets: its text is wiped. */
int request_post(struct http *h, const char *path, struct json_object *doc, http_done_fn done,
		 void *ctx, struct err *e);
/* "/api/v1/namespaces/NS/secrets" */
int request_path(const char *name_space, enum kube_object what, char *buf, size_t size);

#endif
