/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target is, and how it has its bytes as a string. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "vmd/base/auto.h"

#include <stdint.h>
#include <string.h>

/* The target's one function: a crash is a finding. Called by libFuzzer, or by replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes with a NUL behind them, and not one more on the heap, so that the sanitizer sees a read
 * beyond it; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
