/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the node of its companion, as it is or larger. Pure. */
#include "vmd/migration/move_rules.h"

/* Is KubeVirt's own migration from before the VM was pointed at its companion's node? The companion
 * is there since start_s. */
bool move_is_bound(const struct move_view *v, int64_t start_s, int64_t *ret_again_s)
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

/* Is its companion too small for what it is, or is to become? */
bool move_is_small(const struct move_view *v, const struct companion *h)
{
	struct job_size need = v->grow;

	growth_join(&need, &v->place);
	return need.cpus > h->size.cpus || (need.cpus && need.memory_bytes > h->size.memory_bytes);
}

bool move_is_cramped(const struct move_view *v, const struct companion *h)
{
	return v->place.cpus > h->size.cpus ||
	       (v->place.cpus && v->place.memory_bytes > h->size.memory_bytes);
}

/* How large it is to be where it goes; false: as it is. KubeVirt takes no other size in while it
 * migrates: then it goes as it is, and grows by another move. */
static bool target_read(const struct move_view *v, const struct companion *h, struct vm_target *ret)
{
	struct job_size size = v->grow;

	if (!v->grow.cpus || move_is_small(v, h) || *v->vm->moving.name)
		return false;
	if (h->cpus > size.cpus) /* all that will be its job's */
		size.cpus = h->cpus;
	growth_target(&v->vm->size, &size, ret);
	return true;
}

/* Do these words name the companion's node, and such a size? */
static bool is_told(const struct move_view *v, const struct companion *h, const char *node,
		    uint32_t sockets, uint64_t memory_bytes)
{
	struct vm_target t;

	return job_node_same(node, h->node) &&
	       (!target_read(v, h, &t) || (sockets >= t.sockets && memory_bytes >= t.memory_bytes));
}

/* Does its VM say that it shall be there, and so large? */
static bool is_pointed(const struct move_view *v, const struct companion *h)
{
	const struct vm_seen *vm = v->vm;

	return is_told(v, h, vm->moving.wanted_node, vm->size.sockets_wanted,
		       vm->size.memory_wanted_bytes);
}

/* Has KubeVirt taken that in? */
static bool is_given(const struct move_view *v, const struct companion *h)
{
	const struct vm_seen *vm = v->vm;

	return is_told(v, h, vm->moving.given_node, vm->size.sockets_given,
		       vm->size.memory_given_bytes);
}

bool move_was_for(const struct vm_moving *k, const struct companion *h)
{
	return k->attempt && k->companion == h->id &&
	       (!k->last_s || k->last_s + MOVE_CLOCKS_S >= h->start_s);
}

/* A name is wanted once. A companion whose id is not above all that were before may have that of
 * one from before slurmctld lost its state: its attempts begin behind all that there were. */
static uint32_t attempt_next(const struct vm_moving *k, const struct companion *h)
{
	if (move_was_for(k, h))
		return k->attempt + 1;
	return h->id > k->companion_most ? 1 : k->attempt_most + 1;
}

/* The companion has begun, the VM is elsewhere. */
void move_read_send(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;
	const struct companion *h = m->companion;
	const char *closed = m->with ? v->next_closed : v->closed;
	bool again = move_was_for(k, h) && (k->failed || !v->late);

	m->attempt_for = h->id;
	m->attempt = attempt_next(k, h);
	if (is_set(closed) && !*k->name)
		move_set(m, MOVE_DROP, "%.80s %s", h->node, closed);
	else if (is_set(closed) && k->scheduling)
		move_set(m, MOVE_STUCK, "%.80s %s", h->node, closed);
	else if (move_is_small(v, h) && !*k->name)
		move_set(m, MOVE_DROP, "%s", MOVE_MORE_ROOM);
	else if (!is_pointed(v, h)) {
		if (!target_read(v, h, &m->target))
			m->target.sockets = 0;
		move_set_to(m, MOVE_POINT, h->node, "goes to %.80s", h->node);
	} else if (!is_given(v, h))
		move_set(m, MOVE_POINTED, "KubeVirt takes in that it goes to %.80s", h->node);
	else if (*k->name && move_is_bound(v, h->start_s, &m->again_s))
		move_set(m, MOVE_STUCK, "KubeVirt's own migration is bound to %.80s", v->vm->node);
	else if (*k->name || (again && !k->failed)) { /* the VMI is a moment behind */
		m->behind = !*k->name;
		move_set(m, MOVE_SENDING, "migrates to %.80s", h->node);
	} else if (again && k->attempt >= MOVE_ATTEMPTS)
		move_set(m, MOVE_DROP, "migrating it failed %d times: %.180s", MOVE_ATTEMPTS,
			 k->failure);
	else if (again)
		move_set(m, MOVE_SEND, "migrates to %.80s again, after: %.120s", h->node,
			 k->failure);
	else
		move_set(m, MOVE_SEND, "migrates to %.80s", h->node);
}

/* For a limit its user can do something, and an admin: room alone will not help. */
void move_read_queued(struct move *m, const struct companion *h, const char *why)
{
	if (h->limited)
		move_set_told(
			m, MOVE_QUEUED,
			"%s, but a limit leaves no room for the second allocation that a move "
			"needs (Slurm: job %u, %s)",
			why, h->id, h->reason);
	else
		move_set(m, MOVE_QUEUED, "%s, it waits for room on another one (Slurm: job %u, %s)",
			 why, h->id, *h->reason ? h->reason : "not looked at yet");
}
