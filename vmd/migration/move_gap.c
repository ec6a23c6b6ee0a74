/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The moment between the end of a companion and the start of the job that takes its place: the VM
 * runs where its job is to start, in no allocation. It is given MOVE_GAP_S. Pure. */
#include "vmd/migration/move_rules.h"

#include "vmd/base/str.h"

#define NOT_STARTED "its job does not start where it is: it is made again where that does"

/* Is KubeVirt told to take it to that companion's node? */
static bool is_sent(const struct move_view *v, const struct companion *h)
{
	const struct vm_moving *k = &v->vm->moving;

	return h && h->phase == JOB_RUNNING &&
	       (job_node_same(k->wanted_node, h->node) || job_node_same(k->given_node, h->node));
}

/* The node was taken out of service in this moment, or somebody else was faster, so its job cannot
 * start there: whatever its user wants a drain to mean, it would lose its place. Once it is told to
 * go elsewhere it goes, though the node is open again: its job follows. */
static bool is_shut_out(const struct move_view *v, const struct companion *h)
{
	bool waits = v->waits && !v->alone && v->vm->phase == VM_RUNNING;

	return v->known && !*v->vm->moving.blocked && !v->pause &&
	       (is_set(v->here_closed) || waits || is_sent(v, h));
}

static void read_shut_out(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;
	char why[MOVE_WHY_SIZE];

	if (is_set(v->here_closed))
		(void)str_fmt(why, sizeof(why), "its job cannot start on %.80s, which %s",
			      v->vm->node, v->here_closed);
	else
		(void)str_fmt(why, sizeof(why), "its job does not start on %.80s", v->vm->node);
	if (h && h->phase == JOB_RUNNING)
		move_read_send(v, m);
	else if (h && move_is_small(v, h))
		move_set(m, MOVE_DROP, "%s", MOVE_MORE_ROOM);
	else if (h && v->outdated)
		move_set(m, MOVE_DROP, "%s", "more nodes take it now: room is asked for anew");
	else if (h)
		move_read_queued(m, h, why);
	else
		move_set(m, MOVE_ALLOCATE, "%s, room is asked for on another one", why);
}

static void read_out_of_time(const struct move_view *v, struct move *m, const char *why)
{
	move_read_given_up(v, m, why);
	m->keeps_vm = m->binds_vm;
}

/* The same, and its job starts wherever there is room. */
static void read_unstarted(const struct move_view *v, struct move *m, const char *why)
{
	read_out_of_time(v, m, why);
	if (m->phase == MOVE_NONE)
		move_set(m, MOVE_UNAIM, "%s", "");
}

bool move_read_gap(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;
	bool shut_out = is_shut_out(v, h), leaves = is_set(v->here_closed) || is_sent(v, h);

	if (v->alone && !shut_out && (!v->known || v->vm->phase != VM_RUNNING))
		return false; /* nothing is lost, or nothing can be known */
	m->keeps_vm = true;
	m->reserves = v->alone || leaves ? 0 : v->job->reserved;
	m->alone = true;
	if (v->alone && shut_out)
		read_out_of_time(v, m, MOVE_NO_PLACE);
	else if (v->alone)
		read_unstarted(v, m, NOT_STARTED);
	else if (move_read_taken_back(v, m))
		return true;
	else if (shut_out)
		read_shut_out(v, m);
	else /* Another companion may be one that a vmd from before has asked for, and sent the VM
	      * to, which is not seen yet. It is ended when the job has started. */
		move_set(m, MOVE_STARTING, "its job starts on %.80s", v->job->asked_node);
	return true;
}

bool move_read_left(const struct move_view *v, struct move *m)
{
	const struct companion *h = m->companion;

	if (!v->known || v->n_vm != 1 || !v->vm || v->vm->phase != VM_RUNNING ||
	    !move_is_marked(v->job) || (h && h->phase == JOB_RUNNING))
		return false;
	m->keeps_vm = m->alone = true;
	if (v->alone) {
		read_unstarted(v, m, MOVE_NOT_THERE);
		return true;
	}
	move_set_to(m, MOVE_AIM, v->vm->node, "its companion is gone, its job follows to %.80s",
		    v->vm->node);
	m->room = v->place;
	return true;
}
