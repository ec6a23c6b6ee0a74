/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl as people run it, against the real server with a made-up world: arguments, output, exit
 * codes. Needs munged; run as root it asks as another account, too. */
#include "tests/unit/check_main.h"
#include "tests/unit/private_munge.h"
#include "vmd/api/requests.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define BOB   4242
#define NONCE "9f3c12ab45de6701"

static struct private_munge munge;
static uint32_t alice; /* who asks */

/* The world. States: one a look, the last one stays; so nothing here depends on how fast it is
 * looked. */
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
static struct desired desired = {.known = true, .n = ARRAY_LEN(world), .job = jobs};
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
static struct plan plan_now = {.n = 1, .act = {{.kind = ACT_CREATE_VM, .job_id = 22}}};

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
				       .request = {.image = "tiny", .nonce = NONCE}};
		(void)str_copy(jobs[i].user, sizeof(jobs[i].user), world[i].owner);
		(void)str_copy(jobs[i].name, sizeof(jobs[i].name), world[i].name);
		(void)str_copy(jobs[i].task, sizeof(jobs[i].task), world[i].task);
		asked[i] = 0;
		hinted[i] = false;
		stopped[i] = false;
		(void)str_copy(node[i], sizeof(node[i]), "worker1node");
	}
}

static const struct desired *get_desired(void *self)
{
	(void)self;
	return &desired;
}

/* Kept of jobs that Slurm has forgotten. */
static struct disk_seen disks[2];
static struct observed observed = {
	.disks_known = true, .n_disk = 2, .disk = disks, .named_known = true};

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
		(void)str_fmt(disks[i].job_key, sizeof(disks[i].job_key), "%zu-" NONCE, 25 + i);
	}
}

static const struct observed *get_observed(void *self)
{
	(void)self;
	return &observed;
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
		(void)str_fmt(s.vm, sizeof(s.vm), "vm-%u-" NONCE "-r0", job_id);
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

static const struct catalogue *get_catalogue(void *self)
{
	(void)self;
	return &catalogue;
}

static const struct plan *get_plan(void *self)
{
	(void)self;
	return &plan_now;
}

/* One approval lets go what is held back. */
static void approve(void *self, uint32_t uid)
{
	(void)self;
	ck_assert_uint_eq(uid, 0);
	plan_now.approval = false;
	plan_now.held = 0;
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

static struct requests requests = {.port = {.desired = get_desired,
					    .observed = get_observed,
					    .status = get_status,
					    .catalogue = get_catalogue,
					    .plan = get_plan,
					    .approve = approve,
					    .hint = take_hint,
					    .read_key = read_key,
					    .read_password = read_password,
					    .end_job = end_job,
					    .migrate = migrate,
					    .wall_s = wall_s,
					    .mono_us = mono_us,
					    .wake_at = wake_at}};

/* The server, in a thread */

static struct {
	pthread_t thread;
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
	struct server_settings s = {.listen = "127.0.0.1:0", .munge_socket = munge.socket};
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

static void setup(void)
{
	eventfd_t n;

	disks_make();
	world_make();
	srv.stop = eventfd(0, EFD_CLOEXEC);
	srv.ready = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&srv.thread, NULL, server_main, NULL), 0);
	eventfd_read(srv.ready, &n);
	ck_assert_msg(srv.port != 0, "%s", srv.e.msg);
}

static void teardown(void)
{
	eventfd_write(srv.stop, 1);
	pthread_join(srv.thread, NULL);
}

/* vmctl */

static char conf[128];

static void conf_write(const char *extra)
{
	FILE *f;

	(void)snprintf(conf, sizeof(conf), "%s/cache", munge.dir);
	ck_assert(mkdir(conf, 0700) == 0 || errno == EEXIST);
	ck_assert_int_eq(chmod(conf, 0777), 0);
	(void)snprintf(conf, sizeof(conf), "%s/conf", munge.dir);
	f = fopen(conf, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "# vmctl's settings\n\n vmd = 127.0.0.1:%u \nvmd_user=%u\nmunge_socket=%s\n%s",
		srv.port, (unsigned)geteuid(), munge.socket, extra);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(conf, 0644), 0);
}

static char out[65536], err[65536];

static void collect(int fd, char *text)
{
	ssize_t n = pread(fd, text, sizeof(out) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(fd);
}

/* Slurm's commands, made up: they write down how they were called. */
static void slurm_write(const char *name, const char *body)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", munge.dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\nprintf '%%s|' \"$@\" >&2\n%s\n", body);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* Of ssh and scp: shows the key that it was given (the operand of -i), ends with 7. */
#define GUEST_PROGRAM "echo >&2; while [ \"$1\" != -i ]; do shift; done; /bin/cat \"$2\"; exit 7"

/* One that runs. */
struct run {
	pid_t pid;
	int out, err;
};

/* args: separated by blanks. As alice, or as root. */
static struct run vmctl_start(const char *args, bool as_root, const char *job_id)
{
	char name[] = "vmctl", line[512], *argv[24] = {name}, *rest = line;
	int o = memfd_create("out", MFD_CLOEXEC), e = memfd_create("err", MFD_CLOEXEC);
	int program = open("vmctl", O_PATH | O_CLOEXEC);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char conf_env[160], job_env[32] = "NONE=";
	char path_env[160], cache_env[160];
	char *env[] = {conf_env, job_env, path_env, cache_env, NULL};
	pid_t pid;

	(void)snprintf(cache_env, sizeof(cache_env), "XDG_CACHE_HOME=%s/cache", munge.dir);
	(void)snprintf(path_env, sizeof(path_env), "PATH=%s:/bin", munge.dir);
	(void)snprintf(conf_env, sizeof(conf_env), "VMCTL_CONF=%s", conf);
	if (job_id)
		(void)snprintf(job_env, sizeof(job_env), "SLURM_JOB_ID=%s", job_id);
	ck_assert_int_ge(program, 0);
	ck_assert_int_eq(str_copy(line, sizeof(line), args), 0);
	for (int i = 1; i < 23 && (argv[i] = strsep(&rest, " ")); i++)
		;
	ck_assert_int_ge(nothing, 0);
	pid = fork(); /* the server is a thread: between here and exec, system calls only */
	if (pid == 0) {
		dup2(nothing, STDIN_FILENO);
		dup2(o, STDOUT_FILENO);
		dup2(e, STDERR_FILENO);
		if (!as_root && alice != geteuid() && (setgid(alice) < 0 || setuid(alice) < 0))
			_exit(99);
		fexecve(program, argv, env);
		_exit(98);
	}
	close(program);
	close(nothing);
	return (struct run){.pid = pid, .out = o, .err = e};
}

static int vmctl_end(const struct run *r)
{
	int status;

	ck_assert_int_eq(waitpid(r->pid, &status, 0), r->pid);
	collect(r->out, out);
	collect(r->err, err);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int vmctl(const char *args, bool as_root, const char *job_id)
{
	struct run r = vmctl_start(args, as_root, job_id);

	return vmctl_end(&r);
}

/* A call, since clang-format 14 dies of aligning a table with rows of several lines. */
#define ROW(...)                                                                                   \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
static const struct {
	const char *args;
	bool as_root;
	const char *job_id; /* SLURM_JOB_ID */
	int code;
	const char *out, *err; /* what is in there */
	const char *not_out;
} rows[] = {
	ROW("list", false, NULL, 0, "17          render   alice  tiny   READY", "", "bob"),
	ROW("list", false, NULL, 0, "JOB         NAME     USER   IMAGE  STATE", "", "STOPPED"),
	ROW("list --stopped", false, NULL, 0, "STOPPED", "", NULL),
	ROW("list", false, NULL, 0, "disk full?[2J", "", "\033"),
	ROW("list --all", false, NULL, 4, "", "only root and SlurmUser", NULL),
	ROW("list -a", true, NULL, 0, "18          bobs     bob    tiny   BOOTING       0:03", "",
	    NULL),
	ROW("list --json", false, NULL, 0, "\"vm\": \"vm-17-" NONCE "-r0\"", "", "bob"),
	ROW("show 17", false, NULL, 0, "State     READY for 0:03\n", "", NULL),
	ROW("show 17", false, NULL, 0, "History   PENDING 0:00, READY 0:07\n", "", NULL),
	ROW("show 17", false, NULL, 0, "Address   192.168.172.57\n", "", NULL),
	ROW("show 17", false, NULL, 0,
	    "The guest answers at 192.168.172.57 on worker1node. To get in: vmctl ssh 17", "",
	    NULL),
	ROW("show 19", false, NULL, 0, "waits in Slurm's queue: disk full?[2J. When Slurm thinks",
	    "", "\033"),
	ROW("show 22", false, NULL, 0, "is being made on worker1node: cloning. To be told", "",
	    NULL),
	ROW("show 28", false, NULL, 0,
	    "answers at 192.168.172.57 on worker1node; it moves: no room yet. To get in: vmctl ssh",
	    "", NULL),
	ROW("show 29", false, NULL, 0,
	    "gone: its root disk is kept. To go on from that disk: vmctl recover 29. How", "",
	    NULL),
	ROW("show 12", false, NULL, 0,
	    "The job waits in Slurm's queue (Slurm: Priority). When Slurm thinks", "", NULL),
	ROW("show 12_3", false, NULL, 0, "Job       24 of alice, array task 12_3\n", "", NULL),
	ROW("show 12_5", false, NULL, 3, "", "these wait in the queue: 12_[4-7%2]", NULL),
	ROW("show 12_", false, NULL, 3, "", "is called '12_'", NULL),
	ROW("list", false, NULL, 0, "12_[4-7%2]  sweep    alice  tiny   PENDING", "", NULL),
	ROW("stop --timeout=1 12", false, NULL, 7, "", "12|--state=PENDING|", NULL),
	ROW("stop --now 12_3", false, NULL, 0, "", "12_3|", NULL),
	ROW("show 20", false, NULL, 0,
	    "over, and its virtual machine gone. How the job ended: sacct -j 20", "", NULL),
	ROW("show --json 17", false, NULL, 0, "\"address\": \"192.168.172.57\"", "", NULL),
	ROW("show", false, "17", 0, "Job       17 of alice", "", NULL),
	ROW("show vm-21-" NONCE "-r0", false, NULL, 0, "Job       21 of alice", "", NULL),
	ROW("show render", false, NULL, 0, "Job       17 of alice\nName      render\n", "", NULL),
	ROW("show old", false, NULL, 0, "Job       20 of alice", "", NULL),
	ROW("show twins", false, NULL, 2, "",
	    "2 jobs are called 'twins', say which: 21 (twins, PENDING), 22 (twins, ", NULL),
	ROW("wait twins", false, NULL, 2, "", "say which: 21 (twins, ", NULL),
	ROW("show bobs", false, NULL, 3, "", "is called 'bobs'", NULL),
	ROW("show bobs", true, NULL, 0, "Job       18 of bob", "", NULL),
	ROW("show 18", false, NULL, 4, "", "job 18 belongs to another user", NULL),
	ROW("show 18", true, NULL, 0, "Job       18 of bob", "", NULL),
	ROW("show 99", false, NULL, 3, "", "job 99 has no VM", NULL),
	ROW("show vm-99", false, NULL, 3, "",
	    "no VM and no job of yours with a VM is called 'vm-99'", NULL),
	ROW("show", false, NULL, 2, "",
	    "say which job: 12 (sweep, PENDING), 17 (render, READY), 19 (failing, PENDING), 21 "
	    "(twins, PENDING)",
	    NULL),
	ROW("show", false, "99", 2, "", "say which job: 12 (sweep, ", NULL),
	ROW("show", true, "17", 0, "Job       17 of alice", "", NULL),
	ROW("--json show 17", false, NULL, 0, "\"job\": 17", "", NULL),
	ROW("show", true, NULL, 3, "", "you have no VM", NULL),
	ROW("start", false, NULL, 2, "", "name the image first", NULL),
	ROW("start -c 2 tiny", false, NULL, 2, "", "name the image first", NULL),
	ROW("list --kept", false, NULL, 0, "  tiny@v1  2G    2", "", "4242"),
	ROW("list --kept --all", true, NULL, 0, "26   4242 ", "", NULL),
	ROW("list --kept --all", false, NULL, 4, "", "only root and SlurmUser", NULL),
	ROW("list --kept --json", false, NULL, 0, "\"limit_s\": 3601", "", NULL),
	ROW("discard", false, NULL, 2, "", "say which job's", NULL),
	ROW("discard 25", false, NULL, 2, "",
	    "vmctl: nothing done; without a terminal it takes --yes\n", NULL),
	ROW("discard --yes 99", false, NULL, 3, "",
	    "vmctl: no disk is kept of job 99: vmctl list --kept\n", NULL),
	ROW("disk delete --yes nix", false, NULL, 3, "",
	    "there is no disk nix; see: vmctl disk list\n", NULL),
	ROW("discard --kept 25", false, NULL, 2, "", "does not belong to 'discard'", NULL),
	ROW("recover", false, NULL, 2, "", "say which job's", NULL),
	ROW("recover x", false, NULL, 2, "", "'x' is no job's id", NULL),
	ROW("recover 99", false, NULL, 3, "", "no disk of job 99 is kept, or not any more", NULL),
	ROW("recover 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("recover 22", false, NULL, 1, "", "job 22 has not ended", NULL),
	ROW("recover 25 --no-wait -c 4", false, NULL, 0, "21\n",
	    "|--job-name=recovered-25|--cpus-per-task=2|--mem=512M|--time=61|-c|4|--vm=@25-" NONCE
	    "|",
	    NULL),
	ROW("recover 25 --no-wait", false, NULL, 0, "21\n",
	    "job 25 (image tiny@v1, 2G) is the new job's", NULL),
	ROW("recover 25 --no-wait --json", false, NULL, 0, "{\"job\": 21}\n", "", NULL),
	ROW("recover --help", false, NULL, 0, "sbatch's", "", NULL),
	ROW("start tiny --disk", false, NULL, 2, "", "--disk needs a value", NULL),
	ROW("start tiny --no-wait=1", false, NULL, 2, "", "--no-wait takes no value", NULL),
	ROW("start tiny --array=0-3", false, NULL, 2, "", "sbatch --array", NULL),
	ROW("start tiny -a 0-3", false, NULL, 2, "", "sbatch --array", NULL),
	ROW("start tiny --timeout soon", false, NULL, 2, "", "not a time", NULL),
	ROW("start --help", false, NULL, 0, "--scratch=SIZE", "", NULL),
	ROW("start tiny@v1 -c 2 --no-wait --disk 2G --keep --on-drain stay --name=desk --mem 1G",
	    false, NULL, 0, "21\n",
	    "--parsable|--requeue|--output=/dev/null|--job-name=tiny|--wrap=exec sleep "
	    "infinity|-c|2|--job-name=desk|--mem|1G|--vm-disk=2G|--vm-keep=always|--vm-on-drain="
	    "stay|--vm=tiny@v1|",
	    "17"),
	ROW("start tiny --no-wait --json", false, NULL, 0, "{\"job\": 21}\n", "", NULL),
	ROW("start tiny", false, NULL, 0, "Job 21 has a virtual machine at 192.168.172.57\n",
	    "job 21  READY", NULL),
	ROW("start tiny --json", false, NULL, 0, "\"state\": \"READY\"", "", NULL),
	ROW("start refused", false, NULL, 1, "", "sbatch refused the job (see above)", NULL),
	ROW("start rubbish", false, NULL, 1, "", "sbatch told no job id, but 'what?'", NULL),
	ROW("migrate 17", false, NULL, 0, "job 17 runs on worker3node", "", NULL),
	ROW("migrate render --to=worker2node --json", false, NULL, 0, "\"node\": \"worker2node\"",
	    "", NULL),
	ROW("migrate 17 --to=worker1node", false, NULL, 2, "", "job 17 is on worker1node", NULL),
	ROW("migrate 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("migrate 17 --to=a/b", false, NULL, 2, "", "is no name of a node", NULL),
	ROW("migrate 17 --cancel", false, NULL, 0, "", "", NULL),
	ROW("stop 17", false, NULL, 0, "", "job 17  STOPPED", NULL),
	ROW("stop render --json", false, NULL, 0, "\"state\": \"STOPPED\"", "", NULL),
	ROW("stop 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("stop 20", false, NULL, 0, "", "job 20  STOPPED", NULL),
	ROW("stop --timeout=1 --now 22", false, NULL, 7, "", "22|", NULL),
	ROW("stop --timeout=1 21", false, NULL, 7, "", "21|", NULL),
	ROW("exec 17", false, NULL, 2, "", "vmctl exec [JOB] -- COMMAND", NULL),
	ROW("exec 17 true", false, NULL, 2, "", "stands behind --", NULL),
	ROW("exec 17 ls -l", false, NULL, 2, "",
	    "what is for the guest stands behind --\nTry: vmctl exec --help\n", NULL),
	ROW("ssh 17 ls -a", false, NULL, 2, "",
	    "--all does not belong to 'ssh'; what is for the guest stands behind --\n", NULL),
	ROW("exec 19 -- true", false, NULL, 1, "", "the VM of job 19 is PENDING", NULL),
	ROW("exec 20 -- true", false, NULL, 1, "", "try: vmctl show 20", NULL),
	ROW("exec 18 -- true", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("exec 17 -- a 'b", false, NULL, 7, "THE KEY\n", "|-T|user@192.168.172.57|'a' ''\\''b'|",
	    NULL),
	ROW("ssh 17", false, NULL, 7, "THE KEY\n", "|user@192.168.172.57|\n", NULL),
	ROW("ssh 17 -- ls -l", false, NULL, 7, "", "|user@192.168.172.57|'ls' '-l'|", NULL),
	ROW("ssh 17 -- ls", false, NULL, 7, "", "-oHostKeyAlias=vm-17-" NONCE "|", NULL),
	ROW("cp /etc/hosts 17:/there", false, NULL, 7, "",
	    "|-pr|/etc/hosts|user@192.168.172.57:/there|", NULL),
	ROW("cp render:x -y", false, NULL, 2, "", "does not belong to 'cp'", NULL),
	ROW("cp render:x /tmp/a:b", false, NULL, 7, "", "|user@192.168.172.57:x|/tmp/a:b|", NULL),
	ROW("cp a b", false, NULL, 2, "", "one of the two is in the guest", NULL),
	ROW("cp 17:a 17:b", false, NULL, 2, "", "one of the two is in the guest", NULL),
	ROW("cp a", false, NULL, 2, "", "from where and where to", NULL),
	ROW("cp /no/such 17:", false, NULL, 2, "", "vmctl: /no/such: No such file or directory\n",
	    NULL),
	ROW("cp a b c", false, NULL, 2, "", "one word too many", NULL),
	ROW("password 17", false, NULL, 2, "", "vmctl password --print", NULL),
	ROW("password --print 17", false, NULL, 0, "old-password\n", "", NULL),
	ROW("password --print --json 17", false, NULL, 0, "\"password\": \"old-password\"", "",
	    NULL),
	ROW("password --print --rotate 17", false, NULL, 0, "new-password\n", "on its way", NULL),
	ROW("password --print 18", true, NULL, 4, "", "only its owner", NULL),
	ROW("rdp 22", false, NULL, 1, "", "PROVISIONING: cloning; try: vmctl wait 22", NULL),
	ROW("rdp 20", false, NULL, 1, "", "try: vmctl show 20", NULL),
	ROW("rdp -w 0-1 17", false, NULL, 2, "", "'rdp' is of one machine at a time", NULL),
	ROW("wait --now 17", false, NULL, 2, "", "does not belong to 'wait'", NULL),
	ROW("wait 17", false, NULL, 0, "", "job 17  READY", NULL),
	ROW("wait 21", false, NULL, 0, "", "job 21  PROVISIONING: waiting", NULL),
	ROW("wait 21 --json", false, NULL, 0, "\"state\": \"READY\"", "", NULL),
	ROW("wait --for=running 19", false, NULL, 0, "", "BOOTING", NULL),
	ROW("wait 19", false, NULL, 6, "", "FAILED: disk full?[2J", NULL),
	ROW("wait 20", false, NULL, 6, "",
	    "vmctl: job 20 is over, and its VM gone\nMore about it: vmctl show 20", NULL),
	ROW("wait -w 3 17", false, NULL, 2, "", "job 17 has no machine 3: it has one, 0\n", NULL),
	ROW("wait --timeout=1 22", false, NULL, 7, "",
	    "is not ready after 1 s\nThe job goes on. Wait again: vmctl wait 22\n", NULL),
	ROW("wait", false, "21", 0, "", "job 21  READY", NULL),
	ROW("wait 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("images", false, NULL, 0, "tiny   v1         linux    1G", "", "win11"),
	ROW("images --all", false, NULL, 0, "win11", "", NULL),
	ROW("images --json", false, NULL, 0, "\"allowed\": false", "", NULL),
	ROW("plan", false, NULL, 4, "", "only root and SlurmUser", NULL),
	ROW("plan", true, NULL, 0, "create-vm job=22", "", NULL),
	ROW("plan --json", true, NULL, 0, "\"approval\": false", "", NULL),
	ROW("admin", true, NULL, 2, "", "vmctl admin approve", NULL),
	ROW("admin destroy", true, NULL, 2, "", "vmctl admin approve", NULL),
	ROW("disk delete data", false, NULL, 2, "", "without a terminal it takes --yes", NULL),
	ROW("admin approve", true, NULL, 0, "No deletion is held back.", "", NULL),
	ROW("admin approve", false, NULL, 4, "", "may approve deletions", NULL),
	ROW("list --yes", false, NULL, 2, "",
	    "--yes does not belong to 'list'\nTry: vmctl list --help", NULL),
	ROW("list --server 127.0.0.1:1", false, NULL, 5, "",
	    "vmctl: vmd at 127.0.0.1:1: Connection refused\nIs it running?", NULL),
	ROW("list --server 127.0.0.1:1,127.0.0.1:2", false, NULL, 5, "",
	    "All were asked: 127.0.0.1:1,127.0.0.1:2\n", NULL),
	ROW("list --server nix", false, NULL, 2, "", "'nix' is not HOST:PORT", NULL),
	ROW("", false, NULL, 2, "", "no command ''", NULL),
	ROW("destroy", false, NULL, 2, "", "no command 'destroy'", NULL),
	ROW("delete 17", false, NULL, 2, "", "no command 'delete'; perhaps: vmctl stop\n", NULL),
	ROW("start tiny desk", false, NULL, 2, "", "'desk' stands where an option was expected",
	    NULL),
	ROW("list 17", false, NULL, 2, "", "one word too many", NULL),
	ROW("show --all 17", false, NULL, 2, "", "does not belong to 'show'", NULL),
	ROW("wait --for=ever", false, NULL, 2, "", "must be ready or running", NULL),
	ROW("wait --timeout=soon", false, NULL, 2, "", "not a time", NULL),
	ROW("list --colour", false, NULL, 2, "", "option '--colour'\nTry:", NULL),
	ROW("list", true, NULL, 0, "JOB", "Everybody's: vmctl list --all", NULL),
	ROW("wait --timeout=1 99", false, NULL, 7, "", "is not ready after 1 s\n", NULL),
	ROW("--help", false, NULL, 0, "Usage: vmctl COMMAND", "", NULL),
	ROW("wait --help", false, NULL, 0, "--timeout=TIME", "", NULL),
	ROW("--version", false, NULL, 0, "vmctl (slurm-vm) ", "", NULL),
};

START_TEST(command_rows)
{
	int code;

	if (rows[_i].as_root && geteuid() != 0)
		return;
	conf_write("");
	slurm_write("sbatch", "case \"$*\" in *refused) exit 1;; *rubbish) echo what?;; *) echo "
			      "'21;cluster';; esac");
	slurm_write("scancel", "");
	slurm_write("ssh", GUEST_PROGRAM);
	slurm_write("scp", GUEST_PROGRAM);
	code = vmctl(rows[_i].args, rows[_i].as_root, rows[_i].job_id);
	ck_assert_msg(code == rows[_i].code, "vmctl %s: exit %d\n%s%s", rows[_i].args, code, out,
		      err);
	ck_assert_msg(strstr(out, rows[_i].out), "vmctl %s: no '%s' in\n%s", rows[_i].args,
		      rows[_i].out, out);
	ck_assert_msg(strstr(err, rows[_i].err), "vmctl %s: no '%s' in\n%s", rows[_i].args,
		      rows[_i].err, err);
	/* what is told to do next is one thing */
	ck_assert_msg(!strstr(err, ": vmctl disk list") || !strstr(err, "vmctl list"), "%s", err);
	ck_assert_msg(!rows[_i].not_out || !strstr(out, rows[_i].not_out), "vmctl %s: '%s' in\n%s",
		      rows[_i].args, rows[_i].not_out, out);
	if (rows[_i].code != 0 && rows[_i].code != 7)
		ck_assert_msg(!*out, "vmctl %s: failed and printed %s", rows[_i].args, out);
}
END_TEST

/* Ctrl-C ends the watching at once, and says that nothing else has ended. */
static const struct {
	const char *args, *says;
} watches[] = {
	{"wait 22", "goes on without being watched\nWatch it again: vmctl wait 22\n"},
	{"stop 21", "goes on ending without being watched: vmctl show 21\n"},
	{"migrate 28", "the move goes on without being watched: vmctl show 28\n"},
	{"start tiny --mem=1", "Watch it again: vmctl wait 22\nEnd it: vmctl stop 22\n"},
};

START_TEST(interrupt_rows)
{
	struct run r;
	struct stat st;
	int code;

	conf_write("");
	slurm_write("scancel", "");
	slurm_write("sbatch", "echo 22");
	r = vmctl_start(watches[_i].args, false, NULL);
	do {
		ck_assert_int_eq(fstat(r.err, &st), 0);
		ck_assert_int_eq(waitpid(r.pid, &code, WNOHANG), 0);
		(void)usleep(1000);
	} while (pread(r.err, err, (size_t)st.st_size, 0) < 0 ||
		 !memmem(err, (size_t)st.st_size, "job 2", 5));
	ck_assert_int_eq(kill(r.pid, SIGINT), 0);
	code = vmctl_end(&r);
	ck_assert_msg(code == 130, "vmctl %s: exit %d\n%s", watches[_i].args, code, err);
	ck_assert_msg(strstr(err, watches[_i].says), "vmctl %s: no '%s' in\n%s", watches[_i].args,
		      watches[_i].says, err);
}
END_TEST

/* What was known before slurmctld went away is told as such; what is not known is no "Is it
 * running?" of vmd, which has just answered. */
START_TEST(old_is_told)
{
	conf_write("");
	desired.known = false;
	ck_assert_int_eq(vmctl("list", false, NULL), 0);
	ck_assert_msg(strstr(out, "render"), "%s", out);
	ck_assert_msg(strstr(err, "this is what was known before"), "%s", err);
	ck_assert_int_eq(vmctl("show 99", false, NULL), 5);
	ck_assert_msg(strstr(err, "no list of jobs from slurmctld"), "%s", err);
	ck_assert_msg(!strstr(err, "Is it running?"), "%s", err);
	if (geteuid() == 0) {
		plan_now.n = 0;
		ck_assert_int_eq(vmctl("plan", true, NULL), 0);
		ck_assert_msg(strstr(err, "nothing is planned"), "%s", err);
	}
}
END_TEST

/* What is held back is shown, then approved by somebody who says so, once. */
START_TEST(approves)
{
	if (geteuid() != 0)
		return;
	conf_write("");
	plan_now.approval = true;
	plan_now.held = 40;
	for (size_t i = 0; i < PLAN_HELD; i++)
		(void)str_fmt(plan_now.held_vm[i], sizeof(plan_now.held_vm[i]), "vm-9%zu", i);
	ck_assert_int_eq(vmctl("list -a", true, NULL), 0);
	ck_assert_msg(strstr(err, "the jobs of 40 VMs"), "%s", err);
	ck_assert_int_eq(vmctl("list", false, NULL), 0);
	ck_assert_msg(!strstr(err, "40 VMs"), "%s", err);
	ck_assert_int_eq(vmctl("plan", true, NULL), 0);
	ck_assert_msg(strstr(err, "vmctl admin approve"), "%s", err);
	ck_assert_int_eq(vmctl("admin approve", true, NULL), 2); /* nobody there to be asked */
	ck_assert_msg(strstr(err, "nothing done; without a terminal it takes --yes"), "%s", err);
	ck_assert_int_eq(vmctl("admin approve --json", true, NULL), 0);
	ck_assert_msg(strstr(out, "\"approved\": false"), "%s", out);
	ck_assert_uint_eq(plan_now.held, 40);
	ck_assert_int_eq(vmctl("admin approve --yes", true, NULL), 0);
	ck_assert_msg(strstr(out, "vm-97\n  and 32 more"), "%s", out);
	ck_assert_uint_eq(plan_now.held, 0);
	ck_assert_int_eq(vmctl("admin approve --yes --json", true, NULL), 0);
	ck_assert_msg(strstr(out, "\"approved\": false"), "%s", out);
}
END_TEST

static const struct {
	const char *text, *error;
} confs[] = {
	{"vmd_user\n", "conf:6: not key=value"},
	{"port=5\n", "conf:6: unknown key 'port' (vmd, vmd_user, munge_socket, prefix)"},
};

START_TEST(conf_rows)
{
	conf_write(confs[_i].text);
	ck_assert_int_eq(vmctl("list", false, NULL), 2);
	ck_assert_msg(strstr(err, confs[_i].error), "%s", err);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmctl");
	int failed;

	alice = geteuid() == 0 ? 65534 : geteuid();
	if (!private_munge_start(&munge)) {
		printf("skipped: munged: %s\n", munge.why);
		return 77;
	}
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, command_rows, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(t, interrupt_rows, 0, ARRAY_LEN(watches));
	tcase_add_test(t, approves);
	tcase_add_test(t, old_is_told);
	tcase_add_loop_test(t, conf_rows, 0, ARRAY_LEN(confs));
	tcase_set_timeout(t, 60);
	failed = CHECK_MAIN(t);
	(void)snprintf(conf, sizeof(conf), "%s/conf", munge.dir);
	(void)remove(conf);
	private_munge_stop(&munge);
	return failed;
}
