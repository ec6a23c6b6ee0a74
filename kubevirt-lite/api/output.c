/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accept headers and the three forms. Pure but for memory and the clock (ages). */
#include "kubevirt-lite/api/output.h"

#include "kubevirt-lite/api/table.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>
#include <strings.h>

/* One clause: "application/json;as=Table;v=v1;g=meta.k8s.io". */
static bool clause_fits(char *clause, enum output_as *ret)
{
	char *rest = clause, *type = strsep(&rest, ";"), *param;
	const char *as = NULL, *group = "meta.k8s.io", *version = "v1";

	type[strcspn(type, " ")] = '\0';
	if (!str_eq(type, "application/json") && !str_eq(type, "*/*") &&
	    !str_eq(type, "application/*"))
		return false;
	while (rest && (param = strsep(&rest, ";"))) {
		param += strspn(param, " ");
		param[strcspn(param, " ")] = '\0';
		if (str_starts(param, "as="))
			as = param + 3;
		else if (str_starts(param, "g="))
			group = param + 2;
		else if (str_starts(param, "v="))
			version = param + 2;
	}
	if (as && (!str_eq(group, "meta.k8s.io") || !str_starts(version, "v1")))
		return false;
	if (as && !str_eq(as, "Table") && !str_starts(as, "PartialObjectMetadata"))
		return false;
	*ret = !as ? OUTPUT_WHOLE : str_eq(as, "Table") ? OUTPUT_TABLE : OUTPUT_PARTIAL;
	return true;
}

int output_form_parse(const char *accept, const char *include, struct output_form *ret)
{
	struct output_form f = {.as = OUTPUT_WHOLE};
	char text[1024], *rest = text, *clause;

	if (str_eq(include, "None"))
		f.include = INCLUDE_NONE;
	else if (str_eq(include, "Object"))
		f.include = INCLUDE_OBJECT;
	*ret = f;
	if (!accept || !*accept)
		return 0;
	if (str_copy(text, sizeof(text), accept) < 0)
		return -1;
	while ((clause = strsep(&rest, ","))) {
		clause += strspn(clause, " ");
		if (clause_fits(clause, &ret->as))
			return 0;
	}
	return -1;
}

static struct json_object *partial(struct json_object *object)
{
	struct json_object *p = json_object_new_object();

	json_put_str(p, "kind", "PartialObjectMetadata");
	json_put_str(p, "apiVersion", "meta.k8s.io/v1");
	json_object_object_add(p, "metadata", json_object_get(json_at(object, "metadata")));
	return p;
}

static struct json_object *row(const struct output_form *f, const struct kind *k,
			       struct json_object *object)
{
	struct json_object *r = json_object_new_object();

	json_object_object_add(r, "cells", table_cells(k, object));
	if (f->include == INCLUDE_METADATA)
		json_object_object_add(r, "object", partial(object));
	else if (f->include == INCLUDE_OBJECT)
		json_object_object_add(r, "object", json_object_get(object));
	return r;
}

/* Takes over rows and meta. */
static struct json_object *table(const struct kind *k, struct json_object *rows,
				 struct json_object *meta, bool with_columns)
{
	struct json_object *t = json_object_new_object();

	json_put_str(t, "kind", "Table");
	json_put_str(t, "apiVersion", "meta.k8s.io/v1");
	json_object_object_add(t, "metadata", meta);
	json_object_object_add(t, "columnDefinitions",
			       with_columns ? table_columns(k) : json_object_new_array());
	json_object_object_add(t, "rows", rows);
	return t;
}

struct json_object *output_watch(const struct output_form *f, const struct kind *k,
				 struct json_object *object, bool first)
{
	struct json_object *rows, *meta, *version;

	switch (f->as) {
	case OUTPUT_WHOLE: return json_object_get(object);
	case OUTPUT_PARTIAL: return partial(object);
	case OUTPUT_TABLE: break;
	}
	rows = json_object_new_array();
	meta = json_object_new_object();
	version = json_at(object, "metadata/resourceVersion");
	json_object_array_add(rows, row(f, k, object));
	json_object_object_add(meta, "resourceVersion", json_object_get(version));
	return table(k, rows, meta, first);
}

struct json_object *output_object(const struct output_form *f, const struct kind *k,
				  struct json_object *object)
{
	return output_watch(f, k, object, true);
}

static struct json_object *plain_list(const struct output_form *f, const struct kind *k,
				      struct json_object *items, struct json_object *meta)
{
	struct json_object *list = json_object_new_object();
	char kind[80];

	(void)str_fmt(kind, sizeof(kind), "%sList",
		      f->as == OUTPUT_PARTIAL ? "PartialObjectMetadata" : k->kind);
	json_put_str(list, "kind", kind);
	json_put_str(list, "apiVersion",
		     f->as == OUTPUT_PARTIAL ? "meta.k8s.io/v1" : kind_api_version(k));
	json_object_object_add(list, "metadata", json_object_get(meta));
	json_object_object_add(list, "items", json_object_get(items));
	return list;
}

struct json_object *output_list(const struct output_form *f, const struct kind *k,
				struct json_object *items, struct json_object *meta)
{
	AUTO(json_object_put) struct json_object *converted = NULL;

	if (f->as == OUTPUT_WHOLE)
		return plain_list(f, k, items, meta);
	converted = json_object_new_array();
	for (size_t i = 0; i < json_length(items); i++) {
		struct json_object *o = json_object_array_get_idx(items, i);

		json_object_array_add(converted, f->as == OUTPUT_TABLE ? row(f, k, o) : partial(o));
	}
	if (f->as == OUTPUT_PARTIAL)
		return plain_list(f, k, converted, meta);
	return table(k, STEAL(converted), json_object_get(meta), true);
}
