/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create, update and patch: read the body, make the new object, let admission look at it, store it
 * (or not: dryRun). Whatever is refused has changed nothing. */
#include "kubevirt-lite/admission/admission.h"
#include "kubevirt-lite/admission/defaults.h"
#include "kubevirt-lite/admission/form.h"
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/patch.h"
#include "kubevirt-lite/api/rbac.h"
#include "vmd/base/str.h"

#include <string.h>

static void warn(void *ctx, const char *text)
{
	call_warn(ctx, text);
}

static int admit(struct api_call *c, struct json_object *old, struct json_object *object)
{
	const char *fields = request_param(&c->req, "fieldValidation");
	struct admission a = {.store = c->api->set.store,
			      .kind = c->req.kind,
			      .old = old,
			      .warn = warn,
			      .ctx = c};

	if (str_eq(fields, "Strict"))
		a.fields = FIELDS_STRICT;
	else if (str_eq(fields, "Ignore"))
		a.fields = FIELDS_IGNORE;
	if (admission_check(&a, object) == 0)
		return defaults_fill(c->req.kind, object, !old, &c->status);
	json_object_put(c->status);
	c->status = a.status;
	return -1;
}

/* --- bodies --- */

static int check_kind(struct api_call *c, struct json_object *object)
{
	const struct kind *k = c->req.kind;
	const char *version = json_str_at(object, "apiVersion"),
		   *kind = json_str_at(object, "kind");

	if (version && !str_eq(version, kind_api_version(k)))
		return status_set(
			&c->status, 400, "BadRequest",
			"the API version in the data (%s) does not match the expected API "
			"version (%s)",
			version, kind_api_version(k));
	/* the server takes any kind for a custom resource and writes the right one */
	if (!k->is_custom && kind && !str_eq(kind, k->kind))
		return status_set(&c->status, 400, "BadRequest",
				  "%s in version \"%s\" cannot be handled as a %s: converting (%s) "
				  "to (%s): unknown conversion",
				  kind, k->version, k->kind, kind, k->kind);
	json_put_str(object, "apiVersion", kind_api_version(k));
	json_put_str(object, "kind", k->kind);
	return 0;
}

static int check_namespace(struct api_call *c, struct json_object *object)
{
	const struct request *r = &c->req;

	if (!r->kind->namespaced) {
		json_object_object_del(json_at(object, "metadata"), "namespace");
		return 0;
	}
	if (*object_namespace(object) && !str_eq(object_namespace(object), r->ns))
		return status_set(&c->status, 400, "BadRequest",
				  "the namespace of the provided object does not match the "
				  "namespace sent on the request");
	json_put_str(object, "metadata/namespace", r->ns);
	return 0;
}

/* The object in the body, with kind, apiVersion, metadata and namespace made sure of. Borrowed from
 * the call. */
static int read_object(struct api_call *c, struct json_object **ret)
{
	if (call_check_type(c) < 0 || call_read_body(c, true) < 0)
		return -1;
	form_strip(c->body);
	if (json_object_is_type(c->body, json_type_object) && !json_at(c->body, "metadata"))
		json_object_object_add(c->body, "metadata", json_object_new_object());
	if (form_check(c->req.kind, c->body, &c->status) < 0 || check_kind(c, c->body) < 0 ||
	    check_namespace(c, c->body) < 0)
		return -1;
	*ret = c->body;
	return 0;
}

/* --- create --- */

static int namespace_takes(struct api_call *c)
{
	const struct request *r = &c->req;
	struct json_object *ns;

	if (!r->kind->namespaced)
		return 0;
	ns = store_get(c->api->set.store, KIND_NAMESPACE, NULL, r->ns);
	if (!ns)
		return status_not_found(&c->status, kind_get(KIND_NAMESPACE), r->ns);
	if (!object_is_deleting(ns))
		return 0;
	status_set(&c->status, 403, "Forbidden",
		   "%s is forbidden: unable to create new content in namespace %s because it is "
		   "being terminated",
		   r->kind->resource, r->ns);
	status_details(c->status, NULL, r->kind->group, r->kind->resource);
	status_cause(c->status, "NamespaceTerminating", "namespace is being terminated",
		     "metadata.namespace");
	return -1;
}

static int exists(struct api_call *c, struct json_object *object)
{
	const struct kind *k = c->req.kind;
	const char *name = object_name(object);
	struct json_object *there =
		name ? store_get(c->api->set.store, k->id, c->req.ns, name) : NULL;
	char resource[128];

	if (!there)
		return 0;
	if (!object_is_deleting(there))
		return status_exists(&c->status, k, name);
	status_set(&c->status, 409, "AlreadyExists",
		   "object is being deleted: %s \"%s\" already exists",
		   kind_qualified(k, resource, sizeof(resource)), name);
	status_details(c->status, name, k->group, k->resource);
	return -1;
}

static int nameless(struct api_call *c)
{
	static const char why[] = "Required value: name or generateName is required";
	const struct kind *k = c->req.kind;

	status_set(&c->status, 422, "Invalid", "%s%s%s \"\" is invalid: metadata.name: %s", k->kind,
		   *k->group ? "." : "", k->group, why);
	status_details(c->status, NULL, k->group, k->kind);
	status_cause(c->status, "FieldValueRequired", why, "metadata.name");
	return -1;
}

static int create(struct api_call *c, struct json_object **ret)
{
	struct store *s = c->api->set.store;
	AUTO(store_close) struct store *scratch = NULL;
	struct json_object *object, *created;
	struct err e;

	if (read_object(c, &object) < 0)
		return -1;
	if (*c->req.name && !object_name(object))
		json_put_str(object, "metadata/name", c->req.name);
	if (namespace_takes(c) < 0)
		return -1;
	if (!object_name(object) && !json_str_at(object, "metadata/generateName"))
		return nameless(c);
	if (json_str_at(object, "metadata/resourceVersion") &&
	    *json_str_at(object, "metadata/resourceVersion"))
		return status_set(&c->status, 500, "InternalError",
				  "resourceVersion should not be set on objects to be created");
	if (c->req.kind->has_status && c->req.kind->is_custom)
		json_object_object_del(object, "status");
	if (admit(c, NULL, object) < 0 || exists(c, object) < 0 || rbac_grant(c, object) < 0)
		return -1;
	if (c->dry_run) { /* born in a store that is thrown away */
		if (store_open(NULL, c->api->set.loop, &scratch, &e) < 0)
			return status_set(&c->status, 500, "InternalError", "%s", e.msg);
		s = scratch;
	}
	if (store_create(s, c->req.kind->id, json_object_get(object), &created, &e) < 0)
		return status_set(&c->status, 422, "Invalid", "%s", e.msg);
	if (c->dry_run)
		json_object_object_del(json_at(created, "metadata"), "resourceVersion");
	*ret = json_object_get(created);
	return 0;
}

void api_create(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *created = NULL;

	if (create(c, &created) < 0)
		call_refuse(c);
	else
		call_answer_object(c, 201, created);
}

/* --- update and patch --- */

static void keep(struct json_object *object, struct json_object *old, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(old, key, &value))
		json_object_object_add(object, key, json_object_get(value));
	else
		json_object_object_del(object, key);
}

/* What this request may not touch is taken from the old object. */
static struct json_object *confine(struct api_call *c, struct json_object *old,
				   struct json_object *object)
{
	struct json_object *out, *version;

	if (str_eq(c->req.sub, "finalize"))
		return json_object_get(object);
	if (!*c->req.sub) {
		if (c->req.kind->has_status || c->req.kind->id == KIND_VMI)
			keep(object, old, "status");
		return json_object_get(object);
	}
	/* a write of status changes nothing else, but says which version it was decided on */
	out = object_copy(old);
	keep(out, object, "status");
	version = json_at(object, "metadata/resourceVersion");
	if (version)
		json_put_at(out, "metadata/resourceVersion", json_object_get(version));
	else
		json_object_object_del(json_at(out, "metadata"), "resourceVersion");
	return out;
}

static int check_identity(struct api_call *c, struct json_object *old, struct json_object *object)
{
	const struct kind *k = c->req.kind;
	const char *name = object_name(object), *uid = object_uid(object);
	const char *version = json_str_at(object, "metadata/resourceVersion");
	char why[200];

	if (name && !str_eq(name, c->req.name))
		return status_set(
			&c->status, 400, "BadRequest",
			"the name of the object (%s) does not match the name on the URL (%s)", name,
			c->req.name);
	json_put_str(object, "metadata/name", c->req.name);
	if (uid && *uid && !str_eq(uid, object_uid(old))) {
		(void)str_fmt(why, sizeof(why),
			      "Precondition failed: UID in precondition: %.40s, UID in object "
			      "meta: %.40s",
			      uid, object_uid(old));
		return status_conflict(&c->status, k, c->req.name, why);
	}
	if (version && *version && !str_eq(version, json_str_at(old, "metadata/resourceVersion")))
		return status_conflict(&c->status, k, c->req.name, NULL);
	return 0;
}

/* object: borrowed, may be changed. */
static int put(struct api_call *c, struct json_object *old, struct json_object *object,
	       struct json_object **ret)
{
	AUTO(json_object_put) struct json_object *next = NULL;
	struct store *s = c->api->set.store;
	struct json_object *updated;
	struct err e;

	if (check_identity(c, old, object) < 0)
		return -1;
	next = confine(c, old, object);
	if (!*c->req.sub && (admit(c, old, next) < 0 || rbac_grant(c, next) < 0))
		return -1;
	if (c->dry_run) {
		*ret = STEAL(next);
		return 0;
	}
	if (store_update(s, c->req.kind->id, STEAL(next), &updated, &e) < 0)
		return status_conflict(&c->status, c->req.kind, c->req.name, NULL);
	*ret = json_object_get(updated);
	return 0;
}

static int find(struct api_call *c, struct json_object **ret)
{
	struct json_object *old =
		store_get(c->api->set.store, c->req.kind->id, c->req.ns, c->req.name);

	if (!old)
		return status_not_found(&c->status, c->req.kind, c->req.name);
	*ret = old;
	return 0;
}

static int update(struct api_call *c, struct json_object **ret)
{
	const struct kind *k = c->req.kind;
	struct json_object *old, *object;
	const char *version;

	if (read_object(c, &object) < 0 || find(c, &old) < 0)
		return -1;
	version = json_str_at(object, "metadata/resourceVersion");
	if (k->is_custom && (!version || !*version)) {
		status_set(&c->status, 422, "Invalid",
			   "%s.%s \"%s\" is invalid: metadata.resourceVersion: Invalid value: 0: "
			   "must be specified for an update",
			   k->kind, k->group, c->req.name);
		status_details(c->status, c->req.name, k->group, k->kind);
		status_cause(c->status, "FieldValueInvalid",
			     "Invalid value: 0: must be specified for an update",
			     "metadata.resourceVersion");
		return -1;
	}
	return put(c, old, object, ret);
}

void api_update(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *updated = NULL;

	if (update(c, &updated) < 0)
		call_refuse(c);
	else
		call_answer_object(c, 200, updated);
}

typedef int (*patch_fn)(struct json_object *doc, struct json_object *patch,
			struct json_object **ret, struct err *e);

static patch_fn patch_of(const struct kind *k, const char *type)
{
	static const struct {
		const char *type;
		patch_fn fn;
		bool core_only;
	} table[] = {
		{"application/merge-patch+json", patch_merge, false},
		{"application/json-patch+json", patch_json, false},
		{"application/strategic-merge-patch+json", patch_strategic, true},
	};
	size_t len = type ? strcspn(type, "; ") : 0;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strlen(table[i].type) == len && strncasecmp(type, table[i].type, len) == 0)
			return table[i].core_only && k->is_custom ? NULL : table[i].fn;
	return NULL;
}

static int unsupported_patch(struct api_call *c)
{
	return status_set(&c->status, 415, "UnsupportedMediaType",
			  "the body of the request was in an unknown format - accepted media types "
			  "include: application/json-patch+json, application/merge-patch+json%s",
			  c->req.kind->is_custom ? "" : ", application/strategic-merge-patch+json");
}

static int patch(struct api_call *c, struct json_object **ret)
{
	patch_fn fn = patch_of(c->req.kind, c->http->content_type);
	AUTO(json_object_put) struct json_object *object = NULL;
	struct json_object *old;
	struct err e;

	if (!fn)
		return unsupported_patch(c);
	if (call_read_body(c, true) < 0 || find(c, &old) < 0)
		return -1;
	if (fn(old, c->body, &object, &e) < 0) {
		if (e.kind == ERR_INVALID)
			return status_set(&c->status, 400, "BadRequest", "error decoding patch: %s",
					  e.msg);
		status_set(&c->status, 422, "Invalid",
			   "the server rejected our request due to an error in our request");
		status_details(c->status, NULL, NULL, NULL);
		return -1;
	}
	form_strip(object);
	if (form_check(c->req.kind, object, &c->status) < 0 || check_kind(c, object) < 0 ||
	    check_namespace(c, object) < 0)
		return -1;
	return put(c, old, object, ret);
}

void api_patch(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *patched = NULL;

	if (patch(c, &patched) < 0)
		call_refuse(c);
	else
		call_answer_object(c, 200, patched);
}
