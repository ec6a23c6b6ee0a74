/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a move needs of the world: companion allocations, jobs that are queued
 * again and aimed, nodeSelectors, migrations (KubeVirt's own, too), and records of jobs. Each call
 * checks before it acts what slurm/slurm_move.c checks, or the API server. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <stdlib.h>
#include <string.h>

/* ---- Slurm ---- */

int sim_record(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_job *j = sim_job_of(w, a->job_key);
	char text[JOB_REQUEST_MAX + ACTION_TEXT_MAX + 2];
	struct vm_request r;

	if (!j || j->job.id != a->job_id)
		return 0;
	if (job_spec_encode(&j->job.request, text, JOB_REQUEST_MAX, e) < 0 ||
	    str_fmt(text + strlen(text), sizeof(text) - strlen(text), "%s", a->reason) < 0 ||
	    job_spec_decode(text, &r, e) < 0) {
		sim_wrong(w, "a record cannot be read: %.120s", e->msg);
		return -1;
	}
	if (!move_may_record(&j->job, &r))
		return err_set(e, ERR_CONFLICT, "queued again to follow its VM");
	j->job.request = r;
	return 0;
}

static struct sim_companion *companion_by_id(struct sim *w, uint32_t id)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (w->companion[i].c.id == id)
			return &w->companion[i];
	return NULL;
}

/* Slurm forgets one that is long over when there is no room in the table. */
static struct sim_companion *companion_place(struct sim *w)
{
	struct sim_companion *c = companion_by_id(w, 0);

	for (size_t i = 0; i < SIM_COMPANIONS && !c; i++)
		if (w->companion[i].c.phase == JOB_ENDED)
			c = &w->companion[i];
	return c;
}

static int allocate(struct sim *w, const struct action *a, struct sim_job *j, struct err *e)
{
	struct sim_companion *c = companion_place(w);

	if (!j || j->job.id != a->job_id ||
	    (j->job.phase != JOB_RUNNING &&
	     (j->job.phase != JOB_PENDING || !move_is_marked(&j->job))))
		return err_set(e, ERR_CONFLICT, "job %u does not run any more", a->job_id);
	if (!c)
		return err_set(e, ERR_RETRY, "too many jobs");
	*c = (struct sim_companion){
		.c = {.id = 1000 + ++w->companions, .phase = JOB_PENDING, .size = a->size},
		.next_us = w->now_us + (int64_t)sim_chance(w, 20) * SIM_S};
	(void)str_copy(c->c.job_key, sizeof(c->c.job_key), a->job_key);
	(void)str_copy(c->c.vm_uid, sizeof(c->c.vm_uid), a->uid);
	(void)str_fmt(c->not_on, sizeof(c->not_on), "%s,%s", j->job.node, a->allocate.not_on);
	memcpy(c->c.not_on, c->not_on, sizeof(c->not_on)); /* seen while it waits */
	(void)str_copy(c->only_on, sizeof(c->only_on), a->node);
	return 0;
}

static void companion_end(struct sim *w, struct sim_companion *c)
{
	c->c.phase = c->c.phase == JOB_PENDING ? JOB_ENDED : JOB_ENDING;
	c->next_us = w->now_us + (int64_t)(1 + sim_chance(w, 3)) * SIM_S;
}

static int end_companion(struct sim *w, const struct action *a, struct err *e)
{
	const struct sim_job *j = sim_job_of(w, a->job_key);
	struct sim_companion *c = companion_by_id(w, a->companion);
	struct sim_companion *stays =
		a->end_companion.stays ? companion_by_id(w, a->end_companion.stays) : NULL;

	if (!c || !companion_is_live(&c->c))
		return 0;
	if (!str_eq(c->c.job_key, a->job_key))
		return err_set(e, ERR_CONFLICT, "job %u is no companion", a->companion);
	if (a->end_companion.stays && (!stays || !companion_is_live(&stays->c)))
		return err_set(e, ERR_CONFLICT, "job %u has ended", a->end_companion.stays);
	if (!companion_may_end(a->end_companion.waited, c->c.phase))
		return err_set(e, ERR_CONFLICT, "job %u runs by now", a->companion);
	if (a->end_companion.follows && (!j || !move_follows(&j->job, a->node)))
		return err_set(e, ERR_CONFLICT, "its job does not wait for %s", a->node);
	if (!a->end_companion.job_over &&
	    (!j || j->job.id != a->job_id)) /* slurm_heir_check_end() */
		return err_set(e, ERR_CONFLICT, "job %u has given way", a->job_id);
	companion_end(w, c);
	return 0;
}

static struct sim_vm *vm_by_name(struct sim *w, const char *name)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.name, name))
			return &w->vm[i];
	return NULL;
}

/* Is it what was seen? */
static int vm_check(const struct sim_vm *vm, const struct action *a, struct err *e)
{
	if (!vm)
		return err_set(e, ERR_ABSENT, "%s is gone", a->object);
	if (!str_eq(vm->vm.uid, a->uid) || !str_eq(vm->vm.version, a->version))
		return err_set(e, ERR_CONFLICT, "%s has changed", a->object);
	return 0;
}

/* The run may count at once, or when the old one has left. */
static int requeue(struct sim *w, const struct action *a, struct sim_job *j, struct err *e)
{
	struct sim_companion *h = companion_by_id(w, a->companion);

	if (vm_check(vm_by_name(w, a->vm.name), a, e) < 0)
		return -1;
	if (!h || h->c.phase != JOB_RUNNING || h->c.start_s != a->requeue_job.companion_start_s)
		return 0;
	if (!j || j->job.phase != JOB_RUNNING || j->job.request.moved_run != j->job.restarts + 1)
		return 0;
	sim_job_end(w, j, JOB_END_NONE);
	j->again = true;
	j->job.restarts += (uint32_t)sim_chance(w, 2);
	return 0;
}

static void aim(struct sim *w, const struct action *a, struct sim_job *j)
{
	bool room = w->script || sim_chance(w, 8);

	if (!j || j->job.phase != JOB_PENDING)
		return;
	(void)str_copy(j->job.asked_node, sizeof(j->job.asked_node), a->node);
	if (a->size.cpus) {
		j->job.cpus = a->size.cpus;
		j->job.memory_bytes = a->size.memory_bytes;
	}
	j->job.held = false;
	j->step = 2; /* see job_move: it starts, unless somebody else was faster */
	j->next_us = w->now_us + (room ? (int64_t)sim_chance(w, 4) : 200) * SIM_S;
}

/* ---- Kubernetes ---- */

static int point(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = vm_by_name(w, a->object);

	if (vm_check(vm, a, e) < 0)
		return -1;
	(void)str_copy(vm->vm.moving.wanted_node, sizeof(vm->vm.moving.wanted_node), a->node);
	vm->vm.moving.given_up = a->point_vm.gives_up;
	if (*a->point_vm.turned_down)
		memcpy(vm->vm.moving.turned_down, a->point_vm.turned_down,
		       sizeof(vm->vm.moving.turned_down));
	sim_vm_told(vm, &a->point_vm.target);
	(void)str_fmt(vm->vm.version, sizeof(vm->vm.version), "%llu",
		      (unsigned long long)++w->uids);
	vm->given_us = w->now_us + (int64_t)sim_chance(w, 4) * SIM_S;
	return 0;
}

/* Where its pod may go is what the nodeSelector says at this moment. */
static void migration_begin(struct sim *w, struct sim_vm *vm, const char *name, bool ours)
{
	struct vm_moving *k = &vm->vm.moving;

	(void)str_copy(k->name, sizeof(k->name), name);
	(void)str_fmt(k->uid, sizeof(k->uid), "u%llu", (unsigned long long)++w->uids);
	k->ours = ours;
	k->begun_s = sim_wall_s(w);
	k->scheduling = true;
	(void)str_copy(vm->target, sizeof(vm->target), k->given_node);
	vm->pod = (struct vm_target){vm->vm.size.sockets_given, vm->vm.size.memory_given_bytes};
	vm->moving_us = w->now_us + (int64_t)(1 + sim_chance(w, 4)) * SIM_S;
}

/* "...-m1001-2": companion and attempt. */
static void name_parse(const char *name, uint32_t *ret_companion, uint32_t *ret_attempt)
{
	const char *m = strstr(name, "-m");

	*ret_companion = m ? (uint32_t)strtoul(m + 2, NULL, 10) : 0;
	m = m ? strchr(m + 2, '-') : NULL;
	*ret_attempt = m ? (uint32_t)strtoul(m + 1, NULL, 10) : 0;
}

static int migrate(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = vm_by_name(w, a->vm.name);
	uint32_t companion, attempt;

	if (!vm || !str_eq(vm->vm.uid, a->uid))
		return 0; /* made, and collected with an owner that is gone */
	name_parse(a->object, &companion, &attempt);
	if (str_eq(vm->vm.moving.name, a->object) ||
	    (vm->vm.moving.companion == companion && vm->vm.moving.attempt >= attempt))
		return 0; /* exists */
	if (*vm->vm.moving.name || vm->vm.phase != VM_RUNNING)
		return err_set(e, ERR_CONFLICT, "in-flight migration detected");
	migration_begin(w, vm, a->object, true);
	vm->sent_us = w->asked_us;
	return 0;
}

static void migration_end(struct sim *w, struct sim_vm *vm, bool failed)
{
	struct vm_moving *k = &vm->vm.moving;

	if (k->ours) {
		name_parse(k->name, &k->companion, &k->attempt);
		k->failed = failed;
		(void)str_copy(k->failure, sizeof(k->failure), failed ? "it failed" : "");
	}
	if (!failed) {
		memcpy(k->came_to, vm->vm.node, sizeof(k->came_to));
		k->came_s = k->begun_s;
	}
	k->name[0] = k->uid[0] = '\0';
	k->scheduling = false;
	if (sim_chance(w, 2))
		(void)str_fmt(vm->vm.version, sizeof(vm->vm.version), "%llu",
			      (unsigned long long)++w->uids);
}

/* KubeVirt forgets an eviction; the next look at a node that evicts still reminds it. */
static int keep_vm(struct sim *w, const struct action *a)
{
	struct sim_vm *vm = vm_by_name(w, a->object);

	if (vm)
		vm->vm.moving.evacuating = false;
	return 0;
}

static int cancel_migration(struct sim *w, const struct action *a)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT && *a->uid &&
		    str_eq(w->vm[i].vm.moving.uid, a->uid))
			migration_end(w, &w->vm[i], true);
	return 0;
}

int sim_move_effect(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_job *j = sim_job_of(w, a->job_key);

	switch ((int)a->kind) {
	case ACT_ALLOCATE: return allocate(w, a, j, e);
	case ACT_END_COMPANION: return end_companion(w, a, e);
	case ACT_REQUEUE_JOB: return requeue(w, a, j, e);
	case ACT_AIM_JOB: aim(w, a, j); return 0;
	case ACT_POINT_VM: return point(w, a, e);
	case ACT_MIGRATE_VM: return migrate(w, a, e);
	case ACT_KEEP_VM: return keep_vm(w, a);
	default: return cancel_migration(w, a);
	}
}

/* ---- the world by itself ---- */

static int node_index(const char *node)
{
	return node[0] == 'n' && node[1] >= '0' && node[1] < '0' + SIM_NODES ? node[1] - '0' : -1;
}

bool sim_node_takes(const struct sim *w, const char *node)
{
	int i = node_index(node);

	return i >= 0 && !w->node[i].lost_us && !w->node[i].drained;
}

static void companion_move(struct sim *w, struct sim_companion *c)
{
	char node[4];

	if (!c->c.id || w->now_us < c->next_us)
		return;
	if (c->c.phase == JOB_ENDING)
		c->c.phase = JOB_ENDED;
	if (c->c.phase == JOB_RUNNING && !w->script && w->faults_percent &&
	    sim_chance(w, 2000) == 0)
		companion_end(w, c); /* scancel, by its owner */
	if (c->c.phase != JOB_PENDING)
		return;
	(void)str_fmt(node, sizeof(node), "n%u", (unsigned)sim_chance(w, SIM_NODES));
	if (!sim_node_takes(w, node) || strstr(c->not_on, node) ||
	    (*c->only_on && !str_eq(node, c->only_on)))
		return;
	c->c.phase = JOB_RUNNING;
	c->c.start_s = sim_wall_s(w);
	(void)str_copy(c->c.node, sizeof(c->c.node), node);
}

/* Of the script: its user cancels it. */
void sim_companion_cancel(struct sim *w)
{
	if (companion_is_live(&w->companion[0].c))
		companion_end(w, &w->companion[0]);
}

/* slurmctld died and came back with a state from before the move. */
void sim_move_forget(struct sim *w, struct sim_job *j)
{
	char key[JOB_KEY_MAX + 1];

	if (j->job.phase != JOB_RUNNING || move_is_marked(&j->job))
		return;
	(void)job_key(&j->job, key, sizeof(key));
	j->job.request.grow = (struct job_size){.cpus = 0};
	j->job.request.heir = 0;
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (str_eq(w->companion[i].c.job_key, key))
			w->companion[i] = (struct sim_companion){.c = {.id = 0}};
	for (size_t i = 0; i < SIM_NODES; i++) {
		w->node[i].drained = w->node[i].ours = false;
		w->node[i].drained_us = 0;
	}
}

void sim_companions_lose(struct sim *w, unsigned node)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (w->companion[i].c.id && node_index(w->companion[i].c.node) == (int)node)
			w->companion[i].c.phase = JOB_ENDED;
}

/* By id: the table is not in order. */
size_t sim_companions_see(const struct sim *w, struct companion *seen)
{
	size_t n = 0;

	for (uint32_t id = 1001; id <= 1000 + w->companions; id++)
		for (size_t i = 0; i < SIM_COMPANIONS; i++)
			if (w->companion[i].c.id == id)
				seen[n++] = w->companion[i].c;
	return n;
}

bool sim_has_companions(const struct sim *w)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (w->companion[i].c.id && w->companion[i].c.phase != JOB_ENDED)
			return true;
	return false;
}

/* node NULL: anywhere. */
static const struct companion *companion_at(const struct sim *w, const char *key, const char *node)
{
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		if (w->companion[i].c.phase == JOB_RUNNING && w->companion[i].c.id &&
		    str_eq(w->companion[i].c.job_key, key) &&
		    (!node || str_eq(w->companion[i].c.node, node)))
			return &w->companion[i].c;
	return NULL;
}

bool sim_companion_has_room(const struct sim *w, const struct sim_vm *vm)
{
	const struct companion *h = companion_at(w, vm->vm.job_key, vm->vm.node);

	return h && h->size.cpus && sim_vm_is_in(vm, &h->size);
}

/* Is there a companion where it is to start, also a second one, when the first node was drained?
 * Held, it has not been told where: then any one's VM may be with it (seed 7731: the companion went
 * before the job was aimed, and vmd counts from then). */
static bool has_room_kept(const struct sim *w, const struct sim_job *j)
{
	char key[JOB_KEY_MAX + 1];

	return companion_at(w, job_key(&j->job, key, sizeof(key)),
			    j->job.held ? NULL : j->job.asked_node);
}

bool sim_vm_is_placed(const struct sim *w, const struct sim_vm *vm, const struct sim_job *j)
{
	const struct job *job = &j->job;
	bool there = companion_at(w, vm->vm.job_key, vm->vm.node);

	switch (job->phase) {
	case JOB_RUNNING: return str_eq(job->node, vm->vm.node) || there;
	case JOB_ENDING: return j->again && move_is_marked(job) && there;
	case JOB_PENDING:
		return move_is_marked(job) &&
		       (there || (!job->held && str_eq(job->asked_node, vm->vm.node) &&
				  w->now_us < j->free_us + MOVE_GAP_S * SIM_S));
	case JOB_ENDED: break;
	}
	return false;
}

bool sim_vm_room(const struct sim *w, const struct sim_vm *vm, const struct sim_job *j,
		 struct job_size *ret)
{
	const struct companion *h = companion_at(w, vm->vm.job_key, vm->vm.node);
	const struct job *job = &j->job;
	bool at_home = job->phase == JOB_RUNNING && str_eq(job->node, vm->vm.node);

	if (!sim_vm_is_placed(w, vm, j))
		return false;
	*ret = h && !at_home && h->size.cpus
		       ? h->size
		       : (struct job_size){.cpus = job->cpus, .memory_bytes = job->memory_bytes};
	return true;
}

#define UNPLACED_S 300 /* then KubeVirt gives up a pod that finds no node */

/* KubeVirt: the VMI follows the VM, an eviction makes a migration, migrations go on or fail. */
void sim_vm_moves(struct sim *w, struct sim_vm *vm)
{
	struct vm_moving *k = &vm->vm.moving;
	bool there = node_index(vm->target) >= 0 && !sim_is_lost(w, vm->target);
	bool open = !sim_is_cordoned(w, vm->target);
	char name[32];

	if (vm->vm.phase != VM_RUNNING) {
		if (*k->name)
			migration_end(w, vm, true);
		return;
	}
	if (vm->given_us && vm->given_us <= w->now_us) {
		(void)str_copy(k->given_node, sizeof(k->given_node), k->wanted_node);
		if (!*k->name) { /* no size while it migrates */
			sim_vm_takes_in(vm);
			vm->given_us = 0;
		}
	}
	if (node_index(vm->vm.node) >= 0 && w->node[node_index(vm->vm.node)].evacuated)
		k->evacuating = true;
	if (!*k->name && (k->evacuating || sim_vm_is_to_grow(vm)) && sim_chance(w, 8) == 0) {
		(void)str_fmt(name, sizeof(name), "kubevirt-%s-%llu",
			      k->evacuating ? "evacuation" : "workload-update",
			      (unsigned long long)w->uids);
		migration_begin(w, vm, name, false);
	}
	if (!*k->name || w->now_us < vm->moving_us)
		return;
	vm->moving_us = w->now_us + (int64_t)(2 + sim_chance(w, 30)) * SIM_S;
	if (k->scheduling) {
		if (there && open && !str_eq(vm->target, vm->vm.node))
			k->scheduling = false;
		else if (sim_wall_s(w) >= k->begun_s + UNPLACED_S)
			migration_end(w, vm, true);
		return;
	}
	if (!there || (!w->script && sim_chance(w, 5) == 0)) {
		migration_end(w, vm, true);
		return;
	}
	(void)str_copy(vm->vm.node, sizeof(vm->vm.node), vm->target);
	sim_vm_arrives(w, vm);
	k->evacuating = false;
	migration_end(w, vm, false);
}

/* ---- who drains ---- */

unsigned sim_script_step(const struct sim *w)
{
	const struct sim_companion *c = &w->companion[0];
	const struct sim_vm *vm = &w->vm[0];

	if (w->job[0].again)
		return 7;
	if (c->c.phase != JOB_RUNNING)
		return c->c.id ? 1 : 0;
	if (str_eq(vm->vm.node, c->c.node))
		return 6;
	if (*vm->vm.moving.name)
		return 5;
	if (str_eq(vm->vm.moving.given_node, c->c.node))
		return 4;
	return str_eq(vm->vm.moving.wanted_node, c->c.node) ? 3 : 2;
}

static void script_drain(struct sim *w)
{
	int i = node_index(w->job[0].job.node);

	if (w->job[0].job.phase == JOB_RUNNING && w->now_us == 100 * SIM_S && i >= 0)
		w->node[i].drained = true;
	for (i = 0; i < SIM_NODES; i++)
		if (w->node[i].drained && w->undo && sim_script_step(w) >= w->undo)
			w->node[i].drained = false;
}

static void somebody_asks(struct sim *w)
{
	static const char *const to[] = {MOVE_ANYWHERE, "n0", "n1", "n2", ""};
	uint32_t id = 10 + (uint32_t)sim_chance(w, SIM_JOBS);

	if (sim_chance(w, 600) != 0 || w->now_us > 900 * SIM_S)
		return;
	for (size_t i = 0; i < w->n_vmd; i++)
		if (!w->vmd[i].stopped_us && sim_leads(w, &w->vmd[i]))
			reconciler_migrate(w->vmd[i].reconciler, id,
					   to[sim_chance(w, ARRAY_LEN(to))]);
}

void sim_moves_move(struct sim *w)
{
	if (!w->moves)
		return;
	sim_grows_move(w);
	if (w->script) {
		if (!w->grow.cpus)
			script_drain(w);
	} else {
		sim_drains_move(w);
		somebody_asks(w);
	}
	sim_reservations_move(w);
	for (size_t i = 0; i < SIM_COMPANIONS; i++)
		companion_move(w, &w->companion[i]);
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct sim_job *j = &w->job[i];
		int n = node_index(j->job.node);

		j->job.drained = j->job.phase == JOB_RUNNING && n >= 0 && w->node[n].drained;
		(void)str_copy(j->job.drain_reason, sizeof(j->job.drain_reason),
			       j->job.drained && w->node[n].ours ? DRAIN_REASON : "");
		if (j->job.phase != JOB_PENDING || has_room_kept(w, j))
			j->free_us = 0;
		else if (!j->free_us)
			j->free_us = w->now_us;
	}
}
