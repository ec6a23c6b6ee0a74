/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the check of a site asks the API server, and how it reads the answers. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_site.h"

#include <check.h>
#include <string.h>

static enum site_answer answer(const char *body)
{
	return kube_site_answer(body, strlen(body));
}

START_TEST(a_review)
{
	const struct site_right r = {.group = "subresources.kubevirt.io",
				     .resource = "virtualmachineinstances",
				     .subresource = "vnc",
				     .verbs = "get"};
	AUTO(json_object_put) struct json_object *doc = kube_site_review(&r, "get", "slurm-vm");

	ck_assert_str_eq(
		json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"namespace\":\"slurm-vm\",\"verb\":\"get\","
		"\"group\":\"subresources.kubevirt.io\",\"resource\":\"virtualmachineinstances\","
		"\"subresource\":\"vnc\"}}}");
}
END_TEST

/* Without a namespace: a right in one of them would not do. */
START_TEST(a_review_of_the_cluster)
{
	const struct site_right r = {.group = "",
				     .resource = "nodes",
				     .subresource = "",
				     .verbs = "list",
				     .cluster = true};
	AUTO(json_object_put) struct json_object *doc = kube_site_review(&r, "list", "slurm-vm");

	ck_assert_ptr_null(json_at(doc, "spec/resourceAttributes/namespace"));
	ck_assert_ptr_null(json_at(doc, "spec/resourceAttributes/subresource"));
}
END_TEST

START_TEST(answers)
{
	ck_assert_int_eq(answer("{\"status\":{\"allowed\":true}}"), SITE_YES);
	ck_assert_int_eq(answer("{\"status\":{\"allowed\":false,\"denied\":true}}"), SITE_NO);
	ck_assert_int_eq(answer("{\"status\":{}}"), SITE_UNKNOWN);
	ck_assert_int_eq(answer("{\"status\":{\"allowed\":\"true\"}}"), SITE_UNKNOWN);
	ck_assert_int_eq(answer("404 page not found"), SITE_UNKNOWN);
}
END_TEST

START_TEST(nodes)
{
	/* label and resource as KubeVirt 1.6 writes them */
	static const char body[] =
		"{\"items\":[{\"metadata\":{\"name\":\"w1\",\"labels\":"
		"{\"kubevirt.io/schedulable\":\"true\"}},\"status\":{\"conditions\":[{\"type\":"
		"\"Ready\",\"status\":\"True\"}],\"allocatable\":{\"devices.kubevirt.io/kvm\":"
		"\"1k\"}}},{\"metadata\":{\"name\":\"w2\",\"labels\":"
		"{\"kubevirt.io/schedulable\":\"false\"}},\"status\":{\"allocatable\":"
		"{\"devices.kubevirt.io/kvm\":\"0\"}}},{\"metadata\":{\"name\":\"w3\"}}]}";
	struct site_nodes l = {.n = 0};
	struct err e;

	ck_assert_int_eq(kube_site_nodes(body, strlen(body), &l, &e), 0);
	ck_assert_uint_eq(l.n, 3);
	ck_assert_str_eq(l.node[0].name, "w1");
	ck_assert(l.node[0].ready && l.node[0].takes_vms && l.node[0].kvm);
	ck_assert(!l.node[1].ready && !l.node[1].takes_vms && !l.node[1].kvm);
	ck_assert(!l.node[2].ready && !l.node[2].takes_vms && !l.node[2].kvm);
	free(l.node);
	ck_assert_int_eq(kube_site_nodes("{}", 2, &l, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
}
END_TEST

/* Of no job of Slurm's, so that a vmd that runs would never take it for one of its own. */
START_TEST(a_vm)
{
	static struct image i = {.name = "win",
				 .user = "hpc",
				 .profile = VM_PROFILE_WINDOWS,
				 .firmware_efi = true,
				 .secure_boot = true,
				 .tpm = true,
				 .memory_min_bytes = UINT64_C(4) << 30,
				 .n_network = 1,
				 .network = {"lan"}};
	static struct settings s = {.kube_namespace = "slurm-vm",
				    .cluster = "lab",
				    .n_network = 1,
				    .network = {{.name = "lan", .nad = "slurm-vm/lan"}}};
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err e = {.msg = ""};

	ck_assert_msg(kube_site_vm(&s, &i, &doc, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(json_str_at(doc, "metadata/name"), "vm-4294967294-0000000000000000-r0");
	ck_assert_str_eq(json_str_at(doc, "spec/template/spec/domain/memory/guest"), "4Gi");
	ck_assert_ptr_nonnull(json_at(doc, "spec/template/spec/domain/devices/tpm"));
	i.network[0][0] = 'x';
	ck_assert_int_eq(kube_site_vm(&s, &i, &doc, &e), -1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("all");

	tcase_add_test(t, a_review);
	tcase_add_test(t, a_review_of_the_cluster);
	tcase_add_test(t, answers);
	tcase_add_test(t, nodes);
	tcase_add_test(t, a_vm);
	return CHECK_MAIN(t);
}
