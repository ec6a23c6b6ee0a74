/* SPDX-License-Identifier: GPL-2.0-or-later */
/* READY probes; see probe.h. One target per guest, one socket at a time each, a bounded number of
 * sockets in all. A target is idle (waits for its timer), connecting, or reading; every attempt
 * ends by its timer at the latest. Loop thread. */
#include "vmd/network/probe.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#define TARGETS_MAX 4096
#define SOCKETS_MAX 256
#define ANSWER_MAX  64

struct target {
	struct prober *prober;
	struct target *next;
	char vm[VM_NAME_MAX + 1];
	char node[JOB_NODE_MAX + 1];
	char address[48];
	enum vm_profile profile;
	bool asked; /* since the last sweep */
	bool reachable;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	size_t len; /* of the answer so far */
	unsigned char answer[ANSWER_MAX];
};

struct prober {
	struct sd_event *loop;
	struct prober_settings settings;
	struct target *first;
	size_t n;
	size_t sockets;
};

static void attempt(struct target *t);

struct prober *prober_new(struct sd_event *loop, const struct prober_settings *s)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->loop = loop;
	p->settings = *s;
	return p;
}

static void hang_up(struct target *t)
{
	t->io = sd_event_source_disable_unref(t->io);
	if (t->fd >= 0) {
		close(t->fd);
		t->prober->sockets--;
	}
	t->fd = -1;
	t->len = 0;
}

static void target_free(struct target *t)
{
	hang_up(t);
	sd_event_source_disable_unref(t->timer);
	free(t);
}

void prober_free(struct prober *p)
{
	struct target *t;

	if (!p)
		return;
	while ((t = p->first)) {
		p->first = t->next;
		target_free(t);
	}
	free(p);
}

static void timer_set(struct target *t, int64_t after_us)
{
	(void)sd_event_source_set_time(t->timer, (uint64_t)(clock_mono_us() + after_us));
	(void)sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

static void try_later(struct target *t)
{
	hang_up(t);
	timer_set(t, t->prober->settings.interval_us);
}

static void answered(struct target *t)
{
	struct prober *p = t->prober;

	hang_up(t);
	(void)sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
	t->reachable = true;
	p->settings.answered(p->settings.ctx, t->vm);
}

int probe_judge(enum vm_profile profile, const unsigned char *answer, size_t len)
{
	static const unsigned char ssh[] = {'S', 'S', 'H', '-'};

	switch (profile) {
	case VM_PROFILE_LINUX:
		if (memcmp(answer, ssh, len < sizeof(ssh) ? len : sizeof(ssh)) != 0)
			return -1;
		return len >= sizeof(ssh);
	case VM_PROFILE_WINDOWS: /* TPKT version 3, then X.224: 0xd0 is connection confirm */
		if ((len > 0 && answer[0] != 3) || (len > 5 && answer[5] != 0xd0))
			return -1;
		return len > 5;
	}
	return -1;
}

/* RDP's server waits for the client to begin: X.224 connection request, TLS or CredSSP. */
static int greet(const struct target *t)
{
	static const unsigned char request[] = {0x03, 0x00, 0x00, 0x13, 0x0e, 0xe0, 0x00,
						0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x08,
						0x00, 0x03, 0x00, 0x00, 0x00};

	if (t->profile != VM_PROFILE_WINDOWS)
		return 0;
	return send(t->fd, request, sizeof(request), MSG_NOSIGNAL) == sizeof(request) ? 0 : -1;
}

static void on_readable(struct target *t)
{
	ssize_t n = recv(t->fd, t->answer + t->len, sizeof(t->answer) - t->len, 0);
	int verdict;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		try_later(t);
		return;
	}
	t->len += (size_t)n;
	verdict = probe_judge(t->profile, t->answer, t->len);
	if (verdict > 0)
		answered(t);
	else if (verdict < 0 || t->len == sizeof(t->answer))
		try_later(t);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct target *t = userdata;
	int error = 0;
	socklen_t len = sizeof(error);

	if (!(revents & EPOLLOUT)) {
		on_readable(t);
		return 0;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error || greet(t) < 0)
		try_later(t);
	else
		(void)sd_event_source_set_io_events(source, EPOLLIN);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct target *t = userdata;

	(void)source, (void)usec;
	if (t->fd >= 0)
		try_later(t); /* no answer in time */
	else
		attempt(t);
	return 0;
}

/* The address and port to call, 0 if the text is no address. */
static socklen_t target_address(const struct target *t, struct sockaddr_storage *ret)
{
	const struct prober_settings *s = &t->prober->settings;
	uint16_t port = htons(t->profile == VM_PROFILE_WINDOWS ? s->rdp_port : s->ssh_port);
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, t->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, t->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		return sizeof(*v6);
	}
	return 0;
}

static void attempt(struct target *t)
{
	struct prober *p = t->prober;
	struct sockaddr_storage to;
	socklen_t len = target_address(t, &to);

	if (len == 0)
		return;
	if (p->sockets >= SOCKETS_MAX) {
		timer_set(t, p->settings.interval_us);
		return;
	}
	t->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0) {
		timer_set(t, p->settings.interval_us);
		return;
	}
	p->sockets++;
	if ((connect(t->fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) ||
	    sd_event_add_io(p->loop, &t->io, t->fd, EPOLLOUT, on_io, t) < 0 ||
	    sd_event_source_set_exit_on_failure(t->io, true) < 0) {
		try_later(t);
		return;
	}
	timer_set(t, p->settings.timeout_us);
}

static struct target *target_new(struct prober *p, const char *vm)
{
	struct target *t;

	if (p->n >= TARGETS_MAX)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->prober = p;
	t->fd = -1;
	(void)str_copy(t->vm, sizeof(t->vm), vm);
	if (sd_event_add_time(p->loop, &t->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer, t) <
		    0 ||
	    sd_event_source_set_exit_on_failure(t->timer, true) < 0) {
		target_free(t);
		return NULL;
	}
	t->next = p->first;
	p->first = t;
	p->n++;
	return t;
}

static struct target *target_find(struct prober *p, const char *vm)
{
	for (struct target *t = p->first; t; t = t->next)
		if (str_eq(t->vm, vm))
			return t;
	return NULL;
}

bool prober_ask(struct prober *p, const char *vm, const char *node, const char *address,
		enum vm_profile profile)
{
	struct target *t = target_find(p, vm);

	if (!t && !(t = target_new(p, vm)))
		return false;
	t->asked = true;
	if (str_eq(t->node, node) && str_eq(t->address, address))
		return t->reachable;
	hang_up(t);
	t->reachable = false;
	t->profile = profile;
	(void)str_copy(t->node, sizeof(t->node), node);
	if (str_copy(t->address, sizeof(t->address), address) == 0)
		attempt(t);
	return false;
}

void prober_sweep(struct prober *p)
{
	struct target **at = &p->first;

	while (*at) {
		struct target *t = *at;

		if (t->asked) {
			t->asked = false;
			at = &t->next;
			continue;
		}
		*at = t->next;
		p->n--;
		target_free(t);
	}
}
