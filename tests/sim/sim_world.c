/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The true world and how it moves; see sim_world.h. What a real server refuses is refused here:
 * creates of a name that is there, deletes whose uid or version does not match, the removal of a
 * disk that is open, the removal of a PVC in use before its VM is gone. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

#define TICK_US (SIM_S / 2)

uint64_t sim_chance(struct sim *w, uint64_t below)
{
	uint64_t x = w->rng += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % below;
}

static void wrong(struct sim *w, const char *fmt, ...) PRINTF(2, 3);
static void wrong(struct sim *w, const char *fmt, ...)
{
	va_list ap;

	if (*w->wrong)
		return; /* the first one counts */
	va_start(ap, fmt);
	(void)vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
	va_end(ap);
}

static struct sim_job *job_of(struct sim *w, const char *key)
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
static const struct sim_vm *user_of(const struct sim *w, const char *key)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (str_eq(w->vm[i].vm.job_key, key) &&
		    (w->vm[i].vm.phase == VM_RUNNING || w->vm[i].vm.phase == VM_DELETING))
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
		wrong(w, "more VMs than places");
		return -1;
	}
	*vm = (struct sim_vm){
		.vm = {.phase = VM_STARTING, .has_vmi = true, .version = "1"},
		.next_us = w->now_us + (int64_t)(1 + sim_chance(w, 20)) * SIM_S,
		.hangs = w->faults_percent && sim_chance(w, 20) == 0
        };
	(void)str_copy(vm->vm.name, sizeof(vm->vm.name), spec->name);
	(void)str_copy(vm->vm.job_key, sizeof(vm->vm.job_key), spec->job_key);
	(void)str_copy(vm->vm.node, sizeof(vm->vm.node), spec->node);
	(void)str_fmt(vm->vm.uid, sizeof(vm->vm.uid), "u%llu", (unsigned long long)++w->uids);
	return 0;
}

static int vm_delete(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = vm_of(w, a->object);
	const struct sim_job *j = job_of(w, a->job_key);

	if (!vm)
		return 0;
	if (!str_eq(vm->vm.uid, a->uid) || !str_eq(vm->vm.version, a->version))
		return err_set(e, ERR_CONFLICT, "%s has changed", a->object);
	if (j && j->job.phase == JOB_RUNNING) {
		char name[VM_NAME_MAX + 1];

		(void)vm_name(&j->job, name, sizeof(name));
		if (str_eq(name, a->object))
			wrong(w, "wanted %s was deleted", name);
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

static int disk_make(struct sim *w, const struct disk_spec *spec)
{
	struct disk_seen *d = disk_of(w, spec->name);

	if (d)
		return 0;
	d = disk_of(w, "");
	if (!d) {
		wrong(w, "more disks than places");
		return -1;
	}
	*d = (struct disk_seen){.size_bytes = 1};
	(void)str_copy(d->name, sizeof(d->name), spec->name);
	(void)str_copy(d->job_key, sizeof(d->job_key), spec->job_key);
	(void)str_copy(d->pool, sizeof(d->pool), spec->pool);
	return 0;
}

static int disk_remove(struct sim *w, const struct action *a, struct err *e)
{
	struct disk_seen *d = disk_of(w, a->object);
	const struct sim_job *j = job_of(w, a->job_key);

	if (!d)
		return 0;
	if (!str_eq(d->job_key, a->job_key)) {
		wrong(w, "%s is not ours", a->object);
		return err_set(e, ERR_CONFLICT, "not ours");
	}
	if (user_of(w, a->job_key))
		return err_set(e, ERR_RETRY, "%s is in use", a->object);
	if (j && !j->ended_once)
		wrong(w, "%s was removed though its job never ended", a->object);
	if (j && j->job.end == JOB_END_ABNORMAL && j->job.phase == JOB_ENDED && !d->kept_until_s &&
	    disk_name_is(d->name, d->job_key, DISK_ROOT))
		wrong(w, "%s was not kept", a->object);
	*d = (struct disk_seen){.name = ""};
	return 0;
}

static int volume_make(struct sim *w, struct volume_seen *table, const struct action *a)
{
	struct volume_seen *place = NULL;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (str_eq(table[i].name, a->object))
			return 0;
		if (!*table[i].name && !place)
			place = &table[i];
	}
	if (!place) {
		wrong(w, "more volumes than places");
		return -1;
	}
	*place = (struct volume_seen){.version = "1"};
	(void)str_copy(place->name, sizeof(place->name), a->object);
	(void)str_copy(place->job_key, sizeof(place->job_key), a->job_key);
	(void)str_fmt(place->uid, sizeof(place->uid), "u%llu", (unsigned long long)++w->uids);
	return 0;
}

static int volume_delete(struct sim *w, struct volume_seen *table, const struct action *a,
			 struct err *e)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (!str_eq(table[i].name, a->object))
			continue;
		if (!str_eq(table[i].uid, a->uid))
			return err_set(e, ERR_CONFLICT, "%s is another one", a->object);
		if (table == w->pvc && user_of(w, a->job_key))
			table[i].deleting = true;
		else
			table[i] = (struct volume_seen){.name = ""};
	}
	return 0;
}

static void job_end(struct sim *w, struct sim_job *j, enum job_end end)
{
	j->job.phase = JOB_ENDING;
	j->job.end = end;
	j->ending_us = w->now_us;
}

static int effect(struct sim *w, const struct action *a, struct err *e)
{
	struct disk_seen *d = disk_of(w, a->object);
	struct sim_job *j = job_of(w, a->job_key);

	switch (a->kind) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK: return disk_make(w, &a->disk);
	case ACT_KEEP_DISK:
		if (d)
			d->kept_until_s = a->keep_until_s;
		return 0;
	case ACT_REMOVE_DISK: return disk_remove(w, a, e);
	case ACT_CREATE_PV: return volume_make(w, w->pv, a);
	case ACT_CREATE_PVC: return volume_make(w, w->pvc, a);
	case ACT_CREATE_SECRET: return volume_make(w, w->secret, a);
	case ACT_CREATE_VM: return vm_create(w, &a->vm);
	case ACT_DELETE_VM: return vm_delete(w, a, e);
	case ACT_DELETE_PV: return volume_delete(w, w->pv, a, e);
	case ACT_DELETE_PVC: return volume_delete(w, w->pvc, a, e);
	case ACT_DELETE_SECRET: return volume_delete(w, w->secret, a, e);
	case ACT_END_JOB:
		if (j && j->job.phase == JOB_RUNNING)
			job_end(w, j, JOB_END_NORMAL);
		return 0;
	case ACT_RECORD: return 0;
	}
	return 0;
}

/* ---- requests on their way ---- */

static bool is_disk_action(const struct action *a)
{
	return action_class(a->kind) == CLASS_DISK;
}

/* What becomes of a request: when it takes effect, and when and what vmd hears. */
static void fate(struct sim *w, struct sim_request *r)
{
	r->apply_us = w->now_us + (int64_t)sim_chance(w, 3) * TICK_US;
	r->reply_us = r->apply_us;
	r->outcome = (struct err){.kind = ERR_NONE};
	if (sim_chance(w, 100) >= w->faults_percent)
		return;
	switch (sim_chance(w, 5)) {
	case 0: /* refused for now */
		r->apply_us = INT64_MAX;
		err_set(&r->outcome, ERR_RETRY, "503");
		break;
	case 1: /* lost; disks never are: their requests are calls */
		if (!is_disk_action(&r->action))
			r->apply_us = INT64_MAX;
		r->reply_us = w->now_us + 10 * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	case 2: /* done, but the reply is lost */
		r->reply_us = r->apply_us + 10 * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	case 3: /* done, and nothing is ever heard of it */ r->reply_us = INT64_MAX; break;
	default: /* done long after vmd gave up */
		r->reply_us = w->now_us + 10 * SIM_S;
		if (!is_disk_action(&r->action))
			r->apply_us = r->reply_us + (int64_t)sim_chance(w, 60) * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	}
}

static int apply(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	struct sim *w = self;
	struct sim_request *r = NULL;

	if (w->faults_percent && sim_chance(w, 200) == 0)
		return err_set(e, ERR_RETRY, "queue full");
	if (!job_of(w, a->job_key))
		wrong(w, "%s of something that is not ours", action_name(a->kind));
	for (size_t i = 0; i < SIM_FLYING && !r; i++)
		if (!w->request[i].used)
			r = &w->request[i];
	if (!r)
		return err_set(e, ERR_RETRY, "queue full");
	*r = (struct sim_request){.used = true, .ticket = ticket, .life = w->life, .action = *a};
	fate(w, r);
	return 0;
}

static struct now sim_now(const struct sim *w)
{
	return (struct now){.mono_us = w->now_us, .wall_s = 1700000000 + w->now_us / SIM_S};
}

static void requests_move(struct sim *w)
{
	for (size_t i = 0; i < SIM_FLYING && !w->crashed; i++) {
		struct sim_request *r = &w->request[i];

		if (!r->used)
			continue;
		if (r->apply_us <= w->now_us) {
			struct err e = {.kind = ERR_NONE};

			r->apply_us = INT64_MAX;
			if (effect(w, &r->action, &e) < 0 && r->outcome.kind == ERR_NONE)
				r->outcome = e;
			if (++w->effects == w->crash_at)
				w->crashed = true; /* before vmd hears of it */
		}
		if (r->reply_us <= w->now_us && !w->crashed) {
			r->reply_us = INT64_MAX;
			if (r->life == w->life)
				reconciler_done(w->reconciler, r->ticket, &r->outcome, sim_now(w));
			w->wake_us = w->now_us;
		}
		if (r->apply_us == INT64_MAX && (r->reply_us == INT64_MAX || r->life != w->life))
			r->used = false;
	}
}

/* ---- the world by itself ---- */

static void job_begin(struct sim *w, struct sim_job *j)
{
	j->job.phase = JOB_RUNNING;
	(void)str_fmt(j->job.node, sizeof(j->job.node), "n%llu",
		      (unsigned long long)sim_chance(w, 3));
}

/* An epilog that was let go must leave a node without a VM. (A create that outlived the vmd that
 * sent it may still land for a while; that VM is removed when it is seen.) */
static void epilog_check(struct sim *w, const struct sim_job *j)
{
	char key[JOB_KEY_MAX + 1];

	if (w->now_us >= j->ending_us + 300 * SIM_S || w->now_us < w->born_us + 75 * SIM_S)
		return; /* it timed out */
	(void)job_key(&j->job, key, sizeof(key));
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.job_key, key))
			wrong(w, "epilog of job %s went, %s is there", key, w->vm[i].vm.name);
}

/* Submitted, started, perhaps requeued, ended; and the epilog holds the node. */
static void job_move(struct sim *w, struct sim_job *j)
{
	const struct vm_status *s = reconciler_status(w->reconciler, j->job.id);

	if (j->job.phase == JOB_ENDING) {
		if (!(s && s->state == VM_STATE_STOPPING && s->node_clear) &&
		    w->now_us < j->ending_us + 300 * SIM_S)
			return;
		epilog_check(w, j);
		j->job.phase = JOB_ENDED;
		j->ended_once = true;
	}
	if (w->now_us < j->next_us || j->job.phase == JOB_ENDED)
		return;
	j->next_us = w->now_us + (int64_t)(5 + sim_chance(w, 150)) * SIM_S;
	switch (j->step++) {
	case 0:
		if (sim_chance(w, 10) == 0)
			job_end(w, j, JOB_END_NORMAL); /* scancel while pending */
		else
			job_begin(w, j);
		break;
	case 1:
		if (j->job.phase == JOB_RUNNING && sim_chance(w, 2)) {
			j->job.phase = JOB_PENDING;
			j->job.restarts++;
			j->next_us = w->now_us + (int64_t)sim_chance(w, 30) * SIM_S;
			j->step = sim_chance(w, 3) ? 2 : 0;
			j->job.node[0] = '\0';
		}
		break;
	case 2:
		if (j->job.phase == JOB_PENDING)
			job_begin(w, j);
		break;
	default: job_end(w, j, sim_chance(w, 3) ? JOB_END_NORMAL : JOB_END_ABNORMAL); break;
	}
}

static bool has(const struct volume_seen *table, const char *key)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*table[i].name && str_eq(table[i].job_key, key) && !table[i].deleting)
			return true;
	return false;
}

static void vm_gone(struct sim *w, struct sim_vm *vm)
{
	char key[JOB_KEY_MAX + 1];

	(void)str_copy(key, sizeof(key), vm->vm.job_key);
	*vm = (struct sim_vm){.vm = {.phase = VM_ABSENT}};
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->pvc[i].deleting && str_eq(w->pvc[i].job_key, key))
			w->pvc[i] = (struct volume_seen){.name = ""};
}

static void vm_move(struct sim *w, struct sim_vm *vm)
{
	char root[VM_NAME_MAX + 1];

	if (vm->vm.phase == VM_ABSENT || w->now_us < vm->next_us)
		return;
	(void)str_fmt(root, sizeof(root), "vm-%s-root", vm->vm.job_key);
	(void)str_fmt(vm->vm.version, sizeof(vm->vm.version), "%llu",
		      (unsigned long long)++w->uids);
	vm->next_us = w->now_us + (int64_t)(5 + sim_chance(w, 60)) * SIM_S;
	switch (vm->vm.phase) {
	case VM_STARTING:
		if (has(w->pvc, vm->vm.job_key) && has(w->pv, vm->vm.job_key) && disk_of(w, root))
			vm->vm.phase = VM_RUNNING;
		break;
	case VM_RUNNING:
		if (!vm->vm.agent && !vm->hangs) {
			vm->vm.agent = vm->vm.reachable = true;
			(void)str_copy(vm->vm.address, sizeof(vm->vm.address), "192.168.172.57");
		} else if (sim_chance(w, 8) == 0) {
			vm->vm.phase = sim_chance(w, 2) ? VM_STOPPED : VM_FAILED;
		}
		break;
	case VM_DELETING: vm_gone(w, vm); break;
	case VM_ABSENT:
	case VM_STOPPED:
	case VM_FAILED: break;
	}
}

/* ---- what vmd sees ---- */

static size_t volumes_see(struct volume_seen *to, const struct volume_seen *from)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*from[i].name)
			to[n++] = from[i];
	return n;
}

static void kube_see(struct sim *w)
{
	struct sim_view *v = &w->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT)
			v->vm[v->n_vm++] = w->vm[i].vm;
	v->n_pv = volumes_see(v->pv, w->pv);
	v->n_pvc = volumes_see(v->pvc, w->pvc);
	v->n_secret = volumes_see(v->secret, w->secret);
}

static void disks_see(struct sim *w)
{
	struct sim_view *v = &w->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*w->disk[i].name) {
			v->disk[v->n_disk] = w->disk[i];
			v->disk[v->n_disk++].watchers = user_of(w, w->disk[i].job_key) != NULL;
		}
}

/* When the next look is: soon, but a watch may stall and a list may fail. */
static int64_t look_again_us(struct sim *w, unsigned stall_s)
{
	if (sim_chance(w, 100) < w->faults_percent / 4)
		return w->now_us + (int64_t)sim_chance(w, stall_s) * SIM_S;
	return w->now_us + (int64_t)sim_chance(w, 4) * TICK_US;
}

static void views_move(struct sim *w)
{
	struct sim_view *v = &w->view;
	bool fails = sim_chance(w, 100) < w->faults_percent / 5;

	if (v->vms_us <= w->now_us) {
		v->vms_known = v->volumes_known = !fails;
		v->n_vm = 0;
		v->n_pv = v->n_pvc = v->n_secret = 0;
		if (!fails) /* else it came back empty, which must not be taken for true */
			kube_see(w);
		v->vms_us = look_again_us(w, 170);
		w->wake_us = w->now_us;
	}
	if (v->disks_us <= w->now_us) {
		v->disks_known = !fails;
		v->n_disk = 0;
		if (!fails)
			disks_see(w);
		v->disks_us = look_again_us(w, 25);
		w->wake_us = w->now_us;
	}
	if (v->jobs_us <= w->now_us) {
		v->jobs_known = !fails;
		v->n_job = fails ? 0 : SIM_JOBS;
		for (size_t i = 0; i < SIM_JOBS; i++)
			v->job[i] = w->job[i].job;
		v->jobs_us = look_again_us(w, 60);
		w->wake_us = w->now_us;
	}
}

static void round_run(struct sim *w)
{
	struct sim_view *v = &w->view;
	struct desired want = {.known = v->jobs_known, .n = v->n_job, .job = v->job};
	struct observed seen = {.vms_known = v->vms_known,
				.n_vm = v->n_vm,
				.vm = v->vm,
				.disks_known = v->disks_known,
				.n_disk = v->n_disk,
				.disk = v->disk,
				.pvs_known = v->volumes_known,
				.n_pv = v->n_pv,
				.pv = v->pv,
				.pvcs_known = v->volumes_known,
				.n_pvc = v->n_pvc,
				.pvc = v->pvc,
				.secrets_known = v->volumes_known,
				.n_secret = v->n_secret,
				.secret = v->secret};

	world_sort(&want, &seen);
	w->wake_us = reconciler_round(w->reconciler, &want, &seen, sim_now(w));
}

/* ---- rules that hold at every moment ---- */

static void check(struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct vm_status *s = reconciler_status(w->reconciler, w->job[i].job.id);
		char key[JOB_KEY_MAX + 1];
		unsigned vms = 0;

		(void)job_key(&w->job[i].job, key, sizeof(key));
		for (size_t k = 0; k < SIM_OBJECTS; k++)
			vms += w->vm[k].vm.phase != VM_ABSENT && str_eq(w->vm[k].vm.job_key, key);
		if (vms > 1 && has(w->pvc, key))
			wrong(w, "%u VMs of job %s have its disk", vms, key);
		if (s &&
		    (s->state == VM_STATE_PROVISIONING || s->state == VM_STATE_BOOTING ||
		     s->state == VM_STATE_FAILED || s->state == VM_STATE_STOPPING) &&
		    !*s->reason)
			wrong(w, "job %s: %s without a reason", key, vm_state_name(s->state));
	}
}

void sim_tick(struct sim *w)
{
	w->now_us += TICK_US;
	for (size_t i = 0; i < SIM_JOBS; i++)
		job_move(w, &w->job[i]);
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		vm_move(w, &w->vm[i]);
	requests_move(w);
	if (w->crashed)
		return;
	views_move(w);
	if (w->wake_us <= w->now_us)
		round_run(w);
	check(w);
}

void sim_crash(struct sim *w)
{
	const struct action_port port = {.self = w, .apply = apply};

	reconciler_free(w->reconciler);
	w->reconciler = reconciler_new(&w->catalogue, &w->policy, &port);
	w->life++;
	w->born_us = w->now_us;
	w->crashed = false;
	for (size_t i = 0; i < SIM_FLYING; i++) /* librbd dies with the process */
		if (w->request[i].used && is_disk_action(&w->request[i].action))
			w->request[i].used = false;
	w->view = (struct sim_view){.n_vm = 0};
}

void sim_init(struct sim *w, uint64_t seed, unsigned faults_percent)
{
	*w = (struct sim){.rng = seed, .now_us = SIM_S, .faults_percent = faults_percent};
	w->image = (struct image){.name = "tiny",
				  .n_revision = 1,
				  .revision[0] = {.name = "v1"},
				  .scratch_max_bytes = 2};
	w->catalogue = (struct catalogue){.n = 1, .image = &w->image};
	w->policy = (struct policy){.ready_timeout_s = 300,
				    .trouble_timeout_s = 600,
				    .keep_s = 100000,
				    .delete_share_percent = 50,
				    .delete_share_min = 8};
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct job *j = &w->job[i].job;

		*j = (struct job){
			.id = (uint32_t)(10 + i),
			.cpus = 1,
			.memory_bytes = UINT64_C(1) << 30,
			.batch = sim_chance(w, 2),
			.request = {.image = "tiny",
				    .scratch_bytes = sim_chance(w, 2),
				    .nonce = "00000000000000aa"}
                };
		w->job[i].next_us = w->now_us + (int64_t)sim_chance(w, 100) * SIM_S;
	}
	sim_crash(w);
}

void sim_done(struct sim *w)
{
	reconciler_free(w->reconciler);
}

/* All jobs have ended, and of each nothing is left but a disk that is kept. */
bool sim_is_settled(const struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (w->job[i].job.phase != JOB_ENDED)
			return false;
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT || *w->pv[i].name || *w->pvc[i].name ||
		    *w->secret[i].name || (*w->disk[i].name && !w->disk[i].kept_until_s))
			return false;
	return reconciler_plan(w->reconciler)->n == 0 &&
	       reconciler_counts(w->reconciler).in_flight == 0;
}
