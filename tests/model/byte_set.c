/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See byte_set.h. */
#include "tests/model/byte_set.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

const void *byte_set_get(const struct byte_set *s, uint32_t i)
{
	return s->at + (size_t)i * s->size;
}

/* Where it is in the table, or would be. */
static uint32_t *slot(const struct byte_set *s, const void *one)
{
	const unsigned char *p = one;
	uint64_t h = UINT64_C(1469598103934665603);
	uint32_t i;

	for (size_t k = 0; k < s->size; k++)
		h = (h ^ p[k]) * UINT64_C(1099511628211);
	for (i = (uint32_t)(h ^ h >> 29) & (s->table_size - 1);
	     s->table[i] && memcmp(byte_set_get(s, s->table[i] - 1), one, s->size) != 0;)
		i = (i + 1) & (s->table_size - 1);
	return &s->table[i];
}

static void table_grow(struct byte_set *s)
{
	s->table_size = s->table_size ? s->table_size * 2 : 1 << 16;
	free(s->table);
	s->table = must(calloc(s->table_size, sizeof(*s->table)));
	for (uint32_t i = 0; i < s->n; i++)
		*slot(s, byte_set_get(s, i)) = i + 1;
}

uint32_t byte_set_add(struct byte_set *s, const void *one)
{
	uint32_t *at;

	if (s->n * UINT64_C(2) >= s->table_size)
		table_grow(s);
	at = slot(s, one);
	if (*at)
		return *at - 1;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap + s->cap / 2 : 1 << 16;
		s->at = must(realloc(s->at, s->cap * s->size));
	}
	memcpy(s->at + s->n * s->size, one, s->size);
	*at = ++s->n;
	return s->n - 1;
}

bool byte_set_has(const struct byte_set *s, const void *one)
{
	return s->n && *slot(s, one);
}

void byte_set_clear(struct byte_set *s)
{
	free(s->at);
	free(s->table);
	*s = (struct byte_set){.size = s->size};
}
