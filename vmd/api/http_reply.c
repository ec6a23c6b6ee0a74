/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of HTTP/1.1 to read vmd's replies: one status line, headers, and a body whose length
 * Content-Length says. Chunks, continuation lines and interim replies are never sent by vmd and are
 * refused. Pure; part of the plugin; called again with all bytes whenever more have come. */
#include "vmd/api/http_reply.h"

#include "vmd/base/str.h"

#include <string.h>
#include <strings.h>

/* "HTTP/1.1 200 OK" */
static int status_parse(const char *line, size_t len, int *ret)
{
	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return -1;
	for (int i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -1;
	*ret = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	return *ret >= 200 && *ret < 600 ? 0 : -1;
}

/* 1: line is Content-Length; 0: another header; -1: a Content-Length that cannot be right. */
static int length_parse(const char *line, size_t len, size_t max, size_t *ret)
{
	static const char name[] = "content-length:";
	char digits[24];
	uint64_t n;

	if (len < sizeof(name) - 1 || strncasecmp(line, name, sizeof(name) - 1) != 0)
		return 0;
	line += sizeof(name) - 1;
	len -= sizeof(name) - 1;
	while (len > 0 && *line == ' ')
		line++, len--;
	while (len > 0 && line[len - 1] == ' ')
		len--;
	if (len >= sizeof(digits) || memchr(line, '\0', len))
		return -1;
	memcpy(digits, line, len);
	digits[len] = '\0';
	if (str_to_u64(digits, max, &n) < 0)
		return -1;
	*ret = (size_t)n;
	return 1;
}

/* data is the head up to and with its empty line. */
static int head_parse(const char *data, size_t len, size_t body_max, struct http_reply *r,
		      struct err *e)
{
	const char *end = data + len;
	unsigned lengths = 0;

	for (const char *line = data; line < end;) {
		const char *eol = memmem(line, (size_t)(end - line), "\r\n", 2);
		size_t line_len = (size_t)(eol - line);
		int rc;

		if (line == data) {
			if (status_parse(line, line_len, &r->status) < 0)
				return err_set(e, ERR_RETRY, "the answer is not vmd's (not HTTP)");
		} else {
			rc = length_parse(line, line_len, body_max, &r->body_len);
			if (rc < 0)
				return err_set(e, ERR_RETRY, "the answer has a bad Content-Length");
			lengths += (unsigned)rc;
		}
		line = eol + 2;
	}
	if (lengths != 1)
		return err_set(e, ERR_RETRY, "the answer has no (or two) Content-Length");
	return 0;
}

int http_reply_parse(const char *data, size_t len, size_t body_max, struct http_reply *ret,
		     struct err *e)
{
	size_t head_seen = len < HTTP_REPLY_HEAD_MAX ? len : HTTP_REPLY_HEAD_MAX;
	const char *empty = memmem(data, head_seen, "\r\n\r\n", 4);
	struct http_reply r = {.status = 0};
	size_t head;

	if (!empty) {
		if (len >= HTTP_REPLY_HEAD_MAX)
			return err_set(e, ERR_RETRY, "the answer's headers are too long");
		return 0;
	}
	head = (size_t)(empty - data) + 4;
	if (head_parse(data, head - 2, body_max, &r, e) < 0)
		return -1;
	if (len - head < r.body_len)
		return 0;
	r.body = data + head;
	*ret = r;
	return 1;
}
