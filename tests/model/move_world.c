/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See move_world.h. What is refused here is what slurm/slurm_move.c checks before it asks. Left
 * out: the time of a job. */
#include "tests/model/move_world.h"

#include "vmd/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	E_ENDS,
	E_QUEUED_AGAIN,
	E_GUEST_ENDS,
	E_CANCELLED, /* a companion, either */
	E_WANTED_AGAIN,
	E_DRAINED_TOO,
	E_FORGOTTEN,
	E_DRAINED_AGAIN,
	E_LEAVES,
	E_STARTS_1,
	E_STARTS_2,
	E_STARTS_3,
	E_GAP,
	E_EXPIRES,
	E_ROOM_0,
	E_ROOM_1,
	E_VM_STARTS,
	E_VM_GONE,
	E_GIVEN,
	E_PLACED,
	E_ARRIVES,
	E_FAILS,
	EVENTS
};

static bool is_drained(const struct mw_world *w, unsigned node)
{
	return w->slurm.drained >> node & 1;
}

static bool is_marked(const struct mw_slurm *s)
{
	return s->marked && (s->marked == s->run || s->marked == s->run + 1);
}

uint8_t mw_incarnation(const struct mw_slurm *s)
{
	return is_marked(s) ? s->base : s->run;
}

/* A companion was cancelled, or slurmctld forgot it: of which a vmd may not know yet. */
static bool is_cancelled(const struct mw_world *w)
{
	return (w->faults.done >> E_CANCELLED | w->faults.done >> E_FORGOTTEN) & 1;
}

static bool companion_runs_at(const struct mw_world *w, unsigned node)
{
	for (size_t i = 0; i < MOVE_COMPANIONS; i++)
		if (w->slurm.companion[i] == C_RUNNING && w->slurm.place[i] == node)
			return true;
	return false;
}

/* The VM of an earlier run, when somebody queued the job again, its companion was cancelled or it
 * did not start in time: that it may yet come to be where its job is, is luck. */
static bool is_given_up(const struct mw_world *w)
{
	return w->kube.run < w->slurm.run &&
	       (w->gap == GAP_OVER || is_cancelled(w) || w->faults.done >> E_QUEUED_AGAIN & 1);
}

/* Outside every allocation, while the job runs elsewhere. */
static bool is_astray(const struct mw_world *w)
{
	return mk_has_guest(&w->kube) && w->slurm.phase == JOB_RUNNING &&
	       w->kube.run == mw_incarnation(&w->slurm) && w->kube.node != w->slurm.node &&
	       !companion_runs_at(w, w->kube.node);
}

static void gap_note(struct mw_world *w)
{
	if (w->kube.phase == VM_ABSENT)
		w->gap = 0;
}

/* Its VM is where an allocation of its job is, or is about to be. */
static bool is_placed(const struct mw_world *w)
{
	const struct mw_slurm *s = &w->slurm;
	bool there = companion_runs_at(w, w->kube.node);
	/* When its companion is lost while the job is queued again, another is luck. */
	bool follows = is_marked(s) && there && !is_cancelled(w);

	if (!mk_has_guest(&w->kube) || w->kube.run != mw_incarnation(s))
		return false;
	if (is_given_up(w))
		return false;
	switch ((enum job_phase)s->phase) {
	case JOB_RUNNING: /* out of time it may be on its way out when it is given room */
		return s->node == w->kube.node || (there && w->gap != GAP_OVER);
	case JOB_ENDING: return s->again && follows;
	case JOB_PENDING:
		return follows ||
		       (is_marked(s) && !s->held && s->asked == w->kube.node && w->gap != GAP_OVER);
	case JOB_ENDED: break;
	}
	return false;
}

struct mw_world mw_begin(unsigned faults)
{
	return (struct mw_world){
		.faults = {.left = (uint8_t)faults},
		.slurm = {.phase = JOB_RUNNING, .node = 1, .drained = 1 << 1},
		.kube = mk_begin(),
	};
}

struct mw_world mw_begin_arrived(unsigned faults)
{
	struct mw_world w = mw_begin(faults);

	w.slurm.companion[0] = C_RUNNING;
	w.slurm.place[0] = w.kube.node = w.kube.wanted = w.kube.given = 2;
	w.kube.last_for = MOVE_FIRST;
	w.kube.last_attempt = 1;
	return w;
}

/* ---- what happens by itself ---- */

static const char *const event_names[EVENTS] = {
	"the job ends",
	"somebody queues the job again",
	"the guest ends",
	"a companion is cancelled",
	"the node is wanted again",
	"the other node is drained",
	"slurmctld forgets the move",
	"the node is drained again",
	"the job has left its node",
	"the job starts on n1",
	"the job starts on n2",
	"the job starts on n3",
	"the job has not started for long",
	"the reservation ends by itself",
	"there is room for the first companion",
	"there is room for the second companion",
	"the VM starts",
	"the VM is gone",
	"the VMI follows its VM",
	"the migration finds its node",
	"the migration succeeds",
	"the migration fails",
};

unsigned mw_events(void)
{
	return EVENTS;
}

const char *mw_event_name(unsigned event)
{
	return event_names[event];
}

static void job_leaves(struct mw_slurm *s)
{
	s->phase = s->again ? JOB_PENDING : JOB_ENDED;
	s->held = s->again;
	s->run += s->again;
	s->again = 0;
	s->node = 0;
}

static bool job_starts(struct mw_world *w, uint8_t node)
{
	struct mw_slurm *s = &w->slurm;

	if (s->phase != JOB_PENDING || s->held || is_drained(w, node) ||
	    (s->asked && s->asked != node))
		return false;
	s->phase = JOB_RUNNING;
	s->node = node;
	return true;
}

static bool companion_cancel(struct mw_slurm *s)
{
	for (size_t i = 0; i < MOVE_COMPANIONS; i++)
		if (s->companion[i] == C_RUNNING || s->companion[i] == C_PENDING) {
			s->companion[i] = C_ENDED;
			return true;
		}
	return false;
}

static bool slurm_happens(struct mw_world *w, unsigned event, bool clear, const char **ret_wrong)
{
	struct mw_slurm *s = &w->slurm;

	switch (event) {
	case E_ENDS:
		if (s->phase != JOB_RUNNING || !faults_once(&w->faults, event))
			return false;
		s->phase = JOB_ENDING;
		return true;
	case E_QUEUED_AGAIN:
		if (s->phase != JOB_RUNNING || s->run + 1 >= MOVE_RUNS ||
		    !faults_once(&w->faults, event))
			return false;
		s->phase = JOB_PENDING;
		s->node = 0;
		s->run++;
		return true;
	case E_CANCELLED: return faults_once(&w->faults, event) && companion_cancel(s);
	case E_WANTED_AGAIN: return faults_resume(&w->faults, event, &s->drained, 1);
	case E_DRAINED_TOO: return faults_drain(&w->faults, event, &s->drained, 2);
	case E_DRAINED_AGAIN:
		return faults_drain_again(&w->faults, event, E_WANTED_AGAIN, &s->drained, 1);
	case E_FORGOTTEN:
		if (s->phase != JOB_RUNNING || s->run || !faults_once(&w->faults, event))
			return false;
		*s = (struct mw_slurm){.phase = JOB_RUNNING, .node = s->node, .again_ids = 1};
		return true;
	case E_LEAVES:
		if (s->phase != JOB_ENDING || !clear)
			return false;
		if (mk_has_guest(&w->kube) && w->kube.node == s->node)
			*ret_wrong = "an epilog was let go under its guest";
		job_leaves(s);
		return true;
	case E_STARTS_1: return job_starts(w, 1);
	case E_STARTS_2: return job_starts(w, 2);
	case E_STARTS_3: return job_starts(w, 3);
	case E_GAP:
		if (w->gap == GAP_OVER || !((s->phase == JOB_PENDING && !s->held && s->asked &&
					     !companion_runs_at(w, s->asked)) ||
					    (is_astray(w) && w->kube.migration != G_GOING)))
			return false;
		w->gap++;
		return true;
	case E_EXPIRES:
		if (!s->reserved)
			return false;
		s->reserved = s->inside = 0;
		return true;
	case E_ROOM_0:
	case E_ROOM_1:
		if (s->companion[event - E_ROOM_0] != C_PENDING ||
		    is_drained(w, s->place[event - E_ROOM_0]))
			return false;
		s->companion[event - E_ROOM_0] = C_RUNNING;
		return true;
	default: return false;
	}
}

static bool kube_happens(struct mw_world *w, unsigned event)
{
	switch (event) {
	case E_GUEST_ENDS:
		return mk_has_guest(&w->kube) && faults_once(&w->faults, event) &&
		       mk_guest_ends(&w->kube);
	case E_VM_STARTS: return mk_vm_starts(&w->kube);
	case E_VM_GONE: return mk_vm_goes(&w->kube);
	case E_GIVEN: return mk_is_taken_in(&w->kube);
	case E_PLACED: return mk_finds_node(&w->kube);
	case E_ARRIVES: return mk_arrives(&w->kube);
	case E_FAILS: return mk_fails(&w->kube);
	default: return false;
	}
}

bool mw_happen(struct mw_world *w, unsigned event, bool clear, const char **ret_wrong)
{
	bool happened;

	*ret_wrong = NULL;
	happened = slurm_happens(w, event, clear, ret_wrong) || kube_happens(w, event);
	gap_note(w);
	return happened;
}

/* ---- what vmd asks for ---- */

static void vm_delete(struct mw_world *w, const struct action *a, const char **ret_wrong)
{
	if (!mk_deletes(&w->kube, a))
		return;
	if (is_placed(w))
		*ret_wrong = "a VM was deleted that is where it may be";
	else if (is_astray(w) && !is_given_up(w) && w->gap != GAP_OVER)
		*ret_wrong = "a VM was deleted that had time left to find a place";
	mk_delete(&w->kube);
}

/* Where Slurm would give room: the first node that is allowed and open, else the first allowed. */
static uint8_t place_of(const struct mw_slurm *s, const struct action *a)
{
	uint8_t first = 0;

	for (uint8_t n = 1; n <= MOVE_NODES; n++) {
		if (n == s->node || strstr(a->allocate.not_on, mk_node_name(n)))
			continue;
		if (!(s->drained >> n & 1))
			return n;
		first = first ? first : n;
	}
	return first;
}

static void companion_make(struct mw_slurm *s, const struct action *a)
{
	bool may = s->phase == JOB_RUNNING || (s->phase == JOB_PENDING && is_marked(s));
	uint8_t place = *a->node ? mk_node_number(a->node) : place_of(s, a);

	for (size_t i = 0; may && place && i < MOVE_COMPANIONS; i++)
		if (s->companion[i] == C_NONE) {
			s->companion[i] = C_PENDING;
			s->place[i] = place;
			s->goes[i] = mk_vm_number(a->uid);
			s->born[i] = s->again_ids;
			return;
		}
}

static bool is_live(const struct mw_slurm *s, uint32_t id)
{
	size_t i = id - MOVE_FIRST;

	return i < MOVE_COMPANIONS &&
	       (s->companion[i] == C_PENDING || s->companion[i] == C_RUNNING);
}

static bool follows(const struct mw_slurm *s, const char *node)
{
	struct job now = {.phase = (enum job_phase)s->phase, .held = s->held};

	(void)str_copy(now.node, sizeof(now.node), mk_node_name(s->node));
	(void)str_copy(now.asked_node, sizeof(now.asked_node), mk_node_name(s->asked));
	return move_follows(&now, node);
}

static void companion_end(struct mw_world *w, const struct action *a, const char **ret_wrong)
{
	size_t i = a->companion - MOVE_FIRST;
	/* When one was cancelled, another is luck, and may be on its way out. */
	bool was = is_placed(w) && !is_cancelled(w);

	if (i >= MOVE_COMPANIONS || w->slurm.companion[i] == C_NONE ||
	    (a->end_companion.waited && w->slurm.companion[i] == C_RUNNING) ||
	    (a->end_companion.stays && !is_live(&w->slurm, a->end_companion.stays)) ||
	    (a->end_companion.follows && !follows(&w->slurm, a->node)))
		return;
	w->slurm.companion[i] = C_ENDED;
	if (was && !is_placed(w))
		*ret_wrong = "a companion was ended under its VM";
}

static void record(struct mw_slurm *s, const struct action *a)
{
	struct job now = {.phase = (enum job_phase)s->phase,
			  .restarts = s->run,
			  .request = {.moved_run = s->marked, .base_run = s->base}};
	struct vm_request r;

	mw_request_read(a->reason, &r);
	if (!move_may_record(&now, &r))
		return;
	s->marked = (uint8_t)r.moved_run;
	s->base = (uint8_t)r.base_run;
}

static void job_queue(struct mw_world *w, const struct action *a, const char **ret_wrong)
{
	struct mw_slurm *s = &w->slurm;
	size_t i = a->companion - MOVE_FIRST;
	char version[8];

	(void)str_fmt(version, sizeof(version), "%u", w->kube.version);
	if (*a->version && (w->kube.phase == VM_ABSENT || w->kube.phase == VM_DELETING ||
			    !str_eq(a->version, version)))
		return; /* who was stopped behind that has asked it already */
	if (s->phase != JOB_RUNNING || s->marked != s->run + 1 || s->marked >= MOVE_RUNS ||
	    i >= MOVE_COMPANIONS || s->companion[i] != C_RUNNING ||
	    s->born[i] != a->requeue_job.companion_start_s)
		return;
	s->phase = JOB_ENDING;
	s->again = 1;
	if (!companion_runs_at(w, w->kube.node) && mk_has_guest(&w->kube) && !is_given_up(w))
		*ret_wrong = "a job was queued again though its VM is not with a companion";
}

static void job_aim(struct mw_slurm *s, const struct action *a)
{
	if (s->phase != JOB_PENDING)
		return;
	s->asked = mk_node_number(a->node);
	s->held = s->inside = 0;
}

/* In two steps, for the vmd that asks may die in between: it is made, then the job is put into it.
 * There is one at most: another name takes its place, which Slurm would not mind either. */
static void reserve(struct mw_slurm *s, const struct action *a)
{
	struct reservation r;
	uint8_t number;

	if (s->phase != JOB_PENDING || s->held || s->asked != mk_node_number(a->node) ||
	    !reservation_parse(a->object, &r))
		return;
	number = (uint8_t)(r.companion - MOVE_FIRST + 1);
	s->inside = s->reserved == number;
	s->reserved = number;
}

static void reservation_end(struct mw_slurm *s, const struct action *a)
{
	struct reservation r;

	if (reservation_parse(a->object, &r) && s->reserved == r.companion - MOVE_FIRST + 1)
		s->reserved = s->inside = 0;
}

void mw_effect(struct mw_world *w, const struct action *a, const char **ret_wrong)
{
	struct mw_slurm *s = &w->slurm;

	*ret_wrong = NULL;
	switch ((int)a->kind) {
	case ACT_CREATE_VM: mk_create(&w->kube, a); break;
	case ACT_DELETE_VM: vm_delete(w, a, ret_wrong); break;
	case ACT_POINT_VM: mk_point(&w->kube, a); break;
	case ACT_MIGRATE_VM: mk_migrate(&w->kube, a); break;
	case ACT_CANCEL_MIGRATION: mk_cancel(&w->kube); break;
	case ACT_ALLOCATE: companion_make(s, a); break;
	case ACT_END_COMPANION: companion_end(w, a, ret_wrong); break;
	case ACT_RECORD: record(s, a); break;
	case ACT_REQUEUE_JOB: job_queue(w, a, ret_wrong); break;
	case ACT_AIM_JOB: job_aim(s, a); break;
	case ACT_RESERVE: reserve(s, a); break;
	case ACT_END_RESERVATION: reservation_end(s, a); break;
	case ACT_END_JOB:
		if (s->phase == JOB_RUNNING)
			s->phase = JOB_ENDING;
		break;
	default: break; /* not of a move */
	}
	gap_note(w);
	if (w->kube.version > MOVE_VERSION_MAX)
		*ret_wrong = "it goes on for ever";
}

bool mw_go_on(struct mw_world *w, bool clear)
{
	static const unsigned good[] = {E_LEAVES,   E_ROOM_0,   E_ROOM_1, E_STARTS_1,
					E_STARTS_2, E_STARTS_3, E_GIVEN,  E_VM_STARTS,
					E_PLACED,   E_ARRIVES,  E_VM_GONE};
	const char *ignored;
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		any |= mw_happen(w, good[i], clear, &ignored);
	/* KubeVirt gives up a pod that finds no node, after five minutes. */
	if (!any && w->kube.migration == G_PLACING)
		any = mw_happen(w, E_FAILS, clear, &ignored);
	return any || mw_happen(w, E_GAP, clear, &ignored);
}

const char *mw_unfinished(const struct mw_world *w)
{
	const struct mw_slurm *s = &w->slurm;
	bool companions = false;

	for (size_t i = 0; i < MOVE_COMPANIONS; i++)
		companions |= s->companion[i] == C_PENDING || s->companion[i] == C_RUNNING;
	if (s->held)
		return "the job stays held";
	if (s->reserved)
		return "a reservation stays";
	if (s->phase == JOB_ENDING)
		return "the job never leaves its node";
	if (s->phase != JOB_RUNNING)
		return w->kube.phase != VM_ABSENT ? "a VM stays though its job does not run"
		       : companions               ? "a companion stays though its job does not run"
						  : NULL;
	if (w->kube.phase != VM_RUNNING || w->kube.run != mw_incarnation(s))
		return "the job runs and its VM does not";
	if (w->kube.node != s->node && !companion_runs_at(w, w->kube.node))
		return "the VM stays without an allocation";
	if (w->kube.node != s->node && is_drained(w, w->kube.node) &&
	    s->companion[MOVE_COMPANIONS - 1] == C_NONE) /* there was another to be had */
		return "the VM stays on a drained node";
	if (companions && !is_drained(w, s->node) && w->kube.node == s->node)
		return "a companion stays that nobody needs";
	return NULL;
}

void mw_print(const struct mw_world *w)
{
	const struct mw_slurm *s = &w->slurm;

	printf("#   job %s r%u on %s, asks for %s%s%s, reserved %u%s, mark %u of %u, drained %u; "
	       "companions %u@%s %u@%s; ",
	       job_phase_name((enum job_phase)s->phase), s->run, mk_node_name(s->node),
	       s->asked ? mk_node_name(s->asked) : "none", s->held ? ", held" : "",
	       s->again ? ", again" : "", s->reserved, s->inside ? " (inside)" : "", s->marked,
	       s->base, s->drained, s->companion[0], mk_node_name(s->place[0]), s->companion[1],
	       mk_node_name(s->place[1]));
	mk_print(&w->kube);
	printf("%s\n", w->gap == GAP_OVER ? ", gap over" : "");
}
