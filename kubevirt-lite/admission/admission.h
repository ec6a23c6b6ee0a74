/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients may write: defaults are filled in, the rest is checked as the real server and
 * KubeVirt's webhooks do. Controllers write past it. */
#ifndef KUBEVIRT_LITE_ADMISSION_H
#define KUBEVIRT_LITE_ADMISSION_H

#include "kubevirt-lite/admission/status.h"
#include "kubevirt-lite/store/store.h"

enum admission_fields { FIELDS_WARN, FIELDS_STRICT, FIELDS_IGNORE }; /* fieldValidation */

struct admission {
	struct store *store;
	const struct kind *kind;
	struct json_object *old; /* NULL: create */
	enum admission_fields fields;
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	struct json_object *status; /* the refusal; the caller puts it */
};

/* object: a private copy that may be completed. -1: refused, status is set. */
int admission_check(struct admission *a, struct json_object *object);

#endif
