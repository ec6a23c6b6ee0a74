/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libmicrohttpd in sd-event. MHD has an epoll descriptor of its own, which the loop watches; and
 * times to be called again at, which become a timer. Both call MHD_run(): MHD keeps connections it
 * has not finished with in a list of its own, for which no descriptor becomes readable.
 *
 * MHD's own time-out starts anew with every byte. So that slow clients cannot hold connections for
 * ever, each one also has a total time: they end in the order they came, so the oldest is looked at
 * only. Loop thread. */
#include "vmd/api/listener.h"

#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

DEFINE_AUTO(struct addrinfo *, freeaddrinfo)

struct open_connection {
	TAILQ_ENTRY(open_connection) link;
	int fd; /* MHD's */
	int64_t end_us;
};
TAILQ_HEAD(open_list, open_connection);

struct listener {
	struct MHD_Daemon *daemon;
	sd_event_source *io;
	sd_event_source *timer;
	struct open_list open; /* oldest first */
	int64_t total_us;
	uint16_t port;
	bool resumed; /* MHD_run() has to be called soon */
};

/* "host:port" or "[address]:port"; no name service. */
static int address_parse(const char *text, struct addrinfo **ret, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(text, ':');
	const char *host = text;
	char numeric[64];
	uint64_t port;
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	/* getaddrinfo() takes port 99999 for 34463 */
	if (len == 0 || str_fmt(numeric, sizeof(numeric), "%.*s", (int)len, host) < 0 ||
	    str_to_u64(colon + 1, UINT16_MAX, &port) < 0 ||
	    getaddrinfo(numeric, colon + 1, &hints, ret) != 0)
		return err_set(e, ERR_INVALID, "'%.64s' is not ADDRESS:PORT with a numeric address",
			       text);
	return 0;
}

static int socket_listen(const char *address, uint16_t *ret_port, int *ret_fd, struct err *e)
{
	AUTO(freeaddrinfo) struct addrinfo *ai = NULL;
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	int one = 1;

	if (address_parse(address, &ai, e) < 0)
		return -1;
	AUTO(fd) int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, LISTENER_CONNECTIONS) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
		return err_set(e, ERR_RETRY, "cannot listen on %s: %s", address, strerror(errno));
	*ret_port = ntohs(bound.ss_family == AF_INET6
				  ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
				  : ((struct sockaddr_in *)(void *)&bound)->sin_port);
	*ret_fd = fd_steal(&fd);
	return 0;
}

static void connection_notify(void *cls, struct MHD_Connection *conn, void **socket_context,
			      enum MHD_ConnectionNotificationCode code)
{
	struct listener *l = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct open_connection *o = malloc(sizeof(*o));

		if (!o)
			abort();
		*o = (struct open_connection){
			.fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
				      ->connect_fd,
			.end_us = clock_mono_us() + l->total_us};
		TAILQ_INSERT_TAIL(&l->open, o, link);
		*socket_context = o;
	} else {
		struct open_connection *o = *socket_context;

		TAILQ_REMOVE(&l->open, o, link);
		free(o);
		*socket_context = NULL;
	}
}

/* MHD sees the end of the stream and closes. Returns when to look again. */
static int64_t end_old(struct listener *l, int64_t now_us)
{
	struct open_connection *o;

	TAILQ_FOREACH(o, &l->open, link)
	{
		if (o->end_us == INT64_MAX)
			continue; /* told before, and still suspended */
		if (o->end_us > now_us)
			return o->end_us;
		(void)shutdown(o->fd, SHUT_RDWR);
		o->end_us = INT64_MAX;
	}
	return INT64_MAX;
}

static int run(struct listener *l)
{
	int64_t now_us = clock_mono_us();
	int64_t next_us = end_old(l, now_us);
	int64_t wait_us = next_us == INT64_MAX ? INT64_MAX : next_us - now_us;
	MHD_UNSIGNED_LONG_LONG mhd_ms;
	int rc;

	l->resumed = false;
	if (MHD_run(l->daemon) != MHD_YES)
		return -EIO;
	/* milliseconds from now, not a point in time */
	if (MHD_get_timeout(l->daemon, &mhd_ms) == MHD_YES && mhd_ms < INT32_MAX &&
	    (int64_t)mhd_ms * MSEC_US < wait_us)
		wait_us = (int64_t)mhd_ms * MSEC_US;
	if (l->resumed)
		wait_us = 0;
	if (wait_us == INT64_MAX)
		return sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	rc = sd_event_source_set_time_relative(l->timer, (uint64_t)wait_us);
	return rc < 0 ? rc : sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

/* MHD opens a wake-up descriptor only when it has threads of its own. */
void listener_resume(struct listener *l, struct MHD_Connection *conn)
{
	MHD_resume_connection(conn);
	l->resumed = true;
	(void)sd_event_source_set_time_relative(l->timer, 0);
	(void)sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	return run(userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	return run(userdata);
}

static void on_log(void *cls, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void on_log(void *cls, const char *fmt, va_list ap)
{
	char text[256];

	(void)cls;
	if (vsnprintf(text, sizeof(text), fmt, ap) > 0)
		log_debug("http=\"%s\"", text);
}

static int loop_join(struct listener *l, struct sd_event *loop)
{
	int fd = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	int rc = sd_event_add_io(loop, &l->io, fd, EPOLLIN, on_io, l);

	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(l->io, true);
	if (rc >= 0)
		rc = sd_event_add_time_relative(loop, &l->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
						l);
	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(l->timer, true);
	return rc;
}

int listener_new(struct sd_event *loop, const struct listener_settings *s, struct listener **ret,
		 struct err *e)
{
	AUTO(listener_free) struct listener *l = calloc(1, sizeof(*l));
	AUTO(fd) int fd = -1;

	if (!l)
		abort();
	TAILQ_INIT(&l->open);
	l->total_us = s->total_s * SEC_US;
	if (socket_listen(s->address, &l->port, &fd, e) < 0)
		return -1;
	l->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		s->access, s->ctx, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)LISTENER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)LISTENER_CONNECTIONS_PER_IP, MHD_OPTION_CONNECTION_TIMEOUT, s->idle_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LISTENER_HEAD_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, s->completed, s->ctx,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, l, MHD_OPTION_END);
	if (!l->daemon)
		return err_set(e, ERR_RETRY, "libmicrohttpd does not start on %s", s->address);
	(void)fd_steal(&fd); /* MHD's now */
	if (loop_join(l, loop) < 0)
		return err_set(e, ERR_RETRY, "cannot join the event loop");
	*ret = STEAL(l);
	return 0;
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	sd_event_source_disable_unref(l->io);
	sd_event_source_disable_unref(l->timer);
	if (l->daemon)
		MHD_stop_daemon(l->daemon);
	assert(TAILQ_EMPTY(&l->open));
	free(l);
}

uint16_t listener_port(const struct listener *l)
{
	return l->port;
}
