/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every state that a move can get into (move_world.h), breadth first. vmd has no memory here: each
 * round is that of any vmd, which knows Slurm and Kubernetes each as they were at some time (the
 * two views are moved on one at a time, in any order), does one of the actions that it plans and is
 * never heard of again. One more, to either of them, may have been stopped on its way and land at
 * any later time. In no state may a VM be deleted that has its place, or a companion be ended under
 * it; and from each the world must come to rest when the faults end: the job runs with its VM, or
 * waits for room, nothing is held and nothing is left. "moves" looks at the nearest states, "moves
 * all" at all. */
#include "tests/model/byte_set.h"
#include "tests/model/move_world.h"
#include "tests/model/search.h"

#include "vmd/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_US INT64_C(1000000000)
#define NOW_S  INT64_C(1700000000)

struct state {
	struct mw_world world;
	struct mw_slurm slurm; /* as it is known */
	struct mk_kube kube;
	struct mk_late late_kube; /* one of both at most */
	struct mw_late late_slurm;
	uint8_t late_done;
};

/* What may be stopped on its way. With requests to Slurm there are several times as many states:
 * too many of them when there are two faults from the beginning on. */
static enum late { NOTHING, TO_KUBERNETES, TO_EITHER } late_too;

static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.move_reserve = true,
				     .keep_s = 0,
				     .delete_share_min = 8,
				     .ready_timeout_s = 900,
				     .trouble_timeout_s = 900};

/* ---- a round of a vmd that was born just now ---- */

static struct plan planned;
static bool is_behind; /* it waits for a VMI that is behind its migration, for 30 s at most */

/* Plans; true: it would tell the epilog that the node is clear. waited: has it waited for so long?
 */
static bool round_of(const struct mw_slurm *s, const struct mk_kube *k, unsigned gap, bool waited)
{
	static struct mw_sight sight;
	static struct progress p;
	struct progress_view v = {.want = &sight.want,
				  .seen = &sight.kube.seen,
				  .catalogue = &catalogue,
				  .policy = &policy,
				  .mono_us = NOW_US,
				  .wall_s = NOW_S};
	const struct plan_context c = {.catalogue = &catalogue,
				       .policy = &policy,
				       .progress = &p,
				       .mono_us = NOW_US,
				       .wall_s = NOW_S};

	mw_see(s, k, &sight);
	v.n_companion = sight.want.n_companion;
	v.companion = sight.want.companion;
	p = (struct progress){.job_id = 0};
	progress_step(&p, &sight.job, &v);
	if (gap) {
		p.alone_since_us =
			NOW_US - (gap == GAP_OVER ? MOVE_GAP_S : MOVE_WAIT_S) * INT64_C(1000000);
		progress_step(&p, &sight.job, &v);
	}
	is_behind = p.behind_since_us && !waited;
	if (p.behind_since_us && waited) {
		p.behind_since_us = NOW_US - MOVE_BEHIND_S * INT64_C(1000000);
		progress_step(&p, &sight.job, &v);
	}
	plan(&sight.want, &sight.kube.seen, &c, &planned);
	return p.status.node_clear;
}

/* ---- states that are one ---- */

static void add(struct search *search, const struct state *state, const char *how)
{
	struct state s = *state;

	mk_plain(&s.world.kube, &s.kube, &s.late_kube);
	search_add(search, &s, how);
}

static void world_plain(struct mw_world *w)
{
	struct mk_kube seen = w->kube;
	struct mk_late none = {.kind = 0};

	mk_plain(&w->kube, &seen, &none);
}

/* ---- the search ---- */

static void land(struct state *s, const char **ret_wrong)
{
	static struct action a;

	*ret_wrong = NULL;
	if (s->late_kube.kind)
		mk_late_action(&s->late_kube, &a);
	else if (s->late_slurm.kind)
		mw_late_action(&s->late_slurm, &a);
	else
		return;
	s->late_kube = (struct mk_late){.kind = 0};
	s->late_slurm = (struct mw_late){.kind = 0};
	mw_effect(&s->world, &a, ret_wrong);
}

/* Worlds that come to rest as they should. It is asked of each state, and there are far fewer
 * worlds than states, for vmd's views and what is late do not matter to it. */
static struct byte_set restful = {.size = sizeof(struct mw_world)};

#define ROUNDS 200 /* it never comes to rest */

/* No more faults: each round sees all, and what it wants happens. */
static const char *settle(struct state s)
{
	static struct mw_world way[ROUNDS];
	const char *wrong = NULL;
	bool again = true, waited = false;
	size_t n = 0;

	land(&s, &wrong);
	for (unsigned i = 0; again && !wrong && i < ROUNDS; i++) {
		struct mw_world before;
		bool clear;

		world_plain(&s.world);
		if (!waited && byte_set_has(&restful, &s.world))
			break;
		if (!waited)
			way[n++] = s.world;
		before = s.world;
		clear = round_of(&s.world.slurm, &s.world.kube, s.world.gap, waited);
		for (size_t k = 0; k < planned.n && !wrong; k++)
			mw_effect(&s.world, &planned.act[k], &wrong);
		waited = memcmp(&before, &s.world, sizeof(before)) == 0 &&
			 !mw_go_on(&s.world, clear);
		again = !waited || is_behind;
	}
	if (!wrong && !byte_set_has(&restful, &s.world))
		wrong = again ? "it never comes to rest" : mw_unfinished(&s.world);
	while (!wrong && n > 0)
		byte_set_add(&restful, &way[--n]);
	return wrong;
}

/* What a vmd with an old view and without memory says to an epilog is worth nothing: it looks at a
 * job whose epilog asks, one that begins to lead lists the VMs, and knows what it made since
 * (tests/model/explore). */
static bool is_new(const struct state *s)
{
	return memcmp(&s->kube, &s->world.kube, sizeof(s->kube)) == 0 &&
	       s->slurm.phase == s->world.slurm.phase && s->slurm.run == s->world.slurm.run;
}

static const char *act(struct search *search, const struct state *now, const struct action *a)
{
	struct state s = *now;
	const char *wrong;

	mw_effect(&s.world, a, &wrong);
	add(search, &s, action_name(a->kind));
	if (wrong)
		return wrong;
	s = *now;
	if (late_too && !s.late_done &&
	    (mk_late_make(a, &s.late_kube) ||
	     (late_too == TO_EITHER && mw_late_make(a, &s.late_slurm)))) {
		s.late_done = 1;
		add(search, &s, "something is stopped on its way");
	}
	return NULL;
}

/* Whatever a vmd may do, each of them that has waited or not. */
static const char *act_all(struct search *search, const struct state *now, bool waited,
			   bool *ret_clear)
{
	const char *wrong = NULL;

	*ret_clear = round_of(&now->slurm, &now->kube, now->world.gap, waited);
	for (size_t k = 0; k < planned.n && !wrong; k++)
		wrong = act(search, now, &planned.act[k]);
	return wrong;
}

static const char *look(struct search *search, const void *state)
{
	const struct state *now = state;
	const char *wrong = settle(*now);
	struct state s;
	bool clear, ignored;

	if (wrong)
		return wrong;
	wrong = act_all(search, now, false, &clear);
	if (!wrong && is_behind)
		wrong = act_all(search, now, true, &ignored);
	clear = clear && is_new(now);
	for (unsigned e = 0; e < mw_events() && !wrong; e++) {
		s = *now;
		if (mw_happen(&s.world, e, clear, &wrong))
			add(search, &s, mw_event_name(e));
	}
	if (!wrong && (now->late_kube.kind || now->late_slurm.kind)) {
		s = *now;
		land(&s, &wrong);
		add(search, &s, "what was stopped lands");
	}
	if (wrong)
		return wrong;
	s = *now;
	s.slurm = s.world.slurm;
	add(search, &s, "a look at Slurm");
	s = *now;
	s.kube = s.world.kube;
	add(search, &s, "a look at Kubernetes");
	return NULL;
}

static void print(const void *state)
{
	mw_print(&((const struct state *)state)->world);
}

static const struct question {
	const char *of;
	struct mw_world (*begin)(unsigned faults);
	unsigned faults;
	enum late late;
} questions[] = {
	{"a move", mw_begin, 1, NOTHING},
	{"a move", mw_begin, 1, TO_EITHER},
	{"a move", mw_begin, 2, NOTHING},
	{"a move that has arrived", mw_begin_arrived, 1, TO_EITHER},
	{"a move", mw_begin, 2, TO_KUBERNETES},
	{"a move that has arrived", mw_begin_arrived, 2, TO_EITHER},
};
#define NEAR 4 /* the first ones are asked of the nearest states, too */

/* Every state of one question; how it went on stdout. */
static bool explore(size_t question, unsigned long limit)
{
	const struct question *q = &questions[question];
	const struct search_rules rules = {sizeof(struct state), look, print};
	struct state first = {.world = q->begin(q->faults)};
	char among[64];

	late_too = q->late;
	first.slurm = first.world.slurm;
	first.kube = first.world.kube;
	byte_set_clear(&restful);
	(void)snprintf(among, sizeof(among), ", %u faults%s", q->faults,
		       !q->late                   ? ""
		       : q->late == TO_KUBERNETES ? " and one late request to Kubernetes"
						  : " and one late request");
	return search_ask(&rules, &first, limit,
			  &(struct search_question){(int)question + 1, q->of, among,
						    "no rule is broken, each comes to rest"});
}

int main(int argc, char **argv)
{
	return search_main(argc, argv, "50000", NEAR, ARRAY_LEN(questions), explore);
}
