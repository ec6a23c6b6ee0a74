/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's move as part of its progress: what was asked for, the pauses, what the job's record has
 * to say, and what people read. Pure. All of it but the pauses is in the world, too, so that a new
 * vmd goes on where the last one was. */
#include "vmd/base/str.h"
#include "vmd/job/job_nodes.h"
#include "vmd/migration/heir.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/move_view.h"
#include "vmd/reconcile/progress_parts.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)

/* Has its VM been outside every allocation since then, in this run of its job? */
static bool is_alone_since(const struct progress *p, const struct job *j, int64_t mono_us)
{
	return p->alone_since_us && p->alone_run == j->restarts && mono_us >= p->alone_since_us;
}

bool progress_is_alone(const struct progress *p, const struct job *j, int64_t mono_us)
{
	return is_alone_since(p, j, mono_us - MOVE_GAP_S * SECOND_US);
}

bool progress_has_waited(const struct progress *p, const struct job *j, int64_t mono_us)
{
	return is_alone_since(p, j, mono_us - MOVE_WAIT_S * SECOND_US);
}

bool progress_is_late(const struct progress *p, int64_t mono_us)
{
	return p->behind_since_us && mono_us - p->behind_since_us >= MOVE_BEHIND_S * SECOND_US;
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

/* Has the VM come to where its companion is, for good? */
static bool has_come(const struct move *m)
{
	return m->phase == MOVE_BEQUEATH || m->phase == MOVE_MARK || m->phase == MOVE_HELD;
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
	    (has_come(m) && vm->size.sockets_given >= t.sockets &&
	     vm->size.memory_given_bytes >= t.memory_bytes))
		grow_end(p);
}

static void ask_over(struct progress *p)
{
	p->move_to[0] = '\0';
	p->asked_over = true;
}

static void clocks_set(struct progress *p, const struct job *j, const struct vm_seen *vm,
		       const struct move *m, const struct progress_view *v)
{
	bool given_up = vm && m->companion && move_was_for(&vm->moving, m->companion) &&
			vm->moving.attempt >= MOVE_ATTEMPTS && vm->moving.failed;

	if (given_up && p->pause_until_us <= v->mono_us) {
		p->pause_until_us = v->mono_us + MOVE_PAUSE_S * SECOND_US;
		ask_over(p);
		if (!growth_is_begun(&vm->size)) /* else it goes on, after the pause */
			grow_end(p);
	}
	if (!vm || !vm->moving.given_up)
		p->noted_us = 0;
	else if (!p->noted_us)
		p->noted_us = v->mono_us;
	if (m->again_s)
		progress_due(p, v->mono_us + m->again_s * SECOND_US);
	if (p->pause_until_us > v->mono_us)
		progress_due(p, p->pause_until_us);
	if (m->alone && (!p->alone_since_us || p->alone_run != j->restarts)) {
		p->alone_since_us = v->mono_us;
		p->alone_run = j->restarts;
	} else if (!m->alone && (j->phase != JOB_PENDING || m->companion))
		p->alone_since_us = 0;
	if (!m->behind)
		p->behind_since_us = progress_is_late(p, v->mono_us) && m->phase == MOVE_SEND
					     ? p->behind_since_us /* until it is sent */
					     : 0;
	else if (!p->behind_since_us)
		p->behind_since_us = v->mono_us;
	if (m->behind && !progress_is_late(p, v->mono_us))
		progress_due(p, p->behind_since_us + MOVE_BEHIND_S * SECOND_US);
	if (m->alone && !progress_has_waited(p, j, v->mono_us))
		progress_due(p, p->alone_since_us + MOVE_WAIT_S * SECOND_US);
	else if (m->alone && !progress_is_alone(p, j, v->mono_us))
		progress_due(p, p->alone_since_us + MOVE_GAP_S * SECOND_US);
}

/* The mark that lets a run keep the VM of an earlier one: for the next run written before that run
 * is asked for, and kept as long as the VM is with its companion, for that run may have been asked
 * for and not be seen yet; for this one kept while it lasts, whatever else happens, for without it
 * the VM would be another incarnation's. */
static void mark_set(struct progress *p, const struct job *j, const struct move *m, bool known)
{
	const struct vm_request *r = &j->request;
	bool next = (m->phase == MOVE_MARK && !heir_may_be(j)) || m->phase == MOVE_REQUEUE ||
		    ((!known || m->keeps_vm || m->binds_vm) && r->moved_run == j->restarts + 1);

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

/* Named while the VM is with it, and its record claims the place; kept while nobody knows. */
static void heir_set(struct progress *p, const struct job *j, const struct move *m, bool known)
{
	p->heir = !known || j->phase != JOB_RUNNING ? j->request.heir : 0;
	if ((m->phase == MOVE_MARK && heir_may_be(j)) || m->phase == MOVE_GIVE_WAY)
		p->heir = m->companion->id;
}

/* Begun with the first move: of most VMs there is nothing to tell. */
static void nodes_set(struct progress *p, const struct job *j, const struct vm_seen *vm,
		      const struct move *m, const struct progress_view *v)
{
	if (!*p->nodes)
		(void)str_copy(p->nodes, sizeof(p->nodes), j->request.nodes);
	if (*p->nodes && j->phase == JOB_RUNNING && vm && vm->phase == VM_RUNNING &&
	    job_node_same(vm->node, j->node)) /* also when it has come back */
		job_nodes_add(p->nodes, j->node, v->wall_s);
	if (has_come(m)) {
		if (!*p->nodes)
			job_nodes_add(p->nodes, j->node, p->status.since_s[VM_STATE_READY]);
		job_nodes_add(p->nodes, m->companion->node, v->wall_s);
	}
	if (vm) /* it may be seen there before the migration's end is */
		job_nodes_took(p->nodes, vm->moving.came_to, vm->moving.came_took_s);
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
		   const struct progress_view *v, struct move *ret)
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
	clocks_set(p, j, world_vm(h, j), ret, v);
	if (has_come(ret))
		ask_over(p);
	grow_step(p, world_vm(h, j), ret);
	mark_set(p, j, ret, v->seen->vms_known && v->seen->moves_known);
	heir_set(p, j, ret, v->seen->vms_known && v->seen->moves_known);
	nodes_set(p, j, world_vm(h, j), ret, v);
	if (ret->phase == MOVE_NONE && !j->drained)
		p->drain_told[0] = '\0'; /* the drain is over: the next one is told of again */
	status_set(&p->status, ret, world_vm(h, j), trouble ? trouble->err.msg : NULL);
}
