/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML as a tree with line numbers, on libyaml's event parser. Every refusal names file and line.
 * Limits: CONF_BYTES, CONF_DEPTH, CONF_NODES; aliases and duplicate keys are refused, so the tree
 * is a tree and every key means one thing. Running out of memory aborts. */
#include "vmd/base/conf.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#define CONF_BYTES (1U << 20)
#define CONF_DEPTH 16
#define CONF_NODES 65536

struct reading {
	yaml_parser_t parser;
	const char *name;
	unsigned depth;
	unsigned nodes;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void conf_free(struct conf *y)
{
	if (!y)
		return;
	for (size_t i = 0; i < y->n; i++) {
		conf_free(y->child[i]);
		if (y->key)
			free(y->key[i]);
	}
	free(y->child);
	free(y->key);
	free(y->used);
	free(y->scalar);
	free(y);
}

int conf_error(const struct conf *at, struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_INVALID, "%s:%u: %s", at->file, at->line, text);
}

static int next_event(struct reading *r, yaml_event_t *ev, struct err *e)
{
	if (yaml_parser_parse(&r->parser, ev))
		return 0;
	return err_set(e, ERR_INVALID, "%s:%zu: %s", r->name, r->parser.problem_mark.line + 1,
		       r->parser.problem ? r->parser.problem : "not YAML");
}

static void add_child(struct conf *y, struct conf *child, char *key)
{
	size_t n = y->n + 1;

	y->child = need(realloc(y->child, n * sizeof(*y->child)));
	y->child[y->n] = child;
	if (y->kind == CONF_MAP) {
		y->key = need(realloc(y->key, n * sizeof(*y->key)));
		y->used = need(realloc(y->used, n * sizeof(*y->used)));
		y->key[y->n] = key;
		y->used[y->n] = false;
	}
	y->n = n;
}

static int read_node(struct reading *r, const yaml_event_t *ev, struct conf **ret, struct err *e);

static int find_key(const struct conf *map, const char *key, size_t *ret)
{
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->key[i], key) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -1;
}

static int read_key(struct conf *map, const yaml_event_t *ev, char **ret, struct err *e)
{
	const char *key = (const char *)ev->data.scalar.value;
	size_t i;

	if (ev->type != YAML_SCALAR_EVENT)
		return err_set(e, ERR_INVALID, "%s:%zu: a key must be a plain text", map->file,
			       ev->start_mark.line + 1);
	if (find_key(map, key, &i) == 0)
		return err_set(e, ERR_INVALID,
			       "%s:%zu: '%.60s' stands here twice (first on line %u)", map->file,
			       ev->start_mark.line + 1, key, map->child[i]->line);
	*ret = need(strdup(key));
	return 0;
}

/* Children up to the event that ends y. */
static int read_children(struct reading *r, struct conf *y, struct err *e)
{
	for (;;) {
		AUTO(free) char *key = NULL;
		struct conf *child = NULL;
		yaml_event_t ev;
		int rc = 0;

		if (next_event(r, &ev, e) < 0)
			return -1;
		if (ev.type == YAML_MAPPING_END_EVENT || ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		if (y->kind == CONF_MAP) {
			rc = read_key(y, &ev, &key, e);
			yaml_event_delete(&ev);
			if (rc < 0 || next_event(r, &ev, e) < 0)
				return -1;
		}
		rc = read_node(r, &ev, &child, e);
		yaml_event_delete(&ev);
		if (rc < 0)
			return -1;
		add_child(y, child, STEAL(key));
	}
}

static int read_node(struct reading *r, const yaml_event_t *ev, struct conf **ret, struct err *e)
{
	AUTO(conf_free) struct conf *y = need(calloc(1, sizeof(*y)));

	y->file = r->name;
	y->line = (unsigned)ev->start_mark.line + 1;
	if (++r->nodes > CONF_NODES || r->depth > CONF_DEPTH)
		return conf_error(y, e, "too many or too deeply nested values");
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		y->kind = CONF_SCALAR;
		if (strlen((const char *)ev->data.scalar.value) != ev->data.scalar.length)
			return conf_error(y, e, "a NUL character is not allowed");
		y->scalar = need(strdup((const char *)ev->data.scalar.value));
		break;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		y->kind = ev->type == YAML_MAPPING_START_EVENT ? CONF_MAP : CONF_LIST;
		r->depth++;
		if (read_children(r, y, e) < 0)
			return -1;
		r->depth--;
		break;
	default:
		return conf_error(y, e,
				  "aliases (*name) are not supported here"); /* libyaml's enum */
	}
	*ret = STEAL(y);
	return 0;
}

/* Stream start, document start, one node, document end, stream end. */
static int read_document(struct reading *r, struct conf **ret, struct err *e)
{
	AUTO(conf_free) struct conf *y = NULL;
	yaml_event_t ev;

	for (;;) {
		yaml_event_type_t type;
		int rc = 0;

		if (next_event(r, &ev, e) < 0)
			return -1;
		type = ev.type;
		if (type == YAML_DOCUMENT_START_EVENT && y)
			rc = err_set(e, ERR_INVALID, "%s:%zu: only one document is allowed",
				     r->name, ev.start_mark.line + 1);
		else if (type == YAML_SCALAR_EVENT || type == YAML_MAPPING_START_EVENT ||
			 type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT)
			rc = read_node(r, &ev, &y, e);
		yaml_event_delete(&ev);
		if (rc < 0)
			return -1;
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	if (!y)
		return err_set(e, ERR_INVALID, "%s:1: the file is empty", r->name);
	*ret = STEAL(y);
	return 0;
}

int conf_parse(const char *name, const char *text, size_t len, struct conf **ret, struct err *e)
{
	struct reading r = {.name = name};
	int rc;

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	rc = read_document(&r, ret, e);
	yaml_parser_delete(&r.parser);
	return rc;
}

int conf_load(const char *path, struct conf **ret, struct err *e)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *text = need(malloc(CONF_BYTES + 1));
	const char *slash = strrchr(path, '/');
	size_t len;

	if (!f)
		return err_set(e, ERR_ABSENT, "%s: %s", path, strerror(errno));
	len = fread(text, 1, CONF_BYTES + 1, f);
	if (ferror(f))
		return err_set(e, ERR_INVALID, "%s: cannot be read: %s", path, strerror(errno));
	if (len > CONF_BYTES)
		return err_set(e, ERR_INVALID, "%s: longer than %u bytes", path, CONF_BYTES);
	return conf_parse(slash ? slash + 1 : path, text, len, ret, e);
}

struct conf *conf_get(struct conf *map, const char *key)
{
	size_t i;

	if (!map || map->kind != CONF_MAP || find_key(map, key, &i) < 0)
		return NULL;
	map->used[i] = true;
	return map->child[i];
}

int conf_check_used(const struct conf *map, struct err *e)
{
	for (size_t i = 0; map->kind == CONF_MAP && i < map->n; i++)
		if (!map->used[i])
			return conf_error(map->child[i], e, "unknown key '%.60s'", map->key[i]);
	return 0;
}

/* 1: *ret is the scalar's text; 0: absent and not required; -1: an error. */
static int get_scalar(struct conf *map, const char *key, bool required, struct conf **ret,
		      struct err *e)
{
	struct conf *y = conf_get(map, key);

	if (!y)
		return required ? conf_error(map, e, "'%s' is missing", key) : 0;
	if (y->kind != CONF_SCALAR)
		return conf_error(y, e, "'%s' must be a single value", key);
	*ret = y;
	return 1;
}

int conf_str(struct conf *map, const char *key, bool required, char *ret, size_t size,
	     struct err *e)
{
	struct conf *y = NULL;
	int rc = get_scalar(map, key, required, &y, e);

	if (rc <= 0)
		return rc;
	if (strlen(y->scalar) >= size)
		return conf_error(y, e, "'%s' is longer than %zu characters", key, size - 1);
	return str_copy(ret, size, y->scalar);
}

int conf_uint(struct conf *map, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
	      struct err *e)
{
	struct conf *y = NULL;
	uint64_t n;
	int rc = get_scalar(map, key, false, &y, e);

	if (rc <= 0)
		return rc;
	if (str_to_u64(y->scalar, max, &n) < 0 || n < min)
		return conf_error(y, e, "'%s' must be a number from %llu to %llu, not '%.40s'", key,
				  (unsigned long long)min, (unsigned long long)max, y->scalar);
	*ret = n;
	return 0;
}

int conf_bool(struct conf *map, const char *key, bool *ret, struct err *e)
{
	struct conf *y = NULL;
	int rc = get_scalar(map, key, false, &y, e);

	if (rc <= 0)
		return rc;
	if (str_eq(y->scalar, "true") || str_eq(y->scalar, "yes"))
		*ret = true;
	else if (str_eq(y->scalar, "false") || str_eq(y->scalar, "no"))
		*ret = false;
	else
		return conf_error(y, e, "'%s' must be true or false, not '%.40s'", key, y->scalar);
	return 0;
}

int conf_bytes(struct conf *map, const char *key, uint64_t *ret_bytes, struct err *e)
{
	struct err why;
	struct conf *y = NULL;
	int rc = get_scalar(map, key, false, &y, e);

	if (rc <= 0)
		return rc;
	if (str_to_bytes(y->scalar, 1, ret_bytes, &why) < 0)
		return conf_error(y, e, "'%s': %s", key, why.msg);
	return 0;
}

static int64_t unit_seconds(char letter)
{
	switch (letter) {
	case '\0':
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	default: return 0;
	}
}

int conf_seconds_read(const struct conf *y, const char *key, int64_t *ret_s, struct err *e)
{
	char digits[12] = "";
	int64_t unit = 0;
	uint64_t n = 0;
	size_t len;

	len = strspn(y->scalar, "0123456789");
	if (len < sizeof(digits) && (y->scalar[len] == '\0' || y->scalar[len + 1] == '\0')) {
		memcpy(digits, y->scalar, len);
		unit = unit_seconds(y->scalar[len]);
	}
	if (unit == 0 || str_to_u64(digits, UINT32_MAX, &n) < 0)
		return conf_error(y, e,
				  "'%s' must be a time such as 90, 15m, 12h or 7d, not '%.40s'",
				  key, y->scalar);
	*ret_s = (int64_t)n * unit;
	return 0;
}

int conf_seconds(struct conf *map, const char *key, int64_t *ret_s, struct err *e)
{
	struct conf *y = NULL;
	int rc = get_scalar(map, key, false, &y, e);

	return rc <= 0 ? rc : conf_seconds_read(y, key, ret_s, e);
}
