/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream as QEMU's control socket sends it: cut into lines, each decoded. */
#include "kubevirt-lite/guest/line.h"
#include "kubevirt-lite/guest/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(void *self, const char *text, size_t len)
{
	struct qmp_message m;
	struct err e;

	(void)self;
	if (qmp_decode(text, len, &m, &e) == 0)
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
