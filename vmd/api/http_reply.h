/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTTP/1.1 reply that client.c reads: status, Content-Length, body. Pure. */
#ifndef VMD_API_HTTP_REPLY_H
#define VMD_API_HTTP_REPLY_H

#include "vmd/base/err.h"

#include <stddef.h>

#define HTTP_REPLY_HEAD_MAX 4096 /* status line and headers */

struct http_reply {
	int status;
	const char *body; /* borrows data */
	size_t body_len;
};

/* 1: data holds a whole reply; 0: more bytes are needed; -1 (ERR_RETRY): not a reply of vmd's.
 * body_max bounds Content-Length. */
int http_reply_parse(const char *data, size_t len, size_t body_max, struct http_reply *ret,
		     struct err *e);

#endif
