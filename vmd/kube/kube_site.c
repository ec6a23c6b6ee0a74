/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See kube_site.h. First /version, which says whether anybody answers; then what needs the token;
 * then everything else at once. Each answer is written where its question says. One thread, one
 * loop, and no state that outlives the call. */
#include "vmd/kube/kube_site.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_http.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_request.h"
#include "vmd/kube/kube_secret.h"

#include <string.h>
#include <systemd/sd-event.h>

#define PARALLEL  8
#define QUEUE     8192 /* a VM of each image, a review of each verb */
#define NODES_MAX (64U << 20)

struct asking {
	const struct settings *s;
	struct site_kube *kube;
	struct kube_site_key *key;
	sd_event *loop;
	struct http *http;
	size_t pending;
};

/* Who reads an answer, and where it goes. */
struct question {
	struct asking *a;
	void (*read)(struct question *q, const struct http_reply *r, const struct err *e);
	size_t i, j;
};

DEFINE_AUTO(sd_event *, sd_event_unref)

static void on_reply(void *ctx, const struct http_reply *r, const struct err *e)
{
	AUTO(free) struct question *q = ctx;
	struct asking *a = q->a;

	q->read(q, r, e);
	a->pending--;
}

/* Takes over doc (NULL: a GET). What cannot be sent is an answer, too. */
static void ask(struct asking *a, const struct question *question, const char *path,
		struct json_object *doc)
{
	struct question *q = malloc(sizeof(*q));
	struct err e = {.kind = ERR_NONE};
	int rc;

	if (!q)
		abort();
	*q = *question;
	q->a = a;
	a->pending++;
	if (doc)
		rc = request_post(a->http, path, doc, on_reply, q, &e);
	else
		rc = http_send(a->http,
			       &(struct http_request){.method = "GET",
						      .path = path,
						      .body_max = NODES_MAX,
						      .done = on_reply,
						      .ctx = q},
			       NULL, &e);
	if (rc == 0)
		return;
	q->read(q, &(struct http_reply){.body = ""}, &e);
	a->pending--;
	free(q);
}

static void wait_all(struct asking *a)
{
	while (a->pending > 0 && sd_event_run(a->loop, UINT64_MAX) >= 0)
		;
}

/* ---- who answers ---- */

static void read_version(struct question *q, const struct http_reply *r, const struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct site_kube *k = q->a->kube;
	const char *text;

	k->version = *e;
	if (e->kind != ERR_NONE || json_parse(r->body, r->len, &doc, &k->version) < 0)
		return;
	text = json_str_at(doc, "gitVersion");
	str_cut(k->kubernetes, sizeof(k->kubernetes), text ? text : "?");
	k->skew_known = r->date_s != 0;
	k->skew_s = r->date_s - clock_wall_s();
}

static void read_kubevirt(struct question *q, const struct http_reply *r, const struct err *e)
{
	(void)r;
	q->a->kube->kubevirt = *e;
}

/* KubeVirt tells it to whoever has a token. One that does not is none the worse. */
static void read_release(struct question *q, const struct http_reply *r, const struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct site_kube *k = q->a->kube;
	const char *text;
	struct err ignored;

	if (e->kind != ERR_NONE || json_parse(r->body, r->len, &doc, &ignored) < 0)
		return;
	text = json_str_at(doc, "gitVersion");
	str_cut(k->release, sizeof(k->release), text ? text : "");
}

/* ---- what is allowed ---- */

static void read_review(struct question *q, const struct http_reply *r, const struct err *e)
{
	if (e->kind == ERR_NONE)
		q->a->kube->right[q->i][q->j] = kube_site_answer(r->body, r->len);
}

static void ask_rights(struct asking *a)
{
	static const char path[] = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
	char verb[16];

	for (size_t i = 0; i < site_rights_n; i++)
		for (size_t v = 0; site_right_verb(&site_rights[i], v, verb, sizeof(verb)); v++)
			ask(a, &(struct question){.read = read_review, .i = i, .j = v}, path,
			    kube_site_review(&site_rights[i], verb, a->s->kube_namespace));
}

/* ---- what is there ---- */

static void read_nodes(struct question *q, const struct http_reply *r, const struct err *e)
{
	struct site_kube *k = q->a->kube;

	k->nodes_err = *e;
	if (e->kind == ERR_NONE)
		(void)kube_site_nodes(r->body, r->len, &k->nodes, &k->nodes_err);
}

static void read_network(struct question *q, const struct http_reply *r, const struct err *e)
{
	(void)r;
	q->a->kube->nad[q->i] = *e;
}

static void ask_networks(struct asking *a)
{
	for (size_t i = 0; i < a->s->n_network; i++) {
		char space[64], name[64], path[256];

		if (meta_split(a->s->network[i].nad, a->s->kube_namespace, space, sizeof(space),
			       name, sizeof(name)) < 0 ||
		    str_fmt(path, sizeof(path),
			    "/apis/k8s.cni.cncf.io/v1/namespaces/%s/network-attachment-definitions/"
			    "%s",
			    space, name) < 0)
			continue; /* the settings would have been refused */
		ask(a, &(struct question){.read = read_network, .i = i}, path, NULL);
	}
}

static void read_secret(struct question *q, const struct http_reply *r, const struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct site_kube *k = q->a->kube;
	struct kube_site_key *key = q->a->key;
	const char *user, *text;

	k->secret = *e;
	if (e->kind != ERR_NONE || json_parse(r->body, r->len, &doc, &k->secret) < 0)
		return;
	user = json_str_at(doc, "data/userID");
	text = json_str_at(doc, "data/userKey");
	k->secret_whole = user && text && *user && *text &&
			  secret_base64(user, key->user, sizeof(key->user)) == 0 &&
			  secret_base64(text, key->key, sizeof(key->key)) == 0;
}

static void ask_secret(struct asking *a)
{
	char space[64], name[64], path[256];

	if (meta_split(a->s->ceph_secret, a->s->kube_namespace, space, sizeof(space), name,
		       sizeof(name)) == 0 &&
	    str_fmt(path, sizeof(path), "/api/v1/namespaces/%s/secrets/%s", space, name) == 0)
		ask(a, &(struct question){.read = read_secret}, path, NULL);
}

/* ---- what would be taken ---- */

static void read_vm(struct question *q, const struct http_reply *r, const struct err *e)
{
	(void)r;
	q->a->kube->vm[q->i] = *e;
}

static void ask_vms(struct asking *a)
{
	const struct catalogue *c = &a->s->catalogue;
	char path[256];

	a->kube->vm = calloc(c->n + 1, sizeof(*a->kube->vm));
	if (!a->kube->vm)
		abort();
	(void)str_fmt(path, sizeof(path),
		      "/apis/kubevirt.io/v1/namespaces/%s/virtualmachines?dryRun=All",
		      a->s->kube_namespace);
	for (size_t i = 0; i < c->n; i++) {
		struct json_object *doc = NULL;

		if (kube_site_vm(a->s, &c->image[i], &doc, &a->kube->vm[i]) == 0)
			ask(a, &(struct question){.read = read_vm, .i = i}, path, doc);
	}
}

/* ---- all of it ---- */

static void ask_all(struct asking *a)
{
	ask(a, &(struct question){.read = read_version}, "/version", NULL);
	wait_all(a);
	if (a->kube->version.kind != ERR_NONE)
		return;
	ask(a, &(struct question){.read = read_kubevirt}, "/apis/kubevirt.io/v1", NULL);
	wait_all(a);
	if (a->kube->kubevirt.kind != ERR_NONE)
		return;
	ask(a, &(struct question){.read = read_release},
	    "/apis/subresources.kubevirt.io/v1/version", NULL);
	ask_rights(a);
	ask(a, &(struct question){.read = read_nodes}, "/api/v1/nodes", NULL);
	ask_networks(a);
	ask_secret(a);
	ask_vms(a);
	wait_all(a);
}

void kube_site_ask(const struct settings *s, struct site_kube *ret, struct kube_site_key *ret_key)
{
	AUTO(sd_event_unref) sd_event *loop = NULL;
	AUTO(http_free) struct http *http = NULL;
	struct asking a = {.s = s, .kube = ret, .key = ret_key};

	*ret = (struct site_kube){.version = SITE_NOT_ASKED,
				  .kubevirt = SITE_NOT_ASKED,
				  .nodes_err = SITE_NOT_ASKED,
				  .secret = SITE_NOT_ASKED};
	*ret_key = (struct kube_site_key){.user = ""};
	if (sd_event_new(&loop) < 0)
		abort();
	if (http_new(loop,
		     &(struct http_settings){.server = s->kube_server,
					     .ca_file = s->kube_ca_file,
					     .token_file = s->kube_token_file,
					     .timeout_us = s->kube_timeout_s * SEC_US,
					     .parallel_max = PARALLEL,
					     .queue_max = QUEUE},
		     &http, &ret->version) < 0)
		return;
	a.loop = loop;
	a.http = http;
	ask_all(&a);
}
