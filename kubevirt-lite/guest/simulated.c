/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests that are only timers: they boot, get an agent and an address, migrate and shut down after
 * settable times, and break as told, so that hundreds of them cost nothing. They live in this
 * process: after a restart adopt makes them anew, as running. Loop thread only.
 *
 * Faults (settings simulated.fault, or the VMI's annotation kubevirt-lite/fault): boot-fails,
 * boot-hangs, agent-never, crash-after=TIME, poweroff-after=TIME, shutdown-ignored, move-fails,
 * move-hangs; TIME is like 5s or 200ms, counted from the boot. */
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/guest/simulated_agent.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>
#include <systemd/sd-event.h>

#define PLUG_US (3 * MSEC_US)

enum next {
	NEXT_BOOT,
	NEXT_AGENT,
	NEXT_FAULT,
	NEXT_DISK,
	NEXT_OFF,
	NEXT_MOVED,
	NEXT_GONE,
	NEXT_COUNT
};

struct simulated;

struct maker {
	struct sd_event *loop;
	struct simulated_times times;
	struct simulated *first; /* all guests: a source finds its target here */
};

struct simulated {
	struct guest guest; /* first */
	struct maker *maker;
	struct simulated *next;
	char id[41];
	char fault[64];
	struct simulated_nic nic[MACHINE_NICS_MAX];
	size_t n_nics;
	unsigned cpus_each; /* of a socket */
	char moving_to[128];
	struct guest_disk plug; /* seen.disks_busy: comes if it is not there, or else goes */
	sd_event_source *timer;
	int64_t at_us[NEXT_COUNT]; /* 0: not planned */
};

static struct simulated *of(struct guest *g)
{
	return (struct simulated *)g;
}

static bool has_fault(const struct simulated *s, const char *name)
{
	return str_eq(s->fault, name) || str_eq(s->maker->times.fault, name);
}

/* "crash-after=5s" of name "crash-after": 0 when it is not to happen. */
static int64_t fault_time_us(const struct simulated *s, const char *name)
{
	const char *texts[] = {s->fault, s->maker->times.fault};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *end;
		long n;

		if (!str_starts(texts[i], name) || texts[i][len] != '=')
			continue;
		n = strtol(texts[i] + len + 1, &end, 10);
		if (n > 0 && n < 1000000)
			return n * (str_eq(end, "ms") ? MSEC_US : SEC_US);
	}
	return 0;
}

static void timer_set(struct simulated *s)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < NEXT_COUNT; i++)
		if (s->at_us[i] && s->at_us[i] < first)
			first = s->at_us[i];
	if (first != INT64_MAX)
		(void)sd_event_source_set_time(s->timer, (uint64_t)first);
	(void)sd_event_source_set_enabled(s->timer,
					  first == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void plan(struct simulated *s, enum next what, int64_t in_us)
{
	s->at_us[what] = clock_mono_us() + in_us;
	timer_set(s);
}

static void changed(struct simulated *s)
{
	s->guest.changed(s->guest.self);
}

static void end(struct simulated *s, enum guest_state state, const char *reason)
{
	struct guest_seen *seen = &s->guest.seen;

	memset(s->at_us, 0, sizeof(s->at_us));
	timer_set(s);
	if (seen->state == GUEST_OFF || seen->state == GUEST_CRASHED)
		return;
	seen->state = state;
	seen->agent = false;
	(void)snprintf(seen->reason, sizeof(seen->reason), "%s", reason);
	changed(s);
}

static void agent_up(struct simulated *s)
{
	struct guest_seen *seen = &s->guest.seen;

	if (!seen->os)
		simulated_agent_tell(seen, s->n_nics, s->nic);
	seen->agent = true;
	changed(s);
}

static void boot_up(struct simulated *s)
{
	int64_t fault;

	if (has_fault(s, "boot-fails")) {
		end(s, GUEST_CRASHED, "boot-fails");
		return;
	}
	s->guest.seen.state = GUEST_RUNNING;
	if (!has_fault(s, "agent-never"))
		plan(s, NEXT_AGENT, s->maker->times.agent_us);
	if ((fault = fault_time_us(s, "crash-after")) ||
	    (fault = fault_time_us(s, "poweroff-after")))
		plan(s, NEXT_FAULT, fault);
	changed(s);
}

/* QEMU takes no guest into a machine that is another one. */
static bool has_same_disks(struct guest *a, struct guest *b)
{
	for (size_t i = 0; i < a->seen.n_disks; i++) {
		struct guest_disk *other = guest_disk(b, a->seen.disk[i].name);

		if (!other || !str_eq(other->target, a->seen.disk[i].target))
			return false;
	}
	return a->seen.n_disks == b->seen.n_disks;
}

static void moved(struct simulated *s)
{
	struct simulated *to = s->maker->first;
	struct guest_seen *seen = &s->guest.seen;
	const char *why = NULL;

	while (to && !str_eq(to->guest.seen.uri, s->moving_to))
		to = to->next;
	if (!to || to->guest.seen.state != GUEST_INCOMING)
		why = "the target is gone";
	else if (!has_same_disks(&s->guest, &to->guest))
		why = "the target has other disks";
	else if (has_fault(s, "move-fails"))
		why = "move-fails";
	if (why) {
		seen->move = MOVE_FAILED;
		(void)snprintf(seen->move_error, sizeof(seen->move_error), "%s", why);
		changed(s);
		return;
	}
	to->guest.seen.state = GUEST_RUNNING;
	to->guest.seen.grown_bytes = seen->grown_bytes;
	to->at_us[NEXT_FAULT] = s->at_us[NEXT_FAULT];
	s->at_us[NEXT_FAULT] = 0;
	plan(to, NEXT_AGENT, 0);
	seen->move = MOVE_DONE;
	seen->state = GUEST_MOVED;
	seen->agent = false;
	changed(s);
}

/* As with QEMU it takes a moment, and one at a time. */
static void disk_begin(struct simulated *s, const char *name, const char *target)
{
	s->guest.seen.disks_busy = true;
	(void)str_copy(s->plug.name, sizeof(s->plug.name), name);
	(void)str_copy(s->plug.target, sizeof(s->plug.target), target);
	plan(s, NEXT_DISK, PLUG_US);
}

static void disk_end(struct simulated *s)
{
	struct guest_seen *seen = &s->guest.seen;
	struct guest_disk *one = guest_disk(&s->guest, s->plug.name);

	seen->disks_busy = false;
	if (one)
		*one = seen->disk[--seen->n_disks];
	else if (seen->n_disks < MACHINE_DISKS_MAX)
		seen->disk[seen->n_disks++] = s->plug;
	changed(s);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct simulated *s = userdata;
	int64_t now = (int64_t)usec;
	size_t due = NEXT_COUNT;

	(void)source;
	for (size_t i = 0; i < NEXT_COUNT; i++)
		if (s->at_us[i] && s->at_us[i] <= now &&
		    (due == NEXT_COUNT || s->at_us[i] < s->at_us[due]))
			due = i;
	if (due < NEXT_COUNT)
		s->at_us[due] = 0;
	timer_set(s);
	switch ((enum next)due) {
	case NEXT_BOOT: boot_up(s); break;
	case NEXT_AGENT: agent_up(s); break;
	case NEXT_FAULT:
		if (fault_time_us(s, "poweroff-after"))
			end(s, GUEST_OFF, "");
		else
			end(s, GUEST_CRASHED, "crash-after");
		break;
	case NEXT_DISK: disk_end(s); break;
	case NEXT_OFF: end(s, GUEST_OFF, ""); break;
	case NEXT_MOVED: moved(s); break;
	case NEXT_GONE:
		s->guest.seen.gone = true;
		if (s->guest.seen.state < GUEST_MOVED)
			end(s, GUEST_CRASHED, "killed");
		else
			changed(s);
		break;
	case NEXT_COUNT: break;
	}
	return 0;
}

static void op_shutdown(struct guest *g)
{
	struct simulated *s = of(g);

	if (!has_fault(s, "shutdown-ignored") && g->seen.state < GUEST_MOVED && !s->at_us[NEXT_OFF])
		plan(s, NEXT_OFF, s->maker->times.shutdown_us);
}

static void op_kill(struct guest *g)
{
	struct simulated *s = of(g);

	if (g->seen.gone || s->at_us[NEXT_GONE])
		return;
	memset(s->at_us, 0, sizeof(s->at_us));
	plan(s, NEXT_GONE, 0);
}

static void op_pause(struct guest *g)
{
	if (g->seen.state == GUEST_RUNNING) {
		g->seen.state = GUEST_PAUSED;
		changed(of(g));
	}
}

static void op_resume(struct guest *g)
{
	if (g->seen.state == GUEST_PAUSED) {
		g->seen.state = GUEST_RUNNING;
		changed(of(g));
	}
}

static void op_reset(struct guest *g)
{
	struct simulated *s = of(g);

	if (g->seen.state != GUEST_RUNNING)
		return;
	g->seen.agent = false;
	if (!has_fault(s, "agent-never"))
		plan(s, NEXT_AGENT, s->maker->times.boot_us + s->maker->times.agent_us);
	changed(s);
}

static void op_move(struct guest *g, const char *uri)
{
	struct simulated *s = of(g);

	g->seen.move = MOVE_ACTIVE;
	g->seen.move_error[0] = '\0';
	(void)str_copy(s->moving_to, sizeof(s->moving_to), uri);
	if (!has_fault(s, "move-hangs"))
		plan(s, NEXT_MOVED, s->maker->times.move_us);
}

static void op_move_cancel(struct guest *g)
{
	struct simulated *s = of(g);

	if (g->seen.move != MOVE_ACTIVE)
		return;
	s->at_us[NEXT_MOVED] = 0;
	timer_set(s);
	g->seen.move = MOVE_FAILED;
	(void)str_copy(g->seen.move_error, sizeof(g->seen.move_error), "cancelled");
	changed(s);
}

static void op_grow(struct guest *g, unsigned sockets, uint64_t grown_bytes)
{
	struct simulated *s = of(g);
	unsigned cpus = sockets * s->cpus_each;

	if (g->seen.state != GUEST_RUNNING ||
	    (g->seen.cpus == cpus && g->seen.grown_bytes == grown_bytes))
		return;
	g->seen.cpus = cpus;
	g->seen.grown_bytes = grown_bytes;
	changed(s);
}

static void op_plug(struct guest *g, const struct machine_disk *d)
{
	struct guest_seen *s = &g->seen;

	if ((s->state == GUEST_RUNNING || s->state == GUEST_PAUSED) && d->bus == BUS_SCSI &&
	    !s->disks_busy && !guest_disk(g, d->name))
		disk_begin(of(g), d->name, d->target);
}

static void op_unplug(struct guest *g, const char *name)
{
	struct guest_disk *one = guest_disk(g, name);

	if (one && !g->seen.disks_busy)
		disk_begin(of(g), name, one->target);
}

static void op_call(struct guest *g, const char *command, struct json_object *args,
		    agent_reply_fn reply, void *self)
{
	AUTO(json_object_put) struct json_object *empty = json_object_new_object();
	struct err e = {.kind = ERR_NONE};

	(void)command;
	json_object_put(args);
	if (!g->seen.agent)
		(void)err_set(&e, ERR_RETRY, "guest agent is not connected");
	reply(self, g->seen.agent ? empty : NULL, &e);
}

static int op_connect(struct guest *g, enum guest_port port, int *ret_fd, struct err *e)
{
	(void)g, (void)ret_fd;
	return err_set(e, ERR_ABSENT, "a simulated guest has no %s",
		       port == GUEST_SCREEN ? "screen" : "console");
}

static void op_screenshot(struct guest *g, guest_screenshot_fn done, void *self)
{
	struct err e;
	int fd;

	(void)op_connect(g, GUEST_SCREEN, &fd, &e);
	done(self, NULL, 0, &e);
}

static void op_free(struct guest *g)
{
	struct simulated *s = of(g);
	struct simulated **at = &s->maker->first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	sd_event_source_disable_unref(s->timer);
	guest_seen_done(&g->seen);
	free(s);
}

static const struct guest_ops simulated_ops = {
	.shutdown = op_shutdown,
	.kill = op_kill,
	.pause = op_pause,
	.resume = op_resume,
	.reset = op_reset,
	.reboot = op_reset,
	.move = op_move,
	.move_cancel = op_move_cancel,
	.grow = op_grow,
	.plug = op_plug,
	.unplug = op_unplug,
	.call = op_call,
	.connect = op_connect,
	.screenshot = op_screenshot,
	.free = op_free,
};

static int simulated_new(struct maker *m, const struct guest_request *r, struct simulated **ret,
			 struct err *e)
{
	struct simulated *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->guest = (struct guest){.ops = &simulated_ops, .changed = r->changed, .self = r->self};
	s->maker = m;
	if (str_copy(s->id, sizeof(s->id), r->id) < 0 ||
	    str_copy(s->fault, sizeof(s->fault), r->fault ? r->fault : "") < 0 ||
	    sd_event_add_time(m->loop, &s->timer, CLOCK_MONOTONIC, 0, 0, on_timer, s) < 0) {
		free(s);
		return err_set(e, ERR_INVALID, "simulated guest: id or fault is too long");
	}
	(void)sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(s->timer, true);
	s->cpus_each = r->machine ? r->machine->cores * r->machine->threads : 1;
	s->guest.seen.cpus = r->machine ? r->machine->sockets * s->cpus_each : 0;
	for (; r->machine && s->n_nics < r->machine->n_nics; s->n_nics++)
		memcpy(s->nic[s->n_nics].mac, r->machine->nic[s->n_nics].mac,
		       sizeof(s->nic[0].mac));
	s->guest.seen.disks_known = true;
	for (size_t i = 0; r->machine && i < r->machine->n_disks; i++) {
		struct guest_disk *d = &s->guest.seen.disk[s->guest.seen.n_disks++];

		(void)str_copy(d->name, sizeof(d->name), r->machine->disk[i].name);
		(void)str_copy(d->target, sizeof(d->target), r->machine->disk[i].target);
	}
	s->next = m->first;
	m->first = s;
	*ret = s;
	return 0;
}

static int start(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	struct maker *m = self;
	struct simulated *s;

	if (simulated_new(m, r, &s, e) < 0)
		return -1;
	if (r->incoming) {
		s->guest.seen.state = GUEST_INCOMING;
		(void)str_fmt(s->guest.seen.uri, sizeof(s->guest.seen.uri), "simulated:%s", s->id);
	} else if (!has_fault(s, "boot-hangs")) {
		plan(s, NEXT_BOOT, m->times.boot_us);
	}
	*ret = &s->guest;
	return 0;
}

static int adopt(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	struct simulated *s;

	if (simulated_new(self, r, &s, e) < 0)
		return -1;
	plan(s, NEXT_BOOT, 0);
	*ret = &s->guest;
	return 0;
}

static void forget(void *self, const char *id)
{
	(void)self, (void)id;
}

void simulated_maker(struct sd_event *loop, const struct simulated_times *times,
		     struct guest_maker *ret)
{
	struct maker *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->loop = loop;
	m->times = *times;
	*ret = (struct guest_maker){
		.self = m, .start = start, .adopt = adopt, .forget = forget, .free = free};
}
