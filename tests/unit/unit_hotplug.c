/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that come and go while a VM runs, with the controllers and simulated guests. What the
 * subresources answer, and the steps that a watcher sees, tests/conformance/hotplug.t compares with
 * recordings; here is what becomes of the volumes when something else happens meanwhile. */
#include "tests/unit/check_main.h"
#include "tests/unit/controllers_world.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define VOLUMES "spec/template/spec/volumes"
#define DISKS   "spec/template/spec/domain/devices/disks"

/* --- the VM's template --- */

static void list_without(struct json_object *copy, const char *path, const char *name)
{
	struct json_object *list = json_at(copy, path);

	for (size_t i = json_length(list); i-- > 0;)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "name"), name))
			json_object_array_del_idx(list, i, 1);
}

static void vm_put(struct json_object *copy)
{
	struct err e;

	ck_assert_int_eq(store_update(store, KIND_VM, copy, NULL, &e), 0);
}

static struct json_object *vm_copy(void)
{
	return object_copy(store_get(store, KIND_VM, NS, "vm1"));
}

static void disk_add(const char *name, const char *claim)
{
	struct json_object *copy = vm_copy();

	json_object_array_add(json_at(copy, VOLUMES),
			      json("{'name':'%s','persistentVolumeClaim':{'claimName':'%s',"
				   "'hotpluggable':true}}",
				   name, claim));
	json_object_array_add(json_at(copy, DISKS),
			      json("{'name':'%s','disk':{'bus':'scsi'},'serial':'s'}", name));
	vm_put(copy);
}

static void disk_take(const char *name)
{
	struct json_object *copy = vm_copy();

	list_without(copy, VOLUMES, name);
	list_without(copy, DISKS, name);
	vm_put(copy);
}

/* --- what the VMI says --- */

/* "Ready sda", "Pending", "" (none): phase and target of a volume. */
static const char *volume(const char *name)
{
	static char text[80];
	struct json_object *vmi = store_get(store, KIND_VMI, NS, "vm1");
	struct json_object *list = vmi ? json_at(vmi, "status/volumeStatus") : NULL;

	text[0] = '\0';
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *target = json_str_at(one, "target");

		if (str_eq(json_str_at(one, "name"), name))
			(void)snprintf(text, sizeof(text), "%s%s%s", json_str_at(one, "phase"),
				       target && *target ? " " : "", target ? target : "");
	}
	return text;
}

static void until_volume(const char *name, const char *text)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!str_eq(volume(name), text)) {
		ck_assert_msg(clock_mono_us() < last, "%s is '%s', not '%s'", name, volume(name),
			      text);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static void until_ready(const char *name) /* wherever it is */
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!str_starts(volume(name), "Ready sd")) {
		ck_assert_msg(clock_mono_us() < last, "%s is '%s'", name, volume(name));
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static bool is_attachment(void *ctx, struct json_object *pod)
{
	(void)ctx;
	return strstr(json_object_to_json_string(pod), "hotplug-disk") != NULL;
}

static void until_attachments(size_t n)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (count_where(KIND_POD, is_attachment) != n) {
		ck_assert_msg(clock_mono_us() < last, "%zu attachment pods, not %zu",
			      count_where(KIND_POD, is_attachment), n);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static const char *attachment(const char *path)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(store, KIND_POD, NS, is_attachment, NULL);

	ck_assert_uint_eq(json_length(list), 1);
	return json_str_at(json_object_array_get_idx(list, 0), path);
}

static void running_with(const char *name, const char *fault)
{
	disk_create(name);
	running("RerunOnFailure", fault);
	disk_add(name, name);
	until_volume(name, "Ready sda");
}

/* --- stories --- */

START_TEST(it_moves_with_its_disks)
{
	running_with("data", "");
	ck_assert_str_eq(attachment("spec/nodeName"), "cn01");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Succeeded");
	until_attachments(1);
	ck_assert_str_eq(attachment("spec/nodeName"), "cn02");
	until_volume("data", "Ready sda");
	migrate("m2"); /* and back */
	until(KIND_VMIM, "m2", "status/phase", "Succeeded");
	until_attachments(1);
	ck_assert_str_eq(attachment("spec/nodeName"), "cn01");
	disk_take("data");
	until_volume("data", "");
	until_attachments(0);
	remove_object(KIND_PVC, NS, "data");
	until_gone(KIND_PVC, "data");
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
}
END_TEST

/* From the moment that the target is started nothing changes until the migration is over, neither
 * by what the VM wants nor by a claim that comes; and what is not there yet the target does
 * without. */
START_TEST(nothing_changes_while_it_moves)
{
	running_with("data", "move-hangs");
	pvc_create("late");
	disk_add("late", "late");
	until_volume("late", "Pending");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Running");
	disk_create("later");
	pv_create("late");
	disk_take("data");
	disk_add("later", "later");
	until_volume("late", "Bound");
	some_turns();
	ck_assert_str_eq(volume("data"), "Ready sda");
	ck_assert_str_eq(volume("late"), "Bound");
	ck_assert_str_eq(volume("later"), "");
	remove_object(KIND_VMIM, NS, "m1");
	until_gone(KIND_VMIM, "m1");
	until_volume("data", "");
	until_ready("late");
	until_ready("later");
	until_attachments(1);
}
END_TEST

START_TEST(it_moves_without_what_is_not_there)
{
	running_with("data", "");
	pvc_create("none");
	disk_add("none", "none");
	until_volume("none", "Pending");
	migrate("m1");
	until(KIND_VMIM, "m1", "status/phase", "Succeeded");
	ck_assert_str_eq(volume("data"), "Ready sda");
	pv_create("none");
	until_volume("none", "Ready sdb");
}
END_TEST

/* A disk that is asked for when a migration is asked for comes, before or after it. */
START_TEST(a_disk_and_a_move_at_once)
{
	disk_create("data");
	running("RerunOnFailure", "");
	for (int turns = 0; turns < 12; turns++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "m%d", turns);
		disk_add("data", "data");
		for (int i = 0; i < turns; i++)
			(void)sd_event_run(loop, 2000);
		migrate(name);
		until(KIND_VMIM, name, "status/phase", "Succeeded");
		until_volume("data", "Ready sda");
		until_attachments(1);
		disk_take("data");
		until_volume("data", "");
		until_attachments(0);
	}
}
END_TEST

/* A guest that is started anew starts with all that is in its spec, and not before that is there.
 */
START_TEST(it_starts_with_its_disks)
{
	char uid[64];

	nad_create();
	disk_create("disk");
	vm_create("vm1", "RerunOnFailure", "crash-after=200ms");
	disk_add("data", "data");
	until(KIND_VMI, "vm1", "status/phase", "Scheduled");
	until_volume("data", "Pending");
	some_turns();
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Scheduled"));
	disk_create("data");
	until(KIND_VMI, "vm1", "status/phase", "Running");
	until_volume("data", "Ready sda");
	(void)str_copy(uid, sizeof(uid), object_uid(store_get(store, KIND_VMI, NS, "vm1")));
	for (int64_t last = clock_mono_us() + LAST_US;
	     is(KIND_VMI, "vm1", "metadata/uid", uid) || !str_eq(volume("data"), "Ready sda");) {
		ck_assert(clock_mono_us() < last);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	until_attachments(1);
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
}
END_TEST

/* One more disk takes a pod for both; one less leaves the other in its place. */
START_TEST(one_after_the_other)
{
	running_with("one", "");
	disk_create("two");
	disk_add("two", "two");
	until_volume("two", "Ready sdb");
	ck_assert_str_eq(volume("one"), "Ready sda");
	until_attachments(1);
	disk_take("one");
	until_volume("one", "");
	until_attachments(1);
	ck_assert_str_eq(volume("two"), "Ready sdb");
	disk_add("one", "one");
	until_volume("one", "Ready sda");
	disk_add("none", "none"); /* it never comes, and goes again */
	until_volume("none", "Pending");
	ck_assert_str_eq(volume("two"), "Ready sdb");
	disk_take("none");
	until_volume("none", "");
}
END_TEST

/* Another claim under the same name: the old disk goes, the new one comes. */
START_TEST(another_claim)
{
	struct json_object *copy;

	running_with("data", "");
	disk_create("other");
	copy = vm_copy();
	list_without(copy, VOLUMES, "data");
	json_object_array_add(json_at(copy, VOLUMES),
			      json("{'name':'data','persistentVolumeClaim':{'claimName':'other',"
				   "'hotpluggable':true}}"));
	vm_put(copy);
	until(KIND_VMI, "vm1", "spec/volumes/1/persistentVolumeClaim/claimName", "other");
	until_event("VolumeUnplugged");
	until_volume("data", "Ready sda");
	until_attachments(1);
	remove_object(KIND_PVC, NS, "data");
	until_gone(KIND_PVC, "data");
}
END_TEST

START_TEST(it_outlives_us)
{
	char pod[128];

	running_with("data", "");
	(void)str_copy(pod, sizeof(pod), attachment("metadata/name"));
	process_down();
	process_up();
	until(KIND_VMI, "vm1", "status/guestOSInfo/id", "simulated");
	some_turns();
	ck_assert_str_eq(volume("data"), "Ready sda");
	ck_assert_str_eq(attachment("metadata/name"), pod);
	disk_take("data");
	until_volume("data", "");
}
END_TEST

/* Somebody removes the pod: another one comes, and the guest keeps its disk. */
START_TEST(its_pod_is_removed)
{
	running_with("data", "");
	remove_object(KIND_POD, NS, attachment("metadata/name"));
	some_turns();
	until_attachments(1);
	until_volume("data", "Ready sda");
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	remove_object(KIND_VM, NS, "vm1");
	until_gone(KIND_VM, "vm1");
	ck_assert_uint_eq(count(KIND_POD), 0);
	remove_object(KIND_PVC, NS, "data");
	until_gone(KIND_PVC, "data");
}
END_TEST

/* More than a guest can have: the VM says so, and the VMI stays what it was. */
/* Which of the VM's conditions it is depends on whether its agent has been heard of before. */
static bool is_refused(void)
{
	struct json_object *all =
		json_at(store_get(store, KIND_VM, NS, "vm1"), "status/conditions");

	for (size_t i = 0; i < json_object_array_length(all); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(all, i), "reason"),
			   "HotPlugVolumeError"))
			return true;
	return false;
}

static void until_refused(bool refused)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (is_refused() != refused) {
		ck_assert_msg(clock_mono_us() < last, "refused: not %d", refused);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

START_TEST(too_many)
{
	running("RerunOnFailure", "");
	for (int i = 0; i < 16; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "d%d", i);
		disk_add(name, name);
	}
	until_refused(true);
	ck_assert(is(KIND_VMI, "vm1", "status/phase", "Running"));
	disk_take("d15");
	until_refused(false);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("stories");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, it_moves_with_its_disks);
	tcase_add_test(t, nothing_changes_while_it_moves);
	tcase_add_test(t, it_moves_without_what_is_not_there);
	tcase_add_test(t, a_disk_and_a_move_at_once);
	tcase_add_test(t, it_starts_with_its_disks);
	tcase_add_test(t, one_after_the_other);
	tcase_add_test(t, another_claim);
	tcase_add_test(t, it_outlives_us);
	tcase_add_test(t, its_pod_is_removed);
	tcase_add_test(t, too_many);
	return CHECK_MAIN(t);
}
