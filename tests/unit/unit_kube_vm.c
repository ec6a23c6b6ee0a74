/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as VirtualMachine, instance, migrations and volumes say it together: its phase and why,
 * address, login, crashes, and its way to another node. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_objects.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_vm.h"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *why, *vm, *vmi; /* NULL: none */
	bool vmi_gone;
	enum vm_phase phase;
	const char *reason;
} joins[] = {
	{"very new", VM(RERUN, ""), NULL, false, VM_STARTING, ""},
	{"new: Stopped is no end",
	 VM(RERUN, "\"printableStatus\":\"Stopped\""), NULL, false, VM_STARTING, ""},
	{"starting, VMI not seen yet",
	 VM(RERUN, "\"printableStatus\":\"Starting\"," BEGUN), NULL, false, VM_STARTING, ""},
	{"pending", VM(RERUN, BEGUN), VMI("\"phase\":\"Pending\""), false, VM_STARTING, ""},
	{"no phase yet", VM(RERUN, BEGUN), "{" META "}", false, VM_STARTING, ""},
	{"scheduled", VM(RERUN, BEGUN), VMI("\"phase\":\"Scheduled\""), false, VM_STARTING, ""},
	{"running", VM(RERUN, BEGUN), VMI("\"phase\":\"Running\""), false, VM_RUNNING, ""},
	{"running; the VM's watch is behind",
	 VM(RERUN, "\"printableStatus\":\"Stopped\""), VMI("\"phase\":\"Running\""), false,
	 VM_RUNNING, ""},
	{"Ready flickers",
	 VM(RERUN, BEGUN "," CONDITION("Ready", "False", "X", "no")),
	 VMI("\"phase\":\"Running\"," CONDITION("Ready", "False", "X", "no")), false,
	 VM_RUNNING, ""},
	{"powered off", VM(RERUN, BEGUN), VMI("\"phase\":\"Succeeded\""), false, VM_STOPPED, ""},
	{"powered off, VMI gone, VM's watch behind",
	 VM(RERUN, "\"printableStatus\":\"Running\"," BEGUN), VMI("\"phase\":\"Succeeded\""), true,
	 VM_STOPPED, ""},
	{"powered off, seen after a restart of vmd",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," BEGUN), NULL, false, VM_STOPPED, ""},
	{"the same, told by a condition that stayed",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," CONDITION("AgentConnected", "True", "", "")),
	 NULL, false, VM_STOPPED, ""},
	{"crashed: will start again",
	 VM(RERUN, BEGUN), VMI("\"phase\":\"Failed\""), false,
	 VM_STARTING, ""},
	{"crashed, VMI gone",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," BEGUN), VMI("\"phase\":\"Failed\""), true,
	 VM_STARTING, ""},
	{"crashed, start pending, after a restart of vmd",
	 VM(RERUN, "\"printableStatus\":\"Stopped\","
		   "\"stateChangeRequests\":[{\"action\":\"Start\"}]," BEGUN),
	 NULL, false, VM_STARTING, ""},
	{"crashed and not restarted",
	 VM(ONCE, BEGUN), VMI("\"phase\":\"Failed\""), false, VM_FAILED, "the guest crashed"},
	{"going", "{" GOING "," RERUN "}", VMI("\"phase\":\"Running\""), false, VM_DELETING, ""},
	{"a VMI alone", NULL, VMI("\"phase\":\"Running\""), false, VM_RUNNING, ""},
	{"a VMI alone, going", NULL, "{" GOING "}", false, VM_DELETING, ""},
	{"its node is lost",
	 VM(RERUN, BEGUN), VMI("\"phase\":\"Unknown\""), false,
	 VM_RUNNING, "KubeVirt lost contact with its node"},
	{"refused late",
	 VM(RERUN, "\"printableStatus\":\"Stopped\","
		   CONDITION("Failure", "True", "FailedCreate", "denied: no memory")),
	 NULL, false, VM_STARTING, "denied: no memory"},
	{"no place",
	 VM(RERUN, "\"printableStatus\":\"ErrorUnschedulable\"," BEGUN),
	 VMI("\"phase\":\"Scheduling\","
	     CONDITION("PodScheduled", "False", "Unschedulable", "0/3 nodes")),
	 false, VM_STARTING, "no place on the node: 0/3 nodes"},
	{"bad sysprep",
	 VM(RERUN, BEGUN),
	 VMI("\"phase\":\"Pending\"," CONDITION("Synchronized", "False", "FailedCreate", "empty")),
	 false, VM_STARTING, "empty"},
	{"every VM passes through this",
	 VM(RERUN, BEGUN),
	 VMI("\"phase\":\"Pending\","
	     CONDITION("Synchronized", "False", "BackendStorageNotReady", "wait")),
	 false, VM_STARTING, ""},
	{"PVC missing",
	 VM(RERUN, "\"printableStatus\":\"ErrorPvcNotFound\""), NULL, false,
	 VM_STARTING, "its disk's claim (PVC) is missing"},
};
/* clang-format on */

START_TEST(join_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	if (joins[_i].vm)
		load(c, CACHE_VM, joins[_i].vm, false);
	if (joins[_i].vmi)
		load(c, CACHE_VMI, joins[_i].vmi, joins[_i].vmi_gone);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_msg(seen.n_vm == 1, "%s: %zu VMs", joins[_i].why, seen.n_vm);
	ck_assert_msg(seen.vm[0].phase == joins[_i].phase, "%s: %d", joins[_i].why,
		      (int)seen.vm[0].phase);
	ck_assert_msg(str_eq(seen.vm[0].reason, joins[_i].reason), "%s: '%s'", joins[_i].why,
		      seen.vm[0].reason);
	ck_assert_int_eq(seen.vm[0].has_vmi, joins[_i].vmi && !joins[_i].vmi_gone);
}
END_TEST

#define AGENT      "\"conditions\":[{\"type\":\"AgentConnected\",\"status\":\"True\"}],"
#define NIC(rest)  "\"interfaces\":[{\"name\":\"lan\"," rest "}]"
#define FROM_AGENT "\"infoSource\":\"domain, guest-agent, multus-status\""

static const struct {
	const char *status, *address;
	bool agent;
} addresses[] = {
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"192.168.172.57\""), "192.168.172.57", true},
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"10.0.0.1\",\"ipAddresses\":[\"fe80::1\",5,"
			      "\"192.168.172.58\"]"),
	 "192.168.172.58", true},
	{AGENT NIC("\"ipAddress\":\"192.168.172.57\""), "192.168.172.57", true},
	{AGENT NIC("\"infoSource\":\"multus-status\",\"ipAddress\":\"192.168.172.57\""), "", true},
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"192.168.173.1\""), "", true},
	{NIC(FROM_AGENT ",\"ipAddress\":\"192.168.172.57\""), "", false},
	{AGENT "\"interfaces\":[{\"name\":\"other\",\"ipAddress\":\"192.168.172.57\"}]", "", true},
	{AGENT "\"interfaces\":[5,{\"name\":7},{\"name\":\"lan-b\",\"ipAddress\":\"10.1.1.1\"}]",
	 "10.1.1.1", true},
	{AGENT "\"interfaces\":{}", "", true},
};

START_TEST(address_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	AUTO(strbuf_done) struct strbuf text = {.len = 0};
	struct observed seen = {.vms_known = true};

	strbuf_addf(&text, "{" META ",\"status\":{\"phase\":\"Running\",%s}}",
		    addresses[_i].status);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, text.s, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert_str_eq(seen.vm[0].address, addresses[_i].address);
	ck_assert_int_eq(seen.vm[0].agent, addresses[_i].agent);
}
END_TEST

#define ASKED  "\"accessCredentials\":[{}]"
#define SET(s) ",{\"type\":\"AccessCredentialsSynchronized\",\"status\":\"" s "\"}"
#define REFUSED(m)                                                                                 \
	",{\"type\":\"AccessCredentialsSynchronized\",\"status\":\"False\",\"message\":\"" m "\"}"

/* clang-format off */
static const struct {
	const char *spec, *condition;
	bool pending;
	const char *reason;
} logins[] = {
	{"", "", false, ""}, /* none were asked for */
	{ASKED, "", true, ""}, /* the agent is there, but did not do it yet */
	{ASKED, SET("False"), true, ""}, /* it refused, and nobody says why */
	{ASKED, REFUSED("no\\nuser bob"), true,
	 "the guest agent does not set account and key: no user bob"},
	{ASKED, SET("True"), false, ""},
	{"", REFUSED("not asked"), false, ""},
};
/* clang-format on */

START_TEST(login_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	AUTO(strbuf_done) struct strbuf text = {.len = 0};
	struct observed seen = {.vms_known = true};

	strbuf_addf(&text,
		    "{" META ",\"spec\":{%s},\"status\":{\"phase\":\"Running\",\"conditions\":[{"
		    "\"type\":\"AgentConnected\",\"status\":\"True\"}%s]}}",
		    logins[_i].spec, logins[_i].condition);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, text.s, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert(seen.vm[0].agent);
	ck_assert_int_eq(seen.vm[0].login_pending, logins[_i].pending);
	ck_assert_str_eq(seen.vm[0].reason, logins[_i].reason);
}
END_TEST

/* One VMI of the VM: going: it is being deleted. */
static void vmi_of(struct cache *c, const char *uid, const char *status, bool going, bool gone)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"%s\",\"resourceVersion\":\"5\""
		    "%s},\"status\":{%s}}",
		    uid, going ? ",\"deletionTimestamp\":\"2026-11-23T08:49:00Z\"" : "", status);
	load(c, CACHE_VMI, text.s, gone);
}

#define FAILED_AT(t)                                                                               \
	"\"phase\":\"Failed\",\"phaseTransitionTimestamps\":[5,{\"phase\":\"Running\","            \
	"\"phaseTransitionTimestamp\":\"2026-11-23T08:00:00Z\"},{\"phase\":\"Failed\","            \
	"\"phaseTransitionTimestamp\":\"" t "\"}]"

START_TEST(crashes_are_counted)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	vmi_of(c, "a", "\"phase\":\"Running\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 0);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), false, false);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), false, false); /* told again */
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), true, false);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), true, true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 1);
	ck_assert_int_eq(seen.vm[0].crashed_s, meta_time_s("2026-11-23T08:50:00Z"));
	vmi_of(c, "b", "\"phase\":\"Running\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 1);
	ck_assert_int_eq(seen.vm[0].phase, VM_RUNNING);
	vmi_of(c, "b", "\"phase\":\"Failed\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 2);
	ck_assert_int_eq(seen.vm[0].crashed_s, 0); /* not told */
}
END_TEST

/* KubeVirt calls Failed what it had to kill when it was told to end it. */
START_TEST(a_guest_that_was_ended_did_not_crash)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	vmi_of(c, "a", "\"phase\":\"Running\"", true, false);
	vmi_of(c, "a", "\"phase\":\"Failed\"", true, false);
	vmi_of(c, "a", "\"phase\":\"Failed\"", true, true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 0);
}
END_TEST

static const struct {
	const char *address, *cidr;
	bool within;
} cidrs[] = {
	{"192.168.172.57", "192.168.172.0/24", true},
	{"192.168.173.57", "192.168.172.0/24", false},
	{"10.9.8.7", "0.0.0.0/0", true},
	{"10.9.8.7", "10.9.8.7", true},
	{"10.9.8.8", "10.9.8.7/32", false},
	{"10.9.8.8", "", true},
	{"127.0.0.1", "", false},
	{"169.254.3.4", "", false},
	{"fe80::1", "", false},
	{"10.9.8.8", "10.0.0.0/33", false},
	{"10.9.8.8", "what/8", false},
	{"", "", false},
};

START_TEST(cidr_rows)
{
	ck_assert_msg(address_within(cidrs[_i].address, cidrs[_i].cidr) == cidrs[_i].within,
		      "%s in %s", cidrs[_i].address, cidrs[_i].cidr);
}
END_TEST

START_TEST(metadata_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), false);
	load(c, CACHE_VM, "{\"metadata\":{\"name\":\"no uid: not one of ours\"}}", false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert_str_eq(seen.vm[0].name, "vm-1-a-r0");
	ck_assert_str_eq(seen.vm[0].uid, "u1");
	ck_assert_str_eq(seen.vm[0].version, "5");
	ck_assert_str_eq(seen.vm[0].job_key, "1-a");
	ck_assert_str_eq(seen.vm[0].node, "worker1node");
	ck_assert_int_eq(seen.vm[0].created_s, 1795423740);
	load(c, CACHE_VM, VM(RERUN, BEGUN), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);      /* the VMI is still there ... */
	ck_assert_str_eq(seen.vm[0].uid, ""); /* ... and nothing may be deleted by its uid */
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 0);
}
END_TEST

#define MIGRATION_AT(time, name, more)                                                             \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"m\",\"resourceVersion\":\"1\","            \
	"\"creationTimestamp\":\"2026-11-23T" time                                                 \
	"Z\"},\"spec\":{\"vmiName\":\"vm-1-a-r0\"},\"status\":{" more "}}"
#define MIGRATION(name, more) MIGRATION_AT("08:49:00", name, more)

START_TEST(moves_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	const struct vm_moving *k;

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","
	     "\"annotations\":{\"slurm-vm.io/given-up\":\"true\",\"slurm-vm.io/"
	     "turned-down\":\"23,24\"}},"
	     "\"spec\":{\"template\":{\"spec\":{\"domain\":{\"cpu\":{\"sockets\":3,\"maxSockets\":"
	     "4,"
	     "\"cores\":2,\"threads\":2},\"memory\":{\"guest\":\"3Gi\",\"maxGuest\":\"4Gi\"},"
	     "\"devices\":{\"tpm\":{}}},\"nodeSelector\":{\"kubernetes.io/"
	     "hostname\":\"n2\"}}}}}",
	     false);
	load(c, CACHE_VMI,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u2\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"domain\":{\"cpu\":{\"sockets\":2},\"memory\":{\"guest\":\"2048Mi\"}},"
	     "\"nodeSelector\":{\"kubernetes.io/hostname\":\"n1\"}},\"status\":{"
	     "\"currentCPUTopology\":{\"sockets\":1},\"memory\":{\"guestRequested\":\"1Gi\"},"
	     "\"phase\":\"Running\",\"nodeName\":\"n1\",\"evacuationNodeName\":\"n1\","
	     "\"conditions\":["
	     "{\"type\":\"LiveMigratable\",\"status\":\"False\",\"message\":\"a disk "
	     "is\\nlocal\"}]}}",
	     false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-1", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION,
	     MIGRATION("vm-1-a-r0-m7-3",
		       "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n4\"}"),
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION("vm-1-a-r0-m7-2",
		       "\"phase\":\"Failed\",\"migrationState\":{\"failureReason\":\"slow\"}"),
	     false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-0", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m99-x", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION, MIGRATION("kubevirt-evacuation-x", "\"phase\":\"Scheduling\""),
	     false);
	load(c, CACHE_MIGRATION, "{\"metadata\":{\"name\":\"no-vmi\",\"uid\":\"m\"}}", false);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert_str_eq(k->wanted_node, "n2");
	ck_assert_str_eq(k->given_node, "n1");
	ck_assert(k->given_up);
	ck_assert(turned_down_has(k->turned_down, 23) && turned_down_has(k->turned_down, 24));
	ck_assert_uint_eq(seen.vm[0].size.cores, 4);
	ck_assert(seen.vm[0].size.tpm);
	ck_assert_uint_eq(seen.vm[0].size.sockets_wanted, 3);
	ck_assert_uint_eq(seen.vm[0].size.sockets_given, 2);
	ck_assert_uint_eq(seen.vm[0].size.sockets, 1);
	ck_assert_uint_eq(seen.vm[0].size.sockets_max, 4);
	ck_assert_uint_eq(seen.vm[0].size.memory_wanted_bytes, UINT64_C(3) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_given_bytes, UINT64_C(2) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_bytes, UINT64_C(1) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_max_bytes, UINT64_C(4) << 30);
	ck_assert(k->evacuating);
	ck_assert_str_eq(k->blocked, "a disk is local");
	ck_assert_str_eq(k->name, "kubevirt-evacuation-x");
	ck_assert_str_eq(k->uid, "m");
	ck_assert(!k->ours);
	ck_assert_int_eq(k->begun_s, 1795423740);
	ck_assert_uint_eq(k->companion, 7);
	ck_assert_uint_eq(k->attempt, 3);
	ck_assert(!k->failed);
	ck_assert_str_eq(k->came_to, "n4");
	ck_assert_int_eq(k->came_took_s, 0); /* not told */
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:01", "kubevirt-evacuation-y",
			  "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n5\","
			  "\"startTimestamp\":\"2026-11-23T08:49:03Z\","
			  "\"endTimestamp\":\"2026-11-23T08:49:08Z\"}"),
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].moving.came_to, "n5"); /* anybody's */
	ck_assert_int_eq(seen.vm[0].moving.came_took_s, 5);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:01", "kubevirt-evacuation-z",
			  "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n6\"}"),
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].moving.came_to, ""); /* nobody knows which was the last */
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-3", ""), true);
	load(c, CACHE_MIGRATION, MIGRATION("kubevirt-evacuation-x", ""), true);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert_str_eq(k->name, "");
	ck_assert_uint_eq(k->attempt, 2);
	ck_assert(k->failed);
	ck_assert_str_eq(k->failure, "slow");
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m8-1", ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(seen.vm[0].moving.ours);
}
END_TEST

/* slurmctld lost its state, and companions began with low ids again. The last one is the one that
 * was made last, whatever its number and in whatever order they are listed. */
START_TEST(the_last_move_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	const struct vm_moving *k;

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\"}}",
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:00", "vm-1-a-r0-m90-2", "\"phase\":\"Succeeded\""), false);
	load(c, CACHE_MIGRATION, MIGRATION_AT("08:55:00", "vm-1-a-r0-m7-3", "\"phase\":\"Failed\""),
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:48:00", "vm-1-a-r0-m91-1", "\"phase\":\"Succeeded\""), false);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert(!k->given_up);
	ck_assert_uint_eq(k->turned_down[0], 0);
	ck_assert_uint_eq(k->companion, 7);
	ck_assert_uint_eq(k->attempt, 3);
	ck_assert(k->failed);
	ck_assert_int_eq(k->last_s, 1795424100);
	ck_assert_uint_eq(k->companion_most, 91);
	ck_assert_uint_eq(k->attempt_most, 3);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:55:00", "vm-1-a-r0-m8-1", "\"phase\":\"Succeeded\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].moving.companion, 8);
	load(c, CACHE_MIGRATION, /* the clock of another API server */
	     MIGRATION_AT("08:54:59", "vm-1-a-r0-m8-2", "\"phase\":\"Failed\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].moving.attempt, 2);
}
END_TEST

/* Its disks that come and go: wanted, brought, there, and taken from it; others are none of them.
 */
START_TEST(volumes_of_a_vm)
{
	static const struct {
		const char *name;
		bool wanted, given, ready;
		const char *why;
	} want[] = {
		{"disk-there", true, true, true, "here it is"},
		{"disk-brought", true, true, false, "a pod\?waits"},
		{"disk-asked", true, false, false, ""},
		{"disk-taken", false, true, false, "is being taken"},
	};
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"template\":{\"spec\":{\"volumes\":["
	     "{\"name\":\"root\",\"persistentVolumeClaim\":{\"claimName\":\"r\"}},"
	     "{\"name\":\"disk-there\",\"persistentVolumeClaim\":{\"claimName\":\"a\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"disk-brought\",\"persistentVolumeClaim\":{\"claimName\":\"b\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"disk-asked\",\"persistentVolumeClaim\":{\"claimName\":\"c\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"a-name-that-is-longer-than-those-of-ours\","
	     "\"persistentVolumeClaim\":{\"hotpluggable\":true}},"
	     "{\"persistentVolumeClaim\":{\"hotpluggable\":true}},7]}}}}",
	     false);
	load(c, CACHE_VMI,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u2\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"volumes\":["
	     "{\"name\":\"disk-there\",\"persistentVolumeClaim\":{\"hotpluggable\":true}},"
	     "{\"name\":\"disk-brought\",\"persistentVolumeClaim\":{\"hotpluggable\":true}}]},"
	     "\"status\":{\"phase\":\"Running\",\"volumeStatus\":["
	     "{\"name\":\"root\",\"target\":\"vda\"},"
	     "{\"name\":\"disk-there\",\"phase\":\"Ready\",\"message\":\"here it is\","
	     "\"hotplugVolume\":{}},"
	     "{\"name\":\"disk-brought\",\"phase\":\"AttachedToNode\",\"message\":\"a "
	     "pod\\nwaits\"},"
	     "{\"name\":\"disk-taken\",\"phase\":\"Detaching\",\"message\":\"is being taken\","
	     "\"hotplugVolume\":{}},{}]}}",
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].n_volume, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct vm_volume *v = vm_volume_find(&seen.vm[0], want[i].name);

		ck_assert_msg(v != NULL, "%s", want[i].name);
		ck_assert_msg(v->wanted == want[i].wanted && v->given == want[i].given &&
				      v->ready == want[i].ready,
			      "%s", want[i].name);
		ck_assert_str_eq(v->why, want[i].why);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("VMs");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, join_rows, 0, ARRAY_LEN(joins));
	tcase_add_loop_test(t, address_rows, 0, ARRAY_LEN(addresses));
	tcase_add_loop_test(t, login_rows, 0, ARRAY_LEN(logins));
	tcase_add_test(t, crashes_are_counted);
	tcase_add_test(t, a_guest_that_was_ended_did_not_crash);
	tcase_add_loop_test(t, cidr_rows, 0, ARRAY_LEN(cidrs));
	tcase_add_test(t, metadata_of_a_vm);
	tcase_add_test(t, moves_of_a_vm);
	tcase_add_test(t, the_last_move_of_a_vm);
	tcase_add_test(t, volumes_of_a_vm);
	return CHECK_MAIN(t);
}
