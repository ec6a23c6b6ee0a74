/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that are lost: what hangs on them, what Slurm makes of it, and guests that go on where
 * nobody sees them. A VM that Kubernetes was made to let go of leaves a ghost until its node is
 * back; one that can still write to a disk counts as a VM that has it. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#define NOT_READY_US (50 * SIM_S) /* so long after the loss Kubernetes says so */

static int node_of(const char *name)
{
	return name[0] == 'n' && name[1] >= '0' && name[1] < '0' + SIM_NODES ? name[1] - '0' : -1;
}

bool sim_is_lost(const struct sim *w, const char *node)
{
	int i = node_of(node);

	return i >= 0 && w->node[i].lost_us;
}

unsigned sim_node_choose(struct sim *w)
{
	unsigned i = (unsigned)sim_chance(w, SIM_NODES);

	for (unsigned k = 0; k < SIM_NODES; k++)
		if (!w->node[(i + k) % SIM_NODES].lost_us && !w->node[(i + k) % SIM_NODES].drained)
			return (i + k) % SIM_NODES;
	return i;
}

/* ---- what vmd does ---- */

static struct sim_vm *by_uid(struct sim *w, const char *uid)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (w->vm[i].vm.phase != VM_ABSENT && str_eq(w->vm[i].vm.uid, uid))
			return &w->vm[i];
		if (w->ghost[i].vm.phase != VM_ABSENT && str_eq(w->ghost[i].vm.uid, uid))
			return &w->ghost[i];
	}
	return NULL;
}

static unsigned bit_of(const struct disk_seen *d)
{
	return disk_is_root(d->name) ? 1 : 2;
}

static bool can_write(const struct sim *w, const struct sim_vm *vm)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*w->disk[i].name && str_eq(w->disk[i].job_key, vm->vm.job_key) &&
		    !disk_extra_label(w->disk[i].name) && !(vm->fenced & bit_of(&w->disk[i])))
			return true;
	return sim_volumes_write(vm);
}

/* Whoever has a disk of the job open is shut out from it. */
static void check_others(struct sim *w, const struct action *a)
{
	const struct sim_vm *user = w->disks ? sim_user_of(w, a->job_key) : NULL;

	if (user && !str_eq(user->vm.uid, a->uid) && sim_vm_is_wanted(w, user))
		sim_wrong(w, "wanted %s was shut out from %s", user->vm.name, a->object);
}

int sim_fence(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_vm *vm = by_uid(w, a->uid);
	const struct sim_job *j = sim_job_of(w, a->job_key);
	char name[VM_NAME_MAX + 1];

	if (str_starts(a->object, NAMED_IMAGE_PREFIX))
		return sim_named_fence(w, a, e);
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		struct disk_seen *d = &w->disk[i];

		if (!str_eq(d->name, a->object))
			continue;
		if (!str_eq(d->fenced, a->uid))
			check_others(w, a);
		if (disk_extra_label(d->name))
			sim_volumes_fence(w, d->name);
		else if (vm)
			vm->fenced |= bit_of(d);
		(void)str_copy(d->fenced, sizeof(d->fenced), a->uid);
	}
	/* One that was deleted cannot come back: near its job's time limit that is as it should be,
	 * and at other times the deletion itself was wrong (sim_world.c). */
	if (vm && vm->vm.phase != VM_DELETING && j && j->job.phase == JOB_RUNNING &&
	    vm_name(&j->job, name, sizeof(name)) == 0 && str_eq(name, vm->vm.name))
		sim_wrong(w, "wanted %s was fenced", name);
	return 0;
}

int sim_force_delete(struct sim *w, const struct action *a)
{
	struct sim_vm *vm = by_uid(w, a->uid);

	if (!vm || vm->vm.phase != VM_DELETING || !str_eq(vm->vm.node, a->node))
		return 0;
	if (can_write(w, vm))
		sim_wrong(w, "%s lost its pod and can write", a->object);
	vm->podless = true;
	return 0;
}

void sim_ghost_leave(struct sim *w, const struct sim_vm *vm)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->ghost[i].vm.phase == VM_ABSENT) {
			w->ghost[i] = *vm;
			w->ghost[i].vm.phase = VM_RUNNING;
			return;
		}
	sim_wrong(w, "more ghosts than places");
}

unsigned sim_ghosts(const struct sim *w, const char *key)
{
	unsigned n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		n += w->ghost[i].vm.phase != VM_ABSENT && str_eq(w->ghost[i].vm.job_key, key) &&
		     can_write(w, &w->ghost[i]);
	return n;
}

/* ---- what happens by itself ---- */

/* Slurm gives up the node: its jobs are queued again or have ended; no epilog runs there. */
static void jobs_lose(struct sim *w, unsigned node)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct sim_job *j = &w->job[i];

		if ((j->job.phase != JOB_RUNNING && j->job.phase != JOB_ENDING) ||
		    node_of(j->job.node) != (int)node)
			continue;
		j = sim_first_of(w, j);
		if (j->job.phase == JOB_PENDING || j->job.phase == JOB_ENDED)
			continue; /* that of another machine of it was lost, too */
		if (j->job.phase == JOB_RUNNING && (w->script || sim_chance(w, 3))) {
			j->job.phase = JOB_PENDING;
			j->job.restarts++;
			j->job.node[0] = '\0';
			j->next_us = w->now_us + (int64_t)sim_chance(w, 30) * SIM_S;
			j->step = 2;
			continue;
		}
		if (j->job.phase == JOB_RUNNING)
			j->job.end = JOB_END_ABNORMAL;
		if (j->again) { /* it was on its way into the queue */
			j->again = false;
			j->job.phase = JOB_PENDING;
			j->job.held = true;
			j->job.restarts = j->job.request.moved_run > j->job.restarts
						  ? j->job.request.moved_run
						  : j->job.restarts;
			j->job.node[0] = '\0';
			j->next_us = w->now_us;
			continue;
		}
		j->job.phase = JOB_ENDED;
		j->ended_once = true;
	}
	sim_companions_lose(w, node);
}

static void node_back(struct sim *w, unsigned node)
{
	w->node[node].lost_us = w->node[node].back_us = w->node[node].slurm_us = 0;
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (node_of(w->ghost[i].vm.node) == (int)node)
			w->ghost[i] = (struct sim_vm){.vm = {.phase = VM_ABSENT}};
}

/* A third of the lost ones never comes back, a quarter is only lost to Kubernetes. */
static void node_lose(struct sim *w, unsigned node)
{
	unsigned lost = 0;

	for (size_t i = 0; i < SIM_NODES; i++)
		lost += w->node[i].lost_us != 0;
	if (lost + 1 == SIM_NODES || sim_chance(w, 2000) != 0)
		return;
	w->node[node].lost_us = w->now_us;
	w->node[node].back_us = sim_chance(w, 3)
					? w->now_us + (int64_t)(10 + sim_chance(w, 500)) * SIM_S
					: INT64_MAX;
	w->node[node].slurm_us = sim_chance(w, 4)
					 ? w->now_us + (int64_t)(20 + sim_chance(w, 100)) * SIM_S
					 : INT64_MAX;
}

void sim_host_lose(struct sim *w, const char *node)
{
	int i = node_of(node);

	if (i < 0)
		return;
	w->node[i].lost_us = w->now_us;
	w->node[i].back_us = INT64_MAX;
	w->node[i].slurm_us = w->now_us + 30 * SIM_S;
}

void sim_nodes_move(struct sim *w)
{
	for (unsigned i = 0; i < SIM_NODES; i++) {
		if (!w->node[i].lost_us && w->faults_percent)
			node_lose(w, i);
		if (!w->node[i].lost_us)
			continue;
		if (w->node[i].slurm_us <= w->now_us)
			jobs_lose(w, i);
		if (w->node[i].back_us <= w->now_us)
			node_back(w, i);
	}
}

/* As the adapter does: what was not Ready when it was looked at last has been so since then. */
void sim_nodes_see(const struct sim *w, struct node_seen *seen)
{
	for (unsigned i = 0; i < SIM_NODES; i++) {
		bool lost = w->node[i].lost_us && w->now_us >= w->node[i].lost_us + NOT_READY_US;

		(void)str_fmt(seen[i].name, sizeof(seen[i].name), "n%u", i);
		(void)str_fmt(seen[i].version, sizeof(seen[i].version), "%u", w->node[i].version);
		seen[i].cordoned = w->node[i].cordoned;
		seen[i].mark = w->node[i].mark;
		if (!lost)
			seen[i].lost_us = 0;
		else if (!seen[i].lost_us)
			seen[i].lost_us = w->now_us;
	}
}
