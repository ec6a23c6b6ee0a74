/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.c and client.c against each other: real loopback connections, a real munged. The server
 * runs in a thread of its own with its loop; the tests are the clients. */
#include "tests/unit/check_main.h"
#include "tests/unit/private_munge.h"
#include "vmd/api/client.h"
#include "vmd/api/peer.h"
#include "vmd/api/server.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <arpa/inet.h>
#include <check.h>
#include <munge.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define OTHER_UID 65534

static struct private_munge munge;

/* munged as it must not be built: the linker puts this in front of peer_self_test(). */
static bool munge_is_open;
int __real_peer_self_test(const char *munge_socket, struct err *e);
int __wrap_peer_self_test(const char *munge_socket, struct err *e);

int __wrap_peer_self_test(const char *munge_socket, struct err *e)
{
	int rc = __real_peer_self_test(munge_socket, e);

	return rc == 0 && munge_is_open ? err_set(e, ERR_INVALID, "munge is open") : rc;
}

/* The server under test */

static struct {
	pthread_t thread;
	int stop;  /* eventfd */
	int ready; /* eventfd */
	const char *munge_socket;
	uint16_t port, metrics_port;
	bool sick;
	unsigned calls, standbys; /* of op standby: the first so many stand by */
	struct err e;
	int rc;
	sd_event *loop;
} srv;

static int reply_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec;
	sd_event_source_unref(source);
	reply_send(userdata);
	return 0;
}

static void handle(void *ctx, const struct caller *who, const struct wire_in *in, struct reply *r)
{
	const char *op = wire_get(in, "op");
	struct wire_out *o = reply_out(r);
	struct err e;

	(void)ctx;
	if (str_eq(op, "echo")) {
		wire_addf(o, "uid", "%u", who->uid);
		wire_addf(o, "gid", "%u", who->gid);
		wire_add(o, "text", wire_get(in, "text"));
		reply_send(r);
	} else if (str_eq(op, "later")) {
		sd_event_source *source = NULL;

		wire_add(o, "late", "1");
		sd_event_add_time_relative(srv.loop, &source, CLOCK_MONOTONIC, 20 * MSEC_US, 1,
					   reply_late, r);
	} else if (str_eq(op, "standby")) {
		wire_addf(o, "calls", "%u", ++srv.calls);
		if (srv.calls <= srv.standbys)
			wire_add(o, "standby", "elsewhere");
		reply_send(r);
	} else if (str_eq(op, "refused")) {
		srv.calls++;
		(void)err_set(&e, ERR_RETRY, "stands by");
		reply_error(r, &e);
	} else if (str_eq(op, "never")) {
		/* server_free() must cope */
	} else if (str_eq(op, "large")) {
		for (int i = 0; i < 300; i++)
			wire_addf(o, "vm[]", "%0*d", 800, i);
		reply_send(r);
	} else if (str_eq(op, "too-large")) {
		for (int i = 0; i < 400; i++)
			wire_addf(o, "vm[]", "%0*d", 800, i);
		reply_send(r);
	} else {
		err_set(&e, ERR_ABSENT, "no op '%s'", op ? op : "");
		reply_error(r, &e);
	}
}

static void metrics(void *ctx, struct strbuf *out)
{
	(void)ctx;
	strbuf_addf(out, "vmd_test 1\n");
}

static int health(void *ctx, struct err *e)
{
	(void)ctx;
	return srv.sick ? err_set(e, ERR_RETRY, "no Slurm") : 0;
}

static int on_stop(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	return sd_event_exit(userdata, 0);
}

static void *server_main(void *arg)
{
	struct server_handlers h = {.handle = handle, .metrics = metrics, .health = health};
	struct server_settings s = {.listen = "127.0.0.1:0",
				    .metrics_listen = "127.0.0.1:0",
				    .munge_socket = srv.munge_socket};
	AUTO(server_free) struct server *server = NULL;

	(void)arg;
	sd_event_new(&srv.loop);
	sd_event_add_io(srv.loop, NULL, srv.stop, EPOLLIN, on_stop, srv.loop);
	srv.rc = server_new(srv.loop, &s, &h, &server, &srv.e);
	if (srv.rc == 0) {
		srv.port = server_port(server);
		srv.metrics_port = server_metrics_port(server);
	}
	eventfd_write(srv.ready, 1);
	if (srv.rc == 0)
		sd_event_loop(srv.loop);
	server_free(STEAL(server));
	sd_event_unref(srv.loop);
	return NULL;
}

static void server_start(const char *munge_socket)
{
	eventfd_t n;

	srv.munge_socket = munge_socket;
	srv.stop = eventfd(0, EFD_CLOEXEC);
	srv.ready = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&srv.thread, NULL, server_main, NULL), 0);
	eventfd_read(srv.ready, &n);
	ck_assert_msg(srv.rc == 0, "%s", srv.e.msg);
}

static void server_stop(void)
{
	eventfd_write(srv.stop, 1);
	pthread_join(srv.thread, NULL);
}

static void with_server(void)
{
	server_start(munge.socket);
}

/* Clients */

static char buf[WIRE_MAX + 1];
static struct wire_in in;

static int call_as(const char *servers, const char *user, const char *socket, const char *op,
		   const char *text, int timeout_ms, struct err *e)
{
	struct client c = {.servers = servers, .vmd_user = user, .munge_socket = socket};
	static char request[4096];
	struct wire_out o;
	size_t len;

	e->kind = ERR_NONE;
	e->msg[0] = '\0';
	wire_begin(&o, request, sizeof(request));
	wire_add(&o, "op", op);
	wire_add(&o, "text", text);
	ck_assert_int_eq(wire_end(&o, &len, e), 0);
	return client_call(&c, request, len, timeout_ms, buf, sizeof(buf), &in, e);
}

static const char *self(void)
{
	static char uid[16];

	if (!*uid)
		(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	return uid;
}

static const char *here(uint16_t port)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	return text;
}

static int call(const char *op, const char *text, struct err *e)
{
	return call_as(here(srv.port), self(), munge.socket, op, text, 20000, e);
}

START_TEST(echo)
{
	struct err e;

	ck_assert_msg(call("echo", "50% of\nthe \"time\"", &e) == 0, "%s", e.msg);
	ck_assert_pstr_eq(wire_get(&in, "text"), "50% of\nthe \"time\"");
	ck_assert_pstr_eq(wire_get(&in, "uid"), self());
	ck_assert_pstr_eq(wire_get(&in, "ok"), "1");
}
END_TEST

START_TEST(late_and_large)
{
	struct err e;

	ck_assert_msg(call("later", "", &e) == 0, "%s", e.msg);
	ck_assert_pstr_eq(wire_get(&in, "late"), "1");
	ck_assert_msg(call("large", "", &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(in.n, 302);
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

	(void)snprintf(server, sizeof(server), "%s", here(srv.port));
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
	_exit(str_eq(wire_get(&in, "uid"), "65534") && str_eq(wire_get(&in, "gid"), "65534") ? 0
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
	server_start(munge.socket);
	ck_assert_int_eq(write(port, &srv.port, sizeof(srv.port)), sizeof(srv.port));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	server_stop();
}
END_TEST

/* What is sealed for another account than vmd's cannot be read by vmd. */
START_TEST(wrong_vmd_user)
{
	struct err e;

	ck_assert_int_eq(call_as(here(srv.port), "65533", munge.socket, "echo", "", 20000, &e), -1);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_msg(strstr(e.msg, "munge: Unauthorized credential"), "%s", e.msg);
	ck_assert_int_eq(
		call_as(here(srv.port), "no-such-user", munge.socket, "echo", "", 20000, &e), -1);
	ck_assert_str_eq(e.msg, "vmd's account 'no-such-user' does not exist on this host");
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
	static char answer[8192];
	AUTO(fd) int fd = connect_to(port);
	size_t len = 0;
	ssize_t n;

	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	return answer;
}

static const char *post_cred(const char *cred)
{
	AUTO(free) char *text = NULL;

	ck_assert_int_gt(asprintf(&text,
				  "POST /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
				  strlen(cred), cred),
			 0);
	return http(srv.port, text);
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
	const char *answer = http(srv.port, refused[_i].text);

	ck_assert_msg(str_starts(answer, refused[_i].status), "%s -> %s", refused[_i].text, answer);
	ck_assert_msg(strstr(answer, refused[_i].body), "%s -> %s", refused[_i].text, answer);
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
	const char *answer;
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
	answer = post_cred(cred);
	ck_assert_msg(strstr(answer, "munge: Expired credential"), "%s", answer);
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

	ck_assert_ptr_nonnull(strstr(http(srv.metrics_port, get), "\r\n\r\nvmd_test 1\n"));
	ck_assert(str_starts(http(srv.port, get), "HTTP/1.1 404"));
	get = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	ck_assert(str_starts(http(srv.metrics_port, get), "HTTP/1.1 200"));
	srv.sick = true;
	ck_assert(str_starts(http(srv.metrics_port, get), "HTTP/1.1 503"));
	ck_assert_ptr_nonnull(strstr(http(srv.metrics_port, get), "no Slurm"));
	ck_assert(str_starts(http(srv.metrics_port,
				  "POST /metrics HTTP/1.1\r\nHost: x\r\n"
				  "Connection: close\r\nContent-Length: 3\r\n\r\nabc"),
			     "HTTP/1.1 405"));
}
END_TEST

/* A request still with its handler, and one half sent, when the server ends. */
START_TEST(ends_with_open_requests)
{
	AUTO(fd) int half = connect_to(srv.port);
	struct err e;

	(void)!send(half, "POST /v1 HT", 11, MSG_NOSIGNAL);
	ck_assert_int_eq(call_as(here(srv.port), self(), munge.socket, "never", "", 300, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "no answer in time"), "%s", e.msg);
}
END_TEST

/* Trouble on the way */

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

	(void)snprintf(servers, sizeof(servers), "127.0.0.1:%u,127.0.0.1:%u", srv.port, srv.port);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		srv.calls = 0;
		srv.standbys = rows[i].standbys;
		if (call_as(servers, self(), munge.socket, rows[i].op, "", 20000, &e) == 0)
			e.kind = ERR_NONE;
		ck_assert_int_eq(e.kind, rows[i].kind);
		ck_assert_uint_eq(srv.calls, rows[i].calls);
		(void)snprintf(text, sizeof(text), "%u", rows[i].calls);
		if (rows[i].kind == ERR_NONE)
			ck_assert_str_eq(wire_get(&in, "calls"), text);
	}
	*strchr(servers, ',') = '\0'; /* one alone is asked once */
	srv.calls = 0;
	srv.standbys = 9;
	ck_assert_int_eq(call_as(servers, self(), munge.socket, "standby", "", 20000, &e), 0);
	ck_assert_uint_eq(srv.calls, 1);
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
		       srv.port);
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

START_TEST(munge_down_here)
{
	char stale[108];
	struct err e;

	ck_assert_int_eq(
		call_as(here(srv.port), self(), "/nonexistent/socket", "echo", "", 20000, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_str_eq(e.msg,
			 "munge is not reachable: /nonexistent/socket: No such file or directory");
	(void)snprintf(stale, sizeof(stale), "%s/private/key", munge.dir);
	ck_assert_int_eq(call_as(here(srv.port), self(), stale, "echo", "", 20000, &e), -1);
	ck_assert_msg(strstr(e.msg, "Connection refused"), "%s", e.msg);
}
END_TEST

/* vmd's munged is not there when vmd starts, then it is. */
START_TEST(munge_down_there)
{
	char socket[108];
	struct err e;

	(void)snprintf(socket, sizeof(socket), "%s/socket.lock.%d", munge.dir, (int)getpid());
	server_start(socket);
	ck_assert_int_eq(call("echo", "", &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_msg(strstr(e.msg, "munge is not reachable"), "%s", e.msg);
	ck_assert_int_eq(symlink(munge.socket, socket), 0);
	ck_assert_msg(call("echo", "", &e) == 0, "%s", e.msg);
	ck_assert_int_eq(unlink(socket), 0);
	server_stop();
}
END_TEST

/* A munged that lets others read our credentials is refused: at start, and when it comes later. */
START_TEST(open_munge)
{
	struct server_handlers h = {.handle = handle};
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
	server_start(socket);
	ck_assert_int_eq(symlink(munge.socket, socket), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(call("echo", "", &e), -1);
		ck_assert_msg(strstr(e.msg, "munge is open (HTTP status 503)"), "%s", e.msg);
	}
	ck_assert_int_eq(unlink(socket), 0);
	server_stop();
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
	int failed;

	if (!private_munge_start(&munge)) {
		printf("skipped: munged: %s\n", munge.why);
		return 77;
	}
	tcase_add_checked_fixture(t, with_server, server_stop);
	tcase_add_test(t, echo);
	tcase_add_test(t, late_and_large);
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, wrong_vmd_user);
	tcase_add_loop_test(t, refused_rows, 0, ARRAY_LEN(refused));
	tcase_add_test(t, replayed);
	tcase_add_test(t, expired);
	tcase_add_test(t, not_a_message);
	tcase_add_test(t, metrics_listener);
	tcase_add_test(t, ends_with_open_requests);
	tcase_add_test(t, next_server);
	tcase_add_test(t, leader_is_found);
	tcase_add_loop_test(t, bad_server_rows, 0, ARRAY_LEN(bad_servers));
	tcase_add_test(t, munge_down_here);
	tcase_add_test(alone, another_uid);
	tcase_add_test(alone, munge_down_there);
	tcase_add_test(alone, open_munge);
	tcase_add_loop_test(alone, liars, 0, ARRAY_LEN(lies));
	tcase_add_test(alone, self_test);
	tcase_set_timeout(t, 60);
	tcase_set_timeout(alone, 60);
	failed = CHECK_MAIN(t, alone);
	private_munge_stop(&munge);
	return failed;
}
