/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoders against recordings of a real API server with KubeVirt: a whole life by two watches,
 * in order and with one watch behind the other, and every recorded error. The recordings are not
 * part of this repository: skipped (77) where there are none. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_cache.h"
#include "vmd/kube/kube_line.h"
#include "vmd/kube/kube_status.h"

#include <check.h>
#include <dirent.h>
#include <string.h>

#define LIFE_VM   "job1234-win0"
#define LINES_MAX 400

static const char *samples;

struct line {
	enum cache_kind kind;
	uint64_t version;
	struct json_object *doc;
	struct watch_event ev;
};
struct life {
	struct line line[LINES_MAX];
	size_t n;
};

struct take {
	struct life *life;
	enum cache_kind kind;
};

static int take_line(void *ctx, const char *text, size_t len, struct err *e)
{
	struct take *t = ctx;
	struct line *l = &t->life->line[t->life->n];

	ck_assert_uint_lt(t->life->n, LINES_MAX);
	ck_assert_msg(event_decode(text, len, &l->doc, &l->ev, e) == 0, "%s", e->msg);
	ck_assert_int_eq(str_to_u64(l->ev.version, UINT64_MAX, &l->version), 0);
	l->kind = t->kind;
	t->life->n++;
	return 0;
}

static void life_read(struct life *life, enum cache_kind kind, const char *file)
{
	AUTO(free) char *text = NULL;
	AUTO(strbuf_done) struct strbuf pending = {.len = 0};
	struct take t = {.life = life, .kind = kind};
	struct err e = {.msg = ""};
	size_t len;

	text = fixture_file(samples, file, &len);
	ck_assert_msg(line_split(&pending, text, len, take_line, &t, &e) == 0, "%s", e.msg);
}

static int by_version(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->version < y->version ? -1 : x->version > y->version;
}

static struct settings *life_settings(void)
{
	struct settings *s = fixture_settings();

	(void)str_copy(s->network[0].cidr, sizeof(s->network[0].cidr), "127.9.37.0/24");
	return s;
}

struct station {
	enum vm_phase phase;
	const char *node;
	bool agent;
	const char *address;
};

static const struct station stations[] = {
	{VM_STARTING, "", false, ""},
	{VM_STARTING, "cn02", false, ""}, /* Scheduled */
	{VM_RUNNING, "cn02", false, ""},
	{VM_RUNNING, "cn02", true, "127.9.37.21"},
	{VM_RUNNING, "cn03", true, "127.9.37.21"}, /* moved */
	{VM_RUNNING, "cn02", true, "127.9.37.21"}, /* resized by a move */
	{VM_STOPPED, "cn02", false, ""},
	{VM_STOPPED, "", false, ""}, /* the VMI is gone */
	{VM_DELETING, "", false, ""},
};

static bool same_station(const struct station *a, const struct vm_seen *v)
{
	return a->phase == v->phase && str_eq(a->node, v->node) && a->agent == v->agent &&
	       str_eq(a->address, v->address);
}

static struct life *life_load(void)
{
	struct life *life = calloc(1, sizeof(*life));

	ck_assert_ptr_nonnull(life);
	life_read(life, CACHE_VM, "watch/lifecycle-virtualmachines.jsonl");
	life_read(life, CACHE_VMI, "watch/lifecycle-virtualmachineinstances.jsonl");
	qsort(life->line, life->n, sizeof(life->line[0]), by_version);
	return life;
}

static void life_free(struct life *life)
{
	for (size_t i = 0; i < life->n; i++)
		json_object_put(life->line[i].doc);
	free(life);
}
DEFINE_AUTO(struct life *, life_free)

static void feed(struct cache *c, const struct line *l)
{
	if (l->ev.kind != EVENT_BOOKMARK)
		cache_item(c, life_settings(), l->kind, l->ev.object, l->ev.kind == EVENT_GONE);
}

START_TEST(a_whole_life)
{
	AUTO(life_free) struct life *life = life_load();
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	size_t at = 0;

	for (size_t i = 0; i < life->n; i++) {
		feed(c, &life->line[i]);
		cache_observe(c, fixture_settings(), &seen);
		if (seen.n_vm == 0)
			continue;
		ck_assert_uint_eq(seen.n_vm, 1);
		ck_assert_str_eq(seen.vm[0].name, LIFE_VM);
		ck_assert_str_eq(seen.vm[0].reason, "");
		if (same_station(&stations[at], &seen.vm[0]))
			continue;
		at++;
		ck_assert_msg(at < ARRAY_LEN(stations) && same_station(&stations[at], &seen.vm[0]),
			      "station %zu at version %lu: phase %d node '%s' agent %d address "
			      "'%s'",
			      at, (unsigned long)life->line[i].version, (int)seen.vm[0].phase,
			      seen.vm[0].node, seen.vm[0].agent, seen.vm[0].address);
	}
	ck_assert_uint_eq(at, ARRAY_LEN(stations) - 1);
	ck_assert_uint_eq(seen.n_vm, 0);
}
END_TEST

/* One watch is late lines behind the other: no end is seen that is none, and the one that is one is
 * never taken back. */
static void skewed(const struct life *life, enum cache_kind late_kind, size_t late)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	const struct line *held[LINES_MAX];
	size_t n_held = 0, first = 0;
	bool ran = false, stopped = false;

	for (size_t i = 0; i < life->n + late; i++) {
		if (i < life->n && life->line[i].kind != late_kind)
			feed(c, &life->line[i]);
		else if (i < life->n)
			held[n_held++] = &life->line[i];
		if (n_held - first > late || (i >= life->n && first < n_held))
			feed(c, held[first++]);
		cache_observe(c, fixture_settings(), &seen);
		if (seen.n_vm == 0)
			continue;
		ran = ran || seen.vm[0].phase == VM_RUNNING;
		ck_assert_msg(ran || seen.vm[0].phase == VM_STARTING || late > 20,
			      "%zu late: phase %d before it ran", late, (int)seen.vm[0].phase);
		ck_assert_msg(!stopped || seen.vm[0].phase != VM_STARTING,
			      "%zu late: starting after its end", late);
		stopped = stopped || seen.vm[0].phase == VM_STOPPED;
	}
	ck_assert(ran);
	ck_assert_uint_eq(seen.n_vm, 0);
}

START_TEST(a_life_with_one_watch_behind)
{
	AUTO(life_free) struct life *life = life_load();

	skewed(life, CACHE_VM, (size_t)_i);
	skewed(life, CACHE_VMI, (size_t)_i);
}
END_TEST

/* ---- errors ---- */

static const struct {
	const char *file;
	enum err_kind kind;
	const char *text; /* must be in it */
} odd[] = {
	{"58-", ERR_CONFLICT, "\"apim\" already exists"},
	{"59-", ERR_ABSENT, "\"nope\" not found"},
	{"60-", ERR_ABSENT, "\"nope\" not found"},
	{"61-", ERR_ABSENT, "namespaces \"nons\" not found"},
	{"63-", ERR_ABSENT, "404 page not found"},
	{"64-", ERR_ABSENT, "404 page not found"},
	{"65-", ERR_CONFLICT, ""},
	{"66-", ERR_CONFLICT, ""},
	{"67-", ERR_CONFLICT, "the object has been modified"},
	{"73-", ERR_CONFLICT, ""},
	{"75-", ERR_CONFLICT, "already exists"},
	{"76-", ERR_CONFLICT, "does not match the UID in record"},
	{"77-", ERR_DENIED, "Unauthorized"},
	{"78-", ERR_DENIED, "system:anonymous"},
	{"79-", ERR_DENIED, "token-nobody"},
	{"80-", ERR_DENIED, ""},
	{"81-", ERR_RETRY, "too old"},
	{"82-", ERR_RETRY, "Too large resource version"},
	{"88-", ERR_ABSENT, "not found"},
	{"89-", ERR_RETRY, "\"apim\" not found (HTTP 500)"},
	{"02-", ERR_INVALID, "SecureBoot"},
	{"29-", ERR_INVALID, "quantities must match"},
	{"31-", ERR_INVALID, "Job_1"},
	{"44-", ERR_INVALID, "must be less than or equal to 256 in length"},
	{"50-", ERR_INVALID, ""},
};

struct answer {
	char method[16];
	long http;
	const char *body;
};

static void answer_read(const char *text, struct answer *ret)
{
	const char *status = strstr(text, "\nHTTP/1.1 ");
	const char *body = status ? strstr(status, "\n\n") : NULL;

	if (status && !body)
		body = strstr(status, "\r\n\r\n");
	ck_assert_int_eq(sscanf(text, "# %15s", ret->method), 1);
	ck_assert(status && body);
	ret->http = strtol(status + 10, NULL, 10);
	ret->body = body + strspn(body, "\r\n");
}

static size_t row_of(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		if (str_starts(file, odd[i].file))
			return i;
	return ARRAY_LEN(odd);
}

START_TEST(every_recorded_error)
{
	char dir[4096];
	DIR *d;
	unsigned n = 0, rows = 0;

	ck_assert_int_eq(str_fmt(dir, sizeof(dir), "%s/errors", samples), 0);
	d = opendir(dir);
	ck_assert_ptr_nonnull(d);
	for (struct dirent *f; (f = readdir(d));) {
		AUTO(free) char *text = NULL;
		struct answer a = {.http = 0};
		struct err e = {.kind = ERR_NONE, .msg = ""};
		size_t len, row = row_of(f->d_name);
		enum err_kind want = row < ARRAY_LEN(odd) ? odd[row].kind : ERR_INVALID;

		if (!strstr(f->d_name, ".http"))
			continue;
		text = fixture_file(dir, f->d_name, &len);
		answer_read(text, &a);
		(void)status_check(a.method, a.http, a.body, strlen(a.body), &e);
		if (a.http < 300)
			want = ERR_NONE;
		ck_assert_msg(e.kind == want, "%s: %s, not %s: %s", f->d_name,
			      err_kind_name(e.kind), err_kind_name(want), e.msg);
		ck_assert_msg(row == ARRAY_LEN(odd) || strstr(e.msg, odd[row].text), "%s: %s",
			      f->d_name, e.msg);
		ck_assert_msg(e.kind == ERR_NONE || !str_starts(e.msg, "admission webhook"), "%s",
			      e.msg);
		n++;
		rows += row < ARRAY_LEN(odd);
	}
	closedir(d);
	ck_assert_uint_ge(n, 90);
	ck_assert_uint_eq(rows, ARRAY_LEN(odd));
}
END_TEST

START_TEST(gone_in_a_watch)
{
	AUTO(free) char *text = NULL;
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct watch_event ev;
	struct err e;
	size_t len;
	const char *line;

	text = fixture_file(samples, "watch/410-old-rv-vmi.http", &len);
	line = strstr(text, "{\"type\"");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(event_decode(line, strcspn(line, "\r\n"), &doc, &ev, &e), 0);
	ck_assert_int_eq(ev.kind, EVENT_ERROR);
	ck_assert_int_eq(ev.code, 410);
}
END_TEST

/* Lists as served: every item is read. */
static const struct {
	const char *file;
	enum cache_kind kind;
} lists[] = {
	{"json/pv-list.json", CACHE_PV},
	{"json/pvc-list.json", CACHE_PVC},
	{"json/vmi-list.json", CACHE_VMI},
};

START_TEST(recorded_lists)
{
	AUTO(free) char *text = NULL;
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	struct json_object *items;
	struct err e;
	size_t len;

	text = fixture_file(samples, lists[_i].file, &len);
	ck_assert_int_eq(json_parse(text, len, &doc, &e), 0);
	items = json_at(doc, "items");
	for (size_t i = 0; i < json_object_array_length(items); i++)
		cache_item(c, life_settings(), lists[_i].kind, json_object_array_get_idx(items, i),
			   false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv + seen.n_pvc + seen.n_vm, json_object_array_length(items));
	for (size_t i = 0; i < seen.n_pv; i++)
		ck_assert(seen.pv[i].bound);
	for (size_t i = 0; i < seen.n_pvc; i++)
		ck_assert(seen.pvc[i].bound);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube samples");

	samples = fixture_samples();
	if (!samples)
		return 77;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_whole_life);
	tcase_add_loop_test(t, a_life_with_one_watch_behind, 1, 16);
	tcase_add_test(t, every_recorded_error);
	tcase_add_test(t, gone_in_a_watch);
	tcase_add_loop_test(t, recorded_lists, 0, ARRAY_LEN(lists));
	return CHECK_MAIN(t);
}
