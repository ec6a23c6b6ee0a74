/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu.c and process.c with a real QEMU: a machine without disks, which stays at "no bootable
 * device". Skipped (77) where QEMU is not installed. */
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/guest/process.h"
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
	Suite *s = suite_create("qemu");
	TCase *t = tcase_create("qemu");
	SRunner *r;
	int failed;

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
	tcase_add_test(t, move_to_nowhere);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
