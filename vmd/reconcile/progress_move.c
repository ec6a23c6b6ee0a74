/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's move as part of its progress: what was asked for, the pauses, what the job's record has
 * to say, and what people read. Pure. All of it but the pauses is in the world, too, so that a new
 * vmd goes on where the last one was. */
#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/progress.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)

static bool is_alone(const struct progress *p, int64_t mono_us)
{
	return p->alone_since_us && mono_us - p->alone_since_us >= MOVE_GAP_S * SECOND_US;
}

static bool is_late(const struct progress *p, int64_t mono_us)
{
	return p->behind_since_us && mono_us - p->behind_since_us >= MOVE_BEHIND_S * SECOND_US;
}

bool vm_is_evicted(const struct vm_seen *vm)
{
	const struct vm_moving *k = &vm->moving;

	return k->evacuating || (*k->name && !k->ours && k->scheduling);
}

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
static bool is_outdated(const struct observed *seen, const struct companion *h, const char *own,
			const char *with)
{
	char copy[COMPANION_NODES_MAX + 1];
	char *rest = copy, *name;

	(void)str_copy(copy, sizeof(copy), h->not_on);
	while ((name = strsep(&rest, ",")) != NULL) {
		const struct node_seen *k = world_host(seen, name);

		if (k && drain_takes_vms(k) && !job_node_same(name, own) &&
		    !job_node_same(name, with))
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

void move_view_read(const struct observed *seen, const struct move_source *s, struct move *ret)
{
	const struct progress *p = s->progress;
	const struct vm_seen *vm = vm_current(s->have, s->job);
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
				    is_outdated(seen, waits, s->job->node, next ? h->node : ""),
			.taken_back = is_taken_back(seen, s, vm),
			.pause = p && s->mono_us < p->pause_until_us,
			.alone = p && is_alone(p, s->mono_us),
			.late = p && is_late(p, s->mono_us),
			.over = s->over,
		},
		ret);
}

static void due(struct progress *p, int64_t at_us)
{
	if (at_us < p->deadline_us)
		p->deadline_us = at_us;
}

/* What is asked stays asked until the VM has arrived: the record says so, or will. */
static void ask_take(struct progress *p, const struct job *j)
{
	if (!*j->request.move_to)
		p->asked_over = false;
	else if (!p->asked_over && !*p->move_to)
		(void)str_copy(p->move_to, sizeof(p->move_to), j->request.move_to);
}

static void grow_take(struct progress *p, const struct job *j)
{
	if (!j->request.grow.cpus)
		p->grow_over = false;
	else if (!p->grow_over && !p->grow.cpus)
		p->grow = j->request.grow;
}

static void grow_end(struct progress *p)
{
	p->grow = (struct job_size){.cpus = 0};
	p->grow_over = true;
}

/* It is over when the VM has come to where there is room for it, and was told to be so large (the
 * rest is between KubeVirt and the guest), and when the guest is so large. */
static void grow_step(struct progress *p, const struct vm_seen *vm, const struct move *m)
{
	struct vm_target t;

	if (!p->grow.cpus || !vm || !vm->size.sockets)
		return;
	growth_target(&vm->size, &p->grow, &t);
	if (!growth_is_wanted(&vm->size, &t) ||
	    ((m->phase == MOVE_MARK || m->phase == MOVE_HELD) &&
	     vm->size.sockets_given >= t.sockets && vm->size.memory_given_bytes >= t.memory_bytes))
		grow_end(p);
}

static void ask_over(struct progress *p)
{
	p->move_to[0] = '\0';
	p->asked_over = true;
}

static void clocks_set(struct progress *p, const struct job *j, const struct vm_seen *vm,
		       const struct move *m, const struct view *v)
{
	bool given_up = vm && m->companion && move_was_for(&vm->moving, m->companion) &&
			vm->moving.attempt >= MOVE_ATTEMPTS && vm->moving.failed;

	if (given_up && p->pause_until_us <= v->mono_us) {
		p->pause_until_us = v->mono_us + MOVE_PAUSE_S * SECOND_US;
		ask_over(p);
		if (!growth_is_begun(&vm->size)) /* else it goes on, after the pause */
			grow_end(p);
	}
	if (m->again_s)
		due(p, v->mono_us + m->again_s * SECOND_US);
	if (p->pause_until_us > v->mono_us)
		due(p, p->pause_until_us);
	if (m->alone && !p->alone_since_us)
		p->alone_since_us = v->mono_us;
	else if (!m->alone && (j->phase != JOB_PENDING || m->companion))
		p->alone_since_us = 0;
	if (!m->behind)
		p->behind_since_us = is_late(p, v->mono_us) && m->phase == MOVE_SEND
					     ? p->behind_since_us /* until it is sent */
					     : 0;
	else if (!p->behind_since_us)
		p->behind_since_us = v->mono_us;
	if (m->behind && !is_late(p, v->mono_us))
		due(p, p->behind_since_us + MOVE_BEHIND_S * SECOND_US);
	if (m->alone && !is_alone(p, v->mono_us))
		due(p, p->alone_since_us + MOVE_GAP_S * SECOND_US);
}

/* The mark that lets a run keep the VM of an earlier one: for the next run written before that run
 * is asked for, and kept as long as the VM is with its companion, for that run may have been asked
 * for and not be seen yet; for this one kept while it lasts, whatever else happens, for without it
 * the VM would be another incarnation's. */
static void mark_set(struct progress *p, const struct job *j, const struct move *m, bool known)
{
	const struct vm_request *r = &j->request;
	bool next = m->phase == MOVE_MARK || m->phase == MOVE_REQUEUE ||
		    ((!known || m->keeps_vm) && r->moved_run == j->restarts + 1);

	p->base_run = p->moved_run = 0;
	p->moved_until_s = 0;
	p->moved_limit_s = r->moved_limit_s;
	/* A run that has an earlier one's VM was begun by a move: its limit is what that left. */
	if (next && j->phase == JOB_RUNNING && p->incarnation == j->restarts)
		p->moved_limit_s = j->limit_s;
	if (next) {
		p->base_run = p->incarnation;
		p->moved_run = j->restarts + 1;
		p->moved_until_s = j->end_s;
	} else if (p->incarnation != j->restarts) {
		p->base_run = p->incarnation;
		p->moved_run = j->restarts;
		p->moved_until_s = r->moved_until_s;
	}
}

/* Is node the last one of a list? */
static bool is_last(const char *nodes, const char *node)
{
	const char *last = strrchr(nodes, ',');
	size_t len = strlen(node);

	last = last ? last + 1 : nodes;
	return strncmp(last, node, len) == 0 && last[len] == '@';
}

static void nodes_add(char nodes[JOB_NODES_MAX + 1], const char *node, int64_t since_s)
{
	char text[2 * JOB_NODES_MAX + 64];
	const char *from = text;

	if (is_last(nodes, node) || strpbrk(node, ",@"))
		return;
	(void)snprintf(text, sizeof(text), "%s%s%.200s@%lld", nodes, *nodes ? "," : "", node,
		       (long long)since_s);
	while (strlen(from) > JOB_NODES_MAX && strchr(from, ','))
		from = strchr(from, ',') + 1;
	(void)str_copy(nodes, JOB_NODES_MAX + 1, from);
}

/* Begun with the first move: of most VMs there is nothing to tell. */
static void nodes_set(struct progress *p, const struct job *j, const struct vm_seen *vm,
		      const struct move *m, const struct view *v)
{
	if (!*p->nodes)
		(void)str_copy(p->nodes, sizeof(p->nodes), j->request.nodes);
	if (*p->nodes && j->phase == JOB_RUNNING && vm && vm->phase == VM_RUNNING &&
	    job_node_same(vm->node, j->node)) /* also when it has come back */
		nodes_add(p->nodes, j->node, v->wall_s);
	if (m->phase != MOVE_MARK && m->phase != MOVE_HELD)
		return;
	if (!*p->nodes)
		nodes_add(p->nodes, j->node, p->status.since_s[VM_STATE_READY]);
	nodes_add(p->nodes, m->companion->node, v->wall_s);
}

static void status_set(struct vm_status *s, const struct move *m, const struct vm_seen *vm,
		       const char *trouble)
{
	s->move_node[0] = s->move_reason[0] = s->move[0] = '\0';
	s->move_job = m->companion ? m->companion->id : 0;
	s->move_since_s = vm && *vm->moving.name ? vm->moving.begun_s : 0;
	s->guest_cpus = vm ? vm->size.sockets * vm->size.cores : 0;
	s->guest_memory_bytes = vm ? vm->size.memory_bytes : 0;
	s->growing = vm && growth_is_begun(&vm->size);
	if (m->phase == MOVE_NONE)
		return;
	(void)str_copy(s->move, sizeof(s->move), move_phase_name(m->phase));
	if (m->companion)
		(void)str_copy(s->move_node, sizeof(s->move_node), m->companion->node);
	(void)snprintf(s->move_reason, sizeof(s->move_reason), "%.*s%s%s",
		       trouble ? 120 : VM_REASON_MAX, m->reason, trouble ? ": " : "",
		       trouble ? trouble : "");
}

void progress_move(struct progress *p, const struct job *j, const struct holdings *h,
		   const struct view *v, struct move *ret)
{
	const struct flight *trouble = inflight_move_trouble(v->flight, h->key, v->mono_us);

	ask_take(p, j);
	grow_take(p, j);
	move_view_read(v->seen,
		       &(struct move_source){.job = j,
					     .have = h,
					     .n_companion = v->n_companion,
					     .companion = v->companion,
					     .progress = p,
					     .want = v->want,
					     .flight = v->flight,
					     .policy = v->policy,
					     .over = limit_is_near(j, v->policy, v->wall_s),
					     .mono_us = v->mono_us,
					     .wall_s = v->wall_s},
		       ret);
	clocks_set(p, j, vm_current(h, j), ret, v);
	if (ret->phase == MOVE_MARK || ret->phase == MOVE_HELD)
		ask_over(p);
	grow_step(p, vm_current(h, j), ret);
	mark_set(p, j, ret, v->seen->vms_known && v->seen->moves_known);
	nodes_set(p, j, vm_current(h, j), ret, v);
	if (ret->phase == MOVE_NONE && !j->drained)
		p->drain_told[0] = '\0'; /* the drain is over: the next one is told of again */
	status_set(&p->status, ret, vm_current(h, j), trouble ? trouble->err.msg : NULL);
}
