/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu.c, qemu_disk.c and process.c with a real QEMU: a machine without disks, which stays at "no
 * bootable device". Skipped (77) where QEMU is not installed. */
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/guest/process.h"
#include "kubevirt-lite/guest/qmp.h"
#include "tests/unit/check_main.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#define ID      "0b8f8a5e-3f31-4e66-9c0b-000000000001"
#define ID2     "0b8f8a5e-3f31-4e66-9c0b-000000000002"
#define LAST_US (60 * SEC_US)

static char dir[] = "/tmp/unit_qemu.XXXXXX";
static sd_event *loop;
static struct guest_maker maker;
static struct machine machine;
static unsigned changes;

static void on_changed(void *self)
{
	(void)self;
	changes++;
}

static struct guest_request request(const char *id)
{
	return (struct guest_request){.id = id, .machine = &machine, .changed = on_changed};
}

static void setup(void)
{
	struct err e = {.kind = ERR_NONE};

	(void)strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(qemu_maker(loop, dir, &maker, &e) == 0, "%s", e.msg);
	machine = (struct machine){.name = "ns_vm1",
				   .uuid = ID,
				   .sockets = 1,
				   .cores = 1,
				   .threads = 1,
				   .memory_bytes = 64U << 20,
				   .type = "q35",
				   .rng = true};
}

/* A test that failed may have left one. */
static void kill_left(const char *id)
{
	char path[128];
	struct process *p;
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, id);
	if (process_watch(loop, path, on_changed, NULL, &p, &e) < 0)
		return;
	process_kill(p);
	process_free(p);
}

static void teardown(void)
{
	kill_left(ID);
	kill_left(ID2);
	maker.free(maker.self);
	loop = sd_event_unref(loop);
	host_dir_remove(dir);
}

static struct guest *start(const char *id)
{
	struct guest_request r = request(id);
	struct guest *g;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(maker.start(maker.self, &r, &g, &e) == 0, "%s", e.msg);
	return g;
}

static void until_state(struct guest *g, enum guest_state state)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (g->seen.state != state) {
		ck_assert_msg(clock_mono_us() < last, "it is %s (%s), not %s",
			      guest_state_name(g->seen.state), g->seen.reason,
			      guest_state_name(state));
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static void end(struct guest *g, const char *id)
{
	int64_t last = clock_mono_us() + LAST_US;

	g->ops->kill(g);
	while (!g->seen.gone) {
		ck_assert_msg(clock_mono_us() < last, "it does not go");
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	guest_free(g);
	maker.forget(maker.self, id);
}

START_TEST(runs_pauses_and_goes)
{
	struct guest *g = start(ID);

	until_state(g, GUEST_RUNNING);
	g->ops->pause(g);
	until_state(g, GUEST_PAUSED);
	g->ops->resume(g);
	until_state(g, GUEST_RUNNING);
	end(g, ID);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing is left */
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}
END_TEST

START_TEST(outlives_us)
{
	struct guest_request r = request(ID);
	struct guest *g = start(ID);
	struct err e = {.kind = ERR_NONE};

	until_state(g, GUEST_RUNNING);
	ck_assert_int_eq(maker.start(maker.self, &r, &(struct guest *){NULL}, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT); /* never two of one directory */
	guest_free(g);                          /* as when we end */
	maker.free(maker.self);
	ck_assert_int_eq(qemu_maker(loop, dir, &maker, &e), 0);
	ck_assert_msg(maker.adopt(maker.self, &r, &g, &e) == 0, "%s", e.msg);
	until_state(g, GUEST_RUNNING);
	end(g, ID);
	ck_assert_int_eq(maker.adopt(maker.self, &r, &g, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
}
END_TEST

/* A pid that came to another process is not taken for the guest. */
START_TEST(pid_of_another)
{
	struct guest_request r = request(ID);
	struct guest *g;
	char path[128], text[16];
	struct err e = {.kind = ERR_NONE};

	(void)snprintf(path, sizeof(path), "%s/" ID, dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/" ID "/pid", dir);
	(void)snprintf(text, sizeof(text), "%d\n", (int)getppid());
	ck_assert_int_eq(host_file_write(path, text, strlen(text), &e), 0);
	ck_assert_int_eq(maker.adopt(maker.self, &r, &g, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	maker.forget(maker.self, ID);
}
END_TEST

START_TEST(crash_is_seen)
{
	struct guest *g = start(ID);

	until_state(g, GUEST_RUNNING);
	g->ops->kill(g); /* not asked for by anybody else: a crash */
	until_state(g, GUEST_CRASHED);
	end(g, ID);
}
END_TEST

START_TEST(bad_machine_says_why)
{
	struct guest_request r = request(ID);
	struct guest *g = NULL;
	struct err e = {.kind = ERR_NONE};

	(void)str_copy(machine.type, sizeof(machine.type), "no-such-machine");
	if (maker.start(maker.self, &r, &g, &e) == 0) {
		until_state(g, GUEST_CRASHED);
		(void)snprintf(e.msg, sizeof(e.msg), "%s", g->seen.reason);
		end(g, ID);
	}
	ck_assert_msg(strstr(e.msg, "machine") != NULL, "%s", e.msg);
	maker.forget(maker.self, ID);
}
END_TEST

START_TEST(moves)
{
	struct guest *from = start(ID);
	struct guest_request r = request(ID2);
	struct guest *to;
	struct err e = {.kind = ERR_NONE};
	int64_t last = clock_mono_us() + LAST_US;

	until_state(from, GUEST_RUNNING);
	r.incoming = true;
	ck_assert_msg(maker.start(maker.self, &r, &to, &e) == 0, "%s", e.msg);
	until_state(to, GUEST_INCOMING);
	from->ops->move(from, to->seen.uri);
	until_state(to, GUEST_RUNNING);
	until_state(from, GUEST_MOVED);
	while (from->seen.move != MOVE_DONE) {
		ck_assert_msg(clock_mono_us() < last, "the source does not say so");
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	end(from, ID);
	end(to, ID2);
}
END_TEST

/* --- disks that come and go --- */

static struct machine_disk extra(const char *name, const char *target)
{
	struct machine_disk d = {.bus = BUS_SCSI, .serial = "s1", .is_hotplug = true};

	(void)str_copy(d.name, sizeof(d.name), name);
	(void)str_copy(d.target, sizeof(d.target), target);
	(void)str_fmt(d.source.file, sizeof(d.source.file), "%s/%s.raw", dir, name);
	return d;
}

static void image_make(const struct machine_disk *d)
{
	AUTO(fclose) FILE *f = fopen(d->source.file, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(ftruncate(fileno(f), 1 << 20), 0);
}

/* Until nothing is under way: then its list is the truth. */
static void until_rest(struct guest *g)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!g->seen.disks_known || g->seen.disks_busy) {
		ck_assert_msg(clock_mono_us() < last, "busy for ever: %s", g->seen.disk_error);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

static void plugged(struct guest *g, const struct machine_disk *d)
{
	g->ops->plug(g, d);
	g->ops->plug(g, d); /* does nothing while the first is under way */
	until_rest(g);
	ck_assert_str_eq(g->seen.disk_error, "");
	ck_assert_msg(guest_disk(g, d->name) != NULL, "%s", d->name);
	ck_assert_str_eq(guest_disk(g, d->name)->target, d->target);
}

START_TEST(disks_come_and_go)
{
	struct guest *g = start(ID);
	struct machine_disk one = extra("one", "sda"), two = extra("two", "sdc");
	struct machine_disk none = extra("none", "sdb");

	image_make(&one);
	image_make(&two);
	two.readonly = true;
	until_state(g, GUEST_RUNNING);
	until_rest(g);
	ck_assert_uint_eq(g->seen.n_disks, 0);
	plugged(g, &one);
	plugged(g, &two);
	g->ops->plug(g, &none); /* no such file */
	until_rest(g);
	ck_assert_msg(strstr(g->seen.disk_error, "none.raw") != NULL, "%s", g->seen.disk_error);
	ck_assert_uint_eq(g->seen.n_disks, 2);
	g->ops->unplug(g, "one");
	until_rest(g);
	ck_assert_str_eq(g->seen.disk_error, "");
	ck_assert_ptr_null(guest_disk(g, "one"));
	ck_assert_ptr_nonnull(guest_disk(g, "two"));
	(void)str_copy(none.source.file, sizeof(none.source.file), one.source.file);
	(void)str_copy(none.target, sizeof(none.target), "sda");
	plugged(g, &none); /* the place is free, and nothing of the name is left */
	g->ops->unplug(g, "nobody");
	ck_assert(!g->seen.disks_busy);
	end(g, ID);
}
END_TEST

static void on_opened(void *self, struct json_object *value, const struct err *e)
{
	ck_assert_msg(value != NULL, "%s", e->msg);
	*(bool *)self = true;
}

static void nothing(void *self)
{
	(void)self;
}

static void no_event(void *self, const char *name, struct json_object *data)
{
	(void)self, (void)name, (void)data;
}

static void lost(void *self, const struct err *e)
{
	(void)self;
	ck_abort_msg("%s", e->msg);
}

/* A kubevirt-lite that ended when the image was open and the device was not there yet: the next one
 * closes it, or nobody could remove it, nor plug it in. */
START_TEST(disk_left_half_way)
{
	struct guest_request r = request(ID);
	struct guest *g = start(ID);
	struct machine_disk one = extra("one", "sda"), two = extra("two", "sdb");
	struct qmp_handler h = {.ready = nothing, .event = no_event, .lost = lost};
	struct qmp *other;
	bool opened = false;
	char path[128];
	struct err e = {.kind = ERR_NONE};

	image_make(&one);
	image_make(&two);
	until_state(g, GUEST_RUNNING);
	until_rest(g);
	plugged(g, &two);
	guest_free(g);
	(void)snprintf(path, sizeof(path), "%s/" ID "/qmp", dir);
	ck_assert_msg(qmp_open(loop, path, &h, &other, &e) == 0, "%s", e.msg);
	qmp_send(other, "blockdev-add", disk_blockdev_new(&one), on_opened, &opened);
	while (!opened)
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	qmp_close(other);
	ck_assert_msg(maker.adopt(maker.self, &r, &g, &e) == 0, "%s", e.msg);
	until_rest(g);
	ck_assert_uint_eq(g->seen.n_disks, 1);
	ck_assert_ptr_nonnull(guest_disk(g, "two"));
	plugged(g, &one);
	end(g, ID);
}
END_TEST

/* The target is started with what its source was given. */
START_TEST(moves_with_its_disks)
{
	struct guest_request r = request(ID2);
	struct machine_disk one = extra("one", "sdb");
	struct guest *from, *to;
	struct err e = {.kind = ERR_NONE};

	image_make(&one);
	from = start(ID);
	until_state(from, GUEST_RUNNING);
	until_rest(from);
	plugged(from, &one);
	machine.disk[machine.n_disks++] = one;
	r.incoming = true;
	ck_assert_msg(maker.start(maker.self, &r, &to, &e) == 0, "%s", e.msg);
	until_state(to, GUEST_INCOMING);
	from->ops->move(from, to->seen.uri);
	until_state(to, GUEST_RUNNING);
	until_rest(to);
	ck_assert_str_eq(guest_disk(to, "one")->target, "sdb");
	end(from, ID);
	to->ops->unplug(to, "one");
	until_rest(to);
	ck_assert_uint_eq(to->seen.n_disks, 0);
	end(to, ID2);
}
END_TEST

START_TEST(move_to_nowhere)
{
	struct guest *g = start(ID);
	int64_t last = clock_mono_us() + LAST_US;

	until_state(g, GUEST_RUNNING);
	g->ops->move(g, "unix:/nonexistent/socket");
	while (g->seen.move != MOVE_FAILED) {
		ck_assert_msg(clock_mono_us() < last, "it does not fail");
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	ck_assert_int_eq(g->seen.state, GUEST_RUNNING);
	end(g, ID);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("qemu");

	if (system("command -v qemu-system-x86_64 >/dev/null") != 0) {
		puts("SKIP: qemu-system-x86_64 is not installed");
		return 77;
	}
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 200);
	tcase_add_test(t, runs_pauses_and_goes);
	tcase_add_test(t, outlives_us);
	tcase_add_test(t, pid_of_another);
	tcase_add_test(t, crash_is_seen);
	tcase_add_test(t, bad_machine_says_why);
	tcase_add_test(t, moves);
	tcase_add_test(t, disks_come_and_go);
	tcase_add_test(t, disk_left_half_way);
	tcase_add_test(t, moves_with_its_disks);
	tcase_add_test(t, move_to_nowhere);
	return CHECK_MAIN(t);
}
