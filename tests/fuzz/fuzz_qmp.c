/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream as QEMU's control socket sends it: cut into lines, each decoded, and read as what it
 * would tell of disks. */
#include "kubevirt-lite/guest/line.h"
#include "kubevirt-lite/guest/machine.h"
#include "kubevirt-lite/guest/qmp.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static int decode(void *self, const char *text, size_t len)
{
	struct guest_disk disk[MACHINE_DISKS_MAX];
	struct qmp_message m;
	struct err e;

	(void)self;
	if (qmp_decode(text, len, &m, &e) < 0)
		return 0;
	for (size_t i = 0, n = disks_told(m.value, disk); i < n; i++)
		assert(memchr(disk[i].name, '\0', sizeof(disk[i].name)) &&
		       memchr(disk[i].target, '\0', sizeof(disk[i].target)));
	json_object_put(m.value);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_cutter c = {.s = NULL};
	struct err e;

	(void)line_cut(&c, (const char *)data, size, decode, NULL, &e);
	line_cutter_done(&c);
	return 0;
}
