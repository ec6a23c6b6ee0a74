/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that are no objects: which groups, versions and resources there are, the version, health.
 * Aggregated discovery is not served: clients that ask for it take the plain form, as its Accept
 * header allows. */
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/openapi.h"
#include "vmd/base/str.h"

#include <string.h>

static const char *const groups[] = {"authorization.k8s.io",    "coordination.k8s.io",
				     "storage.k8s.io",          "rbac.authorization.k8s.io",
				     "k8s.cni.cncf.io",         "kubevirt.io",
				     "subresources.kubevirt.io"};

static struct json_object *strings(const char *const *text, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(text[i]));
	return list;
}

static struct json_object *group_version(const char *group)
{
	struct json_object *v = json_object_new_object();
	char text[80];

	(void)str_fmt(text, sizeof(text), "%s/v1", group);
	json_put_str(v, "groupVersion", text);
	json_put_str(v, "version", "v1");
	return v;
}

static struct json_object *group_of(const char *group)
{
	struct json_object *g = json_object_new_object(), *versions = json_object_new_array();

	json_put_str(g, "name", group);
	json_object_array_add(versions, group_version(group));
	json_object_object_add(g, "versions", versions);
	json_object_object_add(g, "preferredVersion", group_version(group));
	return g;
}

static struct json_object *resource(const struct kind *k, const char *sub, bool has_kind)
{
	static const char *const all[] = {"create", "delete", "deletecollection", "get",
					  "list",   "patch",  "update",           "watch"};
	static const char *const of_status[] = {"get", "patch", "update"};
	struct json_object *o = json_object_new_object(), *names;
	char name[128];

	(void)str_fmt(name, sizeof(name), "%s%s%s", k->resource, *sub ? "/" : "", sub);
	json_put_str(o, "name", name);
	json_put_str(o, "singularName", *sub ? "" : k->singular);
	json_put_bool(o, "namespaced", k->namespaced);
	json_put_str(o, "kind", has_kind ? k->kind : "");
	json_object_object_add(o, "verbs",
			       !*sub      ? strings(all, ARRAY_LEN(all))
			       : has_kind ? strings(of_status, ARRAY_LEN(of_status))
					  : json_object_new_array());
	if (*sub)
		return o;
	if (k->short_names[0]) {
		names = json_object_new_array();
		for (size_t i = 0; i < ARRAY_LEN(k->short_names) && k->short_names[i]; i++)
			json_object_array_add(names, json_object_new_string(k->short_names[i]));
		json_object_object_add(o, "shortNames", names);
	}
	if (k->categories[0])
		json_object_object_add(o, "categories", strings(k->categories, 1));
	return o;
}

static void add_hooks(const struct api *a, struct json_object *list, bool of_kubevirt)
{
	const struct subresource_hooks *h = a->set.hooks;

	for (size_t i = 0; h && i < h->n; i++) {
		struct json_object *o;

		if ((h->hook[i].kind == KIND_VM || h->hook[i].kind == KIND_VMI) != of_kubevirt)
			continue;
		o = resource(kind_get(h->hook[i].kind), h->hook[i].sub, false);
		if (str_eq(h->hook[i].sub, "eviction")) { /* what kubectl drain looks for */
			json_put_str(o, "group", "policy");
			json_put_str(o, "version", "v1");
			json_put_str(o, "kind", "Eviction");
			json_object_array_add(json_at(o, "verbs"),
					      json_object_new_string("create"));
		}
		json_object_array_add(list, o);
	}
}

/* api_review.c: can only be made, and is nowhere. */
static struct json_object *review_resource(void)
{
	static const char *const verbs[] = {"create"};
	struct json_object *o = json_object_new_object();

	json_put_str(o, "name", "selfsubjectaccessreviews");
	json_put_str(o, "singularName", "selfsubjectaccessreview");
	json_put_bool(o, "namespaced", false);
	json_put_str(o, "kind", "SelfSubjectAccessReview");
	json_object_object_add(o, "verbs", strings(verbs, 1));
	return o;
}

static void answer_resources(struct api_call *c, const char *group)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	bool is_hooks = str_eq(group, "subresources.kubevirt.io");
	char text[80];

	(void)str_fmt(text, sizeof(text), "%s%sv1", group, *group ? "/" : "");
	json_put_str(o, "kind", "APIResourceList");
	json_put_str(o, "apiVersion", "v1");
	json_put_str(o, "groupVersion", text);
	json_object_object_add(o, "resources", list);
	for (int i = 0; !is_hooks && i < KIND_COUNT; i++) {
		const struct kind *k = kind_get((enum kind_id)i);

		if (!str_eq(k->group, group))
			continue;
		json_object_array_add(list, resource(k, "", true));
		if (k->has_status)
			json_object_array_add(list, resource(k, "status", true));
	}
	if (str_eq(group, "authorization.k8s.io"))
		json_object_array_add(list, review_resource());
	if (is_hooks || !*group)
		add_hooks(c->api, list, is_hooks);
	call_answer(c, 200, o);
}

static void answer_groups(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_put_str(o, "kind", "APIGroupList");
	json_put_str(o, "apiVersion", "v1");
	json_object_object_add(o, "groups", list);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		json_object_array_add(list, group_of(groups[i]));
	call_answer(c, 200, o);
}

static void answer_group(struct api_call *c, const char *group)
{
	AUTO(json_object_put) struct json_object *o = group_of(group);

	json_put_str(o, "kind", "APIGroup");
	json_put_str(o, "apiVersion", "v1");
	call_answer(c, 200, o);
}

static void answer_versions(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	static const char *const v1[] = {"v1"};

	json_put_str(o, "kind", "APIVersions");
	json_object_object_add(o, "versions", strings(v1, 1));
	json_object_object_add(o, "serverAddressByClientCIDRs", json_object_new_array());
	call_answer(c, 200, o);
}

static void put_version(struct json_object *o, const char *version)
{
	json_put_str(o, "gitVersion", version);
	json_put_str(o, "gitCommit", "");
	json_put_str(o, "gitTreeState", "clean");
	json_put_str(o, "buildDate", "1970-01-01T00:00:00Z");
	json_put_str(o, "goVersion", "none");
	json_put_str(o, "compiler", "cc");
	json_put_str(o, "platform", "linux/amd64");
}

static void answer_version(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_str(o, "major", "1");
	json_put_str(o, "minor", "32");
	put_version(o, "v1.32.0+kubevirt-lite-" PACKAGE_VERSION);
	call_answer(c, 200, o);
}

/* KubeVirt's, which virtctl compares with its own. */
static void answer_kubevirt_version(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	put_version(o, "v1.9.0+kubevirt-lite-" PACKAGE_VERSION);
	call_answer(c, 200, o);
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (str_eq(groups[i], name))
			return true;
	return false;
}

static bool apis(struct api_call *c)
{
	const struct request *r = &c->req;

	if (r->n_segments == 1)
		answer_groups(c);
	else if (!is_group(r->segment[1]))
		return false;
	else if (r->n_segments == 2)
		answer_group(c, r->segment[1]);
	else if (r->n_segments == 3 && str_eq(r->segment[2], "v1"))
		answer_resources(c, r->segment[1]);
	else if (r->n_segments == 4 && str_eq(r->segment[1], "subresources.kubevirt.io") &&
		 str_eq(r->segment[2], "v1") && str_eq(r->segment[3], "version"))
		answer_kubevirt_version(c);
	else
		return false;
	return true;
}

bool api_meta(struct api_call *c)
{
	const struct request *r = &c->req;
	const char *first = r->n_segments ? r->segment[0] : "";

	if (!str_eq(r->method, "GET") && !str_eq(r->method, "HEAD"))
		return false;
	if (str_eq(first, "apis"))
		return apis(c);
	if (str_eq(first, "openapi"))
		return openapi_answer(c);
	if (str_eq(first, "api") && r->n_segments == 1)
		answer_versions(c);
	else if (str_eq(first, "api") && r->n_segments == 2 && str_eq(r->segment[1], "v1"))
		answer_resources(c, "");
	else if (str_eq(first, "version") && r->n_segments == 1)
		answer_version(c);
	else if (str_eq(first, "healthz") || str_eq(first, "livez") || str_eq(first, "readyz"))
		call_answer_text(c, 200, "ok");
	else
		return false;
	return true;
}
