/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RBAC by objects, as Kubernetes has it: rules with apiGroups, resources ("pods/log"), verbs and
 * resourceNames; bindings to users, groups and service accounts. Looked up anew for every request:
 * what was bound a moment ago counts, what was removed no longer does. Pure but for the store. */
#include "kubevirt-lite/api/rbac.h"

#include "kubevirt-lite/api/call.h"
#include "vmd/base/str.h"

#include <string.h>

static bool list_has(struct json_object *rule, const char *key, const char *item)
{
	struct json_object *list = json_at(rule, key);

	for (size_t i = 0; i < json_length(list); i++) {
		const char *s = json_object_get_string(json_object_array_get_idx(list, i));

		if (str_eq(s, "*") || str_eq(s, item))
			return true;
	}
	return false;
}

static bool has_items(struct json_object *rule, const char *key)
{
	struct json_object *list = json_at(rule, key);

	return json_length(list) > 0;
}

static bool rule_allows(struct json_object *rule, const struct access *what)
{
	char resource[200];

	if (str_fmt(resource, sizeof(resource), "%s%s%s", what->resource, *what->sub ? "/" : "",
		    what->sub) < 0)
		return false;
	if (!list_has(rule, "verbs", what->verb) || !list_has(rule, "apiGroups", what->group) ||
	    !list_has(rule, "resources", resource))
		return false;
	return !has_items(rule, "resourceNames") ||
	       (*what->name && list_has(rule, "resourceNames", what->name));
}

static bool role_allows(struct json_object *role, const struct access *what)
{
	struct json_object *rules = json_at(role, "rules");

	for (size_t i = 0; i < json_length(rules); i++)
		if (rule_allows(json_object_array_get_idx(rules, i), what))
			return true;
	return false;
}

static bool subject_is(struct json_object *subject, const struct identity *who)
{
	const char *kind = json_str_at(subject, "kind"), *name = json_str_at(subject, "name");
	const char *ns = json_str_at(subject, "namespace");
	char user[256];

	if (str_eq(kind, "User"))
		return str_eq(name, who->user);
	if (str_eq(kind, "ServiceAccount"))
		return name && ns &&
		       str_fmt(user, sizeof(user), "system:serviceaccount:%s:%s", ns, name) == 0 &&
		       str_eq(user, who->user);
	for (size_t i = 0; str_eq(kind, "Group") && i < who->n_groups; i++)
		if (str_eq(name, who->group[i]))
			return true;
	return false;
}

static bool binds(void *ctx, struct json_object *binding)
{
	struct json_object *subjects = json_at(binding, "subjects");

	for (size_t i = 0; i < json_length(subjects); i++)
		if (subject_is(json_object_array_get_idx(subjects, i), ctx))
			return true;
	return false;
}

/* A binding in a namespace may name a role of the cluster, which then counts in there; one of the
 * cluster (ns "") names no other. */
static struct json_object *role_of(struct store *s, struct json_object *binding, const char *ns)
{
	const char *name = json_str_at(binding, "roleRef/name");
	const char *kind = json_str_at(binding, "roleRef/kind");

	if (name && str_eq(kind, "ClusterRole"))
		return store_get(s, KIND_CLUSTERROLE, "", name);
	if (name && *ns && str_eq(kind, "Role"))
		return store_get(s, KIND_ROLE, ns, name);
	return NULL;
}

static bool bound_allows(struct store *s, enum kind_id bindings, const char *ns,
			 const struct identity *who, const struct access *what)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	struct identity asker = *who;

	list = store_list(s, bindings, ns, binds, &asker);
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *role = role_of(s, json_object_array_get_idx(list, i), ns);

		if (role && role_allows(role, what))
			return true;
	}
	return false;
}

bool rbac_allows(struct store *s, const struct identity *who, const struct access *what)
{
	if (!what->resource)
		return false;
	return (*what->ns && bound_allows(s, KIND_ROLEBINDING, what->ns, who, what)) ||
	       bound_allows(s, KIND_CLUSTERROLEBINDING, "", who, what);
}

/* --- giving away --- */

static const char *item_of(struct json_object *list, size_t i)
{
	const char *s = json_object_get_string(json_object_array_get_idx(list, i));

	return s ? s : "";
}

static bool has(struct api_call *c, const char *group, const char *resource, const char *verb,
		const char *name, const char *ns)
{
	char plain[128];
	const char *sub = strchr(resource, '/');
	struct access what = {.verb = verb,
			      .group = group,
			      .resource = plain,
			      .sub = sub ? sub + 1 : "",
			      .name = name,
			      .ns = ns,
			      .path = ""};

	if (str_fmt(plain, sizeof(plain), "%.*s", (int)strcspn(resource, "/"), resource) < 0)
		return false;
	return auth_allows(c->api->set.auth, &c->who, &what) ||
	       rbac_allows(c->api->set.store, &c->who, &what);
}

/* Does the asker have everything that one rule gives? */
static bool has_rule(struct api_call *c, struct json_object *rule, const char *ns)
{
	struct json_object *groups = json_at(rule, "apiGroups"), *verbs = json_at(rule, "verbs");
	struct json_object *resources = json_at(rule, "resources");
	struct json_object *names = json_at(rule, "resourceNames");
	size_t n_names = has_items(rule, "resourceNames") ? json_length(names) : 1;

	if (!has_items(rule, "apiGroups") || !has_items(rule, "resources") ||
	    !has_items(rule, "verbs"))
		return false; /* paths that are no resources are not ours to give */
	for (size_t g = 0; g < json_length(groups); g++)
		for (size_t r = 0; r < json_length(resources); r++)
			for (size_t v = 0; v < json_length(verbs); v++)
				for (size_t n = 0; n < n_names; n++)
					if (!has(c, item_of(groups, g), item_of(resources, r),
						 item_of(verbs, v),
						 has_items(rule, "resourceNames")
							 ? item_of(names, n)
							 : "",
						 ns))
						return false;
	return true;
}

static int grant_role(struct api_call *c, struct json_object *role, const char *about)
{
	struct json_object *rules = json_at(role, "rules");

	for (size_t i = 0; i < json_length(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);

		if (has_rule(c, rule, c->req.ns))
			continue;
		status_set(&c->status, 403, "Forbidden",
			   "%s.rbac.authorization.k8s.io \"%s\" is forbidden: user \"%s\" is "
			   "attempting to grant RBAC permissions not currently held:\n%.500s",
			   c->req.kind->resource, about, c->who.user,
			   json_object_to_json_string_ext(rule, JSON_OUT));
		status_details(c->status, about, c->req.kind->group, c->req.kind->resource);
		return -1;
	}
	return 0;
}

int rbac_grant(struct api_call *c, struct json_object *object)
{
	const char *name = object_name(object) ? object_name(object) : "";
	struct json_object *role;

	if (c->req.kind->id == KIND_ROLE || c->req.kind->id == KIND_CLUSTERROLE)
		return grant_role(c, object, name);
	if (c->req.kind->id != KIND_ROLEBINDING && c->req.kind->id != KIND_CLUSTERROLEBINDING)
		return 0;
	role = role_of(c->api->set.store, object, c->req.ns);
	if (role)
		return grant_role(c, role, name);
	status_set(&c->status, 404, "NotFound", "%s.rbac.authorization.k8s.io \"%.100s\" not found",
		   str_eq(json_str_at(object, "roleRef/kind"), "ClusterRole") ? "clusterroles"
									      : "roles",
		   json_str_at(object, "roleRef/name") ? json_str_at(object, "roleRef/name") : "");
	return -1;
}
