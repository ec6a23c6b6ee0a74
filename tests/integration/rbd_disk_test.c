/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rbd_disk against a real Ceph; started by 0100-rbd.t with RBD_T_CONF and RBD_T_OSD. The tests run
 * in one process and in order: they share the connection and the golden image. */
#include "vmd/rbd/rbd_disk.h"

#include "tests/integration/rbd_guest.h"
#include "tests/integration/rbd_test.h"

#include <signal.h>
#include <unistd.h>

static void connect_admin(void)
{
	ck_assert_int_eq(rados_create2(&cluster, "ceph", "client.admin", 0), 0);
	ck_assert_int_eq(rados_conf_read_file(cluster, getenv("RBD_T_CONF")), 0);
	ck_assert_int_eq(rados_connect(cluster), 0);
	ck_assert_int_eq(rados_ioctx_create(cluster, "rbd", &io), 0);
}

static void make_golden(void)
{
	rbd_image_t image;

	make_image("tiny", 16 * MIB);
	ck_assert_int_eq(rbd_open(io, "tiny", &image, NULL), 0);
	ck_assert_int_eq(rbd_write(image, 0, 5, "hello"), 5);
	/* a golden image made from a job's disk has that job's marks: its clones inherit them */
	ck_assert_int_eq(rbd_metadata_set(image, "slurm-vm.keep-until", "123"), 0);
	ck_assert_int_eq(rbd_metadata_set(image, "slurm-vm.from", OTHER), 0);
	ck_assert_int_eq(rbd_metadata_set(image, "slurm-vm.origin", "uid=1 image=old"), 0);
	ck_assert_int_eq(rbd_snap_create(image, "v1"), 0);
	ck_assert_int_eq(rbd_close(image), 0);
}

static uint64_t image_size(const char *name)
{
	rbd_image_t image;
	uint64_t size = 0;

	ck_assert_int_eq(rbd_open_read_only(io, name, &image, NULL), 0);
	ck_assert_int_eq(rbd_get_size(image, &size), 0);
	ck_assert_int_eq(rbd_close(image), 0);
	return size;
}

START_TEST(clones_and_grows)
{
	struct disk_spec d = root_spec();
	char text[6] = "";
	rbd_image_t image;

	must(rbd_disk_clone(store, &d, &e), "clone");
	ck_assert_uint_eq(image_size(ROOT), 24 * MIB);
	ck_assert_int_eq(rbd_open_read_only(io, ROOT, &image, NULL), 0);
	ck_assert_int_eq(rbd_read(image, 0, 5, text), 5);
	ck_assert_int_eq(rbd_close(image), 0);
	ck_assert_str_eq(text, "hello");
	must(rbd_disk_clone(store, &d, &e), "clone again");
	ck_assert_ptr_nonnull(listed(ROOT));
	ck_assert_str_eq(listed(ROOT)->job_key, KEY);
	ck_assert_uint_eq(listed(ROOT)->size_bytes, 24 * MIB);
	ck_assert_int_eq(listed(ROOT)->kept_until_s, 0); /* not the golden image's */
	ck_assert_str_eq(listed(ROOT)->from, "");
	ck_assert(listed(ROOT)->origin.known);
	ck_assert_uint_eq(listed(ROOT)->origin.uid, 7001);
	ck_assert_str_eq(listed(ROOT)->origin.image, "tiny");
}
END_TEST

START_TEST(creates_empty)
{
	struct disk_spec d = scratch_spec();

	must(rbd_disk_create(store, &d, &e), "create");
	must(rbd_disk_create(store, &d, &e), "create again");
	ck_assert_uint_eq(image_size(SCRATCH), 12 * MIB);
	ck_assert_ptr_nonnull(listed(SCRATCH));
}
END_TEST

/* Killed between the clone and its marks: the same call goes on. */
START_TEST(adopts_the_unfinished)
{
	struct disk_spec d = root_spec();
	struct disk_spec s = scratch_spec();

	set_mark(ROOT, "slurm-vm.job", NULL);
	set_mark(ROOT, "slurm-vm.cluster", NULL);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT); /* not marked: not ours to remove */
	must(rbd_disk_clone(store, &d, &e), "adopt the clone");
	ck_assert_ptr_nonnull(listed(ROOT));
	set_mark(SCRATCH, "slurm-vm.job", NULL);
	must(rbd_disk_create(store, &s, &e), "adopt the empty disk");
	ck_assert_ptr_nonnull(listed(SCRATCH));
}
END_TEST

START_TEST(leaves_others_alone)
{
	struct disk_spec d = root_spec();
	struct disk_spec s = scratch_spec();

	(void)str_copy(d.job_key, sizeof(d.job_key), OTHER);
	ck_assert_int_eq(rbd_disk_clone(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", ROOT, OTHER, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_keep(store, "rbd", ROOT, OTHER, 5, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	/* a stranger's unmarked image where a clone, or an empty disk, is wanted */
	make_image("vm-1-stranger", 4 * MIB);
	d = root_spec();
	(void)str_copy(d.name, sizeof(d.name), "vm-1-stranger");
	ck_assert_int_eq(rbd_disk_clone(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	(void)str_copy(s.name, sizeof(s.name), ROOT);
	set_mark(ROOT, "slurm-vm.job", NULL);
	ck_assert_int_eq(rbd_disk_create(store, &s, &e), -1); /* it has a parent */
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	set_mark(ROOT, "slurm-vm.job", KEY);
	/* another cluster's disk in the same pool is not in our list */
	set_mark("vm-1-stranger", "slurm-vm.job", OTHER);
	set_mark("vm-1-stranger", "slurm-vm.cluster", "elsewhere");
	ck_assert_ptr_null(listed("vm-1-stranger"));
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", "vm-1-stranger", OTHER, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_ptr_null(listed("tiny"));
}
END_TEST

START_TEST(keeps)
{
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 4102444800, &e), "keep");
	ck_assert_int_eq(listed(ROOT)->kept_until_s, 4102444800);
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 0, &e), "do not keep");
	ck_assert_int_eq(listed(ROOT)->kept_until_s, 0);
	ck_assert_int_eq(rbd_disk_keep(store, "rbd", "vm-none", KEY, 5, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
}
END_TEST

START_TEST(refuses_what_is_in_use)
{
	rbd_image_t image;

	ck_assert_int_eq(rbd_open(io, ROOT, &image, NULL), 0);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "in use by 127.0.0.1") != NULL, "%s", e.msg);
	ck_assert_int_eq(rbd_close(image), 0);
	ck_assert(!listed(ROOT)->removing);
}
END_TEST

/* ROOT, kept of KEY, becomes OTHER's, and comes back. */
START_TEST(takes_over)
{
	struct disk_spec d = {
		.name = ROOT, .job_key = OTHER, .from = KEY, .pool = "rbd", .size_bytes = 28 * MIB};
	char text[6] = "";
	rbd_image_t image;

	ck_assert_int_eq(rbd_disk_take(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(e.msg, "is not kept"));
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 4102444800, &e), "keep");
	ck_assert_int_eq(rbd_open(io, ROOT, &image, NULL), 0);
	ck_assert_int_eq(rbd_disk_take(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_ptr_nonnull(strstr(e.msg, "in use by 127.0.0.1"));
	ck_assert_int_eq(rbd_close(image), 0);
	set_mark(ROOT, "slurm-vm.removing", "yes");
	ck_assert_int_eq(rbd_disk_take(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	set_mark(ROOT, "slurm-vm.removing", NULL);
	ck_assert_str_eq(listed(ROOT)->job_key, KEY);

	must(rbd_disk_take(store, &d, &e), "take");
	ck_assert_str_eq(listed(ROOT)->job_key, OTHER);
	ck_assert_str_eq(listed(ROOT)->from, KEY);
	ck_assert_int_eq(listed(ROOT)->kept_until_s, 0);
	ck_assert_uint_eq(listed(ROOT)->origin.uid, 7001);
	ck_assert_uint_eq(image_size(ROOT), 28 * MIB);
	ck_assert_int_eq(rbd_open_read_only(io, ROOT, &image, NULL), 0);
	ck_assert_int_eq(rbd_read(image, 0, 5, text), 5);
	ck_assert_int_eq(rbd_close(image), 0);
	ck_assert_str_eq(text, "hello");
	/* interrupted behind the write that counts */
	set_mark(ROOT, "slurm-vm.keep-until", "4102444800");
	must(rbd_disk_take(store, &d, &e), "take again");
	ck_assert_int_eq(listed(ROOT)->kept_until_s, 0);

	/* the old job has lost it: neither its removal nor its mark touches it */
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_keep(store, "rbd", ROOT, KEY, 5, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	(void)str_copy(d.job_key, sizeof(d.job_key), "19-0000000000000000");
	ck_assert_int_eq(rbd_disk_take(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	(void)str_copy(d.name, sizeof(d.name), "vm-none");
	ck_assert_int_eq(rbd_disk_take(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	set_mark(ROOT, "slurm-vm.job", KEY);
}
END_TEST

START_TEST(removes)
{
	struct disk_spec d = root_spec();

	set_mark(ROOT, "slurm-vm.removing", "yes"); /* interrupted */
	ck_assert_int_eq(rbd_disk_clone(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "forget"); /* drops the cache */
	must(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), "remove");
	must(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), "remove what is gone");
	must(rbd_disk_remove(store, "", SCRATCH, KEY, &e), "remove from the default pool");
	ck_assert_ptr_null(listed(ROOT));
	ck_assert_ptr_null(listed(SCRATCH));
}
END_TEST

START_TEST(says_what_is_missing)
{
	struct disk_spec d = root_spec();
	uint64_t size = 0;

	must(rbd_golden_size(store, &d.golden, &size, &e), "golden");
	ck_assert_uint_eq(size, 16 * MIB);
	(void)str_copy(d.golden.snapshot, sizeof(d.golden.snapshot), "v9");
	ck_assert_int_eq(rbd_golden_size(store, &d.golden, &size, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	ck_assert_int_eq(rbd_disk_clone(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	ck_assert_str_eq(e.msg, "Ceph: golden image rbd/tiny@v9 does not exist");
	(void)str_copy(d.golden.pool, sizeof(d.golden.pool), "nopool");
	ck_assert_int_eq(rbd_disk_clone(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	ck_assert_str_eq(e.msg, "Ceph: pool nopool: No such file or directory");
}
END_TEST

/* Its guest has it open and owns its lock, which it keeps. */
START_TEST(scratch_disk_leaves)
{
	struct disk_spec d = scratch_spec();
	rbd_image_t guest;
	int owner = 0;

	(void)disk_extra_name(KEY, 1, d.name, sizeof(d.name));
	must(rbd_disk_create(store, &d, &e), "create");
	ck_assert_int_eq(rbd_open(io, d.name, &guest, NULL), 0);
	ck_assert_int_eq(rbd_write(guest, 0, 5, "hello"), 5);
	ck_assert_int_eq(rbd_disk_leave(store, "rbd", d.name, OTHER, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	must(rbd_disk_leave(store, "rbd", d.name, KEY, &e), "leave");
	ck_assert_int_eq(rbd_is_exclusive_lock_owner(guest, &owner), 0);
	ck_assert_int_eq(owner, 1);
	ck_assert(listed(d.name)->removing);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", d.name, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(rbd_close(guest), 0);
	must(rbd_disk_remove(store, "rbd", d.name, KEY, &e), "remove");
}
END_TEST

static struct rbd_store *store_with(const char *conf, const char *user)
{
	struct settings s = settings;
	struct rbd_store *st = NULL;

	(void)str_copy(s.ceph_conf, sizeof(s.ceph_conf), conf);
	(void)str_copy(s.ceph_user, sizeof(s.ceph_user), user);
	must(rbd_store_new(&s, &st, &e), "store");
	return st;
}

START_TEST(cannot_connect)
{
	AUTO(rbd_store_free) struct rbd_store *no_conf = store_with("/nonexistent", "vmd");
	AUTO(rbd_store_free) struct rbd_store *no_user = store_with(settings.ceph_conf, "nobody");
	struct disk_seen *disk;
	size_t n;

	ck_assert_int_eq(rbd_disk_list(no_conf, "rbd", &disk, &n, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(rbd_disk_list(no_user, "rbd", &disk, &n, &e), -1);
	ck_assert_msg(e.kind == ERR_RETRY || e.kind == ERR_DENIED, "%s", e.msg);
}
END_TEST

/* Last: with a stopped OSD every call ends by its time-out, and its outcome is not sure. */
START_TEST(times_out)
{
	pid_t osd = (pid_t)atoi(getenv("RBD_T_OSD"));
	struct disk_spec d = scratch_spec();
	struct disk_seen *disk = NULL;
	size_t n;

	ck_assert_int_gt(osd, 1);
	ck_assert_int_eq(kill(osd, SIGSTOP), 0);
	/* On a busy machine some of its threads stop a little later: they answer until then. */
	for (int i = 0; i < 50 && rbd_disk_list(store, "rbd", &disk, &n, &e) == 0; i++) {
		free(disk);
		(void)usleep(20000);
	}
	ck_assert_int_eq(rbd_disk_list(store, "rbd", &disk, &n, &e), -1);
	ck_assert_int_eq(e.kind, ERR_UNSURE);
	ck_assert_int_eq(rbd_disk_create(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_UNSURE);
	ck_assert_int_eq(kill(osd, SIGCONT), 0);
	must(rbd_disk_create(store, &d, &e), "create when it is back");
	must(rbd_disk_remove(store, "rbd", SCRATCH, KEY, &e), "remove when it is back");
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("rbd_disk");
	TCase *t = tcase_create("rbd_disk");
	SRunner *r;
	int failed;

	if (argc == 3 && str_eq(argv[1], GUEST_ARGUMENT))
		return guest_main(argv[2]);
	if (!getenv("RBD_T_CONF") || !getenv("RBD_T_OSD")) {
		puts("run by 0100-rbd.t");
		return 77;
	}
	(void)str_copy(settings.ceph_conf, sizeof(settings.ceph_conf), getenv("RBD_T_CONF"));
	(void)str_copy(settings.ceph_user, sizeof(settings.ceph_user), "vmd");
	(void)str_copy(settings.ceph_pool, sizeof(settings.ceph_pool), "rbd");
	(void)str_copy(settings.cluster, sizeof(settings.cluster), "lab");
	settings.ceph_timeout_s = 2;
	settings.ceph_blocklist_s = 365 * 86400;
	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, connect_admin, NULL);
	tcase_add_unchecked_fixture(t, make_golden, NULL);
	tcase_add_test(t, clones_and_grows);
	tcase_add_test(t, creates_empty);
	tcase_add_test(t, adopts_the_unfinished);
	tcase_add_test(t, leaves_others_alone);
	tcase_add_test(t, keeps);
	tcase_add_test(t, refuses_what_is_in_use);
	tcase_add_test(t, takes_over);
	add_fence_tests(t);
	tcase_add_test(t, removes);
	tcase_add_test(t, says_what_is_missing);
	add_damaged_tests(t);
	add_named_tests(t);
	tcase_add_test(t, scratch_disk_leaves);
	tcase_add_test(t, cannot_connect);
	tcase_add_test(t, times_out);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	if (rbd_store_new(&settings, &store, &e) < 0)
		return 1;
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rbd_store_free(store);
	return failed ? 1 : 0;
}
