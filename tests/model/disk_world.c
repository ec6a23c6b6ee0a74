/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See disk_world.h. What comes of requests, and what happens by itself. */
#include "tests/model/disk_world.h"

#include "vmd/base/str.h"

#include <string.h>

const char *const dw_key[DW_JOBS] = {"17-9f3c12ab45de6701", "18-00000000000000aa"};
const char *const dw_node[DW_NODES + 1] = {"", "n1", "n2"};
bool dw_second_reads;

unsigned dw_job_of(unsigned vm)
{
	return vm / DW_RUNS;
}

bool dw_reads(unsigned vm)
{
	return dw_second_reads && dw_job_of(vm) == 1;
}

unsigned dw_pv_index(unsigned vm)
{
	return dw_reads(vm) ? DW_PV_READER + dw_job_of(vm) : DW_PV_WRITER;
}

/* Each VM of a name has a uid of its own. */
static uint8_t mark_of(unsigned vm, unsigned gen)
{
	return (uint8_t)(1 + vm + DW_VMS * gen);
}

static bool is_cut_off(const struct dw_kube *k, unsigned vm)
{
	return k->lost && k->node[vm] == 1;
}

static bool is_current(const struct dw_slurm *s, unsigned vm)
{
	return s->run[dw_job_of(vm)] == vm % DW_RUNS;
}

/* ---- what comes of it ---- */

bool dw_has(const struct dw_world *s, unsigned vm)
{
	return s->ghost[vm] || ((s->kube.vm[vm] == DW_GUEST || s->kube.vm[vm] == DW_GOING) &&
				s->kube.volume[vm] >= DW_HAD);
}

/* Finalizers: what is being deleted goes when nothing uses it any more. */
static void finalize(struct dw_kube *k)
{
	for (unsigned i = 0; i < DW_VMS; i++)
		if (k->pvc_goes[i] && !(k->vm[i] >= DW_GUEST && k->volume[i] >= DW_HAD))
			k->pvc[i] = k->pvc_goes[i] = 0;
	for (unsigned p = 0; p < DW_PVS; p++)
		if (k->pv_goes[p] && k->pvc[k->pv_of[p] - 1] != k->pv_uid[p])
			k->pv_of[p] = k->pv_uid[p] = k->pv_goes[p] = 0;
}

static void claim(struct dw_world *s, unsigned job, enum disk_claim_step step, unsigned run,
		  unsigned left)
{
	struct disk_order o = {
		.kind = NAMED_CLAIM, .step = step, .run = run, .disk = {.name = "data"}};
	struct disk_claim *seen = &o.disk.claims.claim[0];
	struct disk_claims claims;
	struct err e;

	o.disk.claims.n = left > 0;
	if (left)
		*seen = (struct disk_claim){.run = (left - 1) / 2,
					    .leaving = (left - 1) % 2,
					    .read_only = dw_reads(job * DW_RUNS)};
	(void)str_copy(seen->job_key, sizeof(seen->job_key), dw_key[job]);
	(void)str_copy(o.job_key, sizeof(o.job_key), dw_key[job]);
	dw_claims_of(&s->ceph, &claims);
	if (disk_claims_step(&claims, &o, &e) < 0)
		return;
	memset(s->ceph.claim, 0, sizeof(s->ceph.claim));
	memset(s->ceph.leaving, 0, sizeof(s->ceph.leaving));
	memset(s->ceph.run, 0, sizeof(s->ceph.run));
	for (size_t i = 0; i < claims.n; i++) {
		unsigned j = dw_key_job(claims.claim[i].job_key);

		s->ceph.claim[j] = claims.claim[i].read_only ? 2 : 1;
		s->ceph.leaving[j] = claims.claim[i].leaving;
		s->ceph.run[j] = (uint8_t)claims.claim[i].run;
	}
}

/* Who has it open, whose it is and for whom it is fenced is read at once, or never: a fence that
 * comes late is for those. false: it is refused, or done already. */
static bool fence_begin(const struct dw_world *s, struct dw_act *a)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < DW_VMS; i++)
		bits |= dw_has(s, i) ? 1U << i : 0;
	a->what = (uint8_t)bits;
	a->uid = s->ceph.mark;
	return s->ceph.claim[dw_job_of(a->vm)] == 1 && s->ceph.mark != mark_of(a->vm, a->gen);
}

/* The mark is written over the one that was read, and over no other. */
static const char *fence(struct dw_world *s, const struct dw_act *a)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < DW_VMS; i++) {
		if (!dw_has(s, i) || !(a->what >> i & 1))
			continue;
		s->fenced[i] = 1;
		if (s->kube.vm[i] == DW_GUEST && is_current(&s->slurm, i) &&
		    s->slurm.phase[dw_job_of(i)] == JOB_RUNNING)
			wrong = "a VM that is wanted was shut out";
	}
	if (s->ceph.mark == a->uid)
		s->ceph.mark = mark_of(a->vm, a->gen);
	return wrong;
}

bool dw_begin(const struct dw_world *s, const struct action *a, struct dw_act *ret)
{
	return dw_act_of(a, ret) && (a->kind != ACT_FENCE_DISK || fence_begin(s, ret));
}

static const char *pod_force_delete(struct dw_world *s, unsigned vm, unsigned gen)
{
	if (s->kube.vm[vm] != DW_GOING || s->kube.gen[vm] != gen)
		return NULL;
	s->podless[vm] = 1;
	return dw_has(s, vm) && !dw_reads(vm) && !s->fenced[vm]
		       ? "Kubernetes was made to let go of a guest that can write"
		       : NULL;
}

static void vm_create(struct dw_world *s, const struct dw_act *a)
{
	if (s->kube.vm[a->vm] != DW_NO_VM || s->kube.gen[a->vm] == DW_MADE || s->ghost[a->vm] ||
	    s->fenced[a->vm] || !a->uid)
		return; /* not in this little world */
	s->kube.gen[a->vm]++;
	if (s->late.kind == 1 + ACT_FENCE_DISK)
		s->late.what &= (uint8_t) ~(1U << a->vm); /* its client was another one */
	s->kube.vm[a->vm] = DW_STARTING;
	s->kube.node[a->vm] = a->uid;
	s->kube.volume[a->vm] = a->what ? DW_WANTED : DW_NO_VOLUME;
}

/* Refused when it is not that version any more. */
static const char *vm_delete(struct dw_world *s, unsigned vm, unsigned gen, unsigned version)
{
	bool wanted = is_current(&s->slurm, vm) && s->slurm.phase[dw_job_of(vm)] == JOB_RUNNING &&
		      s->slurm.node[dw_job_of(vm)] == s->kube.node[vm];

	if (dw_version_of(&s->kube, vm) != version || s->kube.gen[vm] != gen)
		return NULL;
	if (s->kube.vm[vm] == DW_GUEST) {
		s->kube.vm[vm] = DW_GOING;
		return wanted ? "a guest that is wanted was deleted" : NULL;
	}
	if (s->kube.vm[vm] == DW_STARTING) { /* there is no pod to wait for */
		s->kube.vm[vm] = DW_NO_VM;
		s->kube.node[vm] = s->kube.volume[vm] = 0;
	}
	return NULL;
}

const char *dw_effect(struct dw_world *s, const struct dw_act *a)
{
	struct dw_kube *k = &s->kube;
	const char *wrong = NULL;

	switch ((int)a->kind - 1) {
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM: claim(s, a->vm, (enum disk_claim_step)a->what, a->uid, a->left); break;
	case ACT_CREATE_PVC:
		if (!k->pvc[a->vm] && s->made[a->vm] < DW_UIDS)
			k->pvc[a->vm] = ++s->made[a->vm];
		break;
	case ACT_CREATE_PV:
		if (!k->pv_of[a->what]) {
			k->pv_of[a->what] = (uint8_t)(a->vm + 1);
			k->pv_uid[a->what] = a->uid;
		}
		break;
	case ACT_DELETE_PVC: k->pvc_goes[a->vm] |= a->uid && k->pvc[a->vm] == a->uid; break;
	case ACT_DELETE_PV:
		k->pv_goes[a->what] |=
			k->pv_of[a->what] == a->vm + 1 && k->pv_uid[a->what] == a->uid;
		break;
	case ACT_CREATE_VM: vm_create(s, a); break;
	case ACT_DELETE_VM: wrong = vm_delete(s, a->vm, a->gen, a->what); break;
	case ACT_ATTACH_DISK:
		if (k->vm[a->vm] != DW_NO_VM && k->volume[a->vm] == DW_NO_VOLUME)
			k->volume[a->vm] = DW_WANTED;
		else if (k->volume[a->vm] == DW_LEAVING)
			k->volume[a->vm] = DW_HAD;
		break;
	case ACT_DETACH_DISK:
		if (k->volume[a->vm] == DW_WANTED)
			k->volume[a->vm] = DW_NO_VOLUME;
		else if (k->volume[a->vm] == DW_HAD)
			k->volume[a->vm] = DW_LEAVING;
		break;
	case ACT_FENCE_DISK: wrong = fence(s, a); break;
	case ACT_FORCE_DELETE_POD: wrong = pod_force_delete(s, a->vm, a->gen); break;
	default: break;
	}
	finalize(k);
	return wrong;
}

/* ---- what happens by itself ---- */

static const char *const event_names[DW_EVENTS] = {
	"the node is lost",
	"the node is back",
	"Slurm queues the first job again",
	"somebody queues the first job again, which has ended",
	"the first job starts on n1",
	"the first job starts on n2",
	"the second job starts on n2",
	"the first job ends",
	"the second job ends",
	"the user takes the disk from the first job",
	"the user gives it back to the first job",
	"a guest of 17 r0 boots",
	"a guest of 17 r1 boots",
	"a guest of 18 r0 boots",
	"a guest of 18 r1 boots",
	"KubeVirt changes a disk of 17 r0",
	"KubeVirt changes a disk of 17 r1",
	"KubeVirt changes a disk of 18 r0",
	"KubeVirt changes a disk of 18 r1",
	"the VM of 17 r0 is gone",
	"the VM of 17 r1 is gone",
	"the VM of 18 r0 is gone",
	"the VM of 18 r1 is gone",
};

const char *dw_event_name(unsigned event)
{
	return event_names[event];
}

/* kubelet: its PVC is there, stays, and a PV names it. */
static bool is_bound(const struct dw_kube *k, unsigned vm)
{
	unsigned p = dw_pv_index(vm);

	return k->pvc[vm] && !k->pvc_goes[vm] && k->pv_of[p] == vm + 1 &&
	       k->pv_uid[p] == k->pvc[vm];
}

/* Its root disk is bound when no other run's VM is there. */
static bool boots(struct dw_kube *k, unsigned vm)
{
	if (k->vm[vm] != DW_STARTING || is_cut_off(k, vm) || (k->volume[vm] && !is_bound(k, vm)))
		return false;
	for (unsigned i = 0; i < DW_VMS; i++)
		if (i != vm && dw_job_of(i) == dw_job_of(vm) && k->vm[i] != DW_NO_VM)
			return false;
	k->vm[vm] = DW_GUEST;
	k->volume[vm] = k->volume[vm] ? DW_HAD : DW_NO_VOLUME;
	return true;
}

static bool volume_changes(struct dw_kube *k, unsigned vm)
{
	if (k->vm[vm] != DW_GUEST || is_cut_off(k, vm))
		return false;
	if (k->volume[vm] == DW_WANTED && is_bound(k, vm))
		k->volume[vm] = DW_HAD;
	else if (k->volume[vm] == DW_LEAVING)
		k->volume[vm] = DW_NO_VOLUME;
	else
		return false;
	return true;
}

static bool vm_goes(struct dw_world *s, unsigned vm)
{
	if (s->kube.vm[vm] != DW_GOING || (is_cut_off(&s->kube, vm) && !s->podless[vm]))
		return false;
	s->ghost[vm] = is_cut_off(&s->kube, vm) && dw_has(s, vm);
	s->kube.vm[vm] = DW_NO_VM;
	s->kube.node[vm] = s->kube.volume[vm] = s->podless[vm] = 0;
	return true;
}

bool dw_job_starts(struct dw_slurm *s, unsigned job, uint8_t node, bool lost)
{
	if (s->phase[job] != JOB_PENDING || (node == 1 && lost))
		return false;
	s->phase[job] = JOB_RUNNING;
	s->node[job] = node;
	return true;
}

bool dw_job_ends(struct dw_slurm *s, unsigned job)
{
	if (s->phase[job] != JOB_RUNNING)
		return false;
	s->phase[job] = JOB_ENDED;
	s->node[job] = 0;
	return true;
}

bool dw_job_again(struct dw_slurm *s, enum job_phase from)
{
	if (s->phase[0] != from || s->run[0] + 1 == DW_RUNS)
		return false;
	s->phase[0] = JOB_PENDING;
	s->node[0] = 0;
	s->run[0]++;
	return true;
}

/* As requests_disks.c lets him, by what vmd knows: the guest runs, and its job has the disk. */
static bool user_asks(struct dw_world *s, bool take)
{
	unsigned vm = s->slurm_seen.run[0];
	uint8_t *left = take ? &s->takes : &s->gives;

	if (!*left || s->slurm_seen.phase[0] != JOB_RUNNING || s->kube_seen.vm[vm] != DW_GUEST ||
	    s->ceph_seen.claim[0] != (take ? 1 : 0))
		return false;
	(*left)--;
	claim(s, 0, take ? CLAIM_LEAVE : CLAIM_WRITE, vm, 0);
	return true;
}

bool dw_happen(struct dw_world *s, unsigned e)
{
	bool did;

	switch (e) {
	case DW_LOST:
		if (s->kube.lost || !s->losses)
			return false;
		s->losses--;
		s->kube.lost = 1;
		return true;
	case DW_BACK: /* kubelet ends what it knows no more of */
		if (!s->kube.lost)
			return false;
		s->kube.lost = 0;
		memset(s->ghost, 0, sizeof(s->ghost));
		return true;
	case DW_AGAIN: return dw_job_again(&s->slurm, JOB_RUNNING);
	case DW_LIVES: return dw_job_again(&s->slurm, JOB_ENDED);
	case DW_STARTS_1: return dw_job_starts(&s->slurm, 0, 1, s->kube.lost);
	case DW_STARTS_2: return dw_job_starts(&s->slurm, 0, 2, s->kube.lost);
	case DW_SECOND: return dw_job_starts(&s->slurm, 1, 2, s->kube.lost);
	case DW_ENDS: return dw_job_ends(&s->slurm, 0);
	case DW_SECOND_ENDS: return dw_job_ends(&s->slurm, 1);
	case DW_TAKE: return user_asks(s, true);
	case DW_GIVE: return user_asks(s, false);
	default: break;
	}
	if (e < DW_VOLUME)
		did = boots(&s->kube, e - DW_BOOT);
	else if (e < DW_GONE)
		did = volume_changes(&s->kube, e - DW_VOLUME);
	else
		did = vm_goes(s, e - DW_GONE);
	finalize(&s->kube);
	return did;
}
