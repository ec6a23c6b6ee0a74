/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of Kubernetes about our launchers and VMIs, as reasons for people. Pure. A missing
 * NetworkAttachmentDefinition, for one, shows nowhere else: the VM just stays "Starting". */
#ifndef VMD_KUBE_KUBE_EVENT_H
#define VMD_KUBE_KUBE_EVENT_H

#include "vmd/base/json.h"
#include "vmd/vm/vm.h"

struct vm_trouble {
	char vm[VM_NAME_MAX + 1];
	int64_t at_s;
	char text[VM_REASON_MAX + 1];
};

/* 1: a warning about one VM; 0: about something else; -1: no event. */
int trouble_decode(struct json_object *doc, struct vm_trouble *ret, struct err *e);

#endif
