/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms an object or a list can be sent in: as it is, as a Table for kubectl, or only its
 * metadata. */
#ifndef KUBEVIRT_LITE_OUTPUT_H
#define KUBEVIRT_LITE_OUTPUT_H

#include "kubevirt-lite/store/kinds.h"

#include <json-c/json.h>

enum output_as { OUTPUT_WHOLE, OUTPUT_TABLE, OUTPUT_PARTIAL };
enum output_include { INCLUDE_METADATA, INCLUDE_NONE, INCLUDE_OBJECT };

struct output_form {
	enum output_as as;
	enum output_include include; /* of a Table's rows */
};

/* accept: the header, NULL: anything. -1: nothing in it can be served (406). */
int output_form_parse(const char *accept, const char *include, struct output_form *ret);

/* New references. meta is a list's metadata, borrowed. */
struct json_object *output_object(const struct output_form *f, const struct kind *k,
				  struct json_object *object);
struct json_object *output_list(const struct output_form *f, const struct kind *k,
				struct json_object *items, struct json_object *meta);
/* A row of a watch: a Table whose columns are only in the first. */
struct json_object *output_watch(const struct output_form *f, const struct kind *k,
				 struct json_object *object, bool first);

#endif
