/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A websocket of a client, joined to a descriptor: what KubeVirt does for vnc, console and
 * portforward. Loop thread. */
#ifndef KUBEVIRT_LITE_RELAY_H
#define KUBEVIRT_LITE_RELAY_H

#include "kubevirt-lite/api/http.h"

struct relay;

/* Answers r, which must ask for a websocket. fd: a stream socket that is connected and does not
 * block; taken over. The first protocol of ours that the client offers is chosen; a client that
 * offers none gets none, as from the real server. first: the list of all relays, which it joins;
 * key: "", or a name to end it by. */
void relay_start(struct relay **first, struct http_request *r, struct sd_event *loop, int fd,
		 const char *key);
/* Ends the relay of that key, if there is one; its fd is closed when this returns. */
void relay_end(struct relay **first, const char *key);

#endif
