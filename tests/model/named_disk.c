/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One named disk and two jobs that ask for it: every state of its claims, of the PVC and PV by
 * which a guest gets it, of the guests, and of a fence. The first job has it, has two runs, is
 * asked to give the disk back and given it again; it may be queued again after its end; its node
 * may be lost, while its guest there writes on; the second job waits to write the disk, too, or to
 * read it. vmd has no memory: each round is that of any vmd, which knows the jobs, Kubernetes and
 * Ceph each as they were at some time, not before what was known then, and does one of the things
 * that it plans. One of them may be stopped on its way and land at any time. No two guests ever
 * have the disk of which one writes, one that has it has its claim, none that is wanted is shut
 * out; and from each state each job gets the disk in its turn, and leaves nothing. The jobs' own
 * disks are lost_node.c's matter. */
#include "tests/model/search.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_US INT64_C(1000000000)
#define JOBS   2
#define RUNS   2
#define VMS    (JOBS * RUNS) /* numbered by job, then run; so are their PVCs */
#define UIDS   3             /* so often a PVC may be made */

enum vm { NO_VM, STARTING, GUEST, GOING };
enum volume { NO_VOLUME, WANTED, HAD, LEAVING };
/* Of PVs the writers' is the first one: of its name there is one. */
enum { PV_WRITER, PV_READER, PVS = PV_READER + JOBS };

struct slurm {
	uint8_t phase[JOBS], run[JOBS], node[JOBS]; /* nodes are 1 and 2 */
};

struct kube {
	uint8_t vm[VMS], node[VMS], volume[VMS];
	uint8_t pvc[VMS], pvc_goes[VMS];               /* which of that name it is; 0 none */
	uint8_t pv_of[PVS], pv_uid[PVS], pv_goes[PVS]; /* 1 + the VM whose PVC it names; 0 none */
	uint8_t lost; /* the first node, for longer than fence_after */
};

struct ceph {
	uint8_t claim[JOBS]; /* 0 none, 1 writes, 2 reads */
	uint8_t run[JOBS];   /* whose it is */
	uint8_t leaving[JOBS];
	uint8_t mark; /* 1 + the VM that is shut out; 0 none */
};

/* An action, as far as it matters here. */
struct act {
	uint8_t kind; /* 1 + of the action; 0 none */
	uint8_t vm;   /* or job, of a claim */
	uint8_t uid;  /* of a fence: the mark that it has read; of a claim: for which run */
	uint8_t left; /* of a claim: 1 + whether it was leaving when this was decided on, and
		       * twice its run; 0 none */
	uint8_t what; /* a PV; a claim's step; a VM is made with the disk; bits of VMs to shut
		       * out; the version of a VM that is deleted */
};

struct state {
	struct slurm slurm, slurm_seen;
	struct kube kube, kube_seen;
	struct ceph ceph, ceph_seen;
	uint8_t made[VMS];     /* so many PVCs of this name */
	uint8_t fenced[VMS];   /* the VM's client of the disk is shut out */
	uint8_t released[VMS]; /* its pod was removed by force */
	uint8_t ghost[VMS]; /* a guest of which Kubernetes knows no more, and that has the disk */
	struct act late;
	uint8_t late_done;
	uint8_t losses, takes, gives; /* so often it may still happen */
};

static const char *const keys[JOBS] = {"17-9f3c12ab45de6701", "18-00000000000000aa"};
static const char *const nonces[JOBS] = {"9f3c12ab45de6701", "00000000000000aa"};
static const char *const node_names[] = {"", "n1", "n2"};
static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.delete_share_min = 8, .fence_after_s = 60};
static bool second_reads;
static unsigned settle_every = 16; /* states: that takes as long as to look at so many */

static unsigned job_of(unsigned vm)
{
	return vm / RUNS;
}

static bool reads(unsigned vm)
{
	return second_reads && job_of(vm) == 1;
}

static unsigned pv_index(unsigned vm)
{
	return reads(vm) ? PV_READER + job_of(vm) : PV_WRITER;
}

static bool is_cut_off(const struct kube *k, unsigned vm)
{
	return k->lost && k->node[vm] == 1;
}

static bool is_current(const struct slurm *s, unsigned vm)
{
	return s->run[job_of(vm)] == vm % RUNS;
}

/* ---- what vmd sees and plans ---- */

static struct plan planned;
static struct named_disk data = {.image = "vmdisk-1a2b3c4d-1000-data", .uid = 1000, .name = "data"};

static struct {
	struct job job[JOBS];
	struct vm_seen vm[VMS];
	struct disk_seen disk[JOBS];
	struct attachment attachment[JOBS];
	struct volume_seen pv[PVS + JOBS], pvc[VMS + JOBS], secret[JOBS];
	struct node_seen node[2];
} view;

static struct volume_seen *volume_see(struct volume_seen *v, unsigned job, const char *name)
{
	*v = (struct volume_seen){.version = "1"};
	(void)str_copy(v->job_key, sizeof(v->job_key), keys[job]);
	(void)str_copy(v->name, sizeof(v->name), name);
	return v;
}

static void pvc_name(unsigned vm, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "vm-%s-r%u-d-data", keys[job_of(vm)], vm % RUNS);
}

static void uid_of(unsigned vm, unsigned n, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "c%u%u", vm, n);
}

/* It changes with all that is shown of a VM. */
static unsigned version_of(const struct kube *k, unsigned vm)
{
	return k->vm[vm] * 4U + k->volume[vm];
}

static void vms_see(const struct kube *k, struct observed *seen)
{
	static const enum vm_phase phases[] = {VM_ABSENT, VM_STARTING, VM_RUNNING, VM_DELETING};

	for (unsigned i = 0; i < VMS; i++) {
		struct vm_seen *vm = &view.vm[seen->n_vm];

		if (k->vm[i] == NO_VM)
			continue;
		seen->n_vm++;
		*vm = (struct vm_seen){.phase = phases[k->vm[i]]};
		(void)str_fmt(vm->version, sizeof(vm->version), "%u", version_of(k, i));
		(void)str_copy(vm->job_key, sizeof(vm->job_key), keys[job_of(i)]);
		(void)str_fmt(vm->name, sizeof(vm->name), "vm-%s-r%u", keys[job_of(i)], i % RUNS);
		(void)str_fmt(vm->uid, sizeof(vm->uid), "u%u", i);
		if (k->vm[i] != STARTING) /* its pod has a node */
			(void)str_copy(vm->node, sizeof(vm->node), node_names[k->node[i]]);
		vm->n_volume = k->volume[i] != NO_VOLUME;
		vm->volume[0] = (struct vm_volume){.name = "disk-data",
						   .wanted = k->volume[i] != LEAVING,
						   .given = k->volume[i] >= HAD,
						   .ready = k->volume[i] == HAD};
	}
}

/* Those of its root disk come and go with the VM: many_vmd.c has them alone. */
static void root_see(const struct slurm *s, const struct kube *k, unsigned job,
		     struct observed *seen)
{
	unsigned run = s->run[job];
	struct volume_seen *v;
	char name[VM_NAME_MAX + 1];
	bool any = s->phase[job] == JOB_RUNNING;

	for (unsigned r = RUNS; r > 0; r--)
		if (k->vm[job * RUNS + r - 1] != NO_VM) {
			run = r - 1;
			any = true;
		}
	view.disk[job] = (struct disk_seen){.pool = "rbd"};
	(void)str_copy(view.disk[job].job_key, sizeof(view.disk[0].job_key), keys[job]);
	(void)str_fmt(view.disk[job].name, sizeof(view.disk[0].name), "vm-%s-root", keys[job]);
	(void)str_fmt(view.disk[job].fenced, sizeof(view.disk[0].fenced), "u%u",
		      job * RUNS + run); /* it has been, whenever that is asked */
	(void)str_fmt(name, sizeof(name), "vm-%s", keys[job]);
	(void)str_copy(volume_see(&view.secret[job], job, name)->uid, VM_UID_MAX, "s");
	if (!any)
		return;
	(void)str_fmt(name, sizeof(name), "vm-%s-r%u-root", keys[job], run);
	v = volume_see(&view.pvc[seen->n_pvc++], job, name);
	(void)str_copy(v->uid, sizeof(v->uid), "root");
	v = volume_see(&view.pv[seen->n_pv++], job, view.disk[job].name);
	(void)str_copy(v->uid, sizeof(v->uid), "pvroot");
	(void)str_copy(v->claim, sizeof(v->claim), name);
	(void)str_copy(v->claim_uid, sizeof(v->claim_uid), "root");
}

static void volumes_see(const struct kube *k, struct observed *seen)
{
	char name[VM_NAME_MAX + 1];
	struct volume_seen *v;

	for (unsigned i = 0; i < VMS; i++) {
		if (!k->pvc[i])
			continue;
		pvc_name(i, name, sizeof(name));
		v = volume_see(&view.pvc[seen->n_pvc++], job_of(i), name);
		uid_of(i, k->pvc[i], v->uid, sizeof(v->uid));
		v->deleting = k->pvc_goes[i];
	}
	for (unsigned p = 0; p < PVS; p++) {
		if (!k->pv_of[p])
			continue;
		(void)str_fmt(name, sizeof(name), "vm-%s-ro-data", keys[job_of(k->pv_of[p] - 1U)]);
		v = volume_see(&view.pv[seen->n_pv++], job_of(k->pv_of[p] - 1U),
			       p == PV_WRITER ? data.image : name);
		/* made for one PVC, so that one tells it */
		(void)str_fmt(v->uid, sizeof(v->uid), "p%u%u%u", p, k->pv_of[p] - 1U, k->pv_uid[p]);
		pvc_name(k->pv_of[p] - 1U, v->claim, sizeof(v->claim));
		uid_of(k->pv_of[p] - 1U, k->pv_uid[p], v->claim_uid, sizeof(v->claim_uid));
		v->deleting = k->pv_goes[p];
	}
}

static void claims_of(const struct ceph *c, struct disk_claims *ret)
{
	*ret = (struct disk_claims){.n = 0};
	for (unsigned i = 0; i < JOBS; i++) {
		struct disk_claim *one = &ret->claim[ret->n];

		if (!c->claim[i])
			continue;
		ret->n++;
		*one = (struct disk_claim){
			.run = c->run[i], .read_only = c->claim[i] == 2, .leaving = c->leaving[i]};
		(void)str_copy(one->job_key, sizeof(one->job_key), keys[i]);
	}
}

static void job_see(const struct slurm *s, unsigned i)
{
	struct job *j = &view.job[i];

	*j = (struct job){.id = 17 + i,
			  .uid = 1000,
			  .restarts = s->run[i],
			  .phase = (enum job_phase)s->phase[i],
			  .end = s->phase[i] == JOB_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
			  .cpus = 1,
			  .memory_bytes = UINT64_C(1) << 30,
			  .request = {.image = "tiny", .keep = VM_KEEP_ALWAYS}};
	(void)str_copy(j->request.nonce, sizeof(j->request.nonce), nonces[i]);
	(void)str_copy(j->node, sizeof(j->node), node_names[s->node[i]]);
	j->request.attach = (struct vm_attach_list){
		.n = 1, .at = {{.name = "data", .read_only = reads(i * RUNS)}}};
}

static void round_of(const struct slurm *s, const struct kube *k, const struct ceph *c)
{
	const struct plan_context context = {.catalogue = &catalogue,
					     .policy = &policy,
					     .mono_us = NOW_US,
					     .wall_s = 1700000000};
	struct desired want = {.known = true, .n = JOBS, .job = view.job};
	struct observed seen = {.vms_known = true,
				.vm = view.vm,
				.disks_known = true,
				.n_disk = JOBS,
				.disk = view.disk,
				.named_known = true,
				.n_named = 1,
				.named = &data,
				.attachment = view.attachment,
				.pvs_known = true,
				.pv = view.pv,
				.pvcs_known = true,
				.pvc = view.pvc,
				.secrets_known = true,
				.n_secret = JOBS,
				.secret = view.secret,
				.nodes_known = true,
				.n_node = 2,
				.node = view.node};

	view.node[0] = (struct node_seen){.name = "n1",
					  .lost_us = k->lost ? NOW_US - 61 * INT64_C(1000000) : 0};
	view.node[1] = (struct node_seen){.name = "n2"};
	claims_of(c, &data.claims);
	data.fenced[0] = '\0';
	if (c->mark)
		(void)str_fmt(data.fenced, sizeof(data.fenced), "u%u", c->mark - 1U);
	vms_see(k, &seen);
	for (unsigned i = 0; i < JOBS; i++) {
		job_see(s, i);
		root_see(s, k, i, &seen);
	}
	volumes_see(k, &seen);
	seen.n_attachment = attachments_count(&data, 1);
	attachments_of(&data, 1, view.attachment);
	world_sort(&want, &seen);
	plan(&want, &seen, &context, &planned);
}

/* ---- what comes of it ---- */

static unsigned key_job(const char *key)
{
	return str_eq(key, keys[1]);
}

static unsigned digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : 0;
}

static unsigned vm_by_name(const struct action *a, const char *name)
{
	uint32_t run = 0;

	(void)vm_incarnation(name, a->job_key, &run);
	return key_job(a->job_key) * RUNS + (run < RUNS ? run : RUNS - 1);
}

/* false: nothing of this world. */
static bool act_of(const struct action *a, struct act *ret)
{
	const struct disk_claim *seen;

	*ret = (struct act){.kind = (uint8_t)(a->kind + 1)};
	switch ((int)a->kind) {
	case ACT_CLAIM_DISK:
	case ACT_RELEASE_DISK:
		ret->vm = (uint8_t)key_job(a->job_key);
		ret->what = (uint8_t)a->order.step;
		ret->uid = (uint8_t)a->order.run;
		seen = disk_claim_of(&a->order.disk.claims, a->job_key);
		ret->left = seen ? (uint8_t)(1 + seen->leaving + 2 * seen->run) : 0;
		return true;
	case ACT_CREATE_PVC:
		ret->vm = (uint8_t)vm_by_name(a, a->object);
		return strstr(a->object, "-d-") != NULL;
	case ACT_CREATE_PV:
		ret->vm = (uint8_t)vm_by_name(a, a->disk.claim);
		ret->uid = (uint8_t)digit(a->disk.claim_uid[2]);
		ret->what = (uint8_t)pv_index(ret->vm);
		return a->disk.role == DISK_NAMED;
	case ACT_DELETE_PVC:
		ret->vm = (uint8_t)digit(a->uid[1]);
		ret->uid = (uint8_t)digit(a->uid[2]);
		return a->uid[0] == 'c';
	case ACT_DELETE_PV:
		ret->what = (uint8_t)digit(a->uid[1]);
		ret->vm = (uint8_t)digit(a->uid[2]);
		ret->uid = (uint8_t)digit(a->uid[3]);
		return a->uid[1] != 'v';
	case ACT_CREATE_VM:
		ret->vm = (uint8_t)vm_by_name(a, a->object);
		ret->uid = a->vm.node[1] == '1' ? 1 : 2;
		ret->what = a->vm.n_disk > 1;
		return true;
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK: ret->vm = (uint8_t)vm_by_name(a, a->vm.name); return true;
	case ACT_DELETE_VM: ret->what = (uint8_t)atoi(a->version); /* fall through */
	case ACT_RELEASE_VM: ret->vm = (uint8_t)digit(a->uid[1]); return true;
	case ACT_FENCE_DISK:
		ret->vm = (uint8_t)digit(a->uid[1]);
		return str_eq(a->object, data.image);
	default: return false;
	}
}

static bool has(const struct state *s, unsigned vm)
{
	return s->ghost[vm] ||
	       ((s->kube.vm[vm] == GUEST || s->kube.vm[vm] == GOING) && s->kube.volume[vm] >= HAD);
}

/* Finalizers: what is being deleted goes when nothing uses it any more. */
static void finalize(struct kube *k)
{
	for (unsigned i = 0; i < VMS; i++)
		if (k->pvc_goes[i] && !(k->vm[i] >= GUEST && k->volume[i] >= HAD))
			k->pvc[i] = k->pvc_goes[i] = 0;
	for (unsigned p = 0; p < PVS; p++)
		if (k->pv_goes[p] && k->pvc[k->pv_of[p] - 1] != k->pv_uid[p])
			k->pv_of[p] = k->pv_uid[p] = k->pv_goes[p] = 0;
}

static void claim(struct state *s, unsigned job, enum disk_claim_step step, unsigned run,
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
					    .read_only = reads(job * RUNS)};
	(void)str_copy(seen->job_key, sizeof(seen->job_key), keys[job]);
	(void)str_copy(o.job_key, sizeof(o.job_key), keys[job]);
	claims_of(&s->ceph, &claims);
	if (disk_claims_step(&claims, &o, &e) < 0)
		return;
	memset(s->ceph.claim, 0, sizeof(s->ceph.claim));
	memset(s->ceph.leaving, 0, sizeof(s->ceph.leaving));
	memset(s->ceph.run, 0, sizeof(s->ceph.run));
	for (size_t i = 0; i < claims.n; i++) {
		unsigned j = key_job(claims.claim[i].job_key);

		s->ceph.claim[j] = claims.claim[i].read_only ? 2 : 1;
		s->ceph.leaving[j] = claims.claim[i].leaving;
		s->ceph.run[j] = (uint8_t)claims.claim[i].run;
	}
}

/* Who has it open, whose it is and for whom it is fenced is read at once, or never: a fence that
 * comes late is for those. false: it is refused, or done already. */
static bool fence_begin(const struct state *s, struct act *a)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < VMS; i++)
		bits |= has(s, i) ? 1U << i : 0;
	a->what = (uint8_t)bits;
	a->uid = s->ceph.mark;
	return s->ceph.claim[job_of(a->vm)] == 1 && s->ceph.mark != a->vm + 1;
}

/* The mark is written over the one that was read, and over no other. */
static const char *fence(struct state *s, const struct act *a)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < VMS; i++) {
		if (!has(s, i) || !(a->what >> i & 1))
			continue;
		s->fenced[i] = 1;
		if (s->kube.vm[i] == GUEST && is_current(&s->slurm, i) &&
		    s->slurm.phase[job_of(i)] == JOB_RUNNING)
			wrong = "a VM that is wanted was shut out";
	}
	if (s->ceph.mark == a->uid)
		s->ceph.mark = (uint8_t)(a->vm + 1);
	return wrong;
}

/* false: nothing comes of it. */
static bool act_begin(const struct state *s, const struct action *a, struct act *ret)
{
	return act_of(a, ret) && (a->kind != ACT_FENCE_DISK || fence_begin(s, ret));
}

static const char *vm_release(struct state *s, unsigned vm)
{
	if (s->kube.vm[vm] != GOING)
		return NULL;
	s->released[vm] = 1;
	return has(s, vm) && !reads(vm) && !s->fenced[vm]
		       ? "Kubernetes was made to let go of a guest that can write"
		       : NULL;
}

static void vm_create(struct state *s, const struct act *a)
{
	bool is_marked = s->ceph.mark == a->vm + 1 ||
			 (s->late.kind == 1 + ACT_FENCE_DISK && s->late.vm == a->vm);

	if (s->kube.vm[a->vm] != NO_VM || s->ghost[a->vm] || s->fenced[a->vm] || is_marked ||
	    !a->uid)
		return; /* its uid would be a new one: not in this little world */
	s->kube.vm[a->vm] = STARTING;
	s->kube.node[a->vm] = a->uid;
	s->kube.volume[a->vm] = a->what ? WANTED : NO_VOLUME;
}

/* Refused when it is not that version any more. */
static const char *vm_delete(struct state *s, unsigned vm, unsigned version)
{
	bool wanted = is_current(&s->slurm, vm) && s->slurm.phase[job_of(vm)] == JOB_RUNNING &&
		      s->slurm.node[job_of(vm)] == s->kube.node[vm];

	if (version_of(&s->kube, vm) != version)
		return NULL;
	if (s->kube.vm[vm] == GUEST) {
		s->kube.vm[vm] = GOING;
		return wanted ? "a guest that is wanted was deleted" : NULL;
	}
	if (s->kube.vm[vm] == STARTING) { /* there is no pod to wait for */
		s->kube.vm[vm] = NO_VM;
		s->kube.node[vm] = s->kube.volume[vm] = 0;
	}
	return NULL;
}

static const char *effect(struct state *s, const struct act *a)
{
	struct kube *k = &s->kube;
	const char *wrong = NULL;

	switch ((int)a->kind - 1) {
	case ACT_CLAIM_DISK:
	case ACT_RELEASE_DISK:
		claim(s, a->vm, (enum disk_claim_step)a->what, a->uid, a->left);
		break;
	case ACT_CREATE_PVC:
		if (!k->pvc[a->vm] && s->made[a->vm] < UIDS)
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
	case ACT_DELETE_VM: wrong = vm_delete(s, a->vm, a->what); break;
	case ACT_ATTACH_DISK:
		if (k->vm[a->vm] != NO_VM && k->volume[a->vm] == NO_VOLUME)
			k->volume[a->vm] = WANTED;
		else if (k->volume[a->vm] == LEAVING)
			k->volume[a->vm] = HAD;
		break;
	case ACT_DETACH_DISK:
		if (k->volume[a->vm] == WANTED)
			k->volume[a->vm] = NO_VOLUME;
		else if (k->volume[a->vm] == HAD)
			k->volume[a->vm] = LEAVING;
		break;
	case ACT_FENCE_DISK: wrong = fence(s, a); break;
	case ACT_RELEASE_VM: wrong = vm_release(s, a->vm); break;
	default: break;
	}
	finalize(k);
	return wrong;
}

/* ---- what happens by itself ---- */

enum {
	E_LOST,
	E_BACK,
	E_AGAIN, /* the first job */
	E_LIVES,
	E_STARTS_1,
	E_STARTS_2, /* the first job, on n2 */
	E_SECOND,
	E_ENDS,
	E_SECOND_ENDS,
	E_TAKE,
	E_GIVE,
	E_BOOT,
	E_VOLUME = E_BOOT + VMS,
	E_GONE = E_VOLUME + VMS,
	EVENTS = E_GONE + VMS
};
static const char *const event_names[EVENTS] = {
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

/* kubelet: its PVC is there, stays, and a PV names it. */
static bool is_bound(const struct kube *k, unsigned vm)
{
	unsigned p = pv_index(vm);

	return k->pvc[vm] && !k->pvc_goes[vm] && k->pv_of[p] == vm + 1 &&
	       k->pv_uid[p] == k->pvc[vm];
}

/* Its root disk is bound when no other run's VM is there. */
static bool boots(struct kube *k, unsigned vm)
{
	if (k->vm[vm] != STARTING || is_cut_off(k, vm) || (k->volume[vm] && !is_bound(k, vm)))
		return false;
	for (unsigned i = 0; i < VMS; i++)
		if (i != vm && job_of(i) == job_of(vm) && k->vm[i] != NO_VM)
			return false;
	k->vm[vm] = GUEST;
	k->volume[vm] = k->volume[vm] ? HAD : NO_VOLUME;
	return true;
}

static bool volume_changes(struct kube *k, unsigned vm)
{
	if (k->vm[vm] != GUEST || is_cut_off(k, vm))
		return false;
	if (k->volume[vm] == WANTED && is_bound(k, vm))
		k->volume[vm] = HAD;
	else if (k->volume[vm] == LEAVING)
		k->volume[vm] = NO_VOLUME;
	else
		return false;
	return true;
}

static bool vm_goes(struct state *s, unsigned vm)
{
	if (s->kube.vm[vm] != GOING || (is_cut_off(&s->kube, vm) && !s->released[vm]))
		return false;
	s->ghost[vm] = is_cut_off(&s->kube, vm) && has(s, vm);
	s->kube.vm[vm] = NO_VM;
	s->kube.node[vm] = s->kube.volume[vm] = s->released[vm] = 0;
	return true;
}

static bool job_starts(struct slurm *s, unsigned job, uint8_t node, bool lost)
{
	if (s->phase[job] != JOB_PENDING || (node == 1 && lost))
		return false;
	s->phase[job] = JOB_RUNNING;
	s->node[job] = node;
	return true;
}

static bool job_ends(struct slurm *s, unsigned job)
{
	if (s->phase[job] != JOB_RUNNING)
		return false;
	s->phase[job] = JOB_ENDED;
	s->node[job] = 0;
	return true;
}

static bool job_again(struct slurm *s, enum job_phase from)
{
	if (s->phase[0] != from || s->run[0] + 1 == RUNS)
		return false;
	s->phase[0] = JOB_PENDING;
	s->node[0] = 0;
	s->run[0]++;
	return true;
}

/* As requests_disks.c lets him, by what vmd knows: the guest runs, and its job has the disk. */
static bool user_asks(struct state *s, bool take)
{
	unsigned vm = s->slurm_seen.run[0];
	uint8_t *left = take ? &s->takes : &s->gives;

	if (!*left || s->slurm_seen.phase[0] != JOB_RUNNING || s->kube_seen.vm[vm] != GUEST ||
	    s->ceph_seen.claim[0] != (take ? 1 : 0))
		return false;
	(*left)--;
	claim(s, 0, take ? CLAIM_LEAVE : CLAIM_WRITE, vm, 0);
	return true;
}

static bool happen(struct state *s, unsigned e)
{
	bool did;

	switch (e) {
	case E_LOST:
		if (s->kube.lost || !s->losses)
			return false;
		s->losses--;
		s->kube.lost = 1;
		return true;
	case E_BACK: /* kubelet ends what it knows no more of */
		if (!s->kube.lost)
			return false;
		s->kube.lost = 0;
		memset(s->ghost, 0, sizeof(s->ghost));
		return true;
	case E_AGAIN: return job_again(&s->slurm, JOB_RUNNING);
	case E_LIVES: return job_again(&s->slurm, JOB_ENDED);
	case E_STARTS_1: return job_starts(&s->slurm, 0, 1, s->kube.lost);
	case E_STARTS_2: return job_starts(&s->slurm, 0, 2, s->kube.lost);
	case E_SECOND: return job_starts(&s->slurm, 1, 2, s->kube.lost);
	case E_ENDS: return job_ends(&s->slurm, 0);
	case E_SECOND_ENDS: return job_ends(&s->slurm, 1);
	case E_TAKE: return user_asks(s, true);
	case E_GIVE: return user_asks(s, false);
	default: break;
	}
	if (e < E_VOLUME)
		did = boots(&s->kube, e - E_BOOT);
	else if (e < E_GONE)
		did = volume_changes(&s->kube, e - E_VOLUME);
	else
		did = vm_goes(s, e - E_GONE);
	finalize(&s->kube);
	return did;
}

/* ---- the rules ---- */

static const char *check(const struct state *s)
{
	for (unsigned i = 0; i < VMS; i++) {
		if (!has(s, i) || s->fenced[i] || (s->ghost[i] && reads(i)))
			continue;
		if (s->ceph.claim[job_of(i)] != (reads(i) ? 2 : 1))
			return "a guest has the disk without a claim";
		for (unsigned k = i + 1; k < VMS; k++)
			if (has(s, k) && !s->fenced[k] && !(s->ghost[k] && reads(k)) &&
			    !(reads(i) && reads(k)))
				return "two guests have the disk, and one writes";
	}
	return NULL;
}

/* The node never comes back, Slurm gives it up, and all that is asked is done. */
static const char *rest(struct state *s)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < 40 && !wrong; i++) {
		struct act a;

		round_of(&s->slurm, &s->kube, &s->ceph);
		for (size_t k = 0; k < planned.n && !wrong; k++)
			if (act_begin(s, &planned.act[k], &a))
				wrong = effect(s, &a);
		for (unsigned e = E_BOOT; e < EVENTS && !wrong; e++)
			if (happen(s, e))
				wrong = check(s);
		if (s->slurm.phase[0] == JOB_RUNNING && s->slurm.node[0] == 1 && s->kube.lost &&
		    !job_again(&s->slurm, JOB_RUNNING))
			(void)job_ends(&s->slurm, 0);
		for (unsigned j = 0; j < JOBS; j++)
			(void)job_starts(&s->slurm, j, 2, true);
	}
	return wrong;
}

static bool job_has(const struct state *s, unsigned job)
{
	return has(s, job * RUNS + s->slurm.run[job]);
}

/* VMs that were shut out, and PVCs that were made too often, cannot come again in this world. */
static bool is_worn(const struct state *s)
{
	for (unsigned i = 0; i < VMS; i++)
		if (s->made[i] == UIDS || s->fenced[i] ||
		    (s->ceph.mark == i + 1 && is_current(&s->slurm, i)))
			return true;
	return false;
}

static const char *settle(struct state s)
{
	const char *wrong = NULL;

	if (s.late.kind)
		wrong = effect(&s, &s.late);
	s.late = (struct act){.kind = 0};
	if (!wrong)
		wrong = rest(&s);
	if (!wrong && !is_worn(&s) && s.slurm.phase[0] == JOB_RUNNING &&
	    s.slurm.phase[1] == JOB_RUNNING && !job_has(&s, 0) && !job_has(&s, 1) &&
	    s.kube.vm[s.slurm.run[0]] != GUEST)
		return "two jobs wait for each other";
	(void)job_ends(&s.slurm, 0);
	if (!wrong)
		wrong = rest(&s);
	if (!wrong && !is_worn(&s) && s.slurm.phase[1] == JOB_RUNNING && !job_has(&s, 1))
		return "the second job never gets the disk";
	(void)job_ends(&s.slurm, 1);
	if (!wrong)
		wrong = rest(&s);
	if (wrong)
		return wrong;
	for (unsigned i = 0; i < VMS; i++)
		if (s.kube.vm[i] || s.kube.pvc[i])
			return "a VM or PVC stays";
	for (unsigned p = 0; p < PVS; p++)
		if (s.kube.pv_of[p])
			return "a PV stays";
	return s.ceph.claim[0] || s.ceph.claim[1] ? "a claim stays" : NULL;
}

/* ---- the search ---- */

static const char *add(struct search *search, const struct state *s, const char *how,
		       const char *wrong)
{
	search_add(search, s, how);
	return wrong ? wrong : check(s);
}

static const char *actions_add(struct search *search, const struct state *now)
{
	static struct plan p;
	const char *wrong = NULL;

	round_of(&now->slurm_seen, &now->kube_seen, &now->ceph_seen);
	p = planned;
	for (size_t k = 0; k < p.n && !wrong; k++) {
		struct state s = *now;
		struct act a;

		if (!act_begin(&s, &p.act[k], &a))
			continue;
		wrong = effect(&s, &a);
		wrong = add(search, &s, action_name(p.act[k].kind), wrong);
		if (wrong || now->late_done)
			continue;
		s = *now;
		s.late_done = 1;
		s.late = a;
		search_add(search, &s, "something is stopped on its way");
	}
	return wrong;
}

static const char *look(struct search *search, const void *state)
{
	static unsigned looked;
	const struct state *now = state;
	const char *wrong = looked++ % settle_every ? NULL : settle(*now);
	struct state s;

	if (!wrong)
		wrong = actions_add(search, now);
	for (unsigned e = 0; e < EVENTS && !wrong; e++) {
		s = *now;
		if (happen(&s, e))
			wrong = add(search, &s, event_names[e], NULL);
	}
	s = *now;
	if (s.late.kind && !wrong) {
		wrong = effect(&s, &s.late);
		s.late = (struct act){.kind = 0};
		wrong = add(search, &s, "what was stopped lands", wrong);
	}
	if (wrong)
		return wrong;
	s = *now;
	s.slurm_seen = s.slurm;
	search_add(search, &s, "a look at Slurm");
	s = *now;
	s.kube_seen = s.kube;
	search_add(search, &s, "a look at Kubernetes");
	s = *now;
	s.ceph_seen = s.ceph;
	search_add(search, &s, "a look at Ceph");
	return NULL;
}

static void print(const void *state)
{
	const struct state *s = state;

	for (unsigned j = 0; j < JOBS; j++)
		printf("#   %s is %s r%u on %s, claim %u%s;", keys[j],
		       job_phase_name((enum job_phase)s->slurm.phase[j]), s->slurm.run[j],
		       node_names[s->slurm.node[j]], s->ceph.claim[j],
		       s->ceph.leaving[j] ? " leaves" : "");
	printf("%s mark %u\n#   VMs", s->kube.lost ? " n1 is lost;" : "", s->ceph.mark);
	for (unsigned i = 0; i < VMS; i++)
		printf(" %u@%u volume %u pvc %u%s%s%s;", s->kube.vm[i], s->kube.node[i],
		       s->kube.volume[i], s->kube.pvc[i], s->kube.pvc_goes[i] ? " goes" : "",
		       s->fenced[i] ? " fenced" : "", s->ghost[i] ? " ghost" : "");
	for (unsigned p = 0; p < PVS; p++)
		printf(" pv of %u uid %u%s;", s->kube.pv_of[p], s->kube.pv_uid[p],
		       s->kube.pv_goes[p] ? " goes" : "");
	printf(" late %u of %u\n", s->late.kind, s->late.vm);
}

static bool ask(int test, bool reader, unsigned long limit)
{
	const struct search_rules rules = {sizeof(struct state), look, print};
	struct state first = {.slurm = {.phase = {JOB_RUNNING, JOB_RUNNING}, .node = {1, 2}},
			      .kube = {.vm = {GUEST},
				       .node = {1},
				       .volume = {HAD},
				       .pvc = {1},
				       .pv_of = {1},
				       .pv_uid = {1}},
			      .ceph = {.claim = {1}},
			      .made = {1},
			      .losses = 2,
			      .takes = 1,
			      .gives = 1};
	const struct search_question q = {test,
					  reader ? "a disk that one job writes and one reads"
						 : "a disk that one job writes and one writes",
					  "", "one has it at a time, each in its turn"};

	second_reads = reader;
	first.slurm_seen = first.slurm;
	first.kube_seen = first.kube;
	first.ceph_seen = first.ceph;
	return search_ask(&rules, &first, limit, &q);
}

int main(int argc, char **argv)
{
	unsigned long limit = search_limit(argc, argv, "20000");
	bool ok;

	if (limit == UINT32_MAX)
		settle_every = 1;
	printf("1..2\n");
	ok = ask(1, false, limit);
	ok = ask(2, true, limit) && ok;
	return !ok;
}
