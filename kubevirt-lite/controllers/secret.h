/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values out of Secrets. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_SECRET_H
#define KUBEVIRT_LITE_CONTROLLERS_SECRET_H

#include "vmd/base/err.h"

#include <json-c/json.h>

/* Text without surrounding white space; -1 (ret is ""): not base64, too long, or binary. */
int secret_decode(const char *base64, char *ret, size_t size);
/* data.KEY of a Secret. ERR_RETRY: not there or not usable. */
int secret_text(struct json_object *secret, const char *key, char *ret, size_t size, struct err *e);

#endif
