/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ordered array of objects with binary search: some thousand objects per kind, read far more
 * often than written. One thread; running out of memory aborts. */
#include "kubevirt-lite/store/shelf.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

size_t shelf_find(const struct shelf *sh, const char *key, bool *ret_found)
{
	size_t low = 0, high = sh->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(sh->entry[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = low < sh->n && strcmp(sh->entry[low].key, key) == 0;
	return low;
}

void shelf_insert(struct shelf *sh, size_t at, const char *key, struct json_object *object)
{
	if (sh->n == sh->cap) {
		sh->cap = sh->cap ? sh->cap * 2 : 16;
		sh->entry = need(realloc(sh->entry, sh->cap * sizeof(*sh->entry)));
	}
	memmove(&sh->entry[at + 1], &sh->entry[at], (sh->n - at) * sizeof(*sh->entry));
	sh->entry[at] = (struct entry){.key = need(strdup(key)), .object = object};
	sh->n++;
}

void shelf_remove(struct shelf *sh, size_t at)
{
	free(sh->entry[at].key);
	json_object_put(sh->entry[at].object);
	sh->n--;
	memmove(&sh->entry[at], &sh->entry[at + 1], (sh->n - at) * sizeof(*sh->entry));
}

void shelf_done(struct shelf *sh)
{
	while (sh->n > 0)
		shelf_remove(sh, sh->n - 1);
	free(sh->entry);
	*sh = (struct shelf){.n = 0};
}
