/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follows ownerReferences and namespaces: what nothing owns any more goes. */
#ifndef KUBEVIRT_LITE_GC_H
#define KUBEVIRT_LITE_GC_H

#include "kubevirt-lite/store/store.h"

struct gc;

/* Looks once at all objects, then at what changes; events older than an hour go too. */
int gc_start(struct store *s, struct sd_event *loop, struct gc **ret, struct err *e);
void gc_free(struct gc *g);
DEFINE_AUTO(struct gc *, gc_free)

#endif
