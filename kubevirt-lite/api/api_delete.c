/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delete and deletecollection, with preconditions, grace and propagation from the body or, where it
 * has none, from the query. */
#include "kubevirt-lite/api/call.h"
#include "vmd/base/str.h"

#include <string.h>

struct wish {
	struct store_delete how;
	const char *uid, *version; /* preconditions; borrowed from the body */
};

static int bad_propagation(struct api_call *c, const char *text)
{
	status_set(&c->status, 422, "Invalid",
		   "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported "
		   "value: \"%.60s\": supported values: \"Foreground\", \"Background\", \"Orphan\"",
		   text);
	status_details(c->status, NULL, "meta.k8s.io", "DeleteOptions");
	status_cause(c->status, "FieldValueNotSupported", "Unsupported value", "propagationPolicy");
	return -1;
}

static int read_propagation(struct api_call *c, struct wish *w)
{
	const char *text = json_str_at(c->body, "propagationPolicy");

	if (!text)
		text = request_param(&c->req, "propagationPolicy");
	if (!text || !*text)
		w->how.propagation = json_object_get_boolean(json_at(c->body, "orphanDependents"))
					     ? STORE_ORPHAN
					     : STORE_BACKGROUND;
	else if (str_eq(text, "Background"))
		w->how.propagation = STORE_BACKGROUND;
	else if (str_eq(text, "Foreground"))
		w->how.propagation = STORE_FOREGROUND;
	else if (str_eq(text, "Orphan"))
		w->how.propagation = STORE_ORPHAN;
	else
		return bad_propagation(c, text);
	return 0;
}

static int read_wish(struct api_call *c, struct wish *w)
{
	struct json_object *grace, *dry_run;
	uint64_t seconds = UINT64_MAX;

	if (call_read_body(c, false) < 0)
		return -1;
	if (c->body && !json_object_is_type(c->body, json_type_object))
		return status_set(&c->status, 400, "BadRequest", "DeleteOptions must be an object");
	w->how.grace_s = -1;
	grace = json_at(c->body, "gracePeriodSeconds");
	if (grace)
		w->how.grace_s = json_object_get_int64(grace);
	else if (call_param_uint(c, "gracePeriodSeconds", &seconds) < 0)
		return -1;
	else if (seconds != UINT64_MAX)
		w->how.grace_s = (int64_t)seconds;
	dry_run = json_at(c->body, "dryRun/0");
	if (dry_run && str_eq(json_object_get_string(dry_run), "All"))
		c->dry_run = true;
	w->uid = json_str_at(c->body, "preconditions/uid");
	w->version = json_str_at(c->body, "preconditions/resourceVersion");
	return read_propagation(c, w);
}

/* This one refusal names the kind where others name the resource; so does the real server. */
static int precondition(struct api_call *c, const char *what, const char *want, const char *have)
{
	const struct kind *k = c->req.kind;

	status_set(
		&c->status, 409, "Conflict",
		"Operation cannot be fulfilled on %s%s%s \"%s\": the %s in the precondition (%s) "
		"does not match the %s in record (%s). The object might have been %s",
		k->kind, *k->group ? "." : "", k->group, c->req.name, what, want, what, have,
		str_eq(what, "UID") ? "deleted and then recreated" : "modified");
	status_details(c->status, c->req.name, k->group, k->kind);
	return -1;
}

static int check_preconditions(struct api_call *c, const struct wish *w, struct json_object *object)
{
	const char *version = json_str_at(object, "metadata/resourceVersion");

	if (w->uid && !str_eq(w->uid, object_uid(object)))
		return precondition(c, "UID", w->uid, object_uid(object));
	if (w->version && !str_eq(w->version, version))
		return precondition(c, "ResourceVersion", w->version, version);
	return 0;
}

/* ret: the answer, a new reference. */
static int delete_one(struct api_call *c, struct json_object **ret)
{
	const struct request *r = &c->req;
	struct store *s = c->api->set.store;
	AUTO(json_object_put) struct json_object *object = NULL;
	struct wish w = {.uid = NULL};
	bool removed = false;
	struct err e;

	if (read_wish(c, &w) < 0)
		return -1;
	object = json_object_get(store_get(s, r->kind->id, r->ns, r->name));
	if (!object)
		return status_not_found(&c->status, r->kind, r->name);
	if (check_preconditions(c, &w, object) < 0)
		return -1;
	if (c->dry_run) {
		*ret = status_deleted(r->kind, object);
		return 0;
	}
	if (store_delete(s, r->kind->id, r->ns, r->name, &w.how, &removed, &e) < 0)
		return status_not_found(&c->status, r->kind, r->name);
	if (removed)
		*ret = status_deleted(r->kind, object);
	else
		*ret = json_object_get(store_get(s, r->kind->id, r->ns, r->name));
	return 0;
}

void api_delete(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *answer = NULL;

	if (delete_one(c, &answer) < 0)
		call_refuse(c);
	else if (str_eq(json_str_at(answer, "kind"), "Status"))
		call_answer(c, 200, answer);
	else
		call_answer_object(c, 200, answer);
}

static int delete_all(struct api_call *c, struct json_object **ret)
{
	AUTO(api_filter_free) struct api_filter *filter = NULL;
	const struct request *r = &c->req;
	struct store *s = c->api->set.store;
	struct wish w = {.uid = NULL};
	struct json_object *list;
	struct err e;

	if (read_wish(c, &w) < 0 || api_filter_new(c, &filter) < 0)
		return -1;
	list = store_list(s, r->kind->id, r->ns, api_filter_match, filter);
	for (size_t i = 0; !c->dry_run && i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		(void)store_delete(s, r->kind->id, object_namespace(o), object_name(o), &w.how,
				   NULL, &e);
	}
	*ret = list;
	return 0;
}

void api_delete_collection(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	AUTO(json_object_put) struct json_object *meta = json_object_new_object();
	AUTO(json_object_put) struct json_object *out = NULL;
	char text[24];

	if (delete_all(c, &list) < 0) {
		call_refuse(c);
		return;
	}
	(void)str_fmt(text, sizeof(text), "%llu",
		      (unsigned long long)store_version(c->api->set.store));
	json_put_str(meta, "resourceVersion", text);
	out = output_list(&c->form, c->req.kind, list, meta);
	call_answer(c, 200, out);
}
