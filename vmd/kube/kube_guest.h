/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the users of a guest something: a program is run in it by its agent. KubeVirt's API has no
 * call for that, but its launcher's pod has virt-probe, by which KubeVirt's own probes run commands
 * in a guest (cmd/virt-probe): so it is pods/exec, by websocket. That waits, and so it does on a
 * worker; the rest on the loop thread. */
#ifndef VMD_KUBE_KUBE_GUEST_H
#define VMD_KUBE_KUBE_GUEST_H

#include "vmd/kube/kube.h"
#include "vmd/kube/kube_http.h"

struct kube_guest;

/* Borrows s and h. */
int kube_guest_new(struct sd_event *loop, const struct settings *s, struct http *h,
		   struct kube_guest **ret, struct err *e);
void kube_guest_free(struct kube_guest *g); /* after http_free; done is not called */

/* text: visible ASCII and spaces. done: the program has ended well, or why not: ERR_ABSENT, no pod
 * of that VM runs. */
int kube_guest_tell(struct kube_guest *g, const char *vm, enum vm_profile profile, const char *text,
		    kube_done_fn done, void *ctx, struct err *e);

/* Pure, for tests: the path of the exec; and what the stream of channel messages said in the end.
 * ERR_RETRY: it said nothing, ERR_CONFLICT: the program failed, with Kubernetes' text. */
int kube_guest_path(const char *name_space, const char *pod, const char *vm,
		    enum vm_profile profile, const char *text, char *buf, size_t size);
int kube_guest_outcome(const char *data, size_t len, struct err *e);

#endif
