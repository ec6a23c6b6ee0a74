/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A websocket of a client, joined to a descriptor: what KubeVirt does for vnc, console and
 * portforward. Loop thread. */
#ifndef KUBEVIRT_LITE_RELAY_H
#define KUBEVIRT_LITE_RELAY_H

#include "kubevirt-lite/api/http.h"

/* Answers r, which must ask for a websocket. fd: a stream socket that is connected and does not
 * block; taken over. The first protocol of ours that the client offers is chosen; a client that
 * offers none gets none, as from the real server. */
void relay_start(struct http_request *r, struct sd_event *loop, int fd);

#endif
