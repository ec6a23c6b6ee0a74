/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Path and query. Pure: works on a bounded copy inside struct request, decodes every segment and
 * parameter by itself, so that an encoded slash never becomes a separator. */
#include "kubevirt-lite/api/request.h"

#include "vmd/base/str.h"

#include <string.h>

const char *verb_name(enum verb v)
{
	switch (v) {
	case VERB_GET: return "get";
	case VERB_LIST: return "list";
	case VERB_WATCH: return "watch";
	case VERB_CREATE: return "create";
	case VERB_UPDATE: return "update";
	case VERB_PATCH: return "patch";
	case VERB_DELETE: return "delete";
	case VERB_DELETECOLLECTION: return "deletecollection";
	case VERB_NONE: return "";
	}
	return "?";
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; -1: a broken or NUL escape. */
static int decode(char *s, bool plus_is_space)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%') {
			int high = hex(s[1]), low = high < 0 ? -1 : hex(s[2]);

			if (low < 0 || (high == 0 && low == 0))
				return -1;
			*to++ = (char)(high * 16 + low);
			s += 2;
		} else {
			*to++ = plus_is_space && *s == '+' ? ' ' : *s;
		}
	}
	*to = '\0';
	return 0;
}

static int parse_query(struct request *r, char *query, struct err *e)
{
	char *rest = query, *item;

	while ((item = strsep(&rest, "&"))) {
		char *value = strchr(item, '=');

		if (!*item)
			continue;
		if (value)
			*value++ = '\0';
		if (r->n_params == REQUEST_PARAMS)
			return err_set(e, ERR_INVALID, "too many query parameters");
		if (decode(item, true) < 0 || (value && decode(value, true) < 0))
			return err_set(e, ERR_INVALID, "invalid URL escape in the query");
		r->param[r->n_params].name = item;
		r->param[r->n_params++].value = value ? value : "";
	}
	return 0;
}

static int parse_segments(struct request *r, char *path, struct err *e)
{
	char *rest = path, *item;

	while ((item = strsep(&rest, "/"))) {
		if (!*item)
			continue;
		if (r->n_segments == REQUEST_SEGMENTS)
			return err_set(e, ERR_INVALID, "too many path segments");
		if (decode(item, false) < 0)
			return err_set(e, ERR_INVALID, "invalid URL escape in the path");
		r->segment[r->n_segments++] = item;
	}
	return 0;
}

const char *request_param(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->n_params; i++)
		if (str_eq(r->param[i].name, name))
			return r->param[i].value;
	return NULL;
}

bool request_flag(const struct request *r, const char *name)
{
	const char *value = request_param(r, name);

	return str_eq(value, "true") || str_eq(value, "1");
}

static enum verb verb_of(const struct request *r)
{
	bool one = *r->name != '\0';

	if (str_eq(r->method, "GET") || str_eq(r->method, "HEAD"))
		return request_flag(r, "watch") && !*r->sub ? VERB_WATCH
		       : one                                ? VERB_GET
							    : VERB_LIST;
	if (str_eq(r->method, "POST"))
		return VERB_CREATE; /* with a name too: the server takes that */
	if (str_eq(r->method, "PUT"))
		return one ? VERB_UPDATE : VERB_NONE;
	if (str_eq(r->method, "PATCH"))
		return one ? VERB_PATCH : VERB_NONE;
	if (str_eq(r->method, "DELETE"))
		return one ? VERB_DELETE : VERB_DELETECOLLECTION;
	return VERB_NONE;
}

/* Segments from i on: [namespaces NS] RESOURCE [NAME [SUB...]]. */
static void parse_object(struct request *r, const char *group, const char *version, size_t i)
{
	const struct kind *k;
	const char *ns = "";
	size_t len = 0;

	r->group = group;
	if (str_eq(group, "subresources.kubevirt.io")) {
		r->is_hook = true;
		group = "kubevirt.io";
	}
	/* /namespaces/NS is the namespace itself, /namespaces/NS/status too */
	if (r->n_segments > i + 2 && str_eq(r->segment[i], "namespaces") &&
	    kind_by_resource(group, version, r->segment[i + 2])) {
		ns = r->segment[i + 1];
		i += 2;
	}
	if (i >= r->n_segments)
		return;
	k = kind_by_resource(group, version, r->segment[i]);
	if (!k || (*ns && !k->namespaced))
		return;
	r->ns = ns;
	r->name = i + 1 < r->n_segments ? r->segment[i + 1] : "";
	if (k->namespaced && *r->name && !*ns)
		return;
	for (size_t j = i + 2; j < r->n_segments; j++) {
		int n = snprintf(r->sub + len, sizeof(r->sub) - len, "%s%s", len ? "/" : "",
				 r->segment[j]);

		if (n < 0 || (size_t)n >= sizeof(r->sub) - len)
			return;
		len += (size_t)n;
	}
	if (r->is_hook && !*r->sub)
		return;
	r->kind = k;
	r->verb = verb_of(r);
}

int request_parse(const char *method, const char *uri, struct request *ret, struct err *e)
{
	struct request *r = ret;
	char *query;

	*r = (struct request){.verb = VERB_NONE, .ns = "", .name = "", .group = ""};
	if (str_copy(r->method, sizeof(r->method), method) < 0)
		return err_set(e, ERR_INVALID, "unknown method");
	if (*uri != '/' || str_copy(r->text, sizeof(r->text), uri) < 0)
		return err_set(e, ERR_INVALID, "the URI is not a path or too long");
	query = strchr(r->text, '?');
	if (query) {
		*query++ = '\0';
		if (parse_query(r, query, e) < 0)
			return -1;
	}
	if (str_copy(r->path_text, sizeof(r->path_text), r->text) < 0)
		return err_set(e, ERR_INVALID, "the path is too long");
	r->path = r->path_text;
	if (parse_segments(r, r->text, e) < 0)
		return -1;
	if (r->n_segments >= 3 && str_eq(r->segment[0], "api"))
		parse_object(r, "", r->segment[1], 2);
	else if (r->n_segments >= 4 && str_eq(r->segment[0], "apis"))
		parse_object(r, r->segment[1], r->segment[2], 3);
	return 0;
}
