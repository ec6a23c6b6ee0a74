/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes as a label selector and as a field selector; what is accepted is matched with an
 * object. */
#include "kubevirt-lite/api/selector.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/json.h"

#include <assert.h>

static void match(struct selector *s)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_str(o, "metadata/name", "a");
	json_put_str(o, "metadata/labels/a", "b");
	json_put_str(o, "metadata/labels/n", "5");
	(void)selector_match(s, o);
	assert(s || selector_match(s, o)); /* no selector takes everything */
	selector_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);
	struct selector *s = NULL;
	struct err e = {.kind = ERR_NONE};

	if (selector_parse_labels(text, &s, &e) == 0)
		match(s);
	s = NULL;
	if (selector_parse_fields(text, kind_get(KIND_POD), &s, &e) == 0)
		match(s);
	return 0;
}
