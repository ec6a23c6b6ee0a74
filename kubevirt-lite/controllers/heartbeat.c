/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a node can be reached. What a kubelet and virt-handler tell comes over the node's
 * network; this program sees and commands guests by files of this machine, which no pulled plug
 * cuts. So whoever is about to look at a guest, or to touch one, asks here first: a datagram is
 * sent from the node's network namespace to us, the way a kubelet's heartbeat takes, and only when
 * it has arrived is the node there. A guest that dies with its host is thus not seen to die.
 *
 * Without a place to send to (settings, heartbeat:) a node is there as long as the file of its
 * namespace is. Loop thread only; waits at most ANSWER_MS, and only for a node that answered the
 * last time. */
#include "kubevirt-lite/controllers/heartbeat.h"

#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define ANSWER_MS 20

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct beat {
	uint64_t secret; /* guests can reach us, too */
	uint64_t count;
	uint32_t node;
	uint32_t zero;
};

struct heartbeats {
	const struct controller_settings *set;
	int fd; /* where beats arrive; -1: none are sent */
	union address to;
	socklen_t to_len;
	uint64_t secret, count;
	struct {
		int fd; /* in the node's network namespace, connected to us; -1: not opened yet */
		uint64_t heard;
		int64_t heard_us;
		bool answers;
	} node[NODES_MAX];
};

static int address_parse(const char *text, union address *ret, socklen_t *ret_len)
{
	*ret = (union address){.v4 = {.sin_family = AF_INET}};
	*ret_len = sizeof(ret->v4);
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		return 0;
	*ret = (union address){.v6 = {.sin6_family = AF_INET6}};
	*ret_len = sizeof(ret->v6);
	return inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1 ? 0 : -1;
}

bool heartbeat_address_is(const char *text)
{
	union address a;
	socklen_t len;

	return address_parse(text, &a, &len) == 0;
}

static int receiver_open(struct heartbeats *h, struct err *e)
{
	AUTO(fd) int fd = -1;

	if (address_parse(h->set->heartbeat, &h->to, &h->to_len) < 0)
		return err_set(e, ERR_INVALID, "heartbeat: '%s' is no address", h->set->heartbeat);
	fd = socket(h->to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, &h->to.sa, h->to_len) < 0 ||
	    getsockname(fd, &h->to.sa, &h->to_len) < 0)
		return err_set(e, ERR_INVALID, "heartbeat: %s: %s", h->set->heartbeat,
			       strerror(errno));
	h->fd = fd_steal(&fd);
	return 0;
}

int heartbeats_new(const struct controller_settings *s, struct heartbeats **ret, struct err *e)
{
	struct heartbeats *h = calloc(1, sizeof(*h));

	if (!h || getrandom(&h->secret, sizeof(h->secret), 0) != sizeof(h->secret))
		abort();
	h->set = s;
	h->fd = -1;
	for (size_t i = 0; i < NODES_MAX; i++) {
		h->node[i].fd = -1;
		h->node[i].heard_us = clock_mono_us(); /* its time begins with us */
		h->node[i].answers = true;
	}
	if (s->heartbeat[0] && receiver_open(h, e) < 0) {
		heartbeats_free(h);
		return -1;
	}
	*ret = h;
	return 0;
}

void heartbeats_free(struct heartbeats *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < NODES_MAX; i++)
		if (h->node[i].fd >= 0)
			close(h->node[i].fd);
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

/* A socket belongs to the network namespace it was made in, wherever its owner goes. */
static int sender_open(struct heartbeats *h, const char *netns)
{
	AUTO(fd) int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO(fd) int there = open(netns, O_RDONLY | O_CLOEXEC);
	AUTO(fd) int fd = -1;

	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		return -1;
	fd = socket(h->to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (setns(home, CLONE_NEWNET) < 0)
		abort(); /* in a stranger's network nothing works any more */
	if (fd < 0 || connect(fd, &h->to.sa, h->to_len) < 0)
		return -1;
	return fd_steal(&fd);
}

static void receive(struct heartbeats *h)
{
	struct beat b;
	ssize_t n;

	while ((n = recv(h->fd, &b, sizeof(b), 0)) >= 0)
		if (n == sizeof(b) && b.secret == h->secret && b.node < h->set->n_nodes &&
		    b.count > h->node[b.node].heard)
			h->node[b.node].heard = b.count;
}

static bool beat(struct heartbeats *h, size_t i)
{
	struct beat b = {.secret = h->secret, .count = ++h->count, .node = (uint32_t)i};
	struct pollfd wait = {.fd = h->fd, .events = POLLIN};
	int64_t until_us = clock_mono_us() + ANSWER_MS * MSEC_US;

	if (h->node[i].fd < 0)
		h->node[i].fd = sender_open(h, h->set->node[i].netns);
	if (h->node[i].fd < 0 || send(h->node[i].fd, &b, sizeof(b), 0) != sizeof(b))
		return false;
	receive(h);
	while (h->node[i].answers && h->node[i].heard < b.count) {
		int64_t left_us = until_us - clock_mono_us();

		if (left_us <= 0 || poll(&wait, 1, (int)(left_us / MSEC_US) + 1) <= 0)
			break;
		receive(h);
	}
	return h->node[i].heard >= b.count;
}

static bool answers(struct heartbeats *h, size_t i)
{
	const struct node_settings *n = &h->set->node[i];

	if (!n->netns[0])
		return true;
	return access(n->netns, F_OK) == 0 && (h->fd < 0 || beat(h, i));
}

static int index_of(const struct heartbeats *h, const char *node)
{
	for (size_t i = 0; i < h->set->n_nodes; i++)
		if (str_eq(h->set->node[i].name, node))
			return (int)i;
	return -1;
}

bool node_answers(struct controllers *c, const char *node)
{
	struct heartbeats *h = c->heartbeats;
	int i = index_of(h, node);
	bool now;

	if (i < 0)
		return true; /* made by hand: nothing of ours runs there */
	now = answers(h, (size_t)i);
	if (now)
		h->node[i].heard_us = clock_mono_us();
	if (now != h->node[i].answers)
		log_info("node=%s event=%s", node, now ? "answers" : "silent");
	h->node[i].answers = now;
	return now;
}

int64_t node_silent_us(struct controllers *c, const char *node)
{
	int i = index_of(c->heartbeats, node);

	return i < 0 ? 0 : clock_mono_us() - c->heartbeats->node[i].heard_us;
}
