/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Visits every state of a small world, breadth first. A state is a struct of bytes without holes.
 */
#ifndef TESTS_MODEL_SEARCH_H
#define TESTS_MODEL_SEARCH_H

#include <stdbool.h>
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

/* What the line of one search says, beside its figures: "ok NUMBER - 5 states of OF, 9 steps AMONG:
 * FINE". */
struct search_question {
	int number;
	const char *of, *among, *fine;
};
/* Those nearest to first, limit of them at most. A line on stdout; false: something is wrong, the
 * shortest way to it is printed. */
bool search_ask(const struct search_rules *r, const void *first, unsigned long limit,
		const struct search_question *q);
/* How many states: the first argument, else CHECK_STATES, else few. UINT32_MAX: "all". */
unsigned long search_limit(int argc, char **argv, const char *few);
/* main() of a model with n questions, of which the first near ones are asked of the nearest states,
 * too, and the others with "all" alone. With a second argument it is that one alone, and the others
 * are skipped, each with its line: one of them may take minutes. ask: that question, from 0 on, of
 * limit states; false: it found something wrong. */
int search_main(int argc, char **argv, const char *few, size_t near, size_t n,
		bool (*ask)(size_t question, unsigned long limit));
/* how: what led to it, borrowed. */
void search_add(struct search *s, const void *state, const char *how);

#endif
