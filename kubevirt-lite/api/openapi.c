/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenAPI v3: per group version one path per resource, with a patch operation that has a parameter
 * fieldValidation, so that kubectl leaves the checking of fields to this server. Schemas are not
 * served: kubectl explain has nothing to explain. */
#include "kubevirt-lite/api/openapi.h"

#include "vmd/base/str.h"

#include <string.h>

static struct json_object *parameter(const char *name)
{
	struct json_object *p = json_object_new_object();

	json_put_str(p, "name", name);
	json_put_str(p, "in", "query");
	json_put_str(p, "schema/type", "string");
	return p;
}

static struct json_object *operation(const struct kind *k)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *gvk = json_object_new_object();

	json_object_array_add(list, parameter("dryRun"));
	json_object_array_add(list, parameter("fieldValidation"));
	json_object_object_add(o, "parameters", list);
	json_put_str(o, "responses/200/description", "OK");
	json_put_str(gvk, "group", k->group);
	json_put_str(gvk, "kind", k->kind);
	json_put_str(gvk, "version", k->version);
	json_object_object_add(o, "x-kubernetes-action", json_object_new_string("patch"));
	json_object_object_add(o, "x-kubernetes-group-version-kind", gvk);
	return o;
}

static void add_path(struct json_object *paths, const struct kind *k)
{
	struct json_object *item = json_object_new_object();
	char path[256];

	(void)str_fmt(path, sizeof(path), "/%s%s/%s/%s%s/{name}", *k->group ? "apis/" : "api",
		      k->group, k->version, k->namespaced ? "namespaces/{namespace}/" : "",
		      k->resource);
	json_object_object_add(item, "patch", operation(k));
	json_object_object_add(paths, path, item);
}

static void answer_group(struct api_call *c, const char *group)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *paths = json_object_new_object();

	for (int i = 0; i < KIND_COUNT; i++)
		if (str_eq(kind_get((enum kind_id)i)->group, group))
			add_path(paths, kind_get((enum kind_id)i));
	json_put_str(o, "openapi", "3.0.0");
	json_put_str(o, "info/title", "kubevirt-lite");
	json_put_str(o, "info/version", PACKAGE_VERSION);
	json_object_object_add(o, "paths", paths);
	call_answer(c, 200, o);
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
