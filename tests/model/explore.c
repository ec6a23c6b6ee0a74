/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Visits every state that the little model can reach, breadth first: in none may a rule be broken,
 * and from each the world must settle when the faults end. Prints the shortest way to what is
 * wrong. Of a job with one machine, and of one with two. Nearest states first: "explore" looks at
 * the first 150,000 of each, "explore N" at N, "explore all" at all of one machine, and says what
 * it did. */
#include "tests/model/little_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	struct m_state state;
	uint32_t from;
	uint8_t event;
};

static struct node *node;
static uint32_t n_node, cap_node;
static uint32_t *table; /* index + 1 into node; open addressing */
static uint32_t table_size;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static uint64_t hash(const struct m_state *s)
{
	const unsigned char *p = (const unsigned char *)s;
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < sizeof(*s); i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h ^ (h >> 29);
}

static uint32_t *slot(const struct m_state *s)
{
	uint32_t i = (uint32_t)hash(s) & (table_size - 1);

	while (table[i] && memcmp(&node[table[i] - 1].state, s, sizeof(*s)) != 0)
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

static void table_grow(void)
{
	table_size = table_size ? table_size * 2 : 1 << 16;
	free(table);
	table = must(calloc(table_size, sizeof(*table)));
	for (uint32_t i = 0; i < n_node; i++)
		*slot(&node[i].state) = i + 1;
}

static void add(const struct m_state *s, uint32_t from, unsigned event)
{
	uint32_t *at;

	if (n_node * 2 >= table_size)
		table_grow();
	at = slot(s);
	if (*at)
		return;
	if (n_node == cap_node) {
		cap_node = cap_node ? cap_node * 2 : 1 << 16;
		node = must(realloc(node, cap_node * sizeof(*node)));
	}
	node[n_node] = (struct node){.state = *s, .from = from, .event = (uint8_t)event};
	*at = ++n_node;
}

static void way_print(uint32_t i)
{
	if (node[i].from == i) /* where it begins */
		return;
	way_print(node[i].from);
	printf("# %s\n", m_event_name(node[i].event));
	m_print(&node[i].state);
}

/* Of two machines there are more than anybody has waited for: that many are looked at when all are
 * asked for. */
#define TWO_MAX 30000000

/* Every state of a job with one machine, or with two; false: something is wrong. */
static bool explore(int number, bool two, unsigned long limit)
{
	struct m_state first = m_begin(two);
	unsigned long steps = 0;
	int rounds_max = 0;
	uint32_t i;

	n_node = cap_node = table_size = 0;
	node = NULL;
	table = NULL;
	add(&first, 0, 0);
	for (i = 0; i < n_node && i < limit; i++) {
		const char *wrong;
		int rounds = m_settle(node[i].state, &wrong);

		if (rounds < 0) {
			way_print(i);
			printf("not ok %d - %s, after the steps above and no more faults\n", number,
			       wrong);
			return false;
		}
		rounds_max = rounds > rounds_max ? rounds : rounds_max;
		for (unsigned e = 0; e < m_events(); e++) {
			struct m_state next;

			if (!m_step(&node[i].state, e, &next, &wrong))
				continue;
			steps++;
			if (wrong) {
				way_print(i);
				printf("# %s\n", m_event_name(e));
				printf("not ok %d - %s, after the steps above\n", number, wrong);
				return false;
			}
			add(&next, i, e);
		}
	}
	printf("ok %d - %u states of %s%s, %lu steps: no rule is broken, each settles in %d "
	       "rounds\n",
	       number, i, two ? "two machines" : "one machine",
	       i < n_node ? " (stopped at the limit)" : "", steps, rounds_max);
	(void)fflush(stdout); /* the next one may take minutes */
	free(node);
	free(table);
	return true;
}

int main(int argc, char **argv)
{
	const char *few = getenv("CHECK_STATES"); /* slow builds: scripts/check */
	const char *how_many = argc > 1 ? argv[1] : few ? few : "150000";
	unsigned long limit =
		strcmp(how_many, "all") == 0 ? UINT32_MAX : strtoul(how_many, NULL, 10);
	bool fine;

	printf("1..2\n");
	fine = explore(1, false, limit);
	return !explore(2, true, limit < TWO_MAX ? limit : TWO_MAX) || !fine;
}
