/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of objects kubevirt-lite serves: one row each, known to store, HTTP and controllers. */
#ifndef KUBEVIRT_LITE_KINDS_H
#define KUBEVIRT_LITE_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum kind_id {
	KIND_NAMESPACE,
	KIND_NODE,
	KIND_POD,
	KIND_PV,
	KIND_PVC,
	KIND_SECRET,
	KIND_CONFIGMAP,
	KIND_EVENT,
	KIND_SERVICEACCOUNT,
	KIND_ROLE,
	KIND_ROLEBINDING,
	KIND_CLUSTERROLE,
	KIND_CLUSTERROLEBINDING,
	KIND_LEASE,
	KIND_STORAGECLASS,
	KIND_NAD,
	KIND_VM,
	KIND_VMI,
	KIND_VMIM,
	KIND_COUNT
};

struct kind {
	enum kind_id id;
	const char *group; /* "" is the core group */
	const char *version;
	const char *resource; /* "virtualmachines" */
	const char *singular;
	const char *kind;           /* "VirtualMachine" */
	const char *short_names[4]; /* for kubectl; NULL ends */
	const char *categories[2];
	bool namespaced;
	bool is_custom;      /* defined by a CRD: no strategic merge patch */
	bool has_status;     /* status is written through /status only */
	bool has_generation; /* generation counts changes outside metadata and status */
};

const struct kind *kind_get(enum kind_id id);
const char *kind_api_version(const struct kind *k); /* "kubevirt.io/v1", "v1" */
/* NULL: no such resource. */
const struct kind *kind_by_resource(const char *group, const char *version, const char *resource);
/* As an ownerReference names it: "kubevirt.io/v1", "VirtualMachine". NULL: no such kind. */
const struct kind *kind_by_name(const char *api_version, const char *kind);
/* "virtualmachines.kubevirt.io", "pods": as Status messages name a resource. Returns buf. */
const char *kind_qualified(const struct kind *k, char *buf, size_t size);

#endif
