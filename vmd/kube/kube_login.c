/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a job's Secret, then the parts of it that KubeVirt may read. Owns the makings under way;
 * each calls back once.
 *
 * The Secret comes first, by one create that only one of all attempts and all vmd can win; whoever
 * does not win reads it. So its parts are made of what is in it and of nothing else, and a guest
 * never gets another password or key than its owner. Each part names the Secret as its owner, by
 * uid: one of an earlier Secret, which a late request may have left, is told from that. */
#include "vmd/kube/kube_login.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_secret.h"

#include <string.h>
#include <sys/queue.h>

struct making {
	LIST_ENTRY(making) link;
	struct logins *of;
	char name[VM_NAME_MAX + 1];
	struct secret_job job;
	struct credentials c;
	unsigned open; /* parts under way */
	struct err e;  /* the first that went wrong */
	kube_done_fn done;
	void *ctx;
	int64_t started_us;
};

struct logins {
	struct http *http;
	struct requests *requests;
	const struct settings *settings;
	LIST_HEAD(making_list, making) list;
};

struct logins *logins_new(struct http *h, struct requests *rs, const struct settings *s)
{
	struct logins *ls = calloc(1, sizeof(*ls));

	if (!ls)
		abort();
	*ls = (struct logins){.http = h, .requests = rs, .settings = s};
	LIST_INIT(&ls->list);
	return ls;
}

void logins_settings(struct logins *ls, const struct settings *s)
{
	ls->settings = s;
}

static void making_free(struct making *m)
{
	LIST_REMOVE(m, link);
	explicit_bzero(&m->c, sizeof(m->c));
	free(m);
}

void logins_free(struct logins *ls)
{
	struct making *m;

	if (!ls)
		return;
	while ((m = LIST_FIRST(&ls->list)))
		making_free(m);
	free(ls);
}

static void finish(struct making *m, const struct err *given)
{
	kube_done_fn done = m->done;
	void *ctx = m->ctx;
	int64_t took_us = clock_mono_us() - m->started_us;
	struct err e = *given;

	making_free(m);
	done(ctx, &e, took_us);
}

/* ---- the parts ---- */

static void failed(struct making *m, const struct err *e)
{
	if (m->e.kind == ERR_NONE)
		m->e = *e;
}

static void on_part(void *ctx, const struct err *e, int64_t took_us)
{
	struct making *m = ctx;

	(void)took_us;
	if (e->kind != ERR_NONE)
		failed(m, e);
	if (--m->open == 0)
		finish(m, &m->e);
}

static int part_make(struct making *m, enum secret_part p, const char *uid, struct err *e)
{
	const struct logins *ls = m->of;
	struct json_object *doc;

	if (secret_encode(ls->settings, m->name, &m->job, &m->c, p, &doc, e) < 0)
		return -1;
	meta_put_owner(doc, "v1", "Secret", m->name, uid);
	return request_create(ls->requests, KUBE_SECRET, doc, on_part, m, e);
}

/* uid: of the Secret that is there. */
static void parts_make(struct making *m, const char *uid)
{
	struct err e;

	for (enum secret_part p = SECRET_LOGIN; p < SECRET_MAIN; p++) {
		if (!secret_wants(m->of->settings, p))
			continue;
		if (part_make(m, p, uid, &e) == 0)
			m->open++;
		else
			failed(m, &e);
	}
	if (m->open == 0)
		finish(m, &m->e);
}

/* ---- the Secret ---- */

static int field_read(struct json_object *doc, const char *field, char *ret, size_t size,
		      struct err *e)
{
	const char *base64 = json_str_at(json_at(doc, "data"), field);

	if (!base64 || secret_base64(base64, ret, size) < 0)
		return err_set(e, ERR_INVALID, "the Secret holds no %s", field);
	return 0;
}

/* What another attempt has made. */
static int existing_read(struct making *m, const struct http_reply *reply,
			 char ret_uid[VM_UID_MAX + 1], struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct credentials *c = &m->c;
	struct meta meta;

	if (json_parse(reply->body, reply->len, &doc, e) < 0 || meta_decode(doc, &meta, e) < 0)
		return -1;
	if (!str_eq(meta.job_key, m->job.key))
		return err_set(e, ERR_CONFLICT, "exists and is not of job %s", m->job.key);
	if (meta.deleting)
		return err_set(e, ERR_RETRY, "the one that is there is being deleted");
	(void)str_copy(ret_uid, VM_UID_MAX + 1, meta.uid);
	if (field_read(doc, "user", c->user, sizeof(c->user), e) < 0 ||
	    field_read(doc, "password", c->password, sizeof(c->password), e) < 0)
		return -1;
	return field_read(doc, "ssh-publickey", c->ssh_public, sizeof(c->ssh_public), e);
}

static void refused(struct making *m, struct err *e)
{
	(void)err_wrap(e, "Secret %s", m->name);
	finish(m, e);
}

static void on_existing(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct making *m = ctx;
	char uid[VM_UID_MAX + 1];
	struct err why = *e;

	if (e->kind == ERR_ABSENT)
		(void)err_set(&why, ERR_RETRY, "it existed, and is gone now");
	if (why.kind == ERR_NONE && existing_read(m, reply, uid, &why) == 0)
		parts_make(m, uid);
	else
		refused(m, &why);
}

static void on_made(struct making *m, const struct http_reply *reply)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct meta meta;
	struct err e;

	if (json_parse(reply->body, reply->len, &doc, &e) == 0 && meta_decode(doc, &meta, &e) == 0)
		parts_make(m, meta.uid);
	else
		refused(m, &e);
}

static int look(struct making *m, struct err *e)
{
	char base[128], path[256];

	if (request_path(m->of->settings->kube_namespace, KUBE_SECRET, base, sizeof(base)) < 0 ||
	    str_fmt(path, sizeof(path), "%s/%s", base, m->name) < 0)
		return err_set(e, ERR_INVALID, "the path is too long");
	return http_send(m->of->http,
			 &(struct http_request){
				 .method = "GET", .path = path, .done = on_existing, .ctx = m},
			 NULL, e);
}

static void on_secret(void *ctx, const struct http_reply *reply, const struct err *e)
{
	struct making *m = ctx;
	struct err why = *e;

	if (e->kind == ERR_NONE) {
		on_made(m, reply);
		return;
	}
	if (reply->status == 409 && e->kind == ERR_CONFLICT && look(m, &why) == 0)
		return;
	if (e->kind == ERR_ABSENT) /* the namespace: not the job's fault */
		why.kind = ERR_RETRY;
	refused(m, &why);
}

int login_start(struct logins *ls, const char *name, const struct secret_job *j,
		const struct credentials *c, kube_done_fn done, void *ctx, struct err *e)
{
	AUTO(free) struct making *m = calloc(1, sizeof(*m));
	AUTO(json_object_put) struct json_object *doc = NULL;
	char path[256];

	if (!m)
		abort();
	*m = (struct making){
		.of = ls, .job = *j, .done = done, .ctx = ctx, .started_us = clock_mono_us()};
	if (!str_is_name(name, VM_NAME_MAX) || str_copy(m->name, sizeof(m->name), name) < 0 ||
	    request_path(ls->settings->kube_namespace, KUBE_SECRET, path, sizeof(path)) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' is no name for a Secret", name);
	if (secret_encode(ls->settings, name, j, c, SECRET_MAIN, &doc, e) < 0 ||
	    request_post(ls->http, path, doc, on_secret, m, e) < 0)
		return -1;
	m->c = *c;
	LIST_INSERT_HEAD(&ls->list, m, link);
	STEAL(m);
	return 0;
}
