/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict checker of JSON against the schemas of Kubernetes: OpenAPI v3 documents ($ref, allOf)
 * and CRDs (YAML). Refuses unknown fields, wrong types, values outside an enum, missing required
 * ones, patterns (quantities), numbers out of range. Knows what those documents use; a schema word
 * it does not know is an error, not a pass. */
#ifndef TESTS_UNIT_SCHEMA_H
#define TESTS_UNIT_SCHEMA_H

#include "vmd/base/json.h"

/* YAML as served by kubectl, into JSON. ERR_INVALID. */
int schema_load_yaml(const char *text, size_t len, struct json_object **ret, struct err *e);
/* root: the document $ref points into (may be NULL for a CRD). ERR_INVALID names path and why. */
int schema_check(struct json_object *root, struct json_object *schema, struct json_object *value,
		 struct err *e);

#endif
