/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted array: thousands of rows at most, read far more often than changed. */
#include "vmd/kube/kube_table.h"

#include <string.h>

struct row *table_at(const struct table *t, size_t i)
{
	return (struct row *)(void *)(t->rows + i * t->row_size);
}

/* Where name is or would be. */
static size_t place(const struct table *t, const char *name, bool *ret_found)
{
	size_t low = 0, high = t->n;

	*ret_found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(table_at(t, mid)->name, name);

		if (order == 0) {
			*ret_found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct row *table_find(const struct table *t, const char *name)
{
	bool found;
	size_t i = place(t, name, &found);

	return found ? table_at(t, i) : NULL;
}

struct row *table_put(struct table *t, const char *name)
{
	bool found;
	size_t i = place(t, name, &found);
	struct row *row;

	if (!found) {
		if (strlen(name) > VM_NAME_MAX)
			return NULL; /* none of ours is so long */
		if (t->n >= t->max) {
			t->lacks = true;
			return NULL;
		}
		if (t->n == t->cap) {
			size_t cap = t->cap ? t->cap * 2 : 16;
			char *rows = realloc(t->rows, cap * t->row_size);

			if (!rows)
				abort();
			t->rows = rows;
			t->cap = cap;
		}
		memmove(t->rows + (i + 1) * t->row_size, t->rows + i * t->row_size,
			(t->n - i) * t->row_size);
		t->n++;
		memset(t->rows + i * t->row_size, 0, t->row_size);
		memcpy(table_at(t, i)->name, name, strlen(name) + 1);
	}
	row = table_at(t, i);
	row->seen = true;
	return row;
}

void table_remove(struct table *t, const char *name)
{
	bool found;
	size_t i = place(t, name, &found);

	if (!found)
		return;
	memmove(t->rows + i * t->row_size, t->rows + (i + 1) * t->row_size,
		(t->n - i - 1) * t->row_size);
	t->n--;
}

void table_mark(struct table *t)
{
	t->lacks = false;
	for (size_t i = 0; i < t->n; i++)
		table_at(t, i)->seen = false;
}

void table_done(struct table *t)
{
	free(t->rows);
	t->rows = NULL;
	t->n = t->cap = 0;
}
