/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop: a job that runs is ended as if its guest had shut down; deleting its VM shuts the guest
 * down by its power button. Loop thread. */
#include "vmd/api/requests_ask.h"

static void stop_done(void *ctx, const struct err *e)
{
	if (e->kind != ERR_NONE)
		reply_error(ctx, e);
	else
		reply_send(ctx);
}

int op_stop(const struct ask *a, struct err *e)
{
	const struct job *j = NULL;

	if (ask_job_get(a, &j, e) < 0)
		return -1;
	switch (j->phase) {
	case JOB_PENDING:
		return err_set(e, ERR_CONFLICT,
			       "job %u waits for a node, there is nothing to shut down: cancel it",
			       j->id);
	case JOB_RUNNING: break;
	case JOB_ENDING:
	case JOB_ENDED: return ANSWERED;
	}
	return a->q->port.end_job(a->q->port.self, j, a->who->uid, stop_done, a->reply, e) < 0
		       ? -1
		       : LATER;
}
