/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a watch. However they are cut into pieces, the same lines come out, none with a
 * newline in it; a line that decodes has a version, or is an error. */
#include "tests/fuzz/fuzz.h"
#include "vmd/kube/kube_line.h"

#include <assert.h>
#include <string.h>

struct sum {
	size_t lines, bytes;
};

static int on_line(void *ctx, const char *text, size_t len, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct sum *s = ctx;
	struct watch_event ev;
	struct err ignored;

	(void)e;
	assert(len > 0 && !memchr(text, '\n', len) && text[len] == '\0');
	s->lines++;
	s->bytes += len;
	if (event_decode(text, len, &doc, &ev, &ignored) == 0) {
		assert(ev.kind == EVENT_ERROR || ev.object);
		assert(memchr(ev.text, '\0', sizeof(ev.text)));
	}
	return 0;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(strbuf_done) struct strbuf one = {.len = 0}, many = {.len = 0};
	struct sum whole = {.lines = 0}, pieces = {.lines = 0};
	size_t step;
	struct err e;
	int rc;

	if (size < 2)
		return 0;
	step = data[0] % 64 + 1U;
	data++;
	size--;
	rc = line_split(&one, (const char *)data, size, on_line, &whole, &e);
	assert(rc == 0);
	for (size_t at = 0; at < size; at += step) {
		size_t len = size - at < step ? size - at : step;

		rc = line_split(&many, (const char *)data + at, len, on_line, &pieces, &e);
		assert(rc == 0);
	}
	assert(whole.lines == pieces.lines && whole.bytes == pieces.bytes);
	assert(one.len == many.len);
	return 0;
}
