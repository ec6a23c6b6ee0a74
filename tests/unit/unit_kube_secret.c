/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's Secret and its parts: what is in each, made in which order, read, changed and deleted. */
#include "tests/unit/check_main.h"
#include "tests/unit/request_fixture.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_secret.h"

#include <check.h>
#include <string.h>

static void data_is(struct json_object *doc, const char *key, const char *want)
{
	struct json_object *v = NULL;
	char text[2048];

	ck_assert(json_object_object_get_ex(json_at(doc, "data"), key, &v));
	ck_assert_int_eq(secret_base64(json_object_get_string(v), text, sizeof(text)), 0);
	ck_assert_str_eq(text, want);
}

/* Each part holds what KubeVirt may see and nothing else. */
START_TEST(secret_parts)
{
	static const int keys[] = {1, 1, 1, 1, 4};
	struct credentials c = fixture_credentials();
	struct secret_job j = fixture_secret_job("win11");
	struct json_object *doc[SECRET_MAIN + 1];
	struct err e;

	for (enum secret_part p = SECRET_LOGIN; p <= SECRET_MAIN; p++) {
		ck_assert_int_eq(secret_encode(fixture_settings(), "vm-" FIXTURE_KEY, &j, &c, p,
					       &doc[p], &e),
				 0);
		ck_assert_int_eq(json_object_object_length(json_at(doc[p], "data")), keys[p]);
	}
	data_is(doc[SECRET_LOGIN], "hpc", c.password);
	data_is(doc[SECRET_KEYS], "ssh-publickey", c.ssh_public);
	data_is(doc[SECRET_MAIN], "user", "hpc");
	data_is(doc[SECRET_MAIN], "password", c.password);
	data_is(doc[SECRET_MAIN], "ssh-publickey", c.ssh_public);
	data_is(doc[SECRET_MAIN], "ssh-privatekey", c.ssh_private);
	ck_assert_str_eq(json_str_at(doc[SECRET_MAIN], "metadata/name"), "vm-" FIXTURE_KEY);
	ck_assert_str_eq(json_str_at(doc[SECRET_SYSPREP], "metadata/name"),
			 "vm-" FIXTURE_KEY "-sysprep");
	for (enum secret_part p = SECRET_LOGIN; p <= SECRET_MAIN; p++)
		json_object_put(doc[p]);
}
END_TEST

/* Another image's drives are not in it. */
START_TEST(secret_has_the_drives_of_its_image)
{
	struct credentials c = fixture_credentials();
	struct settings *s = fixture_settings();
	struct err e;

	s->catalogue.image[0].n_share = 1; /* tiny */
	s->catalogue.image[0].share[0] =
		(struct share){.drive = 'H', .path = "\\\\s\\home\\%USER%"};
	for (int own = 0; own <= 1; own++) {
		struct secret_job j = fixture_secret_job(own ? "tiny" : "win11");

		for (enum secret_part p = SECRET_SYSPREP; p <= SECRET_INIT; p++) {
			AUTO(json_object_put) struct json_object *doc = NULL;
			char text[8192];

			ck_assert_int_eq(secret_encode(s, "vm-" FIXTURE_KEY, &j, &c, p, &doc, &e),
					 0);
			ck_assert_int_eq(
				secret_base64(
					json_str_at(json_at(doc, "data"),
						    p == SECRET_INIT ? "userdata" : "unattend.xml"),
					text, sizeof(text)),
				0);
			ck_assert_msg(!strstr(text, "alice") == !own, "%s", text);
		}
	}
	s->catalogue.image[0].n_share = 0;
}
END_TEST

/* Machines of one job meet in one network; the longest is as long as Windows takes. */
START_TEST(computers_have_names_of_their_own)
{
	static const struct {
		const char *key, *name;
		uint32_t id;
	} rows[] = {
		{FIXTURE_KEY, "<ComputerName>vm-17</", 17},
		{FIXTURE_KEY "-2", "<ComputerName>vm17-2</", 17},
		{"4294967295-9f3c12ab45de6701-31", "<ComputerName>vm4294967295-31</", 4294967295U},
	};
	struct credentials c = fixture_credentials();
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(json_object_put) struct json_object *doc = NULL;
		struct secret_job j = fixture_secret_job("win11");
		char text[8192];

		j.id = rows[i].id;
		(void)str_copy(j.key, sizeof(j.key), rows[i].key);
		ck_assert_int_eq(secret_encode(fixture_settings(), "vm-" FIXTURE_KEY, &j, &c,
					       SECRET_SYSPREP, &doc, &e),
				 0);
		ck_assert_int_eq(secret_base64(json_str_at(json_at(doc, "data"), "unattend.xml"),
					       text, sizeof(text)),
				 0);
		ck_assert_msg(strstr(text, rows[i].name) != NULL, "%s", rows[i].name);
	}
}
END_TEST

START_TEST(secret_names)
{
	char whole[64] = "";
	struct settings *s = fixture_settings();
	struct credentials c = fixture_credentials();
	struct secret_job j = fixture_secret_job("tiny");
	struct json_object *doc;
	struct err e;

	ck_assert(secret_is_part("vm-1-a-login", whole, sizeof(whole)));
	ck_assert_str_eq(whole, "vm-1-a");
	ck_assert(!secret_is_part("vm-1-a", whole, sizeof(whole)));
	ck_assert(!secret_is_part("-login", whole, sizeof(whole)));
	ck_assert(secret_wants(s, SECRET_SYSPREP));
	s->catalogue.n = 1;
	ck_assert(!secret_wants(s, SECRET_SYSPREP));
	ck_assert(secret_wants(s, SECRET_LOGIN));
	ck_assert(secret_wants(s, SECRET_INIT));
	s->catalogue.image++; /* the one of Windows */
	ck_assert(!secret_wants(s, SECRET_INIT));
	s->catalogue.image--;
	(void)str_copy(c.user, sizeof(c.user), "two words");
	ck_assert_int_eq(secret_encode(s, "vm-1-a", &j, &c, SECRET_LOGIN, &doc, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
}
END_TEST

static const struct {
	const char *base64, *text; /* NULL: refused */
} base64s[] = {
	{"", ""},           {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"}, {"YWJjZA==", "abcd"},
	{"YWJj\n", NULL},   {"YQ=", NULL}, {"Y===", NULL}, {"Y=Q=", NULL},  {"YW!j", NULL},
	{"YWJjZGVm", NULL}, /* does not fit */
};

START_TEST(base64_rows)
{
	char text[6];
	int rc = secret_base64(base64s[_i].base64, text, sizeof(text));

	ck_assert_msg(rc == (base64s[_i].text ? 0 : -1), "%s", base64s[_i].base64);
	if (rc == 0)
		ck_assert_str_eq(text, base64s[_i].text);
}
END_TEST

/* ---- requests ---- */

struct order {
	const char *fails; /* a name's end that is refused; NULL: none */
	const char *there; /* a name's end of which there is one already; NULL: none */
	const char *owner; /* of the part that is there */
	const char *user;  /* in the Secret that is there; NULL: it is a part */
	bool deleting;
	char log[900];
};

static bool ends_in(const char *name, const char *end)
{
	size_t len = end ? strlen(end) : 0;

	return end && strlen(name) >= len && str_eq(name + strlen(name) - len, end);
}

/* What is there: base64 of what is in it, as a real server tells it. */
static const char *existing(const struct order *o, const char *name)
{
	static char text[1200];

	(void)snprintf(text, sizeof(text),
		       "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u-old\",\"resourceVersion\":\"1\","
		       "%s\"labels\":{"
		       "\"slurm-vm.io/key\":\"" FIXTURE_KEY "\"},\"ownerReferences\":[{\"uid\":"
		       "\"%s\"}]},\"data\":{\"user\":\"%s\",\"password\":\"b3RoZXI=\","
		       "\"ssh-publickey\":\"c3NoLWVkMjU1MTkgQg==\"}}",
		       name, o->deleting ? "\"deletionTimestamp\":\"2026-11-25T12:00:00Z\"," : "",
		       o->owner ? o->owner : "", o->user ? o->user : "");
	return text;
}

static void answer_order(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	static char made[200];
	struct order *o = ctx;
	struct err e;
	const char *name = strrchr(q->path, '/') + 1, *note = "";
	size_t at = strlen(o->log);

	if (*q->body && json_parse(q->body, strlen(q->body), &doc, &e) < 0)
		abort();
	if (str_eq(q->method, "POST"))
		name = json_str_at(doc, "metadata/name");
	if (str_eq(q->method, "POST") && ends_in(name, "-login"))
		note = json_str_at(json_at(doc, "data"), "hpc");
	(void)snprintf(o->log + at, sizeof(o->log) - at, "%s %s%s%s\n", q->method, name,
		       note && *note ? " " : "", note ? note : "");
	(void)snprintf(
		made, sizeof(made),
		"{\"metadata\":{\"name\":\"%s\",\"uid\":\"u-new\",\"resourceVersion\":\"1\"}}",
		name);
	a->status = ends_in(name, o->fails) ? 403 : 200;
	a->body = made;
	if (!ends_in(name, o->there) || str_eq(q->method, "DELETE"))
		return;
	a->status = str_eq(q->method, "POST") ? 409 : 200;
	a->body = existing(o, name);
}

static unsigned lines_of(const char *log)
{
	unsigned n = 0;

	for (const char *c = log; *c; c++)
		n += *c == '\n';
	return n;
}

/* clang-format off */
static const struct {
	const char *why;
	struct order order;
	enum err_kind kind;
	unsigned lines;
	const char *begins, *has, *has_not; /* the log */
} makings[] = {
	{"the Secret comes first", {.fails = NULL}, ERR_NONE, 5, "POST " SECRET "\n",
	 "POST " SECRET "-login YTxiPiYiYy05\n", "GET"},
	{"vmd died after it, or its answer was lost: what is in it counts",
	 {.there = SECRET, .user = "aHBj"}, ERR_NONE, 6, "POST " SECRET "\nGET " SECRET "\n",
	 "POST " SECRET "-login b3RoZXI=\n", "DELETE"},
	{"one that is damaged", {.there = SECRET, .user = "?"}, ERR_INVALID, 2, "POST", "GET",
	 "-login"},
	{"one that goes", {.there = SECRET, .user = "aHBj", .deleting = true}, ERR_RETRY, 2, "POST",
	 "GET", "-login"},
	{"refused: no part of it", {.fails = SECRET}, ERR_DENIED, 1, "POST", "", "-login"},
	{"a part of its own is there", {.there = "-keys", .owner = "u-new"}, ERR_NONE, 6, "POST",
	 "GET " SECRET "-keys\n", "DELETE"},
	{"a part of an earlier one is in the way", {.there = "-keys", .owner = "u-gone"}, ERR_RETRY,
	 7, "POST", "DELETE " SECRET "-keys\n", "GET " SECRET "-login"},
	{"a part is refused", {.fails = "-keys"}, ERR_DENIED, 5, "POST", "-sysprep\n", "GET"},
};
/* clang-format on */

START_TEST(making_rows)
{
	struct credentials c = fixture_credentials();
	struct order o = makings[_i].order;
	struct outcome made = {.done = false};
	struct secret_job j = fixture_secret_job("win11");
	struct err e;

	kube_up(answer_order, &o);
	ck_assert_int_eq(kube_create_secret(kube, SECRET, &j, &c, on_done, &made, &e), 0);
	wait_for(&made);
	kube_down();
	ck_assert_msg(made.e.kind == makings[_i].kind && lines_of(o.log) == makings[_i].lines &&
			      str_starts(o.log, makings[_i].begins) &&
			      strstr(o.log, makings[_i].has) && !strstr(o.log, makings[_i].has_not),
		      "%s: kind %d, %s\n%s", makings[_i].why, (int)made.e.kind, made.e.msg, o.log);
}
END_TEST

/* Its parts are its garbage; but one that was left alone can be removed, too. */
START_TEST(secret_goes_by_one_request)
{
	struct outcome gone = {.done = false}, part = {.done = false};
	struct order o = {.fails = NULL};
	struct err e;

	kube_up(answer_order, &o);
	ck_assert_int_eq(kube_delete(kube, KUBE_SECRET, SECRET, "u", "1", on_done, &gone, &e), 0);
	wait_for(&gone);
	ck_assert_int_eq(
		kube_delete(kube, KUBE_SECRET, SECRET "-login", "u", "1", on_done, &part, &e), 0);
	wait_for(&part);
	ck_assert_str_eq(o.log, "DELETE " SECRET "\nDELETE " SECRET "-login\n");
	kube_down();
}
END_TEST

struct key_outcome {
	struct outcome read;
	char key[64];
};

static void on_key(void *ctx, const struct err *e, const char *key)
{
	struct key_outcome *o = ctx;

	(void)str_copy(o->key, sizeof(o->key), key);
	on_done(&o->read, e, 0);
}

static const struct key_row {
	int status;
	const char *body;
	enum err_kind kind;
	const char *key;
} keys[] = {
	{200, "{\"data\":{\"ssh-privatekey\":\"YWJj\"}}", ERR_NONE, "abc"},
	{200, "{\"data\":{\"ssh-privatekey\":\"YW\"}}", ERR_INVALID, ""},
	{200, "{\"data\":{}}", ERR_INVALID, ""},
	{200, "no", ERR_INVALID, ""},
	{404, "no", ERR_ABSENT, ""},
};

static void answer_key(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct key_row *row = ctx;

	(void)q;
	a->status = row->status;
	a->body = row->body;
}

START_TEST(key_rows)
{
	struct key_outcome o = {.key = ""};
	struct err e;

	kube_up(answer_key, (void *)(uintptr_t)&keys[_i]);
	ck_assert_int_eq(kube_read_key(kube, SECRET, on_key, &o, &e), 0);
	wait_for(&o.read);
	ck_assert_str_eq(err_kind_name(o.read.e.kind), err_kind_name(keys[_i].kind));
	ck_assert_str_eq(o.key, keys[_i].key);
	kube_down();
}
END_TEST

START_TEST(secrets_are_changed_in_their_parts)
{
	static const char *const keys_of_mine[] = {"ssh-ed25519 AAAA"};
	struct outcome o = {.done = false};
	struct err e;

	kube_up(answer_patch, NULL);
	ck_assert_int_eq(kube_set_password(kube, SECRET, "root", "abc", on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PATCH");
	ck_assert_msg(strstr(patched.path, "/secrets/" SECRET "-login"), "%s", patched.path);
	ck_assert_str_eq(patched.body, "{\"data\":{\"root\":\"YWJj\"}}");
	ck_assert_int_eq(kube_set_own_keys(kube, SECRET, 1, keys_of_mine, on_done, &o, &e), 0);
	settled(&o);
	ck_assert_msg(strstr(patched.path, "/secrets/" SECRET "-keys"), "%s", patched.path);
	ck_assert_msg(str_starts(patched.body, "{\"data\":{\"own-0\":\"c3NoLWVkMjU1MTkgQUFBQQ==\","
					       "\"own-1\":null,"),
		      "%s", patched.body);
	kube_down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube secret");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, secret_parts);
	tcase_add_test(t, secret_has_the_drives_of_its_image);
	tcase_add_test(t, computers_have_names_of_their_own);
	tcase_add_test(t, secret_names);
	tcase_add_loop_test(t, base64_rows, 0, ARRAY_LEN(base64s));
	tcase_add_loop_test(t, making_rows, 0, ARRAY_LEN(makings));
	tcase_add_test(t, secret_goes_by_one_request);
	tcase_add_loop_test(t, key_rows, 0, ARRAY_LEN(keys));
	tcase_add_test(t, secrets_are_changed_in_their_parts);
	return CHECK_MAIN(t);
}
