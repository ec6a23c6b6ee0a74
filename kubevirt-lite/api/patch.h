/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three patches: JSON merge patch (RFC 7396), JSON patch (RFC 6902) and the strategic merge
 * patch of core kinds. Pure. */
#ifndef KUBEVIRT_LITE_PATCH_H
#define KUBEVIRT_LITE_PATCH_H

#include "vmd/base/err.h"

#include <json-c/json.h>

#define PATCH_OPERATIONS_MAX 10000

/* All return a new object in *ret and leave doc alone. ERR_INVALID: the patch is no patch (400);
 * ERR_CONFLICT: it cannot be applied, a test failed or a path is not there (422). */
int patch_merge(struct json_object *doc, struct json_object *patch, struct json_object **ret,
		struct err *e);
int patch_json(struct json_object *doc, struct json_object *patch, struct json_object **ret,
	       struct err *e);
int patch_strategic(struct json_object *doc, struct json_object *patch, struct json_object **ret,
		    struct err *e);

#endif
