/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that runs in QEMU: what QEMU tells, what it is told, and its end. Everything about a
 * running guest is learnt from QEMU itself, so a guest that was found again needs nothing else.
 *
 * QEMU stays, paused, after a power-off (-no-shutdown): seen.state is then read from it at any
 * time, and who has recorded it calls kill. A guest whose process is gone without that has crashed.
 * Loop thread only. */
#include "kubevirt-lite/guest/qemu.h"

#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <fcntl.h>
#include <string.h>

#define CONNECT_PAUSE_US (20 * MSEC_US)
#define CONNECT_LAST_US  (30 * SEC_US)
#define QUIT_LAST_US     (5 * SEC_US)

static struct qemu *qemu_of(struct guest *g)
{
	return (struct qemu *)g;
}

void qemu_changed(struct qemu *q)
{
	q->guest.changed(q->guest.self);
}

void qemu_timer_in(struct qemu *q, int64_t us)
{
	(void)sd_event_source_set_time(q->timer, (uint64_t)(clock_mono_us() + us));
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

void qemu_path(const struct qemu *q, const char *name, char *ret, size_t size)
{
	if (str_fmt(ret, size, "%s/%s", q->dir, name) < 0)
		abort(); /* dir is bounded so that it fits */
}

/* --- what QEMU says --- */

/* True: it is another one. */
static bool state_take(struct qemu *q, enum guest_state state, const char *reason)
{
	struct guest_seen *s = &q->guest.seen;

	/* How it ended does not change any more, whatever dies afterwards. */
	if (s->state == state || s->state == GUEST_OFF || s->state == GUEST_CRASHED)
		return false;
	s->state = state;
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	if (state == GUEST_OFF || state == GUEST_CRASHED || state == GUEST_MOVED)
		qemu_agent_gone(q);
	return true;
}

static void state_set(struct qemu *q, enum guest_state state, const char *reason)
{
	if (state_take(q, state, reason))
		qemu_changed(q);
}

static void on_status(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	const char *status = value ? json_str_at(value, "status") : NULL;

	(void)e;
	if (!status)
		return;
	if (str_eq(status, "running"))
		state_set(q, GUEST_RUNNING, "");
	else if (str_eq(status, "paused") || str_eq(status, "suspended"))
		state_set(q, GUEST_PAUSED, "");
	else if (str_eq(status, "shutdown"))
		state_set(q, GUEST_OFF, "");
	else if (str_eq(status, "guest-panicked"))
		state_set(q, GUEST_CRASHED, "the guest's kernel panicked");
	else if (str_eq(status, "internal-error") || str_eq(status, "io-error"))
		state_set(q, GUEST_CRASHED, status);
	else if (str_eq(status, "postmigrate"))
		state_set(q, GUEST_MOVED, "");
	/* inmigrate, prelaunch, finish-migrate...: on their way to one of the above */
}

static void status_ask(struct qemu *q)
{
	if (q->ready)
		qmp_send(q->qmp, "query-status", NULL, on_status, q);
}

static void on_chardevs(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	for (size_t i = 0; i < json_length(value); i++) {
		struct json_object *dev = json_object_array_get_idx(value, i);
		struct json_object *open = json_at(dev, "frontend-open");

		if (str_eq(json_str_at(dev, "label"), "agent0") && json_object_get_boolean(open)) {
			qemu_agent_port(q, true);
			return;
		}
	}
}

static void on_move_state(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	struct guest_seen *s = &q->guest.seen;
	const char *status = value ? json_str_at(value, "status") : NULL;
	const char *desc = value ? json_str_at(value, "error-desc") : NULL;
	enum guest_move move = MOVE_ACTIVE;

	(void)e;
	if (!status || s->move != MOVE_ACTIVE)
		return;
	if (str_eq(status, "completed"))
		move = MOVE_DONE;
	else if (str_eq(status, "failed") || str_eq(status, "cancelled"))
		move = MOVE_FAILED;
	if (move == MOVE_ACTIVE)
		return;
	s->move = move;
	(void)snprintf(s->move_error, sizeof(s->move_error), "%s", desc ? desc : status);
	/* QEMU says "completed" a moment before its status becomes "postmigrate", and nothing when
	 * that comes: asked in between it would count as running for ever. */
	if (move == MOVE_DONE)
		(void)state_take(q, GUEST_MOVED, "");
	else
		status_ask(q);
	qemu_changed(q); /* once: it may be gone after that */
}

/* When QEMU is taken up again: a migration may be under way, or over. */
static void on_move_found(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (value && json_str_at(value, "status") &&
	    !str_eq(json_str_at(value, "status"), "none")) {
		q->guest.seen.move = MOVE_ACTIVE;
		on_move_state(self, value, e);
	}
}

static void on_event(void *self, const char *name, struct json_object *data)
{
	struct qemu *q = self;

	if (str_eq(name, "VSERPORT_CHANGE")) {
		if (str_eq(json_str_at(data, "id"), "agentport"))
			qemu_agent_port(q, json_object_get_boolean(json_at(data, "open")));
	} else if (str_eq(name, "SHUTDOWN")) {
		const char *reason = json_str_at(data, "reason");

		if (str_eq(reason, "guest-panic"))
			state_set(q, GUEST_CRASHED, "the guest's kernel panicked");
		else if (str_eq(reason, "guest-shutdown"))
			state_set(q, GUEST_OFF, "");
	} else if (str_eq(name, "GUEST_PANICKED")) {
		state_set(q, GUEST_CRASHED, "the guest's kernel panicked");
	} else if (str_eq(name, "MIGRATION")) {
		if (q->guest.seen.move == MOVE_ACTIVE)
			qmp_send(q->qmp, "query-migrate", NULL, on_move_state, q);
		else
			status_ask(q);
	} else if (str_eq(name, "STOP") || str_eq(name, "RESUME")) {
		status_ask(q);
	} else if (str_eq(name, "MEMORY_DEVICE_SIZE_CHANGE")) {
		qemu_size_ask(q);
	} else if (str_eq(name, "DEVICE_DELETED")) {
		qemu_disk_deleted(q, json_str_at(data, "device"));
	}
}

/* Where it waits for a migration. */
static void uri_fill(const struct qemu *q, char *ret, size_t size)
{
	if (str_fmt(ret, size, "unix:%s/migrate", q->dir) < 0)
		abort(); /* as in qemu_path */
}

static void on_incoming(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (!value) {
		state_set(q, GUEST_CRASHED, e->msg);
		return;
	}
	uri_fill(q, q->guest.seen.uri, sizeof(q->guest.seen.uri));
	q->guest.seen.state = GUEST_INCOMING;
	qemu_changed(q);
}

void qemu_keys_remove(struct qemu *q)
{
	for (size_t i = 0; i < MACHINE_DISKS_MAX; i++) {
		char name[16], path[160];

		(void)str_fmt(name, sizeof(name), "key%zu", i);
		qemu_path(q, name, path, sizeof(path));
		(void)unlink(path);
	}
}

/* QEMU is to tell how a migration goes. */
static void move_events_ask(struct qemu *q)
{
	struct json_object *caps = json_object_new_array();
	struct json_object *cap = json_object_new_object();
	struct json_object *args = json_object_new_object();

	json_put_str(cap, "capability", "events");
	json_put_bool(cap, "state", true);
	json_object_array_add(caps, cap);
	json_put_at(args, "capabilities", caps);
	qmp_send(q->qmp, "migrate-set-capabilities", args, NULL, NULL);
}

static void incoming_begin(struct qemu *q)
{
	struct json_object *args = json_object_new_object();
	char uri[sizeof(q->guest.seen.uri)];

	uri_fill(q, uri, sizeof(uri));
	json_put_str(args, "uri", uri);
	qmp_send(q->qmp, "migrate-incoming", args, on_incoming, q);
}

static void on_ready(void *self)
{
	struct qemu *q = self;

	q->ready = true;
	qemu_keys_remove(q);
	move_events_ask(q);
	if (q->incoming) {
		incoming_begin(q);
	} else {
		qmp_send(q->qmp, "query-migrate", NULL, on_move_found, q);
		status_ask(q);
	}
	qmp_send(q->qmp, "query-chardev", NULL, on_chardevs, q);
	qemu_size_ask(q);
	qemu_disks_begin(q);
}

/* --- the process --- */

void qemu_last_line(const struct qemu *q, char *ret, size_t size)
{
	char path[160];
	char text[2048];
	const char *from;
	ssize_t n;
	AUTO(fd) int fd = -1;

	qemu_path(q, "output.log", path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret[0] = '\0';
	if (fd < 0)
		return;
	(void)lseek(fd, -(off_t)(sizeof(text) - 1), SEEK_END);
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	from = strrchr(text, '\n');
	(void)snprintf(ret, size, "%s", from ? from + 1 : text);
}

void qemu_on_gone(void *self)
{
	struct qemu *q = self;
	char said[160], reason[200];

	qmp_close(q->qmp);
	q->qmp = NULL;
	q->ready = false;
	qemu_disks_lost(q);
	q->guest.seen.gone = true;
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	if (q->guest.seen.state < GUEST_MOVED) {
		qemu_last_line(q, said, sizeof(said));
		(void)snprintf(reason, sizeof(reason), "QEMU ended%s%s", said[0] ? ": " : "", said);
		state_set(q, GUEST_CRASHED, reason);
	} else {
		qemu_changed(q);
	}
}

static void on_lost(void *self, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	qmp_close(q->qmp); /* its process tells the rest; if it lives, we come back */
	q->qmp = NULL;
	q->ready = false;
	qemu_disks_lost(q);
	qemu_timer_in(q, CONNECT_PAUSE_US);
}

static void connect_qmp(struct qemu *q)
{
	struct qmp_handler h = {.self = q, .ready = on_ready, .event = on_event, .lost = on_lost};
	char path[160];
	struct err e = {.kind = ERR_NONE};

	qemu_path(q, "qmp", path, sizeof(path));
	if (qmp_open(q->maker->loop, path, &h, &q->qmp, &e) == 0)
		return;
	if (clock_mono_us() - q->started_us > CONNECT_LAST_US)
		state_set(q, GUEST_CRASHED, "QEMU's control socket does not answer");
	else
		qemu_timer_in(q, CONNECT_PAUSE_US);
}

/* It was told to quit: is killed when it takes too long. */
static void quit_wait(struct qemu *q)
{
	int64_t left = q->quit_by_us - clock_mono_us();

	if (left > 0)
		qemu_timer_in(q, left);
	else if (q->process)
		process_kill(q->process);
}

int qemu_on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct qemu *q = userdata;

	(void)source, (void)usec;
	if (q->quit_by_us && !q->guest.seen.gone)
		quit_wait(q);
	else if (!q->qmp && !q->guest.seen.gone)
		connect_qmp(q);
	else
		qemu_ask(q);
	return 0;
}

/* --- operations --- */

static void simple(struct guest *g, const char *command)
{
	struct qemu *q = qemu_of(g);

	if (q->ready)
		qmp_send(q->qmp, command, NULL, NULL, NULL);
}

static void op_shutdown(struct guest *g)
{
	struct qemu *q = qemu_of(g);
	struct json_object *args;

	if (g->seen.agent && q->agent && !q->told_agent) {
		q->told_agent = true;
		args = json_object_new_object();
		json_put_str(args, "mode", "powerdown");
		agent_tell(q->agent, "guest-shutdown", args);
		return;
	}
	if (g->seen.state == GUEST_PAUSED)
		simple(g, "cont"); /* a paused guest sees no power button */
	simple(g, "system_powerdown");
}

/* A guest that is over leaves a QEMU that closes its disks when told to quit; killed, its watch on
 * the RBD image would stay until the OSD gives it up (30 s by default), and nobody could remove the
 * image so long. */
static void op_kill(struct guest *g)
{
	struct qemu *q = qemu_of(g);

	if (q->ready && g->seen.state >= GUEST_MOVED && !q->quit_by_us) {
		q->quit_by_us = clock_mono_us() + QUIT_LAST_US;
		simple(g, "quit");
		qemu_timer_in(q, QUIT_LAST_US);
		return;
	}
	if (q->process)
		process_kill(q->process);
}

static void op_pause(struct guest *g)
{
	simple(g, "stop");
}

static void op_resume(struct guest *g)
{
	simple(g, "cont");
}

static void op_reset(struct guest *g)
{
	simple(g, "system_reset");
}

static void op_reboot(struct guest *g)
{
	struct qemu *q = qemu_of(g);
	struct json_object *args;

	if (!q->agent)
		return;
	args = json_object_new_object();
	json_put_str(args, "mode", "reboot");
	agent_tell(q->agent, "guest-shutdown", args);
}

static void on_move(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (value)
		return;
	q->guest.seen.move = MOVE_FAILED;
	(void)snprintf(q->guest.seen.move_error, sizeof(q->guest.seen.move_error), "%s", e->msg);
	qemu_changed(q);
}

static void op_move(struct guest *g, const char *uri)
{
	struct qemu *q = qemu_of(g);
	struct json_object *args;

	if (!q->ready)
		return;
	g->seen.move = MOVE_ACTIVE;
	g->seen.move_error[0] = '\0';
	args = json_object_new_object();
	json_put_str(args, "uri", uri);
	qmp_send(q->qmp, "migrate", args, on_move, q);
}

static void op_move_cancel(struct guest *g)
{
	simple(g, "migrate_cancel");
}

static void op_call(struct guest *g, const char *command, struct json_object *args,
		    agent_reply_fn reply, void *self)
{
	struct qemu *q = qemu_of(g);
	struct err e = {.kind = ERR_NONE};

	if (q->agent) {
		agent_call(q->agent, command, args, AGENT_DEADLINE_US, reply, self);
		return;
	}
	json_object_put(args);
	(void)err_set(&e, ERR_RETRY, "guest agent is not connected");
	reply(self, NULL, &e);
}

void qemu_free(struct guest *g)
{
	struct qemu *q = qemu_of(g);

	agent_close(q->agent);
	qmp_close(q->qmp);
	qemu_pictures_end(q);
	process_free(q->process);
	sd_event_source_disable_unref(q->timer);
	json_object_put(q->plug_device);
	guest_seen_done(&g->seen);
	free(q);
}

const struct guest_ops qemu_ops = {
	.shutdown = op_shutdown,
	.kill = op_kill,
	.pause = op_pause,
	.resume = op_resume,
	.reset = op_reset,
	.reboot = op_reboot,
	.move = op_move,
	.move_cancel = op_move_cancel,
	.grow = qemu_grow,
	.plug = qemu_plug,
	.unplug = qemu_unplug,
	.call = op_call,
	.connect = qemu_connect,
	.screenshot = qemu_screenshot,
	.free = qemu_free,
};
