/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of changes that hold references to the objects before and after. One thread. */
#include "kubevirt-lite/store/history.h"

#include <stdlib.h>

void change_done(struct change *c)
{
	json_object_put(c->object);
	json_object_put(c->old);
	c->object = c->old = NULL;
}

void history_add(struct history *h, const struct change *c)
{
	struct change *slot;

	if (!h->ring && !(h->ring = calloc(HISTORY_MAX, sizeof(*h->ring))))
		abort();
	slot = &h->ring[(h->first + h->n) % HISTORY_MAX];
	if (h->n == HISTORY_MAX) {
		h->before = slot->version;
		change_done(slot);
		h->first = (h->first + 1) % HISTORY_MAX;
	} else {
		h->n++;
	}
	*slot = *c;
	json_object_get(slot->object);
	json_object_get(slot->old);
}

const struct change *history_at(const struct history *h, size_t i)
{
	return &h->ring[(h->first + i) % HISTORY_MAX];
}

void history_done(struct history *h)
{
	for (size_t i = 0; i < h->n; i++)
		change_done(&h->ring[(h->first + i) % HISTORY_MAX]);
	free(h->ring);
	*h = (struct history){.n = 0};
}
