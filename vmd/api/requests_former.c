/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See requests_former.h. */
#include "vmd/api/requests_former.h"

bool former_is_asked(const struct ask *a, const struct job *j)
{
	const char *node = wire_get(a->in, "node");
	uint64_t id;
	struct err ignored;

	return node && *node && wire_get_u64(a->in, "job", UINT32_MAX, &id, &ignored) == 0 &&
	       id != j->id;
}

/* One that has not found its node yet goes where it is pointed; so does one that migrates. */
static bool is_off(const struct vm_seen *vm, const char *node)
{
	const struct vm_moving *k = &vm->moving;

	return *vm->node && !job_node_same(vm->node, node) &&
	       !job_node_same(k->wanted_node, node) && !job_node_same(k->given_node, node);
}

bool former_is_clear(const struct ask *a, const struct job *j)
{
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;
	const char *node = wire_get(a->in, "node");
	char key[JOB_KEY_MAX + 1];
	struct holdings h;

	/* Its VM has come back there, with an allocation of its own: whose epilog waits for it. */
	if (j->phase == JOB_RUNNING && job_node_same(j->node, node))
		return true;
	if (!seen || !seen->vms_known || !seen->moves_known)
		return false;
	world_of(seen, job_key(j, key, sizeof(key)), &h);
	for (size_t i = 0; i < h.n_vm; i++)
		if (!is_off(&h.vm[i], node))
			return false;
	return true;
}
