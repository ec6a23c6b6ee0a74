/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the watches brought, by name, decoded: no JSON and no secret is kept. Reads the clock (when
 * a node was lost), and else is pure but for memory. */
#ifndef VMD_KUBE_KUBE_CACHE_H
#define VMD_KUBE_KUBE_CACHE_H

#include "vmd/base/json.h"
#include "vmd/reconcile/world.h"
#include "vmd/settings.h"

enum cache_kind {
	CACHE_VM,
	CACHE_VMI,
	CACHE_PV,
	CACHE_PVC,
	CACHE_SECRET,
	CACHE_EVENT,
	CACHE_MIGRATION,
	CACHE_NODE,
	CACHE_KINDS
};

struct cache;

struct cache *cache_new(void); /* empty; out of memory aborts */
void cache_free(struct cache *c);
DEFINE_AUTO(struct cache *, cache_free)

/* One object came, changed or went. Objects that cannot be ours (names too long for us, no key of
 * ours) are passed over: they carry our cluster's label but nothing is to be done about them. */
void cache_item(struct cache *c, const struct settings *s, enum cache_kind kind,
		struct json_object *object, bool gone);
/* A new list: begin, every item, end. Between the two the old and the new view mix. */
void cache_list_begin(struct cache *c, enum cache_kind kind);
void cache_list_end(struct cache *c, enum cache_kind kind);
/* Fills in the arrays, borrowed until the next call; the known flags are the caller's. */
void cache_observe(struct cache *c, const struct settings *s, struct observed *seen);

#endif
