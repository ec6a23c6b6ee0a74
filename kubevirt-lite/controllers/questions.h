/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subresources of a VMI that its guest agent answers. ctx is struct controllers. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_QUESTIONS_H
#define KUBEVIRT_LITE_CONTROLLERS_QUESTIONS_H

#include "kubevirt-lite/controllers/controller.h"

void question_guestosinfo(void *ctx, struct subresource_call *call);
void question_userlist(void *ctx, struct subresource_call *call);
void question_filesystemlist(void *ctx, struct subresource_call *call);

#endif
