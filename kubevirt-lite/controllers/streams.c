/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnc, console, vnc/screenshot and portforward of a VMI, refused in KubeVirt's words (virt-api's
 * vnc.go, console.go, dialers.go). As there, a new client of the screen or the console ends the one
 * before it. portforward is dialled from here, not from the node, and takes the first address that
 * the VMI's status shows; it is the one thing here that waits, in the loop. Loop thread. */
#include "kubevirt-lite/controllers/streams.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/subresources.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#define DIAL_US (10 * SEC_US)

static bool has_device(struct json_object *vmi, const char *path)
{
	struct json_object *v = json_at(vmi, path);

	return !v || json_object_get_boolean(v);
}

static struct guest *running_or_refuse(struct controllers *c, struct subresource_call *call,
				       enum guest_port port)
{
	struct json_object *vmi = vmi_or_refuse(c, call);
	struct guest *g = vmi ? vmi_guest(c, vmi) : NULL;

	if (!vmi)
		return NULL;
	if (port == GUEST_SCREEN &&
	    !has_device(vmi, "spec/domain/devices/autoattachGraphicsDevice")) {
		subresource_refuse(call, 400, "BadRequest", "No graphics devices are present.");
		return NULL;
	}
	if (port == GUEST_CONSOLE &&
	    !has_device(vmi, "spec/domain/devices/autoattachSerialConsole")) {
		subresource_refuse(call, 400, "BadRequest", "No serial consoles are present.");
		return NULL;
	}
	if (!g || !phase_is(vmi, "Running") || g->seen.state >= GUEST_MOVED) {
		subresource_refuse(call, 400, "BadRequest", "VMI is not running");
		return NULL;
	}
	return g;
}

static void join(struct controllers *c, struct subresource_call *call, enum guest_port port)
{
	struct guest *g = running_or_refuse(c, call, port);
	const char *uid;
	char key[64];
	struct err e;
	int fd;

	if (!g)
		return;
	uid = object_uid(store_get(c->store, KIND_VMI, call->ns, call->name));
	(void)str_fmt(key, sizeof(key), "%s %s", port == GUEST_SCREEN ? "vnc" : "console", uid);
	subresource_stream_end(call, key);
	if (g->ops->connect(g, port, &fd, &e) < 0)
		subresource_refuse(call, 500, "InternalError",
				   "Internal error occurred: dialing virt-handler: %s", e.msg);
	else
		subresource_stream(call, fd, key);
}

void stream_vnc(void *ctx, struct subresource_call *call)
{
	join(ctx, call, GUEST_SCREEN);
}

void stream_console(void *ctx, struct subresource_call *call)
{
	join(ctx, call, GUEST_CONSOLE);
}

static void on_screenshot(void *self, const void *png, size_t len, const struct err *e)
{
	if (png)
		subresource_answer_bytes(self, "image/png", png, len);
	else
		subresource_refuse(self, 500, "InternalError", "Internal error occurred: %s",
				   e->msg);
}

void stream_screenshot(void *ctx, struct subresource_call *call)
{
	struct guest *g = running_or_refuse(ctx, call, GUEST_SCREEN);

	if (g)
		g->ops->screenshot(g, on_screenshot, call);
}

/* --- ports --- */

struct dial {
	struct subresource_call *call;
	sd_event_source *io, *timer;
	char to[80];
	int fd;
};

static void dial_failed(struct dial *d, const char *doing, const char *why)
{
	subresource_refuse(d->call, 500, "InternalError",
			   "Internal error occurred: dialing VM: dial tcp %s: %s%s", d->to, doing,
			   why);
}

static void dial_free(struct dial *d)
{
	sd_event_source_disable_unref(d->io);
	sd_event_source_disable_unref(d->timer);
	fd_auto(&d->fd);
	free(d);
}

static void dial_error(struct dial *d, int error)
{
	char why[100];

	(void)snprintf(why, sizeof(why), "%s", strerror(error));
	why[0] = (char)tolower((unsigned char)why[0]); /* as Go says it */
	dial_failed(d, "connect: ", why);
}

static int on_dialled(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct dial *d = ctx;
	socklen_t size = sizeof(int);
	int error = 0;

	(void)source, (void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error) {
		dial_error(d, error);
	} else {
		d->io = sd_event_source_disable_unref(d->io); /* before fd is another's */
		subresource_stream(d->call, fd_steal(&d->fd), "");
	}
	dial_free(d);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct dial *d = ctx;

	(void)source, (void)usec;
	dial_failed(d, "", "i/o timeout");
	dial_free(d);
	return 0;
}

static void dial_start(struct controllers *c, struct subresource_call *call, const char *address,
		       uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	const struct sockaddr *to =
		is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
	struct dial *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->call = call;
	(void)str_fmt(d->to, sizeof(d->to), is_v4 ? "%s:%u" : "[%s]:%u", address, port);
	d->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 || (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) ||
	    (connect(d->fd, to, is_v4 ? sizeof(v4) : sizeof(v6)) < 0 && errno != EINPROGRESS) ||
	    sd_event_add_io(c->loop, &d->io, d->fd, EPOLLOUT, on_dialled, d) < 0 ||
	    sd_event_add_time_relative(c->loop, &d->timer, CLOCK_MONOTONIC, DIAL_US, 0, on_late,
				       d) < 0) {
		dial_error(d, errno);
		dial_free(d);
	}
}

/* "portforward/3389", "portforward/3389/tcp" */
static int read_port(struct subresource_call *call, uint16_t *ret)
{
	const char *text = strchr(call->sub, '/') + 1, *protocol = strchr(text, '/');
	char digits[8];
	uint64_t port;

	if (protocol && !str_eq(protocol, "/tcp")) {
		subresource_refuse(call, 400, "BadRequest",
				   "kubevirt-lite forwards tcp only, not '%.20s'", protocol + 1);
		return -1;
	}
	if (str_fmt(digits, sizeof(digits), "%.*s", (int)strcspn(text, "/"), text) < 0 ||
	    str_to_u64(digits, 65535, &port) < 0 || port == 0) {
		subresource_refuse(call, 400, "BadRequest", "invalid port '%.20s'", text);
		return -1;
	}
	*ret = (uint16_t)port;
	return 0;
}

void stream_portforward(void *ctx, struct subresource_call *call)
{
	struct controllers *c = ctx;
	struct json_object *vmi = vmi_or_refuse(c, call);
	const char *address = vmi ? json_str_at(vmi, "status/interfaces/0/ipAddress") : NULL;
	uint16_t port;

	if (!vmi || read_port(call, &port) < 0)
		return;
	if (condition_is_true(vmi, "Paused"))
		subresource_refuse(call, 409, "Conflict",
				   "Operation cannot be fulfilled on "
				   "virtualmachineinstance.kubevirt.io \"%s\": VMI is paused",
				   call->name);
	else if (!address || !*address)
		subresource_refuse(call, 400, "BadRequest", "no network interfaces are present");
	else
		dial_start(c, call, address, port);
}
