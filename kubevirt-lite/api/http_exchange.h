/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request inside the HTTP side; shared by the http*.c files, not by others. */
#ifndef KUBEVIRT_LITE_HTTP_EXCHANGE_H
#define KUBEVIRT_LITE_HTTP_EXCHANGE_H

#include "kubevirt-lite/api/http.h"
#include "vmd/base/strbuf.h"

#include <microhttpd.h>
#include <systemd/sd-event.h>

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_settings set;
	struct sd_event *loop;
	sd_event_source *io, *timer, *again;
	unsigned port;
};

/* One request; con_cls of its connection. */
struct exchange {
	struct http_request r; /* first: handed out */
	struct http_server *server;
	struct MHD_Connection *conn;
	char *uri;
	struct strbuf body;
	bool headers_seen, handled, suspended;
	struct {
		const char *name;
		char value[512];
	} header[HTTP_HEADERS_MAX];
	size_t n_headers;
	int code;
	struct MHD_Response *response;
	struct http_stream *stream;
	struct http_upgraded *upgraded; /* NULL: it is still HTTP's */
};

static inline struct exchange *exchange_of(struct http_request *r)
{
	return (struct exchange *)r;
}

/* http.c */
void *http_need(void *p);
void http_resume(struct exchange *x); /* the access handler is called once more */

/* http_upgrade.c */
bool http_upgrade_wanted(struct MHD_Connection *conn);
bool http_upgrade_is_over(const struct exchange *x);
void http_upgrade_done(struct exchange *x); /* the exchange ends */

#endif
