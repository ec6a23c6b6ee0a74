/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a node can be reached, asked before a guest on it is looked at or touched. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_HEARTBEAT_H
#define KUBEVIRT_LITE_CONTROLLERS_HEARTBEAT_H

#include "kubevirt-lite/controllers/controller.h"
#include "vmd/base/clock.h"

#define NODE_LOOK_US (1 * SEC_US) /* a node that does not answer is asked again */

/* s: borrowed as long as it lives. ERR_INVALID: heartbeat is no address of this host. */
int heartbeats_new(const struct controller_settings *s, struct heartbeats **ret, struct err *e);
void heartbeats_free(struct heartbeats *h);
bool heartbeat_address_is(const char *text);

/* Is the node there at this moment? Waits some milliseconds for it, see heartbeat.c. */
bool node_answers(struct controllers *c, const char *node);
/* How long nothing was heard of it. */
int64_t node_silent_us(struct controllers *c, const char *node);

#endif
