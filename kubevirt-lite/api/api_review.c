/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SelfSubjectAccessReview, as `kubectl auth can-i` sends it: may the asker do that? It is answered
 * by the very rules that would allow the deed, and nothing is done or stored. Everybody with a
 * token may ask it of themselves. Of others (SubjectAccessReview) nothing is told. */
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/rbac.h"
#include "kubevirt-lite/api/review_protobuf.h"
#include "vmd/base/str.h"

#include <string.h>

#define GROUP "authorization.k8s.io"
#define KIND  "SelfSubjectAccessReview"

/* A text of spec.PART; "" where there is none. */
static int text(struct api_call *c, struct json_object *attributes, const char *part,
		const char *key, const char **ret)
{
	struct json_object *value = json_object_object_get(attributes, key);

	*ret = "";
	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return status_set(&c->status, 400, "BadRequest",
				  KIND " in version \"v1\" cannot be handled as a " KIND
				       ": json: cannot unmarshal %s into Go struct field .spec.%s."
				       "%s of type string",
				  json_type_to_name(json_object_get_type(value)), part, key);
	*ret = json_object_get_string(value);
	return 0;
}

static int read_resource(struct api_call *c, struct json_object *o, struct access *ret)
{
	static const char part[] = "resourceAttributes";

	*ret = (struct access){.path = ""};
	if (text(c, o, part, "verb", &ret->verb) < 0 ||
	    text(c, o, part, "group", &ret->group) < 0 ||
	    text(c, o, part, "resource", &ret->resource) < 0 ||
	    text(c, o, part, "subresource", &ret->sub) < 0 ||
	    text(c, o, part, "name", &ret->name) < 0 || text(c, o, part, "namespace", &ret->ns) < 0)
		return -1;
	return 0;
}

static int read_path(struct api_call *c, struct json_object *o, struct access *ret)
{
	static const char part[] = "nonResourceAttributes";

	*ret = (struct access){.group = "", .sub = "", .name = "", .ns = ""};
	if (text(c, o, part, "verb", &ret->verb) < 0 || text(c, o, part, "path", &ret->path) < 0)
		return -1;
	return 0;
}

static int invalid(struct api_call *c, const char *field, const char *value, const char *why)
{
	char message[200];

	(void)str_fmt(message, sizeof(message), "Invalid value: %s: %s", value, why);
	status_set(&c->status, 422, "Invalid", KIND "." GROUP " \"\" is invalid: %s: %s", field,
		   message);
	status_details(c->status, NULL, GROUP, KIND);
	status_cause(c->status, "FieldValueInvalid", message, field);
	return -1;
}

static int read_body(struct api_call *c)
{
	const char *type = c->http->content_type;
	struct err e;

	if (!type || strncasecmp(type, PROTOBUF_TYPE, strlen(PROTOBUF_TYPE)) != 0)
		return call_check_type(c) < 0 || call_read_body(c, true) < 0 ? -1 : 0;
	if (review_protobuf_decode(c->http->body, c->http->body_len, &c->body, &e) < 0)
		return status_set(&c->status, 400, "BadRequest", "%s", e.msg);
	return 0;
}

static int read_review(struct api_call *c, struct access *ret)
{
	const char *version, *kind;
	struct json_object *resource, *path;

	if (read_body(c) < 0)
		return -1;
	version = json_str_at(c->body, "apiVersion");
	kind = json_str_at(c->body, "kind");
	if ((version && !str_eq(version, GROUP "/v1")) || (kind && !str_eq(kind, KIND)))
		return status_set(&c->status, 400, "BadRequest",
				  "%.80s, Kind=%.80s cannot be handled as a " KIND,
				  version ? version : "", kind ? kind : "");
	resource = json_at(c->body, "spec/resourceAttributes");
	path = json_at(c->body, "spec/nonResourceAttributes");
	if (resource && path)
		return invalid(c, "spec.nonResourceAttributes", "{}",
			       "cannot be specified in combination with resourceAttributes");
	if (!resource && !path)
		return invalid(c, "spec.resourceAttributes", "null",
			       "exactly one of nonResourceAttributes or resourceAttributes must be "
			       "specified");
	if (!json_object_is_type(resource ? resource : path, json_type_object))
		return status_set(&c->status, 400, "BadRequest",
				  KIND " in version \"v1\" cannot be handled as a " KIND
				       ": its attributes are no object");
	return resource ? read_resource(c, resource, ret) : read_path(c, path, ret);
}

static void answer(struct api_call *c, bool allowed)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_str(o, "kind", KIND);
	json_put_str(o, "apiVersion", GROUP "/v1");
	json_object_object_add(o, "metadata", json_object_new_object());
	json_object_object_add(o, "spec", json_object_get(json_at(c->body, "spec")));
	json_put_bool(o, "status/allowed", allowed);
	call_answer(c, 201, o);
}

bool api_review(struct api_call *c)
{
	const struct request *r = &c->req;
	struct access what;

	if (r->n_segments != 4 || !str_eq(r->segment[0], "apis") || !str_eq(r->segment[1], GROUP) ||
	    !str_eq(r->segment[2], "v1") || !str_eq(r->segment[3], "selfsubjectaccessreviews") ||
	    !str_eq(r->method, "POST"))
		return false;
	if (read_review(c, &what) < 0)
		call_refuse(c);
	else
		answer(c, auth_allows(c->api->set.auth, &c->who, &what) ||
				  rbac_allows(c->api->set.store, &c->who, &what));
	return true;
}
