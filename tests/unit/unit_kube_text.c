/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubevirt-lite's pure parts, in rows: request lines, selectors, patches, forms, base64, ages. */
#include "kubevirt-lite/admission/form.h"
#include "kubevirt-lite/api/output.h"
#include "kubevirt-lite/api/patch.h"
#include "kubevirt-lite/api/request.h"
#include "kubevirt-lite/api/selector.h"
#include "kubevirt-lite/api/table.h"
#include "kubevirt-lite/store/base64.h"
#include "tests/unit/check_main.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(json_parse(text, strlen(text), &o, &e) == 0, "%s: %s", text, e.msg);
	return o;
}

/* --- request lines --- */

#define VMS "/apis/kubevirt.io/v1/namespaces/n/virtualmachines"
/* clang-format off */
static const struct {
	const char *method, *uri, *resource, *ns, *name, *sub, *verb;
} lines[] = {
	{"GET", VMS, "virtualmachines", "n", "", "", "list"},
	{"GET", VMS "?watch=true", "virtualmachines", "n", "", "", "watch"},
	{"GET", VMS "?watch=1&a", "virtualmachines", "n", "", "", "watch"},
	{"GET", VMS "/a?watch=0", "virtualmachines", "n", "a", "", "get"},
	{"GET", "/apis/kubevirt.io/v1/virtualmachines", "virtualmachines", "", "", "", "list"},
	{"GET", "/apis/kubevirt.io/v1/virtualmachines/a", NULL, "", "", "", ""},
	{"POST", VMS "/a", "virtualmachines", "n", "a", "", "create"},
	{"PUT", VMS, "virtualmachines", "n", "", "", ""},
	{"PATCH", VMS "/a/status", "virtualmachines", "n", "a", "status", "patch"},
	{"DELETE", VMS, "virtualmachines", "n", "", "", "deletecollection"},
	{"DELETE", VMS "//a/", "virtualmachines", "n", "a", "", "delete"},
	{"GET", "/api/v1/namespaces/n", "namespaces", "", "n", "", "get"},
	{"PUT", "/api/v1/namespaces/n/finalize", "namespaces", "", "n", "finalize", "update"},
	{"GET", "/api/v1/namespaces/n/pods", "pods", "n", "", "", "list"},
	{"GET", "/api/v1/namespaces/n/nodes", NULL, "", "", "", ""},
	{"GET", "/api/v1/nodes/a", "nodes", "", "a", "", "get"},
	{"GET", "/api/v2/nodes/a", NULL, "", "", "", ""},
	{"POST", "/api/v1/namespaces/n/pods/p/eviction", "pods", "n", "p", "eviction", "create"},
	{"GET", "/api/v1/namespaces/n/pods/a%2Fb", "pods", "n", "a/b", "", "get"},
	{"PUT", "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachines/a/start",
		"virtualmachines", "n", "a", "start", "update"},
	{"GET", "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachineinstances/a/vnc/screenshot",
		"virtualmachineinstances", "n", "a", "vnc/screenshot", "get"},
	{"GET", "/apis/subresources.kubevirt.io/v1/namespaces/n/virtualmachines/a", NULL, "", "", "", ""},
	{"GET", "/healthz", NULL, "", "", "", ""},
};
/* clang-format on */

START_TEST(line_rows)
{
	struct err e = {.kind = ERR_NONE};
	struct request r;

	ck_assert_int_eq(request_parse(lines[_i].method, lines[_i].uri, &r, &e), 0);
	ck_assert_msg(str_eq(r.kind ? r.kind->resource : NULL, lines[_i].resource), "%s",
		      lines[_i].uri);
	if (!r.kind)
		return;
	ck_assert_str_eq(r.ns, lines[_i].ns);
	ck_assert_str_eq(r.name, lines[_i].name);
	ck_assert_str_eq(r.sub, lines[_i].sub);
	ck_assert_str_eq(verb_name(r.verb), lines[_i].verb);
}
END_TEST

START_TEST(lines_refused)
{
	static const char *const bad[] = {
		"", "x", "/a%2", "/a%zz", "/a%00", "/?a=%f", "/a/b/c/d/e/f/g/h/i/j/k/l/m"};
	struct err e = {.kind = ERR_NONE};
	struct request r;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(request_parse("GET", bad[i], &r, &e) == -1, "%s", bad[i]);
	ck_assert_int_eq(request_parse("PROPPATCH", "/", &r, &e), -1);
}
END_TEST

START_TEST(parameters_are_decoded)
{
	struct err e = {.kind = ERR_NONE};
	struct request r;

	ck_assert_int_eq(request_parse("GET", "/x?labelSelector=a%3D%3Db&b=c+d&e", &r, &e), 0);
	ck_assert_str_eq(request_param(&r, "labelSelector"), "a==b");
	ck_assert_str_eq(request_param(&r, "b"), "c d");
	ck_assert_str_eq(request_param(&r, "e"), "");
	ck_assert_ptr_null(request_param(&r, "f"));
}
END_TEST

/* --- selectors --- */

static const struct {
	const char *text;
	bool match;
} labels[] = {
	{"a=b", true},         {"a==b", true},        {"a=c", false},      {"a!=b", false},
	{"a!=c", true},        {"z!=c", true},        {"a", true},         {"!a", false},
	{"!z", true},          {"a in (x, b)", true}, {"a in (x)", false}, {"a notin (x)", true},
	{"z notin (x)", true}, {"a=b,n>3", true},     {"n<3", false},      {"a=b , n=5", true},
	{"e=", true},          {"e in ()", true},     {"in=notin", true},  {"a=b,x/y.z=w-1", true},
};

START_TEST(label_rows)
{
	AUTO(json_object_put)
	struct json_object *o =
		parse("{\"metadata\":{\"labels\":{\"a\":\"b\",\"n\":\"5\",\"e\":\"\","
		      "\"in\":\"notin\",\"x/y.z\":\"w-1\"}}}");
	AUTO(selector_free) struct selector *s = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(selector_parse_labels(labels[_i].text, &s, &e) == 0, "%s: %s",
		      labels[_i].text, e.msg);
	ck_assert_msg(selector_match(s, o) == labels[_i].match, "%s", labels[_i].text);
}
END_TEST

static const struct {
	const char *text, *error;
} bad_labels[] = {
	{"a===b", "unable to parse requirement: found '=', expected: identifier"},
	{"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
	{"a,", "unable to parse requirement: found '', expected: identifier after ','"},
	{"a in b", "unable to parse requirement: found 'b', expected: '('"},
	{"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
	{"=b",
	 "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"},
	{"!a=b", "unable to parse requirement: found '=', expected: ',' or 'end of string'"},
	{"a in (b) c", "unable to parse requirement: found 'c', expected: ',' or 'end of string'"},
};

START_TEST(bad_label_rows)
{
	struct selector *s = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(selector_parse_labels(bad_labels[_i].text, &s, &e), -1);
	ck_assert_str_eq(e.msg, bad_labels[_i].error);
}
END_TEST

START_TEST(fields)
{
	AUTO(json_object_put)
	struct json_object *pod =
		parse("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"w\"},"
		      "\"status\":{\"phase\":\"Running\"}}");
	static const struct {
		const char *text;
		bool match;
	} rows[] = {
		{"spec.nodeName=w", true},
		{"spec.nodeName!=w", false},
		{"metadata.name=p,status.phase==Running", true},
		{"status.podIP=", true},
		{"metadata.name=q", false},
	};
	struct err e = {.kind = ERR_NONE};
	struct selector *none = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(selector_free) struct selector *s = NULL;

		ck_assert_int_eq(selector_parse_fields(rows[i].text, kind_get(KIND_POD), &s, &e),
				 0);
		ck_assert_msg(selector_match(s, pod) == rows[i].match, "%s", rows[i].text);
	}
	ck_assert_int_eq(selector_parse_fields("status.phase=x", kind_get(KIND_VM), &none, &e), -1);
	ck_assert_str_eq(e.msg, "field label not supported: status.phase");
	ck_assert_int_eq(selector_parse_fields("status.phase", kind_get(KIND_POD), &none, &e), -1);
}
END_TEST

/* --- patches --- */

typedef int (*patch_fn)(struct json_object *doc, struct json_object *patch,
			struct json_object **ret, struct err *e);
/* clang-format off */
static const struct {
	patch_fn fn;
	const char *doc, *patch, *want; /* NULL: refused with kind */
	enum err_kind kind;
} patches[] = {
	/* RFC 7396, appendix A */
	{patch_merge, "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", 0},
	{patch_merge, "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}", 0},
	{patch_merge, "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}", 0},
	{patch_merge, "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", 0},
	{patch_merge, "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}", 0},
	{patch_merge, "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}", 0},
	{patch_merge, "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}", 0},
	{patch_merge, "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}", 0},
	{patch_merge, "{}", "[1]", NULL, ERR_INVALID},
	/* RFC 6902, appendix A and what is around it */
	{patch_json, "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]", "{\"foo\":\"bar\",\"baz\":\"qux\"}", 0},
	{patch_json, "{\"foo\":[\"a\",\"c\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"b\"}]", "{\"foo\":[\"a\",\"b\",\"c\"]}", 0},
	{patch_json, "{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":2}]", "{\"foo\":[1,2]}", 0},
	{patch_json, "{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/2\",\"value\":2}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}", 0},
	{patch_json, "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", "{\"a\":[1,3]}", 0},
	{patch_json, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":{\"c\":2}}]", "{\"a\":{\"c\":2}}", 0},
	{patch_json, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":{\"x\":1},\"b\":{}}", "[{\"op\":\"move\",\"from\":\"/a/x\",\"path\":\"/b/y\"}]", "{\"a\":{},\"b\":{\"y\":1}}", 0},
	{patch_json, "{\"a\":{\"x\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/y\"}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":{\"x\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"a\":{\"x\":1},\"b\":{\"x\":1}}", 0},
	{patch_json, "{\"a/b\":1,\"m~n\":2}", "[{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":1},{\"op\":\"test\",\"path\":\"/m~0n\",\"value\":2}]", "{\"a/b\":1,\"m~n\":2}", 0},
	{patch_json, "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2},{\"op\":\"remove\",\"path\":\"/a\"}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":2}]", NULL, ERR_CONFLICT},
	{patch_json, "{\"a\":1}", "[{\"op\":\"jump\",\"path\":\"/a\",\"value\":2}]", NULL, ERR_INVALID},
	{patch_json, "{\"a\":1}", "{\"op\":\"remove\"}", NULL, ERR_INVALID},
	{patch_json, "{\"a\":1}", "[5]", NULL, ERR_INVALID},
	/* strategic */
	{patch_strategic, "{\"conditions\":[{\"type\":\"A\",\"s\":1},{\"type\":\"B\",\"s\":1}]}", "{\"conditions\":[{\"type\":\"B\",\"s\":2}]}",
		"{\"conditions\":[{\"type\":\"A\",\"s\":1},{\"type\":\"B\",\"s\":2}]}", 0},
	{patch_strategic, "{\"conditions\":[{\"type\":\"A\"},{\"type\":\"B\"}]}", "{\"conditions\":[{\"$patch\":\"delete\",\"type\":\"A\"}]}",
		"{\"conditions\":[{\"type\":\"B\"}]}", 0},
	{patch_strategic, "{\"taints\":[{\"key\":\"a\"}]}", "{\"taints\":[{\"key\":\"b\"}]}", "{\"taints\":[{\"key\":\"b\"}]}", 0},
	{patch_strategic, "{\"finalizers\":[\"a\",\"b\"]}", "{\"finalizers\":[\"c\"],\"$deleteFromPrimitiveList/finalizers\":[\"a\"]}",
		"{\"finalizers\":[\"b\",\"c\"]}", 0},
	{patch_strategic, "{\"spec\":{\"unschedulable\":true}}", "{\"spec\":{\"unschedulable\":null}}", "{\"spec\":{}}", 0},
	{patch_strategic, "{\"m\":{\"a\":1,\"b\":2}}", "{\"m\":{\"$patch\":\"replace\",\"c\":3}}", "{\"m\":{\"c\":3}}", 0},
	{patch_strategic, "{\"m\":{\"a\":1,\"b\":2}}", "{\"m\":{\"$retainKeys\":[\"b\"],\"b\":3}}", "{\"m\":{\"b\":3}}", 0},
	{patch_strategic, "{\"env\":[]}", "{\"$setElementOrder/env\":[{\"name\":\"a\"}],\"env\":[{\"name\":\"a\"}]}", "{\"env\":[{\"name\":\"a\"}]}", 0},
};
/* clang-format on */

START_TEST(patch_rows)
{
	AUTO(json_object_put) struct json_object *doc = parse(patches[_i].doc);
	AUTO(json_object_put) struct json_object *before = parse(patches[_i].doc);
	AUTO(json_object_put) struct json_object *patch = parse(patches[_i].patch);
	AUTO(json_object_put) struct json_object *got = NULL;
	AUTO(json_object_put) struct json_object *want = NULL;
	struct err e = {.kind = ERR_NONE};
	int rc = patches[_i].fn(doc, patch, &got, &e);

	ck_assert_msg(json_object_equal(doc, before), "%s: the document was touched",
		      patches[_i].patch);
	if (!patches[_i].want) {
		ck_assert_msg(rc == -1 && e.kind == patches[_i].kind, "%s", patches[_i].patch);
		return;
	}
	want = parse(patches[_i].want);
	ck_assert_msg(rc == 0 && json_object_equal(got, want), "%s: %s", patches[_i].patch,
		      rc ? e.msg : json_object_to_json_string(got));
}
END_TEST

/* --- the rest --- */

static const struct {
	const char *text;
	bool fits;
} forms[] = {
	{"{\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":\"b\"},\"finalizers\":[\"f\"]},\"spec\":{"
	 "}}",
	 true},
	{"{\"metadata\":{\"name\":\"a\\u0000b\"}}", false},
	{"{\"metadata\":{\"name\":5}}", false},
	{"{\"metadata\":{\"labels\":{\"a\":1}}}", false},
	{"{\"metadata\":{\"finalizers\":\"f\"}}", false},
	{"{\"metadata\":{\"ownerReferences\":[\"x\"]}}", false},
	{"{\"metadata\":{},\"status\":\"fine\"}", false},
	{"{\"metadata\":{},\"status\":{\"conditions\":{}}}", false},
	{"{\"metadata\":[]}", false},
	{"[]", false},
	{"{\"metadata\":{},\"spec\":{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	 "[[["
	 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}",
	 false},
};

START_TEST(form_rows)
{
	AUTO(json_object_put) struct json_object *o = parse(forms[_i].text);
	AUTO(json_object_put) struct json_object *status = NULL;

	ck_assert_msg((form_check(kind_get(KIND_VM), o, &status) == 0) == forms[_i].fits, "%s",
		      forms[_i].text);
	ck_assert((status == NULL) == forms[_i].fits);
}
END_TEST

START_TEST(nulls_are_not_there)
{
	AUTO(json_object_put) struct json_object *o = parse("{\"a\":null,\"b\":[{\"c\":null}]}");

	form_strip(o);
	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), "{\"b\":[{}]}");
}
END_TEST

START_TEST(base64_rows)
{
	static const char *const rows[][2] = {
		{"", ""},        {"f", "Zg=="},         {"go", "Z28="},
		{"foo", "Zm9v"}, {"fooba", "Zm9vYmE="}, {"\xff\xef", "/+8="}};
	static const char *const bad[] = {"Z", "Zg=a", "Z g=", "Zm9v!"};
	char buf[16];
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(free) char *text = base64_encode_alloc(rows[i][0], strlen(rows[i][0]));

		ck_assert_str_eq(text, rows[i][1]);
		ck_assert_int_eq(base64_decode(text, buf, sizeof(buf), &len), 0);
		ck_assert_str_eq(buf, rows[i][0]);
		ck_assert_uint_eq(len, strlen(rows[i][0]));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(base64_decode(bad[i], buf, sizeof(buf), &len) == -1, "%s", bad[i]);
	ck_assert_int_eq(base64_decode("Zm9v", buf, 3, &len), -1);
}
END_TEST

START_TEST(ages)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {
		{-5, "0s"},       {119, "119s"},      {120, "2m"},      {125, "2m5s"},
		{601, "10m"},     {10799, "179m"},    {10800, "3h"},    {11000, "3h3m"},
		{30000, "8h"},    {172800, "2d"},     {180000, "2d2h"}, {864000, "10d"},
		{94608000, "3y"}, {95000000, "3y4d"},
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		ck_assert_str_eq(table_age(rows[i].s, buf, sizeof(buf)), rows[i].text);
}
END_TEST

START_TEST(accept_headers)
{
	static const struct {
		const char *accept;
		int rc;
		enum output_as as;
	} rows[] = {
		{NULL, 0, OUTPUT_WHOLE},
		{"*/*", 0, OUTPUT_WHOLE},
		{"application/json", 0, OUTPUT_WHOLE},
		{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", 0, OUTPUT_TABLE},
		{"application/json;as=Table;v=v2;g=meta.k8s.io,application/json", 0, OUTPUT_WHOLE},
		{"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", 0,
		 OUTPUT_PARTIAL},
		{"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", -1,
		 OUTPUT_WHOLE},
		{"application/vnd.kubernetes.protobuf,application/json", 0, OUTPUT_WHOLE},
		{"application/vnd.kubernetes.protobuf", -1, OUTPUT_WHOLE},
		{"text/html", -1, OUTPUT_WHOLE},
	};
	struct output_form f;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_msg(output_form_parse(rows[i].accept, NULL, &f) == rows[i].rc, "%s",
			      rows[i].accept);
		ck_assert_msg(rows[i].rc < 0 || f.as == rows[i].as, "%s", rows[i].accept);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube_text");

	tcase_add_loop_test(t, line_rows, 0, ARRAY_LEN(lines));
	tcase_add_test(t, lines_refused);
	tcase_add_test(t, parameters_are_decoded);
	tcase_add_loop_test(t, label_rows, 0, ARRAY_LEN(labels));
	tcase_add_loop_test(t, bad_label_rows, 0, ARRAY_LEN(bad_labels));
	tcase_add_test(t, fields);
	tcase_add_loop_test(t, patch_rows, 0, ARRAY_LEN(patches));
	tcase_add_loop_test(t, form_rows, 0, ARRAY_LEN(forms));
	tcase_add_test(t, nulls_are_not_there);
	tcase_add_test(t, base64_rows);
	tcase_add_test(t, ages);
	tcase_add_test(t, accept_headers);
	return CHECK_MAIN(t);
}
