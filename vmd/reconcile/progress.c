/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of one job's VM: a state, a reason for people, times, and the time limits. Pure.
 *
 * READY is left only by the guest's end: an agent that is away for a moment is a reason, not a
 * state, or a job's record would be written at every reboot. READY is also remembered in the job's
 * record, so that a new vmd does not start the clock again for a guest that ran for days.
 * FAILED is final for an incarnation. */
#include "vmd/reconcile/progress.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/recover.h"
#include "vmd/reconcile/unreadable.h"

#include <stdarg.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

static void reason_set(struct progress *p, const char *fmt, ...) PRINTF(2, 3);
static void reason_set(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->status.reason, sizeof(p->status.reason), fmt, ap);
	va_end(ap);
}

static void state_set(struct progress *p, enum vm_state s, const struct view *v)
{
	p->status.state = s;
	if (!p->status.since_s[s])
		p->status.since_s[s] = v->wall_s;
}

static void due(struct progress *p, int64_t at_us)
{
	if (at_us < p->deadline_us)
		p->deadline_us = at_us;
}

/* At a time of the wall clock; one that is over is not due. */
static void due_at(struct progress *p, int64_t wall_s, const struct view *v)
{
	if (wall_s > v->wall_s)
		due(p, v->mono_us + (wall_s - v->wall_s) * SECOND_US);
}

static void fail(struct progress *p, const struct view *v, const char *reason)
{
	state_set(p, VM_STATE_FAILED, v);
	if (reason != p->status.reason)
		reason_set(p, "%s", reason);
	p->failed_us = v->mono_us;
	due(p, v->mono_us + FAILED_GRACE_US);
}

const struct vm_seen *vm_current(const struct holdings *h, const struct job *j)
{
	char name[VM_NAME_MAX + 1];

	(void)vm_name(j, name, sizeof(name));
	for (size_t i = 0; i < h->n_vm; i++)
		if (str_eq(h->vm[i].name, name))
			return &h->vm[i];
	return NULL;
}

/* What hinders the job from outside, and since when; NULL: nothing. */
static const char *trouble_find(const struct progress *p, const struct view *v,
				const struct holdings *h, int64_t *ret_since)
{
	const struct flight *f = inflight_trouble(v->flight, h->key, v->mono_us);
	const struct trouble *t = v->trouble;

	if (t && *t[TROUBLE_KUBE].text) {
		*ret_since = t[TROUBLE_KUBE].since_us;
		return t[TROUBLE_KUBE].text;
	}
	if (t && *t[TROUBLE_CEPH].text) {
		*ret_since = t[TROUBLE_CEPH].since_us;
		return t[TROUBLE_CEPH].text;
	}
	if (*p->disk.text) {
		*ret_since = p->disk.since_us;
		return p->disk.text;
	}
	if (f && !flight_is_refused(f)) {
		*ret_since = f->failing_since_us;
		return f->err.msg;
	}
	return NULL;
}

/* What nobody knows stays as it was. */
static void step_disk(struct progress *p, const struct job *j, const struct holdings *h,
		      const struct view *v)
{
	const struct disk_seen *d = v->seen->disks_known ? unreadable_of(v->seen, h, j) : NULL;

	if (!v->seen->disks_known)
		return;
	if (d && !*p->disk.text)
		p->disk.since_us = v->mono_us;
	(void)snprintf(p->disk.text, sizeof(p->disk.text), "%s%s", d ? d->unreadable : "",
		       d ? " (your administrator can help)" : "");
}

/* Is a VM or PVC of that name of a later run than the job is in, or of an earlier one? */
static bool is_of_other_run(const char *name, const char *key, const struct job *j, bool later)
{
	uint32_t run;

	if (vm_incarnation(name, key, &run) < 0)
		return false;
	return later ? run > job_incarnation(j) : run < job_incarnation(j);
}

static bool claims_are_earlier(const struct holdings *h, const struct job *j)
{
	for (size_t i = 0; i < h->n_pvc; i++)
		if (is_of_other_run(h->pvc[i].name, h->key, j, false))
			return true;
	return false;
}

/* A VM of an earlier run is there: what becomes of it. */
static void reason_removing(struct progress *p, const struct holdings *h, const struct view *v)
{
	for (size_t i = 0; i < h->n_vm; i++)
		if (vm_is_lost(&h->vm[i], v->seen, v->policy->fence_after_s, v->mono_us)) {
			reason_set(p,
				   "the earlier run's node %.80s is lost: its virtual machine is "
				   "shut out from the disks, then removed%s%s",
				   h->vm[i].node, *p->disk.text ? "; " : "", p->disk.text);
			return;
		}
	reason_set(p, "the earlier run's virtual machine is being removed");
}

/* PROVISIONING before the VM object is there: what is being done. */
static void reason_making(struct progress *p, const struct job *j, const struct holdings *h,
			  const struct view *v)
{
	if (!v->seen->vms_known || !v->seen->pvs_known || !v->seen->pvcs_known ||
	    !v->seen->secrets_known)
		reason_set(p, "waiting for the Kubernetes API's first answer");
	else if (!v->seen->disks_known || (j->request.attach.n && !v->seen->named_known))
		reason_set(p, "waiting for Ceph's first answer");
	else if (h->n_vm && is_of_other_run(h->vm[0].name, h->key, j, true))
		reason_set(p, "a later run's virtual machine is there: what Slurm told of the job "
			      "is old");
	else if (h->n_vm)
		reason_removing(p, h, v);
	else if (claims_are_earlier(h, j))
		reason_set(p, "the earlier run's virtual machine lets go of the disk");
	else
		reason_set(p, "making its disks and virtual machine");
}

/* What is waited for, and that the guest crashed, if it did. */
static void reason_crashes(struct progress *p, const char *waits_for)
{
	char text[VM_REASON_MAX + 1];

	crashes_text(&p->crashes, text);
	reason_set(p, "%s%s%s", waits_for, *waits_for && *text ? "; " : "", text);
}

static void step_running_guest(struct progress *p, const struct vm_seen *vm, const struct view *v)
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
	if (!missing || p->status.since_s[VM_STATE_READY])
		state_set(p, VM_STATE_READY, v);
	else
		state_set(p, VM_STATE_BOOTING, v);
	reason_crashes(p, missing ? missing : "");
}

/* The VM of this incarnation is seen. */
static void step_seen(struct progress *p, const struct job *j, const struct vm_seen *vm,
		      const struct move *m, const struct view *v)
{
	if (*vm->node)
		(void)str_copy(p->status.node, sizeof(p->status.node), vm->node);
	(void)str_copy(p->status.pinned, sizeof(p->status.pinned), vm->moving.blocked);
	crashes_see(&p->crashes, vm, v->wall_s);
	p->status.crashes = p->crashes.n;
	p->status.crashed_s = p->crashes.last_s;
	if (vm_is_astray(vm, j) && !m->keeps_vm) {
		state_set(p, VM_STATE_PROVISIONING, v);
		reason_set(p,
			   "it runs on %.80s, outside the job's allocation on %.80s: removed "
			   "and made again",
			   vm->node, j->node);
		return;
	}
	switch (vm->phase) {
	case VM_ABSENT:
	case VM_STARTING:
		state_set(p, VM_STATE_PROVISIONING, v);
		reason_crashes(p,
			       *vm->reason ? vm->reason : "the node prepares the virtual machine");
		break;
	case VM_RUNNING: step_running_guest(p, vm, v); break;
	case VM_STOPPED:
		state_set(p, VM_STATE_STOPPING, v);
		reason_set(p, "the guest shut down%s",
			   job_is_several(j)
				   ? "; the job ends when those of its other machines have, too"
				   : "");
		break;
	case VM_FAILED: fail(p, v, *vm->reason ? vm->reason : "the virtual machine failed"); break;
	case VM_DELETING:
		state_set(p, VM_STATE_PROVISIONING, v);
		reason_set(p, "its virtual machine is being deleted and will be made again");
		break;
	}
}

/* Time limits of a job that waits for READY. Trouble outside stops the one clock and starts the
 * other: a user's 15 minutes are not spent on an API that is down. */
static void step_limits(struct progress *p, const struct holdings *h, const struct view *v)
{
	char why[VM_REASON_MAX + 1];
	int64_t since_us = 0;
	const char *trouble = trouble_find(p, v, h, &since_us);
	int64_t trouble_us = v->policy->trouble_timeout_s * SECOND_US;
	int64_t ready_us = v->policy->ready_timeout_s * SECOND_US;

	if (trouble) {
		reason_set(p, "%s", trouble);
		if (trouble_us <= 0)
			return;
		/* It may be older than the job, whose time begins with it. */
		if (since_us < p->begun_us)
			since_us = p->begun_us;
		if (v->mono_us - since_us >= trouble_us)
			fail(p, v, p->status.reason);
		else
			due(p, since_us + trouble_us);
		return;
	}
	p->waited_us += v->mono_us - p->stepped_us;
	if (ready_us <= 0)
		return;
	if (p->waited_us < ready_us) {
		due(p, v->mono_us + ready_us - p->waited_us);
		return;
	}
	(void)snprintf(why, sizeof(why), "not ready after %lld s: %s",
		       (long long)v->policy->ready_timeout_s, p->status.reason);
	fail(p, v, why);
}

/* Why one of the named disks that a job asks for cannot be its own now; NULL: it can, or is. A kind
 * other than ERR_RETRY: no waiting helps. */
static const char *attach_hindrance(const struct vm_attach *asked, const struct job *j,
				    const struct view *v, struct err *e)
{
	const struct named_disk *d =
		named_find(v->seen->named, v->seen->n_named, j->uid, asked->name);
	struct disk_claims claims;
	char key[JOB_KEY_MAX + 1];

	if (!d) {
		(void)err_set(e, ERR_ABSENT, "there is no disk %s of yours: vmctl disk list",
			      asked->name);
		return e->msg;
	}
	if (*d->unreadable) {
		(void)err_set(e, ERR_RETRY,
			      "disk %s cannot be read: %s (your administrator can help)",
			      asked->name, d->unreadable);
		return e->msg;
	}
	claims = d->claims;
	if (disk_claim_of(&claims, job_key(j, key, sizeof(key))) ||
	    disk_claims_add(&claims, d->name, key, asked->read_only, e) == 0)
		return NULL;
	if (e->kind != ERR_ABSENT)
		e->kind = ERR_RETRY;
	return e->msg;
}

static bool step_attach(struct progress *p, const struct job *j, const struct view *v)
{
	struct err e;

	for (size_t i = 0; v->seen->named_known && i < j->request.attach.n; i++) {
		if (!attach_hindrance(&j->request.attach.at[i], j, v, &e))
			continue;
		if (e.kind != ERR_RETRY) {
			fail(p, v, e.msg);
			return true;
		}
		state_set(p, VM_STATE_PROVISIONING, v);
		reason_set(p, "%s", e.msg);
		return true;
	}
	return false;
}

/* Is nothing made at present? A request that no repetition can help, wrong for the catalogue or
 * refused by an adapter, makes it FAILED; a kept disk that is not free yet is waited for. */
static bool step_refused(struct progress *p, const struct job *j, const struct holdings *h,
			 const struct view *v)
{
	const struct flight *f = inflight_trouble(v->flight, h->key, v->mono_us);
	const struct recover_view kept = {
		.want = v->want, .seen = v->seen, .slurm_uid = v->policy->slurm_uid};
	struct vm_request request;
	const struct image *image;
	struct err e;

	if (f && flight_is_refused(f)) {
		fail(p, v, f->err.msg);
		return true;
	}
	if (recover_request(&kept, v->catalogue, j, &request, &image, &e) < 0) {
		if (e.kind == ERR_RETRY) {
			state_set(p, VM_STATE_PROVISIONING, v);
			reason_set(p, "%s", e.msg);
		} else {
			fail(p, v, e.msg);
		}
		return true;
	}
	(void)str_copy(p->status.user, sizeof(p->status.user),
		       *image->user ? image->user : j->user);
	return step_attach(p, j, v);
}

/* Its time is nearly over (plan_limit.c). That it was READY is history: if the limit is raised the
 * guest boots again. */
static void step_limit(struct progress *p, const struct vm_seen *vm, const struct view *v)
{
	char until[STR_TIME_SIZE], kept[80] = "";

	if (p->status.kept_until_s)
		(void)str_fmt(kept, sizeof(kept), "; its root disk is kept until %s",
			      str_time(p->status.kept_until_s, until));
	state_set(p, VM_STATE_STOPPING, v);
	p->waited_us = 0;
	if (vm) {
		reason_set(p, "the job's time is nearly over: the guest is being shut down%s",
			   kept);
		return;
	}
	p->status.since_s[VM_STATE_READY] = 0;
	p->status.address[0] = '\0';
	reason_set(p, "the job's time is nearly over: the guest was shut down%s", kept);
}

static void step_wanted(struct progress *p, const struct job *j, const struct holdings *h,
			const struct move *m, const struct view *v)
{
	const struct vm_seen *vm = vm_current(h, j);
	const struct image *image = catalogue_find(v->catalogue, j->request.image);
	const struct flight *f;
	int64_t since_us;
	struct err e;

	if (job_is_several(j) && job_shape_check(j, &e) < 0) {
		fail(p, v, e.msg); /* it lost a node and runs on: which machine has none? */
		return;
	}
	(void)str_copy(p->status.node, sizeof(p->status.node), j->node);
	if (image && !*p->status.user)
		(void)str_copy(p->status.user, sizeof(p->status.user),
			       *image->user ? image->user : j->user);
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
		reason_set(p, "the Kubernetes API does not answer");
	} else if (!step_refused(p, j, h, v)) {
		state_set(p, VM_STATE_PROVISIONING, v);
		reason_making(p, j, h, v);
	}
	if (p->status.state == VM_STATE_PROVISIONING || p->status.state == VM_STATE_BOOTING)
		step_limits(p, h, v);
	else if (p->status.state == VM_STATE_READY && !v->seen->vms_known &&
		 trouble_find(p, v, h, &since_us))
		reason_set(p, "%s", trouble_find(p, v, h, &since_us));
}

/* What is being removed, and what hinders it. */
static void reason_removal(struct progress *p, const struct holdings *h, const struct view *v,
			   const char *what)
{
	int64_t since_us;
	const char *trouble = trouble_find(p, v, h, &since_us);

	reason_set(p, "%s%s%s", what, trouble ? ": " : "", trouble ? trouble : "");
}

/* The disk that is marked as kept; NULL: none. */
static const struct disk_seen *disk_kept(const struct holdings *h)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (h->disk[i].kept_until_s)
			return &h->disk[i];
	return NULL;
}

static void step_ended(struct progress *p, const struct holdings *h, const struct view *v)
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
		state_set(p, VM_STATE_STOPPED, v);
		if (kept)
			reason_set(p, "its root disk %s is kept until %s", kept->name,
				   str_time(kept->kept_until_s, until));
		else
			reason_set(p, "%s", "");
		return;
	}
	state_set(p, VM_STATE_STOPPING, v);
	reason_removal(p, h, v,
		       h->n_vm                          ? "its virtual machine is being removed"
		       : h->n_pv + h->n_pvc + h->n_disk ? "its disk is being removed"
							: "what it used is being removed");
}

static void step_pending(struct progress *p, const struct holdings *h, const struct view *v)
{
	state_set(p, VM_STATE_PENDING, v);
	if (h->n_vm)
		reason_removing(p, h, v);
	else
		reason_set(p, "the job waits for a node");
}

static void step_ending(struct progress *p, const struct holdings *h, const struct view *v)
{
	state_set(p, VM_STATE_STOPPING, v);
	reason_removal(p, h, v,
		       h->n_vm ? "its virtual machine is being removed" : "the job is ending");
}

/* No VM of the job is on the node it leaves: none at all, or the one that has moved away. And none
 * can come up, whatever requests are still under way: without a claim that is bound no guest
 * starts, and a claim goes when no guest uses it and never comes again (DESIGN.md, "Why two guests
 * never have one disk"). So nothing is waited for by the clock. */
static bool is_node_clear(const struct job *j, const struct holdings *h, const struct move *m,
			  const struct view *v)
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

static void begin(struct progress *p, const struct job *j, const struct view *v)
{
	*p = (struct progress){
		.job_id = j->id,
		.rank = j->rank,
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
	p->warned_s = j->request.warned_s;
	crashes_begin(&p->crashes, j);
}

void progress_step(struct progress *p, const struct job *j, const struct view *v)
{
	struct holdings h;
	struct move m;
	char key[JOB_KEY_MAX + 1];

	if (p->job_id != j->id || p->rank != j->rank || p->incarnation != job_incarnation(j) ||
	    !str_eq(p->nonce, j->request.nonce))
		begin(p, j, v);
	world_of(v->seen, job_key(j, key, sizeof(key)), &h);
	p->deadline_us = INT64_MAX;
	if (v->seen->disks_known)
		p->status.kept_until_s = disk_kept(&h) ? disk_kept(&h)->kept_until_s : 0;
	step_disk(p, j, &h, v);
	progress_move(p, j, &h, v, &m);
	switch (j->phase) {
	case JOB_PENDING:
		p->begun_us = v->mono_us;
		if (m.keeps_vm)
			step_seen(p, j, vm_current(&h, j), &m, v);
		else
			step_pending(p, &h, v);
		break;
	case JOB_RUNNING:
		if (p->failed_us)
			due(p, p->failed_us + FAILED_GRACE_US);
		else
			step_wanted(p, j, &h, &m, v);
		if (v->mono_us - p->begun_us < RECORD_AFTER_US)
			due(p, p->begun_us + RECORD_AFTER_US);
		due_at(p, limit_stop_s(j, v->policy), v);
		due_at(p, limit_next_warning_s(j, v->policy, v->wall_s), v);
		break;
	case JOB_ENDING:
		if (m.keeps_vm)
			step_seen(p, j, vm_current(&h, j), &m, v);
		else
			step_ending(p, &h, v);
		break;
	case JOB_ENDED: step_ended(p, &h, v); break;
	}
	p->stepped_us = v->mono_us;
	p->status.node_clear = is_node_clear(j, &h, &m, v);
}
