/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of refused requests: always an error with a bounded text of one line. The first two bytes
 * choose method and HTTP status. And the same bytes as what a site is checked by. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_site.h"
#include "vmd/kube/kube_status.h"

#include <assert.h>
#include <string.h>

static void site(const char *body, size_t len)
{
	struct site_nodes nodes = {.n = 0};
	struct err e;

	(void)kube_site_answer(body, len);
	if (kube_site_nodes(body, len, &nodes, &e) < 0)
		assert(nodes.node == NULL);
	for (size_t i = 0; i < nodes.n; i++)
		assert(nodes.node[i].name[0]);
	free(nodes.node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "POST", "DELETE"};
	struct err e = {.kind = ERR_NONE};
	long http;
	char *body;

	if (size < 2)
		return 0;
	http = 300 + data[1] % 300;
	body = malloc(size); /* exactly as long: a read too far is seen by the sanitizers */
	if (!body)
		abort();
	memcpy(body, data + 2, size - 2);
	assert(status_check(methods[data[0] % 3], http, body, size - 2, &e) == -1);
	assert(e.kind != ERR_NONE && e.msg[0]);
	for (const char *c = e.msg; *c; c++)
		assert((unsigned char)*c >= 0x20 && *c != 0x7f);
	assert(data[0] % 3 != 0 || e.kind != ERR_UNSURE); /* a GET changes nothing */
	site(body, size - 2);
	free(body);
	return 0;
}
