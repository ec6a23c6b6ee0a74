/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema checker of the kube tests. It stops at the first error and says where. */
#include "tests/unit/schema.h"

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <regex.h>
#include <string.h>
#include <yaml.h>

/* ---- YAML -> JSON ---- */

static void parser_auto(yaml_parser_t *p)
{
	yaml_parser_delete(p);
}

static struct json_object *scalar(const yaml_event_t *ev)
{
	const char *s = (const char *)ev->data.scalar.value;
	char *end;
	long long n;

	if (ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_object_new_string(s);
	if (str_eq(s, "true") || str_eq(s, "false"))
		return json_object_new_boolean(str_eq(s, "true"));
	if (!*s || str_eq(s, "null") || str_eq(s, "~"))
		return NULL;
	n = strtoll(s, &end, 10);
	return *end ? json_object_new_string(s) : json_object_new_int64(n);
}

static int node_load(yaml_parser_t *p, const yaml_event_t *ev, struct json_object **ret);

/* The next event; -1 also for the end of a collection, with *ret_end set. */
static int next_node(yaml_parser_t *p, struct json_object **ret, char **ret_key, bool *ret_end)
{
	yaml_event_t ev;
	int rc = -1;

	if (!yaml_parser_parse(p, &ev))
		return -1;
	*ret_end = ev.type == YAML_MAPPING_END_EVENT || ev.type == YAML_SEQUENCE_END_EVENT;
	if (!*ret_end && ret_key && ev.type == YAML_SCALAR_EVENT) {
		*ret_key = strdup((const char *)ev.data.scalar.value);
		rc = *ret_key ? 0 : -1;
	} else if (!*ret_end && !ret_key) {
		rc = node_load(p, &ev, ret);
	}
	yaml_event_delete(&ev);
	return rc;
}

static int map_load(yaml_parser_t *p, struct json_object *map)
{
	for (;;) {
		AUTO(free) char *key = NULL;
		struct json_object *v = NULL;
		bool end;

		if (next_node(p, NULL, &key, &end) < 0)
			return end ? 0 : -1;
		if (next_node(p, &v, NULL, &end) < 0)
			return -1;
		json_object_object_add(map, key, v);
	}
}

static int list_load(yaml_parser_t *p, struct json_object *list)
{
	for (;;) {
		struct json_object *v = NULL;
		bool end;

		if (next_node(p, &v, NULL, &end) < 0)
			return end ? 0 : -1;
		json_object_array_add(list, v);
	}
}

static int node_load(yaml_parser_t *p, const yaml_event_t *ev, struct json_object **ret)
{
	if (ev->type == YAML_MAPPING_START_EVENT) {
		*ret = json_object_new_object();
		return map_load(p, *ret);
	}
	if (ev->type == YAML_SEQUENCE_START_EVENT) {
		*ret = json_object_new_array();
		return list_load(p, *ret);
	}
	if (ev->type != YAML_SCALAR_EVENT)
		return -1; /* aliases are not used by kubectl */
	*ret = scalar(ev);
	return 0;
}

int schema_load_yaml(const char *text, size_t len, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(parser) yaml_parser_t p;
	yaml_event_t ev;
	bool more = true;

	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	while (more && !doc) {
		if (!yaml_parser_parse(&p, &ev))
			return err_set(e, ERR_INVALID, "YAML: %s", p.problem ? p.problem : "?");
		more = ev.type != YAML_STREAM_END_EVENT;
		if (ev.type == YAML_MAPPING_START_EVENT && node_load(&p, &ev, &doc) < 0) {
			yaml_event_delete(&ev);
			return err_set(e, ERR_INVALID, "YAML: cannot read it");
		}
		yaml_event_delete(&ev);
	}
	if (!doc)
		return err_set(e, ERR_INVALID, "YAML: no map");
	*ret = STEAL(doc);
	return 0;
}

/* ---- the check ---- */

struct where {
	const struct where *up;
	const char *name;
	size_t index;
};

static int fail(const struct where *w, struct err *e, const char *why, const char *what)
{
	(void)err_set(e, ERR_INVALID, "%s%s", why, what);
	for (; w; w = w->up) {
		if (w->name)
			(void)err_wrap(e, "%s", w->name);
		else
			(void)err_wrap(e, "[%zu]", w->index);
	}
	return -1;
}

static const char *str_of(struct json_object *schema, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(schema, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

static bool is_true(struct json_object *schema, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(schema, key, &v) && json_object_get_boolean(v);
}

static const char *const words[] = {
	"$ref",        "additionalProperties",
	"allOf",       "anyOf",
	"default",     "description",
	"enum",        "format",
	"items",       "maxItems",
	"maxLength",   "maximum",
	"minItems",    "minLength",
	"minimum",     "nullable",
	"oneOf",       "pattern",
	"properties",  "required",
	"title",       "type",
	"uniqueItems",
};

static int check_words(struct json_object *schema, const struct where *w, struct err *e)
{
	json_object_object_foreach(schema, word, v)
	{
		bool known = str_starts(word, "x-kubernetes-");

		(void)v;
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			known = known || str_eq(words[i], word);
		if (!known)
			return fail(w, e, "the schema has a word unknown here: ", word);
	}
	return 0;
}

/* Perl's (?: ) as POSIX has it. */
static int check_pattern(const char *pattern, const char *text, const struct where *w,
			 struct err *e)
{
	AUTO(strbuf_done) struct strbuf posix = {.len = 0};
	regex_t re;
	int rc;

	for (; *pattern; pattern++) {
		if (str_starts(pattern, "(?:")) {
			strbuf_addf(&posix, "(");
			pattern += 2;
		} else if (str_starts(pattern, "\\d")) {
			strbuf_addf(&posix, "[0-9]");
			pattern++;
		} else {
			strbuf_add(&posix, pattern, 1);
		}
	}
	if (regcomp(&re, posix.s, REG_EXTENDED | REG_NOSUB) != 0)
		return fail(w, e, "the schema's pattern is none: ", posix.s);
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return rc == 0 ? 0 : fail(w, e, "does not match the pattern: ", text);
}

static int check_type(struct json_object *schema, struct json_object *v, const struct where *w,
		      struct err *e)
{
	const char *type = str_of(schema, "type");
	bool ok = true;

	if (is_true(schema, "x-kubernetes-int-or-string"))
		ok = json_object_is_type(v, json_type_int) ||
		     json_object_is_type(v, json_type_string);
	else if (str_eq(type, "object"))
		ok = json_object_is_type(v, json_type_object);
	else if (str_eq(type, "array"))
		ok = json_object_is_type(v, json_type_array);
	else if (str_eq(type, "string"))
		ok = json_object_is_type(v, json_type_string);
	else if (str_eq(type, "integer"))
		ok = json_object_is_type(v, json_type_int);
	else if (str_eq(type, "number"))
		ok = json_object_is_type(v, json_type_int) ||
		     json_object_is_type(v, json_type_double);
	else if (str_eq(type, "boolean"))
		ok = json_object_is_type(v, json_type_boolean);
	else if (type)
		return fail(w, e, "the schema has an unknown type: ", type);
	return ok ? 0 : fail(w, e, "is not of type ", type ? type : "int or string");
}

static int check_enum(struct json_object *list, struct json_object *v, const struct where *w,
		      struct err *e)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (json_object_equal(json_object_array_get_idx(list, i), v))
			return 0;
	return fail(w, e, "is not among the allowed values: ", json_object_to_json_string(v));
}

static int check_value(struct json_object *schema, struct json_object *v, const struct where *w,
		       struct err *e)
{
	struct json_object *limit;
	const char *pattern = str_of(schema, "pattern");
	bool text = json_object_is_type(v, json_type_string);

	if (json_object_object_get_ex(schema, "enum", &limit) && check_enum(limit, v, w, e) < 0)
		return -1;
	if (pattern && text && check_pattern(pattern, json_object_get_string(v), w, e) < 0)
		return -1;
	if (json_object_object_get_ex(schema, "minimum", &limit) &&
	    json_object_get_double(v) < json_object_get_double(limit))
		return fail(w, e, "is below the minimum", "");
	if (json_object_object_get_ex(schema, "maximum", &limit) &&
	    json_object_get_double(v) > json_object_get_double(limit))
		return fail(w, e, "is above the maximum", "");
	if (text && json_object_object_get_ex(schema, "maxLength", &limit) &&
	    json_object_get_string_len(v) > json_object_get_int(limit))
		return fail(w, e, "is too long", "");
	if (text && json_object_object_get_ex(schema, "minLength", &limit) &&
	    json_object_get_string_len(v) < json_object_get_int(limit))
		return fail(w, e, "is too short", "");
	if (str_eq(str_of(schema, "format"), "int32") &&
	    (json_object_get_int64(v) > INT32_MAX || json_object_get_int64(v) < INT32_MIN))
		return fail(w, e, "does not fit 32 bits", "");
	return 0;
}

static int check(struct json_object *root, struct json_object *schema, struct json_object *v,
		 const struct where *w, struct err *e);

static int check_required(struct json_object *schema, struct json_object *v, const struct where *w,
			  struct err *e)
{
	struct json_object *list;

	if (!json_object_object_get_ex(schema, "required", &list))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		if (!json_object_object_get_ex(v, name, NULL))
			return fail(w, e, "required and missing: ", name);
	}
	return 0;
}

static int check_fields(struct json_object *root, struct json_object *schema, struct json_object *v,
			const struct where *w, struct err *e)
{
	struct json_object *fields = NULL, *others = NULL;
	bool free_form;

	json_object_object_get_ex(schema, "properties", &fields);
	json_object_object_get_ex(schema, "additionalProperties", &others);
	/* An object's own metadata is "type: object" and nothing else in a CRD. */
	free_form = is_true(schema, "x-kubernetes-preserve-unknown-fields") ||
		    json_object_is_type(others, json_type_boolean) ||
		    (!fields && !others && w->up && !w->up->up && str_eq(w->name, "metadata"));
	json_object_object_foreach(v, name, value)
	{
		struct where here = {.up = w, .name = name};
		struct json_object *sub = NULL;

		if (fields && json_object_object_get_ex(fields, name, &sub)) {
			if (check(root, sub, value, &here, e) < 0)
				return -1;
		} else if (json_object_is_type(others, json_type_object)) {
			if (check(root, others, value, &here, e) < 0)
				return -1;
		} else if (!free_form) {
			return fail(&here, e, "unknown field", "");
		}
	}
	return check_required(schema, v, w, e);
}

static int check_items(struct json_object *root, struct json_object *schema, struct json_object *v,
		       const struct where *w, struct err *e)
{
	struct json_object *items;

	if (!json_object_object_get_ex(schema, "items", &items))
		return fail(w, e, "the schema has no items", "");
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		struct where here = {.up = w, .index = i};

		if (check(root, items, json_object_array_get_idx(v, i), &here, e) < 0)
			return -1;
	}
	return 0;
}

static struct json_object *resolve(struct json_object *root, const char *ref)
{
	static const char prefix[] = "#/components/schemas/";
	struct json_object *schemas = root ? json_at(root, "components/schemas") : NULL;
	struct json_object *found = NULL;

	if (schemas && str_starts(ref, prefix))
		json_object_object_get_ex(schemas, ref + strlen(prefix), &found);
	return found;
}

static int check_references(struct json_object *root, struct json_object *schema,
			    struct json_object *v, const struct where *w, struct err *e)
{
	const char *ref = str_of(schema, "$ref");
	struct json_object *all;

	if (ref) {
		struct json_object *to = resolve(root, ref);

		if (!to)
			return fail(w, e, "the schema points nowhere: ", ref);
		if (check(root, to, v, w, e) < 0)
			return -1;
	}
	if (!json_object_object_get_ex(schema, "allOf", &all))
		return 0;
	for (size_t i = 0; i < json_object_array_length(all); i++)
		if (check(root, json_object_array_get_idx(all, i), v, w, e) < 0)
			return -1;
	return 0;
}

static int check(struct json_object *root, struct json_object *schema, struct json_object *v,
		 const struct where *w, struct err *e)
{
	bool elsewhere = json_object_object_get_ex(schema, "$ref", NULL) ||
			 json_object_object_get_ex(schema, "allOf", NULL);

	if (check_words(schema, w, e) < 0 || check_references(root, schema, v, w, e) < 0 ||
	    check_type(schema, v, w, e) < 0 || check_value(schema, v, w, e) < 0)
		return -1;
	if (json_object_is_type(v, json_type_object) && !elsewhere)
		return check_fields(root, schema, v, w, e);
	if (json_object_is_type(v, json_type_array) && !elsewhere)
		return check_items(root, schema, v, w, e);
	return 0;
}

int schema_check(struct json_object *root, struct json_object *schema, struct json_object *value,
		 struct err *e)
{
	static const struct where top = {.name = "$"};

	return check(root, schema, value, &top, e);
}
