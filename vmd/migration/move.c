/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a move is, read from what Slurm and Kubernetes show. Pure, allocates nothing; the rows of
 * the table in DESIGN.md, "The move", are the branches here and in the files beside it
 * (move_rules.h), in the same words. What is done about each phase is in reconcile/plan_move.c. */
#include "vmd/migration/move_rules.h"

#include "vmd/base/str.h"
#include "vmd/migration/heir.h"

#include <stdarg.h>
#include <string.h>

void move_set(struct move *m, enum move_phase p, const char *fmt, ...)
{
	va_list ap;

	m->phase = p;
	m->tell = false;
	va_start(ap, fmt);
	(void)vsnprintf(m->reason, sizeof(m->reason), fmt, ap);
	va_end(ap);
}

/* ---- what is so ---- */

static bool is_at(const struct vm_seen *vm, const char *node)
{
	return vm && *node && *vm->node && job_node_same(vm->node, node) &&
	       (vm->phase == VM_STARTING || vm->phase == VM_RUNNING);
}

/* The companion holds the place the VM is at, which is not the job's own. */
static bool is_there(const struct move_view *v, const struct companion *h)
{
	return h && h->phase == JOB_RUNNING && is_at(v->vm, h->node) &&
	       !job_node_same(h->node, v->job->node);
}

/* ---- the job runs ---- */

/* Does another one claim the job's place, too? It is one too many, and is ended first: once the job
 * is forgotten nobody could tell which of them has it. */
static bool has_rival(const struct move_view *v, const struct companion *h)
{
	for (size_t i = 0; i < v->n_companion; i++) {
		const struct companion *c = &v->companion[i];

		if (c != h && c->after == v->job->id && companion_is_of(c, h->job_key))
			return true;
	}
	return false;
}

/* It cannot follow, so its companion takes its place. Also on a node that takes no jobs: it is
 * there already, and moves on as the job's own. */
static void read_heir(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;
	enum move_phase p = MOVE_GIVE_WAY;

	if (h->after != v->job->id)
		p = MOVE_BEQUEATH;
	else if (v->job->request.heir != h->id || has_rival(v, h))
		p = MOVE_MARK;
	move_set(m, p, "it is on %.80s, and goes on as job %u", h->node, h->id);
}

/* It keeps both nodes: until when, who waits for the old one wants to know. */
static void read_held(const struct job *j, struct move *m)
{
	char end[STR_TIME_SIZE];

	move_set(m, MOVE_HELD,
		 "it runs on %.80s in the companion allocation %u, the job keeps %.80s to its "
		 "end%s%s",
		 m->companion->node, m->companion->id, j->node, j->end_s ? ", at the latest " : "",
		 j->end_s ? str_time(j->end_s, end) : "");
}

/* The VM has arrived at its companion's node. */
static void read_there(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct job *j = v->job;

	m->keeps_vm = true;
	if (move_read_taken_back(v, m) || move_read_on(v, m, next))
		return;
	/* KubeVirt's own brought it here, and ours came a moment late: it looks for a place beside
	 * the VM, and would for minutes. */
	if (v->known && *v->vm->moving.name && v->vm->moving.scheduling)
		move_set(m, MOVE_STUCK, "%s",
			 "it has arrived, a second migration has nowhere to go");
	else if (!v->known || *v->vm->moving.name)
		move_set(m, MOVE_SENDING, "%s", "the migration ends");
	else if (!job_node_same(v->vm->moving.wanted_node, m->companion->node))
		move_set_to(m, MOVE_POINT, m->companion->node, "has come to %.80s and stays",
			    m->companion->node);
	else if (!job_node_same(v->vm->moving.given_node, m->companion->node))
		move_set(m, MOVE_POINTED, "KubeVirt takes in that it stays on %.80s",
			 m->companion->node);
	else if (heir_may_be(j))
		read_heir(v, m);
	else if (is_set(v->closed) && move_is_by_requeue(j))
		move_set(
			m, MOVE_HELD,
			"it runs on %.80s in the companion allocation %u; its job cannot follow as "
			"long as that %s",
			m->companion->node, m->companion->id, v->closed);
	else if (!move_is_by_requeue(j))
		read_held(j, m);
	else if (j->request.moved_run == j->restarts + 1)
		move_set(m, MOVE_REQUEUE, "it is on %.80s, its job follows", v->vm->node);
	else
		move_set(m, MOVE_MARK, "it is on %.80s, its job follows", v->vm->node);
}

void move_read_allocate(const struct move_view *v, struct move *m, const char *why)
{
	if (!is_set(v->asked_closed) && !str_eq(v->asked, MOVE_ANYWHERE))
		m->to = v->asked;
	move_set(m, MOVE_ALLOCATE, "%s, room is asked for on another one", why);
}

/* The VM is where its job is. What was begun is undone when it is not wanted any more; a migration
 * that goes on is not stopped for that. */
static void read_here(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct vm_moving *k = &v->vm->moving;
	const struct companion *h = m->companion;
	char buf[MOVE_WHY_SIZE];
	const char *why = move_why_wanted(v, buf);
	bool goes = *why && !move_is_blocked(v, m);
	bool sending = *k->name && k->ours;

	if (!v->known || move_read_taken_back(v, m))
		return; /* unknown is not empty; why is said above */
	if (h && h->phase == JOB_RUNNING && job_node_same(h->node, v->job->node)) {
		if (move_is_lent(v->job, v->vm))
			move_read_lent(v, m, next);
		else
			move_set(m, MOVE_DROP, "%s", "it has moved");
		return;
	}
	if (h && h->phase == JOB_RUNNING && (goes || sending)) {
		move_read_send(v, m);
		goes = m->phase != MOVE_DROP;
		if (goes)
			return;
	}
	if (h && h->phase == JOB_PENDING && goes && move_is_small(v, h)) {
		move_set(m, MOVE_DROP, "%s", MOVE_MORE_ROOM);
		return;
	}
	if (h && h->phase == JOB_PENDING && goes && v->outdated) {
		move_set(m, MOVE_DROP, "%s", "more nodes take it now: room is asked for anew");
		return;
	}
	if (h && h->phase == JOB_PENDING && goes) {
		move_read_queued(m, h, why);
		return;
	}
	if (v->taken_back && k->evacuating && !*why)
		move_set(m, MOVE_TAKEN_BACK, "%s", "its node is in service again");
	else if (v->taken_back && *k->name && !k->ours && k->scheduling && !*why)
		move_set(m, MOVE_STUCK, "%s", "its node is in service again");
	else if (sending) /* its companion is gone: nobody has granted room there */
		move_set(m, MOVE_STUCK, "%s", "its companion allocation is gone");
	else if (*k->wanted_node && !job_node_same(k->wanted_node, v->job->node))
		move_set_to(m, MOVE_BACK, v->job->node, "stays on %.80s", v->job->node);
	else if (h && *k->given_node && !job_node_same(k->given_node, v->job->node))
		/* A migration that comes late would still take it there. */
		move_set(m, MOVE_POINTED, "KubeVirt takes in that it stays on %.80s", v->job->node);
	else if (h)
		move_set(m, MOVE_DROP, "%s", *m->reason ? m->reason : "it stays");
	else if (goes)
		move_read_allocate(v, m, why);
	else if (!*why)
		move_read_choice(v, m);
}

static void read_running(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct vm_seen *vm = v->vm;

	if (v->over) { /* nothing is begun any more, least of all another run */
		m->keeps_vm = is_there(v, m->companion);
		if (m->companion && v->n_vm == 0)
			move_set(m, MOVE_DROP, "%s", "");
	} else if (is_there(v, m->companion))
		read_there(v, m, next);
	else if (is_at(vm, v->job->node) && vm->phase == VM_RUNNING)
		read_here(v, m, next);
	else if (vm && vm->phase == VM_RUNNING && vm_is_astray(vm, v->job))
		move_read_astray(v, m);
	else if (m->companion && (!vm || vm->phase != VM_STARTING))
		move_set(m, MOVE_DROP, "%s", "");
}

/* ---- the job is queued again ---- */

/* Marked, it is queued again because its VM was with its companion. Who sees the VM elsewhere may
 * have an old view of it, or the request came late. */
static bool is_elsewhere(const struct move_view *v, const struct companion *h)
{
	return v->known && h && h->phase == JOB_RUNNING && move_is_marked(v->job) && v->vm &&
	       v->vm->phase == VM_RUNNING && !is_there(v, h);
}

static void read_ending(const struct move_view *v, struct move *m)
{
	if (move_is_marked(v->job) && is_there(v, m->companion)) {
		m->keeps_vm = true;
		if (!move_read_taken_back(v, m))
			move_set(m, MOVE_LEAVING, "its job leaves %.80s", v->job->node);
	} else if (is_elsewhere(v, m->companion)) {
		move_read_given_up(v, m, MOVE_NOT_THERE);
	} else if (m->companion && v->n_vm == 0) {
		move_set(m, MOVE_DROP, "%s", "");
	}
}

/* It is with its companion, whose place the job takes. A job that has asked for a reservation of
 * its own keeps that: it is before all that are in none, and Slurm lets a job wait in one alone. */
static void read_follow(const struct move_view *v, struct move *m)
{
	const struct job *j = v->job;
	const struct companion *h = m->companion;
	bool aimed = !j->held && job_node_same(j->asked_node, h->node);
	enum move_phase p = MOVE_RELEASE;

	if (aimed && is_set(v->closed)) { /* it would not start there */
		move_set(m, MOVE_HELD, "its job cannot follow as long as %.80s %s", h->node,
			 v->closed);
		return;
	}
	if (aimed && j->limited) { /* nor then */
		move_set(m, MOVE_HELD, "its job follows to %.80s when a limit allows it to run",
			 h->node);
		return;
	}
	m->reserves = v->reserve && !j->reserves_own ? h->id : 0;
	if (!aimed)
		p = MOVE_AIM;
	else if (m->reserves && j->reserved != m->reserves)
		p = MOVE_RESERVE;
	move_set_to(m, p, h->node, "its job follows to %.80s", h->node);
	m->room = h->size;
}

static void read_pending(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct job *j = v->job;

	if (move_is_marked(j) && is_there(v, m->companion)) {
		m->keeps_vm = true;
		if (!move_read_taken_back(v, m) && !(is_set(v->closed) && move_read_on(v, m, next)))
			read_follow(v, m);
	} else if (move_is_marked(j) && is_at(v->vm, j->asked_node) && move_read_gap(v, m)) {
		return;
	} else if (is_elsewhere(v, m->companion)) {
		move_read_given_up(v, m, MOVE_NOT_THERE);
	} else if (move_read_left(v, m)) {
		return;
	} else if (m->companion && v->n_vm == 0) {
		move_set(m, MOVE_DROP, "%s", "");
	} else if (move_is_from(j) ||
		   (j->request.moved_run && (*j->asked_node || (j->held && move_is_marked(j))))) {
		/* Held by our own request, too, when its VM went before it was aimed. A hold of its
		 * user's in these seconds looks the same (priority 0) and goes with it: he can set
		 * it again, and nobody would ever release a job that we hold. */
		move_set(m, MOVE_UNAIM, "%s", "");
	}
}

/* Its VM goes to another one; but that one may need the room, and its owner may have only so many
 * jobs. */
static void drop_first(const struct move_view *v, struct move *m)
{
	const struct companion *c = move_turned_down(v, m->companion);

	if (!c)
		return;
	m->with = m->companion;
	m->companion = c;
	m->phase = MOVE_DROP;
}

void move_read(const struct move_view *v, struct move *ret)
{
	struct move m = {.phase = MOVE_NONE, .to = ""};
	const struct companion *next;

	move_companions(v->companion, v->n_companion, v->job, v->vm, &m.companion, &next);
	switch (v->job->phase) {
	case JOB_RUNNING: read_running(v, &m, next); break;
	case JOB_ENDING: read_ending(v, &m); break;
	case JOB_PENDING: read_pending(v, &m, next); break;
	case JOB_ENDED:
		if (m.companion && v->n_vm == 0)
			move_set(&m, MOVE_DROP, "%s", "");
		break;
	}
	if (m.phase == MOVE_ALLOCATE)
		drop_first(v, &m);
	if (m.phase == MOVE_ALLOCATE) {
		m.room = v->grow;
		growth_join(&m.room, &v->place);
	}
	*ret = m;
}

const char *move_phase_name(enum move_phase p)
{
	switch (p) {
	case MOVE_NONE: return "none";
	case MOVE_BLOCKED: return "blocked";
	case MOVE_TAKEN_BACK: return "taken-back";
	case MOVE_STAY: return "stay";
	case MOVE_ANEW: return "anew";
	case MOVE_ALLOCATE: return "allocate";
	case MOVE_QUEUED: return "queued";
	case MOVE_POINT: return "point";
	case MOVE_POINTED: return "pointed";
	case MOVE_SEND: return "send";
	case MOVE_SENDING: return "sending";
	case MOVE_STUCK: return "stuck";
	case MOVE_BEQUEATH: return "bequeath";
	case MOVE_MARK: return "mark";
	case MOVE_GIVE_WAY: return "give-way";
	case MOVE_REQUEUE: return "requeue";
	case MOVE_LEAVING: return "leaving";
	case MOVE_AIM: return "aim";
	case MOVE_RESERVE: return "reserve";
	case MOVE_RELEASE: return "release";
	case MOVE_STARTING: return "starting";
	case MOVE_HELD: return "held";
	case MOVE_BACK: return "back";
	case MOVE_DROP: return "drop";
	case MOVE_UNAIM: return "unaim";
	}
	return "?"; /* a number that is no move_phase */
}
