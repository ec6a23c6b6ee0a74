/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mark of a move in the job's record, and what tells the node that a move asked for from one
 * that its user did. Pure. */
#include "vmd/job/job_nodes.h"
#include "vmd/migration/move_rules.h"

bool move_is_marked(const struct job *j)
{
	const struct vm_request *r = &j->request;

	return r->moved_run && (r->moved_run == j->restarts || r->moved_run == j->restarts + 1);
}

bool move_may_record(const struct job *now, const struct vm_request *next)
{
	struct job then = *now;

	/* What makes its heir the job is never taken back. */
	if (now->phase != JOB_RUNNING && next->heir != now->request.heir)
		return false;
	then.request.moved_run = next->moved_run;
	then.request.base_run = next->base_run;
	switch (now->phase) {
	case JOB_RUNNING: return job_incarnation(&then) == job_incarnation(now);
	case JOB_ENDING:
	case JOB_PENDING:
		if (!move_is_marked(now))
			return !move_is_marked(&then);
		return next->moved_run == now->request.moved_run &&
		       next->base_run == now->request.base_run;
	case JOB_ENDED: break;
	}
	return true;
}

bool move_follows(const struct job *now, const char *node)
{
	if (now->phase == JOB_PENDING)
		return !now->held && job_node_same(now->asked_node, node);
	return now->phase == JOB_RUNNING && job_node_same(now->node, node);
}

/* Was it a move that aimed the job at the node it asks for? One that names its node never moves, so
 * where its VM has been is nothing that its user asked for. The mark alone does not tell: it goes
 * when another run begins, which may begin before the aim was taken off. */
bool move_is_from(const struct job *j)
{
	return job_nodes_have(j->request.nodes, j->asked_node);
}
