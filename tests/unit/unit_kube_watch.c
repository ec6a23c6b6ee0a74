/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube_watch against a real HTTPS server that misbehaves on command. */
#include "tests/unit/check_main.h"
#include "tests/unit/http_fixture.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_watch.h"

#include <check.h>
#include <string.h>

#define OBJECT(name, version)                                                                      \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define LIST(version, next, items)                                                                 \
	"{\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" next                  \
	"\"},\"items\":[" items "]}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"
#define GONE                                                                                       \
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"old\",\"code\":410}}\n"

/* The n-th request must be this one, and is answered so. */
struct step {
	const char *version;  /* of a watch; NULL: it must be a list */
	const char *next;     /* continue= of a list */
	struct fake_answer a; /* status 0: 200 */
};

struct story {
	const char *log; /* what the owner must be told: +name -name [ ] */
	size_t n;
	struct step step[8]; /* the last one keeps silent */
};

struct follow {
	struct watch *watch;
	const struct story *story;
	char log[256];
	int states;
	bool known, troubled;
};

static char wrong[256]; /* what the server did not expect; written by its threads */

static void answer_story(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	const struct story *s = ctx;
	const struct step *step = &s->step[q->n < s->n ? q->n : s->n - 1];
	bool is_watch = str_eq(fake_query(q, "watch"), "true");

	if (q->n >= s->n)
		(void)str_fmt(wrong, sizeof(wrong), "request %u was not expected", q->n);
	else if (is_watch != (step->version != NULL) ||
		 (step->version && !str_eq(fake_query(q, "resourceVersion"), step->version)) ||
		 (step->next && !str_eq(fake_query(q, "continue"), step->next)) ||
		 !str_eq(fake_query(q, "labelSelector"), "a/b=c") || !str_eq(q->path, "/objects"))
		(void)str_fmt(wrong, sizeof(wrong), "request %u: watch %d version '%s' next '%s'",
			      q->n, is_watch, fake_query(q, "resourceVersion"),
			      fake_query(q, "continue"));
	*a = step->a;
	if (a->status == 0)
		a->status = 200;
}

static void follow_add(struct follow *f, const char *what, const char *name)
{
	size_t at = strlen(f->log);

	(void)snprintf(f->log + at, sizeof(f->log) - at, "%s%s", what, name);
}

static void on_begin(void *ctx)
{
	follow_add(ctx, "[", "");
}

static void on_item(void *ctx, struct json_object *object, bool gone)
{
	follow_add(ctx, gone ? "-" : "+", json_str_at(object, "metadata/name"));
}

static void on_end(void *ctx)
{
	follow_add(ctx, "]", "");
}

static void on_state(void *ctx)
{
	struct follow *f = ctx;

	f->states++;
	f->known = watch_known(f->watch);
	f->troubled = f->troubled || *watch_trouble(f->watch);
}

static void follow_start(struct follow *f, const struct story *s, int64_t stale_us)
{
	f->story = s;
	f->watch = watch_new(http, &(struct watch_source){.path = "/objects",
							  .query = "labelSelector=a%2Fb%3Dc",
							  .stale_us = stale_us,
							  .ctx = f,
							  .begin = on_begin,
							  .item = on_item,
							  .end = on_end,
							  .state = on_state});
	ck_assert(!watch_known(f->watch));
	watch_start(f->watch);
}

#define OPEN_WATCH(at)                                                                             \
	{                                                                                          \
		.version = (at), .a = {.stream = true, .end = FAKE_SILENCE }                       \
	}
#define STREAM(n, end_, ...)                                                                       \
	{                                                                                          \
		.stream = true, .n_piece = (n), .end = (end_), .piece = { __VA_ARGS__ }            \
	}

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct story stories[] = {
	{.log = "[+a+b]",
	 .n = 3,
	 .step = {{.next = "", .a = {.body = LIST("5", "p/2=", OBJECT("a", "1"))}},
		  {.next = "p/2=", .a = {.body = LIST("5", "", OBJECT("b", "2"))}},
		  OPEN_WATCH("5")}},
	/* events, a bookmark, a clean end: goes on where it was */
	{.log = "[]+a+a-a+z",
	 .n = 4,
	 .step = {{.a = {.body = "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":null}"}},
		  {.version = "5",
		   .a = STREAM(3, FAKE_END, EVENT("ADDED", "a", "6") EVENT("MODIFIED", "a", "7"),
			       EVENT("DELETED", "a", "8"), EVENT("BOOKMARK", "x", "20"))},
		  {.version = "20", .a = STREAM(1, FAKE_END, EVENT("ADDED", "z", "21"))},
		  OPEN_WATCH("21")}},
	/* cut in the middle of a line: the half is dropped, and comes again */
	{.log = "[]+a+b",
	 .n = 4,
	 .step = {{.a = {.body = LIST("5", "", "")}},
		  {.version = "5",
		   .a = STREAM(2, FAKE_CUT, EVENT("ADDED", "a", "6"), "{\"type\":\"ADDED\",\"ob")},
		  {.version = "6", .a = STREAM(1, FAKE_END, EVENT("ADDED", "b", "7"))},
		  OPEN_WATCH("7")}},
	/* too old, told in the stream: a new list */
	{.log = "[+a][+b]",
	 .n = 4,
	 .step = {{.a = {.body = LIST("5", "", OBJECT("a", "1"))}},
		  {.version = "5", .a = STREAM(1, FAKE_END, GONE)},
		  {.a = {.body = LIST("9", "", OBJECT("b", "2"))}},
		  OPEN_WATCH("9")}},
	/* ... told by HTTP */
	{.log = "[+a][+b]",
	 .n = 4,
	 .step = {{.a = {.body = LIST("5", "", OBJECT("a", "1"))}},
		  {.version = "5", .a = {.status = 410, .body = "gone"}},
		  {.a = {.body = LIST("9", "", OBJECT("b", "2"))}},
		  OPEN_WATCH("9")}},
	/* the server cannot read the version any more */
	{.log = "[][]",
	 .n = 4,
	 .step = {{.a = {.body = LIST("5", "", "")}},
		  {.version = "5", .a = {.status = 500, .body = "bad version"}},
		  {.a = {.body = LIST("9", "", "")}},
		  OPEN_WATCH("9")}},
	/* busy: the watch is tried again, nothing is lost */
	{.log = "[]+a",
	 .n = 4,
	 .step = {{.a = {.body = LIST("5", "", "")}},
		  {.version = "5", .a = {.status = 503, .body = "busy"}},
		  {.version = "5", .a = STREAM(1, FAKE_END, EVENT("ADDED", "a", "6"))},
		  OPEN_WATCH("6")}},
	/* a continue token expires: the list begins anew, whole */
	{.log = "[+a[+a+b]",
	 .n = 5,
	 .step = {{.next = "", .a = {.body = LIST("5", "t", OBJECT("a", "1"))}},
		  {.next = "t", .a = {.status = 410, .body = "expired"}},
		  {.next = "", .a = {.body = LIST("9", "t2", OBJECT("a", "1"))}},
		  {.next = "t2", .a = {.body = LIST("9", "", OBJECT("b", "1"))}},
		  OPEN_WATCH("9")}},
	/* nonsense in the stream, then as list */
	{.log = "[][]",
	 .n = 5,
	 .step = {{.a = {.body = LIST("5", "", "")}},
		  {.version = "5", .a = STREAM(1, FAKE_END, "no json\n")},
		  {.a = {.body = "no json"}},
		  {.a = {.body = LIST("9", "", "")}},
		  OPEN_WATCH("9")}},
};
/* clang-format on */

static void turn_story(struct follow *f, const struct story *s)
{
	while (!wrong[0] && (fake_api_requests(api) < s->n || !str_eq(f->log, s->log)))
		ck_assert_int_ge(sd_event_run(loop, 20000), 0);
	ck_assert_msg(!wrong[0], "%s (log %s)", wrong, f->log);
}

START_TEST(watch_stories)
{
	const struct story *s = &stories[_i];
	struct follow f = {.states = 0};

	up(answer_story, (void *)(uintptr_t)s, 2 * SEC_US, 4);
	follow_start(&f, s, 0);
	turn_story(&f, s);
	ck_assert(watch_known(f.watch));
	watch_free(f.watch);
	down();
}
END_TEST

/* A line without end: cut, and a new list instead of the same line for ever. */
static char huge[(4 << 20) + 100];
static void answer_huge(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	if (!str_eq(fake_query(q, "watch"), "true"))
		a->body = LIST("5", "", "");
	else
		*a = (struct fake_answer){.status = 200,
					  .stream = true,
					  .n_piece = q->n == 1,
					  .piece = {huge},
					  .end = FAKE_SILENCE};
}

START_TEST(huge_line)
{
	struct follow f = {.states = 0};

	memset(huge, 'x', sizeof(huge) - 1);
	up(answer_huge, NULL, 5 * SEC_US, 4);
	follow_start(&f, NULL, 0);
	while (!str_eq(f.log, "[][]"))
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	watch_free(f.watch);
	down();
}
END_TEST

/* First a list and a watch that breaks, then nothing but 503. */
static void answer_failing(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	if (q->n == 0)
		a->body = LIST("5", "", OBJECT("a", "1"));
	else if (q->n == 1)
		*a = (struct fake_answer){.status = 200, .stream = true, .end = FAKE_CUT};
	else
		a->status = 503;
}

START_TEST(known_until_it_is_stale)
{
	struct follow f = {.states = 0};

	up(answer_failing, NULL, SEC_US, 4);
	follow_start(&f, NULL, 2 * SEC_US);
	while (!f.known)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	while (fake_api_requests(api) < 3)
		ck_assert_int_ge(sd_event_run(loop, 20000), 0);
	ck_assert(watch_known(f.watch)); /* broken, but not for long */
	while (f.known)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert(!watch_known(f.watch));
	ck_assert(f.troubled);
	ck_assert_str_eq(f.log, "[+a]"); /* what was seen is not forgotten */
	watch_free(f.watch);
	down();
}
END_TEST

/* ... and it recovers: the third watch opens and says nothing. That is enough. */
static void answer_recovering(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	if (q->n == 0)
		a->body = LIST("5", "", "");
	else if (q->n < 5)
		a->status = 503;
	else
		*a = (struct fake_answer){.status = 200, .stream = true, .end = FAKE_SILENCE};
}

START_TEST(trouble_ends_when_the_watch_opens)
{
	struct follow f = {.states = 0};

	up(answer_recovering, NULL, SEC_US, 4);
	follow_start(&f, NULL, SEC_US / 10);
	while (!f.troubled)
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	while (!watch_known(f.watch) || *watch_trouble(f.watch))
		ck_assert_int_ge(sd_event_run(loop, UINT64_MAX), 0);
	ck_assert_uint_eq(fake_api_requests(api), 6);
	watch_free(f.watch);
	down();
}
END_TEST

/* A new leader reads everything anew. */
static void answer_lists(void *ctx, const struct fake_request *q, struct fake_answer *a)
{
	(void)ctx;
	if (!*fake_query(q, "watch"))
		a->body = LIST("5", "", "");
	else
		*a = (struct fake_answer){.status = 200, .stream = true, .end = FAKE_SILENCE};
}

START_TEST(watch_reads_anew)
{
	struct follow f = {.states = 0};

	up(answer_lists, NULL, 10 * SEC_US, 4);
	follow_start(&f, NULL, 2 * SEC_US);
	while (!f.known || fake_api_requests(api) < 2)
		ck_assert_int_ge(sd_event_run(loop, 20000), 0);
	watch_again(f.watch);
	ck_assert(!watch_known(f.watch));
	while (!watch_known(f.watch) || fake_api_requests(api) < 4)
		ck_assert_int_ge(sd_event_run(loop, 20000), 0);
	ck_assert_str_eq(f.log, "[][]");
	watch_free(f.watch);
	down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube watch");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, watch_reads_anew);
	tcase_add_loop_test(t, watch_stories, 0, ARRAY_LEN(stories));
	tcase_add_test(t, huge_line);
	tcase_add_test(t, known_until_it_is_stale);
	tcase_add_test(t, trouble_ends_when_the_watch_opens);
	return CHECK_MAIN(t);
}
