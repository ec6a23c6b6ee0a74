/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server answers to the wish for a websocket. What is whole lies within the bytes given; a
 * refusal becomes a text; the key of every answer is checked. */
#include "tests/fuzz/fuzz.h"
#include "vmd/websocket/handshake.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct handshake_request q = {.key = "dGhlIHNhbXBsZSBub25jZQ==",
				      .protocol = "plain.kubevirt.io"};
	struct handshake_reply r;
	struct err e = {.kind = ERR_NONE};
	int rc = handshake_read(text, size, &q, &r, &e);

	if (rc == 1) {
		assert(r.status >= 100 && r.status < 600);
		assert(r.rest >= text && r.rest_len <= size - (size_t)(r.rest - text));
		if (r.status == 101) {
			assert(memmem(text, size, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28));
		} else {
			assert(r.rest_len <= HANDSHAKE_BODY_MAX);
			assert(handshake_refused(&r, &e) == -1 && e.msg[0]);
		}
	} else if (rc < 0) {
		assert(e.kind == ERR_INVALID && e.msg[0]);
	}
	return 0;
}
