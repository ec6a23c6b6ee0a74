/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue's check with the texts a user reads, the guest's share of an allocation, names. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/disk/disk.h"
#include "vmd/vm/image.h"
#include "vmd/vm/vm_status.h"

#include <check.h>

#define G (UINT64_C(1) << 30)
#define M (UINT64_C(1) << 20)

static struct image images[3];
static const struct catalogue catalogue = {.n = ARRAY_LEN(images), .image = images};

static void images_init(void)
{
	images[0] = (struct image){.name = "plain", .n_revision = 1, .revision = {{.name = "v1"}}};
	images[1] = images[0];
	(void)str_copy(images[1].name, sizeof(images[1].name), "secret");
	images[1].n_uid = 1;
	images[1].uid[0] = 7;
	images[2] = (struct image){.name = "win11",
				   .tpm = true,
				   .n_revision = 2,
				   .revision = {{.name = "v1"}, {.name = "v2"}},
				   .disk_bytes = 40 * G,
				   .disk_max_bytes = 100 * G,
				   .scratch_max_bytes = 50 * G,
				   .memory_min_bytes = 4 * G,
				   .cpus_max = 8,
				   .n_network = 2,
				   .network = {"lan", "lab"},
				   .n_gid = 1,
				   .gid = {100}};
}

/* clang-format off */
static const struct {
	struct vm_request r;
	uint32_t uid, gid, cpus;
	uint64_t memory;
	const char *error; /* NULL: fine */
} rows[] = {
	{{.image = "plain"}, 1, 1, 1, 0, NULL},
	{{.image = "plain"}, 1, 1, 1, 280 * M, NULL},
	{{.image = "win11", .disk_bytes = 100 * G, .scratch_bytes = 50 * G, .network = "lab"}, 1,
	 100, 8, 8 * G, NULL},
	{{.image = "win99"}, 1, 100, 1, 0,
	 "image 'win99': not in the catalogue (allowed: plain, win11)"},
	{{.image = "win99"}, 7, 1, 1, 0,
	 "image 'win99': not in the catalogue (allowed: plain, secret)"},
	{{.image = "win11"}, 1, 1, 1, 0, "image 'win11': you may not use it (allowed: plain)"},
	{{.image = "win11", .revision = "v3"}, 1, 100, 1, 0,
	 "image 'win11' has no revision 'v3' (allowed: v1, v2)"},
	{{.image = "win11", .network = "wan"}, 1, 100, 1, 0,
	 "image 'win11': network 'wan' is not allowed (allowed: lan, lab)"},
	{{.image = "plain", .network = "lan"}, 1, 1, 1, 0,
	 "image 'plain': network 'lan' is not allowed (allowed: none)"},
	{{.image = "win11", .disk_bytes = 39 * G}, 1, 100, 1, 0,
	 "image 'win11': a root disk of 39G is not allowed (allowed: 40G to 100G)"},
	{{.image = "win11", .disk_bytes = 101 * G}, 1, 100, 1, 0,
	 "image 'win11': a root disk of 101G is not allowed (allowed: 40G to 100G)"},
	{{.image = "plain", .disk_bytes = G}, 1, 1, 1, 0,
	 "image 'plain': the root disk's size cannot be chosen (asked: 1G)"},
	{{.image = "plain", .scratch_bytes = G}, 1, 1, 1, 0,
	 "image 'plain': no scratch disk is allowed"},
	{{.image = "win11", .scratch_bytes = 51 * G}, 1, 100, 1, 0,
	 "image 'win11': a scratch disk of 51G is not allowed (allowed: up to 50G)"},
	{{.image = "win11"}, 1, 100, 9, 0,
	 "image 'win11': 9 CPUs are not allowed (allowed: up to 8)"},
	{{.image = "win11"}, 1, 100, 2, 4 * G,
	 "image 'win11': memory of 4G is too small (allowed: from 4434M, of which the guest gets " "4G)"},
	{{.image = "win11"}, 1, 100, 2, 4434 * M, NULL},
	{{.image = "win11"}, 1, 100, 2, 4433 * M,
	 "image 'win11': memory of 4433M is too small (allowed: from 4434M, of which the guest " "gets " "4G)"},
};
/* clang-format on */

START_TEST(check_rows)
{
	struct vm_request r = rows[_i].r;
	const struct image *image = NULL;
	struct err e = {.kind = ERR_NONE};
	int rc = catalogue_check(&catalogue, &r, rows[_i].uid, rows[_i].gid, rows[_i].cpus,
				 rows[_i].memory, &image, &e);

	if (rows[_i].error) {
		ck_assert_int_eq(rc, -1);
		ck_assert_str_eq(e.msg, rows[_i].error);
		ck_assert_ptr_null(image);
		ck_assert_int_eq(r.wait, VM_WAIT_UNSET); /* untouched */
		return;
	}
	ck_assert_msg(rc == 0, "%s", e.msg);
	ck_assert_str_eq(image->name, r.image);
}
END_TEST

START_TEST(denied_is_a_kind_of_its_own)
{
	struct vm_request r = {.image = "secret"};
	const struct image *image;
	struct err e;

	ck_assert_int_eq(catalogue_check(&catalogue, &r, 1, 1, 1, 0, &image, &e), -1);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	(void)str_copy(r.image, sizeof(r.image), "nosuch");
	ck_assert_int_eq(catalogue_check(&catalogue, &r, 1, 1, 1, 0, &image, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
}
END_TEST

START_TEST(defaults)
{
	struct vm_request r = {.image = "win11"};
	const struct image *image;
	struct err e;

	ck_assert_int_eq(catalogue_check(&catalogue, &r, 1, 100, 0, 0, &image, &e), 0);
	ck_assert_str_eq(r.revision, "v2");
	ck_assert_str_eq(r.network, "lan");
	ck_assert_uint_eq(r.disk_bytes, 40 * G);
	ck_assert_int_eq(r.wait, VM_WAIT_READY);
	ck_assert_int_eq(r.keep, VM_KEEP_ABNORMAL);
}
END_TEST

START_TEST(long_lists_are_cut)
{
	static struct image many[IMAGE_MAX];
	struct catalogue c = {.n = IMAGE_MAX, .image = many};
	struct vm_request r = {.image = "nosuch"};
	const struct image *image;
	struct err e;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		(void)str_fmt(many[i].name, sizeof(many[i].name), "windows-server-%03u", i);
	ck_assert_ptr_nonnull(catalogue_find(&c, "windows-server-000"));
	ck_assert_ptr_nonnull(catalogue_find(&c, "windows-server-255"));
	ck_assert_ptr_null(catalogue_find(&c, "windows-server-256"));
	ck_assert_int_eq(catalogue_check(&c, &r, 1, 1, 0, 0, &image, &e), -1);
	ck_assert_str_eq(e.msg,
			 "image 'nosuch': not in the catalogue (allowed: windows-server-000, "
			 "windows-server-001, windows-server-002, windows-server-003, "
			 "windows-server-004, windows-server-005, ...)");
}
END_TEST

START_TEST(overhead)
{
	/* KubeVirt's own sum for 2 vCPUs: 220 + 8 + 32 + 2 * 8, and a 512th */
	ck_assert_uint_eq(vm_overhead_bytes(1024 * M, 2, false), (220 + 8 + 32 + 16 + 2) * M);
	ck_assert_uint_eq(vm_overhead_bytes(0, 2, true) - vm_overhead_bytes(0, 2, false), 53 * M);
	ck_assert_uint_eq(vm_guest_memory_bytes(512 * M, 2, false), 234 * M);
	ck_assert_uint_eq(vm_guest_memory_bytes(276 * M, 2, false), 0);
	ck_assert_uint_eq(vm_guest_memory_bytes(0, 2, false), 0);
	for (uint64_t guest = 0; guest < 600 * G; guest = guest * 2 + 64 * M) {
		uint64_t all = vm_allocation_bytes(guest, 3, true);

		ck_assert_uint_ge(vm_guest_memory_bytes(all, 3, true), guest);
		ck_assert_uint_eq(all % M, 0);
		if (guest)
			ck_assert_uint_lt(vm_guest_memory_bytes(all - M, 3, true), guest);
	}
}
END_TEST

/* A move queues the job again and keeps the VM: written down before, true for that run only. */
START_TEST(incarnation_of_a_moved_job)
{
	struct job j = {.restarts = 2};

	ck_assert_uint_eq(job_incarnation(&j), 2);
	j.request.base_run = 1; /* moved before: the VM is that of run 1 */
	j.request.moved_run = 2;
	ck_assert_uint_eq(job_incarnation(&j), 1);
	j.request.moved_run = 3; /* about to be queued again */
	ck_assert_uint_eq(job_incarnation(&j), 1);
	j.restarts = 3;
	ck_assert_uint_eq(job_incarnation(&j), 1);
	j.restarts = 4; /* queued again for another reason */
	ck_assert_uint_eq(job_incarnation(&j), 4);
	j.request.moved_run = 7;
	ck_assert_uint_eq(job_incarnation(&j), 4);
}
END_TEST

START_TEST(names)
{
	struct job j = {.id = 17, .restarts = 2, .request = {.nonce = "9f3c12ab45de6701"}};
	char buf[VM_NAME_MAX + 1], claim[VM_NAME_MAX + 1];
	enum vm_state s;
	uint32_t run = 9;

	ck_assert_int_eq(vm_name(&j, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "vm-17-9f3c12ab45de6701-r2");
	ck_assert_int_eq(vm_secret_name(&j, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "vm-17-9f3c12ab45de6701");
	ck_assert_int_eq(disk_name(&j, DISK_SCRATCH, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "vm-17-9f3c12ab45de6701-scratch");
	ck_assert_int_eq(disk_claim_name(&j, DISK_ROOT, claim, sizeof(claim)), 0);
	ck_assert_str_eq(claim, "vm-17-9f3c12ab45de6701-r2-root");
	ck_assert_int_eq(vm_incarnation(claim, "17-9f3c12ab45de6701", &run), 0);
	ck_assert_uint_eq(run, 2);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-r4294967295", "1-aa", &run), 0);
	ck_assert_uint_eq(run, UINT32_MAX);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-r4294967296", "1-aa", &run), -1);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-r99999999999999999999", "1-aa", &run), -1);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-r2x", "1-aa", &run), -1);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-root", "1-aa", &run), -1);
	ck_assert_int_eq(vm_incarnation("vm-1-aa-r2", "1-ab", &run), -1);
	ck_assert_int_eq(vm_incarnation(buf, "17-9f3c12ab45de6701", &run), -1);
	ck_assert_uint_eq(run, UINT32_MAX);
	ck_assert(!disk_is_root(buf));
	ck_assert_int_eq(disk_name(&j, DISK_ROOT, buf, sizeof(buf)), 0);
	ck_assert(disk_is_root(buf));
	ck_assert(!disk_is_root("-root"));
	for (int i = VM_STATE_UNKNOWN; i <= VM_STATE_FAILED; i++) {
		ck_assert_int_eq(vm_state_parse(vm_state_name((enum vm_state)i), &s), 0);
		ck_assert_int_eq((int)s, i);
	}
	ck_assert_int_eq(vm_state_parse("ready", &s), -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("image");

	images_init();
	tcase_add_loop_test(t, check_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, denied_is_a_kind_of_its_own);
	tcase_add_test(t, defaults);
	tcase_add_test(t, long_lists_are_cut);
	tcase_add_test(t, overhead);
	tcase_add_test(t, names);
	tcase_add_test(t, incarnation_of_a_moved_job);
	return CHECK_MAIN(t);
}
