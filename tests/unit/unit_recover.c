/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kept disk a job starts from, what it reads when there is none, and what a disk tells of
 * itself. The words are explained in little_world.h. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/recover.h"

#include <check.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *why;
	const char *job, *seen;
	const char *old; /* phase of job 16 in Slurm; "" Slurm does not know it; "live" by id only */
	enum err_kind kind;
	const char *says; /* part of the error's text, or the disk's name */
} rows[] = {
	{"kept", "running from16", "other:kept", "ended", ERR_NONE, "vm-" LITTLE_OTHER "-root"},
	{"Slurm forgot the old job", "running from16", "other:kept", "", ERR_NONE, "vm-16-"},
	{"by key", "running fromkey", "other:kept other2:kept", "", ERR_NONE,
	 "vm-" LITTLE_OTHER "-root"},
	{"two jobs of that id", "running from16", "other:kept other2:kept", "", ERR_INVALID,
	 "--vm=@16-00000000000000aa or --vm=@16-00000000000000bb"},
	{"... of which one is somebody else's", "running from16", "other:kept other2:bobs", "",
	 ERR_NONE, "vm-" LITTLE_OTHER "-root"},
	{"somebody else's", "running from16", "other:bobs", "", ERR_DENIED, "is not yours"},
	{"root may have it", "running from16 slurm", "other:bobs", "", ERR_NONE, "vm-16-"},
	{"nothing there", "running from16", "", "", ERR_ABSENT, "vmctl list --kept"},
	{"a scratch disk is none", "running from16", "scratch", "", ERR_ABSENT, "no disk of job 16"},
	{"nobody knows the disks", "running from16", "other:kept ?disks", "", ERR_RETRY, "Ceph"},
	{"nobody knows the VMs", "running from16", "other:kept ?vms", "", ERR_RETRY, "known"},
	{"nobody knows the PVs", "running from16", "other:kept ?pvs", "", ERR_RETRY, "known"},
	{"nobody knows the PVCs", "running from16", "other:kept ?pvcs", "", ERR_RETRY, "known"},
	{"the old job runs", "running from16", "other:plain", "running", ERR_INVALID,
	 "job 16 has not ended"},
	{"... and its disk is kept, for it failed", "running from16", "other:kept", "running",
	 ERR_INVALID, "job 16 has not ended"},
	{"... and has no disk yet", "running from16", "", "running", ERR_INVALID,
	 "job 16 has not ended"},
	{"the old job is queued again", "running from16", "other:kept", "pending", ERR_INVALID,
	 "job 16 has not ended"},
	{"the old job is ending", "running from16", "other:kept", "ending", ERR_RETRY,
	 "waits until job 16 has let go"},
	{"its request cannot be read, but it lives", "running from16", "other:kept", "live",
	 ERR_RETRY, "waits until job 16 has let go"},
	{"ended, not marked yet", "running from16", "other:plain", "ended", ERR_RETRY,
	 "waits until job 16 has let go"},
	{"its VM is there", "running from16", "other:kept oldvm", "ended", ERR_RETRY, "let go"},
	{"its PV is there", "running from16", "other:kept oldpv", "ended", ERR_RETRY, "let go"},
	{"its PVC is there", "running from16", "other:kept oldpvc", "ended", ERR_RETRY, "let go"},
	{"being removed", "running from16", "other:removing", "ended", ERR_ABSENT, "being removed"},
	{"nobody wrote what it is: nobody's", "running from16", "other:bare", "ended", ERR_DENIED,
	 "is not yours"},
	{"... and even for root of no image", "running from16 slurm", "other:bare", "ended",
	 ERR_INVALID, "ask your administrator"},
	{"it cannot be read", "running from16", "other:unreadable", "ended", ERR_RETRY, "it hangs"},
	{"... whosever it may be", "running from16 bob", "other:unreadable", "ended", ERR_RETRY,
	 "it hangs"},
	{"... one of two", "running from16", "other:kept other2:unreadable", "ended", ERR_RETRY,
	 "it hangs"},
	{"... not the one that is meant", "running fromkey", "other:kept other2:unreadable", "ended",
	 ERR_NONE, "vm-" LITTLE_OTHER "-root"},
	{"its own by now, and cannot be read", "running from16", "disk:unreadable", "ended",
	 ERR_RETRY, "it hangs"},
	{"taken over already", "running from16", "other:taken", "ended", ERR_NONE, "vm-16-"},
	{"... in an earlier run, and marked", "running from16 r1", "other:takenkept", "ended",
	 ERR_NONE, "vm-16-"},
};
/* clang-format on */

static struct vm_seen vms[1];
static struct volume_seen volumes[1];
static struct job jobs[2];
static const uint32_t live[] = {16, 17};

/* What little_world has no word for: things and the record of job 16. */
static void add_old(struct little_world *w, const char *seen, const char *old)
{
	static const char *const phases[] = {"pending", "running", "ending", "ended"};

	vms[0] = (struct vm_seen){.job_key = LITTLE_OTHER, .name = "v", .phase = VM_DELETING};
	volumes[0] = (struct volume_seen){.job_key = LITTLE_OTHER, .name = "v"};
	if (strstr(seen, "oldvm"))
		w->seen.n_vm = 1, w->seen.vm = vms;
	if (strstr(seen, "oldpvc"))
		w->seen.n_pvc = 1, w->seen.pvc = volumes;
	else if (strstr(seen, "oldpv"))
		w->seen.n_pv = 1, w->seen.pv = volumes;
	w->want.live = live;
	w->want.n_live = str_eq(old, "live") ? 2 : 0;
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (str_eq(old, phases[i])) {
			jobs[0] = (struct job){.id = 16,
					       .uid = 1000,
					       .phase = (enum job_phase)i,
					       .request = {.nonce = "00000000000000aa"}};
			jobs[1] = w->job;
			w->want.job = jobs;
			w->want.n = 2;
		}
}

static void world_make(struct little_world *w, const char *job, const char *seen, const char *old)
{
	char words[128];
	char *at;

	(void)str_copy(words, sizeof(words), seen);
	at = strstr(words, " old");
	if (at)
		*at = '\0';
	little_world_init(w, job, words, "");
	add_old(w, seen, old);
	world_sort(&w->want, &w->seen);
}

START_TEST(find_rows)
{
	struct little_world w;
	struct recover_view v = {.want = &w.want, .seen = &w.seen, .slurm_uid = 64030};
	const struct disk_seen *d = NULL;
	struct err e = {.kind = ERR_NONE};

	world_make(&w, rows[_i].job, rows[_i].seen, rows[_i].old);
	(void)recover_find(&v, &w.want.job[w.want.n - 1], &d, &e);
	ck_assert_msg(e.kind == rows[_i].kind, "%s: %d %s", rows[_i].why, (int)e.kind, e.msg);
	ck_assert_msg(!d == !!e.kind, "%s", rows[_i].why);
	ck_assert_msg(strstr(d ? d->name : e.msg, rows[_i].says) != NULL, "%s: %s", rows[_i].why,
		      d ? d->name : e.msg);
	little_world_done(&w);
}
END_TEST

/* A second job that wants the same disk. */
START_TEST(one_disk_one_job)
{
	struct little_world w;
	struct recover_view v = {.want = &w.want, .seen = &w.seen, .slurm_uid = 64030};
	const struct disk_seen *d = NULL;
	struct job two[2];
	struct err e;

	little_world_init(&w, "running from16", "other:kept", "");
	two[0] = two[1] = w.job;
	two[1].id = 18;
	w.want.job = two;
	w.want.n = 2;
	ck_assert_int_eq(recover_find(&v, &two[0], &d, &e), 0);
	ck_assert_int_eq(recover_find(&v, &two[1], &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(e.msg, "job 17 is to start from the disk of job 16, too"));
	/* the first one has it */
	(void)str_copy(w.disk[0].job_key, sizeof(w.disk[0].job_key), LITTLE_KEY);
	(void)str_copy(w.disk[0].from, sizeof(w.disk[0].from), LITTLE_OTHER);
	w.disk[0].kept_until_s = 0;
	ck_assert_int_eq(recover_find(&v, &two[1], &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_str_eq(e.msg, "the disk of job 16 is in use by job 17");
	/* ... and has ended, and it is kept of that one */
	w.disk[0].kept_until_s = LITTLE_NOW_S + 60;
	ck_assert_int_eq(recover_find(&v, &two[1], &d, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "--vm=@17"));
	/* the first one may not have it: then it does not stand in the way either */
	two[0].uid = 1001;
	(void)str_copy(w.disk[0].job_key, sizeof(w.disk[0].job_key), LITTLE_OTHER);
	ck_assert_int_eq(recover_find(&v, &two[1], &d, &e), 0);
	little_world_done(&w);
}
END_TEST

START_TEST(request_is_that_of_the_image)
{
	struct little_world w;
	struct recover_view v = {.want = &w.want, .seen = &w.seen, .slurm_uid = 64030};
	const struct image *image = NULL;
	struct vm_request r;
	struct err e;

	little_world_init(&w, "running from16", "other:kept", "");
	ck_assert_int_eq(recover_request(&v, &w.catalogue, &w.job, &r, &image, &e), 0);
	ck_assert_ptr_eq(image, &w.image);
	ck_assert_str_eq(r.image, "tiny");
	ck_assert_str_eq(r.revision, "v0"); /* which the catalogue does not have any more */
	ck_assert_str_eq(r.network, "lan");
	ck_assert_int_eq(r.keep, VM_KEEP_ALWAYS);
	ck_assert_str_eq(w.job.request.image, "");
	recover_fill(&w.want, &w.seen, 64030);
	ck_assert_str_eq(w.job.request.image, "tiny");
	ck_assert_str_eq(w.job.request.revision, "v0");
	(void)str_copy(w.disk[0].origin.image, sizeof(w.disk[0].origin.image), "gone");
	ck_assert_int_eq(recover_request(&v, &w.catalogue, &w.job, &r, &image, &e), -1);
	ck_assert_str_eq(e.msg, "the disk of job 16: image 'gone': not in the catalogue (allowed: "
				"tiny)");
	little_world_done(&w);

	little_world_init(&w, "running", "", "");
	ck_assert_int_eq(recover_request(&v, &w.catalogue, &w.job, &r, &image, &e), 0);
	ck_assert_str_eq(r.revision, "v1");
	w.job.n_nodes = 2;
	ck_assert_int_eq(recover_request(&v, &w.catalogue, &w.job, &r, &image, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "-N 1"));
	little_world_done(&w);
}
END_TEST

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
/* clang-format off */
static const struct {
	const char *text;
	const char *error; /* NULL: fine */
} origins[] = {
	{"uid=7001 image=tiny revision=v1 cpus=2 memory=536870912 limit=3600", NULL},
	{"uid=7001 image=tiny", NULL},
	{"uid=7001 colour=blue image=tiny", NULL},
	{"", "origin: '' is not key=value"},
	{"uid=7001", "origin: uid or image is missing"},
	{"image=tiny", "origin: uid or image is missing"},
	{"uid=-1 image=tiny", "origin: uid='-1' cannot be"},
	{"uid=4294967296 image=tiny", "origin: uid='4294967296' cannot be"},
	{"uid=1 image=../x", "origin: image='../x' cannot be"},
	{"uid=1 image=" A64, "origin: image='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' cannot be"},
	{"uid=1 image=a revision=V1", "origin: revision='V1' cannot be"},
	{"uid=1 image=a memory=x", "origin: memory='x' cannot be"},
	{"uid=1 image=a limit=9223372036854775808", "origin: limit='9223372036854775808' cannot be"},
	{"uid=1 image=a cpus=x", "origin: cpus='x' cannot be"},
	{"uid=1 image", "origin: 'image' is not key=value"},
	{A64 A64 A64 A64, "origin: longer than 255 bytes"},
};
/* clang-format on */

START_TEST(origin_rows)
{
	struct disk_origin o;
	struct err e = {.kind = ERR_NONE};

	(void)disk_origin_decode(origins[_i].text, &o, &e);
	ck_assert_int_eq(o.known, !origins[_i].error);
	if (origins[_i].error)
		ck_assert_str_eq(e.msg, origins[_i].error);
}
END_TEST

START_TEST(origin_there_and_back)
{
	char buf[DISK_ORIGIN_MAX + 1];
	struct disk_origin o;
	struct err e;

	ck_assert_int_eq(disk_origin_decode(origins[0].text, &o, &e), 0);
	ck_assert_str_eq(disk_origin_encode(&o, buf, sizeof(buf)), origins[0].text);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("recover");

	tcase_add_loop_test(t, find_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, one_disk_one_job);
	tcase_add_test(t, request_is_that_of_the_image);
	tcase_add_loop_test(t, origin_rows, 0, ARRAY_LEN(origins));
	tcase_add_test(t, origin_there_and_back);
	return CHECK_MAIN(t);
}
