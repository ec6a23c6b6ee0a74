/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reply from whoever listens at vmd's address. What is whole lies within the bytes given, and is
 * the same when they are cut right behind it. */
#include "tests/fuzz/fuzz.h"
#include "vmd/api/http_reply.h"

#include <assert.h>

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct http_reply r, again;
	struct err e = {.kind = ERR_NONE};
	int rc = http_reply_parse(text, size, BODY_MAX, &r, &e);

	if (rc == 1) {
		size_t whole = (size_t)(r.body - text) + r.body_len;

		assert(r.status >= 200 && r.status < 600);
		assert(r.body_len <= BODY_MAX && whole <= size);
		assert(http_reply_parse(text, whole, BODY_MAX, &again, &e) == 1);
		assert(again.body == r.body && again.body_len == r.body_len);
		if (r.body_len > 0)
			assert(http_reply_parse(text, whole - 1, BODY_MAX, &again, &e) == 0);
	} else if (rc < 0) {
		assert(e.kind == ERR_RETRY && e.msg[0]);
	}
	return 0;
}
