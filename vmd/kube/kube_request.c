/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Create, change and delete of one object. Owns the
 * requests under way; each calls its owner back exactly once, from the loop. Every one may be
 * repeated: vmd may have died after the server did it.
 *
 * Deletes leave propagation to the background: KubeVirt's own finalizer keeps a VM until its guest
 * is gone, PVs and PVCs in use are kept by theirs. */
#include "vmd/kube/kube_request.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>
#include <sys/queue.h>

#define ONLY_METADATA                                                                              \
	"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json"

struct request {
	LIST_ENTRY(request) link;
	struct requests *of;
	enum kube_object what;
	char name[VM_NAME_MAX + 1];
	char job_key[JOB_KEY_MAX + 1];
	char claim_uid[VM_UID_MAX + 1]; /* a PV's; "" of others */
	char owner_uid[VM_UID_MAX + 1]; /* "" nobody's */
	kube_done_fn done;
	void *ctx;
	int64_t took_us; /* of the steps before this one */
};

struct requests {
	struct http *http;
	char name_space[64];
	LIST_HEAD(request_list, request) list;
};

/* serialised documents hold passwords */
static void secret_text_auto(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

struct requests *requests_new(struct http *h, const char *name_space)
{
	struct requests *rs = calloc(1, sizeof(*rs));

	if (!rs)
		abort();
	rs->http = h;
	LIST_INIT(&rs->list);
	if (str_copy(rs->name_space, sizeof(rs->name_space), name_space) < 0)
		abort(); /* the settings' field has the same size */
	return rs;
}

void requests_free(struct requests *rs)
{
	struct request *r;

	if (!rs)
		return;
	while ((r = LIST_FIRST(&rs->list))) {
		LIST_REMOVE(r, link);
		free(r);
	}
	free(rs);
}

int request_path(const char *name_space, enum kube_object what, char *buf, size_t size)
{
	switch (what) {
	case KUBE_VM:
		return str_fmt(buf, size, "/apis/kubevirt.io/v1/namespaces/%s/virtualmachines",
			       name_space);
	case KUBE_PV: return str_fmt(buf, size, "/api/v1/persistentvolumes");
	case KUBE_PVC:
		return str_fmt(buf, size, "/api/v1/namespaces/%s/persistentvolumeclaims",
			       name_space);
	case KUBE_SECRET: return str_fmt(buf, size, "/api/v1/namespaces/%s/secrets", name_space);
	case KUBE_MIGRATION:
		return str_fmt(
			buf, size,
			"/apis/kubevirt.io/v1/namespaces/%s/virtualmachineinstancemigrations",
			name_space);
	case KUBE_NODE: return str_fmt(buf, size, "/api/v1/nodes");
	}
	return -1;
}

static const char *object_word(enum kube_object what)
{
	switch (what) {
	case KUBE_VM: return "VM";
	case KUBE_PV: return "PV";
	case KUBE_PVC: return "PVC";
	case KUBE_SECRET: return "Secret";
	case KUBE_MIGRATION: return "migration";
	case KUBE_NODE: return "node";
	}
	return "?";
}

static int path_of(const struct requests *rs, enum kube_object what, const char *name, char *buf,
		   size_t size)
{
	char base[128];

	if (request_path(rs->name_space, what, base, sizeof(base)) < 0)
		return -1;
	return str_fmt(buf, size, "%s/%s", base, name);
}

static struct request *request_new(struct requests *rs, enum kube_object what, const char *name,
				   kube_done_fn done, void *ctx, struct err *e)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	if (!name || !str_is_name(name, VM_NAME_MAX) ||
	    str_copy(r->name, sizeof(r->name), name) < 0) {
		free(r);
		(void)err_set(e, ERR_INVALID, "'%.80s' is no name for an object", name ? name : "");
		return NULL;
	}
	r->of = rs;
	r->what = what;
	r->done = done;
	r->ctx = ctx;
	LIST_INSERT_HEAD(&rs->list, r, link);
	return r;
}

static void request_drop(struct request *r)
{
	LIST_REMOVE(r, link);
	free(r);
}

static void finish(struct request *r, struct err *e, int64_t took_us)
{
	kube_done_fn done = r->done;
	void *ctx = r->ctx;

	took_us += r->took_us;
	if (e->kind != ERR_NONE)
		(void)err_wrap(e, "%s %s", object_word(r->what), r->name);
	request_drop(r);
	done(ctx, e, took_us);
}

/* ---- create ---- */

static void on_stale_gone(void *ctx, const struct err *e, int64_t took_us)
{
	struct err why = *e;

	if (why.kind == ERR_NONE)
		(void)err_set(&why, ERR_RETRY, "an earlier one was in the way");
	finish(ctx, &why, took_us);
}

/* 1: ours; 0: another owner's, which is being removed, and then r goes on. */
static int is_ours(struct request *r, const struct http_reply *reply, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	const char *owner;
	struct meta m;

	if (json_parse(reply->body, reply->len, &doc, e) < 0 || meta_decode(doc, &m, e) < 0)
		return -1;
	if (!str_eq(m.job_key, r->job_key))
		return err_set(e, ERR_CONFLICT, "exists and is not of job %s", r->job_key);
	if (m.deleting)
		return err_set(e, ERR_RETRY, "the one that is there is being deleted");
	if (*r->claim_uid && !str_eq(json_str_at(doc, "spec/claimRef/uid"), r->claim_uid))
		return err_set(e, ERR_CONFLICT, "exists for another run of job %s", r->job_key);
	owner = meta_owner_uid(doc);
	if (!*r->owner_uid || (owner && str_eq(owner, r->owner_uid)))
		return 1;
	return request_delete(r->of, r->what, r->name, m.uid, "", on_stale_gone, r, e);
}

static void on_existing(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct request *r = ctx;
	struct err why = *e;

	if (e->kind == ERR_ABSENT)
		(void)err_set(&why, ERR_RETRY, "it existed, and is gone now");
	else if (e->kind == ERR_NONE && is_ours(r, reply, &why) == 0)
		return;
	finish(r, &why, reply->took_us);
}

/* There is one of that name: is it ours? */
static void look_at_existing(struct request *r, const struct http_reply *reply)
{
	char path[256];
	struct err e = {.kind = ERR_NONE};

	r->took_us += reply->took_us;
	if (path_of(r->of, r->what, r->name, path, sizeof(path)) < 0)
		(void)err_set(&e, ERR_INVALID, "the path is too long");
	else if (http_send(
			 r->of->http,
			 &(struct http_request){.method = "GET",
						.path = path,
						.accept = r->what == KUBE_PV ? NULL : ONLY_METADATA,
						.done = on_existing,
						.ctx = r},
			 NULL, &e) == 0)
		return;
	finish(r, &e, 0);
}

static void on_created(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct request *r = ctx;
	struct err why = *e;

	if (reply->status == 409 && e->kind == ERR_CONFLICT) {
		look_at_existing(r, reply);
		return;
	}
	if (e->kind == ERR_ABSENT) /* the namespace, or KubeVirt as a whole: not the job's fault */
		why.kind = ERR_RETRY;
	/* Another one goes on, the node is full: KubeVirt says 400 to what may work later. */
	if (r->what == KUBE_MIGRATION && e->kind == ERR_INVALID)
		why.kind = ERR_RETRY;
	finish(r, &why, reply->took_us);
}

int request_post(struct http *h, const char *path, struct json_object *doc, http_done_fn done,
		 void *ctx, struct err *e)
{
	AUTO(secret_text)
	char *body = strdup(json_object_to_json_string_ext(
		doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

	if (!body)
		abort();
	return http_send(
		h,
		&(struct http_request){
			.method = "POST", .path = path, .body = body, .done = done, .ctx = ctx},
		NULL, e);
}

int request_create(struct requests *rs, enum kube_object what, struct json_object *given,
		   kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = given;
	struct json_object *key = NULL;
	const char *claim_uid, *owner_uid = meta_owner_uid(doc);
	char path[256];
	struct request *r = request_new(rs, what, json_str_at(doc, "metadata/name"), done, ctx, e);

	if (!r)
		return -1;
	json_object_object_get_ex(json_at(doc, "metadata/labels"), LABEL_KEY, &key);
	if (!key || str_copy(r->job_key, sizeof(r->job_key), json_object_get_string(key)) < 0 ||
	    !r->job_key[0]) {
		request_drop(r);
		return err_set(e, ERR_INVALID, "an object without a job's key");
	}
	claim_uid = json_str_at(doc, "spec/claimRef/uid");
	if (claim_uid && str_copy(r->claim_uid, sizeof(r->claim_uid), claim_uid) < 0) {
		request_drop(r);
		return err_set(e, ERR_INVALID, "the claim's uid is too long");
	}
	if (owner_uid && str_copy(r->owner_uid, sizeof(r->owner_uid), owner_uid) < 0) {
		request_drop(r);
		return err_set(e, ERR_INVALID, "the owner's uid is too long");
	}
	if (request_path(rs->name_space, what, path, sizeof(path)) < 0 ||
	    request_post(rs->http, path, doc, on_created, r, e) < 0) {
		request_drop(r);
		return -1;
	}
	return 0;
}

/* ---- patch ---- */

static void on_patched(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct err why = *e;

	finish(ctx, &why, reply->took_us);
}

int request_patch(struct requests *rs, enum kube_object what, const char *name,
		  struct json_object *given, kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = given;
	struct request *r = request_new(rs, what, name, done, ctx, e);
	char path[256];

	if (!r)
		return -1;
	if (path_of(rs, what, name, path, sizeof(path)) < 0 ||
	    http_send(rs->http,
		      &(struct http_request){
			      .method = "PATCH",
			      .path = path,
			      .content_type = "application/merge-patch+json",
			      .body = json_object_to_json_string_ext(
				      doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			      .done = on_patched,
			      .ctx = r},
		      NULL, e) < 0) {
		request_drop(r);
		return -1;
	}
	return 0;
}

/* call: of a VM or its VMI, which have one name; kind: "virtualmachines", ... */
static int subresource_put(struct requests *rs, const char *kind, const char *name,
			   const char *call, const char *body, kube_done_fn done, void *ctx,
			   struct err *e)
{
	struct request *r = request_new(rs, KUBE_VM, name, done, ctx, e);
	char path[256];

	if (!r)
		return -1;
	if (str_fmt(path, sizeof(path), "/apis/subresources.kubevirt.io/v1/namespaces/%s/%s/%s/%s",
		    rs->name_space, kind, r->name, call) < 0 ||
	    http_send(rs->http,
		      &(struct http_request){.method = "PUT",
					     .path = path,
					     .body = body,
					     .done = on_patched,
					     .ctx = r},
		      NULL, e) < 0) {
		request_drop(r);
		return -1;
	}
	return 0;
}

int request_keep(struct requests *rs, const char *vmi, kube_done_fn done, void *ctx, struct err *e)
{
	return subresource_put(rs, "virtualmachineinstances", vmi, "evacuate/cancel", "{}", done,
			       ctx, e);
}

int request_vm_call(struct requests *rs, const char *vm, const char *call, struct json_object *doc,
		    kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(json_object_put) struct json_object *body = doc;

	return subresource_put(rs, "virtualmachines", vm, call,
			       json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN), done,
			       ctx, e);
}

/* ---- delete ---- */

static void on_deleted(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct err why = *e;

	if (why.kind == ERR_ABSENT)
		why = (struct err){.kind = ERR_NONE}; /* gone already */
	finish(ctx, &why, reply->took_us);
}

int request_delete(struct requests *rs, enum kube_object what, const char *name, const char *uid,
		   const char *version, kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(json_object_put) struct json_object *options = json_object_new_object();
	struct request *r = request_new(rs, what, name, done, ctx, e);
	char path[256];

	if (!r)
		return -1;
	json_put_str(options, "apiVersion", "v1");
	json_put_str(options, "kind", "DeleteOptions");
	json_put_str(options, "propagationPolicy", "Background");
	if (*uid)
		json_put_str(options, "preconditions/uid", uid);
	if (*version)
		json_put_str(options, "preconditions/resourceVersion", version);
	if (path_of(rs, what, name, path, sizeof(path)) < 0 ||
	    http_send(rs->http,
		      &(struct http_request){.method = "DELETE",
					     .path = path,
					     .body = json_object_to_json_string_ext(
						     options, JSON_C_TO_STRING_PLAIN),
					     .done = on_deleted,
					     .ctx = r},
		      NULL, e) < 0) {
		request_drop(r);
		return -1;
	}
	return 0;
}
