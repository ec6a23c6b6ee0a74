/* SPDX-License-Identifier: GPL-2.0-or-later */
/* get and list: filters, pages (limit, continue) that all show one moment, versions asked for. */
#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/api/selector.h"
#include "kubevirt-lite/store/base64.h"
#include "vmd/base/str.h"

#include <string.h>

struct api_filter {
	struct selector *labels, *fields;
	char name[300]; /* a watch of one object; "" for all */
};

int api_filter_new(struct api_call *c, struct api_filter **ret)
{
	AUTO(api_filter_free) struct api_filter *f = calloc(1, sizeof(*f));
	const struct request *r = &c->req;
	struct err e;

	if (!f)
		abort();
	if (selector_parse_labels(request_param(r, "labelSelector"), &f->labels, &e) < 0 ||
	    selector_parse_fields(request_param(r, "fieldSelector"), r->kind, &f->fields, &e) < 0)
		return status_set(&c->status, 400, "BadRequest", "%s", e.msg);
	(void)str_copy(f->name, sizeof(f->name), r->name);
	*ret = STEAL(f);
	return 0;
}

bool api_filter_match(void *filter, struct json_object *object)
{
	struct api_filter *f = filter;

	return (!*f->name || str_eq(f->name, object_name(object))) &&
	       selector_match(f->labels, object) && selector_match(f->fields, object);
}

void api_filter_free(struct api_filter *f)
{
	if (!f)
		return;
	selector_free(f->labels);
	selector_free(f->fields);
	free(f);
}

void api_get(struct api_call *c)
{
	const struct request *r = &c->req;
	struct json_object *object = store_get(c->api->set.store, r->kind->id, r->ns, r->name);

	if (!object) {
		status_not_found(&c->status, r->kind, r->name);
		call_refuse(c);
		return;
	}
	call_answer_object(c, 200, object);
}

/* --- lists --- */

struct page {
	uint64_t limit;            /* 0: all */
	uint64_t version;          /* the moment shown */
	bool is_past;              /* not the newest: from the history */
	char after[STORE_KEY_MAX]; /* key to go on behind; "" from the start */
};

static void continue_token(const struct page *p, int64_t version, char *ret, size_t size)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_str(o, "v", "meta.k8s.io/v1");
	json_put_int(o, "rv", version);
	json_put_str(o, "start", p->after);
	if (base64_encode(json_object_to_json_string_ext(o, JSON_OUT), 0, ret, size) < 0)
		*ret = '\0';
}

static int expired_token(struct api_call *c, const struct page *p)
{
	char token[1024];

	continue_token(p, -1, token, sizeof(token));
	status_set(&c->status, 410, "Expired",
		   "The provided continue parameter is too old to display a consistent list "
		   "result. You can start a new list without the continue parameter, or use the "
		   "continue token in this response to retrieve the remainder of the results. "
		   "Continuing with the provided token results in an inconsistent list - objects "
		   "that were created, modified, or deleted between the time the first chunk was "
		   "returned and now may show up in the list.");
	json_put_str(c->status, "metadata/continue", token);
	return -1;
}

/* "start" is the key plus a NUL in the server's own tokens: the last character is cut. */
static int read_token(struct api_call *c, const char *token, struct page *p)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	char text[1024];
	struct err e;
	size_t len;
	int64_t version;
	const char *start;

	if (base64_decode(token, text, sizeof(text), &len) < 0 ||
	    json_parse(text, len, &o, &e) < 0 || !(start = json_str_at(o, "start")) ||
	    !str_eq(json_str_at(o, "v"), "meta.k8s.io/v1") || !json_at(o, "rv") ||
	    str_copy(p->after, sizeof(p->after), start) < 0)
		return status_set(&c->status, 400, "BadRequest",
				  "continue key is not valid: it was not made by this server");
	version = json_object_get_int64(json_at(o, "rv"));
	if (version > 0) {
		p->version = (uint64_t)version;
		p->is_past = true;
	}
	return 0;
}

static int too_new(struct api_call *c, uint64_t version)
{
	status_set(&c->status, 504, "Timeout",
		   "Timeout: Too large resource version: %llu, current: %llu",
		   (unsigned long long)version,
		   (unsigned long long)store_version(c->api->set.store));
	status_cause(c->status, "ResourceVersionTooLarge", "Too large resource version", NULL);
	json_put_int(json_at(c->status, "details"), "retryAfterSeconds", 1);
	return -1;
}

static int read_page(struct api_call *c, struct page *p)
{
	const char *token = request_param(&c->req, "continue");
	const char *match = request_param(&c->req, "resourceVersionMatch");
	uint64_t version = 0;
	bool given;

	p->version = store_version(c->api->set.store);
	if (call_param_uint(c, "limit", &p->limit) < 0 ||
	    call_param_version(c, &version, &given) < 0)
		return -1;
	if (match && *match && !given)
		return status_set(&c->status, 422, "Invalid",
				  "resourceVersionMatch: Forbidden: resourceVersionMatch is "
				  "forbidden unless resourceVersion is provided");
	if (token && *token)
		return read_token(c, token, p);
	if (version > p->version)
		return too_new(c, version);
	if (str_eq(match, "Exact")) {
		p->version = version;
		p->is_past = true;
	}
	return 0;
}

/* Keeps what comes behind p->after, up to the limit; p->after becomes the last key when there is
 * more. Returns how many were left out. */
static size_t cut_page(struct json_object *items, struct page *p, struct json_object *ret)
{
	size_t n = json_length(items), taken = 0;
	char key[STORE_KEY_MAX] = "";

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(items, i);
		char this_key[STORE_KEY_MAX];

		if (!object_key(o, this_key, sizeof(this_key)) || strcmp(this_key, p->after) <= 0)
			continue;
		if (p->limit > 0 && taken == p->limit) {
			(void)str_copy(p->after, sizeof(p->after), key);
			return n - i;
		}
		json_object_array_add(ret, json_object_get(o));
		(void)str_copy(key, sizeof(key), this_key);
		taken++;
	}
	return 0;
}

static void send_page(struct api_call *c, struct page *p, struct json_object *all)
{
	AUTO(json_object_put) struct json_object *items = json_object_new_array();
	AUTO(json_object_put) struct json_object *meta = json_object_new_object();
	AUTO(json_object_put) struct json_object *out = NULL;
	size_t left = cut_page(all, p, items);
	char text[1024];

	(void)str_fmt(text, sizeof(text), "%llu", (unsigned long long)p->version);
	json_put_str(meta, "resourceVersion", text);
	if (left > 0) {
		continue_token(p, (int64_t)p->version, text, sizeof(text));
		json_put_str(meta, "continue", text);
		json_put_int(meta, "remainingItemCount", (int64_t)left);
	}
	out = output_list(&c->form, c->req.kind, items, meta);
	call_answer(c, 200, out);
}

static int gather(struct api_call *c, struct page *p, struct json_object **ret)
{
	AUTO(api_filter_free) struct api_filter *filter = NULL;
	const struct request *r = &c->req;
	struct err e;

	if (api_filter_new(c, &filter) < 0 || read_page(c, p) < 0)
		return -1;
	if (!p->is_past) {
		*ret = store_list(c->api->set.store, r->kind->id, r->ns, api_filter_match, filter);
		return 0;
	}
	if (p->version > store_version(c->api->set.store))
		return too_new(c, p->version);
	if (store_list_at(c->api->set.store, r->kind->id, r->ns, p->version, api_filter_match,
			  filter, ret, &e) < 0)
		return *p->after ? expired_token(c, p)
				 : status_set(
					   &c->status, 410, "Expired",
					   "The resourceVersion for the provided list is too old.");
	return 0;
}

void api_list(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *all = NULL;
	struct page p = {.limit = 0};

	if (gather(c, &p, &all) < 0)
		call_refuse(c);
	else
		send_page(c, &p, all);
}
