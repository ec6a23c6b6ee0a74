/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exec that tells a guest something: its path, and what its stream of messages means. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_guest.h"

#include <check.h>
#include <string.h>

START_TEST(paths)
{
	char buf[2048], small[64];

	ck_assert_int_eq(kube_guest_path("slurm-vm", "virt-launcher-x", "vm-17-aa-r0",
					 VM_PROFILE_LINUX, "in 5 minutes", buf, sizeof(buf)),
			 0);
	ck_assert_str_eq(buf, "/api/v1/namespaces/slurm-vm/pods/virt-launcher-x/"
			      "exec?container=compute&stdout=true&stderr=true&command=virt-probe"
			      "&command=--domainName&command=slurm-vm_vm-17-aa-r0"
			      "&command=--timeoutSeconds&command=10&command=--command&command=wall"
			      "&command=--&command=in%205%20minutes");
	ck_assert_int_eq(
		kube_guest_path("slurm-vm", "p", "v", VM_PROFILE_WINDOWS, "now", buf, sizeof(buf)),
		0);
	ck_assert_ptr_nonnull(strstr(buf, "&command=msg.exe&command=--&command=%2A&command=now"));
	ck_assert_int_eq(kube_guest_path("slurm-vm", "p", "v", VM_PROFILE_LINUX, "now", small,
					 sizeof(small)),
			 -1);
}
END_TEST

#define OK "\003{\"metadata\":{},\"status\":\"Success\"}"
/* clang-format off */
static const struct {
	const char *data;
	enum err_kind kind;
	const char *says;
} rows[] = {
	{OK, ERR_NONE, ""},
	{"\001some output\n" OK, ERR_NONE, ""},
	{"\001no \003{status}\n" OK, ERR_NONE, ""},
	{"\002virt-probe: no agent\n\003{\"status\":\"Failure\",\"message\":\"exit status 1\"}",
	 ERR_CONFLICT, "the guest's program: exit status 1"},
	{"\003{\"status\":\"Failure\",\"message\":\"a\\nb\\u001bc\"}", ERR_CONFLICT,
	 "the guest's program: a?b?c"},
	{"\003{\"status\":\"Failure\"}", ERR_CONFLICT, "the guest's program: failed"},
	{"\003{}", ERR_CONFLICT, "the guest's program: failed"},
	{"", ERR_RETRY, "the guest's program ended without a word"},
	{"\001output only", ERR_RETRY, "the guest's program ended without a word"},
	{"\003{\"status\":", ERR_RETRY, NULL},
};
/* clang-format on */

START_TEST(outcomes)
{
	struct err e = {.kind = ERR_NONE};
	int rc = kube_guest_outcome(rows[_i].data, strlen(rows[_i].data), &e);

	ck_assert_int_eq(rc, rows[_i].kind ? -1 : 0);
	ck_assert_int_eq(e.kind, rows[_i].kind);
	if (rows[_i].kind && rows[_i].says)
		ck_assert_str_eq(e.msg, rows[_i].says);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube_guest");

	tcase_add_test(t, paths);
	tcase_add_loop_test(t, outcomes, 0, ARRAY_LEN(rows));
	return CHECK_MAIN(t);
}
