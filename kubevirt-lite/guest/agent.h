/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QEMU guest agent's socket. It serves one client and one call at a time (a second client hangs
 * silently), so calls queue here. Loop thread only. */
#ifndef KUBEVIRT_LITE_GUEST_AGENT_H
#define KUBEVIRT_LITE_GUEST_AGENT_H

#include "vmd/base/err.h"

#include <json-c/json.h>
#include <stdint.h>

struct sd_event;
struct agent;

#define AGENT_DEADLINE_US INT64_C(5000000) /* for calls that only look */

/* value: borrowed; NULL on failure, then e says why: ERR_INVALID: the agent refused, with its text;
 * ERR_RETRY: the agent did not answer the handshake, so the command was not sent; ERR_UNSURE: sent,
 * no answer. */
typedef void (*agent_reply_fn)(void *self, struct json_object *value, const struct err *e);

/* The connection is made at the first call and again after it broke. */
int agent_open(struct sd_event *loop, const char *path, struct agent **ret, struct err *e);
/* args: takes over, may be NULL. reply may be NULL and may close the agent; it is never called from
 * inside agent_call. */
void agent_call(struct agent *a, const char *command, struct json_object *args, int64_t deadline_us,
		agent_reply_fn reply, void *self);
/* guest-shutdown answers nothing when it works: reply is called at once when it was written. */
void agent_tell(struct agent *a, const char *command, struct json_object *args);
/* Calls that are still out are not answered any more. */
void agent_close(struct agent *a);
DEFINE_AUTO(struct agent *, agent_close)

/* One line from the guest: everything up to the last 0xFF byte (the agent's mark for "what came
 * before is not for you") is skipped. Pure. ret_value: owned, NULL with ret_error filled when the
 * agent refused. */
int agent_decode(const char *text, size_t len, struct json_object **ret_value, char *ret_error,
		 size_t size, struct err *e);

#endif
