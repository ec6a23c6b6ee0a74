/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels, annotations and owners: by these the controllers' objects know one another. What is
 * given back is borrowed from the object; NULL: it has none. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_METADATA_H
#define KUBEVIRT_LITE_CONTROLLERS_METADATA_H

#include <json-c/json.h>
#include <stdbool.h>

#define LABEL_NODE           "kubevirt.io/nodeName"
#define LABEL_CREATED_BY     "kubevirt.io/created-by"
#define LABEL_MIGRATION_UID  "kubevirt.io/migrationJobUID"
#define LABEL_VM_NAME        "vm.kubevirt.io/name"
#define ANNOTATION_MIGRATION "kubevirt.io/migrationJobName"
#define ANNOTATION_OWNER_VMI "kubevirt.io/owner-vmi-name"
#define ANNOTATION_FAULT     "kubevirt-lite/fault"

/* Their names have slashes, so json_at() cannot. */
const char *label(struct json_object *object, const char *name);
const char *annotation(struct json_object *object, const char *name);
void label_set(struct json_object *copy, const char *name, const char *value);
void annotation_set(struct json_object *copy, const char *name, const char *value);

/* The uid of its controller's ownerReference. */
const char *owner_uid(struct json_object *object);
/* Both may be NULL: no. */
bool is_owned_by(struct json_object *object, struct json_object *owner);

#endif
