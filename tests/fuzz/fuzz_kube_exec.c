/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an exec's stream says: success, or an error of one line. */
#include "tests/fuzz/fuzz.h"
#include "vmd/kube/kube_guest.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {.kind = ERR_NONE};
	char *copy = malloc(size ? size : 1); /* exactly as long */

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	if (kube_guest_outcome(copy, size, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		for (const char *c = e.msg; *c; c++)
			assert((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
	free(copy);
	return 0;
}
