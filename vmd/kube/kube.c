/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The adapter's front: a watch for each kind into one cache, and the changes vmd asks for. Owns
 * everything below vmd/kube. Loop thread only; callbacks come from the loop.
 *
 * Events are a help for people, not a ground for decisions: where they may not be read (an RBAC
 * rule is missing) vmd works without them. Without nodes it works, too, but never takes one for
 * lost. */
#include "vmd/kube/kube.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_access.h"
#include "vmd/kube/kube_cache.h"
#include "vmd/kube/kube_guest.h"
#include "vmd/kube/kube_hotplug.h"
#include "vmd/kube/kube_http.h"
#include "vmd/kube/kube_login.h"
#include "vmd/kube/kube_migration.h"
#include "vmd/kube/kube_node.h"
#include "vmd/kube/kube_pod.h"
#include "vmd/kube/kube_request.h"
#include "vmd/kube/kube_secret.h"
#include "vmd/kube/kube_spec.h"
#include "vmd/kube/kube_volume.h"
#include "vmd/kube/kube_watch.h"

#include <string.h>
#include <sys/queue.h>

#define PARALLEL_MAX 16
#define QUEUE_MAX    1024

/* A watch of the cache, with the way back to it. */
struct view {
	struct kube *kube;
	enum cache_kind kind;
	struct watch *watch;
};

struct key_read {
	LIST_ENTRY(key_read) link;
	kube_key_fn done;
	void *ctx;
	char field[80]; /* of the Secret's data */
};

struct kube {
	const struct settings *settings;
	struct kube_callbacks cb;
	struct http *http;
	struct requests *requests;
	struct accesses *accesses;
	struct kube_guest *guest;
	struct cache *cache;
	struct view view[CACHE_KINDS];
	LIST_HEAD(key_reads, key_read) reads; /* under way */
	struct pod_deletions *pod_deletions;
	struct logins *logins;
	bool in_trouble;
};

#define KUBEVIRT "/apis/kubevirt.io/v1"
#define CORE     "/api/v1"
#define AS_LIST  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
#define AS_ONE   "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json"

static const struct {
	const char *api, *resource;
	bool cluster_wide;
	const char *accept_list, *accept_watch;
} views[CACHE_KINDS] = {
	[CACHE_VM] = {KUBEVIRT, "virtualmachines", false, NULL, NULL},
	[CACHE_VMI] = {KUBEVIRT, "virtualmachineinstances", false, NULL, NULL},
	[CACHE_PV] = {CORE, "persistentvolumes", true, NULL, NULL},
	[CACHE_PVC] = {CORE, "persistentvolumeclaims", false, NULL, NULL},
	/* Only metadata: a cache of everybody's passwords is not wanted. */
	[CACHE_SECRET] = {CORE, "secrets", false, AS_LIST, AS_ONE},
	[CACHE_EVENT] = {CORE, "events", false, NULL, NULL},
	[CACHE_MIGRATION] = {KUBEVIRT, "virtualmachineinstancemigrations", false, NULL, NULL},
	[CACHE_NODE] = {CORE, "nodes", true, NULL, NULL},
};

/* ---- what the watches say ---- */

static void on_begin(void *ctx)
{
	struct view *v = ctx;

	cache_list_begin(v->kube->cache, v->kind);
}

static void on_item(void *ctx, struct json_object *object, bool gone)
{
	struct view *v = ctx;
	struct kube *k = v->kube;

	cache_item(k->cache, k->settings, v->kind, object, gone);
	k->cb.changed(k->cb.ctx);
}

static void on_end(void *ctx)
{
	struct view *v = ctx;

	cache_list_end(v->kube->cache, v->kind);
}

static const char *first_trouble(const struct kube *k)
{
	for (unsigned i = 0; i < CACHE_EVENT; i++)
		if (*watch_trouble(k->view[i].watch))
			return watch_trouble(k->view[i].watch);
	return NULL;
}

static void on_state(void *ctx)
{
	struct kube *k = ((struct view *)ctx)->kube;
	const char *text = first_trouble(k);
	char said[VM_REASON_MAX + 1]; /* users read it: it may be cut */

	if ((text != NULL) != k->in_trouble) {
		k->in_trouble = text != NULL;
		(void)snprintf(said, sizeof(said), "Kubernetes: %s", text ? text : "");
		k->cb.trouble(k->cb.ctx, text ? said : NULL);
	}
	k->cb.changed(k->cb.ctx);
}

/* ---- life ---- */

static int view_make(struct kube *k, enum cache_kind kind, struct err *e)
{
	char path[160], query[300], cluster[200];
	struct view *v = &k->view[kind];
	const struct settings *s = k->settings;
	int rc;

	if (views[kind].cluster_wide)
		rc = str_fmt(path, sizeof(path), "%s/%s", views[kind].api, views[kind].resource);
	else
		rc = str_fmt(path, sizeof(path), "%s/namespaces/%s/%s", views[kind].api,
			     s->kube_namespace, views[kind].resource);
	if (rc < 0 || http_escape(s->cluster, cluster, sizeof(cluster)) < 0)
		return err_set(e, ERR_INVALID, "the cluster's name or namespace is too long");
	if (kind == CACHE_NODE) /* they are not ours, and a VM may be on any */
		rc = str_copy(query, sizeof(query), "");
	else if (kind == CACHE_EVENT) /* events carry no labels of ours */
		rc = str_copy(query, sizeof(query), "fieldSelector=type%3DWarning");
	else if (kind == CACHE_MIGRATION) /* nor do those that KubeVirt makes */
		rc = str_copy(query, sizeof(query), "");
	else
		rc = str_fmt(query, sizeof(query), "labelSelector=slurm-vm.io%%2Fcluster%%3D%s",
			     cluster);
	if (rc < 0)
		return err_set(e, ERR_INVALID, "the cluster's name is too long");
	*v = (struct view){.kube = k, .kind = kind};
	v->watch = watch_new(k->http, &(struct watch_source){
					      .path = path,
					      .query = query,
					      .accept_list = views[kind].accept_list,
					      .accept_watch = views[kind].accept_watch,
					      .ctx = v,
					      .begin = on_begin,
					      .item = on_item,
					      .end = on_end,
					      .state = on_state,
				      });
	return 0;
}

int kube_new(struct sd_event *loop, const struct settings *s, const struct kube_callbacks *cb,
	     struct kube **ret, struct err *e)
{
	AUTO(kube_free) struct kube *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->settings = s;
	k->cb = *cb;
	if (!s->cluster[0] || !str_is_name(s->kube_namespace, sizeof(s->kube_namespace) - 1))
		return err_set(e, ERR_INVALID, "kubernetes: cluster or namespace is missing");
	if (http_new(loop,
		     &(struct http_settings){.server = s->kube_server,
					     .ca_file = s->kube_ca_file,
					     .token_file = s->kube_token_file,
					     .timeout_us = s->kube_timeout_s * SEC_US,
					     .parallel_max = PARALLEL_MAX,
					     .queue_max = QUEUE_MAX,
					     .gate = cb->gate},
		     &k->http, e) < 0)
		return err_wrap(e, "kubernetes");
	k->requests = requests_new(k->http, s->kube_namespace);
	k->accesses = accesses_new(k->http, s);
	k->pod_deletions = pod_deletions_new(k->http, s->kube_namespace);
	k->logins = logins_new(k->http, k->requests, s);
	if (kube_guest_new(loop, s, k->http, &k->guest, e) < 0)
		return err_wrap(e, "kubernetes");
	k->cache = cache_new();
	for (enum cache_kind i = CACHE_VM; i < CACHE_KINDS; i++)
		if (view_make(k, i, e) < 0)
			return err_wrap(e, "kubernetes");
	*ret = STEAL(k);
	return 0;
}

void kube_free(struct kube *k)
{
	struct key_read *read;

	if (!k)
		return;
	for (unsigned i = 0; i < CACHE_KINDS; i++)
		watch_free(k->view[i].watch);
	http_free(k->http); /* nobody is called back any more ... */
	requests_free(k->requests);
	accesses_free(k->accesses);
	pod_deletions_free(k->pod_deletions);
	logins_free(k->logins);
	kube_guest_free(k->guest);
	while ((read = LIST_FIRST(&k->reads))) {
		LIST_REMOVE(read, link);
		free(read);
	}
	cache_free(k->cache);
	free(k);
}

void kube_settings(struct kube *k, const struct settings *s)
{
	k->settings = s;
	accesses_settings(k->accesses, s);
	logins_settings(k->logins, s);
}

int kube_start(struct kube *k, struct err *e)
{
	(void)e;
	for (unsigned i = 0; i < CACHE_KINDS; i++)
		watch_start(k->view[i].watch);
	return 0;
}

void kube_refresh(struct kube *k)
{
	for (unsigned i = 0; i < CACHE_KINDS; i++)
		watch_again(k->view[i].watch);
}

static bool known(const struct kube *k, enum cache_kind kind)
{
	return watch_known(k->view[kind].watch);
}

void kube_observe(struct kube *k, struct observed *seen)
{
	seen->vms_known = known(k, CACHE_VM) && known(k, CACHE_VMI);
	seen->pvs_known = known(k, CACHE_PV);
	seen->pvcs_known = known(k, CACHE_PVC);
	seen->secrets_known = known(k, CACHE_SECRET);
	seen->moves_known = known(k, CACHE_MIGRATION);
	seen->nodes_known = known(k, CACHE_NODE);
	cache_observe(k->cache, k->settings, seen);
}

/* ---- changes ---- */

int kube_create_vm(struct kube *k, const struct vm_spec *v, kube_done_fn done, void *ctx,
		   struct err *e)
{
	struct json_object *doc;

	if (spec_encode(k->settings, v, &doc, e) < 0)
		return -1;
	return request_create(k->requests, KUBE_VM, doc, done, ctx, e);
}

int kube_point_vm(struct kube *k, const char *name, const char *uid, const char *version,
		  const struct vm_word *word, kube_done_fn done, void *ctx, struct err *e)
{
	return request_patch(k->requests, KUBE_VM, name, migration_encode_point(uid, version, word),
			     done, ctx, e);
}

int kube_migrate_vm(struct kube *k, const char *name, const char *vm, const char *vm_uid,
		    const char *job_key, uint32_t job_id, kube_done_fn done, void *ctx,
		    struct err *e)
{
	return request_create(k->requests, KUBE_MIGRATION,
			      migration_encode(k->settings, name, vm, vm_uid, job_key, job_id),
			      done, ctx, e);
}

int kube_attach(struct kube *k, const char *vm, const struct vm_disk_spec *d, kube_done_fn done,
		void *ctx, struct err *e)
{
	return request_vm_call(k->requests, vm, "addvolume", hotplug_encode_add(d), done, ctx, e);
}

int kube_detach(struct kube *k, const char *vm, const char *volume, kube_done_fn done, void *ctx,
		struct err *e)
{
	return request_vm_call(k->requests, vm, "removevolume", hotplug_encode_remove(volume), done,
			       ctx, e);
}

int kube_mark_node(struct kube *k, const char *name, const char *version, bool cordoned,
		   enum node_mark mark, kube_done_fn done, void *ctx, struct err *e)
{
	return request_patch(k->requests, KUBE_NODE, name,
			     kube_node_encode_mark(version, cordoned, mark), done, ctx, e);
}

int kube_keep_vm(struct kube *k, const char *name, kube_done_fn done, void *ctx, struct err *e)
{
	return request_keep(k->requests, name, done, ctx, e);
}

int kube_create_pv(struct kube *k, const struct disk_spec *d, kube_done_fn done, void *ctx,
		   struct err *e)
{
	if (!*d->claim_uid) /* any claim of the name could take it */
		return err_set(e, ERR_INVALID, "PV %s: no claim's uid", d->name);
	return request_create(k->requests, KUBE_PV, volume_encode_pv(k->settings, d), done, ctx, e);
}

int kube_create_pvc(struct kube *k, const struct disk_spec *d, kube_done_fn done, void *ctx,
		    struct err *e)
{
	return request_create(k->requests, KUBE_PVC, volume_encode_pvc(k->settings, d), done, ctx,
			      e);
}

int kube_create_secret(struct kube *k, const char *name, const struct secret_job *j,
		       const struct credentials *c, kube_done_fn done, void *ctx, struct err *e)
{
	return login_start(k->logins, name, j, c, done, ctx, e);
}

int kube_delete(struct kube *k, enum kube_object what, const char *name, const char *uid,
		const char *version, kube_done_fn done, void *ctx, struct err *e)
{
	return request_delete(k->requests, what, name, uid, version, done, ctx, e);
}

int kube_force_delete_pod(struct kube *k, const char *vm, const char *job_key, const char *node,
			  kube_done_fn done, void *ctx, struct err *e)
{
	return pod_deletion_start(k->pod_deletions, vm, job_key, node, done, ctx, e);
}

static void on_key(void *ctx, const struct http_reply *r, const struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(free) struct key_read *read = ctx;
	struct err why = *e;
	const char *base64;
	char key[sizeof(((struct credentials *)0)->ssh_private)] = "";

	LIST_REMOVE(read, link);
	if (why.kind == ERR_NONE && json_parse(r->body, r->len, &doc, &why) == 0) {
		base64 = json_str_at(json_at(doc, "data"), read->field);
		if (!base64 || secret_base64(base64, key, sizeof(key)) < 0)
			(void)err_set(&why, ERR_INVALID, "the Secret holds no %s", read->field);
	}
	read->done(read->ctx, &why, why.kind == ERR_NONE ? key : "");
	explicit_bzero(key, sizeof(key));
}

int kube_tell_guest(struct kube *k, const char *vm, enum vm_profile profile, const char *text,
		    kube_done_fn done, void *ctx, struct err *e)
{
	return kube_guest_tell(k->guest, vm, profile, text, done, ctx, e);
}

static int read_field(struct kube *k, const char *secret, const char *field, kube_key_fn done,
		      void *ctx, struct err *e)
{
	AUTO(free) struct key_read *read = malloc(sizeof(*read));
	char base[128], path[256];

	if (!read)
		abort();
	*read = (struct key_read){.done = done, .ctx = ctx};
	if (str_copy(read->field, sizeof(read->field), field) < 0 || strchr(field, '/'))
		return err_set(e, ERR_INVALID, "'%.80s' is no key of a Secret", field);
	if (!str_is_name(secret, VM_NAME_MAX) ||
	    request_path(k->settings->kube_namespace, KUBE_SECRET, base, sizeof(base)) < 0 ||
	    str_fmt(path, sizeof(path), "%s/%s", base, secret) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' is no name for a Secret", secret);
	if (http_send(k->http,
		      &(struct http_request){
			      .method = "GET", .path = path, .done = on_key, .ctx = read},
		      NULL, e) < 0)
		return -1;
	LIST_INSERT_HEAD(&k->reads, read, link);
	STEAL(read);
	return 0;
}

int kube_read_key(struct kube *k, const char *secret, kube_key_fn done, void *ctx, struct err *e)
{
	return read_field(k, secret, "ssh-privatekey", done, ctx, e);
}

static int part_name(const char *secret, enum secret_part p, char *buf, size_t size, struct err *e)
{
	return secret_part_name(secret, p, buf, size) == 0
		       ? 0
		       : err_set(e, ERR_INVALID, "the Secret's name '%.80s' is too long", secret);
}

int kube_read_password(struct kube *k, const char *secret, const char *user, kube_key_fn done,
		       void *ctx, struct err *e)
{
	char login[VM_NAME_MAX + 1];

	return part_name(secret, SECRET_LOGIN, login, sizeof(login), e) < 0
		       ? -1
		       : read_field(k, login, user, done, ctx, e);
}

/* Merges data into a Secret; takes over data. */
static int patch_data(struct kube *k, const char *name, struct json_object *data, kube_done_fn done,
		      void *ctx, struct err *e)
{
	struct json_object *doc = json_object_new_object();

	json_object_object_add(doc, "data", data);
	return request_patch(k->requests, KUBE_SECRET, name, doc, done, ctx, e);
}

int kube_set_password(struct kube *k, const char *secret, const char *user, const char *password,
		      kube_done_fn done, void *ctx, struct err *e)
{
	char login[VM_NAME_MAX + 1];

	return part_name(secret, SECRET_LOGIN, login, sizeof(login), e) < 0
		       ? -1
		       : patch_data(k, login, secret_password(user, password), done, ctx, e);
}

int kube_set_own_keys(struct kube *k, const char *secret, size_t n, const char *const *key,
		      kube_done_fn done, void *ctx, struct err *e)
{
	char keys[VM_NAME_MAX + 1];

	return part_name(secret, SECRET_KEYS, keys, sizeof(keys), e) < 0
		       ? -1
		       : patch_data(k, keys, secret_own_keys(n, key, KUBE_OWN_KEYS), done, ctx, e);
}

int kube_open_access(struct kube *k, const struct kube_access *what, kube_access_fn done, void *ctx,
		     struct err *e)
{
	return access_open(k->accesses, what, done, ctx, e);
}
