/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an action in the plan says besides its name: preconditions, specs, texts, times. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* What an action carries: preconditions, specification, texts. */
START_TEST(delete_has_precondition)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "ending", "vm0:running " ALL, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(out.act[0].uid, "u-vm");
	ck_assert_str_eq(out.act[0].version, "7");
	ck_assert_str_eq(out.act[0].job_key, LITTLE_KEY);
	ck_assert_uint_eq(out.act[0].job_id, 17);
	little_world_done(&w);

	/* Of a volume or a Secret the state is no reason: that its binding moved on says nothing.
	 */
	little_plan(&w, "ended", "pvc", &out);
	ck_assert_str_eq(out.act[0].uid, "u-volume");
	ck_assert_str_eq(out.act[0].version, "");
	little_world_done(&w);
	little_plan(&w, "ended", "secret", &out);
	ck_assert_str_eq(out.act[0].uid, "u-volume");
	ck_assert_str_eq(out.act[0].version, "");
	little_world_done(&w);
}
END_TEST

START_TEST(volumes_are_deleted_by_uid)
{
	static const char *const worlds[] = {ALL, "disk pv secret", "secret"};
	static struct plan out;
	struct little_world w;

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		little_world_init(&w, "ended normal", worlds[i], "");
		plan(&w.want, &w.seen, &w.context, &out);
		ck_assert_uint_eq(out.n, 1);
		ck_assert_str_eq(out.act[0].uid, "u-volume");
		ck_assert_str_eq(out.act[0].version, "");
		little_world_done(&w);
	}
}
END_TEST

/* An image without a user of its own makes an account of the job's. */
START_TEST(user_of_the_job)
{
	static struct plan out;
	struct little_world w;

	little_world_init(&w, "running", ALL, "");
	w.image.user[0] = '\0';
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(out.act[0].user, "alice");
	ck_assert_str_eq(out.act[0].vm.user, "alice");
	little_world_done(&w);
	little_world_init(&w, "running", "disk pv pvc", "");
	w.image.user[0] = '\0';
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_SECRET);
	ck_assert_str_eq(out.act[0].user, "alice");
	little_world_done(&w);
}
END_TEST

/* A Secret's parts tell the guest its drives: they need its owner and its image, whoever makes
 * them. A script goes with the VM where there is one to be run. */
START_TEST(drives_of_the_job)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "running", "disk pv pvc", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_SECRET);
	ck_assert_str_eq(out.act[0].vm.owner, "alice");
	ck_assert_str_eq(out.act[0].vm.image, w.image.name);
	little_world_done(&w);
	for (int windows = 0; windows <= 1; windows++) {
		for (size_t n = 0; n <= 1; n++) {
			little_world_init(&w, "running", ALL, "");
			w.image.profile = windows ? VM_PROFILE_WINDOWS : VM_PROFILE_LINUX;
			w.image.n_share = n;
			plan(&w.want, &w.seen, &w.context, &out);
			ck_assert_int_eq(out.act[0].kind, ACT_CREATE_VM);
			ck_assert_str_eq(out.act[0].vm.owner, "alice");
			ck_assert_int_eq(out.act[0].vm.user_data, !windows);
			little_world_done(&w);
		}
	}
}
END_TEST

/* A disk that cannot be kept does not hold a failed job for ever; a site may keep nothing. */
START_TEST(keeping_has_an_end)
{
	static struct plan out;
	struct little_world w;
	char text[256];

	little_world_init(&w, "running failed ready", "vm0:failed " ALL, "~keep-disk");
	w.progress.failed_us = LITTLE_NOW_US - w.policy.trouble_timeout_s * 1000000;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record end-job");
	w.progress.failed_us++;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record");
	little_world_done(&w);
	little_world_init(&w, "running failed ready", "vm0:failed " ALL, "");
	w.policy.keep_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record end-job");
	little_world_done(&w);
	little_world_init(&w, "ended abnormal", "disk", "");
	w.policy.keep_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "remove-disk:root");
	little_world_done(&w);
}
END_TEST

/* The PV says by uid which PVC may have the disk. */
START_TEST(volumes_have_spec)
{
	static struct plan out;
	struct little_world w;
	const struct disk_spec *d = &out.act[0].disk;

	little_plan(&w, "running", "disk pvc secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PV);
	ck_assert_str_eq(d->name, "vm-" LITTLE_KEY "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r0-root");
	ck_assert_str_eq(d->claim_uid, "u-volume");
	little_world_done(&w);

	little_plan(&w, "running r1", "disk secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PVC);
	ck_assert_str_eq(out.act[0].object, "vm-" LITTLE_KEY "-r1-root");
	ck_assert_str_eq(d->name, "vm-" LITTLE_KEY "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r1-root");
	ck_assert_str_eq(d->claim_uid, "");
	little_world_done(&w);
}
END_TEST

START_TEST(create_has_spec)
{
	static struct plan out;
	struct little_world w;
	const struct vm_spec *vm = &out.act[0].vm;
	const struct disk_spec *d = &out.act[0].disk;

	little_plan(&w, "running scratch", ALL " scratch pv2 pvc2", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(vm->name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(vm->secret, "vm-" LITTLE_KEY);
	ck_assert_str_eq(vm->node, "n1");
	ck_assert_str_eq(vm->network, "lan");
	ck_assert_str_eq(vm->user, "user");
	ck_assert_uint_eq(vm->cpus, 2);
	ck_assert_uint_eq(vm->memory_bytes, UINT64_C(234) << 20);
	ck_assert_uint_eq(vm->n_disk, 2);
	ck_assert_str_eq(vm->disk[0].claim, "vm-" LITTLE_KEY "-r0-root");
	ck_assert_str_eq(vm->disk[1].claim, "vm-" LITTLE_KEY "-r0-scratch");
	ck_assert_str_eq(vm->disk[1].name, "scratch");
	little_world_done(&w);

	little_plan(&w, "running", "pvc secret", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(d->golden.snapshot, "v1");
	ck_assert_str_eq(d->pool, "rbd");
	ck_assert_uint_eq(d->size_bytes, 0);
	ck_assert_str_eq(d->job_key, LITTLE_KEY);
	little_world_done(&w);

	ck_assert(d->origin.known);
	ck_assert_uint_eq(d->origin.uid, 1000);
	ck_assert_str_eq(d->origin.image, "tiny");
	ck_assert_str_eq(d->origin.revision, "v1");
	ck_assert_uint_eq(d->origin.cpus, 2);
	ck_assert_uint_eq(d->origin.memory_bytes, UINT64_C(512) << 20);
	ck_assert_int_eq(d->origin.limit_s, 0);

	little_plan(&w, "running from16", "other:kept secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_TAKE_DISK);
	ck_assert_str_eq(d->name, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->from, LITTLE_OTHER);
	ck_assert_str_eq(d->job_key, LITTLE_KEY);
	ck_assert_str_eq(out.act[0].pool, "rbd");
	ck_assert_uint_eq(d->size_bytes, UINT64_C(3) << 30);
	little_world_done(&w);
	/* one disk, one name, one PV: also when another job has it */
	little_plan(&w, "running from16", "other:taken secret pvc", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PV);
	ck_assert_str_eq(out.act[0].object, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->name, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r0-root");
	little_world_done(&w);

	little_plan(&w, "ended abnormal", "disk", &out);
	ck_assert_int_eq(out.act[0].keep_disk.until_s, LITTLE_NOW_S + 3600);
	ck_assert_str_eq(out.act[0].pool, "rbd");
	little_world_done(&w);

	little_plan(&w, "running", "vm0:running disk:kept", &out);
	ck_assert_int_eq(out.act[0].keep_disk.until_s, 0);
	little_world_done(&w);
}
END_TEST

/* Of each kind: a name of its own, a class, and a text that says what it is about. */
START_TEST(actions_have_words)
{
	char text[512];

	for (int k = ACT_CLONE_DISK; k <= ACT_AIM_JOB; k++) {
		struct action a = {.kind = (enum action_kind)k,
				   .job_id = 17,
				   .companion = 23,
				   .object = "thing",
				   .node = "n7",
				   .aim_job = {.until_s = k == ACT_AIM_JOB ? 1700000000 : 0},
				   .reason = "because"};
		const char *name = action_name(a.kind);

		ck_assert_str_ne(name, "?");
		for (int other = ACT_CLONE_DISK; other < k; other++)
			ck_assert_str_ne(name, action_name((enum action_kind)other));
		ck_assert_int_le(action_class(a.kind), CLASS_HOOK);
		ck_assert(!(action_creates(a.kind) && action_removes(a.kind)));
		(void)action_text(&a, text, sizeof(text));
		ck_assert(str_starts(text, name));
		ck_assert_ptr_nonnull(strstr(text, " job=17"));
		ck_assert_msg(strstr(text, "thing") || strstr(text, "23") || strstr(text, "n7") ||
				      strstr(text, "because") || k == ACT_REQUEUE_JOB,
			      "%s", text);
		(void)action_text(&a, text, 10); /* cut, not refused */
		ck_assert_uint_eq(strlen(text), 9);
	}
}
END_TEST

START_TEST(warning_says_when)
{
	static const struct {
		const char *job, *text;
	} texts[] = {
		{"running ends:720", "This machine will be shut down in 10 minutes: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:180", "This machine will be shut down in 60 seconds: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:209", "This machine will be shut down in 89 seconds: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:210", "This machine will be shut down in 2 minutes: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:121", "This machine will be shut down in 1 second: the time of "
				     "job 17 is over then. Save your work."},
	};
	static struct plan out;
	struct little_world w;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		little_world_init(&w, texts[i].job, "vm0:running agent " ALL, "");
		plan(&w.want, &w.seen, &w.context, &out);
		ck_assert_int_eq(out.act[0].kind, ACT_WARN_GUEST);
		ck_assert_str_eq(out.act[0].reason, texts[i].text);
		little_world_done(&w);
	}
	/* a site that does not shut down warns of the end itself */
	little_world_init(&w, "running ends:60", "vm0:running agent " ALL, "");
	w.policy.shutdown_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_WARN_GUEST);
	little_world_done(&w);
}
END_TEST

START_TEST(end_says_how)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "running", "vm0:stopped " ALL, &out);
	ck_assert(!out.act[0].end_job.failed);
	little_world_done(&w);
	little_world_init(&w, "running failed", ALL, "");
	(void)str_copy(w.progress.status.reason, sizeof(w.progress.status.reason),
		       "no such golden");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert(out.act[0].end_job.failed);
	ck_assert_str_eq(out.act[0].reason, "no such golden");
	little_world_done(&w);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("actions");

	tcase_add_test(t, delete_has_precondition);
	tcase_add_test(t, volumes_are_deleted_by_uid);
	tcase_add_test(t, user_of_the_job);
	tcase_add_test(t, drives_of_the_job);
	tcase_add_test(t, keeping_has_an_end);
	tcase_add_test(t, volumes_have_spec);
	tcase_add_test(t, create_has_spec);
	tcase_add_test(t, actions_have_words);
	tcase_add_test(t, end_says_how);
	tcase_add_test(t, warning_says_when);
	return CHECK_MAIN(t);
}
