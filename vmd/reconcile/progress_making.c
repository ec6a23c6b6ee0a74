/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status while the VM is wanted and not there: what is being made, what of an earlier run has
 * to go first, which disk is waited for, and what refuses the job for good. Pure. */
#include "vmd/reconcile/progress_parts.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/recover.h"

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

void progress_removing(struct progress *p, const struct holdings *h, const struct progress_view *v)
{
	for (size_t i = 0; i < h->n_vm; i++)
		if (world_vm_is_lost(v->seen, &h->vm[i], v->policy->fence_after_s, v->mono_us)) {
			progress_reason(
				p,
				"the earlier run's node %.80s is lost: its virtual machine is "
				"shut out from the disks, then removed%s%s",
				h->vm[i].node, *p->disk.text ? "; " : "", p->disk.text);
			return;
		}
	progress_reason(p, "the earlier run's virtual machine is being removed");
}

/* What is being done. */
static void reason_making(struct progress *p, const struct job *j, const struct holdings *h,
			  const struct progress_view *v)
{
	if (!v->seen->vms_known || !v->seen->pvs_known || !v->seen->pvcs_known ||
	    !v->seen->secrets_known)
		progress_reason(p, "waiting for the Kubernetes API's first answer");
	else if (!v->seen->disks_known || (j->request.attach.n && !v->seen->named_known))
		progress_reason(p, "waiting for Ceph's first answer");
	else if (h->n_vm && is_of_other_run(h->vm[0].name, h->key, j, true))
		progress_reason(
			p, "a later run's virtual machine is there: what Slurm told of the job "
			   "is old");
	else if (h->n_vm)
		progress_removing(p, h, v);
	else if (claims_are_earlier(h, j))
		progress_reason(p, "the earlier run's virtual machine lets go of the disk");
	else
		progress_reason(p, "making its disks and virtual machine");
}

/* Why one of the named disks that a job asks for cannot be its own now; NULL: it can, or is. A kind
 * other than ERR_RETRY: no waiting helps. */
static const char *attach_hindrance(const struct vm_attach *asked, const struct job *j,
				    const struct progress_view *v, struct err *e)
{
	const struct named_disk *d =
		named_find(v->seen->named, v->seen->n_named, j->uid, asked->name);
	struct disk_claim wish = {.read_only = asked->read_only};
	struct disk_claims claims;

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
	if (disk_claim_of(&claims, job_key(j, wish.job_key, sizeof(wish.job_key))) ||
	    disk_claims_add(&claims, d->name, &wish, e) == 0)
		return NULL;
	if (e->kind != ERR_ABSENT)
		e->kind = ERR_RETRY;
	return e->msg;
}

static bool step_attach(struct progress *p, const struct job *j, const struct progress_view *v)
{
	struct err e;

	for (size_t i = 0; v->seen->named_known && i < j->request.attach.n; i++) {
		if (!attach_hindrance(&j->request.attach.at[i], j, v, &e))
			continue;
		if (e.kind != ERR_RETRY) {
			progress_fail(p, v, e.msg);
			return true;
		}
		progress_state(p, VM_STATE_PROVISIONING, v);
		progress_reason(p, "%s", e.msg);
		return true;
	}
	return false;
}

/* Is nothing made at present? A request that no repetition can help, wrong for the catalogue or
 * refused by an adapter, makes it FAILED; a kept disk that is not free yet is waited for. */
static bool step_refused(struct progress *p, const struct job *j, const struct holdings *h,
			 const struct progress_view *v)
{
	const struct flight *f = inflight_trouble(v->flight, h->key, v->mono_us);
	const struct recover_view kept = {
		.want = v->want, .seen = v->seen, .slurm_uid = v->policy->slurm_uid};
	struct vm_request request;
	const struct image *image;
	struct err e;

	if (f && flight_is_refused(f)) {
		progress_fail(p, v, f->err.msg);
		return true;
	}
	if (recover_request(&kept, v->catalogue, j, &request, &image, &e) < 0) {
		if (e.kind == ERR_RETRY) {
			progress_state(p, VM_STATE_PROVISIONING, v);
			progress_reason(p, "%s", e.msg);
		} else {
			progress_fail(p, v, e.msg);
		}
		return true;
	}
	(void)str_copy(p->status.user, sizeof(p->status.user), image_account(image, j));
	return step_attach(p, j, v);
}

void progress_making(struct progress *p, const struct job *j, const struct holdings *h,
		     const struct progress_view *v)
{
	if (step_refused(p, j, h, v))
		return;
	progress_state(p, VM_STATE_PROVISIONING, v);
	reason_making(p, j, h, v);
}
