/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP, QEMU's control protocol, as client: one JSON document per line. Owns the connection and the
 * list of commands that wait for their answer; answers are matched by id, so that QEMU may answer
 * out of order. A command has a deadline (QEMU's main loop can hang in librbd): one that runs out
 * is answered with ERR_UNSURE, and a late answer to it is dropped. Loop thread only. */
#include "kubevirt-lite/guest/qmp.h"

#include "kubevirt-lite/guest/line.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <string.h>
#include <systemd/sd-event.h>

#define QMP_DEADLINE_US (30 * SEC_US)

struct command {
	int64_t id;
	int64_t deadline_us;
	qmp_reply_fn reply;
	void *self;
	char *text; /* not sent yet; NULL once it is */
	struct command *next;
};

struct qmp {
	struct qmp_handler handler;
	struct line *line;
	sd_event_source *timer;
	struct command *first;
	int64_t last_id;
	bool greeted; /* qmp_capabilities was sent */
	bool ready;
	bool lost;
	unsigned depth; /* calls into handlers that are running */
	bool closed;
};

static int decode_error(struct json_object *error, struct qmp_message *m)
{
	const char *text = json_str_at(error, "desc");

	m->kind = QMP_ERROR;
	(void)snprintf(m->error, sizeof(m->error), "%s", text ? text : "refused without a reason");
	return 0;
}

int qmp_decode(const char *text, size_t len, struct qmp_message *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct qmp_message m = {.id = -1};
	struct json_object *v;

	if (json_parse(text, len, &doc, e) < 0)
		return -1;
	if (!json_object_is_type(doc, json_type_object))
		return err_set(e, ERR_INVALID, "QMP: a line is no object");
	if (json_object_is_type(v = json_at(doc, "id"), json_type_int))
		m.id = json_object_get_int64(v);
	if (json_at(doc, "event")) {
		m.kind = QMP_EVENT;
		if (!json_str_at(doc, "event") ||
		    str_copy(m.event, sizeof(m.event), json_str_at(doc, "event")) < 0)
			return err_set(e, ERR_INVALID, "QMP: an event without a usable name");
		m.value = json_object_get(json_at(doc, "data"));
	} else if (json_object_object_get_ex(doc, "return", &v)) {
		m.kind = QMP_RETURN;
		m.value = json_object_get(v);
	} else if (json_object_object_get_ex(doc, "error", &v)) {
		(void)decode_error(v, &m);
	} else if (json_at(doc, "QMP")) {
		m.kind = QMP_GREETING;
	} else {
		return err_set(e, ERR_INVALID, "QMP: a line of no known kind");
	}
	*ret = m;
	return 0;
}

static void command_free(struct command *c)
{
	free(c->text);
	free(c);
}

static void qmp_free(struct qmp *q)
{
	struct command *c;

	while ((c = q->first)) {
		q->first = c->next;
		command_free(c);
	}
	free(q);
}

void qmp_close(struct qmp *q)
{
	if (!q || q->closed)
		return;
	q->closed = true;
	line_close(q->line);
	q->line = NULL;
	q->timer = sd_event_source_disable_unref(q->timer);
	if (q->depth == 0)
		qmp_free(q);
}

static void enter(struct qmp *q)
{
	q->depth++;
}

/* The end of every path that called a handler: q may be gone after it. */
static void leave(struct qmp *q)
{
	if (--q->depth == 0 && q->closed)
		qmp_free(q);
}

static void answer(struct qmp *q, struct command **at, struct json_object *value,
		   const struct err *e)
{
	struct command *c = *at;

	*at = c->next;
	enter(q);
	if (c->reply)
		c->reply(c->self, value, e);
	command_free(c);
	leave(q);
}

static void send_waiting(struct qmp *q)
{
	for (struct command *c = q->first; c && !q->lost; c = c->next) {
		if (c->text && (q->ready || strstr(c->text, "\"qmp_capabilities\""))) {
			line_send(q->line, c->text, strlen(c->text));
			free(STEAL(c->text));
		}
	}
}

static void on_capabilities(void *self, struct json_object *value, const struct err *e)
{
	struct qmp *q = self;

	if (!value) {
		q->lost = true;
		q->handler.lost(q->handler.self, e);
		return;
	}
	q->ready = true;
	send_waiting(q);
	q->handler.ready(q->handler.self);
}

static void got_answer(struct qmp *q, const struct qmp_message *m)
{
	struct err e = {.kind = ERR_NONE};
	struct command **at = &q->first;

	while (*at && (*at)->id != m->id)
		at = &(*at)->next;
	if (!*at)
		return; /* its deadline ran out */
	if (m->kind == QMP_ERROR)
		(void)err_set(&e, ERR_INVALID, "%s", m->error);
	answer(q, at, m->kind == QMP_RETURN ? m->value : NULL, &e);
}

static void lost(struct qmp *q, const struct err *e)
{
	if (q->lost)
		return;
	q->lost = true;
	enter(q);
	while (q->first && !q->closed)
		answer(q, &q->first, NULL, e);
	if (!q->closed)
		q->handler.lost(q->handler.self, e);
	leave(q);
}

static void on_line(void *self, const char *text, size_t len)
{
	struct qmp *q = self;
	struct qmp_message m;
	struct err e = {.kind = ERR_NONE};

	if (q->lost)
		return;
	if (qmp_decode(text, len, &m, &e) < 0) {
		lost(q, &e);
		return;
	}
	enter(q);
	switch (m.kind) {
	case QMP_GREETING:
		if (!q->greeted) {
			q->greeted = true;
			qmp_send(q, "qmp_capabilities", NULL, on_capabilities, q);
		}
		break;
	case QMP_EVENT: q->handler.event(q->handler.self, m.event, m.value); break;
	case QMP_RETURN:
	case QMP_ERROR: got_answer(q, &m); break;
	}
	json_object_put(m.value);
	leave(q);
}

static void on_end(void *self, const struct err *e)
{
	lost(self, e);
}

static int64_t first_deadline(const struct qmp *q)
{
	int64_t first = INT64_MAX;

	for (const struct command *c = q->first; c; c = c->next)
		if (c->deadline_us < first)
			first = c->deadline_us;
	return first;
}

static void timer_set(struct qmp *q)
{
	int64_t at = first_deadline(q);

	if (q->closed)
		return;
	if (at != INT64_MAX)
		(void)sd_event_source_set_time(q->timer, (uint64_t)at);
	(void)sd_event_source_set_enabled(q->timer,
					  at == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct qmp *q = userdata;
	struct command **at = &q->first;
	struct err e = {.kind = ERR_NONE};

	(void)source;
	(void)err_set(&e, ERR_UNSURE, "QEMU does not answer");
	enter(q);
	while (!q->closed && *at) {
		if ((*at)->deadline_us <= (int64_t)usec) {
			answer(q, at, NULL, &e);
			at = &q->first; /* the reply may have sent more */
		} else {
			at = &(*at)->next;
		}
	}
	timer_set(q);
	leave(q);
	return 0;
}

void qmp_send(struct qmp *q, const char *command, struct json_object *args, qmp_reply_fn reply,
	      void *self)
{
	AUTO(json_object_put) struct json_object *doc = json_object_new_object();
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	struct command **at = &q->first;
	struct command *c;

	json_put_str(doc, "execute", command);
	if (args)
		json_put_at(doc, "arguments", args);
	json_put_int(doc, "id", ++q->last_id);
	if (q->closed || q->lost)
		return;
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	strbuf_addf(&text, "%s\n", json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN));
	*c = (struct command){.id = q->last_id,
			      .deadline_us = clock_mono_us() + QMP_DEADLINE_US,
			      .reply = reply,
			      .self = self};
	c->text = STEAL(text.s);
	while (*at)
		at = &(*at)->next;
	*at = c;
	send_waiting(q);
	timer_set(q);
}

int qmp_open(struct sd_event *loop, const char *path, const struct qmp_handler *h, struct qmp **ret,
	     struct err *e)
{
	AUTO(qmp_close) struct qmp *q = calloc(1, sizeof(*q));
	struct line_handler lh = {.self = q, .got = on_line, .ended = on_end};

	if (!q)
		abort();
	q->handler = *h;
	if (line_open(loop, path, &lh, &q->line, e) < 0)
		return -1;
	if (sd_event_add_time(loop, &q->timer, CLOCK_MONOTONIC, 0, 0, on_timer, q) < 0)
		return err_set(e, ERR_RETRY, "event loop refuses a timer");
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(q->timer, true);
	*ret = STEAL(q);
	return 0;
}
