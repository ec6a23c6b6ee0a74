/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of Tables. Each returns a new JSON value (or NULL for null). */
#ifndef KUBEVIRT_LITE_TABLE_CELL_H
#define KUBEVIRT_LITE_TABLE_CELL_H

#include <json-c/json.h>

typedef struct json_object *(*cell_fn)(struct json_object *object, const char *path);

struct json_object *cell_text(struct json_object *object, const char *path);
struct json_object *cell_text_or_none(struct json_object *object, const char *path);
struct json_object *cell_text_or_unset(struct json_object *object, const char *path);
struct json_object *cell_text_or_unknown(struct json_object *object, const char *path);
struct json_object *cell_deleting_or_text(struct json_object *object, const char *path);
struct json_object *cell_age(struct json_object *object, const char *path);
struct json_object *cell_count(struct json_object *object, const char *path);
struct json_object *cell_condition(struct json_object *object, const char *type);
struct json_object *cell_access_modes(struct json_object *object, const char *path);
struct json_object *cell_claim(struct json_object *object, const char *path);
struct json_object *cell_event_object(struct json_object *object, const char *path);
struct json_object *cell_node_status(struct json_object *object, const char *path);
struct json_object *cell_node_roles(struct json_object *object, const char *path);
struct json_object *cell_node_address(struct json_object *object, const char *type);
struct json_object *cell_pod_ready(struct json_object *object, const char *path);
struct json_object *cell_pod_status(struct json_object *object, const char *path);
struct json_object *cell_pod_restarts(struct json_object *object, const char *path);

#endif
