/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controllers with the real store and simulated guests: what becomes of a VM, told as the list
 * of states a watcher would see, and what is left when it is over. Times are the simulated guests'
 * (milliseconds); nothing is asserted about time. */
#include "tests/unit/check_main.h"
#include "tests/unit/controllers_world.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

START_TEST(life)
{
	running("RerunOnFailure", "");
	until(KIND_VMI, "vm1", "status/interfaces/0/infoSource", "domain, guest-agent");
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn01"));
	ck_assert(is(KIND_VM, "vm1", "status/ready", "true"));
	ck_assert(is(KIND_PVC, "disk", "status/phase", "Bound"));
	ck_assert(is(KIND_PV, "disk", "status/phase", "Bound"));
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_str_eq(vm_log.s, "Stopped Starting Running Terminating gone ");
	ck_assert_str_eq(vmi_log.s, "Pending Scheduling Scheduled Running Succeeded gone ");
	ck_assert_uint_eq(count(KIND_POD), 0);
	remove_object(KIND_PVC, NS, "disk");
	until_gone(KIND_PVC, "disk");
	remove_object(KIND_PV, "", "disk");
	until_gone(KIND_PV, "disk");
}
END_TEST

START_TEST(disk_in_use_stays)
{
	running("RerunOnFailure", "");
	remove_object(KIND_PVC, NS, "disk");
	remove_object(KIND_PV, "", "disk");
	until(KIND_VMI, "vm1", "status/guestOSInfo/id", "simulated");
	ck_assert(!is(KIND_PVC, "disk", "metadata/name", NULL));
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_PVC, "disk");
	until_gone(KIND_PV, "disk");
	until_gone(KIND_VM, "vm1");
}
END_TEST

/* A VM that comes up when its claim is on its way out, or whose volume is another claim's by uid,
 * as one of an earlier run of a job: it never starts. */
START_TEST(no_guest_on_a_claim_that_goes)
{
	running("RerunOnFailure", "");
	remove_object(KIND_PVC, NS, "disk");
	vm_create("vm2", "RerunOnFailure", "");
	until(KIND_VM, "vm2", "status/printableStatus", "ErrorUnschedulable");
	ck_assert_ptr_nonnull(strstr(json_str_at(event_of("FailedScheduling"), "message"),
				     "\"disk\" is being deleted"));
	remove_object(KIND_VM, NS, "vm1"); /* and now the claim goes, with vm2's pod there */
	until_gone(KIND_PVC, "disk");
	until(KIND_PV, "disk", "status/phase", "Released");
	create(KIND_PVC, json("{'metadata':{'name':'disk','namespace':'" NS "'},'spec':"
			      "{'accessModes':['ReadWriteMany'],'volumeName':'disk'}}"));
	until_event("FailedBinding");
	ck_assert(!is(KIND_PVC, "disk", "status/phase", "Bound"));
	ck_assert(!is(KIND_VMI, "vm2", "status/phase", "Running"));
}
END_TEST

static const struct {
	const char *strategy, *fault;
	const char *vm; /* what the VM says in the end */
	const char *vmi_log;
} ends[] = {
	/* powers itself off */
	{"RerunOnFailure", "poweroff-after=5ms", "Stopped",
	 "Pending Scheduling Scheduled Running Succeeded gone "},
	{"Once", "poweroff-after=5ms", "Stopped",
	 "Pending Scheduling Scheduled Running Succeeded "},
	{"Manual", "poweroff-after=5ms", "Stopped", ""},
	/* crashes */
	{"Once", "crash-after=5ms", "Stopped", "Pending Scheduling Scheduled Running Failed "},
	{"Once", "boot-fails", "Stopped", "Pending Scheduling Scheduled Failed "},
	{"RerunOnFailure", "boot-fails", "CrashLoopBackOff",
	 "Pending Scheduling Scheduled Failed gone "},
};

START_TEST(ends_of_guests)
{
	nad_create();
	disk_create("disk");
	vm_create("vm1", ends[_i].strategy, ends[_i].fault);
	if (ends[_i].vmi_log[0]) /* a new VM says Stopped too: wait for the VMI's end first */
		until(KIND_VM, "vm1", "status/created", "true");
	until(KIND_VM, "vm1", "status/printableStatus", ends[_i].vm);
	ck_assert_msg(str_eq(vmi_log.s ? vmi_log.s : "", ends[_i].vmi_log) ||
			      (ends[_i].vmi_log[0] &&
			       strncmp(ends[_i].vmi_log, vmi_log.s, vmi_log.len) == 0),
		      "%s %s: %s", ends[_i].strategy, ends[_i].fault, vmi_log.s);
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
	ck_assert_uint_eq(count(KIND_VMI), 0);
}
END_TEST

START_TEST(crash_is_run_again)
{
	running("RerunOnFailure", "crash-after=30ms");
	for (int i = 0; i < 2; i++) {
		char uid[64];

		(void)str_copy(uid, sizeof(uid), object_uid(store_get(store, KIND_VMI, NS, "vm1")));
		while (is(KIND_VMI, "vm1", "metadata/uid", uid) ||
		       !is(KIND_VMI, "vm1", "status/phase", "Running"))
			ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	ck_assert(strstr(vmi_log.s, "Running Failed gone Pending") != NULL);
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
}
END_TEST

START_TEST(shutdown_ignored_is_killed)
{
	running("RerunOnFailure", "shutdown-ignored");
	remove_object(KIND_VM, NS, "vm1"); /* grace: one second */
	until_gone(KIND_VM, "vm1");
	ck_assert(strstr(vmi_log.s, "Running Failed gone") != NULL);
}
END_TEST

START_TEST(pod_removed_by_force)
{
	struct store_delete how = {.grace_s = 0};
	struct err e;

	running("Once", "shutdown-ignored");
	ck_assert_int_eq(store_delete(store, KIND_POD, NS, pod_name(), &how, NULL, &e), 0);
	until(KIND_VMI, "vm1", "status/phase", "Failed");
	ck_assert(is(KIND_VM, "vm1", "status/printableStatus", "Running") ||
		  is(KIND_VM, "vm1", "status/printableStatus", "Stopped"));
}
END_TEST

START_TEST(missing_network_keeps_starting)
{
	disk_create("disk");
	vm_create("vm1", "RerunOnFailure", "");
	until_event("FailedCreatePodSandBox");
	ck_assert(is(KIND_VM, "vm1", "status/printableStatus", "Starting"));
	ck_assert(strstr(json_str_at(event_of("FailedCreatePodSandBox"), "message"),
			 "cannot find a network-attachment-definition (lan)") != NULL);
	nad_create();
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
}
END_TEST

START_TEST(missing_disk_is_told)
{
	nad_create();
	vm_create("vm1", "RerunOnFailure", "");
	until(KIND_VM, "vm1", "status/printableStatus", "ErrorPvcNotFound");
	ck_assert_uint_eq(count(KIND_POD), 0);
	disk_create("disk");
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
}
END_TEST

START_TEST(no_room_is_told)
{
	struct json_object *copy;
	struct err e;

	for (int i = 1; i <= 2; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "cn0%d", i);
		copy = object_copy(store_get(store, KIND_NODE, "", name));
		json_put_bool(copy, "spec/unschedulable", true);
		ck_assert_int_eq(store_update(store, KIND_NODE, copy, NULL, &e), 0);
	}
	nad_create();
	disk_create("disk");
	vm_create("vm1", "RerunOnFailure", "");
	until(KIND_VM, "vm1", "status/printableStatus", "ErrorUnschedulable");
	ck_assert_str_eq(json_str_at(event_of("FailedScheduling"), "message"),
			 "0/2 nodes are available: 2 node(s) were unschedulable.");
	copy = object_copy(store_get(store, KIND_NODE, "", "cn02"));
	json_object_object_del(json_at(copy, "spec"), "unschedulable");
	ck_assert_int_eq(store_update(store, KIND_NODE, copy, NULL, &e), 0);
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn02"));
}
END_TEST

START_TEST(deleted_at_once)
{
	nad_create();
	disk_create("disk");
	for (int turns = 0; turns < 24; turns++) { /* at each stage of its start */
		vm_create("vm1", "RerunOnFailure", "");
		for (int i = 0; i < turns; i++)
			(void)sd_event_run(loop, 2000);
		remove_object(KIND_VM, NS, "vm1");
		until_gone(KIND_VM, "vm1");
		ck_assert_uint_eq(count(KIND_POD), 0);
		ck_assert_uint_eq(count(KIND_VMI), 0);
	}
}
END_TEST

START_TEST(migration)
{
	running("RerunOnFailure", "");
	until(KIND_VMI, "vm1", "status/guestOSInfo/id", "simulated");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Succeeded");
	ck_assert_str_eq(vmim_log.s, "Pending Scheduling Scheduled PreparingTarget TargetReady "
				     "Running Succeeded ");
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn02"));
	ck_assert(is(KIND_VMI, "vm1", "status/migrationState/completed", "true"));
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
	ck_assert(!is(KIND_VMI, "vm1", "status/interfaces/0/ipAddress", NULL));
	migrate("m2"); /* and back */
	until(KIND_VMIM, "m2", "status/phase", "Succeeded");
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn01"));
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
	until_gone(KIND_VMIM, "m1");
	until_gone(KIND_VMIM, "m2");
}
END_TEST

static bool is_on_its_way(void *ctx, struct json_object *m)
{
	const char *phase = json_str_at(m, "status/phase");

	(void)ctx;
	return phase && !str_eq(phase, "Pending") && !str_eq(phase, "Succeeded");
}

static bool is_not_over(void *ctx, struct json_object *m)
{
	(void)ctx;
	return !str_eq(json_str_at(m, "status/phase"), "Succeeded");
}

/* KubeVirt sends two at a time from each node (parallelOutboundMigrationsPerNode), also when all
 * are asked for in one moment. */
START_TEST(migrations_take_turns)
{
	char name[16];
	int64_t last = clock_mono_us() + LAST_US;
	size_t most = 0;

	nad_create();
	disk_create("disk");
	for (int i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name), "vm%d", i);
		vm_create(name, "RerunOnFailure", "");
		until(KIND_VM, name, "status/printableStatus", "Running");
	}
	for (int i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name), "vm%d", i);
		migrate_vm(name, name);
	}
	while (count_where(KIND_VMIM, is_not_over) > 0) {
		size_t now = count_where(KIND_VMIM, is_on_its_way);

		most = now > most ? now : most;
		ck_assert_msg(clock_mono_us() < last, "at most %zu were on their way", most);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	ck_assert_uint_ge(most, 2);
	ck_assert_uint_le(most, 4); /* of two nodes */
}
END_TEST

START_TEST(migration_fails_guest_stays)
{
	running("RerunOnFailure", "move-fails");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Failed");
	ck_assert(is(KIND_VMI, "vm1", "status/migrationState/failed", "true"));
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn01"));
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
	while (count(KIND_POD) > 1)
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
}
END_TEST

START_TEST(migration_is_cancelled)
{
	running("RerunOnFailure", "move-hangs");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Running");
	remove_object(KIND_VMIM, NS, "m1");
	until_gone(KIND_VMIM, "m1");
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn01"));
}
END_TEST

START_TEST(selector_goes_to_the_vmi)
{
	struct json_object *copy;
	struct err e;

	running("RerunOnFailure", "");
	copy = object_copy(store_get(store, KIND_VM, NS, "vm1"));
	json_put_str(copy, "spec/template/spec/nodeSelector/zone", "b");
	ck_assert_int_eq(store_update(store, KIND_VM, copy, NULL, &e), 0);
	until(KIND_VMI, "vm1", "spec/nodeSelector/zone", "b");
}
END_TEST

static void until_text(enum kind_id kind, const char *name, const char *text)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!strstr(json_object_to_json_string(store_get(store, kind, NS, name)), text)) {
		ck_assert_msg(clock_mono_us() < last, "%s: nothing says '%s'", name, text);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static void vm_set(const char *path, int64_t sockets, const char *memory)
{
	struct json_object *copy = object_copy(store_get(store, KIND_VM, NS, "vm1"));
	struct err e;

	json_put_int(copy, "spec/template/spec/domain/cpu/sockets", sockets);
	json_put_int(copy, "spec/template/spec/domain/cpu/maxSockets", 4);
	json_put_str(copy, path, memory);
	ck_assert_int_eq(store_update(store, KIND_VM, copy, NULL, &e), 0);
}

#define VM_GUEST "spec/template/spec/domain/memory/guest"

/* The recordings' way: spec of the VMI, a condition, a migration, then what its status says it has.
 */
START_TEST(grows_by_a_migration)
{
	nad_create();
	disk_create("disk");
	vm_create("vm1", "RerunOnFailure", "");
	vm_set("spec/template/spec/domain/memory/maxGuest", 1, "4Gi");
	vm_set(VM_GUEST, 1, "1Gi");
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
	ck_assert(is(KIND_VMI, "vm1", "status/memory/guestRequested", "1024Mi"));
	vm_set(VM_GUEST, 2, "2Gi");
	until(KIND_VMI, "vm1", "spec/domain/cpu/sockets", "2");
	ck_assert(is(KIND_VMI, "vm1", "status/currentCPUTopology/sockets", "1"));
	migrate("m1");
	until(KIND_VMI, "vm1", "status/currentCPUTopology/sockets", "2");
	until(KIND_VMI, "vm1", "status/memory/guestRequested", "2048Mi");
	until(KIND_VMI, "vm1", "status/memory/guestCurrent", "2048Mi");
	ck_assert(is(KIND_VMI, "vm1", "status/memory/guestAtBoot", "1024Mi"));
	ck_assert(is(KIND_VMI, "vm1", "status/nodeName", "cn02"));
	ck_assert(!strstr(json_object_to_json_string(store_get(store, KIND_VMI, NS, "vm1")),
			  "\"Hot"));
	vm_set(VM_GUEST, 1, "2Gi"); /* no way back */
	until_text(KIND_VM, "vm1", "Reduction of CPU socket count requires a restart");
	ck_assert(is(KIND_VMI, "vm1", "spec/domain/cpu/sockets", "2"));
}
END_TEST

/* --- a node that falls silent; here its namespace is a file in dir --- */

static void node_plug(bool in)
{
	char path[80];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/netns", dir);
	if (!in) {
		ck_assert_int_eq(unlink(path), 0);
		return;
	}
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fclose(f), 0);
}

/* One node, and a VM on it. */
static void running_on_a_node(const char *fault)
{
	char text[600];

	process_down(); /* the store told the old controllers, too */
	node_plug(true);
	(void)snprintf(text, sizeof(text),
		       "run_dir: /nonexistent\nguests: simulated\nnode_timeout: 10ms\n"
		       "simulated: {boot: 5ms, agent: 5ms, shutdown: 5ms, migration: 5ms}\n"
		       "nodes: [{name: cn01, cpus: 8, memory: 4G, netns: %s/netns}]\n",
		       dir);
	process_up_with(text);
	running("RerunOnFailure", fault);
	until(KIND_NODE, "cn01", "status/conditions/0/status", "True");
}

static void node_lose(void)
{
	node_plug(false);
	until(KIND_NODE, "cn01", "status/conditions/0/status", "Unknown");
	ck_assert(is(KIND_NODE, "cn01", "spec/taints/1/effect", "NoExecute"));
}

START_TEST(lost_node_keeps_its_pods)
{
	char pod[128];
	struct store_delete how = {.grace_s = 0};
	struct err e;

	running_on_a_node("");
	node_lose();
	remove_object(KIND_VM, NS, "vm1");
	some_turns();
	ck_assert(!is(KIND_POD, pod_name(), "metadata/deletionTimestamp", NULL));
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	ck_assert_uint_eq(count(KIND_POD), 1);
	(void)str_copy(pod, sizeof(pod), pod_name());
	ck_assert_int_eq(store_delete(store, KIND_POD, NS, pod, &how, NULL, &e), 0);
	until_gone(KIND_VM, "vm1");
	node_plug(true); /* what still runs there is ended */
	until(KIND_NODE, "cn01", "status/conditions/0/status", "True");
	ck_assert(is(KIND_NODE, "cn01", "spec/taints", NULL));
}
END_TEST

START_TEST(node_that_comes_back_ends_its_pods)
{
	running_on_a_node("");
	node_lose();
	remove_object(KIND_VM, NS, "vm1");
	some_turns();
	ck_assert_uint_eq(count(KIND_POD), 1);
	node_plug(true);
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
}
END_TEST

/* Its guest dies with it, and nobody hears of that. */
START_TEST(dead_node_tells_nothing)
{
	int64_t began, lost;
	char fault[32];
	size_t told;
	int ms = 25;

	running_on_a_node("");
	do { /* until the node is lost before its guest crashes, on a busy machine, too */
		ms *= 2;
		node_plug(true);
		until(KIND_NODE, "cn01", "status/conditions/0/status", "True");
		remove_object(KIND_VM, NS, "vm1");
		until_gone(KIND_VM, "vm1");
		(void)snprintf(fault, sizeof(fault), "crash-after=%dms", ms);
		began = clock_mono_us();
		vm_create("vm1", "RerunOnFailure", fault);
		until(KIND_VM, "vm1", "status/printableStatus", "Running");
		node_plug(false);
		lost = clock_mono_us();
	} while (lost - began >= ms * 1000 && ms < 10000);
	told = vmi_log.len;
	while (clock_mono_us() < lost + ms * 1000)
		(void)sd_event_run(loop, 2000);
	some_turns();
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	ck_assert(strstr(vmi_log.s + told, "Failed") == NULL);
	node_plug(true);
	until(KIND_NODE, "cn01", "status/conditions/0/status", "True");
	for (int64_t last = clock_mono_us() + LAST_US; !strstr(vmi_log.s + told, "Failed");) {
		ck_assert(clock_mono_us() < last);
		(void)sd_event_run(loop, 100000);
	}
}
END_TEST

START_TEST(out_of_service_releases)
{
	struct json_object *copy;
	struct err e;

	running_on_a_node("");
	node_lose();
	remove_object(KIND_VM, NS, "vm1");
	some_turns();
	ck_assert_uint_eq(count(KIND_POD), 1);
	copy = object_copy(store_get(store, KIND_NODE, "", "cn01"));
	json_object_array_add(json_at(copy, "spec/taints"),
			      json("{'key':'node.kubernetes.io/out-of-service',"
				   "'value':'nodeshutdown','effect':'NoExecute'}"));
	ck_assert_int_eq(store_update(store, KIND_NODE, copy, NULL, &e), 0);
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
}
END_TEST

/* A new process with the same store: nothing changes for the guests. */
START_TEST(restart)
{
	char uid[64];

	running("RerunOnFailure", "");
	(void)str_copy(uid, sizeof(uid), object_uid(store_get(store, KIND_VMI, NS, "vm1")));
	process_down();
	process_up();
	until(KIND_VMI, "vm1", "status/guestOSInfo/id", "simulated");
	ck_assert(is(KIND_VMI, "vm1", "metadata/uid", uid));
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("stories");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, life);
	tcase_add_test(t, disk_in_use_stays);
	tcase_add_test(t, no_guest_on_a_claim_that_goes);
	tcase_add_loop_test(t, ends_of_guests, 0, (int)ARRAY_LEN(ends));
	tcase_add_test(t, crash_is_run_again);
	tcase_add_test(t, shutdown_ignored_is_killed);
	tcase_add_test(t, pod_removed_by_force);
	tcase_add_test(t, missing_network_keeps_starting);
	tcase_add_test(t, missing_disk_is_told);
	tcase_add_test(t, no_room_is_told);
	tcase_add_test(t, deleted_at_once);
	tcase_add_test(t, migration);
	tcase_add_test(t, migrations_take_turns);
	tcase_add_test(t, migration_fails_guest_stays);
	tcase_add_test(t, migration_is_cancelled);
	tcase_add_test(t, selector_goes_to_the_vmi);
	tcase_add_test(t, grows_by_a_migration);
	tcase_add_test(t, lost_node_keeps_its_pods);
	tcase_add_test(t, node_that_comes_back_ends_its_pods);
	tcase_add_test(t, dead_node_tells_nothing);
	tcase_add_test(t, out_of_service_releases);
	tcase_add_test(t, restart);
	return CHECK_MAIN(t);
}
