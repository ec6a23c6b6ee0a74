/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request and libcurl. Owns the easy handle and the bytes; bodies are wiped, they may be
 * Secrets.
 *
 * HTTP/1.1 on purpose: with HTTP/2 all requests and watches would share one connection, and one
 * dead connection would stop everything until its time-out; here it costs one request. No proxy
 * from the environment and no redirect: neither decides where the token goes. */
#include "vmd/kube/kube_transfer.h"

#include "vmd/base/clock.h"
#include "vmd/kube/kube_status.h"
#include "vmd/kube/kube_timer.h"
#include "vmd/kube/kube_token.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define BODY_MAX       (1U << 20)
#define ERROR_BODY_MAX (256U << 10)
#define CONNECT_MS     5000L
#define RETRY_AFTER_S  60    /* longest silence a server may ask for by Retry-After */
#define PEER_LOST_MS   20000 /* sent bytes or keep-alive probes not acknowledged for so long */
#define KEEPALIVE_S    10L

static void slist_free_auto(struct curl_slist **l)
{
	curl_slist_free_all(*l);
}

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		abort();
	return c;
}

static void wipe_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void transfer_free(struct http_transfer *t)
{
	if (!t)
		return;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	timer_free(t->silence);
	wipe_free(t->body);
	if (t->answer.s)
		explicit_bzero(t->answer.s, t->answer.len); /* it may be a Secret */
	strbuf_done(&t->answer);
	free(t->method);
	free(t->url);
	free(t->accept);
	free(t->content_type);
	free(t);
}

struct http_transfer *transfer_new(struct http *h, const char *server, const struct http_request *r)
{
	struct http_transfer *t = calloc(1, sizeof(*t));

	if (!t || asprintf(&t->url, "%s%s", server, r->path) < 0)
		abort();
	t->http = h;
	t->method = copy(r->method);
	t->accept = copy(r->accept ? r->accept : "application/json");
	t->content_type = copy(r->content_type ? r->content_type : "application/json");
	t->body = copy(r->body);
	t->done = r->done;
	t->chunk = r->chunk;
	t->ctx = r->ctx;
	t->answer.max = r->chunk ? ERROR_BODY_MAX : r->body_max ? r->body_max : BODY_MAX;
	return t;
}

static bool is_success(CURL *easy)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t one, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	int rc = 0;

	n *= one;
	if (t->silence)
		timer_set(t->silence, HTTP_STREAM_SILENCE_S * SEC_US);
	*t->in_callback = true;
	if (t->chunk && is_success(t->easy)) {
		rc = t->chunk(t->ctx, data, n, &t->cut);
	} else {
		strbuf_add(&t->answer, data, n);
		if (t->answer.overflow)
			rc = err_set(&t->cut, ERR_INVALID, "the answer is longer than %zu bytes",
				     t->answer.max);
	}
	*t->in_callback = false;
	return rc < 0 ? 0 : n;
}

/* The empty line behind the head: a stream is open, even if it says nothing for a while. */
static size_t on_head(char *data, size_t one, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	int rc = 0;

	n *= one;
	if (t->chunk && n == 2 && memcmp(data, "\r\n", 2) == 0 && is_success(t->easy)) {
		*t->in_callback = true;
		rc = t->chunk(t->ctx, "", 0, &t->cut);
		*t->in_callback = false;
	}
	return rc < 0 ? 0 : n;
}

/* A peer that is gone is noticed after 20 s, not after minutes of retransmissions. */
static int on_socket_made(void *userdata, curl_socket_t fd, curlsocktype purpose)
{
	unsigned lost_ms = PEER_LOST_MS;

	(void)userdata, (void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_ms, sizeof(lost_ms));
	return CURL_SOCKOPT_OK;
}

static void headers_add(struct curl_slist **l, const char *name, const char *value)
{
	AUTO(strbuf_done) struct strbuf line = {.max = TOKEN_MAX + 64};
	struct curl_slist *longer;

	strbuf_addf(&line, "%s%s", name, value);
	longer = curl_slist_append(*l, line.s);
	if (!longer)
		abort();
	*l = longer;
}

static struct curl_slist *headers_make(const struct http_transfer *t, const char *token)
{
	AUTO(slist_free) struct curl_slist *l = NULL;

	headers_add(&l, "Accept: ", t->accept);
	headers_add(&l, "Expect:", ""); /* no waiting for 100-continue */
	if (t->body)
		headers_add(&l, "Content-Type: ", t->content_type);
	if (token)
		headers_add(&l, token, "");
	return STEAL(l);
}

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)                             \
			abort(); /* out of memory, or built against another libcurl */             \
	} while (0)

static void easy_set_deadline(CURL *easy, const struct http_transfer *t)
{
	int64_t left_ms = (t->deadline_us - clock_mono_us()) / MSEC_US;

	if (!t->chunk)
		SET(easy, CURLOPT_TIMEOUT_MS, left_ms > 1 ? (long)left_ms : 1L);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	SET(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	SET(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
}

/* Those of the file and no others: libcurl may have been built with a folder of the system's, which
 * would count as well. A renewed file counts from the next connection on, not a day later. */
static void easy_set_authority(CURL *easy, const char *ca_file)
{
	SET(easy, CURLOPT_CAINFO, ca_file);
	SET(easy, CURLOPT_CAPATH, NULL);
	SET(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
}

static CURL *easy_make(struct http_transfer *t, const char *ca_file)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		abort();
	SET(easy, CURLOPT_PRIVATE, t);
	SET(easy, CURLOPT_ERRORBUFFER, t->curl_text);
	SET(easy, CURLOPT_URL, t->url);
	SET(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	SET(easy, CURLOPT_CUSTOMREQUEST, t->method);
	SET(easy, CURLOPT_HTTPHEADER, t->headers);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_PROXY, ""); /* the environment does not decide where tokens go */
	SET(easy, CURLOPT_USERAGENT, "slurm-vm");
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, t);
	SET(easy, CURLOPT_HEADERFUNCTION, on_head);
	SET(easy, CURLOPT_HEADERDATA, t);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca_file[0])
		easy_set_authority(easy, ca_file);
	if (t->body) {
		SET(easy, CURLOPT_POSTFIELDS, t->body);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->body));
	}
	easy_set_deadline(easy, t);
	return easy;
}

void transfer_prepare(struct http_transfer *t, const char *ca_file, const char *token)
{
	t->sent_us = clock_mono_us();
	curl_slist_free_all(t->headers);
	t->headers = headers_make(t, token);
	t->easy = easy_make(t, ca_file);
}

static bool certificate_refused(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
	       rc == CURLE_SSL_ISSUER_ERROR;
}

int transfer_error(const struct http_transfer *t, const char *server, CURLcode rc, struct err *e)
{
	const char *text = t->curl_text[0] ? t->curl_text : curl_easy_strerror(rc);
	enum err_kind kind = ERR_RETRY;
	long request_bytes = 0;

	if (t->cut.kind != ERR_NONE) {
		*e = t->cut;
		return -1;
	}
	/* Before the request went out nothing can have happened; certificates are outside trouble
	 * that an administrator ends, so that is no reason to give a job up either. */
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	if (!status_is_read(t->method) && request_bytes > 0 && !certificate_refused(rc))
		kind = ERR_UNSURE;
	return err_set(e, kind, "%s: %.180s", server, text);
}

static int64_t date_of(CURL *easy)
{
	struct curl_header *h = NULL;
	time_t at_s = -1;

	if (curl_easy_header(easy, "date", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
		at_s = curl_getdate(h->value, NULL);
	return at_s > 0 ? at_s : 0;
}

void transfer_reply(const struct http_transfer *t, struct http_reply *r)
{
	curl_off_t wait_s = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait_s);
	r->retry_after_s = wait_s > RETRY_AFTER_S ? RETRY_AFTER_S
			   : wait_s < 0           ? 0
						  : (int64_t)wait_s;
	r->date_s = date_of(t->easy);
	r->body = t->answer.s ? t->answer.s : "";
	r->len = t->answer.len;
	r->took_us = clock_mono_us() - t->sent_us;
}
