/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document and a patch, separated by a newline, through all three patches, and what comes out
 * through the check of forms. The document must stay as it was. */
#include "kubevirt-lite/admission/form.h"
#include "kubevirt-lite/api/patch.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/json.h"

#include <assert.h>
#include <string.h>

typedef int (*patch_fn)(struct json_object *doc, struct json_object *patch,
			struct json_object **ret, struct err *e);

static void check(patch_fn fn, struct json_object *doc, struct json_object *patch)
{
	AUTO(json_object_put) struct json_object *before = NULL;
	AUTO(json_object_put) struct json_object *got = NULL;
	AUTO(json_object_put) struct json_object *status = NULL;
	struct err e = {.kind = ERR_NONE};

	if (json_object_deep_copy(doc, &before, NULL) < 0)
		return;
	if (fn(doc, patch, &got, &e) < 0) {
		assert(e.kind == ERR_INVALID || e.kind == ERR_CONFLICT);
	} else {
		form_strip(got);
		assert((form_check(kind_get(KIND_VM), got, &status) < 0) == (status != NULL));
	}
	assert(json_object_equal(doc, before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const patch_fn all[] = {patch_merge, patch_json, patch_strategic};
	const char *text = (const char *)data;
	const char *line = size ? memchr(text, '\n', size) : NULL;
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(json_object_put) struct json_object *patch = NULL;
	struct err e = {.kind = ERR_NONE};

	if (!line || json_parse(text, (size_t)(line - text), &doc, &e) < 0 ||
	    json_parse(line + 1, size - (size_t)(line - text) - 1, &patch, &e) < 0 ||
	    !json_object_is_type(doc, json_type_object))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check(all[i], doc, patch);
	return 0;
}
