/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of one job's VM: a state, a reason for people, and times. Pure. A VM that is being
 * made is in progress_making.c, what hinders it and for how long in progress_trouble.c, its move in
 * progress_move.c.
 *
 * READY is left only by the guest's end, or its VM's, when it is made again: an agent that is away
 * for a moment is a reason, not a state, or a job's record would be written at every reboot. READY
 * is also remembered in the job's record, so that a new vmd does not start the clock again for a
 * guest that ran for days. FAILED is final for an incarnation. */
#include "vmd/reconcile/progress_parts.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"

#include <stdarg.h>

#define SECOND_US INT64_C(1000000)

void progress_reason(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->status.reason, sizeof(p->status.reason), fmt, ap);
	va_end(ap);
}

void progress_state(struct progress *p, enum vm_state s, const struct progress_view *v)
{
	p->status.state = s;
	if (!p->status.since_s[s])
		p->status.since_s[s] = v->wall_s;
}

void progress_due(struct progress *p, int64_t at_us)
{
	if (at_us < p->deadline_us)
		p->deadline_us = at_us;
}

/* At a time of the wall clock; one that is over is not due. */
static void due_at(struct progress *p, int64_t wall_s, const struct progress_view *v)
{
	if (wall_s > v->wall_s)
		progress_due(p, v->mono_us + (wall_s - v->wall_s) * SECOND_US);
}

void progress_fail(struct progress *p, const struct progress_view *v, const char *reason)
{
	progress_state(p, VM_STATE_FAILED, v);
	if (reason != p->status.reason)
		progress_reason(p, "%s", reason);
	(void)str_copy(p->failure, sizeof(p->failure), p->status.reason);
	p->failed_us = v->mono_us;
	progress_due(p, v->mono_us + FAILED_GRACE_US);
}

/* What is waited for, and that the guest crashed, if it did. */
static void reason_crashes(struct progress *p, const char *waits_for)
{
	char text[VM_REASON_MAX + 1];

	crashes_text(&p->crashes, text);
	progress_reason(p, "%s%s%s", waits_for, *waits_for && *text ? "; " : "", text);
}

static void step_running_guest(struct progress *p, const struct vm_seen *vm,
			       const struct progress_view *v)
{
	const char *missing =
		!vm->agent ? "waiting for the guest agent"
		: vm->login_pending
			? (*vm->reason ? vm->reason
				       : "waiting for the guest's account and key to be set")
		: !*vm->address  ? "waiting for an address in the LAN"
		: !vm->reachable ? "waiting for the guest's RDP or ssh server to answer"
				 : NULL;

	if (*vm->address)
		(void)str_copy(p->status.address, sizeof(p->status.address), vm->address);
	p->boots_anew &= missing != NULL;
	if (!missing || (p->status.since_s[VM_STATE_READY] && !p->boots_anew))
		progress_state(p, VM_STATE_READY, v);
	else
		progress_state(p, VM_STATE_BOOTING, v);
	reason_crashes(p, missing ? missing : "");
}

/* The VM of this incarnation is seen. */
static void step_seen(struct progress *p, const struct job *j, const struct vm_seen *vm,
		      const struct move *m, const struct progress_view *v)
{
	if (*vm->node)
		(void)str_copy(p->status.node, sizeof(p->status.node), vm->node);
	(void)str_copy(p->status.pinned, sizeof(p->status.pinned), vm->moving.blocked);
	crashes_see(&p->crashes, vm, v->wall_s);
	p->status.crashes = p->crashes.n;
	p->status.crashed_s = p->crashes.last_s;
	if (vm_is_astray(vm, j) && !m->keeps_vm) {
		progress_state(p, VM_STATE_PROVISIONING, v);
		progress_reason(p,
				"it runs on %.80s, outside the job's allocation on %.80s: removed "
				"and made again",
				vm->node, j->node);
		return;
	}
	switch (vm->phase) {
	case VM_ABSENT:
	case VM_STARTING:
		p->boots_anew = p->status.since_s[VM_STATE_READY];
		progress_state(p, VM_STATE_PROVISIONING, v);
		reason_crashes(p,
			       *vm->reason ? vm->reason : "the node prepares the virtual machine");
		break;
	case VM_RUNNING: step_running_guest(p, vm, v); break;
	case VM_STOPPED:
		progress_state(p, VM_STATE_STOPPING, v);
		progress_reason(
			p, "the guest shut down%s",
			job_is_several(j)
				? "; the job ends when those of its other machines have, too"
				: "");
		break;
	case VM_FAILED:
		progress_fail(p, v, *vm->reason ? vm->reason : "the virtual machine failed");
		break;
	case VM_DELETING:
		progress_state(p, VM_STATE_PROVISIONING, v);
		progress_reason(p, "its virtual machine is being deleted and will be made again");
		break;
	}
}

/* Its time is nearly over (plan_limit.c). If the limit is raised the guest boots again. */
static void step_limit(struct progress *p, const struct vm_seen *vm, const struct progress_view *v)
{
	char until[STR_TIME_SIZE], kept[80] = "";

	if (p->status.kept_until_s)
		(void)str_fmt(kept, sizeof(kept), "; its root disk is kept until %s",
			      str_time(p->status.kept_until_s, until));
	progress_state(p, VM_STATE_STOPPING, v);
	p->waited_us = 0;
	if (vm) {
		progress_reason(p, "the job's time is nearly over: the guest is being shut down%s",
				kept);
		return;
	}
	p->status.address[0] = '\0';
	progress_reason(p, "the job's time is nearly over: the guest was shut down%s", kept);
}

/* The next one may have another address. That there was one that was READY is not forgotten: its
 * disk is worth keeping. */
static void step_gone(struct progress *p, const struct progress_view *v)
{
	if (!p->status.since_s[VM_STATE_READY] || !v->seen->vms_known)
		return;
	p->boots_anew = true;
	p->status.address[0] = '\0';
}

static void step_wanted(struct progress *p, const struct job *j, const struct holdings *h,
			const struct move *m, const struct progress_view *v)
{
	const struct vm_seen *vm = world_vm(h, j);
	const struct image *image = catalogue_find(v->catalogue, j->request.image);
	const struct flight *f;
	int64_t since_us;
	struct err e;

	if (job_is_several(j) && job_shape_check(j, &e) < 0) {
		progress_fail(p, v,
			      e.msg); /* it lost a node and runs on: which machine has none? */
		return;
	}
	(void)str_copy(p->status.node, sizeof(p->status.node), j->node);
	if (image && !*p->status.user)
		(void)str_copy(p->status.user, sizeof(p->status.user), image_account(image, j));
	if (limit_is_near(j, v->policy, v->wall_s) && v->seen->vms_known &&
	    !(vm && (vm->phase == VM_STOPPED || vm->phase == VM_FAILED))) {
		step_limit(p, vm, v);
		return;
	}
	f = inflight_volume_trouble(v->flight, h->key, v->mono_us);
	(void)snprintf(p->status.attach_trouble, sizeof(p->status.attach_trouble), "%s",
		       f ? f->err.msg : "");
	if (vm) {
		step_seen(p, j, vm, m, v);
	} else if (!v->seen->vms_known && p->status.state != VM_STATE_UNKNOWN &&
		   p->status.state != VM_STATE_PENDING) {
		/* Unknown is not empty: what was seen last still stands. */
		progress_reason(p, "the Kubernetes API does not answer");
	} else {
		step_gone(p, v);
		progress_making(p, j, h, v);
	}
	if (p->status.state == VM_STATE_PROVISIONING || p->status.state == VM_STATE_BOOTING)
		progress_limits(p, h, v);
	else if (p->status.state == VM_STATE_READY && !v->seen->vms_known &&
		 progress_trouble(p, v, h, &since_us))
		progress_reason(p, "%s", progress_trouble(p, v, h, &since_us));
}

/* Why it failed, if it did, what is being removed, and what hinders that. */
static void reason_removal(struct progress *p, const struct holdings *h,
			   const struct progress_view *v, const char *what)
{
	int64_t since_us;
	const char *trouble = progress_trouble(p, v, h, &since_us);
	const char *why = trouble && str_eq(trouble, p->failure) ? "" : p->failure;

	progress_reason(p, "%.120s%s%s%s%s", why, *why ? "; " : "", what, trouble ? ": " : "",
			trouble ? trouble : "");
}

/* The disk that is marked as kept; NULL: none. */
static const struct disk_seen *disk_kept(const struct holdings *h)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (h->disk[i].kept_until_s)
			return &h->disk[i];
	return NULL;
}

static void step_ended(struct progress *p, const struct holdings *h, const struct progress_view *v)
{
	bool known = v->seen->vms_known && v->seen->pvs_known && v->seen->pvcs_known &&
		     v->seen->secrets_known && v->seen->disks_known;
	const struct disk_seen *kept;
	char until[STR_TIME_SIZE];
	bool bare;

	kept = disk_kept(h);
	bare = h->n_vm + h->n_pv + h->n_pvc + h->n_secret + h->n_attachment == 0 &&
	       h->n_disk == (kept ? 1 : 0);
	if (bare && !known && p->status.state == VM_STATE_STOPPED)
		return; /* what was seen last still stands */
	if (bare && known) {
		progress_state(p, VM_STATE_STOPPED, v);
		if (kept)
			progress_reason(p, "%.120s%sits root disk %s is kept until %s", p->failure,
					*p->failure ? "; " : "", kept->name,
					str_time(kept->kept_until_s, until));
		else
			progress_reason(p, "%s", p->failure);
		return;
	}
	progress_state(p, VM_STATE_STOPPING, v);
	reason_removal(p, h, v,
		       h->n_vm                          ? "its virtual machine is being removed"
		       : h->n_pv + h->n_pvc + h->n_disk ? "its disk is being removed"
							: "what it used is being removed");
}

static void step_pending(struct progress *p, const struct job *j, const struct holdings *h,
			 const struct progress_view *v)
{
	progress_state(p, VM_STATE_PENDING, v);
	if (h->n_vm)
		progress_removing(p, h, v);
	else if (str_eq(j->queue_reason, "JobHeldUser"))
		progress_reason(p, "the job is held; it may start by: scontrol release %u", j->id);
	else if (str_eq(j->queue_reason, "JobHeldAdmin"))
		progress_reason(p, "the job is held, and an administrator has to release it");
	else
		progress_reason(p, "the job waits for a node%s%s%s",
				*j->queue_reason ? " (Slurm: " : "", j->queue_reason,
				*j->queue_reason ? ")" : "");
}

static void step_ending(struct progress *p, const struct job *j, const struct holdings *h,
			const struct move *m, const struct progress_view *v)
{
	progress_state(p, VM_STATE_STOPPING, v);
	if (h->n_vm && !m->companion && job_script_ends(j, v->wall_s)) {
		progress_reason(p, "its script is given time to end");
		due_at(p, j->told_to_end_s + JOB_SCRIPT_END_S, v);
		return;
	}
	reason_removal(p, h, v,
		       h->n_vm ? "its virtual machine is being removed" : "the job is ending");
}

/* No VM of the job is on the node it leaves: none at all, or the one that has moved away. And none
 * can come up, whatever requests are still under way: without a claim that is bound no guest
 * starts, and a claim goes when no guest uses it and never comes again (DESIGN.md, "Why two guests
 * never have one disk"). So nothing is waited for by the clock. */
static bool is_node_clear(const struct job *j, const struct holdings *h, const struct move *m,
			  const struct progress_view *v)
{
	uint32_t kept = 0, run;

	/* While it runs, the next moment may bring a VM. */
	if (j->phase == JOB_RUNNING || !v->seen->vms_known || !v->seen->pvcs_known)
		return false;
	if (h->n_vm > (m->keeps_vm ? 1U : 0U))
		return false;
	if (m->keeps_vm)
		(void)vm_incarnation(h->vm[0].name, h->key, &kept);
	for (size_t i = 0; i < h->n_pvc; i++)
		if (!m->keeps_vm || vm_incarnation(h->pvc[i].name, h->key, &run) < 0 || run != kept)
			return false;
	return true;
}

static void begin(struct progress *p, const struct job *j, const struct progress_view *v)
{
	*p = (struct progress){
		.job_id = j->id,
		.rank = j->rank,
		.key_id = job_key_id(j),
		.incarnation = job_incarnation(j),
		.begun_us = v->mono_us,
		.stepped_us = v->mono_us,
	};
	(void)str_copy(p->nonce, sizeof(p->nonce), j->request.nonce);
	(void)vm_name(j, p->status.vm, sizeof(p->status.vm));
	if (j->request.recorded_ready_s && j->request.recorded_run == p->incarnation) {
		p->status.since_s[VM_STATE_READY] = j->request.recorded_ready_s;
		p->told_s = j->request.told_s;
	}
	if (j->request.recorded_run == p->incarnation &&
	    (j->phase == JOB_ENDING || j->phase == JOB_ENDED))
		(void)str_copy(p->failure, sizeof(p->failure), j->request.recorded_failure);
	p->warned_s = j->request.warned_s;
	crashes_begin(&p->crashes, j);
}

/* The same VM goes on in another allocation: what was seen of it is so still (its address, which
 * KubeVirt does not show for a while after a move), but of that one's record nothing is known. */
static void inherit(struct progress *p, const struct job *j)
{
	if (!j->request.as || !p->job_id || p->job_id == j->id || p->key_id != job_key_id(j))
		return;
	p->job_id = j->id;
	p->recorded[0] = '\0';
	p->record_ticket = 0;
}

void progress_step(struct progress *p, const struct job *j, const struct progress_view *v)
{
	struct holdings h;
	struct move m;
	char key[JOB_KEY_MAX + 1];

	inherit(p, j);
	if (p->job_id != j->id || p->rank != j->rank || p->incarnation != job_incarnation(j) ||
	    !str_eq(p->nonce, j->request.nonce))
		begin(p, j, v);
	world_of(v->seen, job_key(j, key, sizeof(key)), &h);
	p->deadline_us = INT64_MAX;
	if (v->seen->disks_known)
		p->status.kept_until_s = disk_kept(&h) ? disk_kept(&h)->kept_until_s : 0;
	progress_disk(p, j, &h, v);
	progress_move(p, j, &h, v, &m);
	switch (j->phase) {
	case JOB_PENDING:
		p->begun_us = v->mono_us;
		if (m.keeps_vm)
			step_seen(p, j, world_vm(&h, j), &m, v);
		else
			step_pending(p, j, &h, v);
		break;
	case JOB_RUNNING:
		if (p->failed_us)
			progress_due(p, p->failed_us + FAILED_GRACE_US);
		else
			step_wanted(p, j, &h, &m, v);
		if (v->mono_us - p->begun_us < RECORD_AFTER_US)
			progress_due(p, p->begun_us + RECORD_AFTER_US);
		due_at(p, limit_stop_s(j, v->policy), v);
		due_at(p, limit_next_warning_s(j, v->policy, v->wall_s), v);
		break;
	case JOB_ENDING:
		if (m.keeps_vm)
			step_seen(p, j, world_vm(&h, j), &m, v);
		else
			step_ending(p, j, &h, &m, v);
		break;
	case JOB_ENDED: step_ended(p, &h, v); break;
	}
	p->stepped_us = v->mono_us;
	p->status.node_clear = is_node_clear(j, &h, &m, v);
}
