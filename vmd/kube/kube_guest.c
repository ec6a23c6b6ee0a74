/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands in a guest by pods/exec and virt-probe; see kube_guest.h.
 *
 * The exec's messages (v4.channel.k8s.io) begin with their channel's number, and the websocket here
 * gives bytes without their borders. That is enough: what is wanted of them is the last one, on
 * channel 3, a Status in JSON that says how the program ended. */
#include "vmd/kube/kube_guest.h"

#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/worker.h"
#include "vmd/kube/kube_token.h"
#include "vmd/websocket/websocket.h"

#include <string.h>
#include <sys/queue.h>

#define PROTOCOL     "v4.channel.k8s.io"
#define STATUS_BEGIN "\003{"
#define ANSWER_MAX   65536
#define PATH_MAX_LEN 4096
#define QUEUE_MAX    64
#define PROGRAM_S    "10" /* virt-probe waits so long for it */
#define TOTAL_MS     20000

struct kube_guest {
	const struct settings *settings;
	struct http *http;
	struct worker *worker;
	LIST_HEAD(tells, tell) tells; /* under way */
};

struct tell {
	struct work work;
	LIST_ENTRY(tell) link;
	struct kube_guest *guest;
	char vm[VM_NAME_MAX + 1];
	enum vm_profile profile;
	char text[256];
	kube_done_fn done;
	void *ctx;
	int64_t begun_us;
	/* for the worker */
	char server[256], ca_file[256], token_file[256];
	char path[PATH_MAX_LEN];
	struct err e;
};

static void token_done_auto(struct token *t)
{
	token_done(t);
}

static void tell_end(struct tell *t)
{
	LIST_REMOVE(t, link);
	t->done(t->ctx, &t->e, clock_mono_us() - t->begun_us);
	free(t);
}

/* ---- on the worker ---- */

int kube_guest_outcome(const char *data, size_t len, struct err *e)
{
	AUTO(json_object_put) struct json_object *status = NULL;
	const char *at = NULL, *next = data, *text;
	char line[180];
	struct err why;

	while ((next = memmem(next, len - (size_t)(next - data), STATUS_BEGIN,
			      strlen(STATUS_BEGIN))))
		at = next++;
	if (!at)
		return err_set(e, ERR_RETRY, "the guest's program ended without a word");
	at++;
	if (json_parse(at, len - (size_t)(at - data), &status, &why) < 0)
		return err_set(e, ERR_RETRY, "the guest's program: its Status cannot be read");
	if (str_eq(json_str_at(status, "status"), "Success"))
		return 0;
	text = json_str_at(status, "message");
	str_cut(line, sizeof(line), text && *text ? text : "failed");
	return err_set(e, ERR_CONFLICT, "the guest's program: %s", line);
}

static int answer_read(struct websocket *w, int64_t until_us, struct err *e)
{
	AUTO(free) char *data = malloc(ANSWER_MAX);
	size_t len = 0, n = 1;

	if (!data)
		abort();
	while (n > 0 && len < ANSWER_MAX) {
		int64_t left_us = until_us - clock_mono_us();

		if (left_us <= 0)
			return err_set(e, ERR_RETRY, "the guest's program took too long");
		if (websocket_recv(w, data + len, ANSWER_MAX - len, (int)(left_us / MSEC_US) + 1,
				   &n, e) < 0)
			return -1;
		len += n;
	}
	return kube_guest_outcome(data, len, e);
}

static int exec(struct tell *t, struct err *e)
{
	static const char bearer[] = "Authorization: Bearer ";
	AUTO(websocket_free) struct websocket *w = NULL;
	AUTO(token_done) struct token token = {.header = NULL};
	int64_t until_us = clock_mono_us() + TOTAL_MS * MSEC_US;
	struct websocket_address a = {.server = t->server,
				      .ca_file = *t->ca_file ? t->ca_file : NULL,
				      .path = t->path,
				      .protocol = PROTOCOL};

	(void)str_copy(token.path, sizeof(token.path), t->token_file);
	if (token_refresh(&token, clock_mono_us(), true, e) < 0)
		return -1;
	if (token.header && str_starts(token.header, bearer))
		a.token = token.header + strlen(bearer);
	if (websocket_open(&a, TOTAL_MS, &w, e) < 0)
		return -1;
	return answer_read(w, until_us, e);
}

static void tell_run(struct work *w)
{
	struct tell *t = (struct tell *)w;

	t->e.kind = ERR_NONE;
	(void)exec(t, &t->e);
}

static void tell_done(struct work *w)
{
	tell_end((struct tell *)w);
}

/* ---- on the loop ---- */

static int path_add(char *buf, size_t size, const char *key, const char *value)
{
	char escaped[800];
	size_t len = strlen(buf);

	if (http_escape(value, escaped, sizeof(escaped)) < 0)
		return -1;
	return str_fmt(buf + len, size - len, "&%s=%s", key, escaped);
}

int kube_guest_path(const char *name_space, const char *pod, const char *vm,
		    enum vm_profile profile, const char *text, char *buf, size_t size)
{
	bool windows = profile == VM_PROFILE_WINDOWS;
	char domain[2 * VM_NAME_MAX + 2];
	const char *const argv[] = {"virt-probe",
				    "--domainName",
				    domain,
				    "--timeoutSeconds",
				    PROGRAM_S,
				    "--command",
				    windows ? "msg.exe" : "wall",
				    "--",
				    windows ? "*" : text,
				    windows ? text : NULL};

	if (str_fmt(domain, sizeof(domain), "%s_%s", name_space, vm) < 0 ||
	    str_fmt(buf, size,
		    "/api/v1/namespaces/%s/pods/%s/exec?container=compute&stdout=true&stderr=true",
		    name_space, pod) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(argv) && argv[i]; i++)
		if (path_add(buf, size, "command", argv[i]) < 0)
			return -1;
	return 0;
}

/* The pod that runs: while a guest moves there are two. */
static const char *pod_pick(struct json_object *list)
{
	struct json_object *items = json_at(list, "items");

	for (size_t i = 0; i < json_length(items); i++) {
		struct json_object *pod = json_object_array_get_idx(items, i);
		const char *name = json_str_at(pod, "metadata/name");

		if (name && str_is_name(name, 253) && !json_at(pod, "metadata/deletionTimestamp"))
			return name;
	}
	return NULL;
}

static int on_pods_read(struct tell *t, const struct http_reply *r, struct err *e)
{
	const struct settings *s = t->guest->settings;
	AUTO(json_object_put) struct json_object *list = NULL;
	const char *pod;

	if (json_parse(r->body, r->len, &list, e) < 0)
		return err_wrap(e, "list of pods");
	pod = pod_pick(list);
	if (!pod)
		return err_set(e, ERR_ABSENT, "no pod of %s runs", t->vm);
	if (kube_guest_path(s->kube_namespace, pod, t->vm, t->profile, t->text, t->path,
			    sizeof(t->path)) < 0)
		return err_set(e, ERR_INVALID, "pod %.80s: its exec's path is too long", pod);
	return worker_submit(t->guest->worker, &t->work, e);
}

static void on_pods(void *ctx, const struct http_reply *r, const struct err *e)
{
	struct tell *t = ctx;

	t->e = *e;
	if (e->kind != ERR_NONE || on_pods_read(t, r, &t->e) < 0)
		tell_end(t);
}

int kube_guest_tell(struct kube_guest *g, const char *vm, enum vm_profile profile, const char *text,
		    kube_done_fn done, void *ctx, struct err *e)
{
	const struct settings *s = g->settings;
	AUTO(free) struct tell *t = calloc(1, sizeof(*t));
	char path[512];

	if (!t)
		abort();
	*t = (struct tell){.work = {.run = tell_run, .done = tell_done},
			   .guest = g,
			   .profile = profile,
			   .done = done,
			   .ctx = ctx,
			   .begun_us = clock_mono_us()};
	if (str_copy(t->vm, sizeof(t->vm), vm) < 0 || !str_is_name(vm, VM_NAME_MAX) ||
	    str_copy(t->text, sizeof(t->text), text) < 0 ||
	    str_fmt(path, sizeof(path),
		    "/api/v1/namespaces/%s/pods?labelSelector=vm.kubevirt.io%%2Fname%%3D%s"
		    "&fieldSelector=status.phase%%3DRunning&limit=8",
		    s->kube_namespace, vm) < 0)
		return err_set(e, ERR_INVALID, "'%.80s' is no name for a VM, or the text is long",
			       vm);
	(void)str_copy(t->server, sizeof(t->server), s->kube_server);
	(void)str_copy(t->ca_file, sizeof(t->ca_file), s->kube_ca_file);
	(void)str_copy(t->token_file, sizeof(t->token_file), s->kube_token_file);
	if (http_send(g->http,
		      &(struct http_request){
			      .method = "GET", .path = path, .done = on_pods, .ctx = t},
		      NULL, e) < 0)
		return -1;
	LIST_INSERT_HEAD(&g->tells, t, link);
	STEAL(t);
	return 0;
}

int kube_guest_new(struct sd_event *loop, const struct settings *s, struct http *h,
		   struct kube_guest **ret, struct err *e)
{
	AUTO(free) struct kube_guest *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	g->settings = s;
	g->http = h;
	if (worker_new(loop, "exec", 1, QUEUE_MAX, &g->worker, e) < 0)
		return -1;
	*ret = STEAL(g);
	return 0;
}

void kube_guest_free(struct kube_guest *g)
{
	struct tell *t;

	if (!g)
		return;
	worker_free(g->worker);
	while ((t = LIST_FIRST(&g->tells))) {
		LIST_REMOVE(t, link);
		free(t);
	}
	free(g);
}
