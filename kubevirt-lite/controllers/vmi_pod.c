/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launcher pods of a VirtualMachineInstance: which one it is in, and a new one, for its start
 * or for the other side of a migration, as virt-controller renders it. */
#include "kubevirt-lite/controllers/vmi_pod.h"

#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/vmi.h"
#include "kubevirt-lite/controllers/volume.h"
#include "vmd/base/str.h"

#include <inttypes.h>

#define COMPONENT     "virtualmachine-controller"
#define LAUNCHER_NAME "virt-launcher-"
#define MIB           (UINT64_C(1) << 20)

static bool is_pod_of(void *ctx, struct json_object *pod)
{
	return str_eq(label(pod, LABEL_CREATED_BY), ctx);
}

struct json_object *vmi_pods(struct controllers *c, struct json_object *vmi)
{
	return store_list(c->store, KIND_POD, object_namespace(vmi), is_pod_of,
			  (void *)(uintptr_t)object_uid(vmi));
}

struct json_object *vmi_pod(struct controllers *c, struct json_object *vmi)
{
	AUTO(json_object_put) struct json_object *pods = vmi_pods(c, vmi);
	struct json_object *move = json_at(vmi, "status/migrationState");
	bool moved = json_object_get_boolean(json_at(move, "completed")) &&
		     !json_object_get_boolean(json_at(move, "failed"));
	const char *name = move ? json_str_at(move, moved ? "targetPod" : "sourcePod") : NULL;
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_length(pods); i++) {
		struct json_object *pod = json_object_array_get_idx(pods, i);

		if (name ? str_eq(object_name(pod), name) : !label(pod, LABEL_MIGRATION_UID))
			found = pod;
	}
	/* The store holds it too, so it outlives the list. */
	return found;
}

struct guest *vmi_guest(struct controllers *c, struct json_object *vmi)
{
	struct json_object *pod = vmi_pod(c, vmi);

	return pod ? launcher_guest(c, pod) : NULL;
}

/* As KubeVirt estimates it: what QEMU and the launcher need beside the guest's memory. */
static uint64_t overhead_bytes(const struct machine *m)
{
	return 220 * MIB + m->memory_wanted_bytes / 512 + 8 * MIB * machine_cpus_wanted(m) +
	       (m->graphics ? 16 * MIB : 0);
}

static struct json_object *container_new(const struct machine *m)
{
	struct json_object *one = json_object_new_object();
	char text[32];

	json_put_str(one, "name", "compute");
	json_put_str(one, "image", "kubevirt-lite/virt-launcher");
	(void)str_fmt(text, sizeof(text), "%um", machine_cpus_wanted(m) * 100);
	json_put_str(one, "resources/requests/cpu", text);
	(void)str_fmt(text, sizeof(text), "%" PRIu64 "Mi",
		      (m->memory_wanted_bytes + overhead_bytes(m)) / MIB);
	json_put_str(one, "resources/requests/memory", text);
	return one;
}

static void pod_labels(struct json_object *pod, struct json_object *vmi,
		       struct json_object *migration)
{
	char domain[64];

	object_copy_at(vmi, pod, "metadata/labels");
	label_set(pod, "kubevirt.io", "virt-launcher");
	label_set(pod, LABEL_CREATED_BY, object_uid(vmi));
	(void)snprintf(domain, sizeof(domain), "%.63s", object_name(vmi)); /* a label's limit */
	label_set(pod, LABEL_VM_NAME, object_name(vmi));
	label_set(pod, "vmi.kubevirt.io/id", domain);
	json_object_object_del(json_at(pod, "metadata/labels"), LABEL_NODE);
	annotation_set(pod, "kubevirt.io/domain", object_name(vmi));
	if (annotation(vmi, ANNOTATION_FAULT))
		annotation_set(pod, ANNOTATION_FAULT, annotation(vmi, ANNOTATION_FAULT));
	if (migration) {
		label_set(pod, LABEL_MIGRATION_UID, object_uid(migration));
		annotation_set(pod, ANNOTATION_MIGRATION, object_name(migration));
	}
}

static void pod_selector(struct json_object *pod, struct json_object *vmi,
			 struct json_object *migration)
{
	struct json_object *added = migration ? json_at(migration, "spec/addedNodeSelector") : NULL;

	object_copy_at(vmi, pod, "spec/nodeSelector");
	object_copy_at(vmi, pod, "spec/affinity");
	object_copy_at(vmi, pod, "spec/tolerations");
	if (!json_at(pod, "spec/nodeSelector"))
		json_put_at(pod, "spec/nodeSelector", json_object_new_object());
	if (added) {
		json_object_object_foreach(added, key, value)
		{
			json_object_object_add(json_at(pod, "spec/nodeSelector"), key,
					       json_object_get(value));
		}
	}
	json_object_object_add(json_at(pod, "spec/nodeSelector"), "kubevirt.io/schedulable",
			       json_object_new_string("true"));
}

static void pod_volumes(struct json_object *pod, struct json_object *vmi)
{
	struct json_object *from = json_at(vmi, "spec/volumes");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(from); i++) {
		struct json_object *volume = json_object_array_get_idx(from, i);
		struct json_object *one;

		if (!volume_claim(volume) || volume_is_hotplug(volume))
			continue;
		one = json_object_new_object();
		json_put_str(one, "name", json_str_at(volume, "name"));
		json_put_str(one, "persistentVolumeClaim/claimName", volume_claim(volume));
		json_object_array_add(list, one);
	}
	json_put_at(pod, "spec/volumes", list);
}

int vmi_pod_create(struct controllers *c, struct json_object *vmi, struct json_object *migration,
		   struct json_object **ret_pod, struct err *e)
{
	struct json_object *pod;
	struct json_object *containers;
	struct machine m;
	char prefix[OBJECT_NAME_SIZE], name[OBJECT_NAME_SIZE];

	if (machine_read(vmi, &m, e) < 0)
		return -1;
	(void)snprintf(prefix, sizeof(prefix), "%s%s-", LAUNCHER_NAME, object_name(vmi));
	pod = json_object_new_object();
	json_put_str(pod, "metadata/name", object_name_new(prefix, name, sizeof(name)));
	json_put_str(pod, "metadata/generateName", prefix);
	json_put_str(pod, "metadata/namespace", object_namespace(vmi));
	pod_labels(pod, vmi, migration);
	object_set_owner(pod, vmi);
	containers = json_object_new_array();
	json_object_array_add(containers, container_new(&m));
	json_put_at(pod, "spec/containers", containers);
	pod_volumes(pod, vmi);
	pod_selector(pod, vmi, migration);
	json_put_str(pod, "spec/restartPolicy", "Never");
	json_put_str(pod, "spec/hostname", object_name(vmi));
	json_put_str(pod, "spec/schedulerName", "default-scheduler");
	json_put_int(pod, "spec/terminationGracePeriodSeconds", vmi_grace_s(vmi) + 30);
	json_put_str(pod, "status/phase", "Pending");
	json_put_str(pod, "status/qosClass", "Burstable");
	if (store_create(c->store, KIND_POD, pod, ret_pod, e) < 0)
		return -1;
	say(c, migration ? migration : vmi, COMPONENT, false, "SuccessfulCreate",
	    migration ? "Created migration target pod %s" : "Created virtual machine pod %s", name);
	return 0;
}
