/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API server that tests command. Threads: one per connection, all waiting is on one condition
 * that fake_api_stop signals, so nothing outlives a test. */
#include "tests/unit/fake_api.h"

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fake_api {
	struct MHD_Daemon *daemon;
	pthread_mutex_t mu;
	pthread_cond_t stop;
	bool stopping;
	fake_fn answer;
	void *ctx;
	unsigned requests, open, peak;
	char url[64];
	char *cert, *key;
};

struct body {
	struct strbuf text;
};

struct stream {
	struct fake_api *api;
	struct fake_answer a;
	size_t piece, at;
};

static void die(const char *what)
{
	fprintf(stderr, "fake API: %s\n", what);
	exit(1);
}

static char *slurp(const char *dir, const char *name)
{
	char path[512], *text = calloc(1, 16384);
	FILE *f;

	(void)str_fmt(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f || !text || fread(text, 1, 16383, f) == 0)
		die(path);
	fclose(f);
	return text;
}

static void certificate_make(struct fake_api *f, const char *dir)
{
	char command[1024];

	if (str_fmt(command, sizeof(command),
		    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		    "-days 2 -subj /CN=fake -addext subjectAltName=IP:127.0.0.1 "
		    "-keyout '%s/ca.key' -out '%s/ca.crt' 2>/dev/null",
		    dir, dir) < 0 ||
	    system(command) != 0)
		die("openssl cannot make a certificate");
	f->cert = slurp(dir, "ca.crt");
	f->key = slurp(dir, "ca.key");
}

/* Waits ms, or for ever (0); false: the server stops. */
static bool pause_ms(struct fake_api *f, unsigned ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&f->mu);
	while (!f->stopping && rc == 0)
		rc = ms ? pthread_cond_timedwait(&f->stop, &f->mu, &until)
			: pthread_cond_wait(&f->stop, &f->mu);
	rc = f->stopping;
	pthread_mutex_unlock(&f->mu);
	return !rc;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;
	size_t left;

	(void)pos;
	while (s->piece < s->a.n_piece && s->at == strlen(s->a.piece[s->piece])) {
		s->piece++;
		s->at = 0;
	}
	if (s->piece == s->a.n_piece) {
		switch (s->a.end) {
		case FAKE_END: return MHD_CONTENT_READER_END_OF_STREAM;
		case FAKE_CUT: return MHD_CONTENT_READER_END_WITH_ERROR;
		case FAKE_SILENCE: pause_ms(s->api, 0); return MHD_CONTENT_READER_END_WITH_ERROR;
		}
	}
	left = strlen(s->a.piece[s->piece]) - s->at;
	if (left > max)
		left = max;
	memcpy(buf, s->a.piece[s->piece] + s->at, left);
	s->at += left;
	return (ssize_t)left;
}

static enum MHD_Result reply(struct fake_api *f, struct MHD_Connection *c,
			     const struct fake_answer *a)
{
	struct MHD_Response *r;
	struct stream *s;
	enum MHD_Result rc;
	char seconds[16];

	if (a->delay_ms)
		pause_ms(f, a->delay_ms);
	if (a->status == 0) {
		pause_ms(f, 0);
		return MHD_NO;
	}
	if (a->stream) {
		s = calloc(1, sizeof(*s));
		if (!s)
			die("no memory");
		*s = (struct stream){.api = f, .a = *a};
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, stream_read, s,
						      free);
	} else {
		r = MHD_create_response_from_buffer(strlen(a->body ? a->body : ""),
						    (void *)(uintptr_t)(a->body ? a->body : ""),
						    MHD_RESPMEM_MUST_COPY);
	}
	MHD_add_response_header(r, "Content-Type", a->plain ? "text/plain" : "application/json");
	if (a->retry_after_s) {
		(void)str_fmt(seconds, sizeof(seconds), "%d", a->retry_after_s);
		MHD_add_response_header(r, "Retry-After", seconds);
	}
	rc = MHD_queue_response(c, (unsigned)a->status, r);
	MHD_destroy_response(r);
	return rc;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	const char *v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return v ? v : "";
}

const char *fake_query(const struct fake_request *q, const char *name)
{
	const char *v = MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);

	return v ? v : "";
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **con_cls)
{
	struct fake_api *f = cls;
	struct body *b = *con_cls;
	struct fake_answer a = {.status = 200};
	enum MHD_Result rc;

	(void)version;
	if (!b) {
		*con_cls = b = calloc(1, sizeof(*b));
		return b ? MHD_YES : MHD_NO;
	}
	if (*size > 0) {
		strbuf_add(&b->text, data, *size);
		*size = 0;
		return MHD_YES;
	}
	pthread_mutex_lock(&f->mu);
	if (++f->open > f->peak)
		f->peak = f->open;
	f->answer(f->ctx,
		  &(struct fake_request){.method = method,
					 .path = url,
					 .body = b->text.s ? b->text.s : "",
					 .authorization = header(c, "Authorization"),
					 .accept = header(c, "Accept"),
					 .connection = c,
					 .n = f->requests++},
		  &a);
	pthread_mutex_unlock(&f->mu);
	rc = reply(f, c, &a);
	pthread_mutex_lock(&f->mu);
	f->open--;
	pthread_mutex_unlock(&f->mu);
	return rc;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			 enum MHD_RequestTerminationCode toe)
{
	struct body *b = *con_cls;

	(void)cls, (void)c, (void)toe;
	if (b)
		strbuf_done(&b->text);
	free(b);
	*con_cls = NULL;
}

struct fake_api *fake_api_start(const char *dir, fake_fn answer, void *ctx)
{
	struct fake_api *f = calloc(1, sizeof(*f));
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;

	if (!f)
		die("no memory");
	pthread_mutex_init(&f->mu, NULL);
	pthread_cond_init(&f->stop, NULL);
	f->answer = answer;
	f->ctx = ctx;
	certificate_make(f, dir);
	f->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0,
		NULL, NULL, on_request, f, MHD_OPTION_SOCK_ADDR, &any, MHD_OPTION_HTTPS_MEM_CERT,
		f->cert, MHD_OPTION_HTTPS_MEM_KEY, f->key, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_END);
	info = f->daemon ? MHD_get_daemon_info(f->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (!info)
		die("cannot listen");
	(void)str_fmt(f->url, sizeof(f->url), "https://127.0.0.1:%u", info->port);
	return f;
}

void fake_api_stop(struct fake_api *f)
{
	pthread_mutex_lock(&f->mu);
	f->stopping = true;
	pthread_cond_broadcast(&f->stop);
	pthread_mutex_unlock(&f->mu);
	MHD_stop_daemon(f->daemon);
	pthread_cond_destroy(&f->stop);
	pthread_mutex_destroy(&f->mu);
	free(f->cert);
	free(f->key);
	free(f);
}

const char *fake_api_url(const struct fake_api *f)
{
	return f->url;
}

unsigned fake_api_requests(struct fake_api *f)
{
	unsigned n;

	pthread_mutex_lock(&f->mu);
	n = f->requests;
	pthread_mutex_unlock(&f->mu);
	return n;
}

unsigned fake_api_peak(struct fake_api *f)
{
	unsigned n;

	pthread_mutex_lock(&f->mu);
	n = f->peak;
	pthread_mutex_unlock(&f->mu);
	return n;
}
