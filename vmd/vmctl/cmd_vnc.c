/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl vnc: the guest's screen on a port of this host's loopback, for one viewer of the caller's
 * own, or in a browser (--browser). Connections of other users of this host are turned away. */
#include "vmd/vmctl/access.h"
#include "vmd/vmctl/loopback.h"
#include "vmd/vmctl/novnc.h"
#include "vmd/vmctl/pump.h"

#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction a = {.sa_handler = on_signal}; /* without SA_RESTART: poll is to return */

	(void)sigaction(SIGINT, &a, NULL);
	(void)sigaction(SIGTERM, &a, NULL);
	(void)sigaction(SIGHUP, &a, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void say(const struct vmctl *v, const char *vm, const char *key, const char *where)
{
	AUTO(json_object_put) struct json_object *o = NULL;

	if (!v->json) {
		puts(where);
	} else {
		o = json_object_new_object();
		json_put_str(o, key, where);
		json_put_str(o, "vm", vm);
		json_print(o);
	}
	(void)fflush(stdout);
}

/* Waits until fd is readable, or the server has ended the stream. 0: fd is. */
static int await_viewer(struct websocket *w, int fd, struct err *e)
{
	while (!stopped) {
		struct pollfd p[] = {{.fd = fd, .events = POLLIN},
				     {.fd = websocket_fd(w), .events = websocket_events(w)}};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(e, ERR_RETRY, "poll: %s", strerror(errno));
		if (stopped)
			break;
		if (p[0].revents)
			return 0;
		if (p[1].revents && websocket_run(w, e) < 0)
			return -1;
		if (!websocket_is_open(w))
			return err_set(e, ERR_RETRY,
				       "the screen was taken by another viewer, or the VM has "
				       "ended");
	}
	return err_set(e, ERR_NONE, "stopped");
}

/* One connection of our own uid. */
static int accept_own(struct websocket *w, int fd, uint16_t port, int *ret, struct err *e)
{
	while (await_viewer(w, fd, e) == 0) {
		struct sockaddr_in peer;
		socklen_t size = sizeof(peer);
		AUTO(fd) int client = accept4(fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		if (size == sizeof(peer) && loopback_is_of(&peer, port, getuid())) {
			*ret = fd_steal(&client);
			return 0;
		}
		(void)fprintf(stderr, "vmctl: turned a connection away that is not of your own\n");
	}
	return -1;
}

static int serve_viewer(struct vmctl *v, const char *vm, struct websocket *w, struct err *e)
{
	AUTO(pump_free) struct pump_end *far = NULL;
	AUTO(pump_free) struct pump_end *near = NULL;
	AUTO(fd) int fd = -1;
	AUTO(fd) int client = -1;
	char where[64];
	uint16_t port;

	if (loopback_listen(v->port, &fd, &port, e) < 0)
		return -1;
	(void)str_fmt(where, sizeof(where), "127.0.0.1:%u", port);
	(void)fprintf(stderr,
		      "vmctl: the screen of %s is at this address for one VNC viewer of yours on "
		      "this host, such as\n  vncviewer 127.0.0.1::%u\nCtrl-C ends it.\n",
		      vm, port);
	say(v, vm, "address", where);
	if (accept_own(w, fd, port, &client, e) < 0)
		return -1;
	(void)close(fd_steal(&fd)); /* one viewer: nobody else gets as far as this */
	far = pump_websocket(w);
	near = pump_fds(client, client, -1, true);
	return pump(far, near, &stopped, e);
}

static ssize_t browser_recv(void *self, void *buf, size_t len)
{
	return recv(*(int *)self, buf, len, MSG_DONTWAIT);
}

static ssize_t browser_send(void *self, const void *data, size_t len)
{
	return send(*(int *)self, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int serve_browser(struct vmctl *v, const char *vm, struct websocket *w, struct err *e)
{
	AUTO(novnc_stop) struct novnc *n = NULL;
	AUTO(frames_free) struct frames *frames = NULL;
	AUTO(pump_free) struct pump_end *far = NULL;
	AUTO(pump_free) struct pump_end *near = NULL;
	struct frames_io io = {.recv = browser_recv, .send = browser_send};
	int client;

	if (novnc_start(NOVNC_DIR, v->port, &n, e) < 0)
		return -1;
	(void)fprintf(stderr,
		      "vmctl: open this in a browser of yours on this host to see the screen of "
		      "%s. It works once;\ndo not pass it on. Ctrl-C ends it.\n",
		      vm);
	say(v, vm, "url", novnc_url(n));
	if (await_viewer(w, novnc_ready_fd(n), e) < 0)
		return -1;
	client = novnc_take(n);
	io.self = &client;
	frames = frames_new(FRAMES_SERVER, &io);
	far = pump_websocket(w);
	near = pump_frames(frames, client);
	return pump(far, near, &stopped, e);
}

int cmd_vnc(struct vmctl *v)
{
	AUTO(access_done) struct access a = {.server = NULL};
	AUTO(websocket_free) struct websocket *w = NULL;
	struct err e = {.kind = ERR_NONE};
	int rc;

	if (access_ask(v, v->job, &a, &e) < 0 || access_open(&a, "vnc", &w, &e) < 0)
		return fail(v, &e);
	catch_signals();
	rc = v->browser ? serve_browser(v, a.vm, w, &e) : serve_viewer(v, a.vm, w, &e);
	if (stopped && isatty(STDERR_FILENO))
		(void)fputc('\n', stderr); /* behind the terminal's ^C */
	if (stopped)
		return EXIT_INTERRUPTED;
	return rc < 0 ? fail(v, &e) : EXIT_DONE;
}
