/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.c, asked by client.c and by plain HTTP: real loopback connections, a real munged. What the
 * client makes of servers that are not there or not vmd is in unit_client.c. */
#include "tests/unit/served.h"
#include "vmd/api/client.h"
#include "vmd/api/peer.h"
#include "vmd/api/server.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <arpa/inet.h>
#include <check.h>
#include <munge.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

/* munged as it must not be built: the linker puts this in front of peer_self_test(). */
static bool munge_is_open;
int __real_peer_self_test(const char *munge_socket, struct err *e);
int __wrap_peer_self_test(const char *munge_socket, struct err *e);

int __wrap_peer_self_test(const char *munge_socket, struct err *e)
{
	int rc = __real_peer_self_test(munge_socket, e);

	return rc == 0 && munge_is_open ? err_set(e, ERR_INVALID, "munge is open") : rc;
}

START_TEST(echo)
{
	struct err e;

	ck_assert_msg(call("echo", "50% of\nthe \"time\"", &e) == 0, "%s", e.msg);
	ck_assert_pstr_eq(wire_get(&answer, "text"), "50% of\nthe \"time\"");
	ck_assert_pstr_eq(wire_get(&answer, "uid"), self());
	ck_assert_pstr_eq(wire_get(&answer, "ok"), "1");
}
END_TEST

START_TEST(late_and_large)
{
	struct err e;

	ck_assert_msg(call("later", "", &e) == 0, "%s", e.msg);
	ck_assert_pstr_eq(wire_get(&answer, "late"), "1");
	ck_assert_msg(call("large", "", &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(answer.n, 302);
	ck_assert_int_eq(call("too-large", "", &e), -1);
	ck_assert_str_eq(e.msg, "message longer than 262144 bytes or 2048 fields");
	ck_assert_int_eq(call("nix", "", &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	ck_assert_str_eq(e.msg, "no op 'nix'");
}
END_TEST

/* Also: the client has no state of its own. */
static void *client_main(void *arg)
{
	struct client c = {.servers = arg, .vmd_user = self(), .munge_socket = munge.socket};
	const char *request = "slurm-vm=1\nop=later\n";
	char *mine = malloc(WIRE_MAX + 1);
	struct wire_in *reply = malloc(sizeof(*reply));
	struct err e;
	bool good = true;

	for (int i = 0; i < 5; i++)
		good = good &&
		       client_call(&c, request, strlen(request), 20000, mine, WIRE_MAX + 1, reply,
				   &e) == 0 &&
		       str_eq(wire_get(reply, "late"), "1");
	free(mine);
	free(reply);
	return good ? arg : NULL;
}

START_TEST(many_at_once)
{
	pthread_t client[12];
	char server[64];

	(void)snprintf(server, sizeof(server), "%s", here(served.port));
	(void)self();
	for (size_t i = 0; i < ARRAY_LEN(client); i++)
		ck_assert_int_eq(pthread_create(&client[i], NULL, client_main, server), 0);
	for (size_t i = 0; i < ARRAY_LEN(client); i++) {
		void *good = NULL;

		pthread_join(client[i], &good);
		ck_assert_ptr_nonnull(good);
	}
}
END_TEST

/* A child that is another account; made before there are threads, it gets the port by a pipe. */
static pid_t other_client(int *ret_port)
{
	uint16_t port;
	int pipe_fd[2];
	struct err e;
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	pid = fork();
	if (pid != 0) {
		close(pipe_fd[0]);
		*ret_port = pipe_fd[1];
		return pid;
	}
	if (setgid(OTHER_UID) < 0 || setuid(OTHER_UID) < 0 ||
	    read(pipe_fd[0], &port, sizeof(port)) != sizeof(port))
		_exit(2);
	if (call_as(here(port), "0", munge.socket, "echo", "hello", 20000, &e) < 0)
		_exit(3);
	_exit(str_eq(wire_get(&answer, "uid"), "65534") && str_eq(wire_get(&answer, "gid"), "65534")
		      ? 0
		      : 4);
}

START_TEST(another_uid)
{
	AUTO(fd) int port = -1;
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return;
	pid = other_client(&port);
	served_start(munge.socket);
	ck_assert_int_eq(write(port, &served.port, sizeof(served.port)), sizeof(served.port));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	served_stop();
}
END_TEST

/* Plain HTTP */

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Sends text, returns all that comes until the other side closes. */
static const char *http(uint16_t port, const char *text)
{
	static char all[8192];
	AUTO(fd) int fd = connect_to(port);
	size_t len = 0;
	ssize_t n;

	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	while ((n = read(fd, all + len, sizeof(all) - 1 - len)) > 0)
		len += (size_t)n;
	all[len] = '\0';
	return all;
}

static const char *post_cred(const char *cred)
{
	AUTO(free) char *text = NULL;

	ck_assert_int_gt(asprintf(&text,
				  "POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
				  strlen(cred), cred),
			 0);
	return http(served.port, text);
}

static const struct {
	const char *text;
	const char *status;
	const char *body;
} refused[] = {
	{"GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405", "POST only"},
	{"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	 "HTTP/1.1 404", "no such path"},
	{"POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
	 "HTTP/1.1 411", "Content-Length?"},
	{"POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 999999999\r\n\r\n",
	 "HTTP/1.1 413", "request too large"},
	{"POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -5\r\n\r\n",
	 "HTTP/1.1 4", ""},
	{"POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	 "HTTP/1.1 400", "munge: No credential specified"},
	{"POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\nMUNGE:x:",
	 "HTTP/1.1 401", "munge: "},
	{"rubbish\r\n\r\n", "", ""},
};

START_TEST(refused_rows)
{
	const char *got = http(served.port, refused[_i].text);

	ck_assert_msg(str_starts(got, refused[_i].status), "%s -> %s", refused[_i].text, got);
	ck_assert_msg(strstr(got, refused[_i].body), "%s -> %s", refused[_i].text, got);
}
END_TEST

START_TEST(replayed)
{
	AUTO(free) char *cred = NULL;
	struct err e;
	const char *text = "slurm-vm=1\nop=echo\ntext=x\n";

	ck_assert_int_eq(peer_seal(munge.socket, geteuid(), text, strlen(text), &cred, &e), 0);
	ck_assert(str_starts(post_cred(cred), "HTTP/1.1 200"));
	ck_assert_msg(strstr(post_cred(cred), "munge: Replayed credential"), "%s", post_cred(cred));
	ck_assert(str_starts(post_cred(cred), "HTTP/1.1 401"));
}
END_TEST

START_TEST(expired)
{
	munge_ctx_t ctx = munge_ctx_create();
	AUTO(free) char *cred = NULL;
	const char *text = "slurm-vm=1\nop=echo\ntext=x\n";
	const char *got;
	int64_t made_s;

	munge_ctx_set(ctx, MUNGE_OPT_SOCKET, munge.socket);
	munge_ctx_set(ctx, MUNGE_OPT_TTL, 1);
	munge_ctx_set(ctx, MUNGE_OPT_UID_RESTRICTION, geteuid());
	ck_assert_int_eq(munge_encode(&cred, ctx, text, (int)strlen(text)), EMUNGE_SUCCESS);
	munge_ctx_destroy(ctx);
	made_s = clock_wall_s();
	/* munged counts in whole seconds, and time(2) may be a tick behind the clock. */
	while (clock_wall_s() <= made_s + 2)
		usleep(50000);
	got = post_cred(cred);
	ck_assert_msg(strstr(got, "munge: Expired credential"), "%s", got);
}
END_TEST

START_TEST(not_a_message)
{
	AUTO(free) char *cred = NULL;
	struct err e;

	ck_assert_int_eq(peer_seal(munge.socket, geteuid(), "hello", 5, &cred, &e), 0);
	ck_assert(str_starts(post_cred(cred), "HTTP/1.1 400"));
}
END_TEST

START_TEST(metrics_listener)
{
	const char *get = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

	ck_assert_ptr_nonnull(strstr(http(served.metrics_port, get), "\r\n\r\nvmd_test 1\n"));
	ck_assert(str_starts(http(served.port, get), "HTTP/1.1 404"));
	get = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	ck_assert(str_starts(http(served.metrics_port, get), "HTTP/1.1 200"));
	served.sick = true;
	ck_assert(str_starts(http(served.metrics_port, get), "HTTP/1.1 503"));
	ck_assert_ptr_nonnull(strstr(http(served.metrics_port, get), "no Slurm"));
	ck_assert(str_starts(http(served.metrics_port,
				  "POST /metrics HTTP/1.1\r\nHost: x\r\n"
				  "Connection: close\r\nContent-Length: 3\r\n\r\nabc"),
			     "HTTP/1.1 405"));
}
END_TEST

/* A request still with its handler, and one half sent, when the server ends. */
START_TEST(ends_with_open_requests)
{
	AUTO(fd) int half = connect_to(served.port);
	struct err e;

	(void)!send(half, "POST /v1 HT", 11, MSG_NOSIGNAL);
	ck_assert_int_eq(call_as(here(served.port), self(), munge.socket, "never", "", 300, &e),
			 -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "no answer in time"), "%s", e.msg);
}
END_TEST

/* vmd's munged is not there when vmd starts, then it is. */
START_TEST(munge_down_there)
{
	char socket[108];
	struct err e;

	(void)snprintf(socket, sizeof(socket), "%s/socket.lock.%d", munge.dir, (int)getpid());
	served_start(socket);
	ck_assert_int_eq(call("echo", "", &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "munge is not reachable"), "%s", e.msg);
	ck_assert_int_eq(symlink(munge.socket, socket), 0);
	ck_assert_msg(call("echo", "", &e) == 0, "%s", e.msg);
	ck_assert_int_eq(unlink(socket), 0);
	served_stop();
}
END_TEST

/* A munged that lets others read our credentials is refused: at start, and when it comes later. */
START_TEST(open_munge)
{
	struct server_handlers h = {.handle = NULL}; /* nobody gets so far */
	struct server_settings settings = {.listen = "127.0.0.1:0", .munge_socket = munge.socket};
	struct server *server = NULL;
	sd_event *loop = NULL;
	char socket[108];
	struct err e;

	munge_is_open = true;
	sd_event_new(&loop);
	ck_assert_int_eq(server_new(loop, &settings, &h, &server, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	sd_event_unref(loop);

	(void)snprintf(socket, sizeof(socket), "%s/socket.lock.%d", munge.dir, (int)getpid());
	served_start(socket);
	ck_assert_int_eq(symlink(munge.socket, socket), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(call("echo", "", &e), -1);
		ck_assert_msg(strstr(e.msg, "munge is open (HTTP status 503)"), "%s", e.msg);
	}
	ck_assert_int_eq(unlink(socket), 0);
	served_stop();
}
END_TEST

START_TEST(self_test)
{
	struct err e;

	ck_assert_msg(peer_self_test(munge.socket, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(peer_self_test("/nonexistent/socket", &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("server");
	TCase *alone = tcase_create("alone");

	tcase_add_checked_fixture(t, served_start_here, served_stop);
	tcase_add_test(t, echo);
	tcase_add_test(t, late_and_large);
	tcase_add_test(t, many_at_once);
	tcase_add_loop_test(t, refused_rows, 0, ARRAY_LEN(refused));
	tcase_add_test(t, replayed);
	tcase_add_test(t, expired);
	tcase_add_test(t, not_a_message);
	tcase_add_test(t, metrics_listener);
	tcase_add_test(t, ends_with_open_requests);
	tcase_add_test(alone, another_uid);
	tcase_add_test(alone, munge_down_there);
	tcase_add_test(alone, open_munge);
	tcase_add_test(alone, self_test);
	tcase_set_timeout(t, 60);
	tcase_set_timeout(alone, 60);
	return PRIVATE_MUNGE_MAIN(t, alone);
}
