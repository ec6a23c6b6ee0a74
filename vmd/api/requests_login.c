/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key, password, keys: how the owner, and nobody else, gets into the guest; access: a token for its
 * console and screen. Not even root and SlurmUser are told a user's password here. Loop thread. */
#include "vmd/api/requests_ask.h"

#include "vmd/base/str.h"
#include "vmd/vm/public_key.h"

/* A job of the caller's own whose VM is there. */
static int own_job(const struct ask *a, const struct job **ret, struct err *e)
{
	const struct job *j = NULL;

	if (ask_job_get(a, &j, e) < 0)
		return -1;
	if (a->who->uid != j->uid)
		return err_set(e, ERR_DENIED, "job %u is not yours: only its owner may log in",
			       j->id);
	if (j->phase != JOB_RUNNING)
		return err_set(e, ERR_CONFLICT,
			       "job %u has no guest at the moment (%s): vmctl show %u", j->id,
			       j->phase == JOB_PENDING ? "it waits for a node" : "it is over",
			       j->id);
	*ret = j;
	return 0;
}

static void password_done(void *ctx, const struct err *e, const char *password)
{
	if (e->kind != ERR_NONE) {
		reply_error(ctx, e);
		return;
	}
	wire_add(reply_out(ctx), "password", password);
	reply_send(ctx);
}

int op_password(const struct ask *a, struct err *e)
{
	bool rotate = str_eq(wire_get(a->in, "rotate"), "1");
	const struct vm_status *s;
	const struct job *j = NULL;

	if (own_job(a, &j, e) < 0)
		return -1;
	s = ask_status_get(a, j);
	if (!s->user[0])
		return err_set(e, ERR_RETRY, "job %u: vmd has not looked at it yet", j->id);
	wire_add(a->out, "user", s->user);
	wire_add(a->out, "address", s->address);
	return a->q->port.read_password(a->q->port.self, j, s->user, rotate, password_done,
					a->reply, e) < 0
		       ? -1
		       : LATER;
}

static void keys_done(void *ctx, const struct err *e)
{
	if (e->kind != ERR_NONE)
		reply_error(ctx, e);
	else
		reply_send(ctx);
}

int op_keys(const struct ask *a, struct err *e)
{
	char clean[PUBLIC_KEYS][PUBLIC_KEY_MAX + 1];
	const char *key[PUBLIC_KEYS], *text;
	const struct job *j = NULL;
	size_t n = 0, at = 0;

	if (own_job(a, &j, e) < 0)
		return -1;
	while ((text = wire_next(a->in, "key[]", &at))) {
		if (n == PUBLIC_KEYS)
			return err_set(e, ERR_INVALID, "more than %d public keys", PUBLIC_KEYS);
		if (public_key_clean(text, clean[n]) < 0)
			return err_set(e, ERR_INVALID, "key %zu is no public key of ssh", n + 1);
		key[n] = clean[n];
		n++;
	}
	return a->q->port.set_keys(a->q->port.self, j, n, key, keys_done, a->reply, e) < 0 ? -1
											   : LATER;
}

static void key_done(void *ctx, const struct err *e, const char *private_key)
{
	struct reply *r = ctx;

	if (e->kind != ERR_NONE) {
		reply_error(r, e);
		return;
	}
	wire_add(reply_out(r), "key", private_key);
	reply_send(r);
}

int op_key(const struct ask *a, struct err *e)
{
	const struct vm_status *s;
	const struct job *j = NULL;

	if (ask_job_get(a, &j, e) < 0)
		return -1;
	s = ask_status_get(a, j);
	wire_add(a->out, "user", s->user);
	wire_add(a->out, "address", s->address);
	if (a->q->port.read_key(a->q->port.self, j, key_done, a->reply, e) < 0)
		return -1;
	return LATER;
}

static void access_done(void *ctx, const struct err *e, const struct requests_access *a)
{
	struct reply *r = ctx;
	struct wire_out *out;

	if (e->kind != ERR_NONE) {
		reply_error(r, e);
		return;
	}
	out = reply_out(r);
	wire_add(out, "server", a->server);
	wire_add(out, "ca", a->ca);
	wire_add(out, "namespace", a->name_space);
	wire_add(out, "vm", a->vm);
	wire_add(out, "token", a->token);
	wire_addf(out, "until", "%lld", (long long)a->until_s);
	reply_send(r);
}

int op_access(const struct ask *a, struct err *e)
{
	const struct job *j = NULL;

	if (ask_job_get(a, &j, e) < 0 ||
	    a->q->port.open_access(a->q->port.self, j, access_done, a->reply, e) < 0)
		return -1;
	return LATER;
}
