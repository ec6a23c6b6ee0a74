/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Visits every state of a small world, breadth first. A state is a struct of bytes without holes.
 */
#ifndef TESTS_MODEL_SEARCH_H
#define TESTS_MODEL_SEARCH_H

#include <stddef.h>
#include <stdint.h>

struct search;

struct search_rules {
	size_t size; /* of a state */
	/* Adds all that may follow, by search_add(); returns what is wrong with the state, or with
	 * the one that was added last, NULL: nothing. */
	const char *(*look)(struct search *s, const void *state);
	void (*print)(const void *state);
};

/* Those nearest to first, limit of them at most. Returns what was wrong first, NULL: nothing; the
 * shortest way to it is printed. */
const char *search_run(const struct search_rules *r, const void *first, unsigned long limit,
		       uint32_t *ret_states, unsigned long *ret_steps, int *ret_is_whole);
/* how: what led to it, borrowed. */
void search_add(struct search *s, const void *state, const char *how);

#endif
