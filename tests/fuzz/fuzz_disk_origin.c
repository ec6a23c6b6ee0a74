/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes as a disk's origin. What is accepted must be the same after it was written again. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/disk/origin.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);
	char again[DISK_ORIGIN_MAX + 1];
	struct disk_origin o, back;
	struct err e;

	if (disk_origin_decode(text, &o, &e) == 0) {
		assert(o.known && *o.image);
		assert(disk_origin_decode(disk_origin_encode(&o, again, sizeof(again)), &back,
					  &e) == 0);
		assert(o.uid == back.uid && str_eq(o.image, back.image));
		assert(str_eq(o.revision, back.revision) && o.cpus == back.cpus);
		assert(o.memory_bytes == back.memory_bytes && o.limit_s == back.limit_s);
	} else {
		assert(!o.known);
	}
	return 0;
}
