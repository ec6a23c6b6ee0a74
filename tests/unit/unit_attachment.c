/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks of jobs: a row for every rule. The words are explained in little_world.h. */
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define ALL "disk pv pvc secret"

/* clang-format off */
static const struct {
	const char *why;
	const char *job, *seen, *flight;
	const char *plan;
} rows[] = {
	/* before the VM is made */
	{"the claim comes first", "running attach", ALL " named", "", "claim-disk"},
	{"then the PVC", "running attach", ALL " named:claimed", "", "create-pvc:r0-d-data"},
	{"then the PV", "running attach", ALL " named:claimed pvcd", "", "create-pv"},
	{"then the VM", "running attach", ALL " named:claimed pvcd pvd", "", "create-vm:r0"},
	{"no VM while the claim is under way", "running attach", ALL " named", "~claim-disk", ""},
	{"nor when it is believed and not seen", "running attach", ALL " named", "+claim-disk", ""},
	{"one whose answer was lost is made again", "running attach", ALL " named", "!claim-disk",
	 "claim-disk"},
	{"another job writes it: asked again, no VM", "running attach", ALL " named:others", "",
	 "claim-disk"},
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
	 "release-disk"},
	{"... and is not given to a VM", "running", ALL " named:leaving", "", "create-vm:r0"},
	{"the VM is there: nothing is claimed", "running attach", "vm0:running " ALL " named", "",
	 ""},

	/* over a requeue, to the end */
	{"a job that waits keeps its claim", "pending r1", ALL " named:claimed", "",
	 "delete-pvc:r0-root"},
	{"so does one that ends", "ending", "disk secret named:claimed", "", ""},
	{"its next run has the disk again", "running r1", "disk pv1 pvc1 secret named:claimed", "",
	 "create-pvc:r1-d-data"},
	{"over: the PVC goes first", "ended normal", "secret named:claimed pvcd pvd", "",
	 "delete-pvc:r0-d-data"},
	{"then the PV", "ended normal", "secret named:claimed pvd", "", "delete-pv"},
	{"then the claim", "ended normal", "secret named:claimed", "", "release-disk"},
	{"then what is left", "ended normal", "secret named", "", "delete-secret"},
	{"not while the VM is there", "ended normal", "vm0:running secret named:claimed", "",
	 "delete-vm:r0"},
	{"nor while it goes", "ended normal", "vm0:deleting secret named:claimed", "", ""},
	{"nor while a PVC may come up", "ended normal", "secret named:claimed", "!create-pvc", ""},
	{"nor while the PVCs are not known", "ended normal", "secret named:claimed ?pvcs", "", ""},
	{"nor the PVs", "ended normal", "secret named:claimed ?pvs", "", ""},
	{"a job that Slurm has forgotten is over", "absent", "secret named:claimed", "",
	 "release-disk"},
	{"... also if nothing else is left of it", "absent", "named:reads", "", "release-disk"},
	{"... but not if its id lives", "absent live", "named:reads", "", ""},
	{"... nor while nobody knows the jobs", "unknown", "named:claimed", "", ""},
	{"another job's claim stays", "ended normal", "secret named:others", "",
	 "delete-secret"},
	{"a reader lets go of his alone", "ended normal", "secret named:both", "", "release-disk"},
	{"a claim that may still land is waited for", "ended normal", "secret named",
	 "!claim-disk", ""},

	/* a host is lost */
	{"a writer's disk is fenced, too", "pending r1", "vm0:deleting disk:fenced pv named:claimed n1:lost", "",
	 "fence-disk"},
	{"... before Kubernetes lets go", "pending r1", "vm0:deleting disk:fenced pv named:fenced n1:lost", "",
	 "release-vm:r0"},
	{"... for this VM", "pending r1", "vm0:deleting disk:fenced pv named:refenced n1:lost", "",
	 "fence-disk"},
	{"both are fenced in one round", "pending r1", "vm0:deleting disk pv named:claimed n1:lost", "",
	 "fence-disk fence-disk:root"},
	{"who reads does no harm", "pending r1", "vm0:deleting disk:fenced pv named:reads n1:lost", "",
	 "release-vm:r0"},
	{"nobody knows the disks: nothing is let go of", "pending r1", "vm0:deleting disk:fenced pv named:fenced n1:lost ?named",
	 "", ""},
	{"nor if one that it writes cannot be read", "pending r1",
	 "vm0:deleting disk:fenced pv pvd named:unreadable n1:lost", "", ""},
	{"another one is no matter", "pending r1",
	 "vm0:deleting disk:fenced pv named:unreadable n1:lost", "", "release-vm:r0"},
};
/* clang-format on */

START_TEST(plan_rows)
{
	static struct plan out;
	struct little_world w;
	char text[512];

	little_world_init(&w, rows[_i].job, rows[_i].seen, rows[_i].flight);
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_msg(str_eq(little_plan_text(&out, text, sizeof(text)), rows[_i].plan),
		      "%s [%s | %s | %s]: '%s', not '%s'", rows[_i].why, rows[_i].job,
		      rows[_i].seen, rows[_i].flight, text, rows[_i].plan);
	/* whatever is planned: no named disk is ever removed, nor taken for one of the job */
	for (size_t i = 0; i < out.n; i++)
		if (str_starts(out.act[i].object, NAMED_IMAGE_PREFIX))
			ck_assert(out.act[i].kind != ACT_REMOVE_DISK &&
				  out.act[i].kind != ACT_KEEP_DISK &&
				  out.act[i].kind != ACT_TAKE_DISK &&
				  out.act[i].order.kind != NAMED_REMOVE);
	little_world_done(&w);
}
END_TEST

/* What the actions carry. */
START_TEST(actions_are_whole)
{
	static struct plan out;
	struct little_world w;

	little_world_init(&w, "running attach:ro", ALL " named", "");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].order.kind, NAMED_CLAIM);
	ck_assert_int_eq(out.act[0].order.step, CLAIM_READ);
	ck_assert_str_eq(out.act[0].order.job_key, LITTLE_KEY);
	ck_assert_str_eq(out.act[0].order.disk.pool, "disks");
	little_world_done(&w);
	little_world_init(&w, "ended normal", "named:claimed", "");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].order.step, CLAIM_DROP);
	little_world_done(&w);
	little_world_init(&w, "running attach:ro", ALL " named:reads pvcd", "");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(out.act[0].disk.image, w.named[0].image);
	ck_assert_str_eq(out.act[0].disk.name, "vm-" LITTLE_KEY "-ro-data");
	ck_assert_str_eq(out.act[0].disk.claim, "vm-" LITTLE_KEY "-r0-d-data");
	ck_assert_str_eq(out.act[0].disk.pool, "disks");
	ck_assert_uint_eq(out.act[0].disk.size_bytes, UINT64_C(1) << 30);
	little_world_done(&w);
	little_world_init(&w, "running attach:ro scratch",
			  ALL " scratch pv2 pvc2 named:reads pvcd pvro", "");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.act[0].vm.n_disk, 3);
	ck_assert_str_eq(out.act[0].vm.disk[2].name, "disk-data");
	ck_assert_str_eq(out.act[0].vm.disk[2].serial, "data");
	ck_assert(out.act[0].vm.disk[2].read_only && out.act[0].vm.disk[2].comes_and_goes);
	ck_assert(!out.act[0].vm.disk[1].read_only && !out.act[0].vm.disk[1].comes_and_goes);
	ck_assert_str_eq(out.act[0].vm.disk[1].serial, "scratch");
	little_world_done(&w);
}
END_TEST

static const struct {
	const char *text;
	const char *again; /* NULL: refused */
} lists[] = {
	{"data",              "data"           },
	{"data:ro",           "data:ro"        },
	{"data,ref:ro,x",     "data,ref:ro,x"  },
	{"a,b,c,d,e,f,g,h",   "a,b,c,d,e,f,g,h"},
	{"a,b,c,d,e,f,g,h,i", NULL             },
	{"",		  NULL             },
	{"data,",             NULL             },
	{",data",             NULL             },
	{"data:rw",           NULL             },
	{"data,data:ro",      NULL             },
	{"root",              NULL             },
	{"scratch1:ro",       NULL             },
	{":ro",               NULL             },
	{"data ref",          NULL             },
};

START_TEST(list_rows)
{
	char again[JOB_ATTACH_TEXT];
	struct vm_attachs a;
	struct err e;

	if (vm_attachs_parse(lists[_i].text, &a, &e) < 0)
		ck_assert_msg(!lists[_i].again, "'%s': %s", lists[_i].text, e.msg);
	else
		ck_assert_str_eq(vm_attachs_text(&a, again), lists[_i].again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attachment");
	TCase *t = tcase_create("attachment");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, plan_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, actions_are_whole);
	tcase_add_loop_test(t, list_rows, 0, ARRAY_LEN(lists));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
