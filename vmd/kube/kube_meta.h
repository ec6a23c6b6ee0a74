/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every Kubernetes object of ours has: name, uid, version, our labels. Pure. */
#ifndef VMD_KUBE_KUBE_META_H
#define VMD_KUBE_KUBE_META_H

#include "vmd/base/json.h"
#include "vmd/vm/vm.h"

#define LABEL_CLUSTER    "slurm-vm.io/cluster"
#define LABEL_JOB        "slurm-vm.io/job"
#define LABEL_KEY        "slurm-vm.io/key"
#define ANNO_OWNER_UID   "slurm-vm.io/owner-uid"
#define SELECTOR_NODE    "kubernetes.io/hostname"
#define ANNO_IMAGE       "slurm-vm.io/image"
#define ANNO_GIVEN_UP    "slurm-vm.io/given-up" /* of a VM: see struct vm_moving; so the next */
#define ANNO_TURNED_DOWN "slurm-vm.io/turned-down"
#define ANNO_DRAIN       "slurm-vm.io/drain" /* of a node: see vmd/node/drain.h */

struct meta {
	char name[VM_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char version[32];
	char job_key[JOB_KEY_MAX + 1]; /* "" if it has none of ours */
	int64_t created_s;             /* 0 unknown */
	bool deleting;
};

/* ERR_INVALID: not an object of ours, since ours have short names. */
int meta_decode(struct json_object *doc, struct meta *ret, struct err *e);
/* An object with apiVersion, kind, name, namespace ("" for a cluster's), and our labels. */
struct json_object *meta_object(const char *api, const char *kind, const char *name,
				const char *name_space, const char *cluster, const char *job_key,
				uint32_t job_id);
/* A map with our labels, to which more may be added. */
struct json_object *meta_labels(const char *cluster, const char *job_key, uint32_t job_id);
/* Kubernetes removes the object when the owner with this uid is gone. */
void meta_put_owner(struct json_object *doc, const char *api, const char *kind, const char *name,
		    const char *uid);
const char *meta_owner_uid(struct json_object *doc); /* of the first owner; NULL: none */
/* The host a nodeSelector names: path of its object, as "spec/nodeSelector"; "" none. */
void meta_selector(struct json_object *doc, const char *path, char *buf, size_t size);
/* "2026-11-23T08:49:00Z" -> seconds since 1970; 0 if it is none. */
int64_t meta_time_s(const char *text);
/* Splits "namespace/name"; without a slash the namespace is fallback. */
int meta_split(const char *text, const char *fallback, char *name_space, size_t ns_size, char *name,
	       size_t name_size);

#endif
