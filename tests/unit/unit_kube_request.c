/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates and deletes that may be repeated: rows of what the server answers and what that means. */
#include "tests/unit/check_main.h"
#include "tests/unit/fake_api.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>

#define SECRET "vm-" FIXTURE_KEY
#define VM     SECRET "-r0"
#define PATH   "/apis/kubevirt.io/v1/namespaces/slurm-vm/virtualmachines"

static char dir[] = "/tmp/kube-request-XXXXXX";
static struct fake_api *api;
static struct kube *kube;
static sd_event *loop;

static void nothing(void *ctx)
{
	(void)ctx;
}

static void no_trouble(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

static void up(fake_fn answer, void *ctx)
{
	static const struct kube_callbacks cb = {.changed = nothing, .trouble = no_trouble};
	struct settings *s = fixture_settings();
	struct err e = {.msg = ""};

	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	api = fake_api_start(dir, answer, ctx);
	(void)str_copy(s->kube_server, sizeof(s->kube_server), fake_api_url(api));
	(void)str_fmt(s->kube_ca_file, sizeof(s->kube_ca_file), "%s/ca.crt", dir);
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(kube_new(loop, s, &cb, &kube, &e) == 0, "%s", e.msg);
}

static void down(void)
{
	char path[64];

	kube_free(kube);
	fake_api_stop(api);
	sd_event_unref(loop);
	(void)str_fmt(path, sizeof(path), "%s/ca.crt", dir);
	unlink(path);
	(void)str_fmt(path, sizeof(path), "%s/ca.key", dir);
	unlink(path);
	rmdir(dir);
}

struct outcome {
	bool done;
	struct err e;
};

static void on_done(void *ctx, const struct err *e, int64_t took_us)
{
	struct outcome *o = ctx;

	ck_assert(!o->done);
	ck_assert_int_ge(took_us, 0);
	o->e = *e;
	o->done = true;
}

struct key_outcome {
	bool done;
	enum err_kind kind;
	char key[64];
};

static void on_key(void *ctx, const struct err *e, const char *key)
{
	struct key_outcome *o = ctx;

	o->kind = e->kind;
	(void)str_copy(o->key, sizeof(o->key), key);
	o->done = true;
}

static void wait_for(struct outcome *o)
{
	while (!o->done)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
}

/* ---- one object ---- */

#define STATUS(code, message)                                                                      \
	{                                                                                          \
		.status = (code), .body = "{\"kind\":\"Status\",\"message\":\"" message "\"}"      \
	}
#define PLAIN(code, text)                                                                          \
	{                                                                                          \
		.status = (code), .body = (text)                                                   \
	}
#define MADE    PLAIN(201, "{}")
#define DONE    PLAIN(200, "{}")
#define NO_LOOK PLAIN(0, NULL)
#define NOBODYS                                                                                    \
	PLAIN(200, "{\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"1\"}}")
#define EXISTS STATUS(409, "x already exists")
#define FOUND(key, more)                                                                           \
	{                                                                                          \
		.status = 200, .body = "{\"metadata\":{\"name\":\"" VM "\",\"uid\":\"u\","         \
				       "\"resourceVersion\":\"1\"," more                           \
				       "\"labels\":{\"slurm-vm.io/key\":\"" key "\"}}}"            \
	}

struct row {
	const char *why;
	struct fake_answer first, look; /* look: of the GET that may follow */
	unsigned requests;
	enum err_kind kind;
	const char *text;
};

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct row creates[] = {
	{"made", MADE, NO_LOOK, 1, ERR_NONE, ""},
	{"there, ours", EXISTS, FOUND(FIXTURE_KEY, ""), 2, ERR_NONE, ""},
	{"there, another job's", EXISTS, FOUND("18-9f3c12ab45de6701", ""), 2,
	 ERR_CONFLICT, "is not of job"},
	{"there, nobody's", EXISTS, NOBODYS, 2, ERR_CONFLICT, "is not of job"},
	{"there, ours, going", EXISTS, FOUND(FIXTURE_KEY, "\"deletionTimestamp\":\"now\","), 2,
	 ERR_RETRY, "being deleted"},
	{"was there", EXISTS, STATUS(404, "no"), 2, ERR_RETRY, "gone now"},
	{"cannot look", EXISTS, STATUS(500, "no"), 2, ERR_RETRY, "no"},
	{"nonsense", EXISTS, PLAIN(200, "[]"), 2, ERR_INVALID, ""},
	{"being deleted", STATUS(409, "object is being deleted: x already exists"), NO_LOOK, 1,
	 ERR_RETRY, "being deleted"},
	{"no KubeVirt", STATUS(404, "page not found"), NO_LOOK, 1, ERR_RETRY, "page not found"},
	{"refused", STATUS(422, "bad disk"), NO_LOOK, 1, ERR_INVALID, "bad disk"},
	{"perhaps", STATUS(500, "oops"), NO_LOOK, 1, ERR_UNSURE, "oops"},
};
/* clang-format on */

static void answer_create(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool look = str_eq(q->method, "GET");

	*a = look ? r->look : r->first;
	if (q->n != (look ? 1U : 0U) || !str_eq(q->path, look ? PATH "/" VM : PATH) ||
	    (look && !strstr(q->accept, "as=PartialObjectMetadata;")))
		a->status = 418; /* no row wants that */
}

START_TEST(create_rows)
{
	const struct row *r = &creates[_i];
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	struct outcome o = {.done = false};
	struct err e;

	up(answer_create, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_create_vm(kube, &v, on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_uint_eq(fake_api_requests(api), r->requests);
	down();
}
END_TEST

/* A PV is there for one PVC, which it names by uid: that of another run is not ours. */
#define PV      "vm-" FIXTURE_KEY "-root"
#define PV_PATH "/api/v1/persistentvolumes"
#define PV_FOR(uid)                                                                                \
	{                                                                                          \
		.status = 200, .body = "{\"metadata\":{\"name\":\"" PV "\",\"uid\":\"u\","         \
				       "\"resourceVersion\":\"1\",\"labels\":"                     \
				       "{\"slurm-vm.io/key\":\"" FIXTURE_KEY "\"}},"               \
				       "\"spec\":{\"claimRef\":{" uid "}}}"                        \
	}
static const struct row pv_creates[] = {
	{"made", MADE, NO_LOOK, 1, ERR_NONE, ""},
	{"there, for this claim", EXISTS, PV_FOR("\"uid\":\"claim-uid\""), 2, ERR_NONE, ""},
	{"there, for an earlier one", EXISTS, PV_FOR("\"uid\":\"other\""), 2, ERR_CONFLICT,
	 "for another run"},
	{"there, for any", EXISTS, PV_FOR(""), 2, ERR_CONFLICT, "for another run"},
};

static void answer_pv(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool look = str_eq(q->method, "GET");

	*a = look ? r->look : r->first;
	if (!str_eq(q->path, look ? PV_PATH "/" PV : PV_PATH) ||
	    (!look && !strstr(q->body, "\"uid\":\"claim-uid\"")) ||
	    (look && !str_eq(q->accept, "application/json"))) /* the spec is wanted */
		a->status = 418;
}

START_TEST(pv_create_rows)
{
	const struct row *r = &pv_creates[_i];
	struct disk_spec d = fixture_disk(DISK_ROOT, "tiny");
	struct outcome o = {.done = false};
	struct err e;

	up(answer_pv, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_create_pv(kube, &d, on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_uint_eq(fake_api_requests(api), r->requests);
	d.claim_uid[0] = '\0';
	ck_assert_int_eq(kube_create_pv(kube, &d, on_done, &o, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	down();
}
END_TEST

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct row deletes[] = {
	{"done", DONE, NO_LOOK, 1, ERR_NONE, ""},
	{"gone already", STATUS(404, "no"), NO_LOOK, 1, ERR_NONE, ""},
	{"changed", STATUS(409, "the UID in the precondition"), NO_LOOK, 1, ERR_CONFLICT, "UID"},
	{"not allowed", STATUS(403, "no"), NO_LOOK, 1, ERR_DENIED, "no"},
	{"perhaps", STATUS(500, "oops"), NO_LOOK, 1, ERR_UNSURE, "oops"},
};
/* clang-format on */

static void answer_delete(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;

	*a = r->first;
	if (!str_eq(q->method, "DELETE") || !str_eq(q->path, PATH "/" VM) ||
	    !str_eq(q->body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
			     "\"propagationPolicy\":\"Background\",\"preconditions\":"
			     "{\"uid\":\"u1\",\"resourceVersion\":\"5\"}}"))
		a->status = 418;
}

START_TEST(delete_rows)
{
	const struct row *r = &deletes[_i];
	struct outcome o = {.done = false};
	struct err e;

	up(answer_delete, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_delete(kube, KUBE_VM, VM, "u1", "5", on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	down();
}
END_TEST

/* ---- launcher pods of a lost node ---- */

#define PODS "/api/v1/namespaces/slurm-vm/pods"
#define POD(name, node)                                                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u-" name                                   \
	"\"},\"spec\":{\"nodeName\":\"" node "\"}}"

/* first: of the list; look: of a deletion. It takes the commas of macros for columns. */
/* clang-format off */
static const struct row releases[] = {
	{"none there", PLAIN(200, "{\"items\":[]}"), NO_LOOK, 1, ERR_NONE, ""},
	{"no items at all", PLAIN(200, "{\"items\":null}"), NO_LOOK, 1, ERR_NONE, ""},
	{"one", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), DONE, 2, ERR_NONE, ""},
	{"those of that node only",
	 PLAIN(200, "{\"items\":[" POD("a", "n1") "," POD("b", "n2") "," POD("c", "n1") "]}"), DONE,
	 3, ERR_NONE, ""},
	{"gone meanwhile", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(404, "no"), 2,
	 ERR_NONE, ""},
	{"another one by now", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"),
	 STATUS(409, "the UID in the precondition"), 2, ERR_CONFLICT, "UID"},
	{"may not delete", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(403, "no"), 2,
	 ERR_DENIED, "no"},
	{"may not list", STATUS(403, "no"), NO_LOOK, 1, ERR_DENIED, "no"},
	{"perhaps", PLAIN(200, "{\"items\":[" POD("a", "n1") "]}"), STATUS(500, "oops"), 2,
	 ERR_UNSURE, "oops"},
	{"no pod", PLAIN(200, "{\"items\":[{}]}"), NO_LOOK, 1, ERR_INVALID, "metadata/name"},
	{"a name that leads elsewhere", PLAIN(200, "{\"items\":[" POD("../x", "n1") "]}"), NO_LOOK, 1,
	 ERR_INVALID, "is no name"},
	{"nonsense", PLAIN(200, "{"), NO_LOOK, 1, ERR_INVALID, ""},
};
/* clang-format on */

static void answer_release(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct row *r = ctx;
	bool list = str_eq(q->method, "GET");
	char body[200];

	*a = list ? r->first : r->look;
	if (list) {
		if (!str_eq(q->path, PODS) ||
		    !str_eq(fake_query(q, "labelSelector"),
			    "kubevirt.io=virt-launcher,kubevirt.io/domain=" VM
			    ",slurm-vm.io/key=" FIXTURE_KEY))
			a->status = 418;
		return;
	}
	(void)str_fmt(body, sizeof(body),
		      "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
		      "\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u-%s\"}}",
		      q->path + strlen(PODS "/"));
	if (!str_eq(q->method, "DELETE") || !str_eq(q->body, body))
		a->status = 418;
}

START_TEST(release_rows)
{
	const struct row *r = &releases[_i];
	struct outcome o = {.done = false};
	struct err e;

	up(answer_release, (void *)(uintptr_t)r);
	ck_assert_int_eq(kube_release_vm(kube, VM, FIXTURE_KEY, "n1", on_done, &o, &e), 0);
	wait_for(&o);
	ck_assert_msg(o.e.kind == r->kind && strstr(o.e.msg, r->text), "%s: %s %s", r->why,
		      err_kind_name(o.e.kind), o.e.msg);
	ck_assert_msg(fake_api_requests(api) == r->requests, "%s: %u requests", r->why,
		      fake_api_requests(api));
	ck_assert_int_eq(kube_release_vm(kube, VM, FIXTURE_KEY, "", on_done, &o, &e), -1);
	ck_assert_int_eq(kube_release_vm(kube, "../x", FIXTURE_KEY, "n1", on_done, &o, &e), -1);
	down();
}
END_TEST

START_TEST(bad_names_are_not_sent)
{
	struct outcome o = {.done = false};
	struct err e;
	static const char *const bad[] = {"", "a/b", "../x", "A"};

	up(answer_delete, (void *)(uintptr_t)&deletes[0]);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(kube_delete(kube, KUBE_VM, bad[i], "", "", on_done, &o, &e), -1);
		ck_assert_int_eq(e.kind, ERR_INVALID);
	}
	ck_assert_uint_eq(fake_api_requests(api), 0);
	down();
}
END_TEST

/* ---- the Secret and its parts ---- */

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

	up(answer_order, &o);
	ck_assert_int_eq(kube_create_secret(kube, SECRET, &j, &c, on_done, &made, &e), 0);
	wait_for(&made);
	down();
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

	up(answer_order, &o);
	ck_assert_int_eq(kube_delete(kube, KUBE_SECRET, SECRET, "u", "1", on_done, &gone, &e), 0);
	wait_for(&gone);
	ck_assert_int_eq(
		kube_delete(kube, KUBE_SECRET, SECRET "-login", "u", "1", on_done, &part, &e), 0);
	wait_for(&part);
	ck_assert_str_eq(o.log, "DELETE " SECRET "\nDELETE " SECRET "-login\n");
	down();
}
END_TEST

static void answer_never(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx, (void)q;
	a->status = 0;
}

/* Under the sanitizers: nothing is left of what was under way, nobody is called. */
START_TEST(free_with_requests_under_way)
{
	struct credentials c = fixture_credentials();
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	struct outcome o = {.done = false};
	struct key_outcome key = {.done = false};
	struct secret_job j = fixture_secret_job("tiny");
	struct err e;

	up(answer_never, NULL);
	ck_assert_int_eq(kube_create_secret(kube, SECRET, &j, &c, on_done, &o, &e), 0);
	ck_assert_int_eq(kube_create_vm(kube, &v, on_done, &o, &e), 0);
	ck_assert_int_eq(kube_delete(kube, KUBE_SECRET, SECRET, "u", "1", on_done, &o, &e), 0);
	ck_assert_int_eq(kube_read_key(kube, SECRET, on_key, &key, &e), 0);
	while (fake_api_requests(api) < 3)
		ck_assert_int_ge(sd_event_run(loop, 10000), 0);
	down();
	ck_assert(!o.done && !key.done);
}
END_TEST

/* ---- the key ---- */

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
	struct key_outcome o = {.done = false};
	struct err e;

	up(answer_key, (void *)(uintptr_t)&keys[_i]);
	ck_assert_int_eq(kube_read_key(kube, SECRET, on_key, &o, &e), 0);
	while (!o.done)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_str_eq(err_kind_name(o.kind), err_kind_name(keys[_i].kind));
	ck_assert_str_eq(o.key, keys[_i].key);
	down();
}
END_TEST

/* ---- changes of a Secret ---- */

static struct {
	char method[16], path[256], body[4096];
} patched;

static void answer_patch(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	(void)str_copy(patched.method, sizeof(patched.method), q->method);
	(void)str_copy(patched.path, sizeof(patched.path), q->path);
	(void)str_copy(patched.body, sizeof(patched.body), q->body);
	a->status = 200;
	a->body = "{}";
}

START_TEST(secrets_are_changed_in_their_parts)
{
	static const char *const keys_of_mine[] = {"ssh-ed25519 AAAA"};
	struct outcome o = {.done = false};
	struct err e;

	up(answer_patch, NULL);
	ck_assert_int_eq(kube_set_password(kube, SECRET, "root", "abc", on_done, &o, &e), 0);
	while (!o.done)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_int_eq(o.e.kind, ERR_NONE);
	ck_assert_str_eq(patched.method, "PATCH");
	ck_assert_msg(strstr(patched.path, "/secrets/" SECRET "-login"), "%s", patched.path);
	ck_assert_str_eq(patched.body, "{\"data\":{\"root\":\"YWJj\"}}");
	o.done = false;
	ck_assert_int_eq(kube_set_own_keys(kube, SECRET, 1, keys_of_mine, on_done, &o, &e), 0);
	while (!o.done)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_msg(strstr(patched.path, "/secrets/" SECRET "-keys"), "%s", patched.path);
	ck_assert_msg(str_starts(patched.body, "{\"data\":{\"own-0\":\"c3NoLWVkMjU1MTkgQUFBQQ==\","
					       "\"own-1\":null,"),
		      "%s", patched.body);
	down();
}
END_TEST

static void settled(struct outcome *o)
{
	while (!o->done)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_int_eq(o->e.kind, ERR_NONE);
	o->done = false;
}

START_TEST(nodes_are_cordoned)
{
	struct outcome o = {.done = false};
	struct err e;

	up(answer_patch, NULL);
	ck_assert_int_eq(kube_mark_node(kube, "n1", "77", true, NODE_FROM_SLURM, on_done, &o, &e),
			 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PATCH");
	ck_assert_str_eq(patched.path, "/api/v1/nodes/n1");
	ck_assert_str_eq(patched.body, "{\"metadata\":{\"resourceVersion\":\"77\",\"annotations\":{"
				       "\"slurm-vm.io/drain\":\"slurm\"}},\"spec\":{"
				       "\"unschedulable\":true}}");
	ck_assert_int_eq(kube_mark_node(kube, "n1", "78", false, NODE_UNMARKED, on_done, &o, &e),
			 0);
	settled(&o);
	ck_assert_str_eq(patched.body, "{\"metadata\":{\"resourceVersion\":\"78\",\"annotations\":{"
				       "\"slurm-vm.io/drain\":null}},\"spec\":{"
				       "\"unschedulable\":null}}");
	ck_assert_int_eq(kube_keep_vm(kube, VM, on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PUT");
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachineinstances/" VM "/evacuate/cancel");
	down();
}
END_TEST

START_TEST(disks_come_and_go)
{
	const struct vm_disk_spec disk = {.name = "disk-ref",
					  .claim = "vm-1-a-r0-d-ref",
					  .serial = "ref",
					  .read_only = true,
					  .comes_and_goes = true};
	struct outcome o = {.done = false};
	struct err e;

	up(answer_patch, NULL);
	ck_assert_int_eq(kube_attach(kube, VM, &disk, on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.method, "PUT");
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachines/" VM "/addvolume");
	ck_assert_str_eq(patched.body,
			 "{\"name\":\"disk-ref\",\"disk\":{\"name\":\"disk-ref\",\"disk\":{\"bus\":"
			 "\"scsi\",\"readonly\":true},\"serial\":\"ref\"},\"volumeSource\":{"
			 "\"persistentVolumeClaim\":{\"claimName\":\"vm-1-a-r0-d-ref\","
			 "\"hotpluggable\":true}}}");
	ck_assert_int_eq(kube_detach(kube, VM, "disk-ref", on_done, &o, &e), 0);
	settled(&o);
	ck_assert_str_eq(patched.path, "/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/"
				       "virtualmachines/" VM "/removevolume");
	ck_assert_str_eq(patched.body, "{\"name\":\"disk-ref\"}");
	down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube request");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, create_rows, 0, ARRAY_LEN(creates));
	tcase_add_loop_test(t, pv_create_rows, 0, ARRAY_LEN(pv_creates));
	tcase_add_loop_test(t, delete_rows, 0, ARRAY_LEN(deletes));
	tcase_add_loop_test(t, release_rows, 0, ARRAY_LEN(releases));
	tcase_add_test(t, bad_names_are_not_sent);
	tcase_add_loop_test(t, making_rows, 0, ARRAY_LEN(makings));
	tcase_add_test(t, secret_goes_by_one_request);
	tcase_add_test(t, free_with_requests_under_way);
	tcase_add_loop_test(t, key_rows, 0, ARRAY_LEN(keys));
	tcase_add_test(t, secrets_are_changed_in_their_parts);
	tcase_add_test(t, nodes_are_cordoned);
	tcase_add_test(t, disks_come_and_go);
	return CHECK_MAIN(t);
}
