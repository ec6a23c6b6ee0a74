/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selectors. The label grammar and its errors follow the server's own parser (a lexer and one
 * requirement after the other); fields know = == and != only. Pure but for memory. */
#include "kubevirt-lite/api/selector.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

#define REQUIREMENTS_MAX 64
#define VALUES_MAX       256

enum op { OP_EQUALS, OP_NOT_EQUALS, OP_IN, OP_NOT_IN, OP_EXISTS, OP_NOT_EXISTS, OP_GT, OP_LT };

struct requirement {
	char *key;
	enum op op;
	char **value;
	size_t n;
};

struct selector {
	bool of_fields;
	struct requirement req[REQUIREMENTS_MAX];
	size_t n;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void selector_free(struct selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		for (size_t j = 0; j < s->req[i].n; j++)
			free(s->req[i].value[j]);
		free(s->req[i].value);
		free(s->req[i].key);
	}
	free(s);
}

static void add_value(struct requirement *r, const char *value)
{
	r->value = need(realloc(r->value, (r->n + 1) * sizeof(*r->value)));
	r->value[r->n++] = need(strdup(value));
}

/* --- labels: lexer --- */

enum token { T_END, T_WORD, T_IN, T_NOTIN, T_SYMBOL };

struct lexer {
	const char *at;
	enum token token;
	char text[320]; /* of the token */
};

static int next(struct lexer *l, struct err *e)
{
	static const char *const symbols[] = {"==", "!=", "=", "!", ",", "(", ")", ">", "<"};
	size_t len;

	l->at += strspn(l->at, " \t\r\n");
	l->token = T_END;
	l->text[0] = '\0';
	if (!*l->at)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		if (str_starts(l->at, symbols[i])) {
			l->token = T_SYMBOL;
			l->at += strlen(symbols[i]);
			return str_copy(l->text, sizeof(l->text), symbols[i]);
		}
	}
	len = strcspn(l->at, " \t\r\n=!,()><");
	if (str_fmt(l->text, sizeof(l->text), "%.*s", (int)len, l->at) < 0)
		return err_set(e, ERR_INVALID, "unable to parse requirement: a word is too long");
	l->at += len;
	l->token = str_eq(l->text, "in") ? T_IN : str_eq(l->text, "notin") ? T_NOTIN : T_WORD;
	return 0;
}

static int expected(const struct lexer *l, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "unable to parse requirement: found '%.60s', expected: %s",
		       l->text, what);
}

static bool is_symbol(const struct lexer *l, const char *symbol)
{
	return l->token == T_SYMBOL && str_eq(l->text, symbol);
}

static bool is_word(const struct lexer *l)
{
	return l->token == T_WORD || l->token == T_IN || l->token == T_NOTIN;
}

static bool ends_requirement(const struct lexer *l)
{
	return l->token == T_END || is_symbol(l, ",");
}

static int parse_set(struct lexer *l, struct requirement *r, struct err *e)
{
	if (next(l, e) < 0)
		return -1;
	if (!is_symbol(l, "("))
		return expected(l, "'('", e);
	if (next(l, e) < 0)
		return -1;
	for (;;) {
		if (r->n == VALUES_MAX)
			return err_set(e, ERR_INVALID,
				       "unable to parse requirement: too many values");
		add_value(r, is_word(l) ? l->text : ""); /* "(a,,b)" has an empty value */
		if (is_word(l) && next(l, e) < 0)
			return -1;
		if (is_symbol(l, ")"))
			return next(l, e);
		if (!is_symbol(l, ","))
			return expected(l, "',' or ')'", e);
		if (next(l, e) < 0)
			return -1;
	}
}

static int parse_value(struct lexer *l, struct requirement *r, struct err *e)
{
	if (next(l, e) < 0)
		return -1;
	if (ends_requirement(l)) {
		add_value(r, ""); /* "a=" is the empty value */
		return 0;
	}
	if (!is_word(l))
		return expected(l, "identifier", e);
	add_value(r, l->text);
	return next(l, e);
}

static int parse_operator(struct lexer *l, struct requirement *r, struct err *e)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {
		{"=", OP_EQUALS}, {"==", OP_EQUALS}, {"!=", OP_NOT_EQUALS},
		{">", OP_GT},     {"<", OP_LT},
	};

	if (l->token == T_IN || l->token == T_NOTIN) {
		r->op = l->token == T_IN ? OP_IN : OP_NOT_IN;
		return parse_set(l, r, e);
	}
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (is_symbol(l, ops[i].text)) {
			r->op = ops[i].op;
			return parse_value(l, r, e);
		}
	}
	return expected(l, "in, notin, =, ==, !=, gt, lt", e);
}

static int parse_requirement(struct lexer *l, struct requirement *r, struct err *e)
{
	r->op = OP_EXISTS;
	if (is_symbol(l, "!")) {
		r->op = OP_NOT_EXISTS;
		if (next(l, e) < 0)
			return -1;
	}
	if (!is_word(l))
		return expected(l, "!, identifier, or 'end of string'", e);
	r->key = need(strdup(l->text));
	if (next(l, e) < 0)
		return -1;
	if (ends_requirement(l))
		return 0;
	if (r->op == OP_NOT_EXISTS)
		return expected(l, "',' or 'end of string'", e);
	return parse_operator(l, r, e);
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_INVALID, "more than %d requirements", REQUIREMENTS_MAX);
}

int selector_parse_labels(const char *text, struct selector **ret, struct err *e)
{
	AUTO(selector_free) struct selector *s = need(calloc(1, sizeof(*s)));
	struct lexer l = {.at = text ? text : ""};

	if (next(&l, e) < 0)
		return -1;
	while (l.token != T_END) {
		if (s->n == REQUIREMENTS_MAX)
			return too_many(e);
		if (parse_requirement(&l, &s->req[s->n++], e) < 0)
			return -1;
		if (!ends_requirement(&l))
			return expected(&l, "',' or 'end of string'", e);
		if (l.token == T_END)
			break;
		if (next(&l, e) < 0)
			return -1;
		if (l.token == T_END)
			return expected(&l, "identifier after ','", e);
	}
	*ret = s->n ? STEAL(s) : NULL;
	return 0;
}

/* --- fields --- */

static const struct {
	enum kind_id kind;
	const char *const field[16];
} selectable[] = {
	{KIND_POD,
	 {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
	  "status.phase", "status.podIP", "status.nominatedNodeName"}},
	{KIND_EVENT,
	 {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
	  "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
	  "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}},
	{KIND_NODE, {"spec.unschedulable"}},
	{KIND_NAMESPACE, {"status.phase"}},
	{KIND_SECRET, {"type"}},
};

static bool is_selectable(const struct kind *k, const char *field)
{
	if (str_eq(field, "metadata.name") ||
	    (str_eq(field, "metadata.namespace") && k->namespaced))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(selectable); i++)
		for (size_t j = 0; selectable[i].kind == k->id && selectable[i].field[j]; j++)
			if (str_eq(selectable[i].field[j], field))
				return true;
	return false;
}

/* Copies up to an unescaped stop character; returns where it stopped. */
static const char *unescape(const char *s, const char *stops, char *to, size_t size)
{
	size_t n = 0;

	while (*s && !strchr(stops, *s) && n + 1 < size) {
		if (*s == '\\' && s[1])
			s++;
		to[n++] = *s++;
	}
	to[n] = '\0';
	return s;
}

static int parse_field(const char **at, const struct kind *k, struct requirement *r, struct err *e)
{
	char key[128], value[512];
	const char *s = unescape(*at, "=!,", key, sizeof(key));

	if (str_starts(s, "!="))
		r->op = OP_NOT_EQUALS, s += 2;
	else if (str_starts(s, "=="))
		r->op = OP_EQUALS, s += 2;
	else if (*s == '=')
		r->op = OP_EQUALS, s += 1;
	else
		return err_set(e, ERR_INVALID,
			       "invalid selector: '%.60s'; can't understand '%.60s'", *at, key);
	s = unescape(s, ",", value, sizeof(value));
	if (*s && *s != ',')
		return err_set(e, ERR_INVALID, "invalid selector: a value is too long");
	if (!is_selectable(k, key))
		return err_set(e, ERR_INVALID, "field label not supported: %s", key);
	for (char *p = key; *p; p++)
		if (*p == '.')
			*p = '/';
	r->key = need(strdup(str_eq(key, "source") ? "source/component" : key));
	add_value(r, value);
	*at = s;
	return 0;
}

int selector_parse_fields(const char *text, const struct kind *k, struct selector **ret,
			  struct err *e)
{
	AUTO(selector_free) struct selector *s = need(calloc(1, sizeof(*s)));
	const char *at = text ? text : "";

	s->of_fields = true;
	while (*at) {
		if (*at == ',') {
			at++;
			continue;
		}
		if (s->n == REQUIREMENTS_MAX)
			return too_many(e);
		if (parse_field(&at, k, &s->req[s->n++], e) < 0)
			return -1;
	}
	*ret = s->n ? STEAL(s) : NULL;
	return 0;
}

/* --- matching --- */

static bool value_in(const struct requirement *r, const char *value)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->value[i], value))
			return true;
	return false;
}

static bool compare(const struct requirement *r, const char *value)
{
	uint64_t have, limit;

	if (!value || str_to_u64(value, INT64_MAX, &have) < 0 ||
	    str_to_u64(r->value[0], INT64_MAX, &limit) < 0)
		return false;
	return r->op == OP_GT ? have > limit : have < limit;
}

static bool requirement_match(const struct requirement *r, const char *value)
{
	switch (r->op) {
	case OP_EQUALS:
	case OP_IN: return value && value_in(r, value);
	case OP_NOT_EQUALS:
	case OP_NOT_IN: return !value || !value_in(r, value);
	case OP_EXISTS: return value != NULL;
	case OP_NOT_EXISTS: return value == NULL;
	case OP_GT:
	case OP_LT: return compare(r, value);
	}
	return false;
}

bool selector_match(const struct selector *s, struct json_object *object)
{
	struct json_object *labels;

	if (!s)
		return true;
	labels = json_at(object, "metadata/labels");
	for (size_t i = 0; i < s->n; i++) {
		const struct requirement *r = &s->req[i];
		struct json_object *v = NULL;

		if (s->of_fields)
			v = json_at(object, r->key);
		else if (json_object_is_type(labels, json_type_object))
			(void)json_object_object_get_ex(labels, r->key, &v);
		if (!requirement_match(r, v ? json_object_get_string(v) : s->of_fields ? "" : NULL))
			return false;
	}
	return true;
}
