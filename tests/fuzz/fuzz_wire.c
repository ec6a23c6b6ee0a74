/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message from outside. What is accepted holds no NUL, every line counts, and encoded again it is
 * decoded to the same. */
#include "tests/fuzz/fuzz.h"
#include "vmd/api/wire.h"

#include <assert.h>
#include <string.h>

static struct wire_in in, back;
static char buf[WIRE_MAX + 1];

/* Encoding is canonical, so it may be longer than what came: %41 becomes A, but a value of plain
 * bytes stays. It never is, since only coded bytes are coded again. */
static void check(size_t size)
{
	struct wire_out o;
	struct err e;
	size_t len = 0;

	wire_begin(&o, buf, sizeof(buf));
	for (size_t i = 0; i < in.n; i++)
		wire_add(&o, in.field[i].key, in.field[i].value);
	assert(wire_end(&o, &len, &e) == 0);
	assert(len <= size);
	assert(wire_decode(buf, len, &back, &e) == 0);
	assert(back.n == in.n);
	for (size_t i = 0; i < in.n; i++)
		assert(strcmp(in.field[i].key, back.field[i].key) == 0 &&
		       strcmp(in.field[i].value, back.field[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct err e = {.kind = ERR_NONE};
	uint64_t n = 0;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (wire_decode(text, size, &in, &e) == 0) {
		check(size);
		if (wire_get_u64(&in, "job", UINT32_MAX, &n, &e) == 0)
			assert(n <= UINT32_MAX);
	} else {
		assert(in.n == 0 && e.kind == ERR_INVALID && e.msg[0]);
	}
	free(text);
	return 0;
}
