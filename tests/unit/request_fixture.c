/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See request_fixture.h. */
#include "tests/unit/request_fixture.h"

#include "vmd/base/str.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/kube-request-XXXXXX";
struct fake_api *kube_api;
struct kube *kube;
sd_event *kube_loop;

static void nothing(void *ctx)
{
	(void)ctx;
}

static void no_trouble(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

void kube_up(fake_fn answer, void *ctx)
{
	static const struct kube_callbacks cb = {.changed = nothing, .trouble = no_trouble};
	struct settings *s = fixture_settings();
	struct err e = {.msg = ""};

	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	kube_api = fake_api_start(dir, answer, ctx);
	(void)str_copy(s->kube_server, sizeof(s->kube_server), fake_api_url(kube_api));
	(void)str_fmt(s->kube_ca_file, sizeof(s->kube_ca_file), "%s/ca.crt", dir);
	ck_assert_int_ge(sd_event_new(&kube_loop), 0);
	ck_assert_msg(kube_new(kube_loop, s, &cb, &kube, &e) == 0, "%s", e.msg);
}

void kube_down(void)
{
	char path[64];

	kube_free(kube);
	fake_api_stop(kube_api);
	sd_event_unref(kube_loop);
	(void)str_fmt(path, sizeof(path), "%s/ca.crt", dir);
	unlink(path);
	(void)str_fmt(path, sizeof(path), "%s/ca.key", dir);
	unlink(path);
	rmdir(dir);
}

void on_done(void *ctx, const struct err *e, int64_t took_us)
{
	struct outcome *o = ctx;

	ck_assert(!o->done);
	ck_assert_int_ge(took_us, 0);
	o->e = *e;
	o->done = true;
}

void wait_for(struct outcome *o)
{
	while (!o->done)
		ck_assert_int_ge(sd_event_run(kube_loop, UINT64_MAX), 0);
}

void settled(struct outcome *o)
{
	wait_for(o);
	ck_assert_int_eq(o->e.kind, ERR_NONE);
	o->done = false;
}

struct patched patched;

void answer_patch(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	(void)str_copy(patched.method, sizeof(patched.method), q->method);
	(void)str_copy(patched.path, sizeof(patched.path), q->path);
	(void)str_copy(patched.body, sizeof(patched.body), q->body);
	a->status = 200;
	a->body = "{}";
}
