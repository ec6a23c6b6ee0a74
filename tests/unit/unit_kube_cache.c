/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache: lists that replace each other, views that are too large, Secrets with their parts, and
 * the warnings that reach a VM. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_objects.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_event.h"

static void load_volume(struct cache *c, enum cache_kind kind, const char *name, const char *phase)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"resourceVersion\":\"1\","
		    "\"labels\":{\"slurm-vm.io/key\":\"1-a\"}},\"status\":{\"phase\":\"%s\"}}",
		    name, phase);
	load(c, kind, text.s, false);
}

/* More objects than there is room for: what was taken in is no list of all. */
START_TEST(too_many_are_unknown)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.pvs_known = true, .pvcs_known = true};
	char name[64];

	cache_list_begin(c, CACHE_PV);
	for (unsigned i = 0; i < 100001; i++) {
		(void)snprintf(name, sizeof(name), "vm-17-9f3c12ab45de6701-%06u", i);
		load_volume(c, CACHE_PV, name, "Bound");
		if (i == 99999) {
			cache_observe(c, fixture_settings(), &seen);
			ck_assert(seen.pvs_known);
		}
	}
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(!seen.pvs_known && seen.pvcs_known);
	cache_list_begin(c, CACHE_PV); /* the next list is smaller */
	cache_list_end(c, CACHE_PV);
	seen.pvs_known = true;
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(seen.pvs_known);
}
END_TEST

START_TEST(a_new_list_replaces_the_old)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	cache_list_begin(c, CACHE_PV);
	load_volume(c, CACHE_PV, "b", "Available");
	load_volume(c, CACHE_PV, "a", "Bound");
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 2);
	ck_assert_str_eq(seen.pv[0].name, "a");
	ck_assert(seen.pv[0].bound);
	ck_assert(!seen.pv[1].bound);
	cache_list_begin(c, CACHE_PV);
	load_volume(c, CACHE_PV, "b", "Bound");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 2); /* not complete: nothing is missing yet */
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 1);
	ck_assert_str_eq(seen.pv[0].name, "b");
}
END_TEST

START_TEST(parts_of_a_secret_hide_behind_it)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load_volume(c, CACHE_SECRET, "vm-1-a-login", "");
	load_volume(c, CACHE_SECRET, "vm-1-a-keys", "");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 2); /* left behind: somebody has to remove them */
	load_volume(c, CACHE_SECRET, "vm-1-a", "");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 1);
	ck_assert_str_eq(seen.secret[0].name, "vm-1-a");
	ck_assert(seen.secret[0].incomplete); /* these are not its own */
}
END_TEST

static void load_part(struct cache *c, const char *name, const char *owner, const char *more)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"%s\",\"uid\":\"p\",\"resourceVersion\":\"1\",%s"
		    "\"labels\":{\"slurm-vm.io/key\":\"1-a\"},"
		    "\"ownerReferences\":[{\"uid\":\"%s\"}]}}",
		    name, more, owner);
	load(c, CACHE_SECRET, text.s, false);
}

static bool is_incomplete(struct cache *c)
{
	struct observed seen = {.secrets_known = true};

	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 1);
	return seen.secret[0].incomplete;
}

/* Its parts come after it; all, and its own. */
START_TEST(secret_is_complete_with_its_parts)
{
	AUTO(cache_free) struct cache *c = cache_new();

	load_volume(c, CACHE_SECRET, "vm-1-a", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-login", "u", "");
	load_part(c, "vm-1-a-keys", "u", "");
	ck_assert(is_incomplete(c)); /* the catalogue has an image of either profile */
	load_part(c, "vm-1-a-sysprep", "u", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-init", "u", "");
	ck_assert(!is_incomplete(c));
	load_part(c, "vm-1-a-keys", "earlier", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-keys", "u", "");
	load_part(c, "vm-1-a-login", "u", "\"deletionTimestamp\":\"2026-11-25T12:00:00Z\",");
	ck_assert(is_incomplete(c));
}
END_TEST

#define EVENT(kind, name, type, reason, message, at)                                               \
	"{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"" kind                      \
	"\",\"name\":\"" name "\"},\"type\":\"" type "\",\"reason\":\"" reason                     \
	"\",\"message\":\"" message "\",\"lastTimestamp\":\"2026-11-23T08:49:" at "Z\"}"
#define POD "virt-launcher-vm-1-a-r0-x7k2p"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *json;
	int rc;
	const char *text;
} warnings[] = {
	{EVENT("Pod", POD, "Warning", "FailedCreatePodSandBox",
	       "Failed to create pod sandbox: rpc error: code = Unknown desc = plugin: cannot find "
	       "a network-attachment-definition (lan) in namespace (slurm-vm)", "01"),
	 1, "its network is missing in Kubernetes: cannot find a network-attachment-definition "
	    "(lan) in namespace (slurm-vm)"},
	{EVENT("Pod", POD, "Warning", "FailedCreatePodSandBox", "rpc error: desc = no runtime", "01"),
	 1, "its launcher cannot start: no runtime"},
	{EVENT("Pod", POD, "Warning", "FailedScheduling", "0/3 nodes", "01"),
	 1, "no place on the node: 0/3 nodes"},
	{EVENT("Pod", POD, "Warning", "FailedAttachVolume", "Multi-Attach", "01"),
	 1, "its disk cannot be attached: Multi-Attach"},
	{EVENT("VirtualMachineInstance", "vm-1-a-r0", "Warning", "SyncFailed", "a\\nb", "01"),
	 1, "KubeVirt cannot start the guest: a b"},
	{EVENT("VirtualMachineInstance", "vm-1-a-r0", "Warning", "Odd", "x", "01"), 1, "Odd: x"},
	{EVENT("Pod", POD, "Normal", "Scheduled", "x", "01"), 0, ""},
	{EVENT("Pod", "nginx-1", "Warning", "FailedMount", "x", "01"), 0, ""},
	{EVENT("Pod", "virt-launcher-", "Warning", "FailedMount", "x", "01"), 0, ""},
	{EVENT("Node", "n", "Warning", "NodeNotReady", "x", "01"), 0, ""},
	{"{}", -1, ""},
	{"{\"type\":\"Warning\",\"reason\":\"x\",\"involvedObject\":5}", -1, ""},
};
/* clang-format on */

START_TEST(warning_rows)
{
	AUTO(json_object_put) struct json_object *doc = parse(warnings[_i].json);
	struct vm_trouble t = {.text = ""};
	struct err e;

	ck_assert_int_eq(trouble_decode(doc, &t, &e), warnings[_i].rc);
	ck_assert_str_eq(t.text, warnings[_i].text);
	if (warnings[_i].rc == 1)
		ck_assert_str_eq(t.vm, "vm-1-a-r0");
}
END_TEST

/* The newest counts, while the guest does not run, and is forgotten with the VM. */
START_TEST(warnings_reach_the_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = false};

	load(c, CACHE_EVENT, EVENT("Pod", POD, "Warning", "FailedMount", "new", "09"), false);
	load(c, CACHE_EVENT, EVENT("Pod", POD, "Warning", "FailedMount", "old", "01"), false);
	cache_observe(c, fixture_settings(), &seen); /* before the VMs are known: kept */
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	seen.vms_known = true;
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "its disk cannot be attached: new");
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "");
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), true);
	load(c, CACHE_VM, VM(RERUN, BEGUN), true);
	cache_observe(c, fixture_settings(), &seen);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("cache");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_new_list_replaces_the_old);
	tcase_add_test(t, parts_of_a_secret_hide_behind_it);
	tcase_add_test(t, secret_is_complete_with_its_parts);
	tcase_add_loop_test(t, warning_rows, 0, ARRAY_LEN(warnings));
	tcase_add_test(t, too_many_are_unknown);
	tcase_add_test(t, warnings_reach_the_vm);
	return CHECK_MAIN(t);
}
