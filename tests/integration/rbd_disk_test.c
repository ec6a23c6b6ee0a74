/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rbd_disk against a real Ceph; started by 0100-rbd.t with RBD_T_CONF and RBD_T_OSD. The tests run
 * in one process and in order: they share the connection and the golden image. */
#include "tests/integration/rbd_guest.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_blocklist.h"
#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_named.h"
#include "vmd/rbd/rbd_store.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <rados/librados.h>
#include <rbd/librbd.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB     (UINT64_C(1) << 20)
#define KEY     "17-9f3c12ab45de6701"
#define OTHER   "18-0000000000000000"
#define ROOT    "vm-" KEY "-root"
#define SCRATCH "vm-" KEY "-scratch"

static struct rbd_store *store;
static struct settings settings;
static rados_t cluster; /* the test's own eyes and hands, as client.admin */
static rados_ioctx_t io;
static struct err e;

static void must(int rc, const char *what)
{
	ck_assert_msg(rc == 0, "%s: %s", what, e.msg);
}

static struct disk_spec root_spec(void)
{
	return (struct disk_spec){
		.name = ROOT,
		.job_key = KEY,
		.job_id = 17,
		.role = DISK_ROOT,
		.pool = "rbd",
		.size_bytes = 24 * MIB,
		.origin = {.known = true, .uid = 7001,   .image = "tiny",     .revision = "v1"},
		.golden = {.name = "v1",  .pool = "rbd", .rbd_image = "tiny", .snapshot = "v1"}
        };
}

static struct disk_spec scratch_spec(void)
{
	return (struct disk_spec){.name = SCRATCH,
				  .job_key = KEY,
				  .job_id = 17,
				  .role = DISK_SCRATCH,
				  .pool = "rbd",
				  .size_bytes = 12 * MIB};
}

static void connect_admin(void)
{
	ck_assert_int_eq(rados_create2(&cluster, "ceph", "client.admin", 0), 0);
	ck_assert_int_eq(rados_conf_read_file(cluster, getenv("RBD_T_CONF")), 0);
	ck_assert_int_eq(rados_connect(cluster), 0);
	ck_assert_int_eq(rados_ioctx_create(cluster, "rbd", &io), 0);
}

static void make_image(const char *name, uint64_t size)
{
	rbd_image_options_t options;

	rbd_image_options_create(&options);
	rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_FEATURES, 61);
	ck_assert_int_eq(rbd_create4(io, name, size, options), 0);
	rbd_image_options_destroy(options);
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

static void set_mark(const char *name, const char *key, const char *value)
{
	rbd_image_t image;

	ck_assert_int_eq(rbd_open(io, name, &image, NULL), 0);
	if (value)
		ck_assert_int_eq(rbd_metadata_set(image, key, value), 0);
	else
		ck_assert_int_eq(rbd_metadata_remove(image, key), 0);
	ck_assert_int_eq(rbd_close(image), 0);
}

/* What the list says of name, or NULL. */
static const struct disk_seen *listed(const char *name)
{
	static struct disk_seen found;
	AUTO(free) struct disk_seen *disk = NULL;
	size_t n = 0;

	e.kind = ERR_NONE;
	must(rbd_disk_list(store, "rbd", &disk, &n, &e), "list");
	ck_assert_int_eq(e.kind, ERR_NONE); /* its caller on another thread asks for that alone */
	for (size_t i = 0; i < n; i++) {
		if (str_eq(disk[i].name, name)) {
			found = disk[i];
			return &found;
		}
	}
	return NULL;
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

/* ---- fencing: a guest is another client, with the key that vmd has ---- */

static void guest_open(struct guest *g, const char *name)
{
	char what[96];

	must(guest_start(g, settings.ceph_conf), "guest");
	(void)str_fmt(what, sizeof(what), "open %s", name);
	ck_assert_int_eq(guest_do(g, what), 0);
}

static long guest_write(struct guest *g, const char *text)
{
	char what[96];

	(void)str_fmt(what, sizeof(what), "write %s", text);
	return guest_do(g, what);
}

static void guest_close(struct guest *g)
{
	ck_assert_int_eq(guest_do(g, "close"), 0);
	guest_kill(g);
}

static void image_read(const char *name, char *text, size_t size)
{
	rbd_image_t image;

	must(rbd_open_read_only(io, name, &image, NULL), "open");
	ck_assert_int_eq(rbd_read(image, 0, size - 1, text), (ssize_t)size - 1);
	text[size - 1] = '\0';
	must(rbd_close(image), "close");
}

#define VM_UID   "0b5a7c1e-1111-2222-3333-444455556666"
#define NEXT_UID "0b5a7c1e-1111-2222-3333-444455557777"

/* Its owner is known by the lock, by its watch and by what the list wrote down. */
START_TEST(fences_a_writer)
{
	struct guest old, new;
	char text[6];

	guest_open(&old, ROOT);
	ck_assert_int_eq(guest_write(&old, "first"), 5);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	ck_assert_uint_eq(listed(ROOT)->clients.n, 1);
	ck_assert_int_eq(guest_write(&old, "again"), 5); /* being listed is no harm */
	must(rbd_disk_fence(store, "rbd", ROOT, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_str_eq(listed(ROOT)->fenced, VM_UID);
	ck_assert_int_eq(guest_write(&old, "never"), -ESHUTDOWN);
	must(rbd_disk_fence(store, "rbd", ROOT, KEY, VM_UID, INT64_MAX, &e), "fence again");
	guest_open(&new, ROOT);
	ck_assert_int_eq(guest_write(&new, "newer"), 5);
	ck_assert_int_eq(guest_write(&old, "never"), -ESHUTDOWN);
	image_read(ROOT, text, sizeof(text));
	ck_assert_str_eq(text, "newer");
	guest_close(&new);
	guest_kill(&old);
}
END_TEST

/* Cut off so long that its watch is over, and it never had the lock: only what was written down
 * while its host was healthy names it. */
START_TEST(fences_whom_it_knew)
{
	struct guest old;

	guest_open(&old, SCRATCH);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	ck_assert_uint_eq(listed(SCRATCH)->clients.n, 1);
	ck_assert_int_eq(guest_do(&old, "close"), 0); /* its watch goes */
	ck_assert_uint_eq(listed(SCRATCH)->clients.n, 1);
	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_int_eq(guest_do(&old, "open " SCRATCH), -ESHUTDOWN);
	guest_kill(&old);
}
END_TEST

/* Somebody else's entry ends in an hour, and would be the one that counts. */
START_TEST(fences_for_long)
{
	struct guest old;
	char address[64];
	int64_t until_s;
	const char *command = "{\"prefix\": \"osd blocklist ls\", \"format\": \"json\"}";
	char *text = NULL;
	size_t len = 0;

	guest_open(&old, SCRATCH);
	must(rbd_disk_keep(store, "rbd", SCRATCH, KEY, 0, &e), "list anew");
	(void)str_copy(address, sizeof(address), listed(SCRATCH)->clients.address[0]);
	must(rados_blocklist_add(cluster, address, 3600), "an entry for an hour");
	must(rbd_disk_fence(store, "", SCRATCH, KEY, NEXT_UID, INT64_MAX, &e), "fence");
	must(rados_mon_command(cluster, &command, 1, "", 0, &text, &len, NULL, NULL), "list");
	until_s = blocklist_until_s(text, len, address);
	ck_assert_msg(until_s > time(NULL) + 364 * 86400, "%.*s", (int)len, text);
	rados_buffer_free(text);
	guest_kill(&old);
}
END_TEST

/* The fence of a vmd that was stopped for a while, or of one whose list is old: the VM is let go of
 * by now, and the disk has its next guest. */
START_TEST(fences_no_later_guest)
{
	struct guest next;

	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "fence");
	guest_open(&next, SCRATCH);
	ck_assert_int_eq(guest_write(&next, "first"), 5);
	must(rbd_disk_keep(store, "rbd", ROOT, KEY, 0, &e), "list anew");
	ck_assert_uint_gt(listed(SCRATCH)->clients.n, 0);
	must(rbd_disk_fence(store, "", SCRATCH, KEY, VM_UID, INT64_MAX, &e), "a late fence");
	ck_assert_int_eq(guest_write(&next, "lives"), 5);
	guest_close(&next);
}
END_TEST

/* The same, but the host came back before anybody was shut out: there is no mark. */
START_TEST(fences_nobody_too_late)
{
	struct guest next;

	guest_open(&next, SCRATCH);
	ck_assert_int_eq(guest_write(&next, "first"), 5);
	ck_assert_int_eq(rbd_disk_fence(store, "", SCRATCH, KEY, NEXT_UID, clock_mono_us() - 1, &e),
			 -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(guest_write(&next, "lives"), 5);
	guest_close(&next);
}
END_TEST

START_TEST(fences_only_its_own)
{
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", ROOT, "18-00", VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", "vm-none", KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);           /* it may have lost its header only */
	ck_assert_str_eq(listed(ROOT)->fenced, VM_UID); /* of an earlier test */
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

/* ---- named disks ---- */

static struct named_disk named_spec(void)
{
	struct named_disk d = {
		.pool = "rbd", .uid = 7001, .name = "data", .size_bytes = 8 * MIB, .created_s = 5};

	ck_assert_int_eq(named_image("lab", 7001, "data", d.image, sizeof(d.image)), 0);
	return d;
}

/* What the list says of it, or NULL. */
static const struct named_disk *named_listed(const struct named_disk *d)
{
	static struct named_disk found;
	AUTO(free) struct named_disk *disk = NULL;
	size_t n = 0;

	e.kind = ERR_NONE;
	must(rbd_named_list(store, "rbd", &disk, &n, &e), "list");
	ck_assert_int_eq(e.kind, ERR_NONE);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(disk[i].image, d->image)) {
			found = disk[i];
			return &found;
		}
	}
	return NULL;
}

static enum err_kind claimed(enum disk_claim_step step, const char *key)
{
	struct named_disk d = named_spec();
	struct disk_claims c;

	e.kind = ERR_NONE;
	return rbd_named_claim(store, &d, step, key, &c, &e) < 0 ? e.kind : ERR_NONE;
}

START_TEST(named_disk_is_made)
{
	struct named_disk d = named_spec(), other = d;

	must(rbd_named_create(store, &d, &e), "create");
	ck_assert_ptr_nonnull(named_listed(&d));
	ck_assert_uint_eq(named_listed(&d)->uid, 7001);
	ck_assert_str_eq(named_listed(&d)->name, "data");
	ck_assert_uint_eq(named_listed(&d)->size_bytes, 8 * MIB);
	ck_assert_int_eq(named_listed(&d)->created_s, 5);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 0);
	ck_assert_int_eq(rbd_named_create(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	/* cut short before its marks: the next call goes on, of the same size only */
	set_mark(d.image, "slurm-vm.cluster", NULL);
	ck_assert_ptr_null(named_listed(&d));
	other.size_bytes = 4 * MIB;
	ck_assert_int_eq(rbd_named_create(store, &other, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	must(rbd_named_create(store, &d, &e), "finish");
	ck_assert_ptr_nonnull(named_listed(&d));
}
END_TEST

/* The clean-up behind jobs does not see it, and what removes jobs' disks refuses it, also for the
 * job that has it. */
START_TEST(named_disk_is_no_leftover)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_ptr_null(listed(d.image));
	ck_assert_int_eq(rbd_disk_remove(store, "rbd", d.image, KEY, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(rbd_disk_keep(store, "rbd", d.image, KEY, 1, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_ptr_nonnull(named_listed(&d));
}
END_TEST

START_TEST(one_writer_or_readers)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, OTHER), ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_READ, OTHER), ERR_CONFLICT);
	ck_assert_int_eq(rbd_named_remove(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_LEAVE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, OTHER), ERR_CONFLICT);
	ck_assert(named_listed(&d)->claims.claim[0].leaving);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_READ, OTHER), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_READ, KEY), ERR_NONE);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 2);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_DROP, OTHER), ERR_NONE);
}
END_TEST

/* Eight threads of two vmd want it at once, again and again: one has it at any time. */
static struct {
	_Atomic int has, most, wins;
} race;

static void *race_run(void *arg)
{
	struct rbd_store *own = *(struct rbd_store **)arg;
	struct named_disk d = named_spec();
	char key[JOB_KEY_MAX + 1];
	struct disk_claims c;
	struct err why;

	(void)str_fmt(key, sizeof(key), "%u-9f3c12ab45de6701",
		      100 + (unsigned)((uintptr_t)arg / sizeof(void *) % 1000));
	for (int i = 0; i < 20; i++) {
		if (rbd_named_claim(own, &d, CLAIM_WRITE, key, &c, &why) < 0)
			continue;
		race.wins++;
		if (++race.has > 1)
			race.most = race.has;
		race.has--;
		while (rbd_named_claim(own, &d, CLAIM_DROP, key, &c, &why) < 0)
			;
	}
	return NULL;
}

START_TEST(claims_race)
{
	AUTO(rbd_store_free) struct rbd_store *second = NULL;
	struct rbd_store *of[8];
	pthread_t thread[ARRAY_LEN(of)];
	struct named_disk d = named_spec();

	must(rbd_store_new(&settings, &second, &e), "store");
	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		of[i] = i % 2 ? store : second;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, race_run, &of[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	ck_assert_int_eq(race.most, 0);
	ck_assert_int_gt(race.wins, 0);
	ck_assert_uint_eq(named_listed(&d)->claims.n, 0);
}
END_TEST

/* A claim decided on what is not true any more is refused by the OSD itself. */
START_TEST(claims_are_compared)
{
	struct named_disk d = named_spec();

	set_mark(d.image, "slurm-vm.claims", "no claim of ours");
	ck_assert_int_ne(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_ptr_nonnull(named_listed(&d));
	ck_assert_str_ne(named_listed(&d)->unreadable, "");
	set_mark(d.image, "slurm-vm.claims", NULL); /* of a key that is not there */
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
}
END_TEST

START_TEST(writers_are_fenced)
{
	struct named_disk d = named_spec();

	ck_assert_int_eq(claimed(CLAIM_READ, KEY), ERR_NONE);
	ck_assert_int_eq(rbd_disk_fence(store, "rbd", d.image, KEY, VM_UID, INT64_MAX, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_NONE);
	must(rbd_disk_fence(store, "rbd", d.image, KEY, VM_UID, INT64_MAX, &e), "fence");
	ck_assert_str_eq(named_listed(&d)->fenced, VM_UID);
	ck_assert_int_eq(claimed(CLAIM_DROP, KEY), ERR_NONE);
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

START_TEST(named_disk_goes)
{
	struct named_disk d = named_spec(), not_his = d;
	rbd_image_t image;

	not_his.uid = 7002;
	ck_assert_int_eq(rbd_named_remove(store, &not_his, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_int_eq(rbd_open(io, d.image, &image, NULL), 0);
	ck_assert_int_eq(rbd_named_remove(store, &d, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY); /* somebody has it open */
	ck_assert_int_eq(rbd_close(image), 0);
	set_mark(d.image, "slurm-vm.claims",
		 "removing"); /* as one that was cut short has left it */
	ck_assert(named_listed(&d)->claims.removing);
	ck_assert_int_eq(claimed(CLAIM_WRITE, KEY), ERR_ABSENT);
	must(rbd_named_remove(store, &d, &e), "remove");
	ck_assert_ptr_null(named_listed(&d));
	must(rbd_named_remove(store, &d, &e), "remove again");
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
	tcase_add_test(t, fences_a_writer);
	tcase_add_test(t, fences_whom_it_knew);
	tcase_add_test(t, fences_for_long);
	tcase_add_test(t, fences_no_later_guest);
	tcase_add_test(t, fences_nobody_too_late);
	tcase_add_test(t, fences_only_its_own);
	tcase_add_test(t, removes);
	tcase_add_test(t, says_what_is_missing);
	tcase_add_test(t, one_is_damaged);
	tcase_add_test(t, one_has_no_header);
	tcase_add_test(t, named_disk_is_made);
	tcase_add_test(t, named_disk_is_no_leftover);
	tcase_add_test(t, one_writer_or_readers);
	tcase_add_test(t, claims_race);
	tcase_add_test(t, claims_are_compared);
	tcase_add_test(t, writers_are_fenced);
	tcase_add_test(t, scratch_disk_leaves);
	tcase_add_test(t, leftover_goes);
	tcase_add_test(t, named_disk_goes);
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
