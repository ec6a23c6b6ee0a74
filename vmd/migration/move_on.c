/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that is with its companion and must leave that place in its turn: the node was drained while
 * it was under way, or it stays there to its job's end and the node is drained meanwhile, or it is
 * to grow. It goes home, if it may be there; else to another companion. The one it is with is kept
 * until it has arrived: so it never is without an allocation. Pure. */
#include "vmd/migration/move_rules.h"

#include "vmd/base/str.h"

bool move_is_lent(const struct job *j, const struct vm_seen *vm)
{
	struct job_size place;

	growth_place(j, &vm->size, &place);
	return job_node_same(vm->node, j->node) && growth_is_beyond(j, &vm->size, &place);
}

static bool is_with(const struct vm_seen *vm, const struct job *j, const struct companion *h)
{
	return h->phase == JOB_RUNNING && *h->node && *vm->node &&
	       job_node_same(vm->node, h->node) &&
	       (!job_node_same(h->node, j->node) || move_is_lent(j, vm));
}

/* Made for the VM that its job had before: that one may have turned it down. */
static bool is_anothers(const struct companion *c, const struct vm_seen *vm)
{
	return *c->vm_uid && !str_eq(c->vm_uid, vm->uid);
}

static bool is_turned_down(const struct companion *c, const struct vm_seen *vm)
{
	return vm && (turned_down_has(vm->moving.turned_down, c->id) || is_anothers(c, vm));
}

/* The one it is with. One that it has turned down may be ended by anybody at any moment, so such a
 * one is the last choice: it was turned down by an old list, before it got room where the VM is. */
static const struct companion *find_with(const struct companion *all, size_t n, const struct job *j,
					 const char *key, const struct vm_seen *vm)
{
	const struct companion *with = NULL;

	for (size_t i = 0; vm && i < n; i++)
		if (companion_is_of(&all[i], key) && is_with(vm, j, &all[i]) &&
		    (!with || (is_turned_down(with, vm) && !is_turned_down(&all[i], vm))))
			with = &all[i];
	return with;
}

void move_companions(const struct companion *all, size_t n, const struct job *j,
		     const struct vm_seen *vm, const struct companion **ret,
		     const struct companion **ret_next)
{
	const struct companion *with, *first = NULL, *next = NULL;
	char key[JOB_KEY_MAX + 1];

	(void)job_key(j, key, sizeof(key));
	with = find_with(all, n, j, key, vm);
	for (size_t i = 0; i < n; i++) {
		if (!companion_is_of(&all[i], key) || is_turned_down(&all[i], vm))
			continue;
		first = first ? first : &all[i];
		if (with && !next && !job_node_same(all[i].node, with->node))
			next = &all[i];
	}
	*ret = with ? with : first;
	*ret_next = next;
}

const struct companion *move_turned_down(const struct move_view *v, const struct companion *with)
{
	char key[JOB_KEY_MAX + 1];

	(void)job_key(v->job, key, sizeof(key));
	for (size_t i = 0; v->vm && i < v->n_companion; i++) {
		const struct companion *c = &v->companion[i];

		if (c != with && companion_is_of(c, key) && is_turned_down(c, v->vm))
			return c;
	}
	return NULL;
}

bool move_must_turn_down(const struct companion *c, const struct vm_seen *vm)
{
	return !is_turned_down(c, vm) && !job_node_same(c->node, vm->node);
}

bool move_is_spare(const struct companion *c, const struct move *m, const struct vm_seen *vm)
{
	if (c == m->companion || c == m->with)
		return false;
	/* It is pointed there, and a late migration would still take it there. */
	return !vm || c->phase != JOB_RUNNING || !m->companion ||
	       job_node_same(c->node, m->companion->node) || job_node_same(c->node, vm->node) ||
	       (!job_node_same(c->node, vm->moving.wanted_node) &&
		!job_node_same(c->node, vm->moving.given_node));
}

/* Why it must leave, "" it need not. A job that follows grows when it has. */
static const char *why_on(const struct move_view *v, const struct companion *h,
			  char buf[MOVE_WHY_SIZE])
{
	if (is_set(v->closed) && (!v->on_drain || v->on_drain == VM_ON_DRAIN_MIGRATE)) {
		(void)str_fmt(buf, MOVE_WHY_SIZE, "its node %s", v->closed);
		return buf;
	}
	/* Asked for by who knew less of the VM, and granted where it had come meanwhile. */
	if (move_is_cramped(v, h))
		return "it is larger than its companion allocation";
	if (move_is_by_requeue(v->job))
		return "";
	if (v->vm->moving.evacuating && !v->taken_back)
		return "its node is drained in Kubernetes";
	return v->grow.cpus ? "it is to grow, which takes a move" : "";
}

/* May it be where its job is, and as large as it is to be? */
static bool may_go_home(const struct move_view *v)
{
	return v->job->phase == JOB_RUNNING && !v->job->drained && !is_set(v->home_closed) &&
	       !v->grow.cpus && !v->place.cpus;
}

/* Is the migration that goes on the one to that companion's node? */
static bool is_sent_to(const struct vm_seen *vm, const struct companion *h)
{
	char prefix[VM_NAME_MAX + 1];

	return *vm->moving.name && vm->moving.ours && h && h->phase == JOB_RUNNING &&
	       str_fmt(prefix, sizeof(prefix), "%s-m%u-", vm->name, h->id) == 0 &&
	       str_starts(vm->moving.name, prefix);
}

/* What became of the other companion, before the VM is sent to it. */
static void read_next(const struct move_view *v, struct move *m, const char *why)
{
	const struct vm_moving *k = &v->vm->moving;
	const struct companion *with = m->with, *next = m->companion;

	if (next->phase == JOB_PENDING && move_is_small(v, next))
		move_set(m, MOVE_DROP, "%s", MOVE_MORE_ROOM);
	else if (next->phase == JOB_PENDING && v->outdated)
		move_set(m, MOVE_DROP, "%s", "more nodes take it now: room is asked for anew");
	else if (next->phase == JOB_PENDING)
		move_read_queued(m, next, why);
	else
		move_read_send(v, m);
	if (m->phase != MOVE_DROP || next->phase == JOB_PENDING)
		return;
	/* A migration that comes late would still take it there. */
	if (!job_node_same(k->wanted_node, with->node))
		move_set_to(m, MOVE_POINT, with->node, "stays on %.80s", with->node);
	else if (!job_node_same(k->given_node, with->node))
		move_set(m, MOVE_POINTED, "KubeVirt takes in that it stays on %.80s", with->node);
}

bool move_read_on(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct vm_moving *k = &v->vm->moving;
	bool sent = is_sent_to(v->vm, next);
	char buf[MOVE_WHY_SIZE];
	const char *why = why_on(v, m->companion, buf);

	if (!v->known || (!*why && !sent))
		return false;
	if (*k->name && !k->scheduling && !sent)
		move_set(m, MOVE_SENDING, "%s", "the migration ends");
	else if (!sent && (*k->blocked || v->pause))
		return false;
	else if (!sent && may_go_home(v))
		move_read_home(v, m, why);
	else if (next) {
		m->with = m->companion;
		m->companion = next;
		read_next(v, m, why);
	} else
		move_set(m, MOVE_ALLOCATE, "%s, room is asked for on another one", why);
	return true;
}

/* Its job has begun by itself where its companion is, as small as it was: somebody released it
 * before vmd had told Slurm its size. What the VM has beyond that is the companion's, which so is
 * kept until there is room for all of it elsewhere, and its job follows. */
void move_read_lent(const struct move_view *v, struct move *m, const struct companion *next)
{
	const struct vm_moving *k = &v->vm->moving;
	bool sent = is_sent_to(v->vm, next);

	if (*k->name && !k->scheduling && !sent)
		move_set(m, MOVE_SENDING, "%s", "the migration ends");
	else if (!sent && move_is_blocked(v, m))
		return;
	else if (next) {
		m->with = m->companion;
		m->companion = next;
		read_next(v, m, MOVE_IS_LARGER);
	} else
		move_read_allocate(v, m, MOVE_IS_LARGER);
}
