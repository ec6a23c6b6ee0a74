/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A webhook's refusal: causes collected, then "admission webhook "NAME" denied the request: ..."
 * with code 422, as KubeVirt's virt-api sends it. Between the files of admission only. */
#ifndef KUBEVIRT_LITE_REVIEW_H
#define KUBEVIRT_LITE_REVIEW_H

#include "kubevirt-lite/admission/admission.h"

struct review {
	const char *webhook;
	struct json_object *status; /* NULL: no cause yet */
	char text[2048];            /* the causes' texts, joined by ", " */
};

void review_cause(struct review *r, const char *reason, const char *field, const char *fmt, ...)
	PRINTF(4, 5);
/* 0: no cause. -1: a->status is the refusal. */
int review_end(struct review *r, struct admission *a);

/* The rules of admission.c by file. */
int admission_vm(struct admission *a, struct json_object *vm);
/* Types of known fields, and fields that are not known. */
int admission_shape(struct admission *a, struct json_object *object);

#endif
