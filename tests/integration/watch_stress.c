/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What watchers see against what the store holds: kubevirt-lite's API over TLS with vmd's own
 * watches behind it, in bursts of changes, with readers that are slow, until everybody has seen the
 * mark that ends a round. Nothing follows a mark: a stream that forgets to wake up would hold it
 * until the next bookmark, a minute later, and the round would fail.
 *
 * "watch_stress [ROUNDS [SEED]]": 12 rounds unless told otherwise. */
#include "tests/integration/watch_stress.h"

#include "kubevirt-lite/api/api.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define CLIENTS  6U
#define OBJECTS  80
#define LIMIT_US (40 * SEC_US) /* of a round; less than the minute between bookmarks */

static char dir[] = "/tmp/watch_stress.XXXXXX";
static sd_event *loop;
static struct store *store;
static uint64_t rng;
static pid_t child[CLIENTS];

static void die(const char *what)
{
	printf("not ok 1 - %s\n", what);
	exit(1);
}

static uint64_t chance(uint64_t below)
{
	uint64_t x = rng += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % below;
}

static const char *path(const char *name)
{
	static char text[8][128];
	static unsigned at;
	char *p = text[at++ % ARRAY_LEN(text)];

	(void)str_fmt(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

static void clean(void)
{
	static const char *const files[] = {"crt", "key", "tokens", "token", "yaml"};

	for (size_t i = 0; i < CLIENTS; i++)
		if (child[i] > 0) {
			(void)kill(child[i], SIGKILL);
			(void)waitpid(child[i], NULL, 0);
		}
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(path(files[i]));
	(void)rmdir(dir);
}

static void write_file(const char *name, const char *text)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		die("cannot write files");
}

/* --- the server --- */

static struct http_server *serve(void)
{
	char command[512], yaml[256];
	struct http_settings http = {.listen = "127.0.0.1:0", .handler = api_handle};
	struct api_settings api = {.loop = NULL};
	struct http_server *server = NULL;
	struct conf *settings = NULL;
	struct auth *auth = NULL;
	struct api *a = NULL;
	struct err e;

	if (!mkdtemp(dir) || system("command -v openssl >/dev/null") != 0)
		die("no directory, or no openssl");
	(void)str_fmt(
		command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 "
		"-subj /CN=t -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s "
		"2>/dev/null",
		path("key"), path("crt"));
	if (system(command) != 0)
		die("no certificate");
	write_file("tokens", "watch-stress,w,1,\"system:masters\"\n");
	write_file("token", "watch-stress\n");
	(void)str_fmt(yaml, sizeof(yaml), "tokens: %s\n", path("tokens"));
	if (conf_parse("yaml", yaml, strlen(yaml), &settings, &e) < 0 ||
	    auth_new(settings, &auth, &e) < 0 || store_open(NULL, loop, &store, &e) < 0)
		die(e.msg);
	conf_free(settings);
	api.store = store;
	api.auth = auth;
	api.loop = loop;
	if (api_new(&api, &a, &e) < 0)
		die(e.msg);
	http.cert_file = path("crt");
	http.key_file = path("key");
	http.ctx = a;
	if (http_start(&http, loop, &server, &e) < 0)
		die(e.msg);
	return server;
}

/* --- changes --- */

static struct json_object *object_make(const char *name, size_t fill)
{
	struct json_object *o = json_object_new_object();
	char *text = malloc(fill + 1);

	if (!text)
		abort();
	memset(text, 'x', fill);
	text[fill] = '\0';
	json_put_str(o, "metadata/name", name);
	json_put_str(o, "metadata/namespace", "n");
	json_put_str(o, "spec/fill", text);
	json_put_int(o, "spec/lot", (int64_t)chance(UINT32_MAX));
	free(text);
	return o;
}

/* Mostly small objects, and now and then one that no socket buffer takes at once. */
static void change_one(void)
{
	static const size_t sizes[] = {100, 100, 3000, 3000, 3000, 20000, 100000};
	char name[32];
	struct err e;

	(void)str_fmt(name, sizeof(name), "o-%llu", (unsigned long long)chance(OBJECTS));
	if (!store_get(store, KIND_VM, "n", name))
		(void)store_create(store, KIND_VM,
				   object_make(name, sizes[chance(ARRAY_LEN(sizes))]), NULL, &e);
	else if (chance(4) == 0)
		(void)store_delete(store, KIND_VM, "n", name, NULL, NULL, &e);
	else
		(void)store_update(store, KIND_VM,
				   object_make(name, sizes[chance(ARRAY_LEN(sizes))]), NULL, &e);
}

static void mark(unsigned round)
{
	char name[32];
	struct err e;

	if (round > 0) {
		(void)str_fmt(name, sizeof(name), "mark-%u", round - 1);
		(void)store_delete(store, KIND_VM, "n", name, NULL, NULL, &e);
	}
	(void)str_fmt(name, sizeof(name), "mark-%u", round);
	if (store_create(store, KIND_VM, object_make(name, 10), NULL, &e) < 0)
		die(e.msg);
}

static void turn_for(int64_t us)
{
	int64_t end_us = clock_mono_us() + us;

	do
		(void)sd_event_run(loop, 1000);
	while (clock_mono_us() < end_us);
}

/* --- what they saw --- */

static void expected(struct stress_saw *ret)
{
	struct json_object *list = store_list(store, KIND_VM, "n", NULL, NULL);

	*ret = (struct stress_saw){.n = (uint32_t)json_object_array_length(list)};
	for (size_t i = 0; i < ret->n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		ret->sum += stress_sum(object_name(o), json_str_at(o, "metadata/resourceVersion"));
	}
	json_object_put(list);
}

/* The server goes on while the clients' reports are awaited. Returns the time the last one took,
 * -1: somebody saw something else, or nothing within the limit. */
static int64_t round_check(int fd, unsigned round, unsigned clients)
{
	int64_t began_us = clock_mono_us();
	unsigned missing = clients * STRESS_WATCHES;
	struct stress_saw want, saw;

	expected(&want);
	while (missing > 0) {
		(void)sd_event_run(loop, 1000);
		while (read(fd, &saw, sizeof(saw)) == (ssize_t)sizeof(saw)) {
			if (saw.round != round)
				continue;
			if (saw.n != want.n || saw.sum != want.sum) {
				printf("# round %u: client %u, watch %u sees %u objects of %u, or "
				       "old ones\n",
				       round, saw.client, saw.watch, saw.n, want.n);
				return -1;
			}
			missing--;
		}
		if (clock_mono_us() - began_us > LIMIT_US) {
			printf("# round %u: %u watches have not seen the mark\n", round, missing);
			return -1;
		}
	}
	return clock_mono_us() - began_us;
}

static void client_start(unsigned n, unsigned port, int fd)
{
	char url[64];

	(void)str_fmt(url, sizeof(url), "https://127.0.0.1:%u", port);
	child[n] = fork();
	if (child[n] != 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* two of three are slow: 2 ms and 10 ms in every 16th event */
	stress_client(n, url, path("crt"), path("token"),
		      n % 3 == 1   ? 2000
		      : n % 3 == 2 ? 10000
				   : 0,
		      fd);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 12;
	struct http_server *server;
	int64_t took_us, worst_us = 0;
	int fds[2];

	rng = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)clock_mono_us();
	printf("1..1\n# seed %llu\n", (unsigned long long)rng);
	(void)fflush(stdout);
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe2(fds, O_CLOEXEC) < 0 || sd_event_new(&loop) < 0)
		die("no pipe or no loop");
	(void)atexit(clean);
	server = serve();
	for (unsigned i = 0; i < CLIENTS; i++)
		client_start(i, http_port(server), fds[1]);
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	mark(0);
	if (round_check(fds[0], 0, CLIENTS) < 0)
		die("the clients do not start");
	for (unsigned r = 1; r <= rounds; r++) {
		uint64_t bursts = chance(6);

		for (uint64_t b = 0; b < bursts; b++) {
			uint64_t n = chance(3) == 0 ? chance(200) : chance(5);

			for (uint64_t i = 0; i < n; i++)
				change_one();
			turn_for((int64_t)chance(30) * MSEC_US);
		}
		mark(r);
		took_us = round_check(fds[0], r, CLIENTS);
		if (took_us < 0)
			die("a watcher missed something");
		worst_us = took_us > worst_us ? took_us : worst_us;
	}
	printf("# the slowest round took %lld ms\n", (long long)(worst_us / MSEC_US));
	printf("ok 1 - %u watchers saw what the store holds, %u times\n", CLIENTS * STRESS_WATCHES,
	       rounds);
	return 0;
}
