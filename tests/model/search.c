/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See search.h. The states lie one behind the other; a table finds them by their bytes. */
#include "tests/model/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct way {
	uint32_t from;
	const char *how;
};

struct search {
	const struct search_rules *rules;
	unsigned char *state;
	struct way *way;
	uint32_t n, cap, at; /* at: the one that is looked at */
	uint32_t last;       /* the one that was added last, also when it was there */
	const char *last_how;
	uint32_t *table; /* index + 1; open addressing */
	uint32_t table_size;
	unsigned long steps;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static unsigned char *state_of(const struct search *s, uint32_t i)
{
	return s->state + (size_t)i * s->rules->size;
}

static uint32_t *slot(const struct search *s, const void *state)
{
	const unsigned char *p = state;
	uint64_t h = UINT64_C(1469598103934665603);
	uint32_t i;

	for (size_t k = 0; k < s->rules->size; k++)
		h = (h ^ p[k]) * UINT64_C(1099511628211);
	for (i = (uint32_t)(h ^ h >> 29) & (s->table_size - 1);
	     s->table[i] && memcmp(state_of(s, s->table[i] - 1), state, s->rules->size) != 0;)
		i = (i + 1) & (s->table_size - 1);
	return &s->table[i];
}

static void table_grow(struct search *s)
{
	s->table_size = s->table_size ? s->table_size * 2 : 1 << 16;
	free(s->table);
	s->table = must(calloc(s->table_size, sizeof(*s->table)));
	for (uint32_t i = 0; i < s->n; i++)
		*slot(s, state_of(s, i)) = i + 1;
}

void search_add(struct search *s, const void *state, const char *how)
{
	uint32_t *at;

	s->steps++;
	s->last_how = how;
	if (s->n * 2 >= s->table_size)
		table_grow(s);
	at = slot(s, state);
	if (*at) {
		s->last = *at - 1;
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 1 << 16;
		s->state = must(realloc(s->state, s->cap * s->rules->size));
		s->way = must(realloc(s->way, s->cap * sizeof(*s->way)));
	}
	memcpy(state_of(s, s->n), state, s->rules->size);
	s->way[s->n] = (struct way){.from = s->at, .how = how};
	s->last = s->n++;
	*at = s->n;
}

static void way_print(const struct search *s, uint32_t i)
{
	if (i)
		way_print(s, s->way[i].from);
	printf("# %s\n", i ? s->way[i].how : "it begins");
	s->rules->print(state_of(s, i));
}

/* What was wrong first; NULL: nothing. */
static const char *run(const struct search_rules *r, const void *first, unsigned long limit,
		       uint32_t *ret_states, unsigned long *ret_steps, int *ret_is_whole)
{
	struct search *s = must(calloc(1, sizeof(*s)));
	unsigned char *now = must(malloc(r->size));
	const char *wrong = NULL;

	s->rules = r;
	search_add(s, first, NULL);
	for (s->at = 0; s->at < s->n && s->at < limit && !wrong; s->at++) {
		memcpy(now, state_of(s, s->at), r->size); /* it moves as others are added */
		s->last = s->at;
		wrong = r->look(s, now);
		if (wrong)
			way_print(s, s->at);
		if (wrong && s->last != s->at) { /* it may be known, by another way */
			printf("# %s\n", s->last_how);
			r->print(state_of(s, s->last));
		}
	}
	*ret_states = s->at;
	*ret_steps = s->steps;
	*ret_is_whole = s->at == s->n;
	free(now);
	free(s->state);
	free(s->way);
	free(s->table);
	free(s);
	return wrong;
}

bool search_ask(const struct search_rules *r, const void *first, unsigned long limit,
		const struct search_question *q)
{
	unsigned long steps;
	uint32_t states;
	int whole;
	const char *wrong = run(r, first, limit, &states, &steps, &whole);

	printf("%s %d - %u states of %s%s, %lu steps%s: %s\n", wrong ? "not ok" : "ok", q->number,
	       states, q->of, whole || wrong ? "" : " (stopped at the limit)", steps, q->among,
	       wrong ? wrong : q->fine);
	(void)fflush(stdout); /* the next one may take minutes */
	return !wrong;
}

unsigned long search_limit(int argc, char **argv, const char *few)
{
	const char *from_environment = getenv("CHECK_STATES");
	const char *how_many = argc > 1 ? argv[1] : from_environment ? from_environment : few;

	return strcmp(how_many, "all") == 0 ? UINT32_MAX : strtoul(how_many, NULL, 10);
}

bool search_is_asked(int argc, char **argv, int number)
{
	if (argc <= 2 || atoi(argv[2]) == number)
		return true;
	printf("ok %d # SKIP not asked\n", number);
	return false;
}
