/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A right to one VM's screen, console and ports, for its owner: a ServiceAccount, a Role that names
 * the VM, a RoleBinding, and a token that is short-lived. All three are named like the VM and owned
 * by it (ownerReferences): Kubernetes' garbage collector removes them with it, and the token is
 * worth nothing from then on. Loop thread. */
#ifndef VMD_KUBE_KUBE_ACCESS_H
#define VMD_KUBE_KUBE_ACCESS_H

#include "vmd/base/json.h"
#include "vmd/kube/kube.h"
#include "vmd/kube/kube_http.h"

#define ACCESS_LIFE_S 3600

struct accesses;

struct accesses *accesses_new(struct http *h, const struct settings *s); /* both borrowed */
void accesses_free(struct accesses *as); /* before http_free; done is not called */
DEFINE_AUTO(struct accesses *, accesses_free)
void accesses_settings(struct accesses *as, const struct settings *s); /* newer ones */
/* -1: not started, done is not called. */
int access_open(struct accesses *as, const struct kube_access *what, kube_access_fn done, void *ctx,
		struct err *e);

/* The documents, in the order they are made. Pure; the caller puts it. */
enum access_part { ACCESS_ACCOUNT, ACCESS_ROLE, ACCESS_BINDING, ACCESS_TOKEN };
struct json_object *access_encode(const struct settings *s, const struct kube_access *what,
				  enum access_part p);
/* The answer to ACCESS_TOKEN. token is wiped by the caller. ERR_INVALID. */
int access_decode(const char *body, size_t len, char *token, size_t size, int64_t *ret_until_s,
		  struct err *e);

#endif
