/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a VM has to leave its node, and why it cannot or does not. Pure. */
#include "vmd/migration/move_rules.h"

#include "vmd/base/str.h"

/* Why its node is to get empty, "" it is not. */
const char *move_why_drained(const struct move_view *v, char buf[MOVE_WHY_SIZE])
{
	const char *reason = v->job->drain_reason, *by = v->job->drained_by;

	if (v->job->drained && drain_is_ours(reason))
		return "its node is cordoned in Kubernetes";
	if (v->job->drained) {
		(void)str_fmt(buf, MOVE_WHY_SIZE, "its node is drained in Slurm%s%s%s%s%s",
			      *by ? " by " : "", by, *reason ? " (" : "", reason,
			      *reason ? ")" : "");
		return buf;
	}
	if (v->vm->moving.evacuating && !v->taken_back)
		return "its node is drained in Kubernetes";
	return "";
}

/* Why it has to move, "" it has not. What a drain means is the user's choice; who asks for a move
 * wants one. */
const char *move_why_wanted(const struct move_view *v, char buf[MOVE_WHY_SIZE])
{
	const char *why = move_why_drained(v, buf);

	if (*why && (!v->on_drain || v->on_drain == VM_ON_DRAIN_MIGRATE))
		return why;
	if (v->grow.cpus)
		return "it is to grow, which takes a move";
	return *v->asked ? "somebody asked for it" : "";
}

/* Why it cannot go; false: it can. */
bool move_is_blocked(const struct move_view *v, struct move *m)
{
	const struct vm_seen *vm = v->vm;

	if (!v->known)
		move_set(m, MOVE_BLOCKED, "%s",
			 "Kubernetes does not tell vmd of migrations (does its role allow it?)");
	else if (job_is_several(v->job))
		move_set_told(m, MOVE_BLOCKED,
			      "machine %u must leave %.80s, but Slurm cannot exchange one of a "
			      "job's several nodes: it stays until the job ends",
			      v->job->rank, v->job->node);
	else if (*vm->moving.blocked)
		move_set_told(m, MOVE_BLOCKED, "it must leave, but it cannot move live: %.180s",
			      vm->moving.blocked);
	else if (*v->job->asked_node && !move_is_marked(v->job) && !move_is_from(v->job))
		move_set_told(m, MOVE_BLOCKED, "%s",
			      "it must leave, but the job asks for its node by name (--nodelist)");
	else if (is_set(v->asked_closed) && !v->job->drained &&
		 (!vm->moving.evacuating || v->taken_back))
		move_set(m, MOVE_BLOCKED, "it shall go to %.80s, which %s", v->asked,
			 v->asked_closed);
	else if (v->pause)
		move_set(m, MOVE_BLOCKED,
			 "moving it failed %d times, it is tried again later: %.150s",
			 MOVE_ATTEMPTS, vm->moving.failure);
	else
		return false;
	return true;
}

bool move_is_by_requeue(const struct job *j)
{
	return j->batch && j->requeue;
}

/* Its node is drained, and it is not to move. */
void move_read_choice(const struct move_view *v, struct move *m)
{
	char buf[MOVE_WHY_SIZE];
	const char *why = move_why_drained(v, buf);

	if (!*why)
		return;
	if (v->on_drain == VM_ON_DRAIN_STAY)
		move_set_told(m, MOVE_STAY,
			      "%s; it stays to its end, as it asks (--vm-on-drain=stay)", why);
	else if (move_is_by_requeue(v->job))
		move_set(m, MOVE_ANEW, "%s; it is queued again, as it asks (--vm-on-drain=requeue)",
			 why);
	else
		move_set_told(m, MOVE_STAY,
			      "%s; it stays: Slurm queues only batch jobs again, and not with "
			      "--no-requeue",
			      why);
}
