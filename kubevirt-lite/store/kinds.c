/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kinds. Pure. A new kind is a row here, its columns in api/table.c and, where
 * there is something to check, a row in admission.c. */
#include "kubevirt-lite/store/kinds.h"

#include "vmd/base/auto.h"
#include "vmd/base/str.h"

#include <string.h>

#define KV_GROUP   "kubevirt.io"
#define RBAC_GROUP "rbac.authorization.k8s.io"

/* clang-format off */
static const struct kind kinds[KIND_COUNT] = {
	[KIND_NAMESPACE] = {KIND_NAMESPACE, "", "v1", "namespaces", "namespace", "Namespace",
		{"ns"}, {NULL}, .has_status = true},
	[KIND_NODE] = {KIND_NODE, "", "v1", "nodes", "node", "Node", {"no"}, {NULL},
		.has_status = true},
	[KIND_POD] = {KIND_POD, "", "v1", "pods", "pod", "Pod", {"po"}, {"all"},
		.namespaced = true, .has_status = true, .has_generation = true},
	[KIND_PV] = {KIND_PV, "", "v1", "persistentvolumes", "persistentvolume",
		"PersistentVolume", {"pv"}, {NULL}, .has_status = true},
	[KIND_PVC] = {KIND_PVC, "", "v1", "persistentvolumeclaims", "persistentvolumeclaim",
		"PersistentVolumeClaim", {"pvc"}, {NULL}, .namespaced = true, .has_status = true},
	[KIND_SECRET] = {KIND_SECRET, "", "v1", "secrets", "secret", "Secret", {NULL}, {NULL},
		.namespaced = true},
	[KIND_CONFIGMAP] = {KIND_CONFIGMAP, "", "v1", "configmaps", "configmap", "ConfigMap",
		{"cm"}, {NULL}, .namespaced = true},
	[KIND_EVENT] = {KIND_EVENT, "", "v1", "events", "event", "Event", {"ev"}, {NULL},
		.namespaced = true},
	[KIND_SERVICEACCOUNT] = {KIND_SERVICEACCOUNT, "", "v1", "serviceaccounts",
		"serviceaccount", "ServiceAccount", {"sa"}, {NULL}, .namespaced = true},
	[KIND_ROLE] = {KIND_ROLE, RBAC_GROUP, "v1", "roles", "role", "Role", {NULL}, {NULL},
		.namespaced = true},
	[KIND_ROLEBINDING] = {KIND_ROLEBINDING, RBAC_GROUP, "v1", "rolebindings", "rolebinding",
		"RoleBinding", {NULL}, {NULL}, .namespaced = true},
	[KIND_CLUSTERROLE] = {KIND_CLUSTERROLE, RBAC_GROUP, "v1", "clusterroles", "clusterrole",
		"ClusterRole", {NULL}, {NULL}},
	[KIND_CLUSTERROLEBINDING] = {KIND_CLUSTERROLEBINDING, RBAC_GROUP, "v1",
		"clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", {NULL}, {NULL}},
	[KIND_LEASE] = {KIND_LEASE, "coordination.k8s.io", "v1", "leases", "lease", "Lease",
		{NULL}, {NULL}, .namespaced = true},
	[KIND_STORAGECLASS] = {KIND_STORAGECLASS, "storage.k8s.io", "v1", "storageclasses",
		"storageclass", "StorageClass", {"sc"}, {NULL}},
	[KIND_NAD] = {KIND_NAD, "k8s.cni.cncf.io", "v1", "network-attachment-definitions",
		"network-attachment-definition", "NetworkAttachmentDefinition",
		{"net-attach-def", "nad"}, {NULL}, .namespaced = true, .is_custom = true,
		.has_generation = true},
	[KIND_VM] = {KIND_VM, KV_GROUP, "v1", "virtualmachines", "virtualmachine",
		"VirtualMachine", {"vm", "vms"}, {"all"}, .namespaced = true, .is_custom = true,
		.has_status = true, .has_generation = true},
	[KIND_VMI] = {KIND_VMI, KV_GROUP, "v1", "virtualmachineinstances",
		"virtualmachineinstance", "VirtualMachineInstance", {"vmi", "vmis"}, {"all"},
		.namespaced = true, .is_custom = true, .has_generation = true},
	[KIND_VMIM] = {KIND_VMIM, KV_GROUP, "v1", "virtualmachineinstancemigrations",
		"virtualmachineinstancemigration", "VirtualMachineInstanceMigration",
		{"vmim", "vmims"}, {"all"}, .namespaced = true, .is_custom = true,
		.has_status = true, .has_generation = true},
};
/* clang-format on */

const struct kind *kind_get(enum kind_id id)
{
	return &kinds[id];
}

const char *kind_api_version(const struct kind *k)
{
	switch (k->id) {
	case KIND_ROLE:
	case KIND_ROLEBINDING:
	case KIND_CLUSTERROLE:
	case KIND_CLUSTERROLEBINDING: return RBAC_GROUP "/v1";
	case KIND_LEASE: return "coordination.k8s.io/v1";
	case KIND_STORAGECLASS: return "storage.k8s.io/v1";
	case KIND_NAD: return "k8s.cni.cncf.io/v1";
	case KIND_VM:
	case KIND_VMI:
	case KIND_VMIM: return KV_GROUP "/v1";
	case KIND_NAMESPACE:
	case KIND_NODE:
	case KIND_POD:
	case KIND_PV:
	case KIND_PVC:
	case KIND_SECRET:
	case KIND_CONFIGMAP:
	case KIND_EVENT:
	case KIND_SERVICEACCOUNT:
	case KIND_COUNT: return "v1";
	}
	return "v1";
}

const struct kind *kind_by_resource(const char *group, const char *version, const char *resource)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].resource, resource) == 0 &&
		    strcmp(kinds[i].group, group) == 0 && strcmp(kinds[i].version, version) == 0)
			return &kinds[i];
	return NULL;
}

const struct kind *kind_by_name(const char *api_version, const char *kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].kind, kind) == 0 &&
		    strcmp(kind_api_version(&kinds[i]), api_version) == 0)
			return &kinds[i];
	return NULL;
}

const char *kind_qualified(const struct kind *k, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "%s%s%s", k->resource, *k->group ? "." : "", k->group);
	return buf;
}
