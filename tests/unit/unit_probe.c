/* SPDX-License-Identifier: GPL-2.0-or-later */
/* READY probes against real sockets on loopback: a thread of the test's loop plays the guest. */
#include "tests/unit/check_main.h"
#include "vmd/base/clock.h"
#include "vmd/network/probe.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

static const unsigned char rdp_request[] = {0x03, 0x00, 0x00, 0x13, 0x0e, 0xe0, 0x00,
					    0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x08,
					    0x00, 0x03, 0x00, 0x00, 0x00};

/* A listening socket in the prober's loop. What it does with a connection is up to the test. */
struct guest {
	sd_event *loop;
	struct prober *prober;
	int fd;
	uint16_t port;
	const void *answer; /* sent to each connection; NULL: nothing */
	size_t len;
	bool wants_request; /* answers only to RDP's connection request */
	bool hangs_up;      /* closes at once */
	int client;
	unsigned accepted;
	unsigned answers; /* callbacks */
	char vm[64];
};

static void on_answered(void *ctx, const char *vm)
{
	struct guest *g = ctx;

	g->answers++;
	snprintf(g->vm, sizeof(g->vm), "%s", vm);
}

static int on_client(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct guest *g = userdata;
	unsigned char buf[64];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)revents;
	if (n == sizeof(rdp_request) && memcmp(buf, rdp_request, sizeof(rdp_request)) == 0)
		ck_assert_int_eq(send(fd, g->answer, g->len, MSG_NOSIGNAL), (ssize_t)g->len);
	if (n == 0)
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
	return 0;
}

static int on_accept(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct guest *g = userdata;

	(void)s, (void)revents;
	if (g->client >= 0)
		close(g->client);
	g->client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(g->client, 0);
	g->accepted++;
	if (g->hangs_up) {
		close(g->client);
		g->client = -1;
	} else if (g->wants_request) {
		ck_assert_int_ge(sd_event_add_io(g->loop, NULL, g->client, POLLIN, on_client, g),
				 0);
	} else if (g->answer) {
		ck_assert_int_eq(send(g->client, g->answer, g->len, MSG_NOSIGNAL), (ssize_t)g->len);
	}
	return 0;
}

static void guest_listen(struct guest *g)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(g->port),
				 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int one = 1;

	g->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(g->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	ck_assert_int_eq(bind(g->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(g->fd, (struct sockaddr *)&at, &len), 0);
	g->port = ntohs(at.sin_port);
	ck_assert_int_eq(listen(g->fd, 8), 0);
	ck_assert_int_ge(sd_event_add_io(g->loop, NULL, g->fd, POLLIN, on_accept, g), 0);
}

static void guest_init(struct guest *g)
{
	struct prober_settings s = {
		.interval_us = 2 * MSEC_US, .timeout_us = 50 * MSEC_US, .answered = on_answered};

	*g = (struct guest){.fd = -1, .client = -1};
	ck_assert_int_ge(sd_event_new(&g->loop), 0);
	guest_listen(g);
	s.ssh_port = s.rdp_port = g->port;
	s.ctx = g;
	g->prober = prober_new(g->loop, &s);
}

static void guest_done(struct guest *g)
{
	prober_free(g->prober);
	sd_event_unref(g->loop);
	if (g->client >= 0)
		close(g->client);
	if (g->fd >= 0)
		close(g->fd);
}

/* Lets the loop go on until the guest has accepted so often, or an answer was seen. check's own
 * time-out ends a loop that never gets there. */
static void run_until(struct guest *g, unsigned accepted, unsigned answers)
{
	while (g->accepted < accepted || g->answers < answers)
		ck_assert_int_ge(sd_event_run(g->loop, UINT64_MAX), 0);
}

static bool ask(struct guest *g, enum vm_profile profile)
{
	return prober_ask(g->prober, "vm-1", "worker1node", "127.0.0.1", profile);
}

START_TEST(ssh_answers)
{
	struct guest g;

	guest_init(&g);
	g.answer = "SSH-2.0-dropbear\r\n";
	g.len = 18;
	ck_assert(!ask(&g, VM_PROFILE_LINUX));
	run_until(&g, 1, 1);
	ck_assert_str_eq(g.vm, "vm-1");
	ck_assert(ask(&g, VM_PROFILE_LINUX));
	/* It stays reachable, and nobody calls again. */
	ck_assert(ask(&g, VM_PROFILE_LINUX));
	ck_assert_uint_eq(g.accepted, 1);
	guest_done(&g);
}
END_TEST

START_TEST(rdp_answers)
{
	static const unsigned char confirm[] = {0x03, 0x00, 0x00, 0x13, 0x0e, 0xd0, 0x00,
						0x00, 0x12, 0x34, 0x00, 0x02, 0x1f, 0x08,
						0x00, 0x01, 0x00, 0x00, 0x00};
	struct guest g;

	guest_init(&g);
	g.answer = confirm;
	g.len = sizeof(confirm);
	g.wants_request = true;
	ck_assert(!ask(&g, VM_PROFILE_WINDOWS));
	run_until(&g, 1, 1);
	ck_assert(ask(&g, VM_PROFILE_WINDOWS));
	guest_done(&g);
}
END_TEST

START_TEST(other_services_do_not_count)
{
	static const char *const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
					      "\x03\x00\x00\x13\x0e\xe0 not a confirm"};
	static const enum vm_profile profiles[] = {VM_PROFILE_LINUX, VM_PROFILE_WINDOWS};
	struct guest g;

	guest_init(&g);
	g.answer = answers[_i];
	g.len = 20;
	ck_assert(!ask(&g, profiles[_i]));
	run_until(&g, 3, 0); /* it goes on trying */
	ck_assert(!ask(&g, profiles[_i]));
	ck_assert_uint_eq(g.answers, 0);
	guest_done(&g);
}
END_TEST

START_TEST(silence_is_tried_again)
{
	struct guest g;

	guest_init(&g);
	ck_assert(!ask(&g, VM_PROFILE_LINUX));
	run_until(&g, 2, 0); /* the first ended by its time-out */
	g.answer = "SSH-";
	g.len = 4;
	run_until(&g, 3, 1);
	ck_assert(ask(&g, VM_PROFILE_LINUX));
	guest_done(&g);
}
END_TEST

START_TEST(a_guest_that_hangs_up)
{
	struct guest g;

	guest_init(&g);
	g.hangs_up = true;
	ck_assert(!ask(&g, VM_PROFILE_LINUX));
	run_until(&g, 3, 0);
	ck_assert_uint_eq(g.answers, 0);
	guest_done(&g);
}
END_TEST

/* Nothing listens; then the service comes up. */
START_TEST(refused_until_it_is_up)
{
	struct guest g;
	int64_t until;

	guest_init(&g);
	close(g.fd);
	g.fd = -1;
	ck_assert(!ask(&g, VM_PROFILE_LINUX));
	for (until = clock_mono_us() + 10 * MSEC_US; clock_mono_us() < until;)
		ck_assert_int_ge(sd_event_run(g.loop, 1000), 0);
	ck_assert_uint_eq(g.answers, 0);
	guest_listen(&g);
	g.answer = "SSH-";
	g.len = 4;
	run_until(&g, 1, 1);
	guest_done(&g);
}
END_TEST

START_TEST(another_place_is_another_guest)
{
	struct guest g;

	guest_init(&g);
	g.answer = "SSH-";
	g.len = 4;
	ck_assert(!ask(&g, VM_PROFILE_LINUX));
	run_until(&g, 1, 1);
	/* moved to another node: asked anew */
	ck_assert(!prober_ask(g.prober, "vm-1", "worker2node", "127.0.0.1", VM_PROFILE_LINUX));
	run_until(&g, 2, 2);
	ck_assert(prober_ask(g.prober, "vm-1", "worker2node", "127.0.0.1", VM_PROFILE_LINUX));
	/* not asked for in a round: forgotten */
	prober_sweep(g.prober);
	ck_assert(prober_ask(g.prober, "vm-1", "worker2node", "127.0.0.1", VM_PROFILE_LINUX));
	prober_sweep(g.prober);
	prober_sweep(g.prober);
	ck_assert(!prober_ask(g.prober, "vm-1", "worker2node", "127.0.0.1", VM_PROFILE_LINUX));
	guest_done(&g);
}
END_TEST

START_TEST(no_address)
{
	struct guest g;

	guest_init(&g);
	ck_assert(!prober_ask(g.prober, "vm-1", "n", "not an address", VM_PROFILE_LINUX));
	ck_assert_int_ge(sd_event_run(g.loop, 1000), 0);
	ck_assert(!prober_ask(g.prober, "vm-1", "n", "not an address", VM_PROFILE_LINUX));
	ck_assert_uint_eq(g.accepted, 0);
	guest_done(&g);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("probe");

	tcase_add_test(t, ssh_answers);
	tcase_add_test(t, rdp_answers);
	tcase_add_loop_test(t, other_services_do_not_count, 0, 2);
	tcase_add_test(t, silence_is_tried_again);
	tcase_add_test(t, a_guest_that_hangs_up);
	tcase_add_test(t, refused_until_it_is_up);
	tcase_add_test(t, another_place_is_another_guest);
	tcase_add_test(t, no_address);
	return CHECK_MAIN(t);
}
