/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form every object must have before anything else reads it: types of metadata, spec and
 * status, and no more depth than can be read back. */
#ifndef KUBEVIRT_LITE_FORM_H
#define KUBEVIRT_LITE_FORM_H

#include "kubevirt-lite/admission/status.h"

#define FORM_DEPTH_MAX 60 /* below JSON_DEPTH: what is stored must be readable */

/* -1: *ret_status says why (400). After 0, code may rely on: metadata is an object; in it name,
 * namespace and the like are strings without NUL, labels and annotations objects of strings,
 * finalizers a list of strings, ownerReferences a list of objects; spec and status, where they are,
 * are objects; status.conditions, where they are, are a list of objects. */
int form_check(const struct kind *k, struct json_object *object, struct json_object **ret_status);

/* Takes out members that are null: to this API they are not there. */
void form_strip(struct json_object *object);

#endif
