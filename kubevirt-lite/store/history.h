/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The newest events of one kind, bounded: what a watch from an older version is served from. */
#ifndef KUBEVIRT_LITE_HISTORY_H
#define KUBEVIRT_LITE_HISTORY_H

#include "kubevirt-lite/store/store.h"

#define HISTORY_MAX 1024

struct change {
	uint64_t version;
	enum store_event event;
	enum kind_id kind;
	struct json_object *object; /* references of its own */
	struct json_object *old;    /* NULL: ADDED */
};

struct history {
	struct change *ring; /* HISTORY_MAX, allocated on first use */
	size_t first, n;
	uint64_t before; /* everything after this version is here */
};

void change_done(struct change *c); /* gives up its references */
/* Takes references of its own. */
void history_add(struct history *h, const struct change *c);
const struct change *history_at(const struct history *h, size_t i); /* 0 is the oldest */
void history_done(struct history *h);

#endif
