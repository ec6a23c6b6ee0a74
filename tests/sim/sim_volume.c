/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that come and go: what KubeVirt makes of addvolume and removevolume, which disk a guest
 * has open by them, and what must hold for named disks at every moment.
 *
 * The template of a VM takes what it is told, whether there is a PVC or not. Its instance takes
 * that over while nothing migrates, and gets the disk by a PVC that is bound and not being deleted,
 * as a guest does at its start; from then on the PVC is in use. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <string.h>

static struct sim_vm *vm_by_name(struct sim *w, const char *name)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.name, name))
			return &w->vm[i];
	return NULL;
}

static int find(const struct sim_vm *vm, const char *name)
{
	for (size_t i = 0; i < vm->vm.n_volume; i++)
		if (str_eq(vm->vm.volume[i].name, name))
			return (int)i;
	return -1;
}

/* The template has it from now on. */
static void add(struct sim_vm *vm, const struct vm_disk_spec *d, int64_t next_us)
{
	size_t i = vm->vm.n_volume;

	if (i == VM_VOLUME_MAX)
		return;
	vm->vm.n_volume++;
	vm->vm.volume[i] = (struct vm_volume){.wanted = true};
	vm->volume[i] = (struct sim_volume){.read_only = d->read_only, .next_us = next_us};
	(void)str_copy(vm->vm.volume[i].name, sizeof(vm->vm.volume[i].name), d->name);
	(void)str_copy(vm->volume[i].claim, sizeof(vm->volume[i].claim), d->claim);
}

static void drop(struct sim_vm *vm, size_t i)
{
	size_t last = --vm->vm.n_volume;

	vm->vm.volume[i] = vm->vm.volume[last];
	vm->volume[i] = vm->volume[last];
}

void sim_volumes_make(struct sim_vm *vm, const struct vm_spec *spec)
{
	for (size_t i = 0; i < spec->n_disk; i++)
		if (spec->disk[i].comes_and_goes)
			add(vm, &spec->disk[i], 0);
}

static void version_next(struct sim *w, struct sim_vm *vm)
{
	(void)str_fmt(vm->vm.version, sizeof(vm->vm.version), "%llu",
		      (unsigned long long)++w->uids);
}

int sim_volume_effect(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = vm_by_name(w, a->vm.name);
	int64_t next_us = w->now_us + (int64_t)sim_chance(w, 6) * SIM_S;
	int i = vm ? find(vm, a->object) : -1;

	if (!vm)
		return err_set(e, ERR_ABSENT, "%s is gone", a->vm.name);
	if (a->kind == ACT_ATTACH_DISK ? i >= 0 && vm->vm.volume[i].wanted
				       : i < 0 || !vm->vm.volume[i].wanted)
		return err_set(e, ERR_INVALID, "400: %s is there, or is not", a->object);
	if (i < 0) {
		add(vm, &a->vm.disk[0], next_us);
	} else {
		vm->vm.volume[i].wanted = a->kind == ACT_ATTACH_DISK;
		vm->volume[i].next_us = next_us;
	}
	version_next(w, vm);
	return 0;
}

/* ---- what a guest gets ---- */

/* As kubelet looks: the image behind a claim that is bound and stays; NULL: none. */
static const char *image_behind(struct sim *w, const char *claim)
{
	const struct volume_seen *pvc = NULL;

	for (size_t i = 0; i < SIM_OBJECTS && !pvc; i++)
		if (str_eq(w->pvc[i].name, claim))
			pvc = &w->pvc[i];
	for (size_t i = 0; pvc && !pvc->deleting && i < SIM_OBJECTS; i++)
		if (*w->pv[i].name && str_eq(w->pv[i].claim_uid, pvc->uid))
			return w->pv_image[i];
	return NULL;
}

static bool open_one(struct sim *w, struct sim_vm *vm, size_t i)
{
	const char *image = image_behind(w, vm->volume[i].claim);

	if (!image)
		return false;
	(void)str_copy(vm->volume[i].image, sizeof(vm->volume[i].image), image);
	vm->volume[i].open = true;
	vm->volume[i].fenced = false;
	vm->vm.volume[i].given = vm->vm.volume[i].ready = true;
	w->attached++;
	return true;
}

bool sim_volumes_start(struct sim *w, struct sim_vm *vm)
{
	for (size_t i = 0; i < vm->vm.n_volume; i++)
		if (vm->vm.volume[i].wanted && !image_behind(w, vm->volume[i].claim))
			return false;
	for (size_t i = 0; i < vm->vm.n_volume; i++)
		if (vm->vm.volume[i].wanted)
			(void)open_one(w, vm, i);
	return true;
}

void sim_volumes_close(struct sim_vm *vm)
{
	for (size_t i = 0; i < vm->vm.n_volume; i++) {
		vm->volume[i].open = false;
		vm->vm.volume[i].given = vm->vm.volume[i].ready = false;
	}
}

static void step(struct sim *w, struct sim_vm *vm, size_t i)
{
	struct vm_volume *v = &vm->vm.volume[i];

	vm->volume[i].next_us = w->now_us + (int64_t)(1 + sim_chance(w, 4)) * SIM_S;
	if (v->wanted && !v->given) {
		v->given = true;
	} else if (v->wanted && !v->ready) {
		(void)open_one(w, vm, i);
	} else if (!v->wanted && v->ready) {
		vm->volume[i].open = v->ready = false;
		sim_volumes_free(w);
	} else if (!v->wanted) {
		drop(vm, i);
		sim_volumes_free(w);
	}
}

void sim_volumes_move(struct sim *w, struct sim_vm *vm)
{
	if (vm->vm.phase != VM_RUNNING || *vm->vm.moving.name)
		return;
	for (size_t i = vm->vm.n_volume; i > 0; i--)
		if (w->now_us >= vm->volume[i - 1].next_us &&
		    !(vm->vm.volume[i - 1].wanted && vm->vm.volume[i - 1].ready))
			step(w, vm, i - 1);
}

/* Whether a pod has such a claim, or is about to. */
bool sim_claim_is_used(const struct sim *w, const char *claim)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		for (size_t k = 0; w->vm[i].guest && k < w->vm[i].vm.n_volume; k++)
			if (w->vm[i].vm.volume[k].given && str_eq(w->vm[i].volume[k].claim, claim))
				return true;
	return false;
}

/* ---- who has a disk ---- */

const struct sim_vm *sim_disk_user(const struct sim *w, const char *image)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		for (size_t k = 0; w->vm[i].guest && k < w->vm[i].vm.n_volume; k++)
			if (w->vm[i].volume[k].open && str_eq(w->vm[i].volume[k].image, image))
				return &w->vm[i];
	return NULL;
}

bool sim_vm_is_wanted(struct sim *w, const struct sim_vm *vm)
{
	const struct sim_job *j = sim_job_of(w, vm->vm.job_key);
	char name[VM_NAME_MAX + 1];

	return j && vm->vm.phase == VM_RUNNING && j->job.phase == JOB_RUNNING &&
	       vm_name(&j->job, name, sizeof(name)) == 0 && str_eq(name, vm->vm.name);
}

static void fence_in(struct sim *w, struct sim_vm *vm, const char *image, bool ghost)
{
	for (size_t k = 0; vm->guest && k < vm->vm.n_volume; k++) {
		if (!vm->volume[k].open || !str_eq(vm->volume[k].image, image))
			continue;
		vm->volume[k].fenced = true;
		if (!ghost && sim_vm_is_wanted(w, vm))
			sim_wrong(w, "wanted %s was shut out from %s", vm->vm.name, image);
	}
}

void sim_volumes_fence(struct sim *w, const char *image)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		fence_in(w, &w->vm[i], image, false);
		fence_in(w, &w->ghost[i], image, true);
	}
}

bool sim_volumes_write(const struct sim_vm *vm)
{
	for (size_t k = 0; vm->guest && k < vm->vm.n_volume; k++)
		if (vm->volume[k].open && !vm->volume[k].read_only && !vm->volume[k].fenced)
			return true;
	return false;
}

/* ---- rules that hold at every moment ---- */

struct user {
	const struct sim_vm *vm;
	const struct sim_volume *v;
	bool ghost;
};

#define USERS_MAX 64

/* Who can reach a disk. A guest that Kubernetes let go of and that only reads does no harm. */
static size_t users_add(const struct sim_vm *vm, bool ghost, struct user *to, size_t n)
{
	for (size_t k = 0; vm->guest && k < vm->vm.n_volume && n < USERS_MAX; k++)
		if (vm->volume[k].open && !vm->volume[k].fenced &&
		    !(ghost && vm->volume[k].read_only))
			to[n++] = (struct user){vm, &vm->volume[k], ghost};
	return n;
}

static void check_claim(struct sim *w, const struct user *u)
{
	const struct named_disk *d = sim_named_of(w, u->v->image);
	const struct disk_claim *c = d ? disk_claim_of(&d->claims, u->vm->vm.job_key) : NULL;

	if (!str_starts(u->v->image, NAMED_IMAGE_PREFIX))
		return; /* a scratch disk: disk_remove() in sim_world.c */
	if (!d)
		sim_wrong(w, "%s was removed, and %s has it", u->v->image, u->vm->vm.name);
	else if (!c || c->read_only != u->v->read_only)
		sim_wrong(w, "%s has %s without a claim", u->vm->vm.name, d->image);
}

static void check_pair(struct sim *w, const struct user *a, const struct user *b)
{
	if (a->vm == b->vm || !str_eq(a->v->image, b->v->image) ||
	    (a->v->read_only && b->v->read_only))
		return;
	sim_wrong(w, "%s%s %s %s beside %s%s, which %s", a->vm->vm.name, a->ghost ? " (lost)" : "",
		  a->v->read_only ? "reads" : "writes", a->v->image, b->vm->vm.name,
		  b->ghost ? " (lost)" : "", b->v->read_only ? "reads" : "writes");
}

void sim_volumes_check(struct sim *w)
{
	struct user user[USERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		n = users_add(&w->vm[i], false, user, n);
		n = users_add(&w->ghost[i], true, user, n);
	}
	for (size_t i = 0; i < n; i++) {
		check_claim(w, &user[i]);
		for (size_t k = i + 1; k < n; k++)
			check_pair(w, &user[i], &user[k]);
	}
}
