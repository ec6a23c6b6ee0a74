/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks of jobs: a row for every rule. The words are explained in little_world.h. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* clang-format off */
static const struct little_row rows[] = {
	/* before the VM is made */
	{"the claim comes first", "running attach", ALL " named", "", "claim-disk"},
	{"then the PVC", "running attach", ALL " named:claimed", "", "create-pvc:r0-d-data"},
	{"then the PV", "running attach", ALL " named:claimed pvcd", "", "create-pv"},
	{"then the VM", "running attach", ALL " named:claimed pvcd pvd", "", "create-vm:r0"},
	{"no VM while the claim is under way", "running attach", ALL " named", "~claim-disk", ""},
	{"nor when it is believed and not seen", "running attach", ALL " named", "+claim-disk", ""},
	{"one whose answer was lost is made again", "running attach", ALL " named", "!claim-disk",
	 "claim-disk"},
	{"another job writes it: waited for", "running attach", ALL " named:others", "", ""},
	{"... to read, too", "running attach:ro", ALL " named:others", "", ""},
	{"... whose PV could not be made beside one of ours that was late", "running attach",
	 ALL " named:others pvd", "", "delete-pv"},
	{"... with its PVC, which keeps it", "running attach", ALL " named:others pvcd pvd", "",
	 "delete-pvc:r0-d-data"},
	{"... a PVC alone is in nobody's way", "running attach", ALL " named:others pvcd", "", ""},
	{"... also of a job that asks for none", "running", ALL " named:others pvd", "",
	 "delete-pv create-vm:r0"},
	{"... not while its claim may come up", "running attach", ALL " named:others pvd",
	 "!claim-disk", ""},
	{"... nor while nobody knows the claims", "running attach", ALL " named:others ?named pvd",
	 "", ""},
	{"nobody else has it: ours may be there", "running attach", ALL " named pvd", "",
	 "claim-disk"},
	{"others read it: waited for, to write", "running attach", ALL " named:othersread", "", ""},
	{"... but not to read", "running attach:ro", ALL " named:othersread", "", "claim-disk"},
	{"a reader has a PV of his own", "running attach:ro", ALL " named:reads pvcd", "",
	 "create-pv:ro-data"},
	{"... and a VM", "running attach:ro", ALL " named:both pvcd pvro", "", "create-vm:r0"},
	{"what is not asked for is not claimed", "running", ALL " named", "", "create-vm:r0"},
	{"what is claimed is had, without being asked for", "running", ALL " named:claimed", "",
	 "create-pvc:r0-d-data"},
	{"another job's claim is no matter", "running", ALL " named:others", "", "create-vm:r0"},
	{"no such disk: nothing is made up", "running attach", ALL, "", ""},
	{"another user's is none of his", "running attach bob", ALL " named", "", ""},
	{"one that cannot be read is not claimed", "running attach", ALL " named:unreadable", "",
	 ""},
	{"nobody knows the disks: no VM for who asks", "running attach", ALL " named ?named", "",
	 ""},
	{"... but for who does not", "running", ALL " ?named", "", "create-vm:r0"},
	{"one that leaves is let go of, then had again", "running attach", ALL " named:leaving", "",
	 "drop-claim"},
	{"... but the PVC goes first: a VM that is not seen yet may have it", "running attach",
	 ALL " named:leaving pvcd pvd", "", "delete-pvc:r0-d-data"},
	{"then the PV", "running attach", ALL " named:leaving pvd", "", "delete-pv"},
	{"not while a PVC may come up", "running attach", ALL " named:leaving", "!create-pvc", ""},
	{"nor while the PVCs are not known", "running attach", ALL " named:leaving ?pvcs", "", ""},
	{"... and is not given to a VM", "running", ALL " named:leaving", "", "create-vm:r0"},
	{"the VM is there: nothing is claimed", "running attach", "vm0:running " ALL " named", "",
	 ""},

	/* while the guest runs */
	{"claimed since: the PVC first", "running", "vm0:running " ALL " named:claimed", "",
	 "create-pvc:r0-d-data"},
	{"then the PV", "running", "vm0:running " ALL " named:claimed pvcd", "", "create-pv"},
	{"then the guest gets it", "running", "vm0:running " ALL " named:claimed pvcd pvd", "",
	 "attach-disk"},
	{"not twice", "running", "vm0:running " ALL " named:claimed pvcd pvd", "~attach-disk", ""},
	{"again when it was accepted long ago and is not seen: twice is refused", "running",
	 "vm0:running " ALL " named:claimed pvcd pvd", "+attach-disk", "attach-disk"},
	{"again when the answer was lost", "running", "vm0:running " ALL " named:claimed pvcd pvd",
	 "!attach-disk", "attach-disk"},
	{"Kubernetes brings it", "running", "vm0:running vol:wanted " ALL " named:claimed pvcd pvd",
	 "", ""},
	{"it has it", "running", "vm0:running vol " ALL " named:claimed pvcd pvd", "", ""},
	{"taken out by hand: it is given again", "running",
	 "vm0:running vol:given " ALL " named:claimed pvcd pvd", "", "attach-disk"},
	{"not before it runs", "running", "vm0:starting " ALL " named:claimed", "", ""},
	{"a VM that waits for a disk has all to boot", "running attach",
	 "vm0:starting vol:wanted " ALL " named:claimed pvcd pvd", "", ""},
	{"one that waits in vain, whose create was late, goes and is made anew", "running attach",
	 "vm0:starting vol:wanted " ALL " named", "", "delete-vm:r0"},
	{"... whatever the claims say, which may be old", "running attach",
	 "vm0:starting vol:wanted " ALL " named:claimed", "", "delete-vm:r0"},
	{"... also if it is to be given back", "running",
	 "vm0:starting vol:wanted " ALL " named:leaving", "", "delete-vm:r0"},
	{"... also if its PV was made for an earlier PVC", "running",
	 "vm0:starting vol:wanted " ALL " named:leaving pvcd pvd:other", "", "delete-vm:r0"},
	{"... or there is none", "running",
	 "vm0:starting vol:wanted " ALL " named:leaving pvcd", "", "delete-vm:r0"},
	{"... or its PVC goes", "running",
	 "vm0:starting vol:wanted " ALL " named:leaving pvcd:deleting pvd", "", "delete-vm:r0"},
	{"not while a PVC may come up", "running", "vm0:starting vol:wanted " ALL " named",
	 "!create-pvc", ""},
	{"nor a PV", "running", "vm0:starting vol:wanted " ALL " named pvcd", "!create-pv", ""},
	{"nor while the PVCs are not known", "running",
	 "vm0:starting vol:wanted " ALL " named ?pvcs", "", ""},
	{"nor the PVs", "running", "vm0:starting vol:wanted " ALL " named pvcd ?pvs", "", ""},
	{"nor while nobody knows the claims", "running",
	 "vm0:starting vol:wanted " ALL " named ?named", "", ""},
	{"not to one that goes", "running", "vm0:deleting " ALL " named:claimed", "", ""},
	{"not to one that is to move", "running", "vm0:running@n2 " ALL " named:claimed", "",
	 "point-vm:r0"},
	{"to be given back: from the guest first", "running",
	 "vm0:running vol " ALL " named:leaving pvcd pvd", "", "detach-disk"},
	{"also while it is brought", "running",
	 "vm0:running vol:wanted " ALL " named:leaving pvcd pvd", "", "detach-disk"},
	{"Kubernetes takes it", "running", "vm0:running vol:given " ALL " named:leaving pvcd pvd", "",
	 ""},
	{"then the PVC", "running", "vm0:running " ALL " named:leaving pvcd pvd", "",
	 "delete-pvc:r0-d-data"},
	{"then the PV", "running", "vm0:running " ALL " named:leaving pvd", "", "delete-pv"},
	{"then the claim", "running", "vm0:running " ALL " named:leaving", "", "drop-claim"},
	{"not while a PVC may come up", "running", "vm0:running " ALL " named:leaving",
	 "!create-pvc", ""},
	{"nor while the PVCs are not known", "running", "vm0:running " ALL " named:leaving ?pvcs", "",
	 ""},
	{"nor the PVs", "running", "vm0:running " ALL " named:leaving ?pvs", "", ""},
	{"what was asked for too late leads nowhere", "running", "vm0:running vol:wanted " ALL, "",
	 "detach-disk"},
	{"its PV goes when another job has the disk", "running", "vm0:running " ALL " named:others pvd",
	 "", "delete-pv"},
	{"... but not from a guest that has it", "running",
	 "vm0:running vol " ALL " named:others pvcd pvd", "", ""},
	{"... but nobody loses a disk that he has", "running", "vm0:running vol " ALL, "", ""},
	{"... nor while nobody knows the claims", "running", "vm0:running vol:wanted " ALL " ?named",
	 "", ""},

	/* a scratch disk that came since */
	{"it is there: its PVC", "running", "vm0:running " ALL " extra", "",
	 "create-pvc:r0-d-scratch1"},
	{"its PV", "running", "vm0:running " ALL " extra pvce", "", "create-pv:scratch1"},
	{"the guest gets it", "running", "vm0:running " ALL " extra pvce pve", "", "attach-disk"},
	{"the guest has it", "running", "vm0:running volx " ALL " extra pvce pve", "", ""},
	{"nobody knows the disks: nothing", "running", "vm0:running " ALL " extra ?disks", "", ""},
	{"its next run has it, too", "running r1", "disk pv1 pvc1 secret extra", "",
	 "create-pvc:r1-d-scratch1"},
	{"to be given back: from the guest", "running",
	 "vm0:running volx " ALL " extra:removing pvce pve", "", "detach-disk"},
	{"the PVC", "running", "vm0:running " ALL " extra:removing pvce pve", "",
	 "delete-pvc:r0-d-scratch1"},
	{"the PV", "running", "vm0:running " ALL " extra:removing pve", "", "delete-pv:scratch1"},
	{"and the disk", "running", "vm0:running " ALL " extra:removing", "",
	 "remove-disk:scratch1"},
	{"it goes with its job", "ended normal", "secret extra", "", "remove-disk:scratch1"},
	{"... as do its claims, side by side", "ended normal", "secret extra named:claimed", "",
	 "drop-claim remove-disk:scratch1"},
	{"it is fenced once, as one of the job's", "pending r1",
	 "vm0:deleting disk:fenced extra pv n1:lost", "", "fence-disk:scratch1"},

	/* over a requeue, to the end */
	{"a job that waits keeps its claim", "pending r1", ALL " named:claimed", "",
	 "delete-pvc:r0-root"},
	{"so does one that ends", "ending", "disk secret named:claimed", "", ""},
	{"its next run makes it its own", "running r1", "disk pv1 pvc1 secret named:claimed", "",
	 "claim-disk"},
	{"... also one that the job asked for", "running r1 attach",
	 "disk pv1 pvc1 secret named:claimed", "", "claim-disk"},
	{"... and has the disk again", "running r1", "disk pv1 pvc1 secret named:claimed1", "",
	 "create-pvc:r1-d-data"},
	{"... not while nobody knows the claims", "running r1",
	 "disk pv1 pvc1 secret named:claimed ?named", "", ""},
	{"... not by a later run's claim, when what is known of the job is old", "running",
	 ALL " named:claimed1", "", ""},
	{"over: the PVC goes first", "ended normal", "secret named:claimed pvcd pvd", "",
	 "delete-pvc:r0-d-data"},
	{"then the PV", "ended normal", "secret named:claimed pvd", "", "delete-pv"},
	{"then the claim", "ended normal", "secret named:claimed", "", "drop-claim"},
	{"then what is left", "ended normal", "secret named", "", "delete-secret"},
	{"not while the VM is there", "ended normal", "vm0:running secret named:claimed", "",
	 "delete-vm:r0"},
	{"nor while it goes", "ended normal", "vm0:deleting secret named:claimed", "", ""},
	{"nor while a PVC may come up", "ended normal", "secret named:claimed", "!create-pvc", ""},
	{"nor while the PVCs are not known", "ended normal", "secret named:claimed ?pvcs", "", ""},
	{"nor the PVs", "ended normal", "secret named:claimed ?pvs", "", ""},
	{"nor while the claims are not known, which hold up nothing else", "ended normal",
	 "secret named:claimed ?named", "", "delete-secret"},
	{"a job that Slurm has forgotten is over", "absent", "secret named:claimed", "",
	 "drop-claim"},
	{"... also if nothing else is left of it", "absent", "named:reads", "", "drop-claim"},
	{"... but not if its id lives", "absent live", "named:reads", "", ""},
	{"... nor while nobody knows the jobs", "unknown", "named:claimed", "", ""},
	{"another job's claim stays", "ended normal", "secret named:others", "",
	 "delete-secret"},
	{"a reader lets go of his alone", "ended normal", "secret named:both", "", "drop-claim"},
	{"a claim that may still land is waited for", "ended normal", "secret named",
	 "!claim-disk", ""},

	/* a host is lost */
	{"a writer's disk is fenced, too", "pending r1", "vm0:deleting disk:fenced pv named:claimed n1:lost", "",
	 "fence-disk"},
	{"... before Kubernetes lets go", "pending r1", "vm0:deleting disk:fenced pv named:fenced n1:lost", "",
	 "force-delete-pod:r0"},
	{"... for this VM", "pending r1", "vm0:deleting disk:fenced pv named:refenced n1:lost", "",
	 "fence-disk"},
	{"both are fenced in one round", "pending r1", "vm0:deleting disk pv named:claimed n1:lost", "",
	 "fence-disk fence-disk:root"},
	{"who reads does no harm", "pending r1", "vm0:deleting disk:fenced pv named:reads n1:lost", "",
	 "force-delete-pod:r0"},
	{"nobody knows the disks: nothing is let go of", "pending r1",
	 "vm0:deleting disk:fenced pv pvd named:fenced n1:lost ?named", "", ""},
	{"who writes none does not wait for them", "pending r1", "vm0:deleting disk:fenced pv n1:lost ?named", "",
	 "force-delete-pod:r0"},
	{"nor if one that it writes cannot be read", "pending r1",
	 "vm0:deleting disk:fenced pv pvd named:unreadable n1:lost", "", ""},
	{"nor while nobody knows the PVs, which tell of one that it may write", "pending r1",
	 "vm0:deleting disk:fenced pv n1:lost ?pvs", "", ""},
	{"another one is no matter", "pending r1",
	 "vm0:deleting disk:fenced pv named:unreadable n1:lost", "", "force-delete-pod:r0"},
};
/* clang-format on */

START_TEST(plan_rows)
{
	static struct plan out;

	little_row_check(&rows[_i], &out);
	/* whatever is planned: no named disk is ever removed, nor taken for one of the job */
	for (size_t i = 0; i < out.n; i++)
		if (str_starts(out.act[i].object, NAMED_IMAGE_PREFIX))
			ck_assert(out.act[i].kind != ACT_REMOVE_DISK &&
				  out.act[i].kind != ACT_KEEP_DISK &&
				  out.act[i].kind != ACT_TAKE_DISK &&
				  out.act[i].order.kind != NAMED_REMOVE);
}
END_TEST

/* What the actions carry. */
START_TEST(actions_are_whole)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "running attach:ro", ALL " named", &out);
	ck_assert_int_eq(out.act[0].order.kind, NAMED_CLAIM);
	ck_assert_int_eq(out.act[0].order.step, CLAIM_READ);
	ck_assert_str_eq(out.act[0].order.job_key, LITTLE_KEY);
	ck_assert_str_eq(out.act[0].order.disk.pool, "disks");
	little_world_done(&w);
	little_plan(&w, "ended normal", "named:claimed", &out);
	ck_assert_int_eq(out.act[0].order.step, CLAIM_DROP);
	little_world_done(&w);
	little_plan(&w, "running attach:ro", ALL " named:reads pvcd", &out);
	ck_assert_str_eq(out.act[0].disk.image, w.named[0].image);
	ck_assert_str_eq(out.act[0].disk.name, "vm-" LITTLE_KEY "-ro-data");
	ck_assert_str_eq(out.act[0].disk.claim, "vm-" LITTLE_KEY "-r0-d-data");
	ck_assert_str_eq(out.act[0].disk.pool, "disks");
	ck_assert_uint_eq(out.act[0].disk.size_bytes, UINT64_C(1) << 30);
	little_world_done(&w);
	little_plan(&w, "running attach:ro scratch", ALL " scratch pv2 pvc2 named:reads pvcd pvro",
		    &out);
	ck_assert_uint_eq(out.act[0].vm.n_disk, 3);
	ck_assert_str_eq(out.act[0].vm.disk[2].name, "disk-data");
	ck_assert_str_eq(out.act[0].vm.disk[2].serial, "data");
	ck_assert(out.act[0].vm.disk[2].read_only && out.act[0].vm.disk[2].comes_and_goes);
	ck_assert(!out.act[0].vm.disk[1].read_only && !out.act[0].vm.disk[1].comes_and_goes);
	ck_assert_str_eq(out.act[0].vm.disk[1].serial, "scratch");
	little_world_done(&w);
	little_plan(&w, "running", ALL " named:leaving", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_VM);
	ck_assert_uint_eq(out.act[0].vm.n_disk, 1);
	little_world_done(&w);
}
END_TEST

static void step(struct progress *p, const struct little_world *w)
{
	const struct progress_view v = {.want = &w->want,
					.seen = &w->seen,
					.flight = &w->flight,
					.catalogue = &w->catalogue,
					.policy = &w->policy,
					.mono_us = LITTLE_NOW_US,
					.wall_s = LITTLE_NOW_S};

	progress_step(p, &w->job, &v);
}

/* What its user reads. */
static const struct {
	const char *job, *seen;
	enum vm_state state;
	const char *reason;
} words[] = {
	{"running attach", ALL " named:others", VM_STATE_PROVISIONING,
	 "disk data is written by job 18"},
	{"running attach", ALL " named:othersread", VM_STATE_PROVISIONING,
	 "disk data is read by job 18"},
	{"running attach", ALL " named", VM_STATE_PROVISIONING,
	 "making its disks and virtual machine"},
	{"running attach", ALL, VM_STATE_FAILED, "there is no disk data of yours: vmctl disk list"},
	{"running attach bob", ALL " named", VM_STATE_FAILED,
	 "there is no disk data of yours: vmctl disk list"},
	{"running attach", ALL " named:unreadable", VM_STATE_PROVISIONING,
	 "disk data cannot be read: it hangs (your administrator can help)"},
	{"running attach", ALL " named ?named", VM_STATE_PROVISIONING,
	 "waiting for Ceph's first answer"},
};

START_TEST(word_rows)
{
	struct little_world w;
	struct progress p = {.job_id = 0};

	little_world_init(&w, words[_i].job, words[_i].seen, "");
	step(&p, &w);
	ck_assert_str_eq(p.status.reason, words[_i].reason);
	ck_assert_int_eq(p.status.state, words[_i].state);
	little_world_done(&w);
}
END_TEST

/* A disk that cannot be given to a guest says why, and the guest is READY all the same. */
START_TEST(trouble_is_told)
{
	struct little_world w;
	struct progress p = {.job_id = 0};
	struct action a = {.kind = ACT_ATTACH_DISK, .job_key = LITTLE_KEY, .object = "disk-data"};
	struct err e;

	little_world_init(&w, "running", "vm0:running " ALL " named:claimed pvcd pvd", "");
	(void)err_set(&e, ERR_DENIED, "vmd may not");
	(void)inflight_finish(&w.flight, inflight_start(&w.flight, &a, LITTLE_NOW_US - 5), &e,
			      LITTLE_NOW_US - 5);
	step(&p, &w);
	ck_assert_str_eq(p.status.attach_trouble, "vmd may not");
	ck_assert_int_eq(p.status.state, VM_STATE_BOOTING);
	little_world_done(&w);
}
END_TEST

static const struct {
	const char *text;
	const char *again; /* NULL: refused */
} lists[] = {
	{"data", "data"},
	{"data:ro", "data:ro"},
	{"data,ref:ro,x", "data,ref:ro,x"},
	{"a,b,c,d,e,f,g,h", "a,b,c,d,e,f,g,h"},
	{"a,b,c,d,e,f,g,h,i", NULL},
	{"", NULL},
	{"data,", NULL},
	{",data", NULL},
	{"data:rw", NULL},
	{"data,data:ro", NULL},
	{"root", NULL},
	{"scratch1:ro", NULL},
	{":ro", NULL},
	{"data ref", NULL},
};

START_TEST(list_rows)
{
	char again[JOB_ATTACH_TEXT];
	struct vm_attach_list a;
	struct err e;

	if (vm_attach_list_parse(lists[_i].text, &a, &e) < 0)
		ck_assert_msg(!lists[_i].again, "'%s': %s", lists[_i].text, e.msg);
	else
		ck_assert_str_eq(vm_attach_list_text(&a, again), lists[_i].again);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("attachment");

	tcase_add_loop_test(t, plan_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, actions_are_whole);
	tcase_add_loop_test(t, word_rows, 0, ARRAY_LEN(words));
	tcase_add_test(t, trouble_is_told);
	tcase_add_loop_test(t, list_rows, 0, ARRAY_LEN(lists));
	return CHECK_MAIN(t);
}
