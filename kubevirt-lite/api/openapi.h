/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much OpenAPI as kubectl needs to see that fields are checked here and not by itself. */
#ifndef KUBEVIRT_LITE_OPENAPI_H
#define KUBEVIRT_LITE_OPENAPI_H

#include "kubevirt-lite/api/call.h"

bool openapi_answer(struct api_call *c); /* false: no such path */

#endif
