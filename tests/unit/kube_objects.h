/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON made by hand, put into a cache as if a watch had told it. */
#ifndef TESTS_UNIT_KUBE_OBJECTS_H
#define TESTS_UNIT_KUBE_OBJECTS_H

#include "tests/unit/kube_fixture.h"
#include "vmd/base/json.h"
#include "vmd/kube/kube_cache.h"

#include <check.h>
#include <string.h>

#define META                                                                                       \
	"\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","           \
	"\"creationTimestamp\":\"2026-11-23T08:49:00Z\","                                          \
	"\"labels\":{\"slurm-vm.io/key\":\"1-a\"}}"
#define GOING                                                                                      \
	"\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","           \
	"\"deletionTimestamp\":\"2026-11-23T08:49:00Z\"}"
#define RERUN            "\"spec\":{\"runStrategy\":\"RerunOnFailure\"}"
#define ONCE             "\"spec\":{\"runStrategy\":\"Once\"}"
#define VM(spec, status) "{" META "," spec ",\"status\":{" status "}}"
#define VMI(status)      "{" META ",\"status\":{\"nodeName\":\"worker1node\"," status "}}"
#define BEGUN            "\"runStrategy\":\"RerunOnFailure\""
#define CONDITION(t, s, r, m)                                                                      \
	"\"conditions\":[{\"type\":\"" t "\",\"status\":\"" s "\",\"reason\":\"" r                 \
	"\",\"message\":\"" m "\"}]"

static inline struct json_object *parse(const char *text)
{
	struct json_object *doc = NULL;
	struct err e = {.msg = ""};

	ck_assert_msg(json_parse(text, strlen(text), &doc, &e) == 0, "%s: %s", text, e.msg);
	return doc;
}

static inline void load(struct cache *c, enum cache_kind kind, const char *text, bool gone)
{
	AUTO(json_object_put) struct json_object *doc = parse(text);

	cache_item(c, fixture_settings(), kind, doc, gone);
}

#endif
