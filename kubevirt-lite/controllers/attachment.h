/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attachment pods: they bring to a node the volumes that a launcher pod was not made with. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_ATTACHMENT_H
#define KUBEVIRT_LITE_CONTROLLERS_ATTACHMENT_H

#include "kubevirt-lite/controllers/controller.h"

void attachment_reconcile(struct controllers *c, struct json_object *pod);
bool attachment_is(struct json_object *pod);
/* Those of a launcher pod; the caller puts the list. */
struct json_object *attachments_of(struct controllers *c, struct json_object *launcher);
bool attachment_is_ready(struct json_object *pod);
/* Whether it is for just these volumes (of a VMI's spec). */
bool attachment_fits(struct json_object *pod, struct json_object *volumes);
/* migration: NULL, or the VMIM whose target the launcher is. Errors are the store's. */
int attachment_create(struct controllers *c, struct json_object *vmi, struct json_object *launcher,
		      struct json_object *volumes, struct json_object *migration, struct err *e);
void attachment_delete(struct controllers *c, struct json_object *pod);

#endif
