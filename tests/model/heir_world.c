/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See heir_world.h. Whoever is the job is told here by what was done (hw_job()), not by what vmd
 * makes of the records (migration/heir.c): that is what is tried. */
#include "tests/model/heir_world.h"

#include "vmd/base/str.h"
#include "vmd/migration/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	E_CANCEL_1, /* these happen once */
	E_CANCEL_2,
	E_CANCEL_3,
	E_GUEST_ENDS,
	E_WANTED_AGAIN,
	E_DRAINED_TOO,
	E_OLD_STATE,
	E_DRAINED_AGAIN,
	E_LEAVES_1,
	E_LEAVES_2,
	E_LEAVES_3,
	E_FORGOTTEN_1,
	E_FORGOTTEN_2,
	E_FORGOTTEN_3,
	E_ROOM_2,
	E_ROOM_3,
	E_GAP,
	E_VM_STARTS,
	E_VM_GONE,
	E_GIVEN,
	E_PLACED,
	E_ARRIVES,
	E_FAILS,
	EVENTS
};

static const char *const event_names[EVENTS] = {
	"the first allocation is cancelled",
	"the second allocation is cancelled",
	"the third allocation is cancelled",
	"the guest ends",
	"the node is wanted again",
	"the other node is drained",
	"slurmctld comes back with an older state",
	"the node is drained again",
	"the first allocation leaves its node",
	"the second allocation leaves its node",
	"the third allocation leaves its node",
	"the first allocation is forgotten",
	"the second allocation is forgotten",
	"the third allocation is forgotten",
	"there is room for the second allocation",
	"there is room for the third allocation",
	"the VM has been without room for long",
	"the VM starts",
	"the VM is gone",
	"the VMI follows its VM",
	"the migration finds its node",
	"the migration succeeds",
	"the migration fails",
};

/* ---- what is so ---- */

uint32_t hw_id(size_t i)
{
	return i == 0 ? 17 : MOVE_FIRST + (uint32_t)i - 1;
}

/* HEIR_ALLOCS: none of them. */
static size_t of_id(uint32_t id)
{
	size_t i = 0;

	while (i < HEIR_ALLOCS && hw_id(i) != id)
		i++;
	return i;
}

static bool is_live(const struct hw_alloc *a)
{
	return a->phase == HA_PENDING || a->phase == HA_RUNNING;
}

bool hw_is_known(const struct hw_alloc *a)
{
	return a->phase != HA_NONE && a->phase != HA_FORGOTTEN;
}

bool hw_is_over(const struct hw_alloc *a)
{
	return a->phase == HA_ENDING || a->phase == HA_ENDED || a->phase == HA_FORGOTTEN;
}

static bool is_drained(const struct hw_slurm *s, unsigned node)
{
	return s->drained >> node & 1;
}

/* To whom an allocation that is over gave way, 0: to nobody. Of one that is forgotten nobody can
 * tell why it ended: then it is one that claims its place, which DESIGN.md says of a cancelled one,
 * too
 * ("Not covered"). */
static size_t next_of(const struct hw_slurm *s, size_t i)
{
	const struct hw_alloc *a = &s->a[i];
	size_t claims = 0;

	for (size_t k = 1; hw_is_over(a) && k < HEIR_ALLOCS; k++) {
		if (k == i || s->a[k].after != i + 1)
			continue;
		if (a->completed && a->heir == k + 1)
			return k;
		if (a->phase == HA_FORGOTTEN && (!claims || !hw_is_over(&s->a[k])))
			claims = k;
	}
	return claims;
}

size_t hw_job(const struct hw_slurm *s)
{
	size_t i = 0, next;

	while ((next = next_of(s, i)) != 0)
		i = next;
	return i;
}

/* Is it the job, or was it? */
static bool was_job(const struct hw_slurm *s, size_t i)
{
	size_t k = 0, next;

	while (k != i && (next = next_of(s, k)) != 0)
		k = next;
	return k == i;
}

static const struct hw_alloc *job_of(const struct hw_world *w)
{
	return &w->slurm.a[hw_job(&w->slurm)];
}

/* An allocation was cancelled, or slurmctld forgot it: of which a vmd may not know yet. */
static bool is_cancelled(const struct hw_world *w)
{
	return (w->faults.done >> E_CANCEL_1 | w->faults.done >> E_CANCEL_2 |
		w->faults.done >> E_CANCEL_3 | w->faults.done >> E_OLD_STATE) &
	       1;
}

static bool runs_at(const struct hw_slurm *s, unsigned node)
{
	for (size_t i = 0; i < HEIR_ALLOCS; i++)
		if (s->a[i].phase == HA_RUNNING && s->a[i].node == node)
			return true;
	return false;
}

/* Its VM is where an allocation of its job is. */
static bool is_placed(const struct hw_world *w)
{
	const struct hw_alloc *j = job_of(w);

	return mk_has_guest(&w->kube) && j->phase == HA_RUNNING &&
	       (j->node == w->kube.node || (runs_at(&w->slurm, w->kube.node) && !w->gap_over));
}

static bool is_astray(const struct hw_world *w)
{
	return mk_has_guest(&w->kube) && job_of(w)->phase == HA_RUNNING &&
	       !runs_at(&w->slurm, w->kube.node);
}

static void note(struct hw_world *w, const char **ret_wrong)
{
	const struct hw_alloc *j = job_of(w);

	if (w->kube.phase == VM_ABSENT)
		w->gap_over = 0;
	if (hw_is_over(j) && !w->ended && !*ret_wrong)
		*ret_wrong = "the job has ended, and nobody ended it";
	if (w->kube.version > MOVE_VERSION_MAX)
		*ret_wrong = "it goes on for ever";
}

struct hw_world hw_begin(unsigned faults)
{
	struct hw_world w = {.faults = {.left = (uint8_t)faults}, .kube = mk_begin()};

	w.slurm.a[0] = (struct hw_alloc){.phase = HA_RUNNING, .node = 1};
	w.slurm.drained = 1 << 1;
	return w;
}

struct hw_world hw_begin_arrived(unsigned faults)
{
	struct hw_world w = hw_begin(faults);

	w.slurm.a[1] = (struct hw_alloc){.phase = HA_RUNNING, .node = 2, .not_on = 1 << 1};
	w.kube.node = w.kube.wanted = w.kube.given = 2;
	w.kube.last_for = MOVE_FIRST;
	w.kube.last_attempt = 1;
	return w;
}

/* ---- what happens by itself ---- */

unsigned hw_events(void)
{
	return EVENTS;
}

const char *hw_event_name(unsigned event)
{
	return event_names[event];
}

static void alloc_end(struct hw_slurm *s, struct hw_alloc *a)
{
	for (size_t i = 0; i < HEIR_ALLOCS; i++)
		a->over = s->a[i].over > a->over ? s->a[i].over : a->over;
	a->over++;
	a->phase = a->phase == HA_RUNNING ? HA_ENDING : HA_ENDED;
}

static bool cancel(struct hw_world *w, size_t i, unsigned event)
{
	struct hw_alloc *a = &w->slurm.a[i];

	if (!is_live(a) || !faults_once(&w->faults, event))
		return false;
	w->ended |= hw_job(&w->slurm) == i;
	alloc_end(&w->slurm, a);
	return true;
}

static bool old_state(struct hw_world *w)
{
	struct hw_slurm *s = &w->slurm;

	if (s->a[0].phase != HA_RUNNING || !faults_once(&w->faults, E_OLD_STATE))
		return false;
	*s = (struct hw_slurm){.a = {{.phase = HA_RUNNING, .node = s->a[0].node}}};
	return true;
}

static bool leave(struct hw_world *w, size_t i, unsigned clear, const char **ret_wrong)
{
	struct hw_alloc *a = &w->slurm.a[i];

	if (a->phase != HA_ENDING || !(clear >> i & 1))
		return false;
	/* Of a companion that never became the job nobody waits: its VM has time to find a place.
	 */
	if (mk_has_guest(&w->kube) && w->kube.node == a->node && !runs_at(&w->slurm, a->node) &&
	    was_job(&w->slurm, i))
		*ret_wrong = "an epilog was let go under its guest";
	a->phase = HA_ENDED;
	return true;
}

static bool room(struct hw_slurm *s, size_t i)
{
	struct hw_alloc *a = &s->a[i];

	for (uint8_t n = 1; a->phase == HA_PENDING && n <= MOVE_NODES; n++)
		if (!is_drained(s, n) && !(a->not_on >> n & 1)) {
			a->phase = HA_RUNNING;
			a->node = n;
			return true;
		}
	return false;
}

static bool slurm_happens(struct hw_world *w, unsigned event, unsigned clear,
			  const char **ret_wrong)
{
	struct hw_slurm *s = &w->slurm;

	switch (event) {
	case E_CANCEL_1:
	case E_CANCEL_2:
	case E_CANCEL_3: return cancel(w, event - E_CANCEL_1, event);
	case E_WANTED_AGAIN: return faults_resume(&w->faults, event, &s->drained, 1);
	case E_DRAINED_TOO: return faults_drain(&w->faults, event, &s->drained, 2);
	case E_DRAINED_AGAIN:
		return faults_drain_again(&w->faults, event, E_WANTED_AGAIN, &s->drained, 1);
	case E_OLD_STATE: return old_state(w);
	case E_LEAVES_1:
	case E_LEAVES_2:
	case E_LEAVES_3: return leave(w, event - E_LEAVES_1, clear, ret_wrong);
	case E_FORGOTTEN_1:
	case E_FORGOTTEN_2:
	case E_FORGOTTEN_3:
		if (s->a[event - E_FORGOTTEN_1].phase != HA_ENDED)
			return false;
		s->a[event - E_FORGOTTEN_1].phase = HA_FORGOTTEN;
		return true;
	case E_ROOM_2:
	case E_ROOM_3: return room(s, event - E_ROOM_2 + 1);
	case E_GAP:
		if (w->gap_over || !is_astray(w) || w->kube.migration == G_GOING)
			return false;
		w->gap_over = 1;
		return true;
	default: return false;
	}
}

static bool guest_ends(struct hw_world *w)
{
	if (!mk_has_guest(&w->kube) || !faults_once(&w->faults, E_GUEST_ENDS))
		return false;
	w->ended = 1;
	return mk_guest_ends(&w->kube);
}

static bool kube_happens(struct hw_world *w, unsigned event)
{
	switch (event) {
	case E_GUEST_ENDS: return guest_ends(w);
	case E_VM_STARTS: return mk_vm_starts(&w->kube);
	case E_VM_GONE: return mk_vm_goes(&w->kube);
	case E_GIVEN: return mk_is_taken_in(&w->kube);
	case E_PLACED: return mk_finds_node(&w->kube);
	case E_ARRIVES: return mk_arrives(&w->kube);
	case E_FAILS: return mk_fails(&w->kube);
	default: return false;
	}
}

bool hw_happen(struct hw_world *w, unsigned event, unsigned clear, const char **ret_wrong)
{
	bool happened;

	*ret_wrong = NULL;
	happened = slurm_happens(w, event, clear, ret_wrong) || kube_happens(w, event);
	note(w, ret_wrong);
	return happened;
}

bool hw_go_on(struct hw_world *w, unsigned clear)
{
	static const unsigned good[] = {E_LEAVES_1,   E_LEAVES_2, E_LEAVES_3,    E_ROOM_2,
					E_ROOM_3,     E_GIVEN,    E_VM_STARTS,   E_PLACED,
					E_ARRIVES,    E_VM_GONE,  E_FORGOTTEN_1, E_FORGOTTEN_2,
					E_FORGOTTEN_3};
	const char *ignored;
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		any |= hw_happen(w, good[i], clear, &ignored);
	/* KubeVirt gives up a pod that finds no node, after five minutes. */
	if (!any && w->kube.migration == G_PLACING)
		any = hw_happen(w, E_FAILS, clear, &ignored);
	return any || hw_happen(w, E_GAP, clear, &ignored);
}

/* ---- what vmd asks for ---- */

static void vm_delete(struct hw_world *w, const struct action *a, const char **ret_wrong)
{
	if (!mk_deletes(&w->kube, a))
		return;
	if (is_placed(w))
		*ret_wrong = "a VM was deleted that is where it may be";
	else if (is_astray(w) && !w->gap_over)
		*ret_wrong = "a VM was deleted that had time left to find a place";
	mk_delete(&w->kube);
}

static uint8_t not_on_of(const struct action *a, unsigned own)
{
	uint8_t not_on = (uint8_t)(1U << own);

	for (unsigned n = 1; n <= MOVE_NODES; n++)
		if (strstr(a->allocate.not_on, mk_node_name(n)) ||
		    (*a->node && !str_eq(a->node, mk_node_name(n))))
			not_on |= (uint8_t)(1U << n);
	return not_on;
}

static void companion_make(struct hw_slurm *s, const struct action *a)
{
	size_t i = of_id(a->job_id);

	if (i >= HEIR_ALLOCS || s->a[i].phase != HA_RUNNING)
		return;
	for (size_t k = 1; k < HEIR_ALLOCS; k++)
		if (s->a[k].phase == HA_NONE) {
			s->a[k] = (struct hw_alloc){.phase = HA_PENDING,
						    .not_on = not_on_of(a, s->a[i].node),
						    .vm = mk_vm_number(a->uid)};
			return;
		}
}

/* As slurm_heir_check_end(): has it become the job? Does the job that it was to be ended for still
 * have its place? */
static bool has_inherited(const struct hw_slurm *s, size_t i)
{
	const struct hw_alloc *before;

	if (!s->a[i].after)
		return false;
	before = &s->a[s->a[i].after - 1];
	return !hw_is_known(before) ||
	       (hw_is_over(before) && before->completed && before->heir == i + 1);
}

static bool has_its_place(const struct hw_slurm *s, size_t i)
{
	const struct hw_alloc *j = &s->a[i];

	return hw_is_known(j) && !(hw_is_over(j) && j->completed && j->heir);
}

static void companion_end(struct hw_world *w, const struct action *a, const char **ret_wrong)
{
	struct hw_slurm *s = &w->slurm;
	size_t i = of_id(a->companion), stays = of_id(a->end_companion.stays);
	/* When one was cancelled, another is luck, and may be on its way out. */
	bool was = is_placed(w) && !is_cancelled(w);

	if (i >= HEIR_ALLOCS || !is_live(&s->a[i]) || has_inherited(s, i) ||
	    !companion_may_end(a->end_companion.waited, hw_job_phase(&s->a[i])) ||
	    !(a->end_companion.job_over || has_its_place(s, of_id(a->job_id))) ||
	    (a->end_companion.stays && !(stays < HEIR_ALLOCS && is_live(&s->a[stays]))))
		return;
	s->a[i].completed = s->a[i].phase == HA_RUNNING;
	alloc_end(s, &s->a[i]);
	if (was && !is_placed(w))
		*ret_wrong = "a companion was ended under its VM";
}

static void job_end(struct hw_slurm *s, const struct action *a)
{
	size_t i = of_id(a->job_id);

	if (i >= HEIR_ALLOCS || s->a[i].phase != HA_RUNNING || s->a[i].heir)
		return;
	alloc_end(s, &s->a[i]);
	s->a[i].completed = 1;
}

static void record(struct hw_slurm *s, const struct action *a)
{
	size_t i = of_id(a->job_id), heir;
	struct job now;
	struct vm_request r;

	if (i >= HEIR_ALLOCS || !hw_is_known(&s->a[i]))
		return;
	now = (struct job){.phase = hw_job_phase(&s->a[i])};
	now.request.heir = s->a[i].heir ? hw_id(s->a[i].heir - 1U) : 0;
	hw_request_read(a->reason, &r);
	heir = of_id(r.heir);
	if (move_may_record(&now, &r))
		s->a[i].heir = (uint8_t)(heir < HEIR_ALLOCS ? heir + 1 : 0);
}

/* Both are there, and the heir-to-be runs. */
static bool is_pair(const struct hw_slurm *s, size_t i, size_t k)
{
	return i < HEIR_ALLOCS && k < HEIR_ALLOCS && hw_is_known(&s->a[i]) &&
	       s->a[k].phase == HA_RUNNING;
}

static void bequeath(struct hw_slurm *s, const struct action *a)
{
	size_t i = of_id(a->job_id), k = of_id(a->companion);

	if (is_pair(s, i, k) && s->a[i].phase == HA_RUNNING &&
	    (!s->a[i].heir || s->a[i].heir == k + 1))
		s->a[k].after = (uint8_t)(i + 1);
}

/* Does another one that goes on claim that place? */
static bool has_rival(const struct hw_slurm *s, size_t i, size_t heir)
{
	for (size_t k = 0; k < HEIR_ALLOCS; k++)
		if (k != heir && is_live(&s->a[k]) && s->a[k].after == i + 1)
			return true;
	return false;
}

static void give_way(struct hw_slurm *s, const struct action *a)
{
	size_t i = of_id(a->job_id), k = of_id(a->companion);

	if (!is_pair(s, i, k) || s->a[i].phase != HA_RUNNING || s->a[k].after != i + 1 ||
	    s->a[i].heir != k + 1 || has_rival(s, i, k))
		return;
	alloc_end(s, &s->a[i]);
	s->a[i].completed = 1;
}

void hw_effect(struct hw_world *w, const struct action *a, const char **ret_wrong)
{
	*ret_wrong = NULL;
	switch ((int)a->kind) {
	case ACT_CREATE_VM: mk_create(&w->kube, a); break;
	case ACT_DELETE_VM: vm_delete(w, a, ret_wrong); break;
	case ACT_POINT_VM: mk_point(&w->kube, a); break;
	case ACT_MIGRATE_VM: mk_migrate(&w->kube, a); break;
	case ACT_CANCEL_MIGRATION: mk_cancel(&w->kube); break;
	case ACT_ALLOCATE: companion_make(&w->slurm, a); break;
	case ACT_END_COMPANION: companion_end(w, a, ret_wrong); break;
	case ACT_RECORD: record(&w->slurm, a); break;
	case ACT_BEQUEATH: bequeath(&w->slurm, a); break;
	case ACT_GIVE_WAY: give_way(&w->slurm, a); break;
	case ACT_END_JOB: job_end(&w->slurm, a); break;
	default: break; /* not of a move */
	}
	note(w, ret_wrong);
}

/* ---- the end ---- */

static const char *others_unfinished(const struct hw_world *w, size_t job)
{
	for (size_t i = 0; i < HEIR_ALLOCS; i++) {
		const struct hw_alloc *a = &w->slurm.a[i];

		if (a->phase == HA_ENDING)
			return "an allocation never leaves its node";
		if (i != job && a->phase == HA_RUNNING)
			return "two allocations hold room for one VM";
		if (i != job && a->phase == HA_PENDING &&
		    !is_drained(&w->slurm, w->slurm.a[job].node))
			return "a companion waits that nobody needs";
	}
	return NULL;
}

const char *hw_unfinished(const struct hw_world *w)
{
	const struct hw_alloc *j = job_of(w);
	const char *others = others_unfinished(w, hw_job(&w->slurm));

	if (others)
		return others;
	if (j->phase != HA_RUNNING)
		return w->kube.phase != VM_ABSENT ? "a VM stays though its job has ended" : NULL;
	if (!mk_has_guest(&w->kube))
		return "the job runs and its VM does not";
	if (w->kube.node != j->node)
		return "the VM stays without an allocation";
	if (is_drained(&w->slurm, j->node) && w->slurm.a[HEIR_ALLOCS - 1].phase == HA_NONE)
		return "the VM stays on a drained node"; /* there was another to be had */
	return NULL;
}

void hw_print(const struct hw_world *w)
{
	static const char *const phases[] = {"none",   "pending", "running",
					     "ending", "ended",   "forgotten"};

	printf("#   ");
	for (size_t i = 0; i < HEIR_ALLOCS; i++) {
		const struct hw_alloc *a = &w->slurm.a[i];

		printf("%s%u %s%s on %s, after %u, heir %u; ", i == hw_job(&w->slurm) ? "*" : "",
		       hw_id(i), phases[a->phase],
		       hw_is_over(a) && a->completed ? " completed" : "", mk_node_name(a->node),
		       a->after, a->heir);
	}
	printf("drained %u; ", w->slurm.drained);
	mk_print(&w->kube);
	printf("%s%s\n", w->gap_over ? ", gap over" : "", w->ended ? ", ended" : "");
}
