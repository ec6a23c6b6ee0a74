/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates and deletes that may be repeated: rows of what the server answers and what that means. */
#include "tests/unit/check_main.h"
#include "tests/unit/request_fixture.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define PATH "/apis/kubevirt.io/v1/namespaces/slurm-vm/virtualmachines"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct row creates[] = {
	{"made", MADE, NO_LOOK, 1, ERR_NONE, ""},
	{"there, ours", EXISTS, FOUND(FIXTURE_KEY, ""), 2, ERR_NONE, ""},
	{"there, another job's", EXISTS, FOUND("18-9f3c12ab45de6701", ""), 2,
	 ERR_CONFLICT, "is not of job"},
	{"there, nobody's", EXISTS, NOBODYS, 2, ERR_CONFLICT, "is not of job"},
	{"there, ours, going", EXISTS, FOUND(FIXTURE_KEY, "\"deletionTimestamp\":\"now\","), 2,
	 ERR_RETRY, "being deleted"},
	{"was there", EXISTS, STATUS(404, "no"), 2, ERR_RETRY, "gone now"},
	{"cannot look", EXISTS, STATUS(500, "no"), 2, ERR_RETRY, "no"},
	{"nonsense", EXISTS, PLAIN(200, "[]"), 2, ERR_INVALID, ""},
	{"being deleted", STATUS(409, "object is being deleted: x already exists"), NO_LOOK, 1,
	 ERR_RETRY, "being deleted"},
	{"no KubeVirt", STATUS(404, "page not found"), NO_LOOK, 1, ERR_RETRY, "page not found"},
	{"refused", STATUS(422, "bad disk"), NO_LOOK, 1, ERR_INVALID, "bad disk"},
	{"perhaps", STATUS(500, "oops"), NO_LOOK, 1, ERR_UNSURE, "oops"},
};
/* clang-format on */

static void answer_create(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool look = str_eq(q->method, "GET");

	*a = look ? r->look : r->first;
	if (q->n != (look ? 1U : 0U) || !str_eq(q->path, look ? PATH "/" VM : PATH) ||
	    (look && !strstr(q->accept, "as=PartialObjectMetadata;")))
		a->status = 418; /* no row wants that */
}

START_TEST(create_rows)
{
	const struct row *r = &creates[_i];
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_create, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_create_vm(kube, &v, on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_uint_eq(fake_api_requests(kube_api), r->requests);
	kube_down();
}
END_TEST

/* A PV is there for one PVC, which it names by uid: that of another run is not ours. */
#define PV      "vm-" FIXTURE_KEY "-root"
#define PV_PATH "/api/v1/persistentvolumes"
#define PV_FOR(uid)                                                                                \
	{                                                                                          \
		.status = 200, .body = "{\"metadata\":{\"name\":\"" PV "\",\"uid\":\"u\","         \
				       "\"resourceVersion\":\"1\",\"labels\":"                     \
				       "{\"slurm-vm.io/key\":\"" FIXTURE_KEY "\"}},"               \
				       "\"spec\":{\"claimRef\":{" uid "}}}"                        \
	}
static const struct row pv_creates[] = {
	{"made", MADE, NO_LOOK, 1, ERR_NONE, ""},
	{"there, for this claim", EXISTS, PV_FOR("\"uid\":\"claim-uid\""), 2, ERR_NONE, ""},
	{"there, for an earlier one", EXISTS, PV_FOR("\"uid\":\"other\""), 2, ERR_CONFLICT,
	 "for another run"},
	{"there, for any", EXISTS, PV_FOR(""), 2, ERR_CONFLICT, "for another run"},
};

static void answer_pv(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool look = str_eq(q->method, "GET");

	*a = look ? r->look : r->first;
	if (!str_eq(q->path, look ? PV_PATH "/" PV : PV_PATH) ||
	    (!look && !strstr(q->body, "\"uid\":\"claim-uid\"")) ||
	    (look && !str_eq(q->accept, "application/json"))) /* the spec is wanted */
		a->status = 418;
}

START_TEST(pv_create_rows)
{
	const struct row *r = &pv_creates[_i];
	struct disk_spec d = fixture_disk(DISK_ROOT, "tiny");
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_pv, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_create_pv(kube, &d, on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_uint_eq(fake_api_requests(kube_api), r->requests);
	d.claim_uid[0] = '\0';
	ck_assert_int_eq(kube_create_pv(kube, &d, on_done, &o, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	kube_down();
}
END_TEST

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct row deletes[] = {
	{"done", DONE, NO_LOOK, 1, ERR_NONE, ""},
	{"gone already", STATUS(404, "no"), NO_LOOK, 1, ERR_NONE, ""},
	{"changed", STATUS(409, "the UID in the precondition"), NO_LOOK, 1, ERR_CONFLICT, "UID"},
	{"not allowed", STATUS(403, "no"), NO_LOOK, 1, ERR_DENIED, "no"},
	{"perhaps", STATUS(500, "oops"), NO_LOOK, 1, ERR_UNSURE, "oops"},
};
/* clang-format on */

static void answer_delete(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;

	*a = r->first;
	if (!str_eq(q->method, "DELETE") || !str_eq(q->path, PATH "/" VM) ||
	    !str_eq(q->body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
			     "\"propagationPolicy\":\"Background\",\"preconditions\":"
			     "{\"uid\":\"u1\",\"resourceVersion\":\"5\"}}"))
		a->status = 418;
}

START_TEST(delete_rows)
{
	const struct row *r = &deletes[_i];
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_delete, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_delete(kube, KUBE_VM, VM, "u1", "5", on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	kube_down();
}
END_TEST

START_TEST(bad_names_are_not_sent)
{
	struct outcome o = {.done = false};
	struct err e;
	static const char *const bad[] = {"", "a/b", "../x", "A"};

	kube_up(answer_delete, (void *)(uintptr_t)&deletes[0]);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(kube_delete(kube, KUBE_VM, bad[i], "", "", on_done, &o, &e), -1);
		ck_assert_int_eq(e.kind, ERR_INVALID);
	}
	ck_assert_uint_eq(fake_api_requests(kube_api), 0);
	kube_down();
}
END_TEST

static void answer_never(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->status = 0;
}

static void on_key(void *ctx, const struct err *e, const char *key)
{
	(void)e, (void)key;
	*(bool *)ctx = true;
}

/* Under the sanitizers: nothing is left of what was under way, nobody is called. */
START_TEST(free_with_requests_under_way)
{
	struct credentials c = fixture_credentials();
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	struct outcome o = {.done = false};
	bool read = false;
	struct secret_job j = fixture_secret_job("tiny");
	struct err e;

	kube_up(answer_never, NULL);
	ck_assert_int_eq(kube_create_secret(kube, SECRET, &j, &c, on_done, &o, &e), 0);
	ck_assert_int_eq(kube_create_vm(kube, &v, on_done, &o, &e), 0);
	ck_assert_int_eq(kube_delete(kube, KUBE_SECRET, SECRET, "u", "1", on_done, &o, &e), 0);
	ck_assert_int_eq(kube_read_key(kube, SECRET, on_key, &read, &e), 0);
	while (fake_api_requests(kube_api) < 3)
		ck_assert_int_ge(sd_event_run(kube_loop, 10000), 0);
	kube_down();
	ck_assert(!o.done && !read);
}
END_TEST

START_TEST(nodes_are_cordoned)
{
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_patch, NULL);
	ck_assert_int_eq(kube_mark_node(kube, "n1", "77", true, NODE_FROM_SLURM, on_done, &o, &e),
			 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PATCH");
	ck_assert_str_eq(patched.path, "/api/v1/nodes/n1");
	ck_assert_str_eq(patched.body, "{\"metadata\":{\"resourceVersion\":\"77\",\"annotations\":{"
				       "\"slurm-vm.io/drain\":\"slurm\"}},\"spec\":{"
				       "\"unschedulable\":true}}");
	ck_assert_int_eq(kube_mark_node(kube, "n1", "78", false, NODE_UNMARKED, on_done, &o, &e),
			 0);
	settled(&o);
	ck_assert_str_eq(patched.body, "{\"metadata\":{\"resourceVersion\":\"78\",\"annotations\":{"
				       "\"slurm-vm.io/drain\":null}},\"spec\":{"
				       "\"unschedulable\":null}}");
	ck_assert_int_eq(kube_keep_vm(kube, VM, on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PUT");
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachineinstances/" VM "/evacuate/cancel");
	kube_down();
}
END_TEST

START_TEST(disks_come_and_go)
{
	const struct vm_disk_spec disk = {.name = "disk-ref",
					  .claim = "vm-1-a-r0-d-ref",
					  .serial = "ref",
					  .read_only = true,
					  .comes_and_goes = true};
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_patch, NULL);
	ck_assert_int_eq(kube_attach(kube, VM, &disk, on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PUT");
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachines/" VM "/addvolume");
	ck_assert_str_eq(patched.body,
			 "{\"name\":\"disk-ref\",\"disk\":{\"name\":\"disk-ref\",\"disk\":{\"bus\":"
			 "\"scsi\",\"readonly\":true},\"serial\":\"ref\"},\"volumeSource\":{"
			 "\"persistentVolumeClaim\":{\"claimName\":\"vm-1-a-r0-d-ref\","
			 "\"hotpluggable\":true}}}");
	ck_assert_int_eq(kube_detach(kube, VM, "disk-ref", on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachines/" VM "/removevolume");
	ck_assert_str_eq(patched.body, "{\"name\":\"disk-ref\"}");
	kube_down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube request");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, create_rows, 0, ARRAY_LEN(creates));
	tcase_add_loop_test(t, pv_create_rows, 0, ARRAY_LEN(pv_creates));
	tcase_add_loop_test(t, delete_rows, 0, ARRAY_LEN(deletes));
	tcase_add_test(t, bad_names_are_not_sent);
	tcase_add_test(t, free_with_requests_under_way);
	tcase_add_test(t, nodes_are_cordoned);
	tcase_add_test(t, disks_come_and_go);
	return CHECK_MAIN(t);
}
