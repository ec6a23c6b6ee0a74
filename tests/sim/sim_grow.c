/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs that grow: who asks for it, what KubeVirt makes of it, and what must hold. KubeVirt gives a
 * guest what it was told only in a pod that was made for that size, so by a migration, of vmd's or
 * of its own ("kubevirt-workload-update-..."); it takes in no size while one goes on, and never
 * turns back. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#define LAST_WISH_US (900 * SIM_S)

/* ---- KubeVirt ---- */

void sim_vm_told(struct sim_vm *vm, const struct vm_target *t)
{
	if (!t->sockets)
		return;
	vm->vm.size.sockets_wanted = t->sockets;
	vm->vm.size.memory_wanted_bytes = t->memory_bytes;
}

void sim_vm_takes_in(struct sim_vm *vm)
{
	vm->vm.size.sockets_given = vm->vm.size.sockets_wanted;
	vm->vm.size.memory_given_bytes = vm->vm.size.memory_wanted_bytes;
}

bool sim_vm_is_to_grow(const struct sim_vm *vm)
{
	const struct vm_size *s = &vm->vm.size;

	return s->sockets_given > s->sockets || s->memory_given_bytes > s->memory_bytes;
}

bool sim_vm_is_in(const struct sim_vm *vm, const struct job_size *room)
{
	const struct vm_size *s = &vm->vm.size;
	uint32_t cpus = s->sockets * s->cores;

	return cpus <= room->cpus &&
	       vm_allocation_bytes(s->memory_bytes, cpus, s->tpm) <= room->memory_bytes;
}

static const struct sim_vm *vm_of(const struct sim *w, const struct sim_job *j)
{
	char name[VM_NAME_MAX + 1];

	(void)vm_name(&j->job, name, sizeof(name));
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.name, name))
			return &w->vm[i];
	return NULL;
}

/* vmd brings no VM home that is larger than its job. But its list of jobs may be old: the job may
 * have been queued again since by somebody, so that the VM is not its own any more (seed 2264), or
 * have begun by itself where its companion is, which has the room (seed 4001, a crash after effect
 * 11). And a migration to a companion may be late, and find that KubeVirt's own has taken the VM
 * there and let it grow, when it was to stay at home by then (seed 6136): it goes where the VM
 * points to now. */
static void home_check(struct sim *w, const struct sim_vm *vm)
{
	const struct sim_job *j = sim_job_of(w, vm->vm.job_key);

	if (vm->vm.moving.ours && vm->grown_us <= vm->sent_us && j && j->job.phase == JOB_RUNNING &&
	    vm == vm_of(w, j) && str_eq(j->job.node, vm->vm.node) &&
	    !sim_companion_has_room(w, vm) &&
	    !sim_vm_is_in(vm, &(struct job_size){j->job.cpus, j->job.memory_bytes}))
		sim_wrong(w, "%s came home larger than its job", vm->vm.name);
}

void sim_vm_arrives(struct sim *w, struct sim_vm *vm)
{
	struct vm_size *s = &vm->vm.size;
	bool grows = vm->pod.sockets > s->sockets || vm->pod.memory_bytes > s->memory_bytes;

	s->sockets = vm->pod.sockets;
	s->memory_bytes = vm->pod.memory_bytes;
	home_check(w, vm);
	w->grown += grows;
	if (grows)
		vm->grown_us = w->now_us;
}

/* ---- who asks ---- */

/* As op_resize() does it, by the vmd that leads. false: it was not taken. */
static bool resize(struct sim *w, const struct sim_job *j, const struct job_size *asked)
{
	const struct vm_status *status = sim_status(w, j->job.id);
	const struct sim_vm *vm = vm_of(w, j);
	struct job_size size = {.cpus = 0};
	struct err e;

	if (!status || (!asked->cpus && status->growing) ||
	    (asked->cpus && growth_check(&j->job, vm ? &vm->vm : NULL, asked, &size, &e) < 0))
		return false;
	for (size_t i = 0; i < w->n_vmd; i++)
		if (!w->vmd[i].stopped_us && sim_leads(w, &w->vmd[i]))
			reconciler_resize(w->vmd[i].reconciler, j->job.id, &size);
	return true;
}

/* Shortly before its job ends: the guest is as large as was asked for, unless that was called off
 * in time, and where its room is; its job is so large, too, if it could follow. */
static bool script_fits(const struct sim *w)
{
	const struct sim_job *j = &w->job[0];
	const struct sim_vm *vm = vm_of(w, j);
	uint32_t cpus = vm ? vm->vm.size.sockets * vm->vm.size.cores : 0;
	struct job_size room;

	return (cpus == w->grow.cpus || (w->called_off && cpus == 1)) &&
	       sim_vm_room(w, vm, j, &room) && room.cpus == cpus &&
	       (j->job.cpus == cpus || !j->job.batch);
}

#define FITS_BY_US (499 * SIM_S) /* it ends at 500 s, see job_move() */

static void script_move(struct sim *w)
{
	static const struct job_size none = {.cpus = 0};

	if (!w->asked && w->now_us >= 100 * SIM_S)
		w->asked = resize(w, &w->job[0], &w->grow);
	if (w->now_us == FITS_BY_US)
		w->fits = script_fits(w);
	if (!w->undo || sim_script_step(w) < w->undo)
		return;
	if (w->loses)
		sim_companion_cancel(w);
	else
		w->called_off = resize(w, &w->job[0], &none);
	w->undo = 0;
}

void sim_grows_move(struct sim *w)
{
	const struct sim_job *j;
	struct job_size size = {.cpus = 0};

	if (w->script) {
		if (w->grow.cpus)
			script_move(w);
		return;
	}
	if (w->now_us > LAST_WISH_US || sim_chance(w, 150) != 0)
		return;
	j = &w->job[sim_chance(w, SIM_JOBS)];
	if (job_is_several(&j->job))
		return; /* refused: requests_resize.c */
	if (sim_chance(w, 4)) {
		size.cpus = 1 + (uint32_t)sim_chance(w, 4);
		size.memory_bytes = sim_chance(w, 6) << 30;
	}
	(void)resize(w, j, &size);
}

/* ---- what must hold ---- */

/* A VM that is astray may be given less than it needs by who does not know yet how large it is, and
 * KubeVirt's own evacuation may take it home: then it moves on, as soon as there is room. */
#define LARGE_US (600 * SIM_S)

/* Has room for it been asked for, which there is not? (Seed 13253.) */
static bool waits_for_room(const struct sim *w, const struct sim_vm *vm)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++) {
		const struct companion *c = &w->companion[i].c;

		if (c->id && c->phase == JOB_PENDING && str_eq(c->job_key, vm->vm.job_key) &&
		    c->size.cpus && sim_vm_is_in(vm, &c->size))
			return true;
	}
	return false;
}

static void size_check(struct sim *w, struct sim_vm *vm, const struct sim_job *j)
{
	const struct vm_size *s = &vm->vm.size;
	struct job_size room;

	if (!sim_vm_room(w, vm, j, &room) || sim_vm_is_in(vm, &room)) {
		vm->large_us = 0;
		return;
	}
	vm->large_us = vm->large_us ? vm->large_us : w->now_us;
	if (vm == vm_of(w, j) && !waits_for_room(w, vm) &&
	    (w->script || w->now_us >= vm->large_us + LARGE_US))
		sim_wrong(w,
			  "%s on %s has %u sockets of %u CPUs, %llu MiB: its room there is %u, "
			  "%llu MiB",
			  vm->vm.name, vm->vm.node, s->sockets, s->cores,
			  (unsigned long long)s->memory_bytes >> 20, room.cpus,
			  (unsigned long long)room.memory_bytes >> 20);
}

void sim_sizes_check(struct sim *w)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		struct sim_vm *vm = &w->vm[i];
		const struct sim_job *j = vm->guest ? sim_job_of(w, vm->vm.job_key) : NULL;

		if (j)
			size_check(w, vm, j);
	}
}
