/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstanceMigration: what one says, and how ours is asked for. Pure. All of our
 * namespace are looked at, since KubeVirt makes some itself when a node is drained. */
#ifndef VMD_KUBE_KUBE_MIGRATION_H
#define VMD_KUBE_KUBE_MIGRATION_H

#include "vmd/base/json.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/settings.h"
#include "vmd/vm/growth.h"

struct kube_migration {
	struct meta meta;
	char vmi[VM_NAME_MAX + 1];
	bool over, failed, scheduling;
	char failure[VM_REASON_MAX + 1]; /* "" KubeVirt does not say */
	char target[JOB_NODE_MAX + 1];   /* the node it goes to; "" not known yet */
	int64_t took_s;                  /* from its start to its end, 1 at least; 0: not told */
};

/* ERR_INVALID: no such object. */
int migration_decode(struct json_object *doc, struct kube_migration *ret, struct err *e);
/* Adds what m says to the VM whose VMI it is of. In any order. */
void migration_fold(const struct kube_migration *m, const char *vm, struct vm_moving *into);
/* Owned by the VM (its uid), so that it goes when the VM does. The caller puts it, like the next.
 */
struct json_object *migration_encode(const struct settings *s, const char *name, const char *vm,
				     const char *vm_uid, const char *job_key, uint32_t job_id);
/* What a VM is told. */
struct vm_word {
	const char *node;            /* where it shall be */
	struct vm_target target;     /* and so large; 0 sockets: as it is */
	bool given_up;               /* noted on it, or taken off it */
	const uint32_t *turned_down; /* so many are noted on it; NULL: as it is */
};
/* A merge patch of a VM. Refused if it is not that VM any more, or has changed since version. */
struct json_object *migration_encode_point(const char *uid, const char *version,
					   const struct vm_word *word);

#endif
