/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listener.c within its bounds: slow clients lose their connection, many are refused, and an idle
 * connection costs no wake-ups. The loop is this process's; clients are plain sockets in it. */
#include "tests/unit/check_main.h"
#include "vmd/api/listener.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

static sd_event *loop;
static struct listener *listener;

static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_len, void **con_cls)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	(void)cls, (void)method, (void)version, (void)data, (void)data_len;
	if (str_eq(url, "/pause") && !*con_cls) {
		*con_cls = conn;
		MHD_suspend_connection(conn);
		listener_resume(listener, conn); /* from within MHD_run() */
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(2, (void *)"ok", MHD_RESPMEM_PERSISTENT);
	rc = MHD_queue_response(conn, 200, r);
	MHD_destroy_response(r);
	return rc;
}

static int listen_on(const char *address, unsigned idle_s, unsigned total_s, struct err *e)
{
	struct listener_settings s = {
		.address = address, .idle_s = idle_s, .total_s = total_s, .access = on_access};

	return listener_new(loop, &s, &listener, e);
}

static void setup(void)
{
	ck_assert_int_ge(sd_event_new(&loop), 0);
}

static void teardown(void)
{
	listener_free(listener);
	listener = NULL;
	sd_event_unref(loop);
}

static int client(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(listener_port(listener)),
				.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Runs the loop for a while; how many turns it took. */
static unsigned run_for(int64_t us)
{
	int64_t end_us = clock_mono_us() + us;
	unsigned turns = 0;

	for (;;) {
		int64_t left_us = end_us - clock_mono_us();

		if (left_us <= 0)
			return turns;
		ck_assert_int_ge(sd_event_run(loop, (uint64_t)left_us), 0);
		turns++;
	}
}

/* Has the other side closed? */
static bool is_closed(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static const char *const urls[] = {"/", "/pause"};

START_TEST(answers)
{
	AUTO(fd) int fd = -1;
	char request[64];
	char buf[512] = "";
	struct err e;

	ck_assert_msg(listen_on("127.0.0.1:0", 5, 5, &e) == 0, "%s", e.msg);
	fd = client();
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", urls[_i]);
	ck_assert_int_gt(send(fd, request, strlen(request), 0), 0);
	while (recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT) <= 0)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert(str_starts(buf, "HTTP/1.1 200"));
}
END_TEST

/* The measure is turns of the loop, not time: hundreds a second would be a busy loop. */
START_TEST(idle_connection_is_quiet)
{
	AUTO(fd) int fd = -1;
	struct err e;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 5, 60, &e), 0);
	fd = client();
	run_for(100 * MSEC_US);
	ck_assert_uint_lt(run_for(1000 * MSEC_US), 20);
	ck_assert(!is_closed(fd));
}
END_TEST

/* Sends a byte of a header now and then, for ever: MHD's own limit never strikes. */
START_TEST(slow_client_is_ended)
{
	AUTO(fd) int fd = -1;
	struct err e;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 5, 1, &e), 0);
	fd = client();
	while (!is_closed(fd)) { /* check's time-out is the other end of this loop */
		(void)!send(fd, "G", 1, MSG_NOSIGNAL);
		run_for(100 * MSEC_US);
	}
}
END_TEST

START_TEST(silent_client_is_ended)
{
	AUTO(fd) int fd = -1;
	struct err e;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 1, 60, &e), 0);
	fd = client();
	while (!is_closed(fd))
		run_for(100 * MSEC_US);
}
END_TEST

START_TEST(too_many_from_one_address)
{
	int fd[LISTENER_CONNECTIONS_PER_IP + 1];
	unsigned closed = 0;
	struct err e;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 30, 60, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		fd[i] = client();
		run_for(5 * MSEC_US);
	}
	run_for(100 * MSEC_US);
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		closed += is_closed(fd[i]);
		close(fd[i]);
	}
	ck_assert_uint_eq(closed, 1);
}
END_TEST

START_TEST(endless_header)
{
	AUTO(fd) int fd = -1;
	char junk[4096];
	struct err e;
	size_t sent = 0;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 5, 60, &e), 0);
	fd = client();
	(void)!send(fd, "GET / HTTP/1.1\r\nX: ", 19, MSG_NOSIGNAL);
	memset(junk, 'x', sizeof(junk));
	while (!is_closed(fd)) {
		ssize_t n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		run_for(10 * MSEC_US);
	}
	ck_assert_uint_lt(sent, 64 * LISTENER_HEAD_BYTES); /* socket buffers are in it */
}
END_TEST

static const char *const bad_addresses[] = {"",       "127.0.0.1",      "localhost:0",
					    ":80",    "127.0.0.1:",     "127.0.0.1:http",
					    "[::1:0", "127.0.0.1:99999"};

START_TEST(bad_address_rows)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(listen_on(bad_addresses[_i], 1, 1, &e) < 0, "%s", bad_addresses[_i]);
	ck_assert_msg(e.msg[0] != '\0', "%s", bad_addresses[_i]);
}
END_TEST

START_TEST(address_in_use)
{
	struct listener *first;
	char address[32];
	struct err e;

	ck_assert_int_eq(listen_on("127.0.0.1:0", 1, 1, &e), 0);
	first = STEAL(listener);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", listener_port(first));
	ck_assert_int_eq(listen_on(address, 1, 1, &e), -1);
	ck_assert_msg(strstr(e.msg, "Address already in use") && strstr(e.msg, address), "%s",
		      e.msg);
	listener_free(first);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("listener");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, answers, 0, ARRAY_LEN(urls));
	tcase_add_test(t, idle_connection_is_quiet);
	tcase_add_test(t, slow_client_is_ended);
	tcase_add_test(t, silent_client_is_ended);
	tcase_add_test(t, too_many_from_one_address);
	tcase_add_test(t, endless_header);
	tcase_add_loop_test(t, bad_address_rows, 0, ARRAY_LEN(bad_addresses));
	tcase_add_test(t, address_in_use);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
