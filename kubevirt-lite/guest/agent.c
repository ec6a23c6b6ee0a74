/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls to the guest agent, one after the other. Before each call goes guest-sync-delimited with a
 * fresh number: its answer, marked by a 0xFF byte, proves that the agent listens and that nothing
 * stale is left in the channel; answers with another number are dropped. Everything that comes from
 * the guest is untrusted: bounded by line.c, parsed within json_parse's limits. Owns the socket and
 * the queue. Loop thread only. */
#include "kubevirt-lite/guest/agent.h"

#include "kubevirt-lite/guest/line.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <string.h>
#include <systemd/sd-event.h>

#define SYNC_DEADLINE_US (3 * SEC_US)

struct call {
	char *text; /* the command's line */
	int64_t deadline_us;
	bool no_answer; /* see agent_tell */
	agent_reply_fn reply;
	void *self;
	struct call *next;
};

enum agent_step { AGENT_IDLE, AGENT_SYNC, AGENT_WAIT };

struct agent {
	struct sd_event *loop;
	char path[108];
	struct line *line;
	sd_event_source *timer;
	struct call *first; /* the running one, when step is not AGENT_IDLE */
	enum agent_step step;
	int64_t sync; /* number of the last guest-sync-delimited */
	unsigned depth;
	bool closed;
};

int agent_decode(const char *text, size_t len, struct json_object **ret_value, char *ret_error,
		 size_t size, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	const char *mark = memrchr(text, 0xFF, len);
	struct json_object *v;

	if (mark) {
		len -= (size_t)(mark + 1 - text);
		text = mark + 1;
	}
	if (json_parse(text, len, &doc, e) < 0)
		return -1;
	if (!json_object_is_type(doc, json_type_object))
		return err_set(e, ERR_INVALID, "guest agent: a line is no object");
	if (json_object_object_get_ex(doc, "return", &v)) {
		if (!v)
			return err_set(e, ERR_INVALID, "guest agent: null is no answer");
		*ret_value = json_object_get(v);
		ret_error[0] = '\0';
		return 0;
	}
	if (json_object_object_get_ex(doc, "error", &v)) {
		const char *desc = json_str_at(v, "desc");

		(void)snprintf(ret_error, size, "%s", desc ? desc : "refused without a reason");
		*ret_value = NULL;
		return 0;
	}
	return err_set(e, ERR_INVALID, "guest agent: neither return nor error");
}

static void call_free(struct call *c)
{
	free(c->text);
	free(c);
}

static void agent_free(struct agent *a)
{
	struct call *c;

	while ((c = a->first)) {
		a->first = c->next;
		call_free(c);
	}
	free(a);
}

void agent_close(struct agent *a)
{
	if (!a || a->closed)
		return;
	a->closed = true;
	line_close(a->line);
	a->line = NULL;
	a->timer = sd_event_source_disable_unref(a->timer);
	if (a->depth == 0)
		agent_free(a);
}

static void timer_in(struct agent *a, int64_t us)
{
	(void)sd_event_source_set_time(a->timer, (uint64_t)(clock_mono_us() + us));
	(void)sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

/* Ends the running call. The next one starts from the timer, so that no reply is ever called from
 * inside agent_call. */
static void finish(struct agent *a, struct json_object *value, const struct err *e)
{
	struct call *c = a->first;

	a->first = c->next;
	a->step = AGENT_IDLE;
	a->depth++;
	if (c->reply)
		c->reply(c->self, value, e);
	call_free(c);
	if (!a->closed) {
		(void)sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
		if (a->first)
			timer_in(a, 0);
	}
	if (--a->depth == 0 && a->closed)
		agent_free(a);
}

static void command_send(struct agent *a)
{
	struct err e = {.kind = ERR_NONE};

	line_send(a->line, a->first->text, strlen(a->first->text));
	a->step = AGENT_WAIT;
	timer_in(a, a->first->deadline_us);
	if (a->first->no_answer)
		finish(a, NULL, &e);
}

static void on_line(void *self, const char *text, size_t len)
{
	AUTO(json_object_put) struct json_object *value = NULL;
	struct agent *a = self;
	struct err e = {.kind = ERR_NONE};
	char refused[200];

	if (a->step == AGENT_IDLE)
		return; /* late: its deadline ran out */
	if (agent_decode(text, len, &value, refused, sizeof(refused), &e) < 0) {
		if (a->step == AGENT_WAIT)
			finish(a, NULL, &e);
		return; /* before the sync is answered anything may be in the channel */
	}
	if (a->step == AGENT_SYNC) {
		if (json_object_is_type(value, json_type_int) &&
		    json_object_get_int64(value) == a->sync)
			command_send(a);
		return;
	}
	if (!value)
		(void)err_set(&e, ERR_INVALID, "guest agent: %s", refused);
	finish(a, value, &e);
}

static void on_end(void *self, const struct err *why)
{
	struct agent *a = self;
	struct err e = *why;

	line_close(a->line);
	a->line = NULL;
	e.kind = a->step == AGENT_WAIT ? ERR_UNSURE : ERR_RETRY;
	if (a->step != AGENT_IDLE)
		finish(a, NULL, &e);
}

static void start(struct agent *a)
{
	struct line_handler h = {.self = a, .got = on_line, .ended = on_end};
	struct err e = {.kind = ERR_NONE};
	char sync[128];

	a->step = AGENT_SYNC;
	if (!a->line && line_open(a->loop, a->path, &h, &a->line, &e) < 0) {
		finish(a, NULL, &e);
		return;
	}
	a->sync++;
	(void)snprintf(sync, sizeof(sync),
		       "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%lld}}\n",
		       (long long)a->sync);
	line_send(a->line, sync, strlen(sync));
	timer_in(a, SYNC_DEADLINE_US);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;
	struct err e = {.kind = ERR_NONE};

	(void)source, (void)usec;
	switch (a->step) {
	case AGENT_IDLE:
		if (a->first)
			start(a);
		return 0;
	case AGENT_SYNC:
		(void)err_set(&e, ERR_RETRY, "guest agent: no answer");
		finish(a, NULL, &e);
		return 0;
	case AGENT_WAIT:
		(void)err_set(&e, ERR_UNSURE, "guest agent: no answer to the command");
		finish(a, NULL, &e);
		return 0;
	}
	return 0;
}

static void queue(struct agent *a, const char *command, struct json_object *args, struct call call)
{
	AUTO(json_object_put) struct json_object *doc = json_object_new_object();
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	struct call **at = &a->first;
	struct call *c = malloc(sizeof(*c));

	if (!c)
		abort();
	json_put_str(doc, "execute", command);
	if (args)
		json_put_at(doc, "arguments", args);
	strbuf_addf(&text, "%s\n", json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN));
	*c = call;
	c->text = STEAL(text.s);
	if (!c->text)
		abort();
	while (*at)
		at = &(*at)->next;
	*at = c;
	if (a->step == AGENT_IDLE && !a->closed)
		timer_in(a, 0);
}

void agent_call(struct agent *a, const char *command, struct json_object *args, int64_t deadline_us,
		agent_reply_fn reply, void *self)
{
	queue(a, command, args,
	      (struct call){.deadline_us = deadline_us, .reply = reply, .self = self});
}

void agent_tell(struct agent *a, const char *command, struct json_object *args)
{
	queue(a, command, args, (struct call){.deadline_us = AGENT_DEADLINE_US, .no_answer = true});
}

int agent_open(struct sd_event *loop, const char *path, struct agent **ret, struct err *e)
{
	AUTO(agent_close) struct agent *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->loop = loop;
	a->sync = clock_mono_us() & 0x3fffffff; /* a number no earlier client used lately */
	if (str_copy(a->path, sizeof(a->path), path) < 0)
		return err_set(e, ERR_INVALID, "%s: too long for a socket's path", path);
	if (sd_event_add_time(loop, &a->timer, CLOCK_MONOTONIC, 0, 0, on_timer, a) < 0)
		return err_set(e, ERR_RETRY, "event loop refuses a timer");
	(void)sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(a->timer, true);
	*ret = STEAL(a);
	return 0;
}
