/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of growing, see growth.h. KubeVirt changes the number of sockets, never the cores of one,
 * and both only upwards and up to limits that the VM was made with: what it would take a reboot for
 * is refused here, before a second allocation is asked for. Pure. */
#include "vmd/vm/growth.h"

#include "vmd/base/str.h"

#define MIB (UINT64_C(1) << 20)

static uint32_t cpus_of(const struct vm_size *s)
{
	return s->sockets * s->cores;
}

/* Slurm gives each task as many, and so it may only be asked for what all of them take together:
 * else the job would hold, and pay for, CPUs that its guest has not. */
static int tasks_check(const struct vm_size *s, uint32_t tasks, uint32_t cpus, struct err *e)
{
	uint32_t max = s->sockets_max * s->cores, step = s->cores, fits;

	if (tasks < 2 || cpus == cpus_of(s))
		return 0;
	while (step % tasks)
		step += s->cores;
	if (cpus % step == 0)
		return 0;
	fits = (cpus / step + 1) * step;
	if (fits > max)
		fits = max / step * step;
	if (fits <= cpus_of(s))
		return err_set(
			e, ERR_INVALID,
			"Slurm gives each of its job's %u tasks as many CPUs: it would grow by %u, "
			"and was made for up to %u; a new job may have more",
			tasks, step, max);
	return err_set(e, ERR_INVALID,
		       "Slurm gives each of its job's %u tasks as many CPUs: ask for %u, not %u",
		       tasks, fits, cpus);
}

static int cpus_check(const struct vm_size *s, uint32_t cpus, struct err *e)
{
	uint32_t max = s->sockets_max * s->cores;

	if (cpus < cpus_of(s))
		return err_set(
			e, ERR_INVALID,
			"it has %u CPUs: fewer take a new job (a guest gives none back while "
			"it runs)",
			cpus_of(s));
	if (cpus > max && max <= cpus_of(s))
		return err_set(e, ERR_INVALID,
			       "its CPUs cannot grow: it was made for %u (`grow` of its image, "
			       "vmctl images --json); a new job may have more",
			       max);
	if (cpus > max)
		return err_set(e, ERR_INVALID,
			       "it was made for up to %u CPUs, not %u; a new job may have more",
			       max, cpus);
	if (cpus % s->cores)
		return err_set(e, ERR_INVALID,
			       "it grows by whole sockets of %u CPUs: ask for %u, not %u", s->cores,
			       (cpus / s->cores + 1) * s->cores <= max
				       ? (cpus / s->cores + 1) * s->cores
				       : max,
			       cpus);
	return 0;
}

static int memory_check(const struct job *j, const struct vm_size *s, uint32_t cpus, uint64_t bytes,
			struct err *e)
{
	uint64_t need = vm_allocation_bytes(s->memory_bytes, cpus, s->tpm);
	uint64_t guest = vm_guest_memory_bytes(bytes, cpus, s->tpm);
	uint64_t max = vm_allocation_bytes(s->memory_max_bytes, cpus, s->tpm);
	char got[24], text[24];

	(void)bytes_to_str(bytes, got, sizeof(got));
	if (bytes < need) {
		(void)bytes_to_str(need, text, sizeof(text));
		return err_set(e, ERR_INVALID,
			       "%s of memory are less than it has: with %u CPUs it takes %s; less "
			       "takes a new job",
			       got, cpus, text);
	}
	if (bytes <= j->memory_bytes)
		return 0;
	if (!s->memory_max_bytes)
		return err_set(e, ERR_INVALID,
			       "its memory cannot grow: its image has no `grow: {memory: ...}`, or "
			       "its guest began with less than 1 GiB; a new job may have more");
	(void)bytes_to_str(max, text, sizeof(text));
	if (guest > s->memory_max_bytes && bytes > max)
		return err_set(
			e, ERR_INVALID,
			"it was made for up to %s of memory, not %s; a new job may have more", text,
			got);
	if (guest < s->memory_bytes + GROWTH_MEMORY_STEP)
		return err_set(e, ERR_INVALID,
			       "memory grows by 64 MiB of the guest at least: %s would be less",
			       got);
	return 0;
}

int growth_check(const struct job *j, const struct vm_seen *vm, const struct job_size *asked,
		 struct job_size *ret, struct err *e)
{
	const struct vm_size *s = vm ? &vm->size : NULL;
	struct job_size size;
	uint64_t need;

	if (j->phase != JOB_RUNNING)
		return err_set(e, ERR_CONFLICT,
			       "job %u is %s: only what runs can grow; see: vmctl show %u", j->id,
			       job_phase_name(j->phase), j->id);
	if (!s || vm->phase != VM_RUNNING || !s->sockets || !s->cores || !s->memory_bytes)
		return err_set(e, ERR_RETRY,
			       "job %u: KubeVirt does not say yet how large its VM is", j->id);
	if (*vm->moving.blocked)
		return err_set(e, ERR_INVALID,
			       "it grows by a live move, and it cannot move live: %.180s",
			       vm->moving.blocked);
	if (*j->asked_node && !j->request.moved_run)
		return err_set(
			e, ERR_INVALID,
			"it grows by a move to another node, but the job asks for its node by "
			"name (--nodelist)");
	size.cpus = asked->cpus ? asked->cpus : cpus_of(s);
	if (cpus_check(s, size.cpus, e) < 0 || tasks_check(s, j->tasks, size.cpus, e) < 0)
		return -1;
	need = vm_allocation_bytes(s->memory_bytes, size.cpus, s->tpm);
	size.memory_bytes = asked->memory_bytes      ? asked->memory_bytes
			    : need > j->memory_bytes ? need
						     : j->memory_bytes;
	if (asked->memory_bytes && memory_check(j, s, size.cpus, size.memory_bytes, e) < 0)
		return -1;
	if (size.cpus == cpus_of(s) && size.memory_bytes <= j->memory_bytes)
		return err_set(e, ERR_INVALID, "job %u has that size already", j->id);
	*ret = size;
	return 0;
}

void growth_target(const struct vm_size *vm, const struct job_size *job, struct vm_target *ret)
{
	uint64_t guest = vm_guest_memory_bytes(job->memory_bytes, job->cpus, vm->tpm);
	uint32_t sockets = vm->cores ? job->cpus / vm->cores : 0;

	*ret = (struct vm_target){.sockets = vm->sockets_wanted,
				  .memory_bytes = vm->memory_wanted_bytes};
	if (sockets > vm->sockets_max)
		sockets = vm->sockets_max;
	if (sockets > ret->sockets)
		ret->sockets = sockets;
	if (guest > vm->memory_max_bytes)
		guest = vm->memory_max_bytes;
	if (guest >= ret->memory_bytes + GROWTH_MEMORY_STEP)
		ret->memory_bytes = guest;
}

bool growth_is_wanted(const struct vm_size *vm, const struct vm_target *t)
{
	return vm->sockets && vm->memory_bytes &&
	       (t->sockets > vm->sockets || t->memory_bytes > vm->memory_bytes);
}

bool growth_is_begun(const struct vm_size *vm)
{
	return vm->sockets &&
	       (vm->sockets_wanted > vm->sockets || vm->sockets_given > vm->sockets ||
		vm->memory_wanted_bytes > vm->memory_bytes ||
		vm->memory_given_bytes > vm->memory_bytes);
}

static uint64_t most(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t ab = a > b ? a : b;

	return ab > c ? ab : c;
}

void growth_need(const struct vm_size *vm, struct job_size *ret)
{
	uint64_t memory = most(vm->memory_wanted_bytes, vm->memory_given_bytes, vm->memory_bytes);
	struct job_size s = {.cpus = vm->cores * (uint32_t)most(vm->sockets_wanted,
								vm->sockets_given, vm->sockets)};

	*ret = (struct job_size){.cpus = 0};
	if (!vm->sockets || !vm->memory_bytes)
		return;
	s.memory_bytes = vm_allocation_bytes(memory, s.cpus, vm->tpm);
	*ret = s;
}

void growth_place(const struct job *j, const struct vm_size *vm, struct job_size *ret)
{
	struct job_size s;

	*ret = (struct job_size){.cpus = 0};
	growth_need(vm, &s);
	if (s.cpus <= j->cpus && s.memory_bytes <= j->memory_bytes)
		return;
	growth_join(&s, &(struct job_size){.cpus = j->cpus, .memory_bytes = j->memory_bytes});
	*ret = s;
}

bool growth_is_beyond(const struct job *j, const struct vm_size *vm, const struct job_size *place)
{
	return place->cpus && ((vm->sockets > 1 && place->cpus > j->cpus) ||
			       place->memory_bytes >= j->memory_bytes + GROWTH_MEMORY_STEP);
}

void growth_join(struct job_size *s, const struct job_size *other)
{
	if (other->cpus > s->cpus)
		s->cpus = other->cpus;
	if (other->memory_bytes > s->memory_bytes)
		s->memory_bytes = other->memory_bytes;
}
