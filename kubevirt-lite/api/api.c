/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a request: parse the line, know the user, allow or refuse, find the verb. And the ways
 * back: an object, a text, a refusal. Runs on the loop; a call is freed with its HTTP request. */
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/rbac.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <string.h>
#include <systemd/sd-event.h>

static const char text_plain[] = "text/plain; charset=utf-8";

static void call_free(void *p)
{
	struct api_call *c = p;

	sd_event_source_disable_unref(c->late);
	json_object_put(c->body);
	json_object_put(c->status);
	free(c);
}

/* --- answers --- */

/* The answer of a request that was carried out, lost on purpose. */
static bool spoiled(struct api_call *c)
{
	if (!faults_spoil(c))
		return false;
	json_object_put(STEAL(c->status));
	status_set(&c->status, 500, "InternalError", "fault on purpose: done");
	call_refuse(c);
	return true;
}

void call_answer(struct api_call *c, int code, struct json_object *json)
{
	size_t len;
	int flags = request_flag(&c->req, "pretty")
			    ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE
			    : JSON_OUT;
	const char *text;

	if (spoiled(c))
		return;
	text = json_object_to_json_string_length(json, flags, &len);
	store_commit(c->api->set.store);
	http_answer(c->http, code, "application/json", text, len);
}

void call_answer_object(struct api_call *c, int code, struct json_object *object)
{
	AUTO(json_object_put)
	struct json_object *out = output_object(&c->form, c->req.kind, object);

	call_answer(c, code, out);
}

void call_answer_text(struct api_call *c, int code, const char *text)
{
	if (spoiled(c))
		return;
	http_header(c->http, "X-Content-Type-Options", "nosniff");
	store_commit(c->api->set.store);
	http_answer(c->http, code, text_plain, text, strlen(text));
}

void call_refuse(struct api_call *c)
{
	struct json_object *retry = json_at(c->status, "details/retryAfterSeconds");

	if (retry)
		http_header(c->http, "Retry-After", json_object_get_string(retry));
	call_answer(c, status_code(c->status), c->status);
}

void call_warn(struct api_call *c, const char *text)
{
	AUTO(json_object_put) struct json_object *quoted = json_object_new_string(text);
	char value[480];

	(void)snprintf(value, sizeof(value), "299 - %s",
		       json_object_to_json_string_ext(quoted, JSON_OUT));
	http_header(c->http, "Warning", value);
}

/* --- parts of a request --- */

int call_param_uint(struct api_call *c, const char *name, uint64_t *ret)
{
	const char *text = request_param(&c->req, name);

	if (!text || !*text)
		return 0;
	if (str_to_u64(text, INT64_MAX, ret) < 0)
		return status_set(&c->status, 400, "BadRequest",
				  "strconv.ParseInt: parsing \"%.80s\": invalid syntax", text);
	return 0;
}

int call_param_version(struct api_call *c, uint64_t *ret, bool *ret_given)
{
	const char *text = request_param(&c->req, "resourceVersion");

	*ret_given = text && *text;
	if (!*ret_given)
		return 0;
	if (str_to_u64(text, UINT64_MAX, ret) < 0)
		return status_set(&c->status, 500, "",
				  "resourceVersion: Invalid value: \"%.80s\": strconv.ParseUint: "
				  "parsing \"%.80s\": invalid syntax",
				  text, text);
	return 0;
}

/* The server's decoder names what it could not read; its wording is Go's, ours is json-c's. */
static int not_json(struct api_call *c, const char *why)
{
	const struct kind *k = c->req.kind;
	const char *body = c->http->body_len ? c->http->body : "<empty>";

	if (k && !k->is_custom)
		return status_set(&c->status, 400, "BadRequest",
				  "error decoding the body (must be of type %s): %s (%.100s)",
				  k->kind, why, body);
	return status_set(&c->status, 400, "BadRequest",
			  "the object provided is unrecognized (must be of type %s): couldn't get "
			  "version/kind; json parse error: %s (%.100s)",
			  k ? k->kind : "object", why, body);
}

int call_check_type(struct api_call *c)
{
	static const char *const known[] = {"application/json", "application/*", "*/*"};
	const char *type = c->http->content_type;
	size_t len = type ? strcspn(type, "; ") : 0;

	if (len == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i]) == len && strncasecmp(type, known[i], len) == 0)
			return 0;
	return status_set(&c->status, 415, "UnsupportedMediaType",
			  "the body of the request was in an unknown format - accepted media types "
			  "include: application/json");
}

int call_read_body(struct api_call *c, bool required)
{
	struct err e;

	if (c->http->body_len == 0)
		return required ? not_json(c, "unexpected end of JSON input") : 0;
	if (json_parse(c->http->body, c->http->body_len, &c->body, &e) < 0)
		return not_json(c, e.msg);
	return 0;
}

static int read_options(struct api_call *c)
{
	const char *dry_run = request_param(&c->req, "dryRun");

	c->dry_run = str_eq(dry_run, "All");
	if (dry_run && *dry_run && !c->dry_run) {
		status_set(&c->status, 422, "Invalid",
			   "%s.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"%.80s\": "
			   "supported values: \"All\"",
			   c->req.verb == VERB_CREATE ? "CreateOptions" : "UpdateOptions", dry_run);
		status_cause(c->status, "FieldValueNotSupported", "Unsupported value", "dryRun");
		return -1;
	}
	return 0;
}

/* --- may they? --- */

static void access_of(const struct api_call *c, struct access *ret)
{
	const struct request *r = &c->req;
	const char *method = r->method;

	*ret = (struct access){.verb = verb_name(r->verb), .name = "", .ns = "", .path = r->path};
	if (!r->kind) {
		ret->verb = str_eq(method, "GET")      ? "get"
			    : str_eq(method, "POST")   ? "post"
			    : str_eq(method, "PUT")    ? "put"
			    : str_eq(method, "PATCH")  ? "patch"
			    : str_eq(method, "DELETE") ? "delete"
						       : "options";
		return;
	}
	ret->group = r->group;
	ret->resource = r->kind->resource;
	/* of the rest of the path the authorizer knows nothing */
	ret->sub = str_starts(r->sub, "portforward/") ? "portforward" : r->sub;
	ret->name = r->name;
	/* a namespace is asked for as being in itself, as the server does */
	ret->ns = r->kind->id == KIND_NAMESPACE ? r->name : r->ns;
}

static int forbid_path(struct api_call *c, const struct access *what)
{
	status_set(&c->status, 403, "Forbidden", "forbidden: User \"%s\" cannot %s path \"%.400s\"",
		   c->who.user, what->verb, what->path);
	status_details(c->status, NULL, NULL, NULL);
	return -1;
}

static int forbid(struct api_call *c, const struct access *what)
{
	const struct request *r = &c->req;
	char name[300] = "", where[160] = "at the cluster scope";

	if (*r->name)
		(void)str_fmt(name, sizeof(name), " \"%s\"", r->name);
	if (*what->ns)
		(void)str_fmt(where, sizeof(where), "in the namespace \"%s\"", what->ns);
	status_set(&c->status, 403, "Forbidden",
		   "%s%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API group "
		   "\"%s\" %s",
		   what->resource, *r->group ? "." : "", r->group, name, c->who.user, what->verb,
		   what->resource, *r->sub ? "/" : "", r->sub, r->group, where);
	status_details(c->status, r->name, r->group, what->resource);
	return -1;
}

static int authorize(struct api_call *c)
{
	struct access what;

	access_of(c, &what);
	if (c->req.kind && c->req.verb == VERB_NONE) {
		status_set(&c->status, 405, "MethodNotAllowed",
			   "the server does not allow this method on the requested resource");
		status_details(c->status, NULL, NULL, NULL);
		return -1;
	}
	if (auth_allows(c->api->set.auth, &c->who, &what) ||
	    rbac_allows(c->api->set.store, &c->who, &what))
		return 0;
	http_header(c->http, "X-Content-Type-Options", "nosniff");
	return what.resource ? forbid(c, &what) : forbid_path(c, &what);
}

/* --- dispatch --- */

static void dispatch(struct api_call *c)
{
	const struct request *r = &c->req;

	if (r->kind->id == KIND_SERVICEACCOUNT && str_eq(r->sub, "token") &&
	    r->verb == VERB_CREATE) {
		api_token(c);
		return;
	}
	if (r->is_hook || (*r->sub && !(str_eq(r->sub, "status") && r->kind->has_status) &&
			   !(str_eq(r->sub, "finalize") && r->kind->id == KIND_NAMESPACE))) {
		api_hook(c);
		return;
	}
	switch (r->verb) {
	case VERB_GET: api_get(c); break;
	case VERB_LIST: api_list(c); break;
	case VERB_WATCH: api_watch(c); break;
	case VERB_CREATE: api_create(c); break;
	case VERB_UPDATE: api_update(c); break;
	case VERB_PATCH: api_patch(c); break;
	case VERB_DELETE: api_delete(c); break;
	case VERB_DELETECOLLECTION: api_delete_collection(c); break;
	case VERB_NONE: break; /* refused by authorize() */
	}
}

/* A browser cannot send a header with a websocket: its token comes as a protocol, coded. */
static int identify(struct api_call *c, const struct http_request *h, struct err *e)
{
	char text[SERVICE_TOKEN_HEADER_MAX];
	const char *header = h->authorization;

	if (!header && service_token_of_protocols(h->websocket_protocols, text, sizeof(text)))
		header = text;
	if (auth_identify(c->api->set.auth, header, &c->who, e) == 0 ||
	    service_token_identify(&c->api->tokens, c->api->set.store, header, &c->service,
				   &c->who))
		return 0;
	return -1;
}

void api_go_on(struct api_call *c)
{
	if (c->req.kind)
		dispatch(c);
	else if (!faults_answer(c) && !api_review(c) && !api_meta(c))
		call_answer_text(c, 404, "404 page not found\n");
}

static int begin(struct api_call *c, struct http_request *h)
{
	struct err e;

	if (request_parse(h->method, h->uri, &c->req, &e) < 0)
		return status_set(&c->status, 400, "BadRequest", "%s", e.msg);
	if (identify(c, h, &e) < 0)
		return status_set(&c->status, 401, "Unauthorized", "%s", e.msg);
	if (authorize(c) < 0)
		return -1;
	if (!c->req.kind)
		return 0;
	if (output_form_parse(h->accept, request_param(&c->req, "includeObject"), &c->form) < 0)
		return status_set(&c->status, 406, "NotAcceptable",
				  "only the following media types are accepted: application/json, "
				  "application/json;stream=watch");
	return read_options(c);
}

void api_handle(void *api, struct http_request *h)
{
	struct api_call *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->api = api;
	c->http = h;
	h->user = c;
	h->user_free = call_free;
	if (begin(c, h) < 0)
		call_refuse(c);
	else if (!faults_hit(c))
		api_go_on(c);
	log_debug("action=request user=%s method=%s path=%s", c->who.user ? c->who.user : "-",
		  h->method, h->uri);
}

/* --- start --- */

static int make_namespace(struct api *a, const char *name, struct err *e)
{
	struct json_object *ns, *finalizers;

	if (store_get(a->set.store, KIND_NAMESPACE, NULL, name))
		return 0;
	ns = json_object_new_object();
	finalizers = json_object_new_array();
	json_put_str(ns, "metadata/name", name);
	json_put_at(ns, "metadata/labels", json_object_new_object());
	json_object_object_add(json_at(ns, "metadata/labels"), "kubernetes.io/metadata.name",
			       json_object_new_string(name));
	json_object_array_add(finalizers, json_object_new_string("kubernetes"));
	json_put_at(ns, "spec/finalizers", finalizers);
	json_put_str(ns, "status/phase", "Active");
	return store_create(a->set.store, KIND_NAMESPACE, ns, NULL, e);
}

int api_new(const struct api_settings *set, struct api **ret, struct err *e)
{
	static const char *const names[] = {"default", "kube-system", "kube-public",
					    "kube-node-lease", "kubevirt"};
	AUTO(api_free) struct api *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->set = *set;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (make_namespace(a, names[i], e) < 0)
			return -1;
	if (api_watch_start(a, e) < 0)
		return -1;
	*ret = STEAL(a);
	return 0;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	sd_event_source_disable_unref(a->bookmark);
	service_tokens_done(&a->tokens);
	free(a);
}
