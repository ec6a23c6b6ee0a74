/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Node object, as far as the rules ask. Pure. */
#ifndef VMD_KUBE_KUBE_NODE_H
#define VMD_KUBE_KUBE_NODE_H

#include "vmd/base/json.h"
#include "vmd/node/drain.h"
#include "vmd/vm/vm.h"

struct kube_node {
	char name[VM_NAME_MAX + 1];
	bool ready; /* its condition Ready is True */
	bool out_of_service;
	char version[32];
	bool cordoned;
	enum node_mark mark;
};

/* ERR_INVALID: no node, or its name is too long for a VM's status to name it. */
int kube_node_decode(struct json_object *doc, struct kube_node *ret, struct err *e);
/* A merge patch: spec.unschedulable and our mark. Refused if the node has changed since version. */
struct json_object *kube_node_encode_mark(const char *version, bool cordoned, enum node_mark mark);

#endif
