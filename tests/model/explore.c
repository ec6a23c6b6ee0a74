/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Visits every state that the little model can reach, breadth first: in none may a rule be broken,
 * and from each the world must settle when the faults end. Of a job with one machine, and of one
 * with two. "explore" looks at the nearest states of each, "explore N" at N, "explore all" at all
 * of one machine: of two there are more than anybody has waited for. */
#include "tests/model/little_model.h"
#include "tests/model/search.h"

#include <stdio.h>

#define TWO_MAX 30000000

static const char *look(struct search *search, const void *state)
{
	const char *wrong;

	if (m_settle(*(const struct m_state *)state, &wrong) < 0)
		return wrong;
	for (unsigned e = 0; e < m_events(); e++) {
		struct m_state next;

		if (!m_step(state, e, &next, &wrong))
			continue;
		search_add(search, &next, m_event_name(e));
		if (wrong)
			return wrong;
	}
	return NULL;
}

static void print(const void *state)
{
	m_print(state);
}

static bool explore(size_t question, unsigned long limit)
{
	static const struct search_rules rules = {sizeof(struct m_state), look, print};
	static const char *const of[] = {"one machine", "two machines"};
	struct m_state first = m_begin(question == 1);

	if (question == 1 && limit > TWO_MAX)
		limit = TWO_MAX;
	return search_ask(&rules, &first, limit,
			  &(struct search_question){(int)question + 1, of[question], "",
						    "no rule is broken, each settles"});
}

int main(int argc, char **argv)
{
	return search_main(argc, argv, "150000", 2, 2, explore);
}
