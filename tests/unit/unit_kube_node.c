/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: who is Ready, in service, open for VMs, and since when one is lost. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_objects.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#define NODE(status, taints)                                                                       \
	"{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"taints\":[" taints                            \
	"]},\"status\":{\"conditions\":[{\"type\":\"DiskPressure\",\"status\":\"False\"}," status  \
	"]}}"
#define READY(status) "{\"type\":\"Ready\",\"status\":\"" status "\"}"
#define TAINT(key)    "{\"key\":\"" key "\",\"effect\":\"NoExecute\"}"
#define OUT           "node.kubernetes.io/out-of-service"

static const struct {
	const char *text;
	bool lost, out;
} nodes[] = {
	{NODE(READY("True"), ""), false, false},
	{NODE(READY("False"), ""), true, false},
	{NODE(READY("Unknown"), ""), true, false},
	{NODE("{}", ""), true, false},
	{NODE(READY("Unknown"), TAINT(OUT)), true, true},
	{NODE(READY("Unknown"), TAINT("x") "," TAINT(OUT)), true, true},
	{NODE(READY("True"), TAINT("x")), false, false},
	{"{\"metadata\":{\"name\":\"n1\"}}", true, false},
};

START_TEST(node_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_NODE, nodes[_i].text, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 1);
	ck_assert_str_eq(seen.node[0].name, "n1");
	ck_assert_msg((seen.node[0].lost_us != 0) == nodes[_i].lost, "%s", nodes[_i].text);
	ck_assert_msg(seen.node[0].out_of_service == nodes[_i].out, "%s", nodes[_i].text);
}
END_TEST

/* Since when it is lost is since it was first seen so: more of the same changes nothing. */
START_TEST(node_is_lost_since_the_first_time)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	int64_t since_us;

	load(c, CACHE_NODE, NODE(READY("Unknown"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	since_us = seen.node[0].lost_us;
	while (clock_mono_us() == since_us)
		;
	cache_list_begin(c, CACHE_NODE);
	load(c, CACHE_NODE, NODE(READY("False"), TAINT("x")), false);
	cache_list_end(c, CACHE_NODE);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_eq(seen.node[0].lost_us, since_us);
	load(c, CACHE_NODE, NODE(READY("True"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_eq(seen.node[0].lost_us, 0);
	load(c, CACHE_NODE, NODE(READY("False"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_gt(seen.node[0].lost_us, since_us);
	load(c, CACHE_NODE, NODE(READY("False"), ""), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 0);
}
END_TEST

#define CORDONED(mark)                                                                             \
	"{\"metadata\":{\"name\":\"n1\",\"resourceVersion\":\"77\"" mark                           \
	"},\"spec\":{\"unschedulable\":true}}"
#define MARKED(value) ",\"annotations\":{\"slurm-vm.io/drain\":" value "}"

static const struct {
	const char *text;
	bool cordoned;
	enum node_mark mark;
} cordons[] = {
	{NODE(READY("True"), ""), false, NODE_UNMARKED},
	{CORDONED(""), true, NODE_UNMARKED},
	{CORDONED(",\"annotations\":{\"a\":\"b\"}"), true, NODE_UNMARKED},
	{CORDONED(MARKED("\"slurm\"")), true, NODE_FROM_SLURM},
	{CORDONED(MARKED("\"kubernetes\"")), true, NODE_FROM_KUBE},
	{CORDONED(MARKED("\"else\"")), true, NODE_FOREIGN},
	{CORDONED(MARKED("[1]")), true, NODE_FOREIGN},
};

START_TEST(cordon_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_NODE, cordons[_i].text, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 1);
	ck_assert_msg(seen.node[0].cordoned == cordons[_i].cordoned, "%s", cordons[_i].text);
	ck_assert_msg(seen.node[0].mark == cordons[_i].mark, "%s", cordons[_i].text);
	ck_assert_str_eq(seen.node[0].version, cordons[_i].cordoned ? "77" : "");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("nodes");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, node_rows, 0, ARRAY_LEN(nodes));
	tcase_add_test(t, node_is_lost_since_the_first_time);
	tcase_add_loop_test(t, cordon_rows, 0, ARRAY_LEN(cordons));
	return CHECK_MAIN(t);
}
