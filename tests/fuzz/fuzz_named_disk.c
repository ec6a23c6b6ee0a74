/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes as a named disk's identity, as its claims, and as the name of its image. What is
 * accepted must be the same after it was written again; claims never have a writer beside anybody.
 */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/disk/named.h"

#include <assert.h>

static void identity(const char *text)
{
	char again[DISK_IDENTITY_MAX + 1];
	struct named_disk d, back;
	struct err e;

	if (named_decode(text, &d, &e) < 0)
		return;
	assert(disk_label_check(d.name, &e) == 0);
	assert(named_decode(named_encode(&d, again, sizeof(again)), &back, &e) == 0);
	assert(d.uid == back.uid && str_eq(d.name, back.name) && d.created_s == back.created_s);
}

static void claims(const char *text)
{
	char again[DISK_CLAIMS_TEXT];
	struct disk_claims c;
	struct err e;

	if (disk_claims_decode(text, &c, &e) < 0)
		return;
	assert(str_eq(disk_claims_encode(&c, again), text));
	for (size_t i = 0; i < c.n; i++)
		assert(c.n == 1 || c.claim[i].read_only);
}

static void image(const char *text)
{
	char name[DISK_LABEL_MAX + 1], again[VM_NAME_MAX + 1];
	uint32_t uid;

	if (named_image_parse(text, "lab", &uid, name) < 0)
		return;
	assert(named_image("lab", uid, name, again, sizeof(again)) == 0 && str_eq(again, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);

	identity(text);
	claims(text);
	image(text);
	return 0;
}
