/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes as a URI, with each method. What is found points into the request and was decoded. */
#include "kubevirt-lite/api/request.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"

#include <assert.h>
#include <string.h>

static void check(const char *method, const char *uri)
{
	static struct request r; /* large */
	struct err e = {.kind = ERR_NONE};

	if (request_parse(method, uri, &r, &e) < 0) {
		assert(e.kind == ERR_INVALID && *e.msg);
		return;
	}
	assert(r.n_segments <= REQUEST_SEGMENTS && r.n_params <= REQUEST_PARAMS);
	for (size_t i = 0; i < r.n_params; i++)
		assert(request_param(&r, r.param[i].name));
	if (!r.kind)
		return;
	assert(!*r.ns || r.kind->namespaced);
	assert(!r.is_hook || *r.sub);
	assert(strlen(r.sub) < sizeof(r.sub) && *verb_name(r.verb) != '?');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	AUTO(free) char *uri = fuzz_text(data, size);

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		check(methods[i], uri);
	return 0;
}
