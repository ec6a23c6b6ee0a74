/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's port says, piece by piece: a verdict is never taken back by more bytes, and "up"
 * is said only of what begins as ssh or RDP begin. */
#include "tests/fuzz/fuzz.h"
#include "vmd/network/probe.h"

#include <assert.h>
#include <string.h>

static void check(enum vm_profile profile, const uint8_t *data, size_t size)
{
	int before = 0;

	for (size_t n = 0; n <= size; n++) {
		int verdict = probe_judge(profile, data, n);

		assert(verdict >= -1 && verdict <= 1);
		assert(before == 0 || verdict == before);
		before = verdict;
	}
	if (before == 1 && profile == VM_PROFILE_LINUX)
		assert(memcmp(data, "SSH-", 4) == 0);
	if (before == 1 && profile == VM_PROFILE_WINDOWS)
		assert(data[0] == 3 && data[5] == 0xd0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(VM_PROFILE_LINUX, data, size);
	check(VM_PROFILE_WINDOWS, data, size);
	return 0;
}
