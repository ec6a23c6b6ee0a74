/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the parts one after the other, each of which may be there already, then asks for a token.
 * What is made on the way is harmless without a token and goes with the VM, so nothing is undone
 * when a step fails. The token is copied once, handed on, and wiped. */
#include "vmd/kube/kube_access.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>
#include <sys/queue.h>

#define RBAC      "rbac.authorization.k8s.io"
#define TOKEN_MAX 8192

struct opening {
	LIST_ENTRY(opening) link;
	struct accesses *all;
	enum access_part part;
	struct kube_access what;
	kube_access_fn done;
	void *ctx;
};

struct accesses {
	struct http *http;
	const struct settings *settings;
	LIST_HEAD(openings, opening) first;
};

struct accesses *accesses_new(struct http *h, const struct settings *s)
{
	struct accesses *as = calloc(1, sizeof(*as));

	if (!as)
		abort();
	as->http = h;
	as->settings = s;
	return as;
}

void accesses_settings(struct accesses *as, const struct settings *s)
{
	as->settings = s;
}

void accesses_free(struct accesses *as)
{
	struct opening *o;

	if (!as)
		return;
	while ((o = LIST_FIRST(&as->first))) {
		LIST_REMOVE(o, link);
		free(o);
	}
	free(as);
}

/* --- documents --- */

static struct json_object *strings(const char *const *text, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(text[i]));
	return list;
}

static struct json_object *list_of(struct json_object *one)
{
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, one);
	return list;
}

static struct json_object *owned(const struct settings *s, const struct kube_access *a,
				 const char *api, const char *kind)
{
	struct json_object *doc =
		meta_object(api, kind, a->vm, s->kube_namespace, s->cluster, a->job_key, a->job_id);

	meta_put_owner(doc, "kubevirt.io/v1", "VirtualMachine", a->vm, a->vm_uid);
	return doc;
}

/* vnc/screenshot is a resource of its own. */
static struct json_object *rule(const char *vm)
{
	static const char *const parts[] = {
		"virtualmachineinstances/vnc", "virtualmachineinstances/vnc/screenshot",
		"virtualmachineinstances/console", "virtualmachineinstances/portforward"};
	static const char *const group[] = {"subresources.kubevirt.io"}, *const get[] = {"get"};
	struct json_object *r = json_object_new_object();

	json_put_at(r, "apiGroups", strings(group, 1));
	json_put_at(r, "resources", strings(parts, ARRAY_LEN(parts)));
	json_put_at(r, "resourceNames", strings(&vm, 1));
	json_put_at(r, "verbs", strings(get, 1));
	return r;
}

struct json_object *access_encode(const struct settings *s, const struct kube_access *a,
				  enum access_part p)
{
	struct json_object *doc = NULL, *subject;

	switch (p) {
	case ACCESS_ACCOUNT:
		doc = owned(s, a, "v1", "ServiceAccount");
		json_put_bool(doc, "automountServiceAccountToken", false);
		break;
	case ACCESS_ROLE:
		doc = owned(s, a, RBAC "/v1", "Role");
		json_put_at(doc, "rules", list_of(rule(a->vm)));
		break;
	case ACCESS_BINDING:
		doc = owned(s, a, RBAC "/v1", "RoleBinding");
		json_put_str(doc, "roleRef/apiGroup", RBAC);
		json_put_str(doc, "roleRef/kind", "Role");
		json_put_str(doc, "roleRef/name", a->vm);
		subject = json_object_new_object();
		json_put_str(subject, "kind", "ServiceAccount");
		json_put_str(subject, "name", a->vm);
		json_put_str(subject, "namespace", s->kube_namespace);
		json_put_at(doc, "subjects", list_of(subject));
		break;
	case ACCESS_TOKEN:
		doc = json_object_new_object();
		json_put_str(doc, "apiVersion", "authentication.k8s.io/v1");
		json_put_str(doc, "kind", "TokenRequest");
		json_put_int(doc, "spec/expirationSeconds", ACCESS_LIFE_S);
		break;
	}
	return doc;
}

static int path_of(const struct settings *s, const char *vm, enum access_part p, char *buf,
		   size_t size)
{
	const char *ns = s->kube_namespace;

	switch (p) {
	case ACCESS_ACCOUNT: return str_fmt(buf, size, "/api/v1/namespaces/%s/serviceaccounts", ns);
	case ACCESS_ROLE: return str_fmt(buf, size, "/apis/" RBAC "/v1/namespaces/%s/roles", ns);
	case ACCESS_BINDING:
		return str_fmt(buf, size, "/apis/" RBAC "/v1/namespaces/%s/rolebindings", ns);
	case ACCESS_TOKEN:
		return str_fmt(buf, size, "/api/v1/namespaces/%s/serviceaccounts/%s/token", ns, vm);
	}
	return -1;
}

int access_decode(const char *body, size_t len, char *token, size_t size, int64_t *ret_until_s,
		  struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	const char *text;

	if (json_parse(body, len, &doc, e) < 0)
		return err_wrap(e, "token");
	text = json_str_at(doc, "status/token");
	if (!text || !*text || str_copy(token, size, text) < 0)
		return err_set(e, ERR_INVALID, "the API server gave no token that can be used");
	*ret_until_s = meta_time_s(json_str_at(doc, "status/expirationTimestamp"));
	return 0;
}

/* --- one after the other --- */

static void on_reply(void *ctx, const struct http_reply *r, const struct err *e);

static int send_part(struct opening *o, struct err *e)
{
	AUTO(json_object_put)
	struct json_object *doc = access_encode(o->all->settings, &o->what, o->part);
	char path[400];

	if (path_of(o->all->settings, o->what.vm, o->part, path, sizeof(path)) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' is too long for a name", o->what.vm);
	return http_send(o->all->http,
			 &(struct http_request){.method = "POST",
						.path = path,
						.body = json_object_to_json_string_ext(
							doc, JSON_C_TO_STRING_PLAIN),
						.done = on_reply,
						.ctx = o},
			 NULL, e);
}

static void finish(struct opening *o, const struct err *e, const char *token, int64_t until_s)
{
	LIST_REMOVE(o, link);
	o->done(o->ctx, e, token, until_s);
	free(o);
}

static void on_reply(void *ctx, const struct http_reply *r, const struct err *e)
{
	struct opening *o = ctx;
	struct err why = *e;
	char token[TOKEN_MAX] = "";
	int64_t until_s = 0;

	/* there already: of an earlier time */
	if (o->part != ACCESS_TOKEN && (why.kind == ERR_NONE || r->status == 409)) {
		o->part++;
		if (send_part(o, &why) == 0)
			return;
	} else if (why.kind == ERR_NONE) {
		(void)access_decode(r->body, r->len, token, sizeof(token), &until_s, &why);
	}
	finish(o, &why, token, until_s);
	explicit_bzero(token, sizeof(token));
}

int access_open(struct accesses *as, const struct kube_access *what, kube_access_fn done, void *ctx,
		struct err *e)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	*o = (struct opening){.all = as, .what = *what, .done = done, .ctx = ctx};
	if (send_part(o, e) < 0) {
		free(o);
		return -1;
	}
	LIST_INSERT_HEAD(&as->first, o, link);
	return 0;
}
