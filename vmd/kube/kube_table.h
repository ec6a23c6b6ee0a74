/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of one size, sorted by name, for mark and sweep. Pure but for memory. */
#ifndef VMD_KUBE_KUBE_TABLE_H
#define VMD_KUBE_KUBE_TABLE_H

#include "vmd/vm/vm.h"

struct row {
	char name[VM_NAME_MAX + 1];
	bool seen; /* since table_mark */
};

/* Every row begins with a struct row. */
struct table {
	size_t row_size;
	size_t n, cap, max;
	bool lacks; /* a row did not fit since table_mark */
	char *rows;
};

/* Borrowed, like the next two, until a row comes or goes. */
struct row *table_at(const struct table *t, size_t i);
struct row *table_find(const struct table *t, const char *name); /* NULL: none */
/* The row of that name, a zeroed one if it is new; marked as seen. NULL: the table is full, and
 * lacks it from then on. Moves other rows. */
struct row *table_put(struct table *t, const char *name);
void table_remove(struct table *t, const char *name);
void table_mark(struct table *t);
void table_done(struct table *t);

#endif
