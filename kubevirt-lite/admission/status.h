/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status objects: how the API says no. A function that may refuse returns -1 and fills in a Status,
 * which the caller owns and sends with its code. */
#ifndef KUBEVIRT_LITE_STATUS_H
#define KUBEVIRT_LITE_STATUS_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"
#include "vmd/base/json.h"

#define STATUS_TEXT_MAX 4096

/* Each sets *ret to a new Status and returns -1. reason "" is left out, as admission webhooks do.
 */
int status_set(struct json_object **ret, int code, const char *reason, const char *fmt, ...)
	PRINTF(4, 5);
int status_not_found(struct json_object **ret, const struct kind *k, const char *name);
int status_exists(struct json_object **ret, const struct kind *k, const char *name);
int status_conflict(struct json_object **ret, const struct kind *k, const char *name,
		    const char *why); /* why NULL: the object has been modified */

/* Adds to a Status. Any of the texts may be NULL: left out. */
void status_details(struct json_object *st, const char *name, const char *group, const char *kind);
void status_cause(struct json_object *st, const char *reason, const char *message,
		  const char *field);
int status_code(struct json_object *st);
/* The answer of a delete that removed the object. */
struct json_object *status_deleted(const struct kind *k, struct json_object *object);

#endif
