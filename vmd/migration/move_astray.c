/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that runs outside every allocation of its running job (DESIGN.md, rule 21a). Pure. */
#include "vmd/migration/move_rules.h"

#include "vmd/base/str.h"

/* Why it cannot go home, "" it can. What drains its own node matters to no one: it must leave
 * that anyway. */
static const char *why_not_home(const struct move_view *v, char buf[MOVE_WHY_SIZE])
{
	if (v->job->drained)
		return move_why_drained(v, buf);
	if (is_set(v->home_closed)) {
		(void)str_fmt(buf, MOVE_WHY_SIZE, "its job's node %s", v->home_closed);
		return buf;
	}
	if (*v->vm->moving.blocked)
		return "it cannot move live";
	if (v->place.cpus)
		return MOVE_IS_LARGER;
	return *v->asked ? "somebody asked for it" : "";
}

/* Its migration home is seen to have succeeded, and the VM is seen where it was: VMI and migration
 * are two watches, and one may be behind. In a moment it is seen at home; if not, it has left
 * again. */
static bool has_come(const struct move_view *v)
{
	const struct vm_moving *k = &v->vm->moving;
	const char *home = v->job->node;

	return !*k->name && job_node_same(k->came_to, home) && !v->late &&
	       job_node_same(k->wanted_node, home) && job_node_same(k->given_node, home);
}

static void read_come(const struct move_view *v, struct move *m)
{
	m->behind = true;
	move_set(m, MOVE_SENDING, "has come back to %.80s", v->job->node);
}

/* To where the room is its job's. The name of its migration must be a new one: of those that were
 * ours the last one took it away from there. */
void move_read_home(const struct move_view *v, struct move *m, const char *why)
{
	const struct vm_moving *k = &v->vm->moving;
	const char *home = v->job->node;

	m->attempt_for = k->companion;
	m->attempt = k->attempt + 1;
	if (*k->name && !k->scheduling)
		move_set(m, MOVE_SENDING, "the migration ends");
	else if (!job_node_same(k->wanted_node, home))
		move_set_to(m, MOVE_POINT, home, "%s: back to %.80s", why, home);
	else if (!job_node_same(k->given_node, home))
		move_set(m, MOVE_POINTED, "KubeVirt takes in that it goes back to %.80s", home);
	else if (*k->name && move_is_bound(v, 0, &m->again_s))
		move_set(m, MOVE_STUCK, "KubeVirt's own migration is bound to %.80s", v->vm->node);
	else if (*k->name)
		move_set(m, MOVE_SENDING, "migrates back to %.80s", home);
	else if (has_come(v))
		read_come(v, m);
	else
		move_set(m, MOVE_SEND, "%s, migrates back to %.80s", why, home);
}

static void give_up(struct move *m)
{
	m->binds_vm = false;
	if (m->companion)
		move_set(m, MOVE_DROP, "%s", "");
}

void move_read_given_up(const struct move_view *v, struct move *m, const char *why)
{
	const struct vm_moving *k = &v->vm->moving;
	const char *here = v->vm->node;

	m->binds_vm = true;
	if (v->lost) {
		give_up(m);
		return;
	}
	if (*k->name && !k->scheduling)
		move_set(m, MOVE_SENDING, "the migration ends");
	else if (!job_node_same(k->wanted_node, here) || !k->given_up) {
		move_set_to(m, MOVE_POINT, here, "%s", why);
		m->gives_up = true;
	} else if (!job_node_same(k->given_node, here))
		move_set(m, MOVE_POINTED, "%s", why);
	else if (*k->name)
		move_set(m, MOVE_STUCK, "%s", why);
	else if (v->unheard) /* its job may have started meanwhile */
		move_set(m, MOVE_POINTED, "%s", why);
	else
		give_up(m);
}

bool move_read_taken_back(const struct move_view *v, struct move *m)
{
	const struct vm_moving *k = &v->vm->moving;

	if (!v->known || !k->given_up)
		return false;
	move_set_to(m, MOVE_POINT, *k->wanted_node ? k->wanted_node : v->vm->node, "%s",
		    "it was given up and has a place: it goes on");
	return true;
}

/* Home live, as long as its job may stay there; else to room that is given already, or where it
 * is, if Slurm gives that. */
void move_read_astray(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;
	char buf[MOVE_WHY_SIZE];
	const char *why = why_not_home(v, buf);
	bool closed = is_set(v->here_closed);

	m->alone = m->keeps_vm = true;
	if (!v->known)
		move_set(m, MOVE_BLOCKED, "%s",
			 "it is outside its job's allocation, and Kubernetes does not tell vmd of "
			 "migrations (does its role allow it?)");
	else if (has_come(v))
		read_come(v, m);
	else if (v->alone) {
		move_read_given_up(v, m, MOVE_NO_PLACE);
		m->keeps_vm = m->binds_vm;
	} else if (move_read_taken_back(v, m))
		return;
	else if (!*why)
		move_read_home(v, m, "is outside its job's allocation");
	else if (h && h->phase == JOB_RUNNING)
		move_read_send(v, m);
	else if (h && move_is_small(v, h))
		move_set(m, MOVE_DROP, "%s", MOVE_MORE_ROOM);
	else if (h)
		move_read_queued(m, h, "it is outside its job's allocation");
	else if (job_is_several(v->job)) /* the job could not follow */
		move_set(m, MOVE_BLOCKED, "it is outside its job's allocation, %.103s", why);
	else
		move_set_to(m, MOVE_ALLOCATE, closed ? "" : v->vm->node,
			    "it is outside its job's allocation, %.103s: room is asked for %s", why,
			    closed ? "on another node" : "where it is");
}
