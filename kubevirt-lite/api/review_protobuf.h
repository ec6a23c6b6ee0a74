/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl since 1.32 writes a SelfSubjectAccessReview as protobuf, whatever the server says it
 * understands: the one object that is read in that form. Pure. */
#ifndef KUBEVIRT_LITE_REVIEW_PROTOBUF_H
#define KUBEVIRT_LITE_REVIEW_PROTOBUF_H

#include "vmd/base/err.h"
#include "vmd/base/json.h"

#define PROTOBUF_TYPE "application/vnd.kubernetes.protobuf"

/* The same object as JSON, the caller's. Fields that this program does not know are left out, as
 * are empty ones. ERR_INVALID: broken, or a text in it that is not printable ASCII. */
int review_protobuf_decode(const char *body, size_t len, struct json_object **ret, struct err *e);

#endif
