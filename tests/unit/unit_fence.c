/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lost nodes: a row for every rule of plan_fence.c (words: little_world.h), and what may be taken
 * for a client of a disk. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"
#include "vmd/base/str.h"

#include <check.h>

#define REST " pv pvc secret"

/* clang-format off */
static const struct little_row rows[] = {
	/* what is over and hangs */
	{"requeued off a lost node: the disk is fenced", "pending r1",
	 "vm0:deleting disk n1:lost" REST, "", "fence-disk:root"},
	{"... also when it runs again already", "running r1", "vm0:deleting disk n1:lost" REST, "",
	 "fence-disk:root"},
	{"... when its end is under way", "ending", "vm0:deleting disk n1:lost" REST, "",
	 "fence-disk:root"},
	{"... when the job ended with its node", "ended abnormal",
	 "vm0:deleting disk n1:lost" REST, "", "fence-disk:root"},
	{"... when Slurm does not know the job", "absent", "vm0:deleting disk n1:lost" REST, "",
	 "fence-disk:root"},
	{"all its disks", "pending r1", "vm0:deleting disk scratch n1:lost" REST, "",
	 "fence-disk:root fence-disk:scratch"},
	{"one action for a disk at a time", "pending r1", "vm0:deleting disk n1:lost" REST,
	 "~fence-disk", ""},

	{"one action of a round for a disk, whatever wants it", "running r1",
	 "vm0:deleting disk:kept n1:lost" REST, "", "keep-disk:root"},

	/* what cannot be read is not fenced */
	{"it may have clients that nobody knows", "pending r1",
	 "vm0:deleting disk:unreadable n1:lost" REST, "", ""},
	{"... the other one is fenced", "pending r1",
	 "vm0:deleting disk:unreadable scratch n1:lost" REST, "", "fence-disk:scratch"},
	{"... which is not enough", "pending r1",
	 "vm0:deleting disk:unreadable scratch:fenced n1:lost" REST, "", ""},
	{"one that was taken over: its PV tells", "pending r1",
	 "vm0:deleting scratch:fenced other:unreadable pvo pvc secret n1:lost", "", ""},
	{"... or would, if the PVs were known", "pending r1",
	 "vm0:deleting scratch:fenced other:unreadable n1:lost ?pvs" REST, "", ""},
	{"another job's is no reason", "pending r1",
	 "vm0:deleting disk:fenced other:unreadable n1:lost" REST, "", "force-delete-pod:r0"},
	{"nobody knows whether it writes a disk of its owner's: it is not let go of", "pending r1",
	 "vm0:deleting disk:fenced n1:lost ?pvs" REST, "", ""},

	/* the fence first */
	{"fenced: Kubernetes lets go of it", "pending r1",
	 "vm0:deleting disk:fenced n1:lost" REST, "", "force-delete-pod:r0"},
	{"not while one disk is open to it", "pending r1",
	 "vm0:deleting disk:fenced scratch n1:lost" REST, "", "fence-disk:scratch"},
	{"the fence of an earlier VM is none", "pending r1",
	 "vm0:deleting disk:refenced n1:lost" REST, "", "fence-disk:root"},
	{"a fence without an answer is none", "pending r1",
	 "vm0:deleting disk n1:lost" REST, "!fence-disk", "fence-disk:root"},
	{"no disk is seen, though it must have one: wait", "pending r1",
	 "vm0:deleting n1:lost" REST, "", ""},
	{"no list of disks: wait", "pending r1", "vm0:deleting disk:fenced n1:lost ?disks" REST, "",
	 ""},
	{"its pod is deleted once at a time", "pending r1", "vm0:deleting disk:fenced n1:lost" REST,
	 "~force-delete-pod", ""},
	{"the next run waits until it is gone", "running r1",
	 "vm0:deleting disk:fenced n1:lost" REST, "+force-delete-pod", "force-delete-pod:r0"},
	{"... and then begins", "running r1", "disk:fenced n1:lost" REST, "+force-delete-pod",
	 "delete-pvc:r0-root create-pvc:r1-root"},

	/* who is not fenced */
	{"a VM that is wanted where it is", "running", "vm0:running disk n1:lost" REST, "", ""},
	{"... even if somebody deleted it", "running", "vm0:deleting disk n1:lost" REST, "", ""},
	{"one that is not deleted yet", "pending r1", "vm0:running disk n1:lost" REST, "",
	 "delete-vm:r0"},
	{"one on a node that is there", "pending r1", "vm0:deleting disk n1:ready" REST, "", ""},
	{"one on a node that is late", "pending r1", "vm0:deleting disk n1:unready" REST, "", ""},
	{"... unless an administrator says it is off", "pending r1",
	 "vm0:deleting disk n1:out" REST, "", "fence-disk:root"},
	{"one on a node that is not seen", "pending r1", "vm0:deleting disk n2:lost" REST, "", ""},
	{"nodes that are not known", "pending r1", "vm0:deleting disk n1:lost ?nodes" REST, "", ""},
	{"the node of another VM", "pending r1", "vm0:deleting@n2 disk n1:lost n2:ready" REST, "",
	 ""},
	{"the new run's VM", "running r1",
	 "vm0:deleting@n2 vm1:running disk n1:lost n2:ready" REST, "", ""},
	{"a VMI without VM has no name for the fence", "pending r1",
	 "vm0:deleting nouid disk n1:lost" REST, "", ""},
};
/* clang-format on */

static struct plan out;

START_TEST(fence_rows)
{

	little_row_check(&rows[_i], &out);
}
END_TEST

START_TEST(actions_name_the_vm)
{
	struct little_world w;

	little_plan(&w, "pending r1", "vm0:deleting disk n1:lost", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(out.act[0].uid, "u-vm");
	ck_assert_str_eq(out.act[0].pool, "rbd");
	little_world_done(&w);
	little_plan(&w, "pending r1", "vm0:deleting disk:fenced n1:lost", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(out.act[0].uid, "u-vm");
	ck_assert_str_eq(out.act[0].node, "n1");
	little_world_done(&w);
}
END_TEST

START_TEST(site_that_does_not_fence)
{
	struct little_world w;

	little_world_init(&w, "pending r1", "vm0:deleting disk n1:lost n2:out", "");
	w.policy.fence_after_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 0);
	little_world_done(&w);
}
END_TEST

/* Beside the job of w another one, 18, which runs; both in jobs, which w borrows. */
static void other_job(struct little_world *w, struct job jobs[2])
{
	jobs[0] = jobs[1] = w->job;
	jobs[1].id = 18;
	jobs[1].phase = JOB_RUNNING;
	w->want.job = jobs;
	w->want.n = 2;
}

/* A host's kernel is one client for all disks it has mapped: those of a job that lives, too. */
START_TEST(shared_client_waits)
{
	struct job jobs[2];
	struct little_world w;

	little_world_init(&w, "pending r1", "vm0:deleting disk disk n1:lost", "");
	(void)disk_clients_add(&w.disk[0].clients, "10.0.0.1:0/7");
	(void)disk_clients_add(&w.disk[1].clients, "10.0.0.2:0/8");
	(void)disk_clients_add(&w.disk[1].clients, "10.0.0.1:0/7");
	(void)str_copy(w.disk[1].job_key, sizeof(w.disk[1].job_key), "18-9f3c12ab45de6701");
	other_job(&w, jobs);
	w.seen.vms_known = w.seen.disks_known = w.seen.named_known = true;
	w.context.progress = NULL;
	plan(&w.want, &w.seen, &w.context, &out);
	for (size_t i = 0; i < out.n; i++)
		ck_assert_int_ne(out.act[i].kind, ACT_FENCE_DISK);
	jobs[1].phase = JOB_PENDING; /* Slurm has given it up as well */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_int_eq(out.act[0].kind, ACT_FENCE_DISK);
	w.want.n = 1; /* nobody's: it was removed from Slurm */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_FENCE_DISK);
	little_world_done(&w);
}
END_TEST

/* Nobody can say who the clients of its disk are: the host's kernel, perhaps. */
START_TEST(unreadable_beside_it_waits)
{
	struct job jobs[2];
	struct little_world w;

	little_world_init(&w, "pending r1", "vm0:deleting disk disk:unreadable n1:lost pv", "");
	(void)str_copy(w.disk[1].job_key, sizeof(w.disk[1].job_key), "18-9f3c12ab45de6701");
	(void)str_copy(w.disk[1].name, sizeof(w.disk[1].name), "vm-18-9f3c12ab45de6701-root");
	other_job(&w, jobs);
	(void)str_copy(jobs[1].node, sizeof(jobs[1].node), "n1.example.org");
	w.context.progress = NULL;
	plan(&w.want, &w.seen, &w.context, &out);
	for (size_t i = 0; i < out.n; i++)
		ck_assert_int_ne(out.act[i].kind, ACT_FENCE_DISK);
	(void)str_copy(jobs[1].node, sizeof(jobs[1].node), "n2"); /* it runs elsewhere */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_FENCE_DISK);
	(void)str_copy(jobs[1].node, sizeof(jobs[1].node), "n1");
	jobs[1].phase = JOB_PENDING; /* Slurm has given it up as well */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_int_eq(out.act[0].kind, ACT_FENCE_DISK);
	little_world_done(&w);
}
END_TEST

/* It was made for a job that has ended; by its PV alone it shows that another has it now. */
START_TEST(unreadable_taken_over_beside_it_waits)
{
	struct job jobs[2];
	struct little_world w;

	little_world_init(&w, "pending r1", "vm0:deleting disk disk:unreadable n1:lost pv", "");
	(void)str_copy(w.disk[1].job_key, sizeof(w.disk[1].job_key), "19-9f3c12ab45de6701");
	(void)str_copy(w.disk[1].name, sizeof(w.disk[1].name), "vm-19-9f3c12ab45de6701-root");
	other_job(&w, jobs);
	(void)str_copy(jobs[1].node, sizeof(jobs[1].node), "n1.example.org");
	w.context.progress = NULL;
	w.seen.pvs_known = false; /* it may have it */
	plan(&w.want, &w.seen, &w.context, &out);
	for (size_t i = 0; i < out.n; i++)
		ck_assert_int_ne(out.act[i].kind, ACT_FENCE_DISK);
	w.seen.pvs_known = true; /* it has not */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_FENCE_DISK);
	little_world_done(&w);
}
END_TEST

START_TEST(addresses)
{
	static const char *const good[] = {"192.168.170.191:0/3812345678", "[fd00::1]:0/17",
					   "10.0.0.1:6800/1"};
	static const char *const bad[] = {
		"",
		"192.168.170.191",
		"10.0.0.1:0/0", /* all of a host */
		"10.0.0.1:0",
		"10.0.0.1:99999/1",
		":0/1",
		"10.0.0.1:0/1 expire",
		"10.0.0.1/8",
		"10.0.0.1:0/1/2",
		"10.0.0.1:0/x",
		"10.0.0.1:0/",
		"a\"b:0/1",
		"[fd00:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:0/1"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(disk_client_is_address(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!disk_client_is_address(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(clients_are_written_and_read)
{
	struct disk_clients c, back;
	char text[DISK_CLIENTS_TEXT];

	disk_clients_decode("10.0.0.1:0/7 nonsense  10.0.0.1:0/7 [fd00::1]:0/8", &c);
	ck_assert_uint_eq(c.n, 2);
	disk_clients_encode(&c, text);
	ck_assert_str_eq(text, "10.0.0.1:0/7 [fd00::1]:0/8");
	disk_clients_decode(text, &back);
	ck_assert_uint_eq(back.n, 2);
	ck_assert(disk_clients_have(&back, "[fd00::1]:0/8"));
	ck_assert(!disk_clients_have(&back, "10.0.0.1:0/8"));
	ck_assert(disk_clients_add(&c, "10.0.0.1:0/9"));
	ck_assert(disk_clients_add(&c, "10.0.0.1:0/10"));
	ck_assert(!disk_clients_add(&c, "10.0.0.1:0/11"));
	ck_assert(disk_clients_add(&c, "10.0.0.1:0/9")); /* it is there */
	ck_assert_uint_eq(c.n, DISK_CLIENTS_MAX);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("fence");

	tcase_add_loop_test(t, fence_rows, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, actions_name_the_vm);
	tcase_add_test(t, site_that_does_not_fence);
	tcase_add_test(t, shared_client_waits);
	tcase_add_test(t, unreadable_beside_it_waits);
	tcase_add_test(t, unreadable_taken_over_beside_it_waits);
	tcase_add_test(t, addresses);
	tcase_add_test(t, clients_are_written_and_read);
	return CHECK_MAIN(t);
}
