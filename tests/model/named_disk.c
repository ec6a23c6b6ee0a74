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
#include "tests/model/disk_world.h"
#include "tests/model/search.h"
#include "vmd/reconcile/plan.h"

#include <stdio.h>
#include <string.h>

static unsigned settle_every = 16; /* states: that takes as long as to look at so many */

static const char *check(const struct dw_world *s)
{
	for (unsigned i = 0; i < DW_VMS; i++) {
		if (!dw_has(s, i) || s->fenced[i] || (s->ghost[i] && dw_reads(i)))
			continue;
		if (s->ceph.claim[dw_job_of(i)] != (dw_reads(i) ? 2 : 1))
			return "a guest has the disk without a claim";
		for (unsigned k = i + 1; k < DW_VMS; k++)
			if (dw_has(s, k) && !s->fenced[k] && !(s->ghost[k] && dw_reads(k)) &&
			    !(dw_reads(i) && dw_reads(k)))
				return "two guests have the disk, and one writes";
	}
	return NULL;
}

/* The node never comes back, Slurm gives it up, and all that is asked is done. */
static const char *rest(struct dw_world *s)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < 40 && !wrong; i++) {
		const struct plan *p = dw_plan(&s->slurm, &s->kube, &s->ceph);
		struct dw_act a;

		for (size_t k = 0; k < p->n && !wrong; k++)
			if (dw_begin(s, &p->act[k], &a))
				wrong = dw_effect(s, &a);
		for (unsigned e = DW_BOOT; e < DW_EVENTS && !wrong; e++)
			if (dw_happen(s, e))
				wrong = check(s);
		if (s->slurm.phase[0] == JOB_RUNNING && s->slurm.node[0] == 1 && s->kube.lost &&
		    !dw_job_again(&s->slurm, JOB_RUNNING))
			(void)dw_job_ends(&s->slurm, 0);
		for (unsigned j = 0; j < DW_JOBS; j++)
			(void)dw_job_starts(&s->slurm, j, 2, true);
	}
	return wrong;
}

static bool job_has(const struct dw_world *s, unsigned job)
{
	return dw_has(s, job * DW_RUNS + s->slurm.run[job]);
}

/* VMs that were shut out, and VMs and PVCs that were made too often, cannot come again in this
 * world. */
static bool is_worn(const struct dw_world *s)
{
	for (unsigned i = 0; i < DW_VMS; i++)
		if (s->made[i] == DW_UIDS || s->kube.gen[i] == DW_MADE || s->fenced[i])
			return true;
	return false;
}

static const char *settle(struct dw_world s)
{
	const char *wrong = NULL;

	if (s.late.kind)
		wrong = dw_effect(&s, &s.late);
	s.late = (struct dw_act){.kind = 0};
	if (!wrong)
		wrong = rest(&s);
	if (!wrong && !is_worn(&s) && s.slurm.phase[0] == JOB_RUNNING &&
	    s.slurm.phase[1] == JOB_RUNNING && !job_has(&s, 0) && !job_has(&s, 1) &&
	    s.kube.vm[s.slurm.run[0]] != DW_GUEST)
		return "two jobs wait for each other";
	(void)dw_job_ends(&s.slurm, 0);
	if (!wrong)
		wrong = rest(&s);
	if (!wrong && !is_worn(&s) && s.slurm.phase[1] == JOB_RUNNING && !job_has(&s, 1))
		return "the second job never gets the disk";
	(void)dw_job_ends(&s.slurm, 1);
	if (!wrong)
		wrong = rest(&s);
	if (wrong)
		return wrong;
	for (unsigned i = 0; i < DW_VMS; i++)
		if (s.kube.vm[i] || s.kube.pvc[i])
			return "a VM or PVC stays";
	for (unsigned p = 0; p < DW_PVS; p++)
		if (s.kube.pv_of[p])
			return "a PV stays";
	return s.ceph.claim[0] || s.ceph.claim[1] ? "a claim stays" : NULL;
}

/* ---- the search ---- */

static const char *add(struct search *search, const struct dw_world *s, const char *how,
		       const char *wrong)
{
	search_add(search, s, how);
	return wrong ? wrong : check(s);
}

static const char *actions_add(struct search *search, const struct dw_world *now)
{
	const struct plan *p = dw_plan(&now->slurm_seen, &now->kube_seen, &now->ceph_seen);
	const char *wrong = NULL;

	for (size_t k = 0; k < p->n && !wrong; k++) {
		struct dw_world s = *now;
		struct dw_act a;

		if (!dw_begin(&s, &p->act[k], &a))
			continue;
		wrong = dw_effect(&s, &a);
		wrong = add(search, &s, action_name(p->act[k].kind), wrong);
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
	const struct dw_world *now = state;
	const char *wrong = looked++ % settle_every ? NULL : settle(*now);
	struct dw_world s;

	if (!wrong)
		wrong = actions_add(search, now);
	for (unsigned e = 0; e < DW_EVENTS && !wrong; e++) {
		s = *now;
		if (dw_happen(&s, e))
			wrong = add(search, &s, dw_event_name(e), NULL);
	}
	s = *now;
	if (s.late.kind && !wrong) {
		wrong = dw_effect(&s, &s.late);
		s.late = (struct dw_act){.kind = 0};
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
	const struct dw_world *s = state;

	for (unsigned j = 0; j < DW_JOBS; j++)
		printf("#   %s is %s r%u on %s, claim %u%s;", dw_key[j],
		       job_phase_name((enum job_phase)s->slurm.phase[j]), s->slurm.run[j],
		       dw_node[s->slurm.node[j]], s->ceph.claim[j],
		       s->ceph.leaving[j] ? " leaves" : "");
	printf("%s mark %u\n#   VMs", s->kube.lost ? " n1 is lost;" : "", s->ceph.mark);
	for (unsigned i = 0; i < DW_VMS; i++)
		printf(" %u@%u volume %u pvc %u%s%s%s;", s->kube.vm[i], s->kube.node[i],
		       s->kube.volume[i], s->kube.pvc[i], s->kube.pvc_goes[i] ? " goes" : "",
		       s->fenced[i] ? " fenced" : "", s->ghost[i] ? " ghost" : "");
	for (unsigned p = 0; p < DW_PVS; p++)
		printf(" pv of %u uid %u%s;", s->kube.pv_of[p], s->kube.pv_uid[p],
		       s->kube.pv_goes[p] ? " goes" : "");
	printf(" late %u of %u\n", s->late.kind, s->late.vm);
}

static bool ask(int test, bool reader, unsigned long limit)
{
	const struct search_rules rules = {sizeof(struct dw_world), look, print};
	struct dw_world first = {.slurm = {.phase = {JOB_RUNNING, JOB_RUNNING}, .node = {1, 2}},
				 .kube = {.vm = {DW_GUEST},
					  .node = {1},
					  .gen = {1},
					  .volume = {DW_HAD},
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

	dw_second_reads = reader;
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
