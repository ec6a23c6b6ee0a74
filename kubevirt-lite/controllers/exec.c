/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pods/exec, of the one program that KubeVirt's launcher has for others: virt-probe, which runs a
 * command in the guest by its agent (cmd/virt-probe, guest-exec). Nothing is run beside a guest.
 *
 * The client's websocket speaks v4.channel.k8s.io: each message begins with its channel's number.
 * A pair of SOCK_SEQPACKET sockets keeps the messages apart on their way to the relay. An exec
 * lives until its outcome is told; a call that the agent does not answer ends by the agent's
 * deadline. */
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/streams.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <sys/socket.h>
#include <systemd/sd-event.h>

#define LOOK_US   (100 * MSEC_US)
#define TIMEOUT_S 10 /* without --timeoutSeconds */
#define ARGS_MAX  24

enum { CHANNEL_STDERR = 2, CHANNEL_STATUS = 3 };

struct exec {
	struct controllers *c;
	char ns[64], pod[254];
	sd_event_source *timer;
	int64_t until_us;
	int64_t pid; /* in the guest */
	int fd;
};

/* What virt-probe was told. Borrows the call's strings. */
struct probe {
	const char *command;
	const char *arg[ARGS_MAX];
	size_t n_arg;
	uint64_t timeout_s;
};

static void message(struct exec *x, char channel, const char *text)
{
	AUTO(strbuf_done) struct strbuf b = {.max = 65536};

	strbuf_addf(&b, "%c%s", channel, text);
	(void)send(x->fd, b.s, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Tells the outcome and ends; why NULL: it went well. */
static void finish(struct exec *x, const char *why, int64_t code)
{
	AUTO(json_object_put) struct json_object *s = json_object_new_object();

	json_put_at(s, "metadata", json_object_new_object());
	json_put_str(s, "status", why ? "Failure" : "Success");
	if (why) {
		json_put_str(s, "message", why);
		json_put_str(s, "reason", code ? "NonZeroExitCode" : "InternalError");
		message(x, CHANNEL_STDERR, why);
	}
	message(x, CHANNEL_STATUS, json_object_to_json_string_ext(s, JSON_C_TO_STRING_PLAIN));
	sd_event_source_disable_unref(x->timer);
	close(x->fd);
	free(x);
}

static struct guest *guest_of(struct exec *x)
{
	struct launcher *l = launcher_find(x->c, x->ns, x->pod);

	return l ? l->guest : NULL;
}

static void on_status(void *self, struct json_object *value, const struct err *e)
{
	struct exec *x = self;
	char why[80];
	int64_t code;

	if (!value) {
		finish(x, e->msg, 0);
		return;
	}
	if (!json_object_get_boolean(json_at(value, "exited"))) {
		(void)sd_event_source_set_time_relative(x->timer, LOOK_US);
		(void)sd_event_source_set_enabled(x->timer, SD_EVENT_ONESHOT);
		return;
	}
	code = json_object_get_int64(json_at(value, "exitcode"));
	(void)str_fmt(why, sizeof(why),
		      "command terminated with non-zero exit code: exit status %lld",
		      (long long)code);
	finish(x, code == 0 && !json_at(value, "signal") ? NULL : why, code ? code : 1);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct exec *x = userdata;
	struct guest *g = guest_of(x);
	struct json_object *args;

	(void)source, (void)usec;
	if (!g || clock_mono_us() > x->until_us) {
		finish(x, g ? "the command did not end in time" : "the guest has gone", 0);
		return 0;
	}
	args = json_object_new_object();
	json_put_int(args, "pid", x->pid);
	g->ops->call(g, "guest-exec-status", args, on_status, x);
	return 0;
}

static void on_started(void *self, struct json_object *value, const struct err *e)
{
	struct exec *x = self;

	if (!value) {
		finish(x, e->msg, 0);
		return;
	}
	x->pid = json_object_get_int64(json_at(value, "pid"));
	(void)sd_event_source_set_time_relative(x->timer, LOOK_US);
	(void)sd_event_source_set_enabled(x->timer, SD_EVENT_ONESHOT);
}

/* virt-probe --domainName D [--timeoutSeconds N] --command C [--] ARG... */
static bool probe_read(const struct subresource_call *call, struct probe *p)
{
	const char *word = NULL, *option = NULL;
	bool rest = false;

	*p = (struct probe){.timeout_s = TIMEOUT_S};
	for (size_t i = 0; (word = subresource_param(call, "command", i)); i++) {
		if (i == 0 && !str_eq(word, "virt-probe"))
			return false;
		if (i == 0)
			continue;
		if (!option && !rest && str_eq(word, "--")) {
			rest = true;
		} else if (!option && !rest && str_starts(word, "--")) {
			option = word;
		} else if (option) {
			if (str_eq(option, "--command"))
				p->command = word;
			else if (str_eq(option, "--timeoutSeconds") &&
				 str_to_u64(word, 3600, &p->timeout_s) < 0)
				return false;
			option = NULL;
		} else if (p->n_arg == ARGS_MAX) {
			return false;
		} else {
			p->arg[p->n_arg++] = word;
		}
	}
	return p->command != NULL && !option;
}

static void start(struct controllers *c, struct subresource_call *call, struct guest *g,
		  const struct probe *p)
{
	struct exec *x = calloc(1, sizeof(*x));
	struct json_object *args = json_object_new_object();
	struct json_object *list = json_object_new_array();
	int ends[2];

	if (!x || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	*x = (struct exec){.c = c,
			   .fd = ends[0],
			   .until_us = clock_mono_us() + (int64_t)p->timeout_s * SEC_US};
	(void)str_copy(x->ns, sizeof(x->ns), call->ns);
	(void)str_copy(x->pod, sizeof(x->pod), call->name);
	if (sd_event_add_time(c->loop, &x->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_look, x) <
		    0 ||
	    sd_event_source_set_enabled(x->timer, SD_EVENT_OFF) < 0)
		abort();
	for (size_t i = 0; i < p->n_arg; i++)
		json_object_array_add(list, json_object_new_string(p->arg[i]));
	json_put_str(args, "path", p->command);
	json_put_at(args, "arg", list);
	g->ops->call(g, "guest-exec", args, on_started, x);
	subresource_stream(call, ends[1], "");
}

void stream_exec(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct launcher *l = launcher_find(c, call->ns, call->name);
	struct probe p;

	if (!store_get(c->store, KIND_POD, call->ns, call->name))
		subresource_refuse(call, 404, "NotFound", "pods \"%s\" not found", call->name);
	else if (!probe_read(call, &p))
		subresource_refuse(call, 400, "BadRequest",
				   "kubevirt-lite runs nothing in a pod but virt-probe "
				   "--domainName D --command C -- ARG...");
	else if (!l || !l->guest || !l->guest->seen.agent)
		subresource_refuse(call, 500, "InternalError",
				   "Internal error occurred: the guest's agent is not connected");
	else
		start(c, call, l->guest, &p);
}
