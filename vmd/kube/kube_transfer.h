/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request as libcurl sees it: how it is set up, what comes in, what its end means. Knows
 * nothing of queues and of the loop; kube_http.c alone uses it. */
#ifndef VMD_KUBE_KUBE_TRANSFER_H
#define VMD_KUBE_KUBE_TRANSFER_H

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_http.h"

#include <curl/curl.h>
#include <sys/queue.h>

struct timer;

struct http_transfer {
	TAILQ_ENTRY(http_transfer) link;
	struct http *http;
	CURL *easy; /* NULL while it waits in the queue */
	struct curl_slist *headers;
	char *method, *url, *accept, *content_type, *body;
	http_done_fn done;
	http_chunk_fn chunk;
	void *ctx;
	struct strbuf answer;
	struct err cut;        /* why chunk, a limit or silence ended it */
	struct timer *silence; /* of a stream */
	bool *in_callback;     /* set while libcurl calls us */
	int64_t timeout_us, deadline_us, sent_us;
	uint64_t token_serial;
	bool retried_401;
	bool shut_out; /* the gate was shut when its turn came */
	char curl_text[CURL_ERROR_SIZE];
};

/* Copies all of r. */
struct http_transfer *transfer_new(struct http *h, const char *server,
				   const struct http_request *r);
void transfer_free(struct http_transfer *t); /* wipes what it sent and got */
DEFINE_AUTO(struct http_transfer *, transfer_free)

/* Makes t->easy. token: a whole header line, or NULL. ca_file "": the system's. */
void transfer_prepare(struct http_transfer *t, const char *ca_file, const char *token);
/* What came. Borrowed from t. */
void transfer_reply(const struct http_transfer *t, struct http_reply *r);
/* Why there is no whole answer. -1. */
int transfer_error(const struct http_transfer *t, const char *server, CURLcode rc, struct err *e);

#endif
