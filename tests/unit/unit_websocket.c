/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd/websocket: what servers may answer; frames between two ends, byte for byte; and the client
 * against kubevirt-lite's HTTPS and relay, in a process of its own, with a real certificate. */
#include "kubevirt-lite/api/relay.h"
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/websocket/frames.h"
#include "vmd/websocket/handshake.h"
#include "vmd/websocket/websocket.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

/* --- the handshake --- */

#define KEY    "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455, 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define GOOD                                                                                       \
	SWITCH "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"

static const struct {
	const char *text;
	const char *protocol;
	int rc, status;
	const char *rest;
} rows[] = {
	{GOOD "\r\n", NULL, 1, 101, ""},
	{GOOD "\r\n\x82\x01x", NULL, 1, 101, "\x82\x01x"},
	{GOOD "Sec-WebSocket-Protocol: plain.kubevirt.io\r\n\r\n", "plain.kubevirt.io", 1, 101, ""},
	{GOOD "\r\n", "plain.kubevirt.io", -1, 0, NULL},
	{GOOD "Sec-WebSocket-Protocol: other\r\n\r\n", "plain.kubevirt.io", -1, 0, NULL},
	{GOOD "Sec-WebSocket-Protocol: other\r\n\r\n", NULL, -1, 0, NULL},
	{GOOD, NULL, 0, 0, NULL},
	{SWITCH "Upgrade: websocket\r\n\r\n", NULL, -1, 0, NULL},
	{SWITCH "Upgrade: h2c\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", NULL, -1, 0, NULL},
	{SWITCH "Upgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", NULL, -1, 0, NULL},
	{GOOD "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", NULL, -1, 0, NULL},
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", NULL, 1, 404, "no"},
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno", NULL, 0, 0, NULL},
	{"HTTP/1.1 500\r\n\r\n", NULL, 1, 500, ""},
	{"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", NULL, 1, 500, ""},
	{"HTTP/1.1 404 x\r\nContent-Length: 65537\r\n\r\n", NULL, -1, 0, NULL},
	{"HTTP/1.1 404 x\r\nContent-Length: -1\r\n\r\n", NULL, -1, 0, NULL},
	{"HTTP/1.1 404 x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", NULL, -1, 0, NULL},
	{"HTTP/1.0 101 x\r\n\r\n", NULL, -1, 0, NULL},
	{"HTTP/1.1 1x1 x\r\n\r\n", NULL, -1, 0, NULL},
	{"RFB 003.008\n\r\n\r\n", NULL, -1, 0, NULL},
	{"\r\n\r\n", NULL, -1, 0, NULL},
};

START_TEST(answers)
{
	struct handshake_request q = {.key = KEY, .protocol = rows[_i].protocol};
	struct handshake_reply r = {.status = 0};
	struct err e = {.kind = ERR_NONE};
	int rc = handshake_read(rows[_i].text, strlen(rows[_i].text), &q, &r, &e);

	ck_assert_msg(rc == rows[_i].rc, "%s: %d (%s)", rows[_i].text, rc, e.msg);
	ck_assert_int_eq(r.status, rows[_i].status);
	if (rc < 0)
		ck_assert_int_eq(e.kind, ERR_INVALID);
	if (rc > 0) {
		ck_assert_uint_eq(r.rest_len, strlen(rows[_i].rest));
		ck_assert_int_eq(memcmp(r.rest, rows[_i].rest, r.rest_len), 0);
	}
}
END_TEST

START_TEST(accept_of_the_rfc)
{
	char accept[HANDSHAKE_ACCEPT_SIZE], key[HANDSHAKE_KEY_SIZE], other[HANDSHAKE_KEY_SIZE];
	struct err e;

	handshake_accept(KEY, accept);
	ck_assert_str_eq(accept, ACCEPT);
	ck_assert_int_eq(handshake_key(key, &e), 0);
	ck_assert_int_eq(handshake_key(other, &e), 0);
	ck_assert_uint_eq(strlen(key), HANDSHAKE_KEY_SIZE - 1);
	ck_assert_str_ne(key, other);
}
END_TEST

START_TEST(lines_cannot_be_smuggled_in)
{
	struct handshake_request q = {.host = "h:1", .path = "/a", .key = KEY};
	AUTO(strbuf_done) struct strbuf out = {.s = NULL};
	struct err e = {.kind = ERR_NONE};

	q.token = "a\r\nX: y";
	ck_assert_int_eq(handshake_write(&q, &out, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	q.token = "t";
	q.path = "/a b";
	ck_assert_int_eq(handshake_write(&q, &out, &e), -1);
	q.path = "a";
	ck_assert_int_eq(handshake_write(&q, &out, &e), -1);
	q.path = "/a";
	ck_assert_int_eq(handshake_write(&q, &out, &e), 0);
	ck_assert_ptr_nonnull(strstr(out.s, "\r\nAuthorization: Bearer t\r\n"));
}
END_TEST

START_TEST(refusals_are_told)
{
	static const char status[] = "{\"kind\":\"Status\",\"message\":\"vm \\\"x\\\" not found\"}";
	struct handshake_reply r = {.status = 404, .rest = status, .rest_len = sizeof(status) - 1};
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(handshake_refused(&r, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	ck_assert_str_eq(e.msg, "vm \"x\" not found (HTTP status 404)");
	r = (struct handshake_reply){.status = 403, .rest = "no\nnever", .rest_len = 8};
	(void)handshake_refused(&r, &e);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_str_eq(e.msg, "no (HTTP status 403)");
	r = (struct handshake_reply){.status = 502, .rest = "", .rest_len = 0};
	(void)handshake_refused(&r, &e);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_str_eq(e.msg, "(HTTP status 502)");
}
END_TEST

/* --- frames --- */

struct end {
	int fd;
	struct frames *frames;
};

static ssize_t end_recv(void *self, void *buf, size_t len)
{
	return recv(((struct end *)self)->fd, buf, len, MSG_DONTWAIT);
}

static ssize_t end_send(void *self, const void *data, size_t len)
{
	return send(((struct end *)self)->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ends_make(struct end *a, struct end *b)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	a->fd = fd[0];
	b->fd = fd[1];
	a->frames = frames_new(FRAMES_CLIENT,
			       &(struct frames_io){.self = a, .recv = end_recv, .send = end_send});
	b->frames = frames_new(FRAMES_SERVER,
			       &(struct frames_io){.self = b, .recv = end_recv, .send = end_send});
}

static void ends_free(struct end *a, struct end *b)
{
	frames_free(a->frames);
	frames_free(b->frames);
	close(a->fd);
	close(b->fd);
}

/* 3 MB through: the sender is held back by a reader that takes little at a time. */
START_TEST(bytes_arrive_in_order_and_bounded)
{
	struct end a, b;
	struct err e;
	size_t total = 3000000, put = 0, taken = 0, wrong = 0;

	ends_make(&a, &b);
	if (_i)
		(void)(a.fd ^= b.fd, b.fd ^= a.fd, a.fd ^= b.fd);
	while (taken < total) {
		unsigned char piece[7001];
		size_t n = frames_room(a.frames);

		n = n < sizeof(piece) ? n : sizeof(piece);
		n = n < total - put ? n : total - put;
		for (size_t i = 0; i < n; i++)
			piece[i] = (unsigned char)((put + i) * 7 % 251);
		if (n > 0)
			frames_put(a.frames, piece, n);
		put += n;
		ck_assert_int_eq(frames_run(a.frames, &e), 0);
		ck_assert_int_eq(frames_run(b.frames, &e), 0);
		ck_assert_uint_le(frames_waiting(b.frames), FRAMES_IN_MAX + 4096);
		n = frames_take(b.frames, piece, 3001);
		for (size_t i = 0; i < n; i++)
			wrong += piece[i] != (taken + i) * 7 % 251;
		taken += n;
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(frames_waiting(b.frames), 0);
	ends_free(&a, &b);
}
END_TEST

START_TEST(a_goodbye_is_answered)
{
	struct end a, b;
	struct err e;

	ends_make(&a, &b);
	frames_put(a.frames, "x", 1);
	frames_close(a.frames, 1000);
	ck_assert_uint_eq(frames_room(a.frames), 0);
	ck_assert_int_eq(frames_run(a.frames, &e), 0);
	ck_assert_int_eq(frames_run(b.frames, &e), 0);
	ck_assert(frames_has_ended(b.frames));
	ck_assert_uint_eq(frames_code(b.frames), 1000);
	ck_assert_uint_eq(frames_waiting(b.frames), 1);
	ck_assert(!frames_has_ended(a.frames));
	ck_assert_int_eq(frames_run(a.frames, &e), 0);
	ck_assert(frames_has_ended(a.frames));
	ends_free(&a, &b);
}
END_TEST

START_TEST(a_peer_that_goes_or_lies_is_noticed)
{
	struct end a, b;
	struct err e = {.kind = ERR_NONE};

	ends_make(&a, &b);
	shutdown(b.fd, SHUT_RDWR);
	ck_assert_int_eq(frames_run(a.frames, &e), 0);
	ck_assert(frames_has_ended(a.frames));
	ck_assert_uint_eq(frames_code(a.frames), 1006);
	ends_free(&a, &b);

	ends_make(&a, &b);
	ck_assert_int_eq(send(a.fd, "\xff\xff\xff\xff\xff\xff", 6, 0), 6);
	ck_assert_int_eq(frames_run(b.frames, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert(!frames_wants_recv(b.frames));
	ends_free(&a, &b);
}
END_TEST

/* A peer that only pings and never reads cannot make us keep answers without end. */
START_TEST(pings_without_end_are_held_back)
{
	static const unsigned char ping[] = {0x89, 0x80, 1, 2, 3, 4};
	struct end a, b;
	struct err e;
	int small = 4096, n = 0;

	ends_make(&a, &b);
	ck_assert_int_eq(setsockopt(b.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 30000; i++) {
		if (send(a.fd, ping, sizeof(ping), MSG_DONTWAIT) < 0)
			n++;
		if (frames_run(b.frames, &e) < 0)
			ck_abort_msg("%s", e.msg);
	}
	ck_assert_int_gt(n, 0);
	ck_assert(!frames_wants_recv(b.frames));
	ends_free(&a, &b);
}
END_TEST

/* --- the client against the server --- */

struct site {
	char dir[64], ca[80], server[64];
	pid_t pid;
};

struct served {
	struct sd_event *loop;
	struct relay *relays;
};

/* What the server does with a websocket, by its path. */
static void on_request(void *ctx, struct http_request *r)
{
	struct served *s = ctx;
	int fd[2];

	if (!r->websocket || !r->authorization ||
	    !str_eq(r->authorization, "Bearer secret-token")) {
		static const char no[] = "{\"message\":\"who are you\"}";

		http_answer(r, 403, "application/json", no, strlen(no));
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		abort();
	relay_end(&s->relays, "one");
	if (fork() == 0) { /* the guest: echoes, greets or leaves */
		char buf[5000];
		ssize_t n = 0;

		close(fd[0]);
		if (str_eq(r->uri, "/greet"))
			(void)!write(fd[1], "hello", 5);
		while (!str_eq(r->uri, "/greet") && (n = read(fd[1], buf, sizeof(buf))) > 0)
			for (ssize_t at = 0, m; at < n; at += m)
				if ((m = write(fd[1], buf + at, (size_t)(n - at))) < 0)
					_exit(1);
		_exit(0);
	}
	close(fd[1]);
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) < 0)
		abort();
	relay_start(&s->relays, r, s->loop, fd[0], str_eq(r->uri, "/echo") ? "" : "one");
}

static void serve(const struct site *s, int report)
{
	char cert[96], key[96];
	struct http_settings set = {
		.listen = "127.0.0.1:0", .cert_file = cert, .key_file = key, .handler = on_request};
	struct http_server *h;
	struct served served = {.relays = NULL};
	struct err e;
	unsigned port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	(void)str_fmt(cert, sizeof(cert), "%s/ca.crt", s->dir);
	(void)str_fmt(key, sizeof(key), "%s/ca.key", s->dir);
	if (sd_event_new(&served.loop) < 0)
		_exit(1);
	set.ctx = &served;
	if (http_start(&set, served.loop, &h, &e) < 0)
		_exit(1);
	port = http_port(h);
	if (write(report, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	sd_event_loop(served.loop);
	_exit(0);
}

static void site_start(struct site *s)
{
	char command[512];
	unsigned port;
	int fd[2];

	(void)str_copy(s->dir, sizeof(s->dir), "/tmp/unit_websocket.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	(void)str_fmt(s->ca, sizeof(s->ca), "%s/ca.crt", s->dir);
	(void)str_fmt(command, sizeof(command),
		      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		      "-days 2 -subj /CN=fake -addext subjectAltName=IP:127.0.0.1 "
		      "-keyout '%s/ca.key' -out '%s/ca.crt' 2>/dev/null",
		      s->dir, s->dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(pipe(fd), 0);
	s->pid = fork();
	if (s->pid == 0)
		serve(s, fd[1]);
	ck_assert_int_eq(read(fd[0], &port, sizeof(port)), sizeof(port));
	close(fd[0]);
	close(fd[1]);
	(void)str_fmt(s->server, sizeof(s->server), "https://127.0.0.1:%u", port);
}

static void site_stop(struct site *s)
{
	char command[128];

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	(void)str_fmt(command, sizeof(command), "rm -rf '%s'", s->dir);
	ck_assert_int_eq(system(command), 0);
}

#define LONG_MS 20000

static struct websocket_address address(const struct site *s, const char *path)
{
	return (struct websocket_address){.server = s->server,
					  .ca_file = s->ca,
					  .token = "secret-token",
					  .path = path,
					  .protocol = WEBSOCKET_PLAIN};
}

START_TEST(both_ends_over_tls)
{
	struct site s;
	struct websocket_address a;
	struct websocket *w, *next;
	struct err e = {.kind = ERR_NONE};
	size_t total = 2000000, sent = 0, got = 0, wrong = 0, n;
	unsigned char buf[9973];

	site_start(&s);
	a = address(&s, "/echo");
	ck_assert_msg(websocket_open(&a, LONG_MS, &w, &e) == 0, "%s", e.msg);

	/* the simple way */
	ck_assert_int_eq(websocket_send(w, "ping", 4, LONG_MS, &e), 0);
	for (got = 0; got < 4; got += n) {
		ck_assert_int_eq(websocket_recv(w, buf + got, 4 - got, LONG_MS, &n, &e), 0);
		ck_assert_uint_gt(n, 0);
	}
	ck_assert_int_eq(memcmp(buf, "ping", 4), 0);
	ck_assert_int_eq(websocket_recv(w, buf, sizeof(buf), 50, &n, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert(websocket_is_open(w));

	/* both ways at once, by poll */
	got = 0;
	while (got < total) {
		struct pollfd p = {.fd = websocket_fd(w)};

		n = websocket_room(w);
		n = n < sizeof(buf) ? n : sizeof(buf);
		n = n < total - sent ? n : total - sent;
		for (size_t i = 0; i < n; i++)
			buf[i] = (unsigned char)((sent + i) * 11 % 253);
		if (n > 0)
			websocket_put(w, buf, n);
		sent += n;
		ck_assert_msg(websocket_run(w, &e) == 0, "%s", e.msg);
		n = websocket_take(w, buf, sizeof(buf));
		for (size_t i = 0; i < n; i++)
			wrong += buf[i] != (got + i) * 11 % 253;
		got += n;
		p.events = websocket_events(w);
		if (n == 0 && sent == total)
			ck_assert_int_gt(poll(&p, 1, LONG_MS), 0);
	}
	ck_assert_uint_eq(wrong, 0);
	websocket_bye(w, LONG_MS);
	ck_assert(!websocket_is_open(w));
	websocket_free(w);

	/* the one client of something is ended by the next */
	a.path = "/one";
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), 0);
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &next, &e), 0);
	ck_assert_int_eq(websocket_recv(w, buf, sizeof(buf), LONG_MS, &n, &e), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(websocket_send(next, "x", 1, LONG_MS, &e), 0);
	ck_assert_int_eq(websocket_recv(next, buf, sizeof(buf), LONG_MS, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	websocket_free(w);
	websocket_free(next);

	/* what a guest says before it leaves comes through */
	a.path = "/greet";
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), 0);
	got = 0;
	do {
		ck_assert_msg(websocket_recv(w, buf + got, sizeof(buf) - got, LONG_MS, &n, &e) == 0,
			      "%s", e.msg);
		got += n;
	} while (n > 0);
	ck_assert_uint_eq(got, 5);
	ck_assert_int_eq(websocket_send(w, "x", 1, LONG_MS, &e), -1);
	websocket_free(w);
	site_stop(&s);
}
END_TEST

START_TEST(a_server_that_refuses_or_is_another)
{
	struct site s;
	struct websocket_address a;
	struct websocket *w = NULL;
	struct err e = {.kind = ERR_NONE};

	site_start(&s);
	a = address(&s, "/echo");
	a.token = "wrong-token";
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), -1);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_msg(strstr(e.msg, "who are you (HTTP status 403)") != NULL, "%s", e.msg);

	a = address(&s, "/echo");
	a.ca_file = NULL; /* the system's authorities do not know it */
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "certificate") != NULL, "%s", e.msg);

	a = address(&s, "/echo");
	a.protocol = "other.protocol";
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);

	site_stop(&s);
	a = address(&s, "/echo");
	ck_assert_int_eq(websocket_open(&a, LONG_MS, &w, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_ptr_null(w);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("websocket");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, answers, 0, ARRAY_LEN(rows));
	tcase_add_test(t, accept_of_the_rfc);
	tcase_add_test(t, lines_cannot_be_smuggled_in);
	tcase_add_test(t, refusals_are_told);
	tcase_add_loop_test(t, bytes_arrive_in_order_and_bounded, 0, 2);
	tcase_add_test(t, a_goodbye_is_answered);
	tcase_add_test(t, a_peer_that_goes_or_lies_is_noticed);
	tcase_add_test(t, pings_without_end_are_held_back);
	tcase_add_test(t, both_ends_over_tls);
	tcase_add_test(t, a_server_that_refuses_or_is_another);
	return CHECK_MAIN(t);
}
