/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a move is, read from what Slurm and Kubernetes show. Pure, allocates nothing; the rows of
 * the table in DESIGN.md, "The move", are the branches here, in the same words. What is done about
 * each phase is in reconcile/plan_move.c. */
#include "vmd/migration/move.h"

#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

static void set(struct move *m, enum move_phase p, const char *fmt, ...) PRINTF(3, 4);
static void set(struct move *m, enum move_phase p, const char *fmt, ...)
{
	va_list ap;

	m->phase = p;
	m->tell = false;
	va_start(ap, fmt);
	(void)vsnprintf(m->reason, sizeof(m->reason), fmt, ap);
	va_end(ap);
}

/* The same, and its user shall know. */
#define set_told(m, ...) (set(m, __VA_ARGS__), (m)->tell = true)
/* The same, and something is done with that node. */
#define set_to(m, p, node, ...) (set(m, p, __VA_ARGS__), (m)->to = (node))

/* ---- what is so ---- */

bool move_is_marked(const struct job *j)
{
	const struct vm_request *r = &j->request;

	return r->moved_run && (r->moved_run == j->restarts || r->moved_run == j->restarts + 1);
}

bool move_may_record(const struct job *now, const struct vm_request *next)
{
	const struct vm_request *r = &now->request;

	if (now->phase == JOB_RUNNING || now->phase == JOB_ENDED || !move_is_marked(now))
		return true;
	return next->moved_run == r->moved_run && next->base_run == r->base_run;
}

/* Was it a move that aimed the job at the node it asks for? One that names its node never moves, so
 * where its VM has been is nothing that its user asked for. The mark alone does not tell: it goes
 * when another run begins, which may begin before the aim was taken off. */
static bool is_from_move(const struct job *j)
{
	size_t len = strlen(j->asked_node);

	for (const char *p = j->request.nodes; len && (p = strstr(p, j->asked_node)); p += len)
		if (p[len] == '@' && (p == j->request.nodes || p[-1] == ','))
			return true;
	return false;
}

static bool is_set(const char *text)
{
	return text && *text;
}

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

#define WHY_SIZE (JOB_TITLE_MAX + 40)

/* Why its node is to get empty, "" it is not. */
static const char *why_drained(const struct move_view *v, char buf[WHY_SIZE])
{
	const char *reason = v->job->drain_reason;

	if (v->job->drained && drain_is_ours(reason))
		return "its node is cordoned in Kubernetes";
	if (v->job->drained) {
		(void)str_fmt(buf, WHY_SIZE, "its node is drained in Slurm%s%s%s",
			      *reason ? " (" : "", reason, *reason ? ")" : "");
		return buf;
	}
	if (v->vm->moving.evacuating && !v->taken_back)
		return "its node is drained in Kubernetes";
	return "";
}

/* Why it has to move, "" it has not. What a drain means is the user's choice; who asks for a move
 * wants one. */
static const char *why_wanted(const struct move_view *v, char buf[WHY_SIZE])
{
	const char *why = why_drained(v, buf);

	if (*why && (!v->on_drain || v->on_drain == VM_ON_DRAIN_MIGRATE))
		return why;
	if (v->grow.cpus)
		return "it is to grow, which takes a move";
	return *v->asked ? "somebody asked for it" : "";
}

/* Why it cannot go; false: it can. */
static bool is_blocked(const struct move_view *v, struct move *m)
{
	const struct vm_seen *vm = v->vm;

	if (!v->known)
		set(m, MOVE_BLOCKED, "%s",
		    "Kubernetes does not tell vmd of migrations (does its role allow it?)");
	else if (*vm->moving.blocked)
		set_told(m, MOVE_BLOCKED, "it must leave, but it cannot move live: %.180s",
			 vm->moving.blocked);
	else if (*v->job->asked_node && !move_is_marked(v->job) && !is_from_move(v->job))
		set_told(m, MOVE_BLOCKED, "%s",
			 "it must leave, but the job asks for its node by name (--nodelist)");
	else if (is_set(v->asked_closed) && !v->job->drained &&
		 (!vm->moving.evacuating || v->taken_back))
		set(m, MOVE_BLOCKED, "it shall go to %.80s, which %s", v->asked, v->asked_closed);
	else if (v->pause)
		set(m, MOVE_BLOCKED, "moving it failed %d times, it is tried again later: %.150s",
		    MOVE_ATTEMPTS, vm->moving.failure);
	else
		return false;
	return true;
}

/* ---- the job runs ---- */

static bool is_handed_over_by_requeue(const struct job *j)
{
	return j->batch && j->requeue;
}

/* The VM has arrived at its companion's node. */
static void read_there(const struct move_view *v, struct move *m)
{
	const struct job *j = v->job;

	m->keeps_vm = true;
	/* KubeVirt's own brought it here, and ours came a moment late: it looks for a place beside
	 * the VM, and would for minutes. */
	if (v->known && *v->vm->moving.name && v->vm->moving.scheduling)
		set(m, MOVE_STUCK, "%s", "it has arrived, a second migration has nowhere to go");
	else if (!v->known || *v->vm->moving.name)
		set(m, MOVE_SENDING, "%s", "the migration ends");
	else if (!job_node_same(v->vm->moving.wanted_node, m->companion->node))
		set_to(m, MOVE_POINT, m->companion->node, "has come to %.80s and stays",
		       m->companion->node);
	else if (!job_node_same(v->vm->moving.given_node, m->companion->node))
		set(m, MOVE_POINTED, "KubeVirt takes in that it stays on %.80s",
		    m->companion->node);
	else if (is_set(v->closed) && is_handed_over_by_requeue(j))
		set(m, MOVE_HELD,
		    "it runs on %.80s in the companion allocation %u; its job cannot follow as "
		    "long as that %s",
		    m->companion->node, m->companion->id, v->closed);
	else if (!is_handed_over_by_requeue(j))
		set(m, MOVE_HELD,
		    "it runs on %.80s in the companion allocation %u, the job keeps %.80s to its "
		    "end",
		    m->companion->node, m->companion->id, j->node);
	else if (j->request.moved_run == j->restarts + 1)
		set(m, MOVE_REQUEUE, "it is on %.80s, its job follows", v->vm->node);
	else
		set(m, MOVE_MARK, "it is on %.80s, its job follows", v->vm->node);
}

/* Is KubeVirt's own migration from before the VM was pointed at its companion's node? The companion
 * is there since start_s. */
static bool is_bound(const struct move_view *v, int64_t start_s, int64_t *ret_again_s)
{
	const struct vm_moving *k = &v->vm->moving;
	int64_t age_s = v->wall_s - k->begun_s;
	int64_t limit_s = k->begun_s <= start_s + MOVE_SAME_AGE_S ? MOVE_BOUND_S : MOVE_UNPLACED_S;

	if (k->ours || !k->scheduling)
		return false;
	if (age_s >= limit_s)
		return true;
	*ret_again_s = limit_s - age_s;
	return false;
}

/* Is its companion too small for what it is to become? */
static bool is_small(const struct move_view *v, const struct companion *h)
{
	return v->grow.cpus > h->size.cpus ||
	       (v->grow.cpus && v->grow.memory_bytes > h->size.memory_bytes);
}

/* How large it is to be where it goes; false: as it is. KubeVirt takes no other size in while it
 * migrates: then it goes as it is, and grows by another move. */
static bool target_read(const struct move_view *v, const struct companion *h, struct vm_target *ret)
{
	if (!v->grow.cpus || is_small(v, h) || *v->vm->moving.name)
		return false;
	growth_target(&v->vm->size, &v->grow, ret);
	return true;
}

/* Does its VM say that it shall be on the companion's node, and so large? */
static bool is_pointed(const struct move_view *v, const struct companion *h)
{
	const struct vm_size *s = &v->vm->size;
	struct vm_target t;

	return job_node_same(v->vm->moving.wanted_node, h->node) &&
	       (!target_read(v, h, &t) ||
		(s->sockets_wanted >= t.sockets && s->memory_wanted_bytes >= t.memory_bytes));
}

/* Has KubeVirt taken that in? */
static bool is_given(const struct move_view *v, const struct companion *h)
{
	const struct vm_size *s = &v->vm->size;
	struct vm_target t;

	return job_node_same(v->vm->moving.given_node, h->node) &&
	       (!target_read(v, h, &t) ||
		(s->sockets_given >= t.sockets && s->memory_given_bytes >= t.memory_bytes));
}

/* The companion has begun, the VM is elsewhere. */
static void read_send(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;
	const struct companion *h = m->companion;

	m->attempt_for = h->id;
	m->attempt = k->attempt && k->companion == h->id ? k->attempt + 1 : 1;
	if (is_set(v->closed) && !*k->name)
		set(m, MOVE_DROP, "%.80s %s", h->node, v->closed);
	else if (is_set(v->closed) && k->scheduling)
		set(m, MOVE_STUCK, "%.80s %s", h->node, v->closed);
	else if (is_small(v, h) && !*k->name)
		set(m, MOVE_DROP, "%s", "it is to grow: more room is asked for");
	else if (!is_pointed(v, h)) {
		if (!target_read(v, h, &m->target))
			m->target.sockets = 0;
		set_to(m, MOVE_POINT, h->node, "goes to %.80s", h->node);
	} else if (!is_given(v, h))
		set(m, MOVE_POINTED, "KubeVirt takes in that it goes to %.80s", h->node);
	else if (*k->name && is_bound(v, h->start_s, &m->again_s))
		set(m, MOVE_STUCK, "KubeVirt's own migration is bound to %.80s", v->job->node);
	else if (*k->name || (m->attempt > 1 && !k->failed)) /* the VMI is a moment behind */
		set(m, MOVE_SENDING, "migrates to %.80s", h->node);
	else if (m->attempt > MOVE_ATTEMPTS)
		set(m, MOVE_DROP, "migrating it failed %d times: %.180s", MOVE_ATTEMPTS,
		    k->failure);
	else if (m->attempt > 1)
		set(m, MOVE_SEND, "migrates to %.80s again, after: %.120s", h->node, k->failure);
	else
		set(m, MOVE_SEND, "migrates to %.80s", h->node);
}

/* For a limit its user can do something, and an admin: room alone will not help. */
static void read_queued(struct move *m, const struct companion *h, const char *why)
{
	if (h->limited)
		set_told(m, MOVE_QUEUED,
			 "%s, but a limit leaves no room for the second allocation that a move "
			 "needs (Slurm: job %u, %s)",
			 why, h->id, h->reason);
	else
		set(m, MOVE_QUEUED, "%s, it waits for room on another one (Slurm: job %u, %s)", why,
		    h->id, *h->reason ? h->reason : "not looked at yet");
}

/* Its node is drained, and it is not to move. */
static void read_choice(const struct move_view *v, struct move *m)
{
	char buf[WHY_SIZE];
	const char *why = why_drained(v, buf);

	if (!*why)
		return;
	if (v->on_drain == VM_ON_DRAIN_STAY)
		set_told(m, MOVE_STAY, "%s; it stays to its end, as it asks (--vm-on-drain=stay)",
			 why);
	else if (is_handed_over_by_requeue(v->job))
		set(m, MOVE_ANEW, "%s; it is queued again, as it asks (--vm-on-drain=requeue)",
		    why);
	else
		set_told(m, MOVE_STAY,
			 "%s; it stays: Slurm queues only batch jobs again, and not with "
			 "--no-requeue",
			 why);
}

static void read_allocate(const struct move_view *v, struct move *m, const char *why)
{
	if (!is_set(v->asked_closed) && !str_eq(v->asked, MOVE_ANYWHERE))
		m->to = v->asked;
	set(m, MOVE_ALLOCATE, "%s, room is asked for on another one", why);
}

/* The VM is where its job is. What was begun is undone when it is not wanted any more; a migration
 * that goes on is not stopped for that. */
static void read_here(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;
	const struct companion *h = m->companion;
	char buf[WHY_SIZE];
	const char *why = why_wanted(v, buf);
	bool goes = *why && !is_blocked(v, m);
	bool sending = *k->name && k->ours;

	if (!v->known)
		return; /* unknown is not empty; why is said above */
	if (h && h->phase == JOB_RUNNING && job_node_same(h->node, v->job->node)) {
		set(m, MOVE_DROP, "%s", "it has moved");
		return;
	}
	if (h && h->phase == JOB_RUNNING && (goes || sending)) {
		read_send(v, m);
		goes = m->phase != MOVE_DROP;
		if (goes)
			return;
	}
	if (h && h->phase == JOB_PENDING && goes && is_small(v, h)) {
		set(m, MOVE_DROP, "%s", "it is to grow: more room is asked for");
		return;
	}
	if (h && h->phase == JOB_PENDING && goes && v->outdated) {
		set(m, MOVE_DROP, "%s", "more nodes take it now: room is asked for anew");
		return;
	}
	if (h && h->phase == JOB_PENDING && goes) {
		read_queued(m, h, why);
		return;
	}
	if (v->taken_back && k->evacuating && !*why)
		set(m, MOVE_TAKEN_BACK, "%s", "its node is in service again");
	else if (v->taken_back && *k->name && !k->ours && k->scheduling && !*why)
		set(m, MOVE_STUCK, "%s", "its node is in service again");
	else if (sending) /* its companion is gone: nobody has granted room there */
		set(m, MOVE_STUCK, "%s", "its companion allocation is gone");
	else if (*k->wanted_node && !job_node_same(k->wanted_node, v->job->node))
		set_to(m, MOVE_BACK, v->job->node, "stays on %.80s", v->job->node);
	else if (h && *k->given_node && !job_node_same(k->given_node, v->job->node))
		/* A migration that comes late would still take it there. */
		set(m, MOVE_POINTED, "KubeVirt takes in that it stays on %.80s", v->job->node);
	else if (h)
		set(m, MOVE_DROP, "%s", *m->reason ? m->reason : "it stays");
	else if (goes)
		read_allocate(v, m, why);
	else if (!*why)
		read_choice(v, m);
}

/* ---- the job runs, and its VM is outside every allocation ---- */

/* Why it cannot go home, "" it can. What drains its own node matters to no one: it must leave
 * that anyway. */
static const char *why_not_home(const struct move_view *v, char buf[WHY_SIZE])
{
	if (v->job->drained)
		return why_drained(v, buf);
	if (is_set(v->home_closed)) {
		(void)str_fmt(buf, WHY_SIZE, "its job's node %s", v->home_closed);
		return buf;
	}
	if (*v->vm->moving.blocked)
		return "it cannot move live";
	return *v->asked ? "somebody asked for it" : "";
}

/* To where the room is its job's. The name of its migration must be a new one: of those that were
 * ours the last one took it away from there. */
static void read_home(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;
	const char *home = v->job->node;

	m->attempt_for = k->companion;
	m->attempt = k->attempt + 1;
	if (*k->name && !k->scheduling)
		set(m, MOVE_SENDING, "the migration ends");
	else if (!job_node_same(k->wanted_node, home))
		set_to(m, MOVE_POINT, home, "is outside its job's allocation: back to %.80s", home);
	else if (!job_node_same(k->given_node, home))
		set(m, MOVE_POINTED, "KubeVirt takes in that it goes back to %.80s", home);
	else if (*k->name && is_bound(v, 0, &m->again_s))
		set(m, MOVE_STUCK, "KubeVirt's own migration is bound to %.80s", v->vm->node);
	else if (*k->name)
		set(m, MOVE_SENDING, "migrates back to %.80s", home);
	else
		set(m, MOVE_SEND, "is outside its job's allocation, migrates back to %.80s", home);
}

#define NO_PLACE                                                                                   \
	"it is outside its job's allocation, nothing else was found: it is made again at home"

/* It had its time: it is deleted, and made anew at home. But first it is bound to where it is: the
 * view may be old, and the deletion, which names the version, must miss a VM that has come home
 * meanwhile. */
static void read_given_up(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;
	const char *here = v->vm->node;

	m->keeps_vm = true;
	if (*k->name && !k->scheduling)
		set(m, MOVE_SENDING, "the migration ends");
	else if (!job_node_same(k->wanted_node, here))
		set_to(m, MOVE_POINT, here, "%s", NO_PLACE);
	else if (!job_node_same(k->given_node, here))
		set(m, MOVE_POINTED, "%s", NO_PLACE);
	else if (*k->name)
		set(m, MOVE_STUCK, "%s", NO_PLACE);
	else {
		m->keeps_vm = false;
		if (m->companion)
			set(m, MOVE_DROP, "%s", "");
	}
}

/* Home live, as long as its job may stay there; else to room that is given already, or where it
 * is, if Slurm gives that. */
static void read_astray(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;
	char buf[WHY_SIZE];
	const char *why = why_not_home(v, buf);
	bool closed = is_set(v->here_closed);

	m->alone = m->keeps_vm = true;
	if (!v->known)
		set(m, MOVE_BLOCKED, "%s",
		    "it is outside its job's allocation, and Kubernetes does not tell vmd of "
		    "migrations (does its role allow it?)");
	else if (v->alone)
		read_given_up(v, m);
	else if (!*why)
		read_home(v, m);
	else if (h && h->phase == JOB_RUNNING)
		read_send(v, m);
	else if (h)
		read_queued(m, h, "it is outside its job's allocation");
	else
		set_to(m, MOVE_ALLOCATE, closed ? "" : v->vm->node,
		       "it is outside its job's allocation, %.103s: room is asked for %s", why,
		       closed ? "on another node" : "where it is");
}

static void read_running(const struct move_view *v, struct move *m)
{
	const struct vm_seen *vm = v->vm;

	if (v->over) { /* nothing is begun any more, least of all another run */
		m->keeps_vm = is_there(v, m->companion);
		if (m->companion && v->n_vm == 0)
			set(m, MOVE_DROP, "%s", "");
	} else if (is_there(v, m->companion))
		read_there(v, m);
	else if (is_at(vm, v->job->node) && vm->phase == VM_RUNNING)
		read_here(v, m);
	else if (vm && vm->phase == VM_RUNNING && vm_is_astray(vm, v->job))
		read_astray(v, m);
	else if (m->companion && (!vm || vm->phase != VM_STARTING))
		set(m, MOVE_DROP, "%s", "");
}

/* ---- the job is queued again ---- */

static void read_ending(const struct move_view *v, struct move *m)
{
	if (move_is_marked(v->job) && is_there(v, m->companion)) {
		m->keeps_vm = true;
		set(m, MOVE_LEAVING, "its job leaves %.80s", v->job->node);
	} else if (m->companion && v->n_vm == 0) {
		set(m, MOVE_DROP, "%s", "");
	}
}

static void read_pending(const struct move_view *v, struct move *m)
{
	const struct job *j = v->job;
	bool aimed;

	if (move_is_marked(j) && is_there(v, m->companion)) {
		aimed = !j->held && job_node_same(j->asked_node, m->companion->node);
		m->keeps_vm = true;
		if (aimed && is_set(v->closed)) /* it would not start there */
			set(m, MOVE_HELD, "its job cannot follow as long as %.80s %s",
			    m->companion->node, v->closed);
		else if (aimed && j->limited) /* nor then */
			set(m, MOVE_HELD, "its job follows to %.80s when a limit allows it to run",
			    m->companion->node);
		else
			set(m, aimed ? MOVE_RELEASE : MOVE_AIM, "its job follows to %.80s",
			    m->companion->node);
	} else if (move_is_marked(j) && is_at(v->vm, j->asked_node) && !v->alone) {
		/* A companion that is not there comes of a request whose answer was lost. */
		m->keeps_vm = true;
		m->alone = !m->companion;
		set(m, m->companion ? MOVE_DROP : MOVE_STARTING, "its job starts on %.80s",
		    j->asked_node);
	} else if (m->companion && v->n_vm == 0) {
		set(m, MOVE_DROP, "%s", "");
	} else if (is_from_move(j) ||
		   (j->request.moved_run && (*j->asked_node || (j->held && move_is_marked(j))))) {
		/* Held by our own request, too, when its VM went before it was aimed. A hold of its
		 * user's in these seconds looks the same (priority 0) and goes with it: he can set
		 * it again, and nobody would ever release a job that we hold. */
		set(m, MOVE_UNAIM, "%s", "");
	}
}

void move_read(const struct move_view *v, struct move *ret)
{
	char key[JOB_KEY_MAX + 1];
	struct move m = {
		.phase = MOVE_NONE,
		.to = "",
		.companion = companion_of(v->companion, v->n_companion,
					  job_key(v->job, key, sizeof(key))),
	};

	switch (v->job->phase) {
	case JOB_RUNNING: read_running(v, &m); break;
	case JOB_ENDING: read_ending(v, &m); break;
	case JOB_PENDING: read_pending(v, &m); break;
	case JOB_ENDED:
		if (m.companion && v->n_vm == 0)
			set(&m, MOVE_DROP, "%s", "");
		break;
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
	case MOVE_MARK: return "mark";
	case MOVE_REQUEUE: return "requeue";
	case MOVE_LEAVING: return "leaving";
	case MOVE_AIM: return "aim";
	case MOVE_RELEASE: return "release";
	case MOVE_STARTING: return "starting";
	case MOVE_HELD: return "held";
	case MOVE_BACK: return "back";
	case MOVE_DROP: return "drop";
	case MOVE_UNAIM: return "unaim";
	}
	return "?"; /* a number that is no move_phase */
}
