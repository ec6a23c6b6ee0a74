/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's control socket: commands with replies, and events. Loop thread only. */
#ifndef KUBEVIRT_LITE_GUEST_QMP_H
#define KUBEVIRT_LITE_GUEST_QMP_H

#include "vmd/base/err.h"

#include <json-c/json.h>
#include <stdint.h>

struct sd_event;
struct qmp;

/* None of them is called from inside a function of this header. Any of them may close the client.
 */
struct qmp_handler {
	void *self;
	void (*ready)(void *self); /* capabilities are agreed: commands work */
	void (*event)(void *self, const char *name, struct json_object *data); /* data: borrowed,
										  may be NULL */
	void (*lost)(void *self, const struct err *e); /* QEMU is gone or talks nonsense */
};

/* value: what QEMU returned, borrowed; NULL on failure and then e says why (ERR_INVALID: QEMU
 * refused, the text is its own; ERR_UNSURE: no answer came). */
typedef void (*qmp_reply_fn)(void *self, struct json_object *value, const struct err *e);

/* ERR_RETRY: nobody listens at path. */
int qmp_open(struct sd_event *loop, const char *path, const struct qmp_handler *h, struct qmp **ret,
	     struct err *e);
/* args: takes over, may be NULL. reply may be NULL. Commands sent before ready() wait for it. */
void qmp_send(struct qmp *q, const char *command, struct json_object *args, qmp_reply_fn reply,
	      void *self);
/* Replies that are still out are not called any more. */
void qmp_close(struct qmp *q);
DEFINE_AUTO(struct qmp *, qmp_close)

/* One line of the protocol, decoded. Pure. */
enum qmp_kind { QMP_GREETING, QMP_EVENT, QMP_RETURN, QMP_ERROR };
struct qmp_message {
	enum qmp_kind kind;
	char event[64];            /* QMP_EVENT */
	int64_t id;                /* QMP_RETURN, QMP_ERROR; -1: none */
	char error[200];           /* QMP_ERROR: QEMU's description */
	struct json_object *value; /* owned: data of an event, value of a return; may be NULL */
};
int qmp_decode(const char *text, size_t len, struct qmp_message *ret, struct err *e);

#endif
