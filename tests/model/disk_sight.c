/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See disk_world.h. What vmd sees of that world and plans, and what its actions are in the world's
 * words. */
#include "tests/model/disk_world.h"

#include "vmd/base/str.h"

#include <stdlib.h>
#include <string.h>

#define NOW_US INT64_C(1000000000)

static const char *const nonces[DW_JOBS] = {"9f3c12ab45de6701", "00000000000000aa"};
static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.delete_share_min = 8, .fence_after_s = 60};

static struct named_disk data = {.image = "vmdisk-1a2b3c4d-1000-data", .uid = 1000, .name = "data"};

static struct {
	struct job job[DW_JOBS];
	struct vm_seen vm[DW_VMS];
	struct disk_seen disk[DW_JOBS];
	struct attachment attachment[DW_JOBS];
	struct volume_seen pv[DW_PVS + DW_JOBS], pvc[DW_VMS + DW_JOBS], secret[DW_JOBS];
	struct node_seen node[2];
} view;

static struct volume_seen *volume_see(struct volume_seen *v, unsigned job, const char *name)
{
	*v = (struct volume_seen){.version = "1"};
	(void)str_copy(v->job_key, sizeof(v->job_key), dw_key[job]);
	(void)str_copy(v->name, sizeof(v->name), name);
	return v;
}

static void pvc_name(unsigned vm, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "vm-%s-r%u-d-data", dw_key[dw_job_of(vm)], vm % DW_RUNS);
}

static void uid_of(unsigned vm, unsigned n, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "c%u%u", vm, n);
}

/* It changes with all that is shown of a VM. */
unsigned dw_version_of(const struct dw_kube *k, unsigned vm)
{
	return k->vm[vm] * 4U + k->volume[vm];
}

static void vms_see(const struct dw_kube *k, struct observed *seen)
{
	static const enum vm_phase phases[] = {VM_ABSENT, VM_STARTING, VM_RUNNING, VM_DELETING};

	for (unsigned i = 0; i < DW_VMS; i++) {
		struct vm_seen *vm = &view.vm[seen->n_vm];

		if (k->vm[i] == DW_NO_VM)
			continue;
		seen->n_vm++;
		*vm = (struct vm_seen){.phase = phases[k->vm[i]]};
		(void)str_fmt(vm->version, sizeof(vm->version), "%u", dw_version_of(k, i));
		(void)str_copy(vm->job_key, sizeof(vm->job_key), dw_key[dw_job_of(i)]);
		(void)str_fmt(vm->name, sizeof(vm->name), "vm-%s-r%u", dw_key[dw_job_of(i)],
			      i % DW_RUNS);
		(void)str_fmt(vm->uid, sizeof(vm->uid), "u%u%u", i, k->gen[i]);
		if (k->vm[i] != DW_STARTING) /* its pod has a node */
			(void)str_copy(vm->node, sizeof(vm->node), dw_node[k->node[i]]);
		vm->n_volume = k->volume[i] != DW_NO_VOLUME;
		vm->volume[0] = (struct vm_volume){.name = "disk-data",
						   .wanted = k->volume[i] != DW_LEAVING,
						   .given = k->volume[i] >= DW_HAD,
						   .ready = k->volume[i] == DW_HAD};
	}
}

/* Those of its root disk come and go with the VM: many_vmd.c has them alone. */
static void root_see(const struct dw_slurm *s, const struct dw_kube *k, unsigned job,
		     struct observed *seen)
{
	unsigned run = s->run[job];
	struct volume_seen *v;
	char name[VM_NAME_MAX + 1];
	bool any = s->phase[job] == JOB_RUNNING;

	for (unsigned r = DW_RUNS; r > 0; r--)
		if (k->vm[job * DW_RUNS + r - 1] != DW_NO_VM) {
			run = r - 1;
			any = true;
		}
	view.disk[job] = (struct disk_seen){.pool = "rbd"};
	(void)str_copy(view.disk[job].job_key, sizeof(view.disk[0].job_key), dw_key[job]);
	(void)str_fmt(view.disk[job].name, sizeof(view.disk[0].name), "vm-%s-root", dw_key[job]);
	(void)str_fmt(view.disk[job].fenced, sizeof(view.disk[0].fenced), "u%u%u",
		      job * DW_RUNS + run,
		      k->gen[job * DW_RUNS + run]); /* it has been, whenever that is asked */
	(void)str_fmt(name, sizeof(name), "vm-%s", dw_key[job]);
	(void)str_copy(volume_see(&view.secret[job], job, name)->uid, VM_UID_MAX, "s");
	if (!any)
		return;
	(void)str_fmt(name, sizeof(name), "vm-%s-r%u-root", dw_key[job], run);
	v = volume_see(&view.pvc[seen->n_pvc++], job, name);
	(void)str_copy(v->uid, sizeof(v->uid), "root");
	v = volume_see(&view.pv[seen->n_pv++], job, view.disk[job].name);
	(void)str_copy(v->uid, sizeof(v->uid), "pvroot");
	(void)str_copy(v->claim, sizeof(v->claim), name);
	(void)str_copy(v->claim_uid, sizeof(v->claim_uid), "root");
}

static void volumes_see(const struct dw_kube *k, struct observed *seen)
{
	char name[VM_NAME_MAX + 1];
	struct volume_seen *v;

	for (unsigned i = 0; i < DW_VMS; i++) {
		if (!k->pvc[i])
			continue;
		pvc_name(i, name, sizeof(name));
		v = volume_see(&view.pvc[seen->n_pvc++], dw_job_of(i), name);
		uid_of(i, k->pvc[i], v->uid, sizeof(v->uid));
		v->deleting = k->pvc_goes[i];
	}
	for (unsigned p = 0; p < DW_PVS; p++) {
		if (!k->pv_of[p])
			continue;
		(void)str_fmt(name, sizeof(name), "vm-%s-ro-data",
			      dw_key[dw_job_of(k->pv_of[p] - 1U)]);
		v = volume_see(&view.pv[seen->n_pv++], dw_job_of(k->pv_of[p] - 1U),
			       p == DW_PV_WRITER ? data.image : name);
		/* made for one PVC, so that one tells it */
		(void)str_fmt(v->uid, sizeof(v->uid), "p%u%u%u", p, k->pv_of[p] - 1U, k->pv_uid[p]);
		pvc_name(k->pv_of[p] - 1U, v->claim, sizeof(v->claim));
		uid_of(k->pv_of[p] - 1U, k->pv_uid[p], v->claim_uid, sizeof(v->claim_uid));
		v->deleting = k->pv_goes[p];
	}
}

void dw_claims_of(const struct dw_ceph *c, struct disk_claims *ret)
{
	*ret = (struct disk_claims){.n = 0};
	for (unsigned i = 0; i < DW_JOBS; i++) {
		struct disk_claim *one = &ret->claim[ret->n];

		if (!c->claim[i])
			continue;
		ret->n++;
		*one = (struct disk_claim){
			.run = c->run[i], .read_only = c->claim[i] == 2, .leaving = c->leaving[i]};
		(void)str_copy(one->job_key, sizeof(one->job_key), dw_key[i]);
	}
}

static void job_see(const struct dw_slurm *s, unsigned i)
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
	(void)str_copy(j->node, sizeof(j->node), dw_node[s->node[i]]);
	j->request.attach = (struct vm_attach_list){
		.n = 1, .at = {{.name = "data", .read_only = dw_reads(i * DW_RUNS)}}};
}

const struct plan *dw_plan(const struct dw_slurm *s, const struct dw_kube *k,
			   const struct dw_ceph *c)
{
	static struct plan planned;
	const struct plan_context context = {.catalogue = &catalogue,
					     .policy = &policy,
					     .mono_us = NOW_US,
					     .wall_s = 1700000000};
	struct desired want = {.known = true, .n = DW_JOBS, .job = view.job};
	struct observed seen = {.vms_known = true,
				.vm = view.vm,
				.disks_known = true,
				.n_disk = DW_JOBS,
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
				.n_secret = DW_JOBS,
				.secret = view.secret,
				.nodes_known = true,
				.n_node = 2,
				.node = view.node};

	view.node[0] = (struct node_seen){.name = "n1",
					  .lost_us = k->lost ? NOW_US - 61 * INT64_C(1000000) : 0};
	view.node[1] = (struct node_seen){.name = "n2"};
	dw_claims_of(c, &data.claims);
	data.fenced[0] = '\0';
	if (c->mark)
		(void)str_fmt(data.fenced, sizeof(data.fenced), "u%u%u", (c->mark - 1U) % DW_VMS,
			      (c->mark - 1U) / DW_VMS);
	vms_see(k, &seen);
	for (unsigned i = 0; i < DW_JOBS; i++) {
		job_see(s, i);
		root_see(s, k, i, &seen);
	}
	volumes_see(k, &seen);
	seen.n_attachment = attachments_count(&data, 1);
	attachments_of(&data, 1, view.attachment);
	world_sort(&want, &seen);
	plan(&want, &seen, &context, &planned);
	return &planned;
}

/* ---- what it asks for ---- */

unsigned dw_key_job(const char *key)
{
	return str_eq(key, dw_key[1]);
}

static unsigned digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : 0;
}

static unsigned vm_by_name(const struct action *a, const char *name)
{
	uint32_t run = 0;

	(void)vm_incarnation(name, a->job_key, &run);
	return dw_key_job(a->job_key) * DW_RUNS + (run < DW_RUNS ? run : DW_RUNS - 1);
}

bool dw_act_of(const struct action *a, struct dw_act *ret)
{
	const struct disk_claim *seen;

	*ret = (struct dw_act){.kind = (uint8_t)(a->kind + 1)};
	switch ((int)a->kind) {
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM:
		ret->vm = (uint8_t)dw_key_job(a->job_key);
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
		ret->what = (uint8_t)dw_pv_index(ret->vm);
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
	case ACT_FORCE_DELETE_POD:
		ret->vm = (uint8_t)digit(a->uid[1]);
		ret->gen = (uint8_t)digit(a->uid[2]);
		return true;
	case ACT_FENCE_DISK:
		ret->vm = (uint8_t)digit(a->uid[1]);
		ret->gen = (uint8_t)digit(a->uid[2]);
		return str_eq(a->object, data.image);
	default: return false;
	}
}
