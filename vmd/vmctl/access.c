/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks vmd for a token and uses it against the API server, which must be reachable from here. The
 * token goes nowhere but into the requests and, by `vmctl kubeconfig`, where its caller wants it.
 */
#include "vmd/vmctl/access.h"

#include "vmd/base/str.h"

#include <curl/curl.h>
#include <string.h>

#define OPEN_MS 20000
#define PNG_MAX (64U << 20)

DEFINE_AUTO(CURL *, curl_easy_cleanup)
DEFINE_AUTO(struct curl_slist *, curl_slist_free_all)

static int take(struct vmctl *v, const char *key, char **ret, struct err *e)
{
	const char *value = wire_get(&v->in, key);

	if (!value)
		return err_set(e, ERR_CONFLICT,
			       "vmd's answer has no %s=: is it of another release?", key);
	*ret = strdup(value);
	if (!*ret)
		abort();
	return 0;
}

void access_done(struct access *a)
{
	if (a->token)
		explicit_bzero(a->token, strlen(a->token));
	free(a->server);
	free(a->name_space);
	free(a->vm);
	free(a->ca);
	free(a->token);
	*a = (struct access){.server = NULL};
}

int access_ask(struct vmctl *v, const char *job, struct access *ret, struct err *e)
{
	AUTO(access_done) struct access a = {.server = NULL};
	uint64_t until = 0;
	uint32_t id = 0;
	int rc;

	if (ask_job_named(v, job, &id, e) < 0)
		return -1;
	ask_begin(v, "access");
	ask_add_job(v, id);
	if (ask_send(v, e) < 0)
		return -1;
	rc = take(v, "server", &a.server, e) < 0 || take(v, "namespace", &a.name_space, e) < 0 ||
	     take(v, "vm", &a.vm, e) < 0 || take(v, "ca", &a.ca, e) < 0 ||
	     take(v, "token", &a.token, e) < 0 ||
	     wire_get_u64(&v->in, "until", INT64_MAX, &until, e) < 0;
	explicit_bzero(v->buf, sizeof(v->buf));
	if (rc)
		return -1;
	a.until_s = (int64_t)until;
	*ret = a;
	a = (struct access){.server = NULL};
	return 0;
}

static int path_of(const struct access *a, const char *part, char *buf, size_t size, struct err *e)
{
	if (str_fmt(buf, size,
		    "/apis/subresources.kubevirt.io/v1/namespaces/%s/virtualmachineinstances/%s/%s",
		    a->name_space, a->vm, part) < 0)
		return err_set(e, ERR_INVALID, "the VM's name is too long");
	return 0;
}

int access_open(const struct access *a, const char *part, struct websocket **ret, struct err *e)
{
	char path[512];
	struct websocket_address to = {.server = a->server,
				       .ca_text = *a->ca ? a->ca : NULL,
				       .token = a->token,
				       .path = path,
				       .protocol = WEBSOCKET_PLAIN};

	if (path_of(a, part, path, sizeof(path), e) < 0)
		return -1;
	return websocket_open(&to, OPEN_MS, ret, e);
}

/* --- a picture --- */

struct body {
	char *data;
	size_t len;
};

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	struct body *b = ctx;
	char *more;

	(void)one; /* always 1 */
	if (b->len + len > PNG_MAX)
		return 0; /* ends the transfer as an error */
	more = realloc(b->data, b->len + len + 1);
	if (!more)
		abort();
	memcpy(more + b->len, data, len);
	b->data = more;
	b->len += len;
	b->data[b->len] = '\0';
	return len;
}

static int get(CURL *easy, const char *url, const struct access *a, struct curl_slist *headers,
	       struct body *body, long *ret_status, struct err *e)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_blob pem = {.data = a->ca, .len = strlen(a->ca), .flags = CURL_BLOB_NOCOPY};
	CURLcode rc;

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)                             \
			abort(); /* out of memory, or built against another libcurl */             \
	} while (0)
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)OPEN_MS);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, body);
	SET(CURLOPT_ERRORBUFFER, why);
	if (*a->ca) {
		SET(CURLOPT_CAINFO_BLOB, &pem);
		SET(CURLOPT_CAPATH, NULL); /* these authorities and none of the system's */
	}
#undef SET
	rc = curl_easy_perform(easy);
	if (rc != CURLE_OK)
		return err_set(e, ERR_RETRY, "%s: %s", a->server,
			       why[0] ? why : curl_easy_strerror(rc));
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, ret_status);
	return 0;
}

static int refused(const struct access *a, long status, const struct body *b, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err unread;
	char text[160] = "";
	const char *message = NULL;

	if (b->data && json_parse(b->data, b->len, &doc, &unread) == 0)
		message = json_str_at(doc, "message");
	str_cut(text, sizeof(text), message ? message : "");
	return err_set(e, status == 403 || status == 401 ? ERR_DENIED : ERR_RETRY,
		       "%.60s: %s (HTTP status %ld)", a->server, text, status);
}

int access_screenshot(const struct access *a, char **ret, size_t *ret_len, struct err *e)
{
	static const char magic[] = "\x89PNG\r\n\x1a\n";
	AUTO(curl_easy_cleanup) CURL *easy = curl_easy_init();
	AUTO(curl_slist_free_all) struct curl_slist *headers = NULL;
	AUTO(free) char *data = NULL;
	AUTO(free) char *header = NULL;
	struct body body = {.data = NULL};
	char path[512], url[1024];
	long status = 0;
	int rc;

	if (path_of(a, "vnc/screenshot", path, sizeof(path), e) < 0)
		return -1;
	if (str_fmt(url, sizeof(url), "%s%s", a->server, path) < 0)
		return err_set(e, ERR_INVALID, "the server's address is too long");
	if (asprintf(&header, "Authorization: Bearer %s", a->token) < 0 || !easy ||
	    !(headers = curl_slist_append(NULL, header)))
		abort();
	rc = get(easy, url, a, headers, &body, &status, e);
	data = body.data;
	explicit_bzero(header, strlen(header));
	explicit_bzero(headers->data, strlen(headers->data));
	if (rc < 0)
		return -1;
	if (status != 200)
		return refused(a, status, &body, e);
	if (body.len < sizeof(magic) - 1 || memcmp(data, magic, sizeof(magic) - 1) != 0)
		return err_set(e, ERR_INVALID, "%s: the answer is no PNG", a->server);
	*ret = STEAL(data);
	*ret_len = body.len;
	return 0;
}
