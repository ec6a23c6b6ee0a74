/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp.c, agent.c and line.c: decoders by tables, the clients against a peer that the test plays
 * itself, byte by byte, on the other end of a unix socket. */
#include "kubevirt-lite/guest/agent.h"
#include "kubevirt-lite/guest/line.h"
#include "kubevirt-lite/guest/qmp.h"
#include "tests/unit/check_main.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <check.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

/* --- the peer --- */

static char dir[] = "/tmp/unit_guest_talk.XXXXXX";
static char path[64];
static int listener = -1;
static int peer = -1;
static sd_event *loop;

static void setup(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_ge(sd_event_new(&loop), 0);
}

static void teardown(void)
{
	if (peer >= 0)
		close(peer);
	close(listener);
	peer = listener = -1;
	loop = sd_event_unref(loop);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void peer_accept(void)
{
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
}

static void peer_says(const char *text)
{
	ck_assert_int_eq(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

/* Turns the loop until nothing more is to do at once. */
static void turn(void)
{
	while (sd_event_run(loop, 20000) > 0)
		;
}

/* What the client wrote since, after the loop turned. */
static const char *peer_hears(void)
{
	static char text[4096];
	ssize_t n;

	turn();
	n = recv(peer, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* --- decoders --- */

static const struct {
	const char *text;
	int kind; /* -1: refused */
	const char *event;
	int64_t id;
} qmp_rows[] = {
	{"{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}", QMP_GREETING, "", -1},
	{"{\"return\": {}, \"id\": 7}", QMP_RETURN, "", 7},
	{"{\"return\": [], \"id\": \"x\"}", QMP_RETURN, "", -1},
	{"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 8}", QMP_ERROR, "",
	 8},
	{"{\"error\": 5, \"id\": 8}", QMP_ERROR, "", 8},
	{"{\"timestamp\": {}, \"event\": \"STOP\"}", QMP_EVENT, "STOP", -1},
	{"{\"event\": 5}", -1, "", -1},
	{"{}", -1, "", -1},
	{"[]", -1, "", -1},
	{"", -1, "", -1},
	{"{\"return\": {}", -1, "", -1},
};

START_TEST(qmp_lines)
{
	struct qmp_message m;
	struct err e = {.kind = ERR_NONE};
	int rc = qmp_decode(qmp_rows[_i].text, strlen(qmp_rows[_i].text), &m, &e);

	ck_assert_msg((rc == 0) == (qmp_rows[_i].kind >= 0), "%s", qmp_rows[_i].text);
	if (rc < 0)
		return;
	ck_assert_msg((int)m.kind == qmp_rows[_i].kind, "%s", qmp_rows[_i].text);
	ck_assert_str_eq(m.event, qmp_rows[_i].event);
	ck_assert_int_eq(m.id, qmp_rows[_i].id);
	json_object_put(m.value);
}
END_TEST

static const struct {
	const char *text;
	const char *value; /* NULL: none */
	const char *refused;
	bool nonsense;
} agent_rows[] = {
	{"{\"return\": 42}", "42", "", false},
	{"garbage\xff{\"return\": 42}", "42", "", false},
	{"\xff\xff{\"return\": {}}", "{ }", "", false},
	{"{\"error\": {\"class\": \"x\", \"desc\": \"no such command\"}}", NULL, "no such command",
	 false},
	{"{\"return\": null}", NULL, "", true},
	{"\xff", NULL, "", true},
	{"{\"return\": 42}\xff", NULL, "", true},
	{"42", NULL, "", true},
};

START_TEST(agent_lines)
{
	struct json_object *value = NULL;
	char refused[80] = "";
	struct err e = {.kind = ERR_NONE};
	int rc = agent_decode(agent_rows[_i].text, strlen(agent_rows[_i].text), &value, refused,
			      sizeof(refused), &e);

	ck_assert_msg((rc < 0) == agent_rows[_i].nonsense, "row %d", _i);
	if (rc < 0)
		return;
	ck_assert_str_eq(refused, agent_rows[_i].refused);
	if (agent_rows[_i].value)
		ck_assert_str_eq(json_object_to_json_string(value), agent_rows[_i].value);
	else
		ck_assert_ptr_null(value);
	json_object_put(value);
}
END_TEST

static int count_line(void *self, const char *text, size_t len)
{
	struct strbuf *b = self;

	strbuf_addf(b, "[%.*s]", (int)len, text);
	return 0;
}

START_TEST(lines_are_cut)
{
	static const char stream[] = "one\ntwo\n\nthree";
	struct err e = {.kind = ERR_NONE};

	for (size_t step = 1; step < sizeof(stream); step++) {
		struct line_cutter c = {.s = NULL};
		struct strbuf got = {.s = NULL};

		for (size_t at = 0; at < sizeof(stream) - 1; at += step) {
			size_t n = sizeof(stream) - 1 - at < step ? sizeof(stream) - 1 - at : step;

			ck_assert_int_eq(line_cut(&c, stream + at, n, count_line, &got, &e), 0);
		}
		ck_assert_str_eq(got.s, "[one][two][]");
		strbuf_done(&got);
		line_cutter_done(&c);
	}
}
END_TEST

START_TEST(line_is_bounded)
{
	struct line_cutter c = {.s = NULL};
	struct strbuf got = {.s = NULL};
	struct err e = {.kind = ERR_NONE};
	char block[4096];
	int rc = 0;

	memset(block, 'x', sizeof(block));
	for (size_t n = 0; rc == 0 && n <= LINE_MAX_BYTES; n += sizeof(block))
		rc = line_cut(&c, block, sizeof(block), count_line, &got, &e);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	line_cutter_done(&c);
	strbuf_done(&got);
}
END_TEST

/* --- the QMP client --- */

struct seen {
	struct strbuf log;
	struct qmp *qmp;
	bool close_on_event;
};

static void on_ready(void *self)
{
	strbuf_addf(&((struct seen *)self)->log, "ready ");
}

static void on_event(void *self, const char *name, struct json_object *data)
{
	struct seen *s = self;

	strbuf_addf(&s->log, "%s%s ", name, data ? "+data" : "");
	if (s->close_on_event)
		qmp_close(s->qmp);
}

static void on_lost(void *self, const struct err *e)
{
	(void)e;
	strbuf_addf(&((struct seen *)self)->log, "lost ");
}

static void on_reply(void *self, struct json_object *value, const struct err *e)
{
	strbuf_addf(&((struct seen *)self)->log, "%s ",
		    value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : e->msg);
}

static struct qmp *qmp_start(struct seen *s)
{
	struct qmp_handler h = {.self = s, .ready = on_ready, .event = on_event, .lost = on_lost};
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(qmp_open(loop, path, &h, &s->qmp, &e) == 0, "%s", e.msg);
	peer_accept();
	return s->qmp;
}

START_TEST(qmp_answers_are_matched)
{
	struct seen s = {.close_on_event = false};
	struct qmp *q = qmp_start(&s);

	qmp_send(q, "first", NULL, on_reply, &s); /* waits for the greeting */
	ck_assert_str_eq(peer_hears(), "");
	peer_says("{\"QMP\":{}}\n");
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"qmp_capabilities\",\"id\":2}\n");
	peer_says("{\"return\":{},\"id\":2}\n");
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"first\",\"id\":1}\n");
	qmp_send(q, "second", NULL, on_reply, &s);
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"second\",\"id\":3}\n");
	peer_says("{\"return\":\"two\",\"id\":3}\n{\"event\":\"STOP\"}\n{\"return\":{},\"id\":99}\n"
		  "{\"error\":{\"desc\":\"not now\"},\"id\":1}\n");
	turn();
	ck_assert_str_eq(s.log.s, "ready \"two\" STOP not now ");
	qmp_close(q);
	strbuf_done(&s.log);
}
END_TEST

START_TEST(qmp_loss_answers_all)
{
	struct seen s = {.close_on_event = false};
	struct qmp *q = qmp_start(&s);

	peer_says("{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n");
	turn();
	qmp_send(q, "a", NULL, on_reply, &s);
	(void)peer_hears(); /* unread bytes would make the close a reset */
	close(peer);
	peer = -1;
	turn();
	ck_assert_str_eq(s.log.s, "ready the other side closed lost ");
	qmp_send(q, "b", NULL, on_reply, &s); /* nothing happens, and nothing leaks */
	qmp_close(q);
	strbuf_done(&s.log);
}
END_TEST

START_TEST(qmp_nonsense_is_loss)
{
	struct seen s = {.close_on_event = false};
	struct qmp *q = qmp_start(&s);

	peer_says("hello\n");
	turn();
	ck_assert_str_eq(s.log.s, "lost ");
	qmp_close(q);
	strbuf_done(&s.log);
}
END_TEST

START_TEST(qmp_closed_from_inside)
{
	struct seen s = {.close_on_event = true};

	(void)qmp_start(&s);
	peer_says("{\"event\":\"SHUTDOWN\",\"data\":{}}\n{\"event\":\"NEVER\"}\n");
	turn();
	ck_assert_str_eq(s.log.s, "SHUTDOWN+data ");
	strbuf_done(&s.log);
}
END_TEST

/* --- the agent client --- */

/* The number of the sync the client sent; fails if it sent none. */
static long long sync_number(void)
{
	const char *text = peer_hears();
	const char *at = strstr(text, "\"id\":");

	ck_assert_msg((unsigned char)text[0] == 0xff && strstr(text, "guest-sync-delimited"), "%s",
		      text);
	ck_assert_ptr_nonnull(at);
	return atoll(at + 5);
}

static void sync_answer(long long n)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "\xff{\"return\": %lld}\n", n);
	peer_says(text);
}

START_TEST(agent_call_after_sync)
{
	struct seen s = {.close_on_event = false};
	struct agent *a;
	struct err e = {.kind = ERR_NONE};
	long long n;

	ck_assert_int_eq(agent_open(loop, path, &a, &e), 0);
	agent_call(a, "guest-ping", NULL, AGENT_DEADLINE_US, on_reply, &s);
	agent_call(a, "guest-two", NULL, AGENT_DEADLINE_US, on_reply, &s);
	turn();
	peer_accept();
	n = sync_number();
	peer_says("half a li");
	sync_answer(n - 1); /* of an earlier client */
	ck_assert_str_eq(peer_hears(), "");
	sync_answer(n);
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"guest-ping\"}\n");
	peer_says("{\"return\": {}}\n");
	n = sync_number();
	sync_answer(n);
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"guest-two\"}\n");
	peer_says("{\"error\": {\"desc\": \"disabled\"}}\n");
	turn();
	ck_assert_str_eq(s.log.s, "{} guest agent: disabled ");
	agent_close(a);
	strbuf_done(&s.log);
}
END_TEST

START_TEST(agent_comes_back)
{
	struct seen s = {.close_on_event = false};
	struct agent *a;
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(agent_open(loop, path, &a, &e), 0);
	agent_call(a, "guest-ping", NULL, AGENT_DEADLINE_US, on_reply, &s);
	turn();
	peer_accept();
	(void)sync_number();
	close(peer);
	peer = -1;
	turn();
	ck_assert_str_eq(s.log.s, "the other side closed ");
	agent_call(a, "guest-ping", NULL, AGENT_DEADLINE_US, on_reply, &s);
	turn();
	peer_accept();
	sync_answer(sync_number());
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"guest-ping\"}\n");
	agent_close(a); /* with a call out: it is not answered any more */
	ck_assert_str_eq(s.log.s, "the other side closed ");
	strbuf_done(&s.log);
}
END_TEST

START_TEST(agent_deadline)
{
	struct seen s = {.close_on_event = false};
	struct agent *a;
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(agent_open(loop, path, &a, &e), 0);
	agent_call(a, "guest-slow", NULL, 1000, on_reply, &s);
	turn();
	peer_accept();
	sync_answer(sync_number());
	ck_assert_str_eq(peer_hears(), "{\"execute\":\"guest-slow\"}\n");
	turn();
	ck_assert_str_eq(s.log.s, "guest agent: no answer to the command ");
	peer_says("{\"return\": \"late\"}\n");
	turn();
	ck_assert_str_eq(s.log.s, "guest agent: no answer to the command ");
	agent_close(a);
	strbuf_done(&s.log);
}
END_TEST

int main(void)
{
	TCase *pure = tcase_create("decoders");
	TCase *talk = tcase_create("clients");

	tcase_add_loop_test(pure, qmp_lines, 0, (int)ARRAY_LEN(qmp_rows));
	tcase_add_loop_test(pure, agent_lines, 0, (int)ARRAY_LEN(agent_rows));
	tcase_add_test(pure, lines_are_cut);
	tcase_add_test(pure, line_is_bounded);
	tcase_add_checked_fixture(talk, setup, teardown);
	tcase_set_timeout(talk, 60);
	tcase_add_test(talk, qmp_answers_are_matched);
	tcase_add_test(talk, qmp_loss_answers_all);
	tcase_add_test(talk, qmp_nonsense_is_loss);
	tcase_add_test(talk, qmp_closed_from_inside);
	tcase_add_test(talk, agent_call_after_sync);
	tcase_add_test(talk, agent_comes_back);
	tcase_add_test(talk, agent_deadline);
	return CHECK_MAIN(pure, talk);
}
