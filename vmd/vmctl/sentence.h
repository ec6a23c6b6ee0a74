/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a VM in one sentence, for somebody who does not know the states, and what to do
 * about it. Pure. */
#ifndef VMD_VMCTL_SENTENCE_H
#define VMD_VMCTL_SENTENCE_H

#include "vmd/base/json.h"
#include "vmd/base/strbuf.h"

/* vm: the object of show. "The guest boots on worker1node: waiting for the guest agent. To be told
 * when it is ready: vmctl wait 17" */
void sentence_of(struct json_object *vm, struct strbuf *ret);

#endif
