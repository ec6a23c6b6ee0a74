/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client and a server that misbehaves on command; see http_fixture.h. */
#include "tests/unit/http_fixture.h"

#include "vmd/base/str.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char dir[HTTP_DIR] = "/tmp/kube-http-XXXXXX";
struct fake_api *api;
struct http *http;
sd_event *loop;

void file_write(const char *name, const char *text)
{
	char path[256], new[260];
	FILE *f;

	(void)str_fmt(path, sizeof(path), "%s/%s", dir, name);
	(void)str_fmt(new, sizeof(new), "%s.n", path);
	f = fopen(new, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || rename(new, path) != 0)
		abort();
}

void up(fake_fn answer, void *ctx, int64_t timeout_us, unsigned parallel)
{
	char ca[256], token[256];
	struct err e = {.msg = ""};

	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	file_write("token", "t0\n");
	api = fake_api_start(dir, answer, ctx);
	(void)str_fmt(ca, sizeof(ca), "%s/ca.crt", dir);
	(void)str_fmt(token, sizeof(token), "%s/token", dir);
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(http_new(loop,
			       &(struct http_settings){.server = fake_api_url(api),
						       .ca_file = ca,
						       .token_file = token,
						       .timeout_us = timeout_us,
						       .parallel_max = parallel,
						       .queue_max = 100},
			       &http, &e) == 0,
		      "%s", e.msg);
}

void down(void)
{
	static const char *const files[] = {"token", "ca.crt", "ca.key"};

	http_free(http);
	fake_api_stop(api);
	sd_event_unref(loop);
	for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
		char path[256];

		(void)str_fmt(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}
