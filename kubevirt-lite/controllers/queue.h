/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which objects are to be looked at, and when. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_QUEUE_H
#define KUBEVIRT_LITE_CONTROLLERS_QUEUE_H

#include "kubevirt-lite/controllers/controller.h"

/* Looks at one object. It may be gone from the store by then. */
typedef void (*reconcile_fn)(struct controllers *c, const char *ns, const char *name);

/* by_kind: KIND_COUNT rows, borrowed; NULL: nobody looks at objects of that kind. */
int queue_new(struct controllers *c, const reconcile_fn *by_kind, struct queue **ret,
	      struct err *e);
void queue_free(struct queue *q);
/* Looks at the object again, in_us from now at the latest, never from within this call. */
void again(struct controllers *c, enum kind_id kind, const char *ns, const char *name,
	   int64_t in_us);

#endif
