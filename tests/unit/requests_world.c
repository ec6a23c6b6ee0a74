/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake port and its world; see requests_world.h. */
#include "tests/unit/requests_world.h"

#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* The reply */

struct reply reply;
static char buf[WIRE_MAX + 1];
struct wire_in in;

struct wire_out *reply_out(struct reply *r)
{
	return &r->out;
}

void reply_send(struct reply *r)
{
	size_t len = 0;
	struct err e;

	ck_assert(!r->sent);
	r->sent = true;
	ck_assert_msg(wire_end(&r->out, &len, &e) == 0, "%s", e.msg);
	ck_assert_msg(wire_decode(buf, len, &in, &e) == 0, "%s", e.msg);
}

void reply_error(struct reply *r, const struct err *e)
{
	ck_assert(!r->sent);
	ck_assert_int_ne(e->kind, ERR_NONE);
	r->sent = true;
	r->e = *e;
}

/* The world */

struct job jobs[3000];
struct desired desired;
struct vm_seen vms[1];
struct observed observed;
struct vm_status status, ranks[3];
struct image images[2];
static struct catalogue catalogue = {.n = 2, .image = images};
struct plan plan_now;
struct hinted hint;
struct approved approved;
requests_key_fn key_done;
void *key_ctx;

bool may_look;
int64_t slurm_asked_us;
unsigned looks;

static bool look(void *self)
{
	(void)self;
	looks += may_look;
	return may_look;
}

static int64_t asked_us(void *self)
{
	(void)self;
	return slurm_asked_us;
}

static const struct vm_status *get_status(void *self, uint32_t job_id, uint32_t rank)
{
	(void)self;
	if (job_id == 40)
		return rank < 3 ? &ranks[rank] : NULL;
	return job_id == 17 ? &status : NULL;
}

static void approve(void *self, uint32_t uid)
{
	(void)self;
	approved.n++;
	approved.uid = uid;
}

static void take_hint(void *self, uint32_t job_id, const struct vm_request *request, uint32_t uid)
{
	(void)self;
	hint.n++;
	hint.job = job_id;
	hint.uid = uid;
	hint.has_request = request != NULL;
	if (request)
		(void)str_copy(hint.image, sizeof(hint.image), request->image);
}

unsigned scripts_over;

static void script_over(void *self, const struct job *j)
{
	(void)self;
	scripts_over += j->id == 17;
}

static int read_key(void *self, const struct job *j, requests_key_fn done, void *ctx, struct err *e)
{
	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_RETRY, "Kubernetes is not connected");
	key_done = done;
	key_ctx = ctx;
	return 0;
}

unsigned n_keys;
char first_key[64];

static int read_password(void *self, const struct job *j, const char *user, bool rotate,
			 requests_key_fn done, void *ctx, struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_RETRY, "Kubernetes is not connected");
	ck_assert_str_eq(user, "user");
	done(ctx, &none, rotate ? "new-Password-23.abc" : "old-Password-23.abc");
	return 0;
}

static int set_keys(void *self, const struct job *j, size_t n, const char *const *key,
		    requests_done_fn done, void *ctx, struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self, (void)j, (void)e;
	n_keys = (unsigned)n;
	(void)str_copy(first_key, sizeof(first_key), n ? key[0] : "");
	done(ctx, &none);
	return 0;
}

requests_access_fn access_done;
void *access_ctx;

static int open_access(void *self, const struct job *j, requests_access_fn done, void *ctx,
		       struct err *e)
{
	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_CONFLICT, "job 18 has no virtual machine at the moment");
	access_done = done;
	access_ctx = ctx;
	return 0;
}

int64_t now_us, woken_us;

static int64_t mono_us(void *self)
{
	(void)self;
	return now_us;
}

static void wake_at(void *self, int64_t us)
{
	(void)self;
	woken_us = us;
}

uint32_t ended, ended_by;

char migrated[64];

static void migrate(void *self, const struct job *j, const char *to, uint32_t uid)
{
	(void)self;
	(void)snprintf(migrated, sizeof(migrated), "%u to '%s' by %u", j->id, to, uid);
}

char resized[64];

static void resize(void *self, const struct job *j, const struct job_size *size, uint32_t uid)
{
	(void)self;
	(void)snprintf(resized, sizeof(resized), "%u to %u/%llu by %u", j->id, size->cpus,
		       (unsigned long long)size->memory_bytes, uid);
}

static int end_job(void *self, const struct job *j, uint32_t uid, requests_done_fn done, void *ctx,
		   struct err *e)
{
	struct err none = {.kind = ERR_NONE};

	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_RETRY, "slurmctld does not answer");
	ended = j->id;
	ended_by = uid;
	done(ctx, &none);
	return 0;
}

static int64_t wall_s(void *self)
{
	(void)self;
	return 5000;
}

struct discarded discarded;

static int discard(void *self, const struct disk_seen *d, requests_done_fn done, void *ctx,
		   struct err *e)
{
	(void)self, (void)e;
	discarded.n++;
	(void)str_copy(discarded.disk, sizeof(discarded.disk), d->name);
	discarded.done = done;
	discarded.ctx = ctx;
	return 0;
}

struct ordered ordered;

static int take_order(void *self, const struct disk_order *o, requests_done_fn done, void *ctx,
		      struct err *e)
{
	(void)self, (void)e;
	ordered.n++;
	ordered.order = *o;
	ordered.done = done;
	ordered.ctx = ctx;
	return 0;
}

struct disk_quota quota_now;

static const struct disk_quota *quota(void *self)
{
	(void)self;
	return &quota_now;
}

struct port_views views = {
	.desired = &desired, .observed = &observed, .catalogue = &catalogue, .plan = &plan_now};

struct requests requests = {
	.port = {PORT_VIEWS(&views),         .look = look,         .asked_us = asked_us,
		 .status = get_status,       .approve = approve,   .hint = take_hint,
		 .script_over = script_over, .read_key = read_key, .read_password = read_password,
		 .set_keys = set_keys,       .end_job = end_job,   .open_access = open_access,
		 .migrate = migrate,         .resize = resize,     .wall_s = wall_s,
		 .mono_us = mono_us,         .wake_at = wake_at,   .discard = discard,
		 .order = take_order,        .quota = quota},
	.slurm_uid = SLURM};

void job_add(uint32_t id, uint32_t uid, const char *nonce)
{
	struct job *j = &jobs[desired.n++];

	*j = (struct job){.id = id,
			  .uid = uid,
			  .gid = uid,
			  .phase = JOB_RUNNING,
			  .cpus = 2,
			  .memory_bytes = UINT64_C(512) << 20,
			  .request = {.image = "tiny", .revision = "v1"}};
	(void)str_copy(j->request.nonce, sizeof(j->request.nonce), nonce);
	(void)str_copy(j->user, sizeof(j->user), uid == ALICE ? "alice" : "bob");
	(void)str_copy(j->node, sizeof(j->node), "worker1node");
}

void setup(void)
{
	desired = (struct desired){.known = true, .job = jobs};
	observed = (struct observed){.vms_known = true, .n_vm = 1, .vm = vms};
	vms[0] = (struct vm_seen){
		.name = "vm-30-" NONCE "-r0", .job_key = "30-" NONCE, .node = "worker2node"};
	job_add(18, BOB, NONCE); /* in any order */
	job_add(17, ALICE, NONCE);
	status = (struct vm_status){.state = VM_STATE_BOOTING,
				    .reason = "waiting for the guest agent",
				    .vm = "vm-17-" NONCE "-r0",
				    .node = "worker1node",
				    .address = "192.168.172.57",
				    .user = "user"};
	status.since_s[VM_STATE_PENDING] = 4900;
	status.since_s[VM_STATE_BOOTING] = 4990;
	memset(images, 0, sizeof(images));
	(void)str_copy(images[0].name, sizeof(images[0].name), "tiny");
	images[0].n_revision = 2;
	(void)str_copy(images[0].revision[0].name, sizeof(images[0].revision[0].name), "v1");
	(void)str_copy(images[0].revision[1].name, sizeof(images[0].revision[1].name), "v2");
	(void)str_copy(images[1].name, sizeof(images[1].name), "win11");
	images[1].profile = VM_PROFILE_WINDOWS;
	images[1].n_uid = 1;
	images[1].uid[0] = BOB;
	plan_now = (struct plan){.n = 1, .act = {{.kind = ACT_CREATE_VM, .job_id = 17}}};
	views.plan = &plan_now;
	memset(&hint, 0, sizeof(hint));
	memset(&approved, 0, sizeof(approved));
	key_done = NULL;
}

void ask_as(uint32_t uid, const char *text)
{
	static struct wire_in request;
	static char request_text[1024];
	struct caller who = {.uid = uid, .gid = uid};
	struct err e;

	(void)snprintf(request_text, sizeof(request_text), "slurm-vm=1\n%s", text);
	ck_assert_int_eq(wire_decode(request_text, strlen(request_text), &request, &e), 0);
	reply = (struct reply){.sent = false};
	in.n = 0;
	wire_begin(&reply.out, buf, sizeof(buf));
	requests_handle(&requests, &who, &request, &reply);
}
