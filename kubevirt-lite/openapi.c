/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenAPI v3 in its protobuf form, which is what kubectl reads: per group version one path per
 * resource with a patch operation that has a parameter fieldValidation. Schemas are not served:
 * kubectl explain has nothing to explain. The messages are those of gnostic's openapi_v3.proto; the
 * numbers below are its field numbers. */
#include "kubevirt-lite/openapi.h"

#include "vmd/base/str.h"

#include <string.h>

#define OPENAPI_MAX (1U << 20)

static const char type_v3[] = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";

enum { DOCUMENT_OPENAPI = 1, DOCUMENT_INFO = 2, DOCUMENT_PATHS = 4 };
enum { INFO_TITLE = 1, INFO_VERSION = 6 };
enum { PATHS_PATH = 1, NAMED_NAME = 1, NAMED_VALUE = 2, PATH_ITEM_PATCH = 10 };
enum { OPERATION_PARAMETERS = 6, OPERATION_EXTENSION = 13 };
enum { PARAMETER_OR_REFERENCE_PARAMETER = 1, PARAMETER_NAME = 1, PARAMETER_IN = 2 };
enum { ANY_YAML = 2 };

/* A length-delimited field: text or a message that was built before. */
static void field(struct strbuf *b, unsigned number, const char *data, size_t len)
{
	unsigned char head[12];
	size_t n = 0, rest = len;

	head[n++] = (unsigned char)(number << 3 | 2);
	while (rest >= 0x80) {
		head[n++] = (unsigned char)(rest | 0x80);
		rest >>= 7;
	}
	head[n++] = (unsigned char)rest;
	strbuf_add(b, (const char *)head, n);
	strbuf_add(b, data, len);
}

static void text(struct strbuf *b, unsigned number, const char *s)
{
	field(b, number, s, strlen(s));
}

static void message(struct strbuf *b, unsigned number, const struct strbuf *m)
{
	field(b, number, m->s ? m->s : "", m->len);
}

static void add_extension(struct strbuf *operation, const struct kind *k)
{
	AUTO(strbuf_done) struct strbuf any = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf named = {.max = OPENAPI_MAX};
	char yaml[256];

	(void)str_fmt(yaml, sizeof(yaml), "group: \"%s\"\nkind: %s\nversion: %s\n", k->group,
		      k->kind, k->version);
	text(&any, ANY_YAML, yaml);
	text(&named, NAMED_NAME, "x-kubernetes-group-version-kind");
	message(&named, NAMED_VALUE, &any);
	message(operation, OPERATION_EXTENSION, &named);
}

static void add_parameter(struct strbuf *operation, const char *name)
{
	AUTO(strbuf_done) struct strbuf parameter = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf either = {.max = OPENAPI_MAX};

	text(&parameter, PARAMETER_NAME, name);
	text(&parameter, PARAMETER_IN, "query");
	message(&either, PARAMETER_OR_REFERENCE_PARAMETER, &parameter);
	message(operation, OPERATION_PARAMETERS, &either);
}

static void add_path(struct strbuf *paths, const struct kind *k)
{
	AUTO(strbuf_done) struct strbuf operation = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf item = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf named = {.max = OPENAPI_MAX};
	char path[256];

	add_parameter(&operation, "dryRun");
	add_parameter(&operation, "fieldValidation");
	add_extension(&operation, k);
	message(&item, PATH_ITEM_PATCH, &operation);
	(void)str_fmt(path, sizeof(path), "/%s%s/%s/%s%s/{name}", *k->group ? "apis/" : "api",
		      k->group, k->version, k->namespaced ? "namespaces/{namespace}/" : "",
		      k->resource);
	text(&named, NAMED_NAME, path);
	message(&named, NAMED_VALUE, &item);
	message(paths, PATHS_PATH, &named);
}

static void answer_group(struct api_call *c, const char *group)
{
	AUTO(strbuf_done) struct strbuf info = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf paths = {.max = OPENAPI_MAX};
	AUTO(strbuf_done) struct strbuf document = {.max = OPENAPI_MAX};

	for (int i = 0; i < KIND_COUNT; i++)
		if (str_eq(kind_get((enum kind_id)i)->group, group))
			add_path(&paths, kind_get((enum kind_id)i));
	text(&info, INFO_TITLE, "kubevirt-lite");
	text(&info, INFO_VERSION, PACKAGE_VERSION);
	text(&document, DOCUMENT_OPENAPI, "3.0.0");
	message(&document, DOCUMENT_INFO, &info);
	message(&document, DOCUMENT_PATHS, &paths);
	http_answer(c->http, 200, type_v3, document.s, document.len);
}

static void answer_index(struct api_call *c)
{
	static const char *const groups[] = {"api/v1", "apis/coordination.k8s.io/v1",
					     "apis/storage.k8s.io/v1", "apis/k8s.cni.cncf.io/v1",
					     "apis/kubevirt.io/v1"};
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *paths = json_object_new_object();

	json_object_object_add(o, "paths", paths);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		struct json_object *p = json_object_new_object();
		char url[128];

		(void)str_fmt(url, sizeof(url), "/openapi/v3/%s?hash=" PACKAGE_VERSION, groups[i]);
		json_put_str(p, "serverRelativeURL", url);
		json_object_object_add(paths, groups[i], p);
	}
	call_answer(c, 200, o);
}

bool openapi_answer(struct api_call *c)
{
	const struct request *r = &c->req;

	if (r->n_segments < 2 || !str_eq(r->segment[1], "v3"))
		return false;
	if (r->n_segments == 2)
		answer_index(c);
	else if (r->n_segments == 4 && str_eq(r->segment[2], "api") && str_eq(r->segment[3], "v1"))
		answer_group(c, "");
	else if (r->n_segments == 5 && str_eq(r->segment[2], "apis") && str_eq(r->segment[4], "v1"))
		answer_group(c, r->segment[3]);
	else
		return false;
	return true;
}
