/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server with a few operations, in a thread of its own with its loop, and how a test asks it. */
#include "tests/unit/served.h"

#include "vmd/api/client.h"
#include "vmd/api/server.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <check.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct served served;

static struct {
	pthread_t thread;
	int stop;  /* eventfd */
	int ready; /* eventfd */
	const char *munge_socket;
	struct err e;
	int rc;
	sd_event *loop;
} srv;

static int reply_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec;
	sd_event_source_unref(source);
	reply_send(userdata);
	return 0;
}

static void handle(void *ctx, const struct caller *who, const struct wire_in *in, struct reply *r)
{
	const char *op = wire_get(in, "op");
	struct wire_out *o = reply_out(r);
	struct err e;

	(void)ctx;
	if (str_eq(op, "echo")) {
		wire_addf(o, "uid", "%u", who->uid);
		wire_addf(o, "gid", "%u", who->gid);
		wire_add(o, "text", wire_get(in, "text"));
		reply_send(r);
	} else if (str_eq(op, "later")) {
		sd_event_source *source = NULL;

		wire_add(o, "late", "1");
		sd_event_add_time_relative(srv.loop, &source, CLOCK_MONOTONIC, 20 * MSEC_US, 1,
					   reply_late, r);
	} else if (str_eq(op, "standby")) {
		wire_addf(o, "calls", "%u", ++served.calls);
		if (served.calls <= served.standbys)
			wire_add(o, "standby", "elsewhere");
		reply_send(r);
	} else if (str_eq(op, "refused")) {
		served.calls++;
		(void)err_set(&e, ERR_RETRY, "stands by");
		reply_error(r, &e);
	} else if (str_eq(op, "never")) {
		/* server_free() must cope */
	} else if (str_eq(op, "large")) {
		for (int i = 0; i < 300; i++)
			wire_addf(o, "vm[]", "%0*d", 800, i);
		reply_send(r);
	} else if (str_eq(op, "too-large")) {
		for (int i = 0; i < 400; i++)
			wire_addf(o, "vm[]", "%0*d", 800, i);
		reply_send(r);
	} else {
		err_set(&e, ERR_ABSENT, "no op '%s'", op ? op : "");
		reply_error(r, &e);
	}
}

static void metrics(void *ctx, struct strbuf *out)
{
	(void)ctx;
	strbuf_addf(out, "vmd_test 1\n");
}

static int health(void *ctx, struct err *e)
{
	(void)ctx;
	return served.sick ? err_set(e, ERR_RETRY, "no Slurm") : 0;
}

static int on_stop(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	return sd_event_exit(userdata, 0);
}

static void *server_main(void *arg)
{
	struct server_handlers h = {.handle = handle, .metrics = metrics, .health = health};
	struct server_settings s = {.listen = "127.0.0.1:0",
				    .metrics_listen = "127.0.0.1:0",
				    .munge_socket = srv.munge_socket};
	AUTO(server_free) struct server *server = NULL;

	(void)arg;
	sd_event_new(&srv.loop);
	sd_event_add_io(srv.loop, NULL, srv.stop, EPOLLIN, on_stop, srv.loop);
	srv.rc = server_new(srv.loop, &s, &h, &server, &srv.e);
	if (srv.rc == 0) {
		served.port = server_port(server);
		served.metrics_port = server_metrics_port(server);
	}
	eventfd_write(srv.ready, 1);
	if (srv.rc == 0)
		sd_event_loop(srv.loop);
	server_free(STEAL(server));
	sd_event_unref(srv.loop);
	return NULL;
}

void served_start(const char *munge_socket)
{
	eventfd_t n;

	srv.munge_socket = munge_socket;
	srv.stop = eventfd(0, EFD_CLOEXEC);
	srv.ready = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&srv.thread, NULL, server_main, NULL), 0);
	eventfd_read(srv.ready, &n);
	ck_assert_msg(srv.rc == 0, "%s", srv.e.msg);
}

void served_start_here(void)
{
	served_start(munge.socket);
}

void served_stop(void)
{
	eventfd_write(srv.stop, 1);
	pthread_join(srv.thread, NULL);
}

static char buf[WIRE_MAX + 1];
struct wire_in answer;

int call_as(const char *servers, const char *user, const char *socket, const char *op,
	    const char *text, int timeout_ms, struct err *e)
{
	struct client c = {.servers = servers, .vmd_user = user, .munge_socket = socket};
	static char request[4096];
	struct wire_out o;
	size_t len;

	e->kind = ERR_NONE;
	e->msg[0] = '\0';
	wire_begin(&o, request, sizeof(request));
	wire_add(&o, "op", op);
	wire_add(&o, "text", text);
	ck_assert_int_eq(wire_end(&o, &len, e), 0);
	return client_call(&c, request, len, timeout_ms, buf, sizeof(buf), &answer, e);
}

const char *self(void)
{
	static char uid[16];

	if (!*uid)
		(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	return uid;
}

const char *here(uint16_t port)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	return text;
}

int call(const char *op, const char *text, struct err *e)
{
	return call_as(here(served.port), self(), munge.socket, op, text, 20000, e);
}
