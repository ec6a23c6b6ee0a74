/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A watch's bytes -> lines -> events. Pure. */
#ifndef VMD_KUBE_KUBE_LINE_H
#define VMD_KUBE_KUBE_LINE_H

#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#define LINE_MAX_BYTES (4U << 20) /* an object in etcd has at most 1.5 MiB */

/* Calls line() for each whole line (without its newline; empty ones are skipped), keeps the rest in
 * pending for the next call. -1: line() said so, or a line is longer than LINE_MAX_BYTES. */
int line_split(struct strbuf *pending, const char *data, size_t len,
	       int (*line)(void *ctx, const char *text, size_t len, struct err *e), void *ctx,
	       struct err *e);

enum event_kind { EVENT_SET, EVENT_GONE, EVENT_BOOKMARK, EVENT_ERROR };

struct watch_event {
	enum event_kind kind;
	struct json_object *object; /* borrowed from the document given back with it */
	char version[32];           /* resourceVersion; "" on EVENT_ERROR */
	long code;                  /* EVENT_ERROR: 410 means list again */
	char text[200];             /* EVENT_ERROR: the server's words */
};

/* One line. Caller owns *ret_doc. ERR_INVALID: it is no event; kinds of event yet to be invented
 * count as EVENT_BOOKMARK if they carry a version. */
int event_decode(const char *text, size_t len, struct json_object **ret_doc,
		 struct watch_event *ret, struct err *e);

#endif
