/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node is lost with a job's guest on it: every state of one job with three runs, two nodes and
 * two disks. The first node may be lost, come back, and be lost again; a guest there writes on
 * whatever Kubernetes and Slurm believe. vmd has no memory: each round is that of any vmd, which
 * knows the job, the VMs with the nodes, and the disks' marks each as they were at some time, and
 * does one of the things that it plans. One fence, or one pod's deletion by force, may be stopped
 * on its way beside and land at any time. Never may a guest begin beside one that can still write,
 * nor one be fenced that is wanted; and from each state the job's next run gets its VM, though the
 * node never comes back.
 */
#include "tests/model/search.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY    "17-9f3c12ab45de6701"
#define NOW_US INT64_C(1000000000)
#define RUNS   3
#define DISKS  2

enum vm { NO_VM, STARTING, GUEST, GOING };

struct slurm {
	uint8_t phase, run, node; /* nodes are 1 and 2 */
};

struct kube {
	uint8_t vm[RUNS], node[RUNS]; /* of each run's VM; its uid is its run's number */
	uint8_t lost;                 /* the first node, for longer than fence_after */
};

struct ceph {
	uint8_t mark[DISKS]; /* 1 + the run of the VM that is shut out; 0 none */
};

struct late {
	uint8_t kind; /* 1 + of the action; 0 none */
	uint8_t run, disk;
};

struct state {
	struct slurm slurm, slurm_seen;
	struct kube kube, kube_seen;
	struct ceph ceph, ceph_seen;
	uint8_t writes[RUNS];  /* bit per disk: the VM's clients are not shut out from it */
	uint8_t podless[RUNS]; /* its pod was removed by force */
	uint8_t ghost[RUNS];   /* a guest of which Kubernetes knows no more */
	struct late late;
	uint8_t late_done;
	uint8_t losses; /* how often the node may still be lost */
};

static const char *const disk_names[DISKS] = {"vm-" KEY "-root", "vm-" KEY "-scratch"};
static const char *const node_names[] = {"", "n1", "n2"};
static struct image image = {
	.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}, .scratch_max_bytes = 2};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.delete_share_min = 8, .fence_after_s = 60};

static bool is_cut_off(const struct kube *k, unsigned run)
{
	return k->lost && k->node[run] == 1;
}

/* ---- what vmd sees and plans ---- */

static struct plan planned;

static void volume_see(struct volume_seen *v, const char *name, const char *uid)
{
	*v = (struct volume_seen){.version = "1", .job_key = KEY};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->uid, sizeof(v->uid), uid);
}

static size_t vms_see(const struct kube *k, struct vm_seen *vm)
{
	static const enum vm_phase phases[] = {VM_ABSENT, VM_STARTING, VM_RUNNING, VM_DELETING};
	size_t n = 0;

	for (unsigned run = 0; run < RUNS; run++) {
		if (k->vm[run] == NO_VM)
			continue;
		vm[n] = (struct vm_seen){
			.version = "1", .job_key = KEY, .phase = phases[k->vm[run]]};
		(void)str_fmt(vm[n].name, sizeof(vm[n].name), "vm-" KEY "-r%u", run);
		(void)str_fmt(vm[n].uid, sizeof(vm[n].uid), "u%u", run);
		(void)str_copy(vm[n++].node, sizeof(vm[n].node), node_names[k->node[run]]);
	}
	return n;
}

static void round_of(const struct slurm *s, const struct kube *k, const struct ceph *c)
{
	static struct vm_seen vm[RUNS];
	static struct disk_seen disk[DISKS];
	static struct volume_seen pv[DISKS], pvc[DISKS], secret;
	struct node_seen node[] = {
		{.name = "n1", .lost_us = k->lost ? NOW_US - 61 * INT64_C(1000000) : 0},
		{.name = "n2"}};
	struct job job = {.id = 17,
			  .restarts = s->run,
			  .phase = (enum job_phase)s->phase,
			  .end = s->phase == JOB_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
			  .cpus = 1,
			  .memory_bytes = UINT64_C(1) << 30,
			  .request = {.image = "tiny",
				      .nonce = "9f3c12ab45de6701",
				      .keep = VM_KEEP_ALWAYS,
				      .scratch_bytes = 1}};
	const struct plan_context context = {.catalogue = &catalogue,
					     .policy = &policy,
					     .mono_us = NOW_US,
					     .wall_s = 1700000000};
	struct desired want = {.known = true, .n = 1, .job = &job};
	struct observed seen = {.vms_known = true,
				.vm = vm,
				.disks_known = true,
				.named_known = true,
				.n_disk = DISKS,
				.disk = disk,
				.pvs_known = true,
				.pv = pv,
				.pvcs_known = true,
				.pvc = pvc,
				.secrets_known = true,
				.n_secret = 1,
				.secret = &secret,
				.nodes_known = true,
				.n_node = 2,
				.node = node};
	unsigned run = 0;

	while (run < RUNS && k->vm[run] == NO_VM)
		run++;
	if (run == RUNS)
		run = s->run;
	(void)str_copy(job.node, sizeof(job.node), node_names[s->node]);
	seen.n_vm = vms_see(k, vm);
	for (unsigned i = 0; i < DISKS; i++) {
		char claim[VM_NAME_MAX + 1];

		disk[i] = (struct disk_seen){.job_key = KEY, .pool = "rbd"};
		(void)str_copy(disk[i].name, sizeof(disk[i].name), disk_names[i]);
		if (c->mark[i])
			(void)str_fmt(disk[i].fenced, sizeof(disk[i].fenced), "u%u",
				      c->mark[i] - 1U);
		/* the volumes come and go with the VM: many_vmd.c has them alone */
		(void)str_fmt(claim, sizeof(claim), "vm-" KEY "-r%u-%s", run,
			      i ? "scratch" : "root");
		volume_see(&pvc[i], claim, i ? "claim-scratch" : "claim-root");
		volume_see(&pv[i], disk_names[i], "pv");
		(void)str_copy(pv[i].claim, sizeof(pv[i].claim), claim);
		(void)str_copy(pv[i].claim_uid, sizeof(pv[i].claim_uid), pvc[i].uid);
	}
	seen.n_pv = seen.n_pvc = seen.n_vm || s->phase == JOB_RUNNING ? DISKS : 0;
	volume_see(&secret, "vm-" KEY, "secret");
	plan(&want, &seen, &context, &planned);
}

/* ---- what comes of it ---- */

static const char *fence(struct state *s, unsigned run, unsigned disk)
{
	bool wanted = s->slurm.phase == JOB_RUNNING && s->slurm.run == run;

	s->ceph.mark[disk] = (uint8_t)(run + 1);
	s->writes[run] &= (uint8_t) ~(1U << disk);
	return wanted && s->kube.vm[run] != GOING && s->kube.vm[run] != NO_VM
		       ? "a VM that is wanted was fenced"
		       : NULL;
}

static void force_delete(struct state *s, unsigned run)
{
	if (s->kube.vm[run] == GOING)
		s->podless[run] = 1;
}

static unsigned run_of(const struct action *a)
{
	uint32_t run = 0;

	(void)vm_incarnation(a->object, KEY, &run);
	return run;
}

static unsigned uid_run(const char *uid)
{
	return uid[1] >= '0' && uid[1] < '0' + RUNS ? (unsigned)(uid[1] - '0') : 0;
}

static const char *effect(struct state *s, const struct action *a)
{
	unsigned run;

	switch ((int)a->kind) {
	case ACT_CREATE_VM:
		run = run_of(a);
		if (run >= RUNS || s->kube.vm[run] != NO_VM || s->ghost[run])
			return NULL; /* its uid would be a new one: not in this little world */
		s->kube.vm[run] = STARTING;
		s->kube.node[run] = a->vm.node[1] == '1' ? 1 : 2;
		return NULL;
	case ACT_DELETE_VM:
		run = uid_run(a->uid);
		if (s->kube.vm[run] == GUEST || is_cut_off(&s->kube, run))
			s->kube.vm[run] = s->kube.vm[run] == NO_VM ? NO_VM : GOING;
		else if (s->kube.vm[run] == STARTING)
			s->kube.vm[run] = NO_VM;
		return NULL;
	case ACT_FENCE_DISK: return fence(s, uid_run(a->uid), str_eq(a->object, disk_names[1]));
	case ACT_FORCE_DELETE_POD: force_delete(s, uid_run(a->uid)); return NULL;
	default: return NULL; /* not of a lost node */
	}
}

/* ---- what happens by itself ---- */

enum {
	E_LOST,
	E_BACK,
	E_QUEUED_AGAIN,
	E_STARTS_1,
	E_STARTS_2,
	E_ENDS,
	E_BOOT,
	E_GONE = E_BOOT + RUNS,
	EVENTS = E_GONE + RUNS
};
static const char *const event_names[EVENTS] = {
	"the node is lost",           "the node is back",
	"Slurm queues the job again", "the job starts on n1",
	"the job starts on n2",       "the job ends",
	"the first VM's guest boots", "the second VM's guest boots",
	"the third VM's guest boots", "the first VM is gone",
	"the second VM is gone",      "the third VM is gone"};

/* kubelet: the PVC of the run is bound, so no other run's VM is there. */
static bool boots(struct state *s, unsigned run, const char **ret_wrong)
{
	if (s->kube.vm[run] != STARTING || is_cut_off(&s->kube, run))
		return false;
	for (unsigned i = 0; i < RUNS; i++)
		if (i != run && s->kube.vm[i] != NO_VM)
			return false;
	s->kube.vm[run] = GUEST;
	s->writes[run] = (1U << DISKS) - 1;
	for (unsigned i = 0; i < RUNS; i++)
		if (s->ghost[i] && s->writes[i])
			*ret_wrong = "a guest began while another one can write";
	return true;
}

static bool vm_goes(struct state *s, unsigned run)
{
	if (s->kube.vm[run] != GOING || (is_cut_off(&s->kube, run) && !s->podless[run]))
		return false;
	s->ghost[run] = is_cut_off(&s->kube, run);
	s->kube.vm[run] = NO_VM;
	s->kube.node[run] = s->podless[run] = 0;
	return true;
}

static bool job_starts(struct state *s, uint8_t node)
{
	if (s->slurm.phase != JOB_PENDING || (node == 1 && s->kube.lost))
		return false;
	s->slurm.phase = JOB_RUNNING;
	s->slurm.node = node;
	return true;
}

static bool happen(struct state *s, unsigned e, const char **ret_wrong)
{
	*ret_wrong = NULL;
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
	case E_QUEUED_AGAIN:
		if (s->slurm.phase != JOB_RUNNING || s->slurm.run + 1 == RUNS)
			return false;
		s->slurm.phase = JOB_PENDING;
		s->slurm.node = 0;
		s->slurm.run++;
		return true;
	case E_STARTS_1: return job_starts(s, 1);
	case E_STARTS_2: return job_starts(s, 2);
	case E_ENDS:
		if (s->slurm.phase != JOB_RUNNING)
			return false;
		s->slurm.phase = JOB_ENDED;
		s->slurm.node = 0;
		return true;
	default: break;
	}
	return e < E_GONE ? boots(s, e - E_BOOT, ret_wrong) : vm_goes(s, e - E_GONE);
}

static void late_land(struct state *s, const char **ret_wrong)
{
	if (s->late.kind == ACT_FENCE_DISK + 1)
		*ret_wrong = fence(s, s->late.run, s->late.disk);
	else
		force_delete(s, s->late.run);
	s->late = (struct late){.kind = 0};
}

/* ---- the search ---- */

/* The node never comes back, Slurm gives it up, and all that is asked is done. */
static const char *settle(struct state s)
{
	const char *wrong = NULL;

	if (s.late.kind)
		late_land(&s, &wrong);
	for (unsigned i = 0; i < 30 && !wrong; i++) {
		round_of(&s.slurm, &s.kube, &s.ceph);
		for (size_t k = 0; k < planned.n && !wrong; k++)
			wrong = effect(&s, &planned.act[k]);
		for (unsigned e = E_BOOT; e < EVENTS && !wrong; e++)
			(void)happen(&s, e, &wrong);
		if (s.slurm.phase == JOB_RUNNING && s.slurm.node == 1 && s.kube.lost)
			if (!happen(&s, E_QUEUED_AGAIN, &wrong))
				(void)happen(&s, E_ENDS, &wrong);
		(void)job_starts(&s, 2);
	}
	if (wrong)
		return wrong;
	for (unsigned run = 0; run < RUNS; run++)
		if (s.kube.vm[run] && (s.slurm.phase == JOB_ENDED || run != s.slurm.run))
			return "a VM of an ended run stays";
	if (s.slurm.phase != JOB_ENDED && s.kube.vm[s.slurm.run] != GUEST && !s.ghost[s.slurm.run])
		return "the job's VM does not come";
	return NULL;
}

static const char *look(struct search *search, const void *state)
{
	const struct state *now = state;
	const char *wrong = settle(*now);
	struct state s;

	if (wrong)
		return wrong;
	round_of(&now->slurm_seen, &now->kube_seen, &now->ceph_seen);
	for (size_t k = 0; k < planned.n; k++) {
		const struct action *a = &planned.act[k];

		s = *now;
		wrong = effect(&s, a);
		search_add(search, &s, action_name(a->kind));
		if (wrong)
			return wrong;
		if (now->late_done ||
		    (a->kind != ACT_FENCE_DISK && a->kind != ACT_FORCE_DELETE_POD))
			continue;
		s = *now;
		s.late_done = 1;
		s.late = (struct late){.kind = (uint8_t)(a->kind + 1),
				       .run = (uint8_t)uid_run(a->uid),
				       .disk = str_eq(a->object, disk_names[1])};
		search_add(search, &s, "something is stopped on its way");
	}
	for (unsigned e = 0; e < EVENTS; e++) {
		s = *now;
		if (!happen(&s, e, &wrong))
			continue;
		search_add(search, &s, event_names[e]);
		if (wrong)
			return wrong;
	}
	s = *now;
	if (s.late.kind) {
		late_land(&s, &wrong);
		search_add(search, &s, "what was stopped lands");
		if (wrong)
			return wrong;
	}
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

	printf("#   job %s r%u on %s%s; marks %u %u; VMs",
	       job_phase_name((enum job_phase)s->slurm.phase), s->slurm.run,
	       node_names[s->slurm.node], s->kube.lost ? ", n1 is lost" : "", s->ceph.mark[0],
	       s->ceph.mark[1]);
	for (unsigned i = 0; i < RUNS; i++)
		printf(" %u@%u writes %u ghost %u;", s->kube.vm[i], s->kube.node[i], s->writes[i],
		       s->ghost[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	const struct search_rules rules = {sizeof(struct state), look, print};
	struct state first = {.slurm = {.phase = JOB_RUNNING, .node = 1},
			      .kube = {.vm = {GUEST}, .node = {1}},
			      .writes = {(1U << DISKS) - 1},
			      .losses = 2};
	const struct search_question q = {1, "a job whose node is lost", "",
					  "one guest writes, each gets its VM"};

	first.slurm_seen = first.slurm;
	first.kube_seen = first.kube;
	printf("1..1\n");
	return !search_ask(&rules, &first, search_limit(argc, argv, "80000"), &q);
}
