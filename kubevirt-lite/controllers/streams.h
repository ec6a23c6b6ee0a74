/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person sees of a guest: its screen, its console, a picture, its ports. Subresources of a
 * VMI; ctx is the controllers. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_STREAMS_H
#define KUBEVIRT_LITE_CONTROLLERS_STREAMS_H

#include "kubevirt-lite/controllers/controller.h"

void stream_vnc(void *ctx, struct subresource_call *call);
void stream_console(void *ctx, struct subresource_call *call);
void stream_screenshot(void *ctx, struct subresource_call *call);
void stream_portforward(void *ctx, struct subresource_call *call);
/* exec.c: of a pod. */
void stream_exec(void *ctx, struct subresource_call *call);

#endif
