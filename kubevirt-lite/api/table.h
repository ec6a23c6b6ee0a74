/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns kubectl shows, per kind. */
#ifndef KUBEVIRT_LITE_TABLE_H
#define KUBEVIRT_LITE_TABLE_H

#include "kubevirt-lite/store/kinds.h"

#include <json-c/json.h>
#include <stdint.h>

struct json_object *table_columns(const struct kind *k); /* new: columnDefinitions */
struct json_object *table_cells(const struct kind *k, struct json_object *object); /* new */
/* "5m12s", "3d4h", as kubectl writes ages. Returns buf. */
const char *table_age(int64_t seconds, char *buf, size_t size);

#endif
