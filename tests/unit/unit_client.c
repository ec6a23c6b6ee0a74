/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.c: which of several vmd it asks, and what it makes of those that are away, are not vmd, or
 * lie. Real loopback connections, a real munged. */
#include "tests/unit/served.h"
#include "vmd/api/peer.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Of several vmd the one that leads is asked; when none does, one that stands by answers. */
START_TEST(leader_is_found)
{
	static const struct {
		const char *op;
		unsigned standbys, calls;
		enum err_kind kind;
	} rows[] = {{"standby", 0, 1, ERR_NONE},
		    {"standby", 1, 2, ERR_NONE},
		    {"standby", 9, 3, ERR_NONE}, /* both, then the first again */
		    {"refused", 0, 3, ERR_RETRY}};
	char servers[64], text[16];
	struct err e;

	(void)snprintf(servers, sizeof(servers), "127.0.0.1:%u,127.0.0.1:%u", served.port,
		       served.port);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		served.calls = 0;
		served.standbys = rows[i].standbys;
		if (call_as(servers, self(), munge.socket, rows[i].op, "", 20000, &e) == 0)
			e.kind = ERR_NONE;
		ck_assert_int_eq(e.kind, rows[i].kind);
		ck_assert_uint_eq(served.calls, rows[i].calls);
		(void)snprintf(text, sizeof(text), "%u", rows[i].calls);
		if (rows[i].kind == ERR_NONE)
			ck_assert_str_eq(wire_get(&answer, "calls"), text);
	}
	*strchr(servers, ',') = '\0'; /* one alone is asked once */
	served.calls = 0;
	served.standbys = 9;
	ck_assert_int_eq(call_as(servers, self(), munge.socket, "standby", "", 20000, &e), 0);
	ck_assert_uint_eq(served.calls, 1);
}
END_TEST

START_TEST(next_server)
{
	AUTO(fd) int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(a);
	char servers[64];
	struct err e;

	/* bound but not listening: refuses */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	(void)snprintf(servers, sizeof(servers), "127.0.0.1:%u,127.0.0.1:%u", ntohs(a.sin_port),
		       served.port);
	ck_assert_msg(call_as(servers, self(), munge.socket, "echo", "", 20000, &e) == 0, "%s",
		      e.msg);
	*strchr(servers, ',') = '\0';
	ck_assert_int_eq(call_as(servers, self(), munge.socket, "echo", "", 20000, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "Connection refused") && strstr(e.msg, servers), "%s", e.msg);
}
END_TEST

static const char *const bad_servers[] = {"",        "host",   "host:",
					  ":1",      "host:0", "host:65536",
					  "host:1x", "[]:1",   "127.0.0.1:1,,127.0.0.1:2"};

START_TEST(bad_server_rows)
{
	struct err e;

	ck_assert_int_eq(call_as(bad_servers[_i], self(), munge.socket, "echo", "", 2000, &e), -1);
	ck_assert_msg(_i == 8 || e.kind == ERR_INVALID, "%s: %s", bad_servers[_i], e.msg);
}
END_TEST

/* What is sealed for another account than vmd's cannot be read by vmd. */
START_TEST(wrong_vmd_user)
{
	struct err e;

	ck_assert_int_eq(call_as(here(served.port), "65533", munge.socket, "echo", "", 20000, &e),
			 -1);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_msg(strstr(e.msg, "munge: Unauthorized credential"), "%s", e.msg);
	ck_assert_int_eq(
		call_as(here(served.port), "no-such-user", munge.socket, "echo", "", 20000, &e),
		-1);
	ck_assert_str_eq(e.msg, "vmd's account 'no-such-user' does not exist on this host");
}
END_TEST

START_TEST(munge_down_here)
{
	char stale[108];
	struct err e;

	ck_assert_int_eq(
		call_as(here(served.port), self(), "/nonexistent/socket", "echo", "", 20000, &e),
		-1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_str_eq(e.msg,
			 "munge is not reachable: /nonexistent/socket: No such file or directory");
	(void)snprintf(stale, sizeof(stale), "%s/private/key", munge.dir);
	ck_assert_int_eq(call_as(here(served.port), self(), stale, "echo", "", 20000, &e), -1);
	ck_assert_msg(strstr(e.msg, "Connection refused"), "%s", e.msg);
}
END_TEST

/* A server that is not vmd: answers one request by what the row says. */

enum lie {
	LIE_UID,
	LIE_NONCE,
	LIE_PLAIN,
	LIE_NO_HTTP,
	LIE_STATUS,
	LIE_LENGTH,
	LIE_CLOSE,
	LIE_SHORT
};

static const struct {
	enum lie lie;
	enum err_kind kind;
	const char *msg;
} lies[] = {
	{LIE_UID, ERR_DENIED, "the answer is not from vmd's uid 0 but from uid 65534"},
	{LIE_NONCE, ERR_DENIED, "the answer belongs to another question"},
	{LIE_PLAIN, ERR_DENIED, "munge: "},
	{LIE_NO_HTTP, ERR_RETRY, "the answer is not vmd's (not HTTP)"},
	{LIE_STATUS, ERR_RETRY, "busy?[31m (HTTP status 503)"},
	{LIE_LENGTH, ERR_RETRY, "the answer has a bad Content-Length"},
	{LIE_CLOSE, ERR_RETRY, "the connection was closed without an answer"},
	{LIE_SHORT, ERR_RETRY, "the connection was closed without an answer"},
};

static char *lie_cred(enum lie lie)
{
	const char *text = "slurm-vm=1\nnonce=0123456789abcdef0123456789abcdef\nok=1\n";
	char *cred = NULL;
	struct err e;

	if (lie == LIE_UID && (setgid(OTHER_UID) < 0 || setuid(OTHER_UID) < 0))
		_exit(1);
	if (peer_seal(munge.socket, 0, text, strlen(text), &cred, &e) < 0)
		_exit(1);
	return cred;
}

static void lie_send(int fd, enum lie lie)
{
	switch (lie) {
	case LIE_UID:
	case LIE_NONCE: {
		char *cred = lie_cred(lie);

		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(cred), cred);
		break;
	}
	case LIE_PLAIN: dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok=1\n"); break;
	case LIE_NO_HTTP: dprintf(fd, "220 smtp\r\n\r\n"); break;
	case LIE_STATUS:
		dprintf(fd, "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nbusy\033[31m");
		break;
	case LIE_LENGTH: dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"); break;
	case LIE_CLOSE: break;
	case LIE_SHORT: dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok="); break;
	}
}

START_TEST(liars)
{
	AUTO(fd) int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(a);
	struct err e;
	pid_t pid;

	if (lies[_i].lie <= LIE_NONCE && geteuid() != 0)
		return;
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&a, &size), 0);
	pid = fork();
	if (pid == 0) {
		int fd = accept(listening, NULL, NULL);
		char request[65536];

		(void)!read(fd, request, sizeof(request));
		lie_send(fd, lies[_i].lie);
		shutdown(fd, SHUT_WR);
		while (read(fd, request, sizeof(request)) > 0)
			;
		_exit(0);
	}
	ck_assert_int_eq(
		call_as(here(ntohs(a.sin_port)), self(), munge.socket, "echo", "", 20000, &e), -1);
	waitpid(pid, NULL, 0);
	ck_assert_msg(strstr(e.msg, lies[_i].msg), "%s", e.msg);
	ck_assert_int_eq(e.kind, lies[_i].kind);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("client");
	TCase *alone = tcase_create("alone");

	tcase_add_checked_fixture(t, served_start_here, served_stop);
	tcase_add_test(t, leader_is_found);
	tcase_add_test(t, next_server);
	tcase_add_loop_test(t, bad_server_rows, 0, ARRAY_LEN(bad_servers));
	tcase_add_test(t, wrong_vmd_user);
	tcase_add_test(t, munge_down_here);
	tcase_add_loop_test(alone, liars, 0, ARRAY_LEN(lies));
	tcase_set_timeout(t, 60);
	tcase_set_timeout(alone, 60);
	return PRIVATE_MUNGE_MAIN(t, alone);
}
