/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs and memory of a running VM, as KubeVirt changes them: what the VM's template says is taken
 * over into the VMI's spec (virt-controller, vm.go: handleCPUChangeRequest,
 * handleMemoryHotplugRequest), a condition of the VMI says that it has less, the workload updater
 * migrates it into a pod that is large enough, and there the guest is given the rest. What would
 * need a restart is said to be so, and nothing is changed. */
#include "kubevirt-lite/controllers/growth.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/migration.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"

#include <inttypes.h>

#define CPU_CHANGE     "HotVCPUChange"
#define MEMORY_CHANGE  "HotMemoryChange"
#define SOCKETS        "spec/domain/cpu/sockets"
#define GUEST          "spec/domain/memory/guest"
#define REQUEST        "spec/domain/resources/requests/memory"
#define MIB            (UINT64_C(1) << 20)
#define UPDATE_S       5 /* the workload updater looks at what changed every so often */
#define UPDATE_AGAIN_S 20

/* --- the VM's template to the VMI's spec --- */

static uint64_t bytes_at(struct json_object *doc, const char *path)
{
	const char *text = json_str_at(doc, path);
	uint64_t bytes = 0;
	struct err e;

	return text && quantity_read(text, &bytes, &e) == 0 ? bytes : 0;
}

static void mib_put(struct json_object *doc, const char *path, uint64_t bytes)
{
	char text[32];

	(void)str_fmt(text, sizeof(text), "%" PRIu64 "Mi", bytes / MIB);
	json_put_str(doc, path, text);
}

static void restart_required(struct json_object *vm, const char *message)
{
	condition_set(vm, "RestartRequired", "True", NULL, message);
}

static struct json_object *copy_of(struct json_object *vmi, struct json_object **new_vmi)
{
	if (!*new_vmi)
		*new_vmi = object_copy(vmi);
	return *new_vmi;
}

static void cpu_update(struct json_object *vm, struct json_object *vmi,
		       struct json_object **new_vmi)
{
	struct json_object *want = json_at(vm, "spec/template/" SOCKETS);
	struct json_object *is = json_at(vmi, SOCKETS);
	struct json_object *max = json_at(vmi, "spec/domain/cpu/maxSockets");

	if (!want || !is || json_object_equal(want, is) || condition_find(vmi, CPU_CHANGE))
		return;
	if (!max || json_object_get_int64(want) > json_object_get_int64(max))
		restart_required(vm, "CPU sockets updated in template spec to a value higher than "
				     "what's available");
	else if (json_object_get_int64(want) < json_object_get_int64(is))
		restart_required(vm, "Reduction of CPU socket count requires a restart");
	else
		json_put_int(copy_of(vmi, new_vmi), SOCKETS, json_object_get_int64(want));
}

static void memory_update(struct json_object *vm, struct json_object *vmi,
			  struct json_object **new_vmi)
{
	uint64_t want = bytes_at(vm, "spec/template/" GUEST), is = bytes_at(vmi, GUEST);
	uint64_t max = bytes_at(vmi, "spec/domain/memory/maxGuest");
	uint64_t boot = bytes_at(vmi, "status/memory/guestAtBoot");
	uint64_t request = bytes_at(vmi, REQUEST);
	const char *why = NULL;

	if (!want || !is || want == is || condition_is_true(vmi, MEMORY_CHANGE))
		return;
	if (condition_find(vmi, MEMORY_CHANGE))
		why = "memory updated in template spec. Memory-hotplug failed and is not available "
		      "for this VM configuration";
	else if (!max)
		why = "memory updated in template spec. Memory-hotplug is not available for this "
		      "VM configuration";
	else if (want < boot)
		why = "memory updated in template spec to a value lower than what the VM started "
		      "with";
	else if (want > max)
		why = "memory updated in template spec to a value higher than what's available";
	if (why) {
		restart_required(vm, why);
		return;
	}
	object_copy_at(json_at(vm, "spec/template"), copy_of(vmi, new_vmi), GUEST);
	if (request)
		mib_put(*new_vmi, REQUEST, request + want > is ? request + want - is : want);
}

void growth_update(struct controllers *c, struct json_object *vm, struct json_object *vmi,
		   struct json_object **new_vmi)
{
	/* While it migrates it is refused: then the VMI changes, and its VM is looked at again. */
	if (condition_is_true(vm, "RestartRequired") || migration_running(c, vmi))
		return;
	cpu_update(vm, vmi, new_vmi);
	memory_update(vm, vmi, new_vmi);
}

/* --- the VMI's spec to its guest --- */

/* What its pod was made for: a guest must not outgrow it. */
static bool fits(struct json_object *pod, const struct machine *m)
{
	const char *cpu = json_str_at(pod, "spec/containers/0/resources/requests/cpu");
	uint64_t memory = bytes_at(pod, "spec/containers/0/resources/requests/memory");
	uint64_t milli = 0;
	struct err e;

	/* As vmi.c wrote it: a tenth of a CPU for each of the guest's. */
	return cpu && quantity_read_milli(cpu, &milli, &e) == 0 &&
	       milli >= machine_cpus_wanted(m) * UINT64_C(100) && memory >= m->memory_wanted_bytes;
}

/* How long ago the first of the changes was seen, in seconds. */
static int64_t change_age_s(struct json_object *copy)
{
	static const char *const types[] = {CPU_CHANGE, MEMORY_CHANGE};
	int64_t age_s = 0, now_s = clock_wall_s();

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct json_object *cond = condition_find(copy, types[i]);
		int64_t at = cond ? timestamp_parse(json_str_at(cond, "lastTransitionTime")) : 0;

		if (at && now_s - at > age_s)
			age_s = now_s - at;
	}
	return age_s;
}

static void look_again(struct controllers *c, struct json_object *vmi, int64_t in_s)
{
	again(c, KIND_VMI, object_namespace(vmi), object_name(vmi), in_s * SEC_US);
}

/* A VMI that is to grow gets a migration, if nobody else makes one, and another when that failed.
 */
static void workload_update(struct controllers *c, struct json_object *vmi,
			    struct json_object *copy)
{
	struct json_object *move = json_at(vmi, "status/migrationState");
	int64_t ended = timestamp_parse(json_str_at(move, "endTimestamp"));
	const char *reason, *message;
	struct err e = {.kind = ERR_NONE};

	if (migration_running(c, vmi) || vmi_is_pinned(c, vmi, &reason, &message))
		return;
	if (change_age_s(copy) < UPDATE_S)
		look_again(c, vmi, UPDATE_S);
	else if (json_object_get_boolean(json_at(move, "failed")) &&
		 clock_wall_s() - ended < UPDATE_AGAIN_S)
		look_again(c, vmi, UPDATE_AGAIN_S);
	else
		(void)migration_create(c, vmi, "kubevirt-workload-update-", NULL, &e);
}

/* What the guest has by now; its memory comes by and by, and counts as given once it was asked for.
 */
static void status_take(struct json_object *copy, const struct machine *m,
			const struct guest_seen *seen, bool given)
{
	if (seen->cpus && seen->cpus == machine_cpus_wanted(m))
		json_put_int(copy, "status/currentCPUTopology/sockets", m->sockets_wanted);
	if (given)
		mib_put(copy, "status/memory/guestRequested", m->memory_wanted_bytes);
	if (json_at(copy, "status/memory/guestAtBoot"))
		mib_put(copy, "status/memory/guestCurrent", m->memory_bytes + seen->grown_bytes);
}

static void change_show(struct json_object *copy, const char *type, bool changes, const char *error)
{
	if (!changes)
		condition_remove(copy, type);
	else if (*error)
		condition_set(copy, type, "False", "HotplugFailed", error);
	else
		condition_set(copy, type, "True", NULL, NULL);
}

void growth_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		  struct json_object *pod, struct guest *g)
{
	struct machine m;
	struct err e;
	bool cpus, memory, roomy;

	if (g->seen.state != GUEST_RUNNING || machine_read(vmi, &m, &e) < 0)
		return;
	cpus = m.sockets_wanted != m.sockets;
	memory = m.memory_wanted_bytes != bytes_at(vmi, "status/memory/guestRequested");
	change_show(copy, CPU_CHANGE, cpus, g->seen.grow_error);
	change_show(copy, MEMORY_CHANGE, memory, g->seen.grow_error);
	roomy = (cpus || memory) && fits(pod, &m);
	if (roomy && migration_running(c, vmi))
		return; /* its last moments */
	if (roomy)
		g->ops->grow(g, m.sockets_wanted, m.memory_wanted_bytes - m.memory_bytes);
	else if (cpus || memory)
		workload_update(c, vmi, copy);
	status_take(copy, &m, &g->seen, roomy && !g->seen.grow_error[0]);
}
