/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removes the launcher pods of one VM from one node, by force: lists them, deletes each by its uid
 * with grace period 0, and calls back once, when all have been answered. Owns the deletions under
 * way. The pods of a live migration's other side, on a node that is there, are left to it. */
#include "vmd/kube/kube_pod.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>
#include <sys/queue.h>

#define PODS_BODY_MAX (8U << 20)
#define PODS_MAX      32 /* of one VM: two during a migration, and some that have ended */

struct pod_deletion {
	LIST_ENTRY(pod_deletion) link;
	struct pod_deletions *of;
	char node[JOB_NODE_MAX + 1];
	kube_done_fn done;
	void *ctx;
	unsigned open; /* deletions under way */
	struct err e;  /* the first that went wrong */
	int64_t took_us;
};

struct pod_deletions {
	struct http *http;
	char name_space[64];
	LIST_HEAD(pod_deletion_list, pod_deletion) list;
};

static const struct json_field pod_fields[] = {
	JSON_FIELD(struct kube_pod, name, "metadata/name", J_STR, true),
	JSON_FIELD(struct kube_pod, uid, "metadata/uid", J_STR, true),
	JSON_FIELD(struct kube_pod, node, "spec/nodeName", J_STR, false),
};

int kube_pod_decode(struct json_object *doc, struct kube_pod *ret, struct err *e)
{
	struct kube_pod p = {.node = ""};

	if (json_read(doc, pod_fields, ARRAY_LEN(pod_fields), &p, e) < 0)
		return err_wrap(e, "pod");
	if (!str_is_name(p.name, POD_NAME_MAX))
		return err_set(e, ERR_INVALID, "pod: '%.80s' is no name", p.name);
	*ret = p;
	return 0;
}

struct pod_deletions *pod_deletions_new(struct http *h, const char *name_space)
{
	struct pod_deletions *all = calloc(1, sizeof(*all));

	if (!all)
		abort();
	all->http = h;
	LIST_INIT(&all->list);
	if (str_copy(all->name_space, sizeof(all->name_space), name_space) < 0)
		abort(); /* the settings' field has the same size */
	return all;
}

static void pod_deletion_free(struct pod_deletion *r)
{
	LIST_REMOVE(r, link);
	free(r);
}

void pod_deletions_free(struct pod_deletions *all)
{
	struct pod_deletion *r;

	if (!all)
		return;
	while ((r = LIST_FIRST(&all->list)))
		pod_deletion_free(r);
	free(all);
}

static void failed(struct pod_deletion *r, const struct err *e)
{
	if (r->e.kind == ERR_NONE)
		r->e = *e;
}

static void finish_if_over(struct pod_deletion *r)
{
	kube_done_fn done = r->done;
	void *ctx = r->ctx;
	int64_t took_us = r->took_us;
	struct err e = r->e;

	if (r->open > 0)
		return;
	if (e.kind != ERR_NONE)
		(void)err_wrap(&e, "launcher pod");
	pod_deletion_free(r);
	done(ctx, &e, took_us);
}

static void on_deleted(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct pod_deletion *r = ctx;

	r->open--;
	r->took_us += reply->took_us;
	/* Gone already; or it is another pod by now, which is none of ours to remove. */
	if (e->kind != ERR_NONE && e->kind != ERR_ABSENT)
		failed(r, e);
	finish_if_over(r);
}

static int pod_delete(struct pod_deletion *r, const struct kube_pod *p, struct err *e)
{
	AUTO(json_object_put) struct json_object *options = json_object_new_object();
	char path[512];

	json_put_str(options, "apiVersion", "v1");
	json_put_str(options, "kind", "DeleteOptions");
	json_put_int(options, "gracePeriodSeconds", 0);
	json_put_str(options, "preconditions/uid", p->uid);
	if (str_fmt(path, sizeof(path), "/api/v1/namespaces/%s/pods/%s", r->of->name_space,
		    p->name) < 0)
		return err_set(e, ERR_INVALID, "the path is too long");
	return http_send(r->of->http,
			 &(struct http_request){.method = "DELETE",
						.path = path,
						.body = json_object_to_json_string_ext(
							options, JSON_C_TO_STRING_PLAIN),
						.done = on_deleted,
						.ctx = r},
			 NULL, e);
}

static void pods_delete(struct pod_deletion *r, struct json_object *list)
{
	size_t n = json_length(list);
	struct err e;

	if (n > PODS_MAX) {
		err_set(&e, ERR_INVALID, "%zu of one VM", n);
		failed(r, &e);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct kube_pod p;

		if (kube_pod_decode(json_object_array_get_idx(list, i), &p, &e) < 0) {
			failed(r, &e);
			continue;
		}
		if (!str_eq(p.node, r->node))
			continue;
		if (pod_delete(r, &p, &e) == 0)
			r->open++;
		else
			failed(r, &e);
	}
}

static void on_pods(void *ctx, const struct http_reply *reply, const struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct pod_deletion *r = ctx;
	struct err why = *e;

	r->took_us = reply->took_us;
	if (why.kind == ERR_NONE && json_parse(reply->body, reply->len, &doc, &why) == 0)
		pods_delete(r, json_at(doc, "items"));
	else
		failed(r, &why);
	finish_if_over(r);
}

int pod_deletion_start(struct pod_deletions *all, const char *vm, const char *job_key,
		       const char *node, kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(free) struct pod_deletion *r = calloc(1, sizeof(*r));
	char path[512];

	if (!r)
		abort();
	*r = (struct pod_deletion){.of = all, .done = done, .ctx = ctx};
	if (!str_is_name(vm, VM_NAME_MAX) || !str_is_name(job_key, JOB_KEY_MAX) ||
	    str_copy(r->node, sizeof(r->node), node) < 0 || !*node ||
	    str_fmt(path, sizeof(path),
		    "/api/v1/namespaces/%s/pods?labelSelector=kubevirt.io%%3Dvirt-launcher,"
		    "kubevirt.io%%2Fdomain%%3D%s,slurm-vm.io%%2Fkey%%3D%s",
		    all->name_space, vm, job_key) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' on '%.80s' is no VM with a node", vm, node);
	if (http_send(all->http,
		      &(struct http_request){.method = "GET",
					     .path = path,
					     .body_max = PODS_BODY_MAX,
					     .done = on_pods,
					     .ctx = r},
		      NULL, e) < 0)
		return -1;
	LIST_INSERT_HEAD(&all->list, r, link);
	STEAL(r);
	return 0;
}
