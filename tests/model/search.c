/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See search.h. */
#include "tests/model/search.h"

#include "tests/model/byte_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct way {
	uint32_t from;
	const char *how;
};

struct search {
	const struct search_rules *rules;
	struct byte_set states;
	struct way *way; /* to each of them */
	uint32_t n_way;
	uint32_t at;   /* the one that is looked at */
	uint32_t last; /* the one that was added last, also when it was there */
	const char *last_how;
	unsigned long steps;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void search_add(struct search *s, const void *state, const char *how)
{
	uint32_t known = s->states.n;

	s->steps++;
	s->last_how = how;
	s->last = byte_set_add(&s->states, state);
	if (s->last < known)
		return;
	if (s->n_way < s->states.cap) {
		s->n_way = s->states.cap;
		s->way = must(realloc(s->way, s->n_way * sizeof(*s->way)));
	}
	s->way[s->last] = (struct way){.from = s->at, .how = how};
}

static void way_print(const struct search *s, uint32_t i)
{
	if (i)
		way_print(s, s->way[i].from);
	printf("# %s\n", i ? s->way[i].how : "it begins");
	s->rules->print(byte_set_get(&s->states, i));
}

/* What was wrong first; NULL: nothing. */
static const char *run(const struct search_rules *r, const void *first, unsigned long limit,
		       uint32_t *ret_states, unsigned long *ret_steps, int *ret_is_whole)
{
	struct search *s = must(calloc(1, sizeof(*s)));
	unsigned char *now = must(malloc(r->size));
	const char *wrong = NULL;

	s->rules = r;
	s->states.size = r->size;
	search_add(s, first, NULL);
	for (s->at = 0; s->at < s->states.n && s->at < limit && !wrong; s->at++) {
		memcpy(now, byte_set_get(&s->states, s->at),
		       r->size); /* it moves as others are added */
		s->last = s->at;
		wrong = r->look(s, now);
		if (wrong)
			way_print(s, s->at);
		if (wrong && s->last != s->at) { /* it may be known, by another way */
			printf("# %s\n", s->last_how);
			r->print(byte_set_get(&s->states, s->last));
		}
	}
	*ret_states = s->at;
	*ret_steps = s->steps;
	*ret_is_whole = s->at == s->states.n;
	free(now);
	byte_set_clear(&s->states);
	free(s->way);
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

int search_main(int argc, char **argv, const char *few, size_t near, size_t n,
		bool (*ask)(size_t question, unsigned long limit))
{
	unsigned long limit = search_limit(argc, argv, few);
	size_t asked = limit == UINT32_MAX || argc > 2 ? n : near;
	bool fine = true;

	printf("1..%zu\n", asked);
	for (size_t i = 0; i < asked; i++)
		if (argc > 2 && strtoul(argv[2], NULL, 10) != i + 1)
			printf("ok %zu # SKIP not asked\n", i + 1);
		else
			fine = ask(i, limit) && fine;
	return !fine;
}
