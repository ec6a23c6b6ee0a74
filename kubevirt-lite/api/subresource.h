/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the HTTP side does not do itself: verbs on a guest or a pod. The controllers fill in a table
 * of hooks; HTTP authenticates, authorises, parses, finds the row and calls it. */
#ifndef KUBEVIRT_LITE_SUBRESOURCE_H
#define KUBEVIRT_LITE_SUBRESOURCE_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"

#include <json-c/json.h>

/* One call. Lives until subresource_answer, which must come exactly once, at once or later, on the
 * loop thread. The strings and the body are borrowed for that long. */
struct subresource_call {
	enum kind_id kind; /* KIND_VM, KIND_VMI, KIND_POD */
	const char *ns;
	const char *name;
	const char *sub;          /* "start", "guestosinfo", "eviction", "vnc/screenshot" */
	const char *method;       /* "PUT", "GET", "POST" */
	struct json_object *body; /* NULL: none was sent */
	bool dry_run;
	void *http; /* the HTTP side's own */
};

/* body is taken over; NULL: an empty answer, as start/stop give with 202. */
void subresource_answer(struct subresource_call *call, int code, struct json_object *body);
/* Plain text, as pods/log. */
void subresource_answer_text(struct subresource_call *call, int code, const char *text);
void subresource_answer_bytes(struct subresource_call *call, const char *type, const void *data,
			      size_t len);
/* The client's connection becomes a websocket that carries the bytes of fd: a connected socket that
 * does not block, taken over. A client that asks for no websocket is refused. key names what only
 * one client can have at a time; "": everybody may. */
void subresource_stream(struct subresource_call *call, int fd, const char *key);
/* Ends the stream of that key, if there is one: its socket is closed when this returns. */
void subresource_stream_end(struct subresource_call *call, const char *key);
/* The value of the n-th parameter of that name in the query; NULL: there are not so many. */
const char *subresource_param(const struct subresource_call *call, const char *name, size_t n);
/* A Status object. reason as in Kubernetes ("Conflict", "NotFound", "BadRequest"; "" leaves it
 * out). */
void subresource_refuse(struct subresource_call *call, int code, const char *reason,
			const char *fmt, ...) PRINTF(4, 5);

/* Whether a client may put object in the place of old, both of the call's kind: then 0, and object
 * may have been completed. Else the call is answered. */
int subresource_admit(struct subresource_call *call, struct json_object *old,
		      struct json_object *object);

struct subresource_hook {
	enum kind_id kind;
	const char *sub;    /* "portforward/": what follows is the hook's to read */
	const char *method; /* another method is 405 */
	void (*fn)(void *ctx, struct subresource_call *call);
};

struct subresource_hooks {
	const struct subresource_hook *hook;
	size_t n;
	void *ctx;
};

#endif
