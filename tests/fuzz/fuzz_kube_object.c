/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of Kubernetes as JSON, each read as every kind vmd knows, set and gone. Whatever comes,
 * the cache holds bounded texts and lends what it counts. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_cache.h"
#include "vmd/kube/kube_pod.h"

#include <assert.h>
#include <string.h>

static void check(const struct observed *seen)
{
	for (size_t i = 0; i < seen->n_vm; i++) {
		const struct vm_seen *v = &seen->vm[i];

		assert(v->name[0] && memchr(v->name, '\0', sizeof(v->name)));
		assert(memchr(v->reason, '\0', sizeof(v->reason)));
		assert(memchr(v->address, '\0', sizeof(v->address)));
		assert(v->phase != VM_ABSENT);
		assert(memchr(v->moving.wanted_node, '\0', sizeof(v->moving.wanted_node)));
		assert(memchr(v->moving.given_node, '\0', sizeof(v->moving.given_node)));
		assert(memchr(v->moving.name, '\0', sizeof(v->moving.name)));
		for (const char *c = v->moving.blocked; *c; c++)
			assert((unsigned char)*c >= 0x20);
		for (const char *c = v->moving.failure; *c; c++)
			assert((unsigned char)*c >= 0x20);
		for (const char *c = v->reason; *c; c++)
			assert((unsigned char)*c >= 0x20);
		assert(!v->address[0] || v->agent);
	}
	for (size_t i = 0; i < seen->n_node; i++)
		assert(seen->node[i].name[0] &&
		       memchr(seen->node[i].name, '\0', sizeof(seen->node[i].name)));
	for (size_t i = 0; i < seen->n_pv; i++)
		assert(memchr(seen->pv[i].name, '\0', sizeof(seen->pv[i].name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(cache_free) struct cache *c = NULL;
	struct observed seen = {.vms_known = true};
	struct kube_pod pod;
	struct err e;

	if (json_parse((const char *)data, size, &doc, &e) < 0)
		return 0;
	if (kube_pod_decode(doc, &pod, &e) == 0)
		assert(str_is_name(pod.name, POD_NAME_MAX));
	c = cache_new();
	for (enum cache_kind k = CACHE_VM; k < CACHE_KINDS; k++) {
		cache_list_begin(c, k);
		cache_item(c, fixture_settings(), k, doc, false);
		cache_list_end(c, k);
		cache_observe(c, fixture_settings(), &seen);
		check(&seen);
	}
	cache_item(c, fixture_settings(), CACHE_VMI, doc, true);
	cache_observe(c, fixture_settings(), &seen);
	check(&seen);
	for (enum cache_kind k = CACHE_VM; k < CACHE_KINDS; k++)
		cache_item(c, fixture_settings(), k, doc, true);
	cache_observe(c, fixture_settings(), &seen);
	assert(seen.n_vm == 0 && seen.n_node == 0);
	return 0;
}
