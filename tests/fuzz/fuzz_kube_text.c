/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small texts that clients send kubevirt-lite: base64 of Secrets and tokens, quantities, Accept
 * headers. What base64 decodes to, encodes to something that decodes to the same. */
#include "kubevirt-lite/api/output.h"
#include "kubevirt-lite/store/base64.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"

#include <assert.h>
#include <string.h>

static void check_base64(const char *text, size_t size)
{
	char *raw = malloc(size + 1), *again = malloc(size + 1), *coded;
	size_t len, len_again;

	if (!raw || !again)
		abort();
	if (base64_decode(text, raw, size + 1, &len) == 0) {
		assert(len <= size && raw[len] == '\0');
		coded = base64_encode_alloc(raw, len);
		assert(coded && base64_decode(coded, again, size + 1, &len_again) == 0);
		assert(len == len_again && memcmp(raw, again, len) == 0);
		free(coded);
	}
	free(raw);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);
	struct output_form form;
	uint64_t bytes;
	struct err e = {.kind = ERR_NONE};

	check_base64(text, size);
	if (quantity_read(text, &bytes, &e) < 0)
		assert(e.kind == ERR_INVALID && e.msg[0]);
	if (output_form_parse(text, text, &form) == 0)
		assert(form.as <= OUTPUT_PARTIAL && form.include <= INCLUDE_OBJECT);
	return 0;
}
