/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream as a guest may send it through the agent's port: cut into lines, each decoded. */
#include "kubevirt-lite/guest/agent.h"
#include "kubevirt-lite/guest/line.h"
#include "tests/fuzz/fuzz.h"

static int decode(void *self, const char *text, size_t len)
{
	struct json_object *value = NULL;
	char refused[64];
	struct err e;

	(void)self;
	if (agent_decode(text, len, &value, refused, sizeof(refused), &e) == 0)
		json_object_put(value);
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
