/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launcher pods of a lost node: rows of what the server answers and what that means. */
#include "tests/unit/check_main.h"
#include "tests/unit/request_fixture.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define PODS "/api/v1/namespaces/slurm-vm/pods"
#define POD(name, node)                                                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u-" name                                   \
	"\"},\"spec\":{\"nodeName\":\"" node "\"}}"

/* first: of the list; look: of a deletion. It takes the commas of macros for columns. */
/* clang-format off */
static const struct row pods[] = {
	{"none there", PLAIN(200, "{\"items\":[]}"), NO_LOOK, 1, ERR_NONE, ""},
	{"no items at all", PLAIN(200, "{\"items\":null}"), NO_LOOK, 1, ERR_NONE, ""},
	{"one", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), DONE, 2, ERR_NONE, ""},
	{"those of that node only",
	 PLAIN(200, "{\"items\":[" POD("a", "n1") "," POD("b", "n2") "," POD("c", "n1") "]}"), DONE,
	 3, ERR_NONE, ""},
	{"gone meanwhile", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(404, "no"), 2,
	 ERR_NONE, ""},
	{"another one by now", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"),
	 STATUS(409, "the UID in the precondition"), 2, ERR_CONFLICT, "UID"},
	{"may not delete", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(403, "no"), 2,
	 ERR_DENIED, "no"},
	{"may not list", STATUS(403, "no"), NO_LOOK, 1, ERR_DENIED, "no"},
	{"perhaps", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(500, "oops"), 2,
	 ERR_UNSURE, "oops"},
	{"no pod", PLAIN(200, "{\"items\":[{}]}"), NO_LOOK, 1, ERR_INVALID, "metadata/name"},
	{"a name that leads elsewhere", PLAIN(200, "{\"items\":[" POD("../x", "n1") "]}"), NO_LOOK, 1,
	 ERR_INVALID, "is no name"},
	{"nonsense", PLAIN(200, "{"), NO_LOOK, 1, ERR_INVALID, ""},
};
/* clang-format on */

static void answer_pods(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool list = str_eq(q->method, "GET");
	char body[200];

	*a = list ? r->first : r->look;
	if (list) {
		if (!str_eq(q->path, PODS) ||
		    !str_eq(fake_query(q, "labelSelector"),
			    "kubevirt.io=virt-launcher,kubevirt.io/domain=" VM
			    ",slurm-vm.io/key=" FIXTURE_KEY))
			a->status = 418;
		return;
	}
	(void)str_fmt(body, sizeof(body),
		      "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
		      "\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u-%s\"}}",
		      q->path + strlen(PODS "/"));
	if (!str_eq(q->method, "DELETE") || !str_eq(q->body, body))
		a->status = 418;
}

START_TEST(pod_rows)
{
	const struct row *r = &pods[_i];
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_pods, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_force_delete_pod(kube, VM, FIXTURE_KEY, "n1", on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_msg(fake_api_requests(kube_api) == r->requests, "%s: %u requests", r->why,
		      fake_api_requests(kube_api));
	ck_assert_int_eq(kube_force_delete_pod(kube, VM, FIXTURE_KEY, "", on_done, &o, &e), -1);
	ck_assert_int_eq(kube_force_delete_pod(kube, "../x", FIXTURE_KEY, "n1", on_done, &o, &e),
			 -1);
	kube_down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube pod");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, pod_rows, 0, ARRAY_LEN(pods));
	return CHECK_MAIN(t);
}
