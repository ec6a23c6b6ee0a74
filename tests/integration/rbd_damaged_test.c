/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are damaged, or whose making was cut short. */
#include "tests/integration/rbd_test.h"

static void header_of(const char *name, char *buf, size_t size)
{
	rbd_image_t image;
	char id[64];

	ck_assert_int_eq(rbd_open_read_only(io, name, &image, NULL), 0);
	ck_assert_int_eq(rbd_get_id(image, id, sizeof(id)), 0);
	ck_assert_int_eq(rbd_close(image), 0);
	(void)str_fmt(buf, size, "rbd_header.%s", id);
}

/* The image's size, as its header has it. */
static void header_put(const char *header, const char *size, size_t len)
{
	const char *key = "size";
	rados_write_op_t op = rados_create_write_op();

	rados_write_op_omap_set(op, &key, &size, &len, 1);
	ck_assert_int_eq(rados_write_op_operate(op, io, header, NULL, 0), 0);
	rados_release_write_op(op);
}

/* An image whose header is damaged hides no other; what is known of it is its name. */
START_TEST(one_is_damaged)
{
	static const char size[8] = {0, 0, (char)0x80, 1}; /* 24 MiB, little endian */
	struct disk_spec root = root_spec(), scratch = scratch_spec();
	const struct disk_seen *seen;
	char header[96];

	must(rbd_disk_clone(store, &root, &e), "clone");
	must(rbd_disk_create(store, &scratch, &e), "create");
	header_of(ROOT, header, sizeof(header));
	header_put(header, "x", 1);
	seen = listed(ROOT);
	ck_assert_ptr_nonnull(seen);
	ck_assert_ptr_nonnull(strstr(seen->unreadable, ROOT));
	ck_assert_str_eq(seen->job_key, KEY);
	ck_assert_str_eq(seen->pool, "rbd");
	ck_assert(!seen->origin.known);
	ck_assert_str_eq(listed(SCRATCH)->unreadable, "");
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", ROOT, KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), -1);
	header_put(header, size, sizeof(size));
	ck_assert_str_eq(listed(ROOT)->unreadable, "");
	ck_assert(listed(ROOT)->origin.known);
	must(rbd_disk_remove(store, "rbd", ROOT, KEY, &e), "remove");
	must(rbd_disk_remove(store, "rbd", SCRATCH, KEY, &e), "remove");
}
END_TEST

/* It looks as if it did not exist, but for the pool's directory. */
START_TEST(one_has_no_header)
{
	struct disk_spec d = scratch_spec();
	char header[96];

	must(rbd_disk_create(store, &d, &e), "create");
	header_of(SCRATCH, header, sizeof(header));
	ck_assert_int_eq(rados_remove(io, header), 0);
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 0, &e) == -1 ? 0 : -1, "no such disk");
	ck_assert_ptr_nonnull(listed(SCRATCH));
	ck_assert_str_eq(listed(SCRATCH)->unreadable,
			 "Ceph: image " SCRATCH " has no header: damaged, or its removal was cut "
			 "short");
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", SCRATCH, KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(rbd_remove(io, SCRATCH), 0);
	ck_assert_ptr_null(listed(SCRATCH));
}
END_TEST

#define LEFT  "vm-" KEY "-scratch7"
#define CLONE "vm-" OTHER "-root"

/* What a creation has left that was cut short before the marks: nobody's at first, then a disk
 * whose removal has begun, of the job that its name tells. */
START_TEST(leftover_goes)
{
	int64_t leftover_s = store->leftover_s;
	struct disk_spec d = root_spec();
	rbd_image_t image;

	make_image(LEFT, 4 * MIB);
	(void)str_copy(d.name, sizeof(d.name), CLONE);
	(void)str_copy(d.job_key, sizeof(d.job_key), OTHER);
	must(rbd_disk_clone(store, &d, &e), "clone");
	set_mark(CLONE, "slurm-vm.job", NULL);
	ck_assert_ptr_null(listed(LEFT)); /* it may be finished this moment */
	ck_assert_ptr_null(listed(CLONE));
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", LEFT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	store->leftover_s = 0;
	ck_assert_ptr_nonnull(listed(LEFT));
	ck_assert(listed(LEFT)->removing);
	ck_assert_str_eq(listed(LEFT)->job_key, KEY);
	ck_assert_str_eq(listed(CLONE)->job_key, OTHER);
	ck_assert(listed(CLONE)->removing);
	/* ... and nobody else's */
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", LEFT, OTHER, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	set_mark(LEFT, "slurm-vm.cluster", "elsewhere");
	ck_assert_ptr_null(listed(LEFT));
	set_mark(LEFT, "slurm-vm.cluster", NULL);
	/* a lost host's disks are all fenced, it with them */
	must(rbd_disk_fence(store, "rbd", LEFT, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_str_eq(listed(LEFT)->fenced, VM_UID);
	/* in use, something in it, a snapshot of it: somebody's */
	ck_assert_int_eq(rbd_open(io, LEFT, &image, NULL), 0);
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", LEFT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(rbd_snap_create(image, "mine"), 0);
	ck_assert_ptr_null(listed(LEFT));
	ck_assert_int_eq(rbd_snap_remove(image, "mine"), 0);
	ck_assert_ptr_nonnull(listed(LEFT));
	ck_assert_int_eq(rbd_write(image, MIB, 4, "mine"), 4);
	ck_assert_int_eq(rbd_close(image), 0);
	ck_assert_ptr_null(listed(LEFT));
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", LEFT, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_remove(io, LEFT), 0);
	must(rbd_disk_remove(store, "rbd", CLONE, OTHER, &e), "remove the clone");
	make_image(LEFT, 4 * MIB);
	must(rbd_disk_remove(store, "rbd", LEFT, KEY, &e), "remove the empty one");
	ck_assert_int_eq(rbd_open(io, LEFT, &image, NULL), -ENOENT);
	ck_assert_int_eq(rbd_open(io, CLONE, &image, NULL), -ENOENT);
	store->leftover_s = leftover_s;
}
END_TEST

void add_damaged_tests(TCase *t)
{
	tcase_add_test(t, one_is_damaged);
	tcase_add_test(t, one_has_no_header);
	tcase_add_test(t, leftover_goes);
}
