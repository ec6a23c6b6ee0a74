/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, approve: what vmd would do next, and the deletions that wait for an administrator's word.
 * Loop thread. */
#include "vmd/api/requests_ask.h"

size_t ask_held(const struct ask *a)
{
	const struct plan *p = a->q->port.plan(a->q->port.self);

	return p ? p->held : 0;
}

int op_plan(const struct ask *a, struct err *e)
{
	const struct plan *p;

	if (!ask_is_admin(a))
		return err_set(e, ERR_DENIED, "only root and SlurmUser may see the plan");
	p = a->q->port.plan(a->q->port.self);
	if (!p)
		return err_set(e, ERR_RETRY, "vmd has not planned anything yet");
	if (!a->q->port.desired(a->q->port.self)->known)
		wire_add(a->out, "old", "1");
	for (size_t i = 0; i < p->n; i++) {
		char text[1024];

		wire_add(a->out, "action[]", action_text(&p->act[i], text, sizeof(text)));
	}
	wire_add(a->out, "approval", p->approval ? "1" : "0");
	wire_add(a->out, "cut", p->cut ? "1" : "0");
	wire_addf(a->out, "held", "%zu", p->held);
	for (size_t i = 0; i < p->held && i < PLAN_HELD; i++)
		wire_add(a->out, "example[]", p->held_vm[i]);
	return ANSWERED;
}

/* What was seen is what may go: not what has come to it since. */
int op_approve(const struct ask *a, struct err *e)
{
	size_t held = ask_held(a);
	uint64_t seen = 0;

	if (!ask_is_admin(a))
		return err_set(e, ERR_DENIED, "only root and SlurmUser may approve deletions");
	if (wire_get_u64(a->in, "held", UINT32_MAX, &seen, e) < 0)
		return -1;
	if (held == 0)
		return err_set(e, ERR_ABSENT, "no deletion is held back");
	if (held > seen)
		return err_set(e, ERR_CONFLICT,
			       "the deletions of %zu VMs are held back by now, not of %llu", held,
			       (unsigned long long)seen);
	a->q->port.approve(a->q->port.self, a->who->uid);
	wire_addf(a->out, "held", "%zu", held);
	return ANSWERED;
}
