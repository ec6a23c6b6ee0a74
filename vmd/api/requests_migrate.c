/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate: somebody wants a running VM on another node, or not any more. What is asked is written
 * into the job's record by the core, and done as for a drained node. Loop thread. */
#include "vmd/api/requests_ask.h"

#include "vmd/base/str.h"
#include "vmd/migration/move.h"

/* Of a list of nodes that vmd does not have, nothing is said. */
static bool is_no_node(const struct desired *d, const char *name)
{
	for (size_t i = 0; i < d->n_node; i++)
		if (job_node_same(d->node[i].name, name))
			return false;
	return d->n_node > 0;
}

int op_migrate(const struct ask *a, struct err *e)
{
	const char *to = wire_get(a->in, "to");
	const char *node;
	const struct job *j = NULL;

	if (ask_job_get(a, &j, e) < 0)
		return -1;
	if (job_is_several(j))
		return err_set(e, ERR_INVALID,
			       "the machines of job %u cannot move: Slurm cannot exchange one of "
			       "several nodes",
			       j->id);
	if (str_eq(wire_get(a->in, "cancel"), "1")) {
		a->q->port.migrate(a->q->port.self, j, "", a->who->uid);
		return ANSWERED;
	}
	if (to && !str_is_name(to, JOB_NAME_MAX))
		return err_set(e, ERR_INVALID, "'%.80s' is no name of a node", to);
	if (to && is_no_node(a->q->port.desired(a->q->port.self), to))
		return err_set(e, ERR_INVALID, "Slurm has no node %s: sinfo -N", to);
	if (j->phase != JOB_RUNNING)
		return err_set(e, ERR_CONFLICT,
			       "job %u is %s: only what runs can move; see: vmctl show %u", j->id,
			       job_phase_name(j->phase), j->id);
	node = ask_status_get(a, j)->node;
	if (to && *node && job_node_same(node, to))
		return err_set(e, ERR_INVALID, "job %u is on %s", j->id, node);
	a->q->port.migrate(a->q->port.self, j, to ? to : MOVE_ANYWHERE, a->who->uid);
	return ANSWERED;
}
