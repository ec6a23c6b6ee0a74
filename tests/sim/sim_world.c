/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The true world and how it moves; see sim_world.h. What a real server refuses is refused here:
 * creates of a name that is there, deletes whose uid or version does not match, the removal of a
 * disk that is open, of a PVC while a pod uses it, of a PV while it is bound; and a guest starts on
 * PVCs only that are bound and not being deleted. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"

#include <stdarg.h>
#include <string.h>

uint64_t sim_chance(struct sim *w, uint64_t below)
{
	uint64_t x = w->rng += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % below;
}

void sim_wrong(struct sim *w, const char *fmt, ...)
{
	va_list ap;

	if (*w->wrong)
		return; /* the first one counts */
	va_start(ap, fmt);
	(void)vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
	va_end(ap);
}

struct sim_job *sim_job_of(struct sim *w, const char *key)
{
	char mine[JOB_KEY_MAX + 1];

	for (size_t i = 0; i < SIM_JOBS; i++)
		if (str_eq(job_key(&w->job[i].job, mine, sizeof(mine)), key))
			return &w->job[i];
	return NULL;
}

static struct sim_vm *vm_of(struct sim *w, const char *name)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.name, name))
			return &w->vm[i];
	return NULL;
}

/* A guest may have the job's disks open. */
const struct sim_vm *sim_user_of(const struct sim *w, const char *key)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].guest && str_eq(w->vm[i].vm.job_key, key))
			return &w->vm[i];
	return NULL;
}

/* ---- effects ---- */

static int vm_create(struct sim *w, const struct vm_spec *spec)
{
	struct sim_vm *vm = NULL;

	if (vm_of(w, spec->name))
		return 0;
	for (size_t i = 0; i < SIM_OBJECTS && !vm; i++)
		if (w->vm[i].vm.phase == VM_ABSENT)
			vm = &w->vm[i];
	if (!vm) {
		sim_wrong(w, "more VMs than places");
		return -1;
	}
	*vm = (struct sim_vm){.vm = {.phase = VM_STARTING, .has_vmi = true, .version = "1"},
			      .next_us = w->now_us + (int64_t)(1 + sim_chance(w, 20)) * SIM_S,
			      .hangs = w->faults_percent && sim_chance(w, 20) == 0};
	(void)str_copy(vm->vm.name, sizeof(vm->vm.name), spec->name);
	(void)str_copy(vm->vm.job_key, sizeof(vm->vm.job_key), spec->job_key);
	(void)str_copy(vm->vm.node, sizeof(vm->vm.node), spec->node);
	memcpy(vm->vm.moving.wanted_node, vm->vm.node, sizeof(vm->vm.node));
	memcpy(vm->vm.moving.given_node, vm->vm.node, sizeof(vm->vm.node));
	vm->vm.size = (struct vm_size){
		.cores = spec->cpus,
		.sockets_wanted = 1,
		.sockets_given = 1,
		.sockets = 1,
		.memory_wanted_bytes = spec->memory_bytes,
		.memory_given_bytes = spec->memory_bytes,
		.memory_bytes = spec->memory_bytes,
		.sockets_max = spec->sockets_max,
		.memory_max_bytes = spec->memory_max_bytes,
	};
	(void)str_fmt(vm->vm.uid, sizeof(vm->vm.uid), "u%llu", (unsigned long long)++w->uids);
	sim_volumes_make(vm, spec);
	return 0;
}

#define LIST_AGE_S 60 /* a list of jobs may be that old, and a VM be astray so much shorter */

/* Of a running job: it has its place, or time to find one. But a guest that ended while its job
 * was queued again is nothing to keep, and the new run may begin while it is removed (seed 11647).
 */
static bool is_wanted_there(const struct sim *w, const struct sim_vm *vm, const struct sim_job *j)
{
	if (vm->astray_us)
		return w->now_us < vm->astray_us + (MOVE_GAP_S - LIST_AGE_S) * SIM_S;
	return sim_vm_is_placed(w, vm, j) && (vm->guest || !move_is_marked(&j->job));
}

static int vm_delete(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = vm_of(w, a->object);
	const struct sim_job *j = sim_job_of(w, a->job_key);

	if (!vm)
		return 0;
	if (!str_eq(vm->vm.uid, a->uid) || !str_eq(vm->vm.version, a->version))
		return err_set(e, ERR_CONFLICT, "%s has changed", a->object);
	if (vm->vm.phase == VM_DELETING)
		return 0; /* it was judged when it was deleted first (seed 2180) */
	if (j && j->job.phase == JOB_RUNNING) {
		char name[VM_NAME_MAX + 1];

		(void)vm_name(&j->job, name, sizeof(name));
		if (str_eq(name, a->object) && !j->late && is_wanted_there(w, vm, j) &&
		    !limit_is_near(&j->job, &w->policy, sim_wall_s(w)))
			sim_wrong(w, "wanted %s was deleted", name);
	} else if (j && vm->guest && sim_vm_is_placed(w, vm, j) &&
		   !(j->job.end_s && sim_wall_s(w) + 2 * w->policy.shutdown_s >= j->job.end_s)) {
		/* Near its time limit a list that is some seconds old still shows it running: then
		 * it is deleted because its job's time is over, though that is queued again by now,
		 * by a move that began before. Its disk is kept. (Seed 1875 of earlier days.) */
		char name[VM_NAME_MAX + 1];

		(void)vm_name(&j->job, name, sizeof(name));
		if (str_eq(name, a->object))
			sim_wrong(w, "%s was deleted while its job followed it", name);
	}
	vm->vm.phase = VM_DELETING;
	vm->next_us = w->now_us + (int64_t)(1 + sim_chance(w, 10)) * SIM_S;
	return 0;
}

static struct disk_seen *disk_of(struct sim *w, const char *name)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (str_eq(w->disk[i].name, name))
			return &w->disk[i];
	return NULL;
}

static int disk_make(struct sim *w, const struct disk_spec *spec, struct err *e)
{
	struct disk_seen *d = disk_of(w, spec->name);

	if (d && !str_eq(d->job_key, spec->job_key))
		return err_set(e, ERR_CONFLICT, "%s was taken over", spec->name);
	if (d)
		return 0;
	d = disk_of(w, "");
	if (!d) {
		sim_wrong(w, "more disks than places");
		return -1;
	}
	*d = (struct disk_seen){.size_bytes = 1, .origin = spec->origin};
	(void)str_copy(d->name, sizeof(d->name), spec->name);
	(void)str_copy(d->job_key, sizeof(d->job_key), spec->job_key);
	(void)str_copy(d->pool, sizeof(d->pool), spec->pool);
	return 0;
}

static int disk_remove(struct sim *w, const struct action *a, struct err *e)
{
	struct disk_seen *d = disk_of(w, a->object);
	const struct sim_job *j = sim_job_of(w, a->job_key);

	if (!d)
		return 0;
	if (!str_eq(d->job_key, a->job_key)) {
		sim_wrong(w, "%s is not ours", a->object);
		return err_set(e, ERR_CONFLICT, "not ours");
	}
	if (disk_extra_label(a->object) ? sim_disk_user(w, a->object) != NULL
					: sim_user_of(w, a->job_key) != NULL)
		return err_set(e, ERR_RETRY, "%s is in use", a->object);
	if (j && !j->ended_once && !d->removing)
		sim_wrong(w, "%s was removed though its job never ended", a->object);
	*d = (struct disk_seen){.name = ""};
	return 0;
}

static int disk_take(struct sim *w, struct disk_seen *d, const struct action *a, struct err *e)
{
	const struct sim_job *old;

	if (!d)
		return err_set(e, ERR_ABSENT, "%s is gone", a->object);
	if (str_eq(d->job_key, a->job_key))
		return 0;
	if (!str_eq(d->job_key, a->disk.from) || !d->kept_until_s)
		return err_set(e, ERR_CONFLICT, "%s is another job's", a->object);
	if (sim_user_of(w, d->job_key))
		sim_wrong(w, "%s was taken over while a VM uses it", a->object);
	old = sim_job_of(w, d->job_key);
	/* One that was queued again by hand since the list of jobs that was looked at begins with a
	 * new disk (rule 16a). */
	if (old && old->job.phase != JOB_ENDED && old->lives_us + 60 * SIM_S <= w->asked_us)
		sim_wrong(w, "%s was taken over though its job has not ended", a->object);
	(void)str_copy(d->from, sizeof(d->from), d->job_key);
	(void)str_copy(d->job_key, sizeof(d->job_key), a->job_key);
	d->kept_until_s = 0;
	return 0;
}

static struct volume_seen *volume_of(struct volume_seen *table, const char *name)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (str_eq(table[i].name, name))
			return &table[i];
	return NULL;
}

static bool is_bound(struct sim *w, const struct volume_seen *pv)
{
	const struct volume_seen *pvc = volume_of(w->pvc, pv->claim);

	return pvc && str_eq(pvc->uid, pv->claim_uid);
}

/* A pod of the VM whose claim this is has it open. */
static bool is_used(const struct sim *w, const struct volume_seen *pvc)
{
	uint32_t run, other;

	if (vm_incarnation(pvc->name, pvc->job_key, &run) < 0)
		return false;
	if (strstr(pvc->name, "-d-"))
		return sim_claim_is_used(w, pvc->name);
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].guest && str_eq(w->vm[i].vm.job_key, pvc->job_key) &&
		    vm_incarnation(w->vm[i].vm.name, pvc->job_key, &other) == 0 && run == other)
			return true;
	return false;
}

/* Finalizers: what is being deleted goes when nothing uses it any more. */
void sim_volumes_free(struct sim *w)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->pvc[i].deleting && !is_used(w, &w->pvc[i]))
			w->pvc[i] = (struct volume_seen){.name = ""};
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->pv[i].deleting && !is_bound(w, &w->pv[i]))
			w->pv[i] = (struct volume_seen){.name = ""};
}

static int volume_make(struct sim *w, struct volume_seen *table, const struct action *a,
		       struct err *e)
{
	const struct volume_seen *there = volume_of(table, a->object);
	struct volume_seen *place = volume_of(table, "");

	if (there && there->deleting)
		return err_set(e, ERR_RETRY, "the one that is there is being deleted");
	if (there && !str_eq(there->claim_uid, a->disk.claim_uid))
		return err_set(e, ERR_CONFLICT, "exists for another run");
	if (there)
		return 0;
	if (!place) {
		sim_wrong(w, "more volumes than places");
		return -1;
	}
	*place = (struct volume_seen){.version = "1"};
	(void)str_copy(place->name, sizeof(place->name), a->object);
	(void)str_copy(place->job_key, sizeof(place->job_key), a->job_key);
	if (table == w->pv) {
		(void)str_copy(place->claim, sizeof(place->claim), a->disk.claim);
		(void)str_copy(place->claim_uid, sizeof(place->claim_uid), a->disk.claim_uid);
		(void)str_copy(w->pv_image[place - table], sizeof(w->pv_image[0]),
			       *a->disk.image ? a->disk.image : a->disk.name);
	}
	(void)str_fmt(place->uid, sizeof(place->uid), "u%llu", (unsigned long long)++w->uids);
	return 0;
}

static int volume_delete(struct sim *w, struct volume_seen *table, const struct action *a,
			 struct err *e)
{
	struct volume_seen *v = volume_of(table, a->object);

	if (!v)
		return 0;
	if (!str_eq(v->uid, a->uid))
		return err_set(e, ERR_CONFLICT, "%s is another one", a->object);
	if (table == w->secret)
		*v = (struct volume_seen){.name = ""};
	else
		v->deleting = true;
	sim_volumes_free(w);
	return 0;
}

void sim_job_end(struct sim *w, struct sim_job *j, enum job_end end)
{
	j = sim_first_of(w, j);
	j->job.phase = JOB_ENDING;
	j->job.end = end;
	j->ending_us = w->now_us;
	/* Cancelled: its script has some time. */
	if (end == JOB_END_NORMAL && j->job.id % 2 == 0)
		j->job.told_to_end_s = sim_wall_s(w);
}

int sim_effect(struct sim *w, const struct action *a, struct err *e)
{
	struct disk_seen *d = disk_of(w, a->object);
	struct sim_job *j = sim_job_of(w, a->job_key);

	if (sim_is_disk(a) && d && w->now_us < w->unreadable_us[d - w->disk])
		return err_set(e, ERR_UNSURE, "%s hangs", a->object);
	switch (a->kind) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK: return disk_make(w, &a->disk, e);
	case ACT_TAKE_DISK: return disk_take(w, d, a, e);
	case ACT_KEEP_DISK:
		if (d)
			d->kept_until_s = a->keep_disk.until_s;
		return 0;
	case ACT_REMOVE_DISK: return disk_remove(w, a, e);
	case ACT_FENCE_DISK: return sim_fence(w, a, e);
	case ACT_FORCE_DELETE_POD: return sim_force_delete(w, a);
	case ACT_CREATE_PV: return volume_make(w, w->pv, a, e);
	case ACT_CREATE_PVC: return volume_make(w, w->pvc, a, e);
	case ACT_CREATE_SECRET: return volume_make(w, w->secret, a, e);
	case ACT_CREATE_VM: return vm_create(w, &a->vm);
	case ACT_DELETE_VM: return vm_delete(w, a, e);
	case ACT_DELETE_PV: return volume_delete(w, w->pv, a, e);
	case ACT_DELETE_PVC: return volume_delete(w, w->pvc, a, e);
	case ACT_DELETE_SECRET: return volume_delete(w, w->secret, a, e);
	case ACT_END_JOB:
		if (!j || j->job.phase != JOB_RUNNING || j->job.id != a->job_id)
			return 0;
		if (!a->end_job.failed && j->job.request.heir)
			return err_set(e, ERR_RETRY, "it becomes job %u", j->job.request.heir);
		sim_job_end(w, j, JOB_END_NORMAL);
		return 0;
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY: return sim_heir_effect(w, a, e);
	case ACT_RECORD: return sim_record(w, a, e);
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_POINT_VM:
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_REQUEUE_JOB:
	case ACT_KEEP_VM:
	case ACT_AIM_JOB: return sim_move_effect(w, a, e);
	case ACT_RESERVE:
	case ACT_END_RESERVATION: return sim_reservation_effect(w, a, e);
	case ACT_MARK_NODE:
	case ACT_DRAIN_NODE: return sim_drain_effect(w, a, e);
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM: return sim_order(w, &a->order, e);
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK: return sim_volume_effect(w, a, e);
	case ACT_TELL_JOB:
	case ACT_WARN_GUEST:
	case ACT_TELL_READY: return 0;
	}
	return 0;
}

/* ---- the world by itself ---- */

/* false: the node that it asks for takes no jobs. */
static bool job_begin(struct sim *w, struct sim_job *j)
{
	const struct sim_vm *user;
	char key[JOB_KEY_MAX + 1];

	if (*j->job.asked_node && !sim_node_takes(w, j->job.asked_node))
		return false;
	j->job.phase = JOB_RUNNING;
	j->job.start_s = sim_wall_s(w);
	j->job.end_s = w->script || sim_chance(w, 3)
			       ? 0
			       : j->job.start_s + 100 + (int64_t)sim_chance(w, 400);
	if (*j->job.asked_node)
		(void)str_copy(j->job.node, sizeof(j->job.node), j->job.asked_node);
	else
		(void)str_fmt(j->job.node, sizeof(j->job.node), "n%u", sim_node_choose(w));
	j->late = j->free_us && w->now_us >= j->free_us + (MOVE_GAP_S - 2) * SIM_S;
	user = sim_user_of(w, job_key(&j->job, key, sizeof(key)));
	w->moved += user && move_is_marked(&j->job) && str_eq(user->vm.node, j->job.node);
	return true;
}

/* Which run's it is. A job that ended while it was about to follow its VM, and was queued again by
 * hand, has that in its record still: its next run has a VM of that name, which it makes. (Seed
 * 5001, life 1, effect 51.) */
static uint32_t run_of(const struct sim_job *j, const struct vm_seen *vm)
{
	char name[VM_NAME_MAX + 1];
	uint32_t run;

	(void)vm_name(&j->job, name, sizeof(name));
	if (str_eq(name, vm->name))
		return j->job.restarts;
	return vm_incarnation(vm->name, vm->job_key, &run) == 0 ? run : UINT32_MAX;
}

/* An epilog that was let go must leave a node without a guest, for ever: a VM whose create landed
 * late may be there for a while, but it never starts. (One that timed out lets go of nothing.) */
static void epilogs_check(struct sim *w)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		const struct vm_seen *vm = &w->vm[i].vm;
		const struct sim_job *j = w->vm[i].guest ? sim_job_of(w, vm->job_key) : NULL;

		if (j && run_of(j, vm) < j->cleared)
			sim_wrong(w, "the epilog of job %s went, but %s has a guest", vm->job_key,
				  vm->name);
	}
}

/* A move: its VM lives on, elsewhere. */
static void node_check(struct sim *w, const struct sim_job *j)
{
	char key[JOB_KEY_MAX + 1];

	(void)job_key(&j->job, key, sizeof(key));
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].guest && str_eq(w->vm[i].vm.job_key, key) &&
		    str_eq(w->vm[i].vm.node, j->job.node))
			sim_wrong(w, "epilog of job %s went, %s is there", key, w->vm[i].vm.name);
}

/* Its epilog holds the node until the VM is off it. */
static void job_leave(struct sim *w, struct sim_job *j)
{
	if (!sim_is_clear(w, j) && w->now_us < j->ending_us + 300 * SIM_S)
		return;
	if (w->now_us < j->ending_us + 300 * SIM_S && j->again)
		node_check(w, j);
	else if (w->now_us < j->ending_us + 300 * SIM_S)
		j->cleared = j->job.restarts + 1;
	j->job.phase = JOB_ENDED;
	if (!j->again) {
		j->ended_once = true;
		return;
	}
	j->again = false;
	j->job.phase = JOB_PENDING;
	j->job.held = true;
	j->job.restarts = j->job.request.moved_run > j->job.restarts ? j->job.request.moved_run
								     : j->job.restarts;
	j->job.node[0] = '\0';
	j->next_us = w->now_us;
}

/* Submitted, started, perhaps requeued, ended. */
static void job_move(struct sim *w, struct sim_job *j)
{
	/* The epilog of one of two such jobs begins; of the other nobody hears. */
	if (j->job.id % 4 == 0 && w->now_us > j->ending_us + 20 * SIM_S)
		j->job.told_to_end_s = 0;
	if (j->job.phase == JOB_ENDING)
		job_leave(w, j);
	if (j->job.phase == JOB_RUNNING && j->job.end_s && sim_wall_s(w) >= j->job.end_s) {
		sim_job_end(w, j, JOB_END_ABNORMAL); /* TIMEOUT */
		return;
	}
	if (w->now_us < j->next_us || j->job.phase == JOB_ENDED || j->job.phase == JOB_ENDING)
		return;
	if (j->job.phase == JOB_PENDING && j->job.held) {
		if (w->now_us > j->next_us + 600 * SIM_S)
			sim_wrong(w, "job %u is held for ever", j->job.id);
		return;
	}
	if (w->script) {
		if (j->job.phase == JOB_PENDING)
			(void)job_begin(w, j);
		else if (w->now_us >= 500 * SIM_S)
			sim_job_end(w, j, JOB_END_NORMAL);
		return;
	}
	switch (j->step++) {
	case 0:
		if (sim_chance(w, 10) == 0)
			sim_job_end(w, j, JOB_END_NORMAL); /* scancel while pending */
		else if (!job_begin(w, j))
			j->step = 0;
		break;
	case 1:
		if (j->job.phase == JOB_RUNNING && sim_chance(w, 2)) {
			j->job.phase = JOB_PENDING;
			j->job.restarts++;
			j->next_us = w->now_us + (int64_t)sim_chance(w, 30) * SIM_S;
			j->step = sim_chance(w, 3) ? 2 : 0;
			j->job.node[0] = '\0';
			return;
		}
		break;
	case 2:
		if (j->job.phase == JOB_PENDING && !job_begin(w, j))
			j->step = 2;
		break;
	default: sim_job_end(w, j, sim_chance(w, 3) ? JOB_END_NORMAL : JOB_END_ABNORMAL); break;
	}
	j->next_us = w->now_us + (int64_t)(5 + sim_chance(w, w->moves ? 500 : 150)) * SIM_S;
}

static void vm_gone(struct sim *w, struct sim_vm *vm)
{
	*vm = (struct sim_vm){.vm = {.phase = VM_ABSENT}};
	sim_volumes_free(w);
}

/* As kubelet looks before it starts a pod: the VM's own claim, bound, not being deleted. */
static bool has_disk(struct sim *w, const struct sim_vm *vm)
{
	const struct disk_seen *root = NULL;
	const struct volume_seen *pvc, *pv;
	char claim[VM_NAME_MAX + 8];

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*w->disk[i].name && disk_is_root(w->disk[i].name) &&
		    str_eq(w->disk[i].job_key, vm->vm.job_key))
			root = &w->disk[i];
	(void)str_fmt(claim, sizeof(claim), "%s-root", vm->vm.name);
	pvc = volume_of(w->pvc, claim);
	pv = root ? volume_of(w->pv, root->name) : NULL;
	return pvc && !pvc->deleting && pv && str_eq(pv->claim_uid, pvc->uid);
}

/* A companion that comes and goes between two lists of jobs is none that vmd could know of. */
static void astray_note(struct sim *w, struct sim_vm *vm)
{
	const struct sim_job *j = sim_job_of(w, vm->vm.job_key);
	char name[VM_NAME_MAX + 1];
	bool mine = j && vm->guest && j->job.phase == JOB_RUNNING &&
		    vm_name(&j->job, name, sizeof(name)) == 0 && str_eq(name, vm->vm.name);
	bool placed = mine && sim_vm_is_placed(w, vm, j);

	if (!placed)
		vm->placed_us = 0;
	else if (!vm->placed_us)
		vm->placed_us = w->now_us;
	if (mine && !placed && !vm->astray_us)
		vm->astray_us = w->now_us;
	if (mine && !(placed && (str_eq(vm->vm.node, j->job.node) ||
				 w->now_us >= vm->placed_us + LIST_AGE_S * SIM_S)))
		return;
	w->found += vm->astray_us && placed && vm->vm.phase == VM_RUNNING;
	vm->astray_us = 0;
}

static void vm_move(struct sim *w, struct sim_vm *vm)
{
	if (vm->vm.phase == VM_ABSENT)
		return;
	astray_note(w, vm);
	if (!sim_is_lost(w, vm->vm.node)) {
		sim_vm_moves(w, vm);
		sim_volumes_move(w, vm);
	}
	if (w->now_us < vm->next_us)
		return;
	if (sim_is_lost(w, vm->vm.node)) { /* nobody there confirms anything */
		if (vm->vm.phase == VM_DELETING && vm->podless)
			sim_ghost_leave(w, vm);
		/* one that never found its disk has no pod that somebody must confirm the end of */
		if (vm->vm.phase == VM_DELETING && (vm->podless || !vm->guest))
			vm_gone(w, vm);
		return;
	}
	(void)str_fmt(vm->vm.version, sizeof(vm->vm.version), "%llu",
		      (unsigned long long)++w->uids);
	vm->next_us = w->now_us + (int64_t)(5 + sim_chance(w, 60)) * SIM_S;
	switch (vm->vm.phase) {
	case VM_STARTING:
		if (has_disk(w, vm) && !sim_is_cordoned(w, vm->vm.node) &&
		    sim_volumes_start(w, vm)) {
			vm->vm.phase = VM_RUNNING;
			vm->guest = vm->began = true;
		}
		break;
	case VM_RUNNING:
		if (!vm->vm.agent && !vm->hangs) {
			vm->vm.agent = vm->vm.reachable = true;
			(void)str_copy(vm->vm.address, sizeof(vm->vm.address), "192.168.172.57");
		} else if (!w->script && sim_chance(w, w->moves ? 40 : 8) == 0) {
			vm->vm.phase = sim_chance(w, 2) ? VM_STOPPED : VM_FAILED;
			vm->guest = false;
			sim_volumes_close(vm);
			sim_volumes_free(w);
		}
		break;
	case VM_DELETING: vm_gone(w, vm); break;
	case VM_ABSENT:
	case VM_STOPPED:
	case VM_FAILED: break;
	}
}

void sim_world_move(struct sim *w)
{
	if (w->disks)
		sim_disks_move(w);
	sim_nodes_move(w);
	sim_moves_move(w);
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (w->job[i].job.rank == 0)
			job_move(w, &w->job[i]);
	sim_several_follow(w);
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		vm_move(w, &w->vm[i]);
	epilogs_check(w);
}
