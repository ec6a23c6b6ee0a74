/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vmd for vmctl to ask; see vmctl_world.h. The server is in a thread of its own, which ends with
 * the test. */
#include "tests/unit/vmctl_world.h"

#include "tests/unit/port_views.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <check.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#define BOB 4242

static uint32_t alice;

/* States: one a look, the last one stays; so nothing here depends on how fast it is looked. */
/* clang-format off */
static const struct {
	uint32_t id;
	const char *owner, *states, *reason, *name, *task;
} world[] = {
	{12, "alice", "PENDING",                            "the job waits for a node (Slurm: Priority)", "sweep", "12_[4-7%2]"},
	{17, "alice", "READY",                              "", "render", ""},
	{18, "bob",   "BOOTING",                            "", "bobs", ""},
	{19, "alice", "PENDING BOOTING FAILED",             "disk full\033[2J", "failing", ""},
	{20, "alice", "STOPPED",                            "", "old", ""},
	{21, "alice", "PENDING PROVISIONING BOOTING READY", "waiting", "twins", ""},
	{22, "alice", "PROVISIONING",                       "cloning", "twins", ""},
	{23, "bob",   "STOPPED",                            "", "bobs", ""},
	{24, "alice", "STOPPED",                            "", "sweep", "12_3"},
	{28, "alice", "READY",                              "", "mover", ""},
	{30, "alice", "STOPPING",                           "disk full; the job is ending: no Ceph", "ending", ""},
	{29, "alice", "STOPPED",                            "its root disk is kept", "kept", ""},
};
/* clang-format on */

/* The n-th of the words, or the last one. */
static enum vm_state state_at(const char *words, unsigned n)
{
	enum vm_state state = VM_STATE_UNKNOWN;
	char word[32];

	for (; n > 0 && strchr(words, ' '); n--)
		words = strchr(words, ' ') + 1;
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(words, " "), words);
	ck_assert_msg(vm_state_parse(word, &state) == 0, "no state %s", word);
	return state;
}

static struct job jobs[ARRAY_LEN(world)];
static unsigned asked[ARRAY_LEN(world)];
static bool hinted[ARRAY_LEN(world)]; /* nothing else tells this vmd that a job has started */
static bool stopped[ARRAY_LEN(world)];
static char node[ARRAY_LEN(world)][JOB_NODE_MAX + 1]; /* it moves at once */
struct desired vmctl_desired = {.known = true, .n = ARRAY_LEN(world), .job = jobs};
static struct image images[2] = {
	{.name = "tiny",
	 .description = "small",
	 .n_revision = 1,
	 .revision = {{.name = "v1"}},
	 .disk_bytes = UINT64_C(1) << 30,
	 .n_network = 1,
	 .network = {"lan"}},
	{.name = "win11", .n_revision = 1, .revision = {{.name = "v1"}}, .n_uid = 1, .uid = {BOB}},
};
static struct catalogue catalogue = {.n = 2, .image = images};
struct plan vmctl_plan = {.n = 1, .act = {{.kind = ACT_CREATE_VM, .job_id = 22}}};

static void world_make(void)
{
	for (size_t i = 0; i < ARRAY_LEN(world); i++) {
		jobs[i] = (struct job){.id = world[i].id,
				       .uid = str_eq(world[i].owner, "alice") ? alice : BOB,
				       .cpus = 2,
				       .memory_bytes = UINT64_C(512) << 20,
				       .phase = state_at(world[i].states, 0) == VM_STATE_PENDING
							? JOB_PENDING
							: JOB_RUNNING,
				       .request = {.image = "tiny", .nonce = VMCTL_NONCE}};
		(void)str_copy(jobs[i].user, sizeof(jobs[i].user), world[i].owner);
		(void)str_copy(jobs[i].name, sizeof(jobs[i].name), world[i].name);
		(void)str_copy(jobs[i].task, sizeof(jobs[i].task), world[i].task);
		asked[i] = 0;
		hinted[i] = false;
		stopped[i] = false;
		(void)str_copy(node[i], sizeof(node[i]), "worker1node");
	}
}

/* Kept of jobs that Slurm has forgotten. */
static struct disk_seen disks[2];
static struct observed observed = {
	.vms_known = true, .disks_known = true, .n_disk = 2, .disk = disks, .named_known = true};

static void disks_make(void)
{
	for (size_t i = 0; i < ARRAY_LEN(disks); i++) {
		disks[i] = (struct disk_seen){.size_bytes = UINT64_C(2) << 30,
					      .kept_until_s = 4102444800,
					      .origin = {.known = true,
							 .uid = i ? BOB : alice,
							 .image = "tiny",
							 .revision = "v1",
							 .cpus = 2,
							 .memory_bytes = UINT64_C(512) << 20,
							 .limit_s = 3601}};
		(void)str_fmt(disks[i].job_key, sizeof(disks[i].job_key), "%zu-" VMCTL_NONCE,
			      25 + i);
	}
}

static const struct vm_status *get_status(void *self, uint32_t job_id, uint32_t rank)
{
	static struct vm_status s;

	(void)self, (void)rank;
	for (size_t i = 0; i < ARRAY_LEN(world); i++) {
		unsigned n;

		if (world[i].id != job_id)
			continue;
		/* each answer of show asks twice; a list asks once */
		n = asked[i]++ / 2;
		if (!hinted[i] && state_at(world[i].states, 0) == VM_STATE_PENDING)
			n = 0;
		s = (struct vm_status){.state = stopped[i] ? VM_STATE_STOPPED
							   : state_at(world[i].states, n),
				       .address = "192.168.172.57",
				       .user = "user"};
		(void)str_copy(s.node, sizeof(s.node), node[i]);
		(void)str_fmt(s.vm, sizeof(s.vm), "vm-%u-" VMCTL_NONCE "-r0", job_id);
		(void)str_copy(s.reason, sizeof(s.reason), world[i].reason);
		if (job_id == 28) {
			(void)str_copy(s.move, sizeof(s.move), "queued");
			(void)str_copy(s.move_reason, sizeof(s.move_reason), "no room yet");
		}
		s.kept_until_s = job_id == 29 ? 4102444800 : 0;
		s.since_s[VM_STATE_PENDING] = 1000;
		s.since_s[s.state] = 1007;
		return &s;
	}
	return NULL;
}

/* One approval lets go what is held back. */
static void approve(void *self, uint32_t uid)
{
	(void)self;
	ck_assert_uint_eq(uid, 0);
	vmctl_plan.approval = false;
	vmctl_plan.held = 0;
}

static void take_hint(void *self, uint32_t job_id, const struct vm_request *request, uint32_t uid)
{
	(void)self, (void)request, (void)uid;
	for (size_t i = 0; i < ARRAY_LEN(world); i++)
		if (world[i].id == job_id)
			hinted[i] = true;
}

static int read_key(void *self, const struct job *j, requests_key_fn done, void *ctx, struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self;
	if (j->id != 17)
		return err_set(e, ERR_ABSENT, "no key here");
	done(ctx, &none, "THE KEY\n");
	return 0;
}

static int read_password(void *self, const struct job *j, const char *user, bool rotate,
			 requests_key_fn done, void *ctx, struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self, (void)j, (void)user, (void)e;
	done(ctx, &none, rotate ? "new-password" : "old-password");
	return 0;
}

static void migrate(void *self, const struct job *j, const char *to, uint32_t uid)
{
	(void)self, (void)uid;
	for (size_t i = 0; i < ARRAY_LEN(world); i++)
		if (world[i].id == j->id)
			(void)str_copy(node[i], sizeof(node[i]), *to == '*' ? "worker3node" : to);
}

/* What is stopped is gone when it is looked at again. */
static int end_job(void *self, const struct job *j, uint32_t uid, requests_done_fn done, void *ctx,
		   struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self, (void)e;
	ck_assert_uint_eq(uid, alice);
	for (size_t i = 0; i < ARRAY_LEN(world); i++)
		if (world[i].id == j->id)
			stopped[i] = true;
	done(ctx, &none);
	return 0;
}

static int64_t wall_s(void *self)
{
	(void)self;
	return 1010;
}

static int64_t mono_us(void *self)
{
	(void)self;
	return clock_mono_us();
}

/* Looks again soon, as after a round. */
static sd_event_source *look;

static void wake_at(void *self, int64_t us)
{
	(void)self;
	if (us == INT64_MAX)
		return;
	(void)sd_event_source_set_time(look, (uint64_t)(clock_mono_us() + 20 * MSEC_US));
	(void)sd_event_source_set_enabled(look, SD_EVENT_ONESHOT);
}

static struct port_views views = {.desired = &vmctl_desired,
				  .observed = &observed,
				  .catalogue = &catalogue,
				  .plan = &vmctl_plan};

static struct requests requests = {
	.port = {PORT_VIEWS(&views), .status = get_status, .approve = approve, .hint = take_hint,
		 .read_key = read_key, .read_password = read_password, .end_job = end_job,
		 .migrate = migrate, .wall_s = wall_s, .mono_us = mono_us, .wake_at = wake_at}};

/* The server, in a thread */

static struct {
	pthread_t thread;
	const char *munge_socket;
	int stop, ready;
	uint16_t port;
	struct err e;
} srv;

static int on_stop(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	return sd_event_exit(userdata, 0);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	requests_look(userdata);
	return 0;
}

static void *server_main(void *arg)
{
	struct server_handlers h = {.ctx = &requests, .handle = requests_handle};
	struct server_settings s = {.listen = "127.0.0.1:0", .munge_socket = srv.munge_socket};
	struct server *server = NULL;
	sd_event *loop = NULL;

	(void)arg;
	sd_event_new(&loop);
	sd_event_add_io(loop, NULL, srv.stop, EPOLLIN, on_stop, loop);
	sd_event_add_time(loop, &look, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_look, &requests);
	sd_event_source_set_enabled(look, SD_EVENT_OFF);
	if (server_new(loop, &s, &h, &server, &srv.e) == 0)
		srv.port = server_port(server);
	eventfd_write(srv.ready, 1);
	if (server)
		sd_event_loop(loop);
	server_free(server);
	sd_event_source_unref(look);
	sd_event_unref(loop);
	return NULL;
}

uint16_t vmctl_world_start(const char *munge_socket, uint32_t uid)
{
	eventfd_t n;

	alice = uid;
	srv.munge_socket = munge_socket;
	disks_make();
	world_make();
	srv.stop = eventfd(0, EFD_CLOEXEC);
	srv.ready = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&srv.thread, NULL, server_main, NULL), 0);
	eventfd_read(srv.ready, &n);
	ck_assert_msg(srv.port != 0, "%s", srv.e.msg);
	return srv.port;
}

void vmctl_world_stop(void)
{
	eventfd_write(srv.stop, 1);
	pthread_join(srv.thread, NULL);
}
