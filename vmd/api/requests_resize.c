/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resize: somebody wants a running VM to have more CPUs or memory, or not any more. What is asked
 * is checked here, against what KubeVirt shows of the VM, so that who asks reads at once why not;
 * it is written into the job's record by the core, and done by a move. Loop thread. */
#include "vmd/api/requests_ask.h"

#include "vmd/base/str.h"

static int number_get(const struct ask *a, const char *key, uint64_t max, uint64_t *ret,
		      struct err *e)
{
	*ret = 0;
	return wire_get(a->in, key) ? wire_get_u64(a->in, key, max, ret, e) : 0;
}

const struct vm_seen *ask_vm_get(const struct ask *a, const struct job *j)
{
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;
	char name[VM_NAME_MAX + 1];

	(void)vm_name(j, name, sizeof(name));
	for (size_t i = 0; seen && i < seen->n_vm; i++)
		if (str_eq(seen->vm[i].name, name))
			return &seen->vm[i];
	return NULL;
}

static int cancel(const struct ask *a, const struct job *j, struct err *e)
{
	static const struct job_size none = {.cpus = 0};

	if (ask_status_get(a, j)->growing)
		return err_set(
			e, ERR_CONFLICT,
			"job %u: KubeVirt has begun to give the guest more, and does not turn "
			"back",
			j->id);
	a->q->port.resize(a->q->port.self, j, &none, a->who->uid);
	return ANSWERED;
}

int op_resize(const struct ask *a, struct err *e)
{
	struct job_size asked, size;
	const struct job *j = NULL;
	uint64_t cpus;

	if (ask_job_get(a, &j, e) < 0)
		return -1;
	if (job_is_several(j))
		return err_set(e, ERR_INVALID,
			       "the machines of job %u cannot grow: that takes a move, and Slurm "
			       "cannot exchange one of several nodes",
			       j->id);
	if (str_eq(wire_get(a->in, "cancel"), "1"))
		return cancel(a, j, e);
	if (number_get(a, "cpus", UINT32_MAX, &cpus, e) < 0 ||
	    number_get(a, "memory", INT64_MAX, &asked.memory_bytes, e) < 0)
		return -1;
	if (!cpus && !asked.memory_bytes)
		return err_set(e, ERR_INVALID, "resize: cpus or memory must be given");
	asked.cpus = (uint32_t)cpus;
	if (growth_check(j, ask_vm_get(a, j), &asked, &size, e) < 0)
		return -1;
	a->q->port.resize(a->q->port.self, j, &size, a->who->uid);
	wire_addf(a->out, "cpus", "%u", size.cpus);
	wire_addf(a->out, "memory", "%llu", (unsigned long long)size.memory_bytes);
	return ANSWERED;
}
