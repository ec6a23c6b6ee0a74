/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests in QEMU. One directory per guest, RUN_DIR/ID: pid, lock, sockets (qmp, agent, console,
 * vnc), logs, and for moments the cephx keys (0600, removed once QEMU has read them). Everything
 * about a running guest is learnt from QEMU itself, so adopt is start without the starting.
 *
 * QEMU stays, paused, after a power-off (-no-shutdown): seen.state is then read from it at any
 * time, and who has recorded it calls kill. A guest whose process is gone without that has crashed.
 *
 * The guest agent counts as connected when the guest has opened its port (VSERPORT_CHANGE) and it
 * answered a ping; addresses are asked for every second until there is one, then every 10 s. Loop
 * thread only. */
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/guest/process.h"
#include "kubevirt-lite/guest/qmp.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#define CONNECT_PAUSE_US (20 * MSEC_US)
#define CONNECT_LAST_US  (30 * SEC_US)
#define ASK_SOON_US      SEC_US
#define ASK_LATER_US     (10 * SEC_US)

struct maker {
	struct sd_event *loop;
	char run_dir[80]; /* + "/" + uid + "/console" must fit a socket's path */
	bool kvm;
};

struct qemu {
	struct guest guest; /* first */
	struct maker *maker;
	char dir[128];
	struct process *process;
	struct qmp *qmp;
	struct agent *agent; /* while the guest has the port open */
	sd_event_source *timer;
	int64_t started_us;
	bool ready;    /* QMP works */
	bool incoming; /* was started to receive a migration */
	bool asked;    /* a question to the agent is out */
	bool has_address;
	bool told_agent; /* shutdown was asked of the agent */
	unsigned silent; /* questions in a row without an answer */
};

static struct qemu *qemu_of(struct guest *g)
{
	return (struct qemu *)g;
}

/* The last thing before control goes back to the loop: the guest may be gone afterwards. */
static void changed(struct qemu *q)
{
	q->guest.changed(q->guest.self);
}

static void timer_in(struct qemu *q, int64_t us)
{
	(void)sd_event_source_set_time(q->timer, (uint64_t)(clock_mono_us() + us));
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

static void path_in(const struct qemu *q, const char *name, char *ret, size_t size)
{
	if (str_fmt(ret, size, "%s/%s", q->dir, name) < 0)
		abort(); /* dir is bounded so that it fits */
}

/* --- the guest agent --- */

static void agent_gone(struct qemu *q)
{
	agent_close(q->agent);
	q->agent = NULL;
	q->asked = false;
	q->silent = 0;
	q->guest.seen.agent = false;
}

static bool has_lan_address(struct json_object *interfaces)
{
	for (size_t i = 0; i < json_object_array_length(interfaces); i++) {
		struct json_object *nic = json_object_array_get_idx(interfaces, i);
		struct json_object *list = json_at(nic, "ip-addresses");

		if (str_eq(json_str_at(nic, "name"), "lo") ||
		    !json_object_is_type(list, json_type_array))
			continue;
		for (size_t k = 0; k < json_object_array_length(list); k++)
			if (str_eq(json_str_at(json_object_array_get_idx(list, k),
					       "ip-address-type"),
				   "ipv4"))
				return true;
	}
	return false;
}

/* Whether the value at *at is news; keeps it. */
static bool keep(struct json_object **at, struct json_object *value)
{
	if (*at && json_object_equal(*at, value))
		return false;
	json_object_put(*at);
	*at = json_object_get(value);
	return true;
}

static void on_os(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	if (value && keep(&q->guest.seen.os, value))
		changed(q);
}

static void on_host_name(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	if (value && keep(&q->guest.seen.host_name, value))
		changed(q);
}

static void on_interfaces(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	bool news = false;

	q->asked = false;
	if (value && json_object_is_type(value, json_type_array)) {
		q->silent = 0;
		q->has_address = has_lan_address(value);
		news = !q->guest.seen.agent || keep(&q->guest.seen.interfaces, value);
		(void)keep(&q->guest.seen.interfaces, value);
		q->guest.seen.agent = true;
	} else if (e->kind != ERR_INVALID && ++q->silent == 3 && q->guest.seen.agent) {
		q->guest.seen.agent = false;
		news = true;
	}
	timer_in(q, q->has_address && q->guest.seen.agent ? ASK_LATER_US : ASK_SOON_US);
	if (news)
		changed(q);
}

static void ask(struct qemu *q)
{
	if (!q->agent || q->asked)
		return;
	q->asked = true;
	if (!q->guest.seen.os)
		agent_call(q->agent, "guest-get-osinfo", NULL, AGENT_DEADLINE_US, on_os, q);
	if (!q->guest.seen.host_name)
		agent_call(q->agent, "guest-get-host-name", NULL, AGENT_DEADLINE_US, on_host_name,
			   q);
	agent_call(q->agent, "guest-network-get-interfaces", NULL, AGENT_DEADLINE_US, on_interfaces,
		   q);
}

static void agent_port(struct qemu *q, bool open)
{
	char path[160];
	struct err e = {.kind = ERR_NONE};

	if (!open) {
		bool was = q->guest.seen.agent;

		agent_gone(q);
		if (was)
			changed(q);
		return;
	}
	path_in(q, "agent", path, sizeof(path));
	if (!q->agent && agent_open(q->maker->loop, path, &q->agent, &e) < 0)
		return;
	ask(q);
}

/* --- what QEMU says --- */

static void state_set(struct qemu *q, enum guest_state state, const char *reason)
{
	struct guest_seen *s = &q->guest.seen;

	/* How it ended does not change any more, whatever dies afterwards. */
	if (s->state == state || s->state == GUEST_OFF || s->state == GUEST_CRASHED)
		return;
	s->state = state;
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	if (state == GUEST_OFF || state == GUEST_CRASHED || state == GUEST_MOVED)
		agent_gone(q);
	changed(q);
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
	for (size_t i = 0; value && i < json_object_array_length(value); i++) {
		struct json_object *dev = json_object_array_get_idx(value, i);
		struct json_object *open = json_at(dev, "frontend-open");

		if (str_eq(json_str_at(dev, "label"), "agent0") && json_object_get_boolean(open)) {
			agent_port(q, true);
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
	status_ask(q);
	changed(q);
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
			agent_port(q, json_object_get_boolean(json_at(data, "open")));
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
	}
}

static void on_incoming(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (!value) {
		state_set(q, GUEST_CRASHED, e->msg);
		return;
	}
	(void)str_fmt(q->guest.seen.uri, sizeof(q->guest.seen.uri), "unix:%s/migrate", q->dir);
	q->guest.seen.state = GUEST_INCOMING;
	changed(q);
}

static void keys_remove(struct qemu *q)
{
	for (size_t i = 0; i < MACHINE_DISKS_MAX; i++) {
		char name[16], path[160];

		(void)str_fmt(name, sizeof(name), "key%zu", i);
		path_in(q, name, path, sizeof(path));
		(void)unlink(path);
	}
}

static void on_ready(void *self)
{
	struct qemu *q = self;
	struct json_object *caps = json_object_new_array();
	struct json_object *cap = json_object_new_object();
	struct json_object *args = json_object_new_object();

	q->ready = true;
	keys_remove(q);
	json_put_str(cap, "capability", "events");
	json_put_bool(cap, "state", true);
	json_object_array_add(caps, cap);
	json_put_at(args, "capabilities", caps);
	qmp_send(q->qmp, "migrate-set-capabilities", args, NULL, NULL);
	if (q->incoming) {
		char uri[160];

		args = json_object_new_object();
		(void)str_fmt(uri, sizeof(uri), "unix:%s/migrate", q->dir);
		json_put_str(args, "uri", uri);
		qmp_send(q->qmp, "migrate-incoming", args, on_incoming, q);
	} else {
		qmp_send(q->qmp, "query-migrate", NULL, on_move_found, q);
		status_ask(q);
	}
	qmp_send(q->qmp, "query-chardev", NULL, on_chardevs, q);
}

/* --- the process --- */

static void last_line(const struct qemu *q, char *ret, size_t size)
{
	char path[160];
	char text[2048];
	const char *from;
	ssize_t n;
	AUTO(fd) int fd = -1;

	path_in(q, "output.log", path, sizeof(path));
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

static void on_gone(void *self)
{
	struct qemu *q = self;
	char said[160], reason[200];

	qmp_close(q->qmp);
	q->qmp = NULL;
	q->ready = false;
	q->guest.seen.gone = true;
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	if (q->guest.seen.state < GUEST_MOVED) {
		last_line(q, said, sizeof(said));
		(void)snprintf(reason, sizeof(reason), "QEMU ended%s%s", said[0] ? ": " : "", said);
		state_set(q, GUEST_CRASHED, reason);
	} else {
		changed(q);
	}
}

static void on_lost(void *self, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	qmp_close(q->qmp); /* its process tells the rest; if it lives, we come back */
	q->qmp = NULL;
	q->ready = false;
	timer_in(q, CONNECT_PAUSE_US);
}

static void connect_qmp(struct qemu *q)
{
	struct qmp_handler h = {.self = q, .ready = on_ready, .event = on_event, .lost = on_lost};
	char path[160];
	struct err e = {.kind = ERR_NONE};

	path_in(q, "qmp", path, sizeof(path));
	if (qmp_open(q->maker->loop, path, &h, &q->qmp, &e) == 0)
		return;
	if (clock_mono_us() - q->started_us > CONNECT_LAST_US)
		state_set(q, GUEST_CRASHED, "QEMU's control socket does not answer");
	else
		timer_in(q, CONNECT_PAUSE_US);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct qemu *q = userdata;

	(void)source, (void)usec;
	if (!q->qmp && !q->guest.seen.gone)
		connect_qmp(q);
	else
		ask(q);
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

static void op_kill(struct guest *g)
{
	struct qemu *q = qemu_of(g);

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
	changed(q);
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

static void op_free(struct guest *g)
{
	struct qemu *q = qemu_of(g);

	agent_close(q->agent);
	qmp_close(q->qmp);
	process_free(q->process);
	sd_event_source_disable_unref(q->timer);
	guest_seen_done(&g->seen);
	free(q);
}

static const struct guest_ops qemu_ops = {
	.shutdown = op_shutdown,
	.kill = op_kill,
	.pause = op_pause,
	.resume = op_resume,
	.reset = op_reset,
	.reboot = op_reboot,
	.move = op_move,
	.move_cancel = op_move_cancel,
	.call = op_call,
	.free = op_free,
};

/* --- start and adopt --- */

static int qemu_new(struct maker *m, const struct guest_request *r, struct qemu **ret,
		    struct err *e)
{
	struct qemu *q = calloc(1, sizeof(*q));

	if (!q)
		abort();
	q->guest = (struct guest){.ops = &qemu_ops, .changed = r->changed, .self = r->self};
	q->maker = m;
	q->incoming = r->incoming;
	q->started_us = clock_mono_us();
	if (!str_is_name(r->id, 40) ||
	    str_fmt(q->dir, sizeof(q->dir), "%s/%s", m->run_dir, r->id) < 0 ||
	    sd_event_add_time(m->loop, &q->timer, CLOCK_MONOTONIC, 0, 0, on_timer, q) < 0) {
		free(q);
		return err_set(e, ERR_INVALID, "guest %s: cannot be made", r->id);
	}
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(q->timer, true);
	*ret = q;
	return 0;
}

static void qemu_free_auto(struct qemu **q)
{
	if (*q)
		op_free(&(*q)->guest);
}

static int adopt(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	AUTO(qemu_free) struct qemu *q = NULL;

	if (qemu_new(self, r, &q, e) < 0 ||
	    process_watch(q->maker->loop, q->dir, on_gone, q, &q->process, e) < 0)
		return -1;
	timer_in(q, 0);
	*ret = &STEAL(q)->guest;
	return 0;
}

static int keys_write(const struct qemu *q, const struct machine *m, struct err *e)
{
	for (size_t i = 0; i < m->n_disks; i++) {
		char name[16], path[160];

		if (!m->disk[i].source.is_rbd)
			continue;
		(void)str_fmt(name, sizeof(name), "key%zu", i);
		path_in(q, name, path, sizeof(path));
		if (host_file_write(path, m->disk[i].source.key, strlen(m->disk[i].source.key), e) <
		    0)
			return -1;
	}
	return 0;
}

/* "tap" + 8 hex digits of the id + the interface's number: unique on a node, and people find the
 * guest by it. */
static int taps_fill(const struct guest_request *r, struct process_tap *tap, struct err *e)
{
	for (size_t i = 0; i < r->machine->n_nics; i++) {
		const struct machine_nic *nic = &r->machine->nic[i];
		unsigned b[6];

		if (sscanf(nic->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4],
			   &b[5]) != 6 ||
		    str_fmt(tap[i].name, sizeof(tap[i].name), "tap%.8s%zu", r->id, i) < 0 ||
		    str_copy(tap[i].bridge, sizeof(tap[i].bridge), nic->bridge) < 0)
			return err_set(e, ERR_INVALID, "interface %s", nic->name);
		for (size_t k = 0; k < 6; k++)
			tap[i].mac[k] = (unsigned char)b[k];
	}
	return 0;
}

static int launch(struct qemu *q, const struct guest_request *r, struct err *e)
{
	AUTO(argv_done) struct argv argv = {.n = 0};
	struct process_tap tap[MACHINE_NICS_MAX] = {{.name = ""}};
	struct host_firmware fw = {.code = ""};
	struct machine_host host = {.dir = q->dir, .kvm = q->maker->kvm, .incoming = r->incoming};
	struct process_spec spec = {.dir = q->dir,
				    .netns = r->netns,
				    .uts = r->uts,
				    .tap = tap,
				    .n_taps = r->machine->n_nics,
				    .first_tap_fd = MACHINE_TAP_FD};

	if (r->machine->firmware != FIRMWARE_BIOS) {
		if (host_firmware_make(q->dir, r->machine->firmware == FIRMWARE_EFI_SECURE, &fw,
				       e) < 0)
			return -1;
		host.ovmf_code = fw.code;
	}
	if (r->machine->tpm && host_tpm_start(q->dir, e) < 0)
		return -1;
	if (taps_fill(r, tap, e) < 0 || machine_argv(r->machine, &host, &argv, e) < 0 ||
	    keys_write(q, r->machine, e) < 0)
		return -1;
	spec.argv = (const char *const *)argv.arg;
	return process_start(&spec, e);
}

static int start(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	AUTO(qemu_free) struct qemu *q = NULL;
	struct err lost = {.kind = ERR_NONE};

	if (qemu_new(self, r, &q, e) < 0)
		return -1;
	if (mkdir(q->dir, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_RETRY, "%s: %m", q->dir);
	if (launch(q, r, e) < 0) {
		keys_remove(q);
		return -1;
	}
	if (process_watch(q->maker->loop, q->dir, on_gone, q, &q->process, &lost) < 0) {
		char said[160];

		keys_remove(q);
		last_line(q, said, sizeof(said));
		return err_set(e, ERR_INVALID, "QEMU ended at once: %s", said);
	}
	timer_in(q, CONNECT_PAUSE_US);
	*ret = &STEAL(q)->guest;
	return 0;
}

static void forget(void *self, const char *id)
{
	struct maker *m = self;
	char dir[128];

	if (str_is_name(id, 40) && str_fmt(dir, sizeof(dir), "%s/%s", m->run_dir, id) == 0)
		host_dir_remove(dir);
}

int qemu_maker(struct sd_event *loop, const char *run_dir, struct guest_maker *ret, struct err *e)
{
	struct maker *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->loop = loop;
	m->kvm = host_has_kvm();
	if (run_dir[0] != '/' || str_copy(m->run_dir, sizeof(m->run_dir), run_dir) < 0 ||
	    strlen(run_dir) > 60) {
		free(m);
		return err_set(e, ERR_INVALID,
			       "run_dir: an absolute path of at most 60 characters is needed");
	}
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST) {
		free(m);
		return err_set(e, ERR_RETRY, "run_dir %s: %m", run_dir);
	}
	*ret = (struct guest_maker){
		.self = m, .start = start, .adopt = adopt, .forget = forget, .free = free};
	return 0;
}
