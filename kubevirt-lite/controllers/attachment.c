/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attachment pods: hp-volume-..., made for the volumes that a launcher pod was not made with, on
 * its node and owned by it. On a cluster their start has the volumes brought to the node; here it
 * is what holds the claims, and what shows that their images can be found. One pod is for all such
 * volumes of a launcher: one more volume makes another pod, and the one before goes. */
#include "kubevirt-lite/controllers/attachment.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/heartbeat.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/pod.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/volume.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define NAME     "hotplug-disk"
#define PREFIX   "hp-volume-"
#define RETRY_US (2 * SEC_US)

bool attachment_is(struct json_object *pod)
{
	return str_eq(label(pod, "kubevirt.io"), NAME);
}

static bool is_of(void *ctx, struct json_object *pod)
{
	return attachment_is(pod) && str_eq(owner_uid(pod), ctx);
}

struct json_object *attachments_of(struct controllers *c, struct json_object *launcher)
{
	return store_list(c->store, KIND_POD, object_namespace(launcher), is_of,
			  (void *)(uintptr_t)object_uid(launcher));
}

bool attachment_is_ready(struct json_object *pod)
{
	return phase_is(pod, "Running") && !object_is_deleting(pod) &&
	       condition_is_true(pod, "Ready");
}

bool attachment_fits(struct json_object *pod, struct json_object *volumes)
{
	struct json_object *list = json_at(pod, "spec/volumes");
	size_t claims = 0;

	for (size_t i = 0; i < json_length(list); i++)
		claims += volume_claim(json_object_array_get_idx(list, i)) != NULL;
	if (claims != json_length(volumes))
		return false;
	for (size_t i = 0; i < claims; i++) {
		struct json_object *want = json_object_array_get_idx(volumes, i);
		struct json_object *has = named(list, json_str_at(want, "name"));

		if (!has || !str_eq(volume_claim(has), volume_claim(want)))
			return false;
	}
	return true;
}

/* --- making one --- */

static void volumes_put(struct controllers *c, struct json_object *pod, struct json_object *from)
{
	struct json_object *volumes = json_object_new_array(), *devices = json_object_new_array();
	struct json_object *container = json_object_new_object(), *list = json_object_new_array();
	struct json_object *shared = json_object_new_object();

	json_put_str(shared, "name", "hotplug-disks");
	json_put_at(shared, "emptyDir", json_object_new_object());
	json_object_array_add(volumes, shared);
	for (size_t i = 0; i < json_length(from); i++) {
		struct json_object *v = json_object_array_get_idx(from, i);
		struct json_object *one = json_object_new_object(), *dev = json_object_new_object();
		const char *name = json_str_at(v, "name"), *claim = volume_claim(v);
		struct json_object *pvc =
			store_get(c->store, KIND_PVC, object_namespace(pod), claim);
		char path[400];

		json_put_str(one, "name", name);
		json_put_str(one, "persistentVolumeClaim/claimName", claim);
		json_object_array_add(volumes, one);
		(void)str_fmt(path, sizeof(path), "/path/%s/%s", name, pvc ? object_uid(pvc) : "");
		json_put_str(dev, "name", name);
		json_put_str(dev, "devicePath", path);
		json_object_array_add(devices, dev);
	}
	json_put_str(container, "name", NAME);
	json_put_str(container, "image", "kubevirt-lite/virt-launcher");
	json_put_str(container, "resources/limits/cpu", "100m");
	json_put_str(container, "resources/limits/memory", "80M");
	json_put_str(container, "resources/requests/cpu", "10m");
	json_put_str(container, "resources/requests/memory", "2M");
	json_put_at(container, "volumeDevices", devices);
	json_object_array_add(list, container);
	json_put_at(pod, "spec/containers", list);
	json_put_at(pod, "spec/volumes", volumes);
}

/* It must come to the node of its launcher. */
static void affinity_put(struct json_object *pod, const char *node)
{
	struct json_object *values = json_object_new_array(), *terms = json_object_new_array();
	struct json_object *all = json_object_new_array(), *term = json_object_new_object();
	struct json_object *one = json_object_new_object();

	json_object_array_add(values, json_object_new_string(node));
	json_put_str(one, "key", "kubernetes.io/hostname");
	json_put_str(one, "operator", "In");
	json_put_at(one, "values", values);
	json_object_array_add(all, one);
	json_put_at(term, "matchExpressions", all);
	json_object_array_add(terms, term);
	json_put_at(pod,
		    "spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/"
		    "nodeSelectorTerms",
		    terms);
}

int attachment_create(struct controllers *c, struct json_object *vmi, struct json_object *launcher,
		      struct json_object *volumes, struct json_object *migration, struct err *e)
{
	struct json_object *pod = json_object_new_object();
	char name[OBJECT_NAME_SIZE];

	json_put_str(pod, "metadata/name", object_name_new(PREFIX, name, sizeof(name)));
	json_put_str(pod, "metadata/generateName", PREFIX);
	json_put_str(pod, "metadata/namespace", object_namespace(vmi));
	label_set(pod, "kubevirt.io", NAME);
	annotation_set(pod, ANNOTATION_OWNER_VMI, object_name(vmi));
	annotation_set(pod, "kubevirt.io/owner-vmi-uid", object_uid(vmi));
	if (migration) {
		label_set(pod, LABEL_MIGRATION_UID, object_uid(migration));
		annotation_set(pod, ANNOTATION_MIGRATION, object_name(migration));
	}
	object_set_owner(pod, launcher);
	volumes_put(c, pod, volumes);
	affinity_put(pod, json_str_at(launcher, "spec/nodeName"));
	json_put_str(pod, "spec/restartPolicy", "Always");
	json_put_int(pod, "spec/terminationGracePeriodSeconds", 0);
	json_put_str(pod, "status/phase", "Pending");
	json_put_str(pod, "status/qosClass", "Burstable");
	if (store_create(c->store, KIND_POD, pod, NULL, e) < 0)
		return -1;
	say(c, migration ? migration : vmi, "virtualmachine-controller", false, "SuccessfulCreate",
	    "Created attachment pod %s", name);
	return 0;
}

void attachment_delete(struct controllers *c, struct json_object *pod)
{
	struct store_delete now = {.propagation = STORE_BACKGROUND, .grace_s = 0};
	struct err e = {.kind = ERR_NONE};

	(void)store_delete(c->store, KIND_POD, object_namespace(pod), object_name(pod), &now, NULL,
			   &e);
}

/* --- its life: scheduler and kubelet --- */

static void look_again(struct controllers *c, struct json_object *pod)
{
	again(c, KIND_POD, object_namespace(pod), object_name(pod), RETRY_US);
}

static void step_schedule(struct controllers *c, struct json_object *pod, const char *node)
{
	struct json_object *copy = object_copy(pod);

	json_put_str(copy, "spec/nodeName", node);
	condition_set(copy, "PodScheduled", "True", NULL, NULL);
	say(c, pod, "default-scheduler", false, "Scheduled", "Successfully assigned %s/%s to %s",
	    object_namespace(pod), object_name(pod), node);
	put(c, KIND_POD, copy);
}

static int volumes_find(struct controllers *c, struct json_object *pod, struct err *e)
{
	struct json_object *list = json_at(pod, "spec/volumes");
	struct machine_source source;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_length(list); i++) {
		const char *claim = volume_claim(json_object_array_get_idx(list, i));

		memset(&source, 0, sizeof(source));
		if (claim)
			rc = claim_source(c, object_namespace(pod), claim, &source, e);
	}
	explicit_bzero(&source, sizeof(source)); /* it had a key */
	return rc;
}

static void step_mount(struct controllers *c, struct json_object *pod)
{
	struct json_object *copy;
	struct err e = {.kind = ERR_NONE};

	if (volumes_find(c, pod, &e) < 0) {
		say(c, pod, "kubelet", true, "FailedMount", "%s", e.msg);
		look_again(c, pod);
		return;
	}
	copy = object_copy(pod);
	pod_running_set(c, copy, NAME);
	condition_set(copy, "Ready", "True", NULL, NULL);
	put(c, KIND_POD, copy);
}

void attachment_reconcile(struct controllers *c, struct json_object *pod)
{
	const char *uid = owner_uid(pod);
	struct json_object *launcher = uid ? store_get_uid(c->store, KIND_POD, uid) : NULL;
	const char *node = launcher ? json_str_at(launcher, "spec/nodeName") : NULL;

	if (!launcher || phase_is_final(launcher) || object_is_deleting(pod))
		attachment_delete(c, pod); /* whose volumes would they be? */
	else if (phase_is_final(pod))
		return;
	else if (!node || !node_answers(c, node))
		look_again(c, pod);
	else if (!json_str_at(pod, "spec/nodeName"))
		step_schedule(c, pod, node);
	else if (!phase_is(pod, "Running"))
		step_mount(c, pod);
}
