/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables: a row of columns per kind, each with a path into the object or a function for what a path
 * cannot say. Columns and their order are the real server's (KubeVirt's additionalPrinterColumns
 * for its kinds). Pure but for memory and the clock. */
#include "kubevirt-lite/api/table.h"

#include "kubevirt-lite/api/table_cell.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

#define COLUMNS_MAX 12

struct column {
	const char *name;
	const char *type;
	int priority; /* 1: only with -o wide */
	const char *path;
	cell_fn fn; /* path is its argument */
};

#define NAME                                                                                       \
	{                                                                                          \
		"Name", "string", 0, "metadata/name", cell_text                                    \
	}
#define AGE                                                                                        \
	{                                                                                          \
		"Age", "string", 0, "metadata/creationTimestamp", cell_age                         \
	}

/* clang-format off */
static const struct column columns[KIND_COUNT][COLUMNS_MAX] = {
	[KIND_NAMESPACE] = {NAME, {"Status", "string", 0, "status/phase", cell_text}, AGE},
	[KIND_NODE] = {NAME,
		{"Status", "string", 0, NULL, cell_node_status},
		{"Roles", "string", 0, NULL, cell_node_roles},
		AGE,
		{"Version", "string", 0, "status/nodeInfo/kubeletVersion", cell_text},
		{"Internal-IP", "string", 1, "InternalIP", cell_node_address},
		{"External-IP", "string", 1, "ExternalIP", cell_node_address},
		{"OS-Image", "string", 1, "status/nodeInfo/osImage", cell_text_or_unknown},
		{"Kernel-Version", "string", 1, "status/nodeInfo/kernelVersion", cell_text_or_unknown},
		{"Container-Runtime", "string", 1, "status/nodeInfo/containerRuntimeVersion",
			cell_text_or_unknown}},
	[KIND_POD] = {NAME,
		{"Ready", "string", 0, NULL, cell_pod_ready},
		{"Status", "string", 0, NULL, cell_pod_status},
		{"Restarts", "string", 0, NULL, cell_pod_restarts},
		AGE,
		{"IP", "string", 1, "status/podIP", cell_text_or_none},
		{"Node", "string", 1, "spec/nodeName", cell_text_or_none},
		{"Nominated Node", "string", 1, "status/nominatedNodeName", cell_text_or_none},
		{"Readiness Gates", "string", 1, "spec/readinessGates", cell_text_or_none}},
	[KIND_PV] = {NAME,
		{"Capacity", "string", 0, "spec/capacity/storage", cell_text},
		{"Access Modes", "string", 0, "spec/accessModes", cell_access_modes},
		{"Reclaim Policy", "string", 0, "spec/persistentVolumeReclaimPolicy", cell_text},
		{"Status", "string", 0, "status/phase", cell_deleting_or_text},
		{"Claim", "string", 0, NULL, cell_claim},
		{"StorageClass", "string", 0, "spec/storageClassName", cell_text},
		{"VolumeAttributesClass", "string", 0, "spec/volumeAttributesClassName", cell_text_or_unset},
		{"Reason", "string", 0, "status/reason", cell_text},
		AGE,
		{"VolumeMode", "string", 1, "spec/volumeMode", cell_text}},
	[KIND_PVC] = {NAME,
		{"Status", "string", 0, "status/phase", cell_deleting_or_text},
		{"Volume", "string", 0, "spec/volumeName", cell_text},
		{"Capacity", "string", 0, "status/capacity/storage", cell_text},
		{"Access Modes", "string", 0, "status/accessModes", cell_access_modes},
		{"StorageClass", "string", 0, "spec/storageClassName", cell_text},
		{"VolumeAttributesClass", "string", 0, "spec/volumeAttributesClassName", cell_text_or_unset},
		AGE,
		{"VolumeMode", "string", 1, "spec/volumeMode", cell_text}},
	[KIND_SECRET] = {NAME, {"Type", "string", 0, "type", cell_text},
		{"Data", "string", 0, "data", cell_count}, AGE},
	[KIND_CONFIGMAP] = {NAME, {"Data", "string", 0, "data", cell_count}, AGE},
	[KIND_EVENT] = {
		{"Last Seen", "string", 0, "lastTimestamp", cell_age},
		{"Type", "string", 0, "type", cell_text},
		{"Reason", "string", 0, "reason", cell_text},
		{"Object", "string", 0, NULL, cell_event_object},
		{"Subobject", "string", 1, "involvedObject/fieldPath", cell_text},
		{"Source", "string", 1, "source/component", cell_text},
		{"Message", "string", 0, "message", cell_text},
		{"First Seen", "string", 1, "firstTimestamp", cell_age},
		{"Count", "string", 1, "count", cell_text},
		{"Name", "string", 1, "metadata/name", cell_text}},
	[KIND_SERVICEACCOUNT] = {NAME, {"Secrets", "string", 0, "secrets", cell_count}, AGE},
	[KIND_ROLE] = {NAME, {"Created At", "date", 0, "metadata/creationTimestamp", cell_text}},
	[KIND_ROLEBINDING] = {NAME, {"Role", "string", 0, "roleRef/name", cell_text}, AGE},
	[KIND_CLUSTERROLE] = {NAME, {"Created At", "date", 0, "metadata/creationTimestamp", cell_text}},
	[KIND_CLUSTERROLEBINDING] = {NAME, {"Role", "string", 0, "roleRef/name", cell_text}, AGE},
	[KIND_LEASE] = {NAME, {"Holder", "string", 0, "spec/holderIdentity", cell_text}, AGE},
	[KIND_STORAGECLASS] = {NAME,
		{"Provisioner", "string", 0, "provisioner", cell_text},
		{"ReclaimPolicy", "string", 0, "reclaimPolicy", cell_text},
		{"VolumeBindingMode", "string", 0, "volumeBindingMode", cell_text},
		{"AllowVolumeExpansion", "string", 0, "allowVolumeExpansion", cell_text}, AGE},
	[KIND_NAD] = {NAME, AGE},
	[KIND_VM] = {NAME, AGE,
		{"Status", "string", 0, "status/printableStatus", cell_text},
		{"Ready", "string", 0, "Ready", cell_condition}},
	[KIND_VMI] = {NAME, AGE,
		{"Phase", "string", 0, "status/phase", cell_text},
		{"IP", "string", 0, "status/interfaces/0/ipAddress", cell_text},
		{"NodeName", "string", 0, "status/nodeName", cell_text},
		{"Ready", "string", 0, "Ready", cell_condition},
		{"Live-Migratable", "string", 1, "LiveMigratable", cell_condition},
		{"Paused", "string", 1, "Paused", cell_condition}},
	[KIND_VMIM] = {NAME, {"Phase", "string", 0, "status/phase", cell_text},
		{"VMI", "string", 0, "spec/vmiName", cell_text}},
};
/* clang-format on */

struct json_object *table_columns(const struct kind *k)
{
	struct json_object *list = json_object_new_array();

	for (const struct column *c = columns[k->id]; c->name; c++) {
		struct json_object *d = json_object_new_object();

		json_put_str(d, "name", c->name);
		json_put_str(d, "type", c->type);
		json_put_str(d, "format", str_eq(c->name, "Name") ? "name" : "");
		json_put_str(d, "description", "");
		json_put_int(d, "priority", c->priority);
		json_object_array_add(list, d);
	}
	return list;
}

struct json_object *table_cells(const struct kind *k, struct json_object *object)
{
	struct json_object *list = json_object_new_array();

	for (const struct column *c = columns[k->id]; c->name; c++)
		json_object_array_add(list, c->fn(object, c->path));
	return list;
}
