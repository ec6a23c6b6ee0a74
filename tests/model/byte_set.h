/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of structs of bytes without holes, all of one size, which keeps the order in which they
 * came. It only grows. Aborts when there is no memory. */
#ifndef TESTS_MODEL_BYTE_SET_H
#define TESTS_MODEL_BYTE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_set {
	size_t size; /* of one; everything else begins as 0 */
	uint32_t n, cap;
	unsigned char *at; /* one behind the other */
	uint32_t *table;   /* index + 1; open addressing */
	uint32_t table_size;
};

/* The place of one, in the order; it is added if it was not there. */
uint32_t byte_set_add(struct byte_set *s, const void *one);
bool byte_set_has(const struct byte_set *s, const void *one);
/* Borrowed until the next one is added. */
const void *byte_set_get(const struct byte_set *s, uint32_t i);
void byte_set_clear(struct byte_set *s); /* frees; it is empty then, of the same size */

#endif
