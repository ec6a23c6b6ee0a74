/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that a user calls a public key: what is let through is two words of harmless letters, and
 * let through again as it is. */
#include "tests/fuzz/fuzz.h"
#include "vmd/vm/public_key.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[4096], clean[PUBLIC_KEY_MAX + 1], again[PUBLIC_KEY_MAX + 1];

	if (size >= sizeof(line))
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	if (public_key_clean(line, clean) < 0)
		return 0;
	assert(strspn(clean,
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-@. ") ==
	       strlen(clean));
	assert(strchr(clean, ' ') && strchr(clean, ' ') == strrchr(clean, ' '));
	assert(public_key_clean(clean, again) == 0 && strcmp(clean, again) == 0);
	return 0;
}
