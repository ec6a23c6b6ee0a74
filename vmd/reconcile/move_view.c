/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of a move (migration/move.c) are shown of the world: where its companions are,
 * which nodes are closed, what is left of a wish to grow. Pure. */
#include "vmd/reconcile/move_view.h"

#include "vmd/base/str.h"

#include <string.h>

/* Its node is in service again; false: KubeVirt cannot be told so, and moves it all the same. */
static bool is_taken_back(const struct observed *seen, const struct move_source *s,
			  const struct vm_seen *vm)
{
	const struct node_seen *k = vm ? world_node(seen, vm->node) : NULL;

	return k && drain_is_taken_back(k) &&
	       !inflight_is_refused(s->flight, s->have->key, vm->name, CLASS_MIGRATION);
}

/* Why nothing should be sent to a node; "" it may. */
static const char *closed_why(const struct observed *seen, const struct move_source *s,
			      const char *node)
{
	return *node ? drain_closed(world_host(seen, node),
				    s->want ? world_slurm_node(s->want, node) : NULL)
		     : "";
}

/* Does it wait for less than there is? */
static bool is_outdated(const struct observed *seen, const struct companion *h, const struct job *j,
			const char *with)
{
	char copy[COMPANION_NODES_MAX + 1];
	char *rest = copy, *name;

	(void)str_copy(copy, sizeof(copy), h->not_on);
	while ((name = strsep(&rest, ",")) != NULL) {
		const struct node_seen *k = world_host(seen, name);

		if (k && drain_takes_vms(k) && !job_node_same(name, j->node) &&
		    !job_node_same(name, with) && !job_excludes(j, name))
			return true;
	}
	return false;
}

/* What of it the guest has not got yet; 0 CPUs: it has, or nobody asked. What KubeVirt has begun
 * with goes on in any case, though nobody knows of the wish any more: slurmctld forgot it, or it
 * was taken back when the VM was just being told. And one that came home larger than its job, which
 * only KubeVirt's own evacuation does, needs a larger one. */
static struct job_size grow_left(const struct job_size *grow, const struct vm_seen *vm,
				 const struct job *j, const struct job_size *place)
{
	struct vm_target t;

	if (grow->cpus) {
		growth_target(&vm->size, grow, &t);
		if (growth_is_wanted(&vm->size, &t))
			return *grow;
	}
	return growth_is_begun(&vm->size) || (job_node_same(vm->node, j->node) &&
					      growth_is_beyond(j, &vm->size, place))
		       ? *place
		       : (struct job_size){.cpus = 0};
}

/* Is a place to be kept by a reservation? Not when Slurm has refused that one: the job is then as
 * near to its place as its priority takes it. */
static bool may_reserve(const struct move_source *s, const struct companion *h)
{
	struct reservation r;
	char name[RESERVATION_NAME_MAX + 1];

	if (!h || !s->policy->move_reserve)
		return false;
	r = reservation_of(s->job, h->id);
	(void)reservation_name(&r, name, sizeof(name));
	return !inflight_is_refused(s->flight, s->have->key, name, CLASS_RESERVATION);
}

/* Is the list of jobs older than this vmd's knowledge that the VM is given up? Its job may have its
 * place since. */
static bool is_unheard(const struct move_source *s)
{
	const struct progress *p = s->progress;

	return p && s->want && s->want->asked_us &&
	       (!p->noted_us || s->want->asked_us <= p->noted_us);
}

void move_view_read(const struct observed *seen, const struct move_source *s, struct move *ret)
{
	const struct progress *p = s->progress;
	const struct vm_seen *vm = world_vm(s->have, s->job);
	const char *asked = p ? p->move_to : "";
	struct job_size place = {.cpus = 0};
	const struct companion *h, *next, *waits;

	move_companions(s->companion, s->n_companion, s->job, vm, &h, &next);
	waits = next ? next : h;
	if (vm)
		growth_place(s->job, &vm->size, &place);
	move_read(
		&(struct move_view){
			.job = s->job,
			.vm = vm,
			.n_vm = s->have->n_vm,
			.known = seen->vms_known && seen->moves_known,
			.n_companion = s->n_companion,
			.companion = s->companion,
			.wall_s = s->wall_s,
			.on_drain = s->job->request.on_drain ? s->job->request.on_drain
							     : s->policy->on_drain,
			.asked = asked,
			.grow = p && vm ? grow_left(&p->grow, vm, s->job, &place)
					: (struct job_size){.cpus = 0},
			.place = place,
			.asked_closed =
				str_eq(asked, MOVE_ANYWHERE) ? "" : closed_why(seen, s, asked),
			.closed = h ? closed_why(seen, s, h->node) : "",
			.home_closed = closed_why(seen, s, s->job->node),
			.here_closed = vm ? closed_why(seen, s, vm->node) : "",
			.next_closed = next ? closed_why(seen, s, next->node) : "",
			.outdated = waits && waits->phase == JOB_PENDING &&
				    is_outdated(seen, waits, s->job, next ? h->node : ""),
			.taken_back = is_taken_back(seen, s, vm),
			.lost = vm &&
				world_host_is_lost(seen, vm, s->policy->fence_after_s, s->mono_us),
			.pause = p && s->mono_us < p->pause_until_us,
			.alone = p && progress_is_alone(p, s->job, s->mono_us),
			.waits = p && progress_has_waited(p, s->job, s->mono_us),
			.unheard = is_unheard(s),
			.late = p && progress_is_late(p, s->mono_us),
			.over = s->over,
			.reserve = may_reserve(s, h),
		},
		ret);
}
