/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmd asks for, held against the schemas of a real API server: OpenAPI as served, and the CRD.
 * They are not part of this repository: without them the test is skipped (77), but for the
 * checker's own rows, which show that it can refuse. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "tests/unit/schema.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_secret.h"
#include "vmd/kube/kube_spec.h"
#include "vmd/kube/kube_volume.h"

#include <check.h>
#include <string.h>

static const char *samples;

static const char rows_schema[] =
	"type: object\n"
	"required: [name]\n"
	"properties:\n"
	"  name: {type: string, maxLength: 5}\n"
	"  count: {type: integer, minimum: 1, format: int32}\n"
	"  kind: {type: string, enum: [a, b]}\n"
	"  on: {type: boolean}\n"
	"  size:\n"
	"    x-kubernetes-int-or-string: true\n"
	"    anyOf: [{type: integer}, {type: string}]\n"
	"    pattern: '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$'\n"
	"  tags: {type: array, items: {type: string}}\n"
	"  map: {type: object, additionalProperties: {type: string}}\n";

static const struct {
	const char *json;
	const char *error; /* NULL: fine */
} rows[] = {
	{"{\"name\":\"x\",\"count\":1,\"kind\":\"a\",\"on\":true,\"size\":\"1Gi\",\"tags\":[\"t\"],"
	 "\"map\":{\"any\":\"v\"}}",
	 NULL},
	{"{\"name\":\"x\",\"size\":5}", NULL},
	{"{}", "$: required and missing: name"},
	{"{\"name\":5}", "$: name: is not of type string"},
	{"{\"name\":\"123456\"}", "$: name: is too long"},
	{"{\"name\":\"x\",\"Name\":\"y\"}", "$: Name: unknown field"},
	{"{\"name\":\"x\",\"count\":0}", "$: count: is below the minimum"},
	{"{\"name\":\"x\",\"count\":\"1\"}", "$: count: is not of type integer"},
	{"{\"name\":\"x\",\"count\":4294967296}", "$: count: does not fit 32 bits"},
	{"{\"name\":\"x\",\"kind\":\"c\"}", "$: kind: is not among the allowed values: \"c\""},
	{"{\"name\":\"x\",\"on\":1}", "$: on: is not of type boolean"},
	{"{\"name\":\"x\",\"size\":\"4 GB\"}", "$: size: does not match the pattern: 4 GB"},
	{"{\"name\":\"x\",\"size\":true}", "$: size: is not of type int or string"},
	{"{\"name\":\"x\",\"tags\":[\"a\",1]}", "$: tags: [1]: is not of type string"},
	{"{\"name\":\"x\",\"map\":{\"k\":1}}", "$: map: k: is not of type string"},
};

START_TEST(checker_rows)
{
	AUTO(json_object_put) struct json_object *schema = NULL;
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err e = {.msg = ""};

	ck_assert_msg(schema_load_yaml(rows_schema, strlen(rows_schema), &schema, &e) == 0, "%s",
		      e.msg);
	ck_assert_int_eq(json_parse(rows[_i].json, strlen(rows[_i].json), &doc, &e), 0);
	if (schema_check(NULL, schema, doc, &e) == 0)
		ck_assert_msg(!rows[_i].error, "%s passed", rows[_i].json);
	else
		ck_assert_str_eq(e.msg, rows[_i].error ? rows[_i].error : "");
}
END_TEST

static struct json_object *openapi(const char *file)
{
	AUTO(free) char *text = NULL;
	struct json_object *doc = NULL;
	struct err e;
	size_t len;

	text = fixture_file(samples, file, &len);
	ck_assert_msg(json_parse(text, len, &doc, &e) == 0, "%s: %s", file, e.msg);
	return doc;
}

static void holds(const char *file, const char *type, struct json_object *value)
{
	AUTO(json_object_put) struct json_object *root = openapi(file);
	struct json_object *schema = NULL;
	struct err e = {.msg = ""};

	json_object_object_get_ex(json_at(root, "components/schemas"), type, &schema);
	ck_assert_msg(schema != NULL, "%s: no %s", file, type);
	ck_assert_msg(schema_check(root, schema, value, &e) == 0, "%s: %s", type, e.msg);
}

static struct json_object *crd_schema(struct json_object *crd)
{
	struct json_object *versions = json_at(crd, "spec/versions");

	for (size_t i = 0; i < json_object_array_length(versions); i++) {
		struct json_object *v = json_object_array_get_idx(versions, i);

		if (str_eq(json_str_at(v, "name"), "v1"))
			return json_at(v, "schema/openAPIV3Schema");
	}
	return NULL;
}

/* The matrix of what a spec can be. */
static struct json_object *vm_of_row(int row)
{
	struct vm_spec v = fixture_vm(row & 1 ? VM_PROFILE_WINDOWS : VM_PROFILE_LINUX);
	struct json_object *doc = NULL;
	struct err e;

	v.firmware_efi = row & 2;
	v.secure_boot = row & 4;
	v.tpm = row & 8;
	v.user_data = row & 32;
	if (row & 16)
		v.memory_bytes = UINT64_C(300) << 20;
	ck_assert_msg(spec_encode(fixture_settings(), &v, &doc, &e) == 0, "%s", e.msg);
	return doc;
}

START_TEST(vm_against_crd)
{
	AUTO(free) char *text = NULL;
	AUTO(json_object_put) struct json_object *crd = NULL;
	struct err e = {.msg = ""};
	size_t len;

	text = fixture_file(samples, "crds/virtualmachines.kubevirt.io.yaml", &len);
	ck_assert_msg(schema_load_yaml(text, len, &crd, &e) == 0, "%s", e.msg);
	ck_assert_ptr_nonnull(crd_schema(crd));
	for (int row = 0; row < 64; row++) {
		AUTO(json_object_put) struct json_object *vm = vm_of_row(row);
		AUTO(json_object_put) struct json_object *odd = vm_of_row(row);

		ck_assert_msg(schema_check(NULL, crd_schema(crd), vm, &e) == 0, "row %d: %s", row,
			      e.msg);
		json_put_bool(odd, "spec/template/spec/domain/cpu/coers", true);
		ck_assert_int_eq(schema_check(NULL, crd_schema(crd), odd, &e), -1);
	}
}
END_TEST

START_TEST(vm_against_openapi)
{
	AUTO(json_object_put) struct json_object *vm = vm_of_row(_i);

	holds("openapi/apis_kubevirt.io_v1.json", "io.kubevirt.v1.VirtualMachine", vm);
}
END_TEST

START_TEST(volumes_against_openapi)
{
	struct disk_spec d = fixture_disk(DISK_ROOT, "win11");
	AUTO(json_object_put)
	struct json_object *pv = volume_encode_pv(fixture_settings(), &d);
	AUTO(json_object_put)
	struct json_object *pvc = volume_encode_pvc(fixture_settings(), &d);

	holds("openapi/api_v1.json", "io.k8s.api.core.v1.PersistentVolume", pv);
	holds("openapi/api_v1.json", "io.k8s.api.core.v1.PersistentVolumeClaim", pvc);
}
END_TEST

START_TEST(secrets_against_openapi)
{
	struct credentials c = fixture_credentials();
	struct secret_job j = fixture_secret_job("win11");
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct err e;

	ck_assert_int_eq(secret_encode(fixture_settings(), "vm-" FIXTURE_KEY, &j, &c,
				       (enum secret_part)_i, &doc, &e),
			 0);
	holds("openapi/api_v1.json", "io.k8s.api.core.v1.Secret", doc);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube schema");
	int failed;

	samples = fixture_samples();
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, checker_rows, 0, ARRAY_LEN(rows));
	if (samples) {
		tcase_add_test(t, vm_against_crd);
		tcase_add_loop_test(t, vm_against_openapi, 0, 2);
		tcase_add_test(t, volumes_against_openapi);
		tcase_add_loop_test(t, secrets_against_openapi, 0, SECRET_MAIN + 1);
	}
	failed = CHECK_MAIN(t);
	return failed ? 1 : samples ? 0 : 77;
}
