/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may ask what, and what is answered: requests.c with a fake port. The server is left out:
 * reply_out, reply_send and reply_error are this file's. */
#include "vmd/api/requests_held.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define ALICE 1000
#define BOB   1001
#define SLURM 64030
#define NONCE "9f3c12ab45de6701"

/* The reply */

struct reply {
	struct wire_out out;
	bool sent;
	struct err e;
};

static struct reply reply;
static char buf[WIRE_MAX + 1];
static struct wire_in in;

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

static struct job jobs[3000];
static struct desired desired;
static struct vm_seen vms[1];
static struct observed observed;
static struct vm_status status, ranks[3]; /* of job 17, of job 40's machines */
static struct image images[2];
static struct catalogue catalogue = {.n = 2, .image = images};
static struct plan plan_now;
static bool no_plan;
static struct {
	unsigned n;
	uint32_t job, uid;
	bool has_request;
	char image[JOB_NAME_MAX + 1];
} hint;
static struct {
	unsigned n;
	uint32_t uid;
} approved;
static requests_key_fn key_done;
static void *key_ctx;

static const struct desired *get_desired(void *self)
{
	(void)self;
	return &desired;
}

static const struct observed *get_observed(void *self)
{
	(void)self;
	return &observed;
}

static const struct vm_status *get_status(void *self, uint32_t job_id, uint32_t rank)
{
	(void)self;
	if (job_id == 40)
		return rank < 3 ? &ranks[rank] : NULL;
	return job_id == 17 ? &status : NULL;
}

static const struct catalogue *get_catalogue(void *self)
{
	(void)self;
	return &catalogue;
}

static const struct plan *get_plan(void *self)
{
	(void)self;
	return no_plan ? NULL : &plan_now;
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

static int read_key(void *self, const struct job *j, requests_key_fn done, void *ctx, struct err *e)
{
	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_RETRY, "Kubernetes is not connected");
	key_done = done;
	key_ctx = ctx;
	return 0;
}

static unsigned n_keys;
static char first_key[64];

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

static requests_access_fn access_done;
static void *access_ctx;

static int open_access(void *self, const struct job *j, requests_access_fn done, void *ctx,
		       struct err *e)
{
	(void)self;
	if (j->id == 18)
		return err_set(e, ERR_RETRY, "job 18 has no virtual machine at the moment");
	access_done = done;
	access_ctx = ctx;
	return 0;
}

static int64_t now_us, woken_us;

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

static uint32_t ended, ended_by; /* the job, and for whom */

static char migrated[64]; /* "17 to '*' by 1000" */

static void migrate(void *self, const struct job *j, const char *to, uint32_t uid)
{
	(void)self;
	(void)snprintf(migrated, sizeof(migrated), "%u to '%s' by %u", j->id, to, uid);
}

static char resized[64]; /* "17 to 4/4294967296 by 1000" */

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

static struct {
	unsigned n;
	char disk[VM_NAME_MAX + 1];
	requests_done_fn done;
	void *ctx;
} discarded;

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

static struct {
	unsigned n;
	struct disk_order order;
	requests_done_fn done;
	void *ctx;
} ordered;

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

static struct disk_quota quota_now;

static const struct disk_quota *quota(void *self)
{
	(void)self;
	return &quota_now;
}

static struct requests requests = {
	.port = {.desired = get_desired,
		 .observed = get_observed,
		 .status = get_status,
		 .catalogue = get_catalogue,
		 .plan = get_plan,
		 .approve = approve,
		 .hint = take_hint,
		 .read_key = read_key,
		 .read_password = read_password,
		 .set_keys = set_keys,
		 .end_job = end_job,
		 .open_access = open_access,
		 .migrate = migrate,
		 .resize = resize,
		 .wall_s = wall_s,
		 .mono_us = mono_us,
		 .wake_at = wake_at,
		 .discard = discard,
		 .order = take_order,
		 .quota = quota},
	.slurm_uid = SLURM
};

static void job_add(uint32_t id, uint32_t uid, const char *nonce)
{
	struct job *j = &jobs[desired.n++];

	*j = (struct job){
		.id = id,
		.uid = uid,
		.gid = uid,
		.phase = JOB_RUNNING,
		.cpus = 2,
		.memory_bytes = UINT64_C(512) << 20,
		.request = {.image = "tiny", .revision = "v1"}
        };
	(void)str_copy(j->request.nonce, sizeof(j->request.nonce), nonce);
	(void)str_copy(j->user, sizeof(j->user), uid == ALICE ? "alice" : "bob");
	(void)str_copy(j->node, sizeof(j->node), "worker1node");
}

static void setup(void)
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
	no_plan = false;
	memset(&hint, 0, sizeof(hint));
	memset(&approved, 0, sizeof(approved));
	key_done = NULL;
}

/* text: "op=show\njob=17\n" */
static void ask_as(uint32_t uid, const char *text)
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

/* ERR_NONE: allowed */
static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind;
	const char *why;
} rows[] = {
	{ALICE,      "op=show\njob=17\n",				     ERR_NONE,    "the owner"                    },
	{0,          "op=show\njob=17\n",				     ERR_NONE,    "root"                         },
	{SLURM,      "op=show\njob=17\n",				     ERR_NONE,    "SlurmUser"                    },
	{BOB,        "op=show\njob=17\n",				     ERR_DENIED,  "another user"                 },
	{UINT32_MAX, "op=show\njob=17\n",                                     ERR_DENIED,  "nobody known"                 },
	{ALICE,      "op=show\njob=99\n",				     ERR_ABSENT,  "no such job"                  },
	{ALICE,      "op=show\njob=30\n",				     ERR_ABSENT,  "a leftover is root's business"},
	{ALICE,      "op=show\n",					     ERR_INVALID, "no job"                       },
	{ALICE,      "op=show\njob=0\n",				      ERR_INVALID, "job 0"                        },
	{ALICE,      "op=show\njob=-17\n",                                    ERR_INVALID, "no number"                    },
	{ALICE,      "op=show\njob=4294967313\n",                             ERR_INVALID, "17 + 2^32"                    },
	{BOB,        "op=key\njob=17\n",				      ERR_DENIED,  "another user's key"           },
	{ALICE,      "op=key\njob=99\n",				      ERR_ABSENT,  "no such job's key"            },
	{BOB,        "op=key\njob=18\n",				      ERR_RETRY,   "the key cannot be read now"   },
	{ALICE,      "op=password\njob=17\n",                                 ERR_NONE,    "the owner's password"         },
	{BOB,        "op=password\njob=17\n",                                 ERR_DENIED,  "another user's password"      },
	{0,          "op=password\njob=17\n",                                 ERR_DENIED,  "not even root"                },
	{SLURM,      "op=password\njob=17\n",                                 ERR_DENIED,  "nor SlurmUser"                },
	{BOB,        "op=password\njob=17\nrotate=1\n",                       ERR_DENIED,  "another user rotates nothing" },
	{BOB,        "op=password\njob=18\n",                                 ERR_RETRY,   "it cannot be read now"        },
	{BOB,        "op=keys\njob=17\nkey[]=x\n",                            ERR_DENIED,  "another user's keys"          },
	{0,          "op=keys\njob=17\n",				     ERR_DENIED,  "root lets nobody in"          },
	{ALICE,      "op=keys\njob=17\nkey[]=x\n",                            ERR_INVALID, "no key"                       },
	{ALICE,      "op=migrate\njob=17\n",                                  ERR_NONE,    "the owner moves it"           },
	{0,          "op=migrate\njob=17\nto=worker9node\n",                  ERR_NONE,    "root moves it"                },
	{BOB,        "op=migrate\njob=17\n",                                  ERR_DENIED,  "another user moves nothing"   },
	{ALICE,      "op=migrate\njob=99\n",                                  ERR_ABSENT,  "no such job to move"          },
	{ALICE,      "op=migrate\njob=17\nto=a b\n",                          ERR_INVALID, "no node has such a name"      },
	{ALICE,      "op=stop\njob=17\n",				     ERR_NONE,    "the owner stops it"           },
	{BOB,        "op=stop\njob=17\n",				     ERR_DENIED,  "another user stops nothing"   },
	{ALICE,      "op=stop\njob=99\n",				     ERR_ABSENT,  "no such job to stop"          },
	{BOB,        "op=stop\njob=18\n",				     ERR_RETRY,   "it cannot be stopped now"     },
	{ALICE,      "op=list\n",					     ERR_NONE,    "the own"                      },
	{ALICE,      "op=list\nall=1\n",				      ERR_DENIED,  "everybody's"                  },
	{0,          "op=list\nall=1\n",				      ERR_NONE,    "everybody's for root"         },
	{SLURM,      "op=list\nall=1\n",				      ERR_NONE,    "everybody's for SlurmUser"    },
	{ALICE,      "op=list\nafter=x\n",                                    ERR_INVALID, "after is a number"            },
	{ALICE,      "op=images\n",					   ERR_NONE,    "images are for all"           },
	{ALICE,      "op=plan\n",					     ERR_DENIED,  "the plan"                     },
	{0,          "op=plan\n",					     ERR_NONE,    "the plan for root"            },
	{SLURM,      "op=plan\n",					     ERR_NONE,    "the plan for SlurmUser"       },
	{ALICE,      "op=approve\nheld=40\n",                                 ERR_DENIED,  "approval"                     },
	{0,          "op=approve\nheld=40\n",                                 ERR_ABSENT,  "nothing to approve"           },
	{SLURM,      "op=approve\nheld=40\n",                                 ERR_ABSENT,  "nothing for SlurmUser"        },
	{0,          "op=approve\n",					  ERR_INVALID, "how many?"                    },
	{BOB,        "op=hint\njob=17\n",				     ERR_NONE,    "anybody may hint"             },
	{BOB,        "op=hint\n",					     ERR_INVALID, "hint what?"                   },
	{0,          "op=hint\njob=17\nrequest=image%3D\nuid=1000\n",         ERR_INVALID, "a bad request"                },
	{0,          "op=hint\njob=17\nrequest=image=tiny nonce=" NONCE "\n", ERR_INVALID, "whose?"                       },
	{0,          "op=destroy\njob=17\n",                                  ERR_INVALID, "no such op"                   },
	{0,          "job=17\n",					      ERR_INVALID, "no op"                        },
};

START_TEST(authorisation)
{
	setup();
	ask_as(rows[_i].uid, rows[_i].text);
	ck_assert_msg(reply.sent, "%s: no answer", rows[_i].why);
	ck_assert_msg(reply.e.kind == rows[_i].kind, "%s: %s: %s", rows[_i].why,
		      err_kind_name(reply.e.kind), reply.e.msg);
	if (rows[_i].kind == ERR_DENIED)
		ck_assert_uint_eq(in.n, 0);
}
END_TEST

/* Without SlurmUser's uid nobody is SlurmUser; uid 0 stays root. */
START_TEST(slurm_user_unknown)
{
	setup();
	requests.slurm_uid = 0;
	ask_as(SLURM, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(0, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	requests.slurm_uid = SLURM;
}
END_TEST

START_TEST(show_fields)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	struct err e;

	setup();
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "job"), "17");
	ck_assert_pstr_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_pstr_eq(wire_get(&in, "reason"), "waiting for the guest agent");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-17-" NONCE "-r0");
	ck_assert_pstr_eq(wire_get(&in, "host"), "worker1node");
	ck_assert_pstr_eq(wire_get(&in, "address"), "192.168.172.57");
	ck_assert_pstr_eq(wire_get(&in, "user"), "user");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "elapsed"), "10");
	ck_assert_int_eq(json_parse(wire_get(&in, "json"), strlen(wire_get(&in, "json")), &o, &e),
			 0);
	ck_assert_pstr_eq(json_str_at(o, "user"), "alice");
	ck_assert_pstr_eq(json_str_at(o, "guest_user"), "user");
	ck_assert_int_eq(json_object_get_int64(json_at(o, "since/PENDING")), 4900);
	ck_assert_ptr_null(json_at(o, "since/READY"));
	status.node_clear = true;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
}
END_TEST

static bool stands_by(void *self, char *ret_host, size_t size)
{
	(void)self;
	(void)str_copy(ret_host, size, "masternode");
	return true;
}

/* One that stands by tells what it sees, and that it does; it takes no orders, which nobody would
 * carry out, and says of no node that it is clear. */
/* Job 40: three machines, of which the second boots still. */
static void several_setup(void)
{
	static const char *const nodes[] = {"worker1node", "worker2node", "worker3node"};

	setup();
	for (uint32_t i = 0; i < 3; i++) {
		struct job *j;

		job_add(40, ALICE, "00000000000000aa");
		j = &jobs[desired.n - 1];
		j->rank = i;
		j->request.machines = 3;
		(void)str_copy(j->node, sizeof(j->node), nodes[i]);
		ranks[i] = (struct vm_status){.state = VM_STATE_READY, .user = "user"};
		(void)str_copy(ranks[i].node, sizeof(ranks[i].node), nodes[i]);
		(void)str_fmt(ranks[i].vm, sizeof(ranks[i].vm), "vm-40-00000000000000aa-%u-r0", i);
		(void)str_fmt(ranks[i].address, sizeof(ranks[i].address), "192.168.172.%u", 60 + i);
	}
	ranks[1].state = VM_STATE_BOOTING;
	ranks[1].address[0] = '\0';
	(void)str_copy(ranks[1].reason, sizeof(ranks[1].reason), "waiting for the guest agent");
}

START_TEST(several_are_one)
{
	several_setup();
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_str_eq(wire_get(&in, "reason"), "machine 1: waiting for the guest agent");
	ck_assert_str_eq(wire_get(&in, "hosts"), "worker1node worker2node worker3node");
	ck_assert_str_eq(wire_get(&in, "addresses"), "192.168.172.60 - 192.168.172.62");
	ck_assert_str_eq(wire_get(&in, "address"), "192.168.172.60");
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "json"), "\"each\":["));
	ranks[1] = ranks[0];
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	/* One that shut down is no news while others go on; one that failed is. */
	ranks[0].state = VM_STATE_STOPPING;
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	ranks[2].state = VM_STATE_FAILED;
	(void)str_copy(ranks[2].reason, sizeof(ranks[2].reason), "no room");
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "FAILED");
	ck_assert_str_eq(wire_get(&in, "reason"), "machine 2: no room");
}
END_TEST

static const char *clear_of(const char *fields)
{
	char text[128];

	(void)str_fmt(text, sizeof(text), "op=show\njob=40\n%s", fields);
	ask_as(0, text);
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	return wire_get(&in, "node_clear");
}

/* An epilog asks for the machine on its own node. */
START_TEST(one_of_several)
{
	several_setup();
	ranks[0].node_clear = ranks[2].node_clear = true;
	ck_assert_str_eq(clear_of("node=worker1node\n"), "1");
	ck_assert_str_eq(clear_of("node=worker2node\n"), "0");
	ck_assert_str_eq(clear_of("node=worker2node.example.org\n"), "0");
	ck_assert_str_eq(clear_of("node=worker3node\n"), "1");
	ck_assert_str_eq(clear_of(""), "0");
	ck_assert_str_eq(clear_of("node=elsewhere\n"), "0"); /* of all */
	ranks[1].node_clear = true;
	ck_assert_str_eq(clear_of("node=elsewhere\n"), "1");
	ask_as(ALICE, "op=show\njob=40\nrank=2\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	ck_assert_str_eq(wire_get(&in, "address"), "192.168.172.62");
	ask_as(ALICE, "op=show\njob=40\nrank=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ck_assert_ptr_nonnull(strstr(reply.e.msg, "0 to 2"));
	ask_as(ALICE, "op=show\njob=17\nrank=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ask_as(BOB, "op=show\njob=40\nrank=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(ALICE, "op=migrate\njob=40\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=40\ncpus=8\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
}
END_TEST

START_TEST(several_are_listed)
{
	const char *text;
	size_t at = 0, n = 0;

	several_setup();
	ask_as(ALICE, "op=list\n");
	while ((text = wire_next(&in, "vm[]", &at)) != NULL)
		n += strstr(text, "\"machines\":3") != NULL;
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(news_of_one_of_several)
{
	char text[128], seen[HELD_TOKEN_SIZE];

	several_setup();
	now_us = 1000000;
	ask_as(0, "op=show\njob=40\nnode=worker2node\n");
	(void)str_copy(seen, sizeof(seen), wire_get(&in, "seen"));
	(void)str_fmt(text, sizeof(text), "op=show\njob=40\nnode=worker2node\nseen=%s\nwait=8\n",
		      seen);
	ask_as(0, text);
	ck_assert(!reply.sent);
	ranks[0].state = VM_STATE_FAILED; /* not what was asked for */
	requests_look(&requests);
	ck_assert(!reply.sent);
	ranks[1].node_clear = true;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_str_eq(wire_get(&in, "node_clear"), "1");
	ck_assert_str_eq(wire_get(&in, "host"), "worker2node");
}
END_TEST

START_TEST(standby)
{
	static const char *const refused[] = {"op=hint\njob=17\n", "op=stop\njob=17\n",
					      "op=approve\nheld=0\n"};

	setup();
	requests.port.stands_by = stands_by;
	status.node_clear = true;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "standby"), "masternode");
	ck_assert_pstr_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ask_as(ALICE, "op=list\n");
	ck_assert_pstr_eq(wire_get(&in, "standby"), "masternode");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		ask_as(0, refused[i]);
		ck_assert_int_eq(reply.e.kind, ERR_RETRY);
		ck_assert_ptr_nonnull(strstr(reply.e.msg, "masternode leads"));
	}
	ck_assert_uint_eq(hint.n, 0);
	ck_assert_uint_eq(approved.n, 0);
	requests.port.stands_by = NULL;
}
END_TEST

/* In the list, but the reconciler has not seen it: never "clear". */
START_TEST(show_before_the_first_round)
{
	setup();
	ask_as(BOB, "op=show\njob=18\n");
	ck_assert_pstr_eq(wire_get(&in, "state"), "UNKNOWN");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "elapsed"), "0");
}
END_TEST

/* slurmctld does not answer: what is known is told, what is not known is not "absent". */
START_TEST(without_slurm)
{
	setup();
	desired.known = false;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ask_as(ALICE, "op=show\njob=99\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
	desired.n = 0;
	ask_as(ALICE, "op=list\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

/* The epilog asks for a job whose request is gone, but its VM is not. */
START_TEST(leftover)
{
	setup();
	ask_as(0, "op=show\njob=30\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-30-" NONCE "-r0");
	ask_as(0, "op=show\njob=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	observed.vms_known = false;
	ask_as(0, "op=show\njob=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

START_TEST(hints)
{
	setup();
	ask_as(0, "op=hint\njob=17\nrequest=image=win11 nonce=" NONCE "\nuid=1000\n");
	ck_assert_uint_eq(hint.n, 1);
	ck_assert(hint.has_request);
	ck_assert_uint_eq(hint.uid, ALICE);
	ck_assert_str_eq(hint.image, "win11");
	/* from anybody else it is a hint and no more, whatever it says */
	ask_as(BOB, "op=hint\njob=17\nrequest=image=win11 nonce=" NONCE "\nuid=1000\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_uint_eq(hint.n, 2);
	ck_assert(!hint.has_request);
	ck_assert_uint_eq(hint.uid, 0);
	ask_as(SLURM, "op=hint\njob=17\nrequest=rubbish\n");
	ck_assert_uint_eq(hint.n, 3);
	ck_assert(!hint.has_request);
}
END_TEST

START_TEST(key_comes_later)
{
	struct err none = {.kind = ERR_NONE};
	struct err gone = {.kind = ERR_ABSENT, .msg = "no Secret"};

	setup();
	ask_as(ALICE, "op=key\njob=17\n");
	ck_assert(!reply.sent);
	ck_assert_ptr_nonnull(key_done);
	key_done(key_ctx, &none, "-----BEGIN\nabc\n");
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "key"), "-----BEGIN\nabc\n");
	ck_assert_pstr_eq(wire_get(&in, "address"), "192.168.172.57");
	ask_as(0, "op=key\njob=17\n");
	key_done(key_ctx, &gone, "");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ck_assert_str_eq(reply.e.msg, "no Secret");
}
END_TEST

START_TEST(password_is_told)
{
	setup();
	ask_as(ALICE, "op=password\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "password"), "old-Password-23.abc");
	ck_assert_pstr_eq(wire_get(&in, "user"), "user");
	ask_as(ALICE, "op=password\njob=17\nrotate=1\n");
	ck_assert_pstr_eq(wire_get(&in, "password"), "new-Password-23.abc");
}
END_TEST

/* What reaches the guest is type and key, no more. */
START_TEST(keys_are_cleaned)
{
	setup();
	ask_as(ALICE, "op=keys\njob=17\nkey[]=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me%0D\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=keys\njob=17\nkey[]=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me here\n");
	ck_assert_uint_eq(n_keys, 1);
	ck_assert_str_eq(first_key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");
	ask_as(ALICE, "op=keys\njob=17\n");
	ck_assert_uint_eq(n_keys, 0);
}
END_TEST

START_TEST(access_for_the_owner)
{
	struct err none = {.kind = ERR_NONE};
	struct err denied = {.kind = ERR_DENIED, .msg = "no roles for vmd"};
	struct requests_access a = {.server = "https://k:6443",
				    .ca = "-----BEGIN\nca\n",
				    .name_space = "slurm-vm",
				    .vm = "vm-17-" NONCE "-r0",
				    .token = "t0k3n",
				    .until_s = 5000};

	setup();
	access_done = NULL;
	ask_as(BOB, "op=access\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(ALICE, "op=access\njob=99\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ask_as(BOB, "op=access\njob=18\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
	ck_assert_ptr_null(access_done);
	ask_as(ALICE, "op=access\njob=17\n");
	ck_assert(!reply.sent);
	access_done(access_ctx, &none, &a);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "token"), "t0k3n");
	ck_assert_pstr_eq(wire_get(&in, "ca"), "-----BEGIN\nca\n");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-17-" NONCE "-r0");
	ck_assert_pstr_eq(wire_get(&in, "until"), "5000");
	ask_as(ALICE, "op=access\njob=17\n");
	access_done(access_ctx, &denied, &a);
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ck_assert_ptr_null(wire_get(&in, "token"));
}
END_TEST

START_TEST(resize_is_checked)
{
	setup();
	ask_as(ALICE, "op=resize\njob=17\ncpus=4\n"); /* its VM is not seen */
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
	vms[0] = (struct vm_seen){.name = "vm-17-" NONCE "-r0",
				  .job_key = "17-" NONCE,
				  .phase = VM_RUNNING,
				  .node = "worker1node"};
	vms[0].size = (struct vm_size){.cores = 1,
				       .sockets = 2,
				       .sockets_given = 2,
				       .sockets_wanted = 2,
				       .sockets_max = 4,
				       .memory_bytes = UINT64_C(64) << 20};
	ask_as(ALICE, "op=resize\njob=17\ncpus=4\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_str_eq(resized, "17 to 4/536870912 by 1000");
	resized[0] = '\0';
	ask_as(ALICE, "op=resize\njob=17\ncpus=5\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=17\ncpus=x\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(BOB, "op=resize\njob=17\ncpus=4\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	status.growing = true;
	ask_as(ALICE, "op=resize\njob=17\ncancel=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_str_eq(resized, "");
	status.growing = false;
	ask_as(ALICE, "op=resize\njob=17\ncancel=1\n");
	ck_assert_str_eq(resized, "17 to 0/0 by 1000");
}
END_TEST

START_TEST(migrate_tells_where)
{
	setup();
	ask_as(ALICE, "op=migrate\njob=17\n");
	ck_assert_str_eq(migrated, "17 to '*' by 1000");
	ask_as(0, "op=migrate\njob=17\nto=worker9node\n");
	ck_assert_str_eq(migrated, "17 to 'worker9node' by 0");
	ask_as(ALICE, "op=migrate\njob=17\ncancel=1\n");
	ck_assert_str_eq(migrated, "17 to '' by 1000");
	migrated[0] = '\0';
	for (size_t n = 0; n < desired.n; n++)
		if (jobs[n].id == 17)
			jobs[n].phase = JOB_PENDING;
	ask_as(ALICE, "op=migrate\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_str_eq(migrated, "");
}
END_TEST

/* Only what runs is ended; what ends is let be; what waits has nothing to be shut down. */
START_TEST(stop_by_phase)
{
	static const struct {
		enum job_phase phase;
		enum err_kind kind;
		bool ends;
	} phases[] = {
		{JOB_PENDING, ERR_CONFLICT, false},
		{JOB_RUNNING, ERR_NONE,     true },
		{JOB_ENDING,  ERR_NONE,     false},
		{JOB_ENDED,   ERR_NONE,     false}
        };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		ended = ended_by = 0;
		for (size_t n = 0; n < desired.n; n++)
			if (jobs[n].id == 17)
				jobs[n].phase = phases[i].phase;
		ask_as(ALICE, "op=stop\njob=17\n");
		ck_assert(reply.sent);
		ck_assert_int_eq(reply.e.kind, phases[i].kind);
		ck_assert_uint_eq(ended, phases[i].ends ? 17 : 0);
		ck_assert_uint_eq(ended_by, phases[i].ends ? ALICE : 0);
	}
}
END_TEST

static uint32_t listed(size_t *at)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	const char *text = wire_next(&in, "vm[]", at);
	struct err e;

	if (!text)
		return 0;
	ck_assert_int_eq(json_parse(text, strlen(text), &o, &e), 0);
	return (uint32_t)json_object_get_int64(json_at(o, "job"));
}

START_TEST(lists)
{
	size_t at = 0;

	setup();
	ask_as(ALICE, "op=list\n");
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 0);
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "vm[]"));
	ask_as(0, "op=list\nall=1\n");
	at = 0;
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 18);
	ck_assert_uint_eq(listed(&at), 0);
	ck_assert_ptr_null(wire_get(&in, "more"));
}
END_TEST

/* A job id that came again: only the one that lives is shown. */
START_TEST(one_id_twice)
{
	size_t at = 0;

	setup();
	job_add(17, ALICE, "0000000000000000");
	desired.job[2].phase = JOB_ENDED;
	ask_as(ALICE, "op=list\n");
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 0);
	desired.job[2].uid = BOB; /* an ended job of the same id gives no right to the living */
	ask_as(BOB, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
}
END_TEST

/* More than fits into one message: page after page, each job once. */
START_TEST(page_after_page)
{
	uint32_t last = 0, n = 0, pages = 0;

	setup();
	desired.n = 0;
	for (uint32_t i = 0; i < ARRAY_LEN(jobs); i++)
		job_add((uint32_t)ARRAY_LEN(jobs) - i, ALICE, NONCE);
	for (;;) {
		char text[64];
		size_t at = 0;
		uint32_t id;

		(void)snprintf(text, sizeof(text), "op=list\nafter=%u\n", last);
		ask_as(ALICE, text);
		ck_assert_int_eq(reply.e.kind, ERR_NONE);
		while ((id = listed(&at))) {
			ck_assert_uint_eq(id, last + 1);
			last = id;
			n++;
		}
		pages++;
		if (!wire_get(&in, "more"))
			break;
	}
	ck_assert_uint_eq(n, ARRAY_LEN(jobs));
	ck_assert_uint_gt(pages, 1);
}
END_TEST

/* Which drives the guest has, and why not: by its owner's name and its image. */
START_TEST(drives_are_shown)
{
	static const struct share shares[] = {
		{.drive = 'H', .path = "\\\\s\\home\\%USER%"},
                {.drive = 'P', .path = "\\\\s\\p"           }
        };
	static const char *const want[] = {
		"[{\"name\":\"/mnt/h\",\"path\":\"//s/home/alice\"},"
		"{\"name\":\"/mnt/p\",\"path\":\"//s/p\"}]",
		"[{\"name\":\"H:\",\"path\":\"\\\\\\\\s\\\\home\\\\alice\"},"
		"{\"name\":\"P:\",\"path\":\"\\\\\\\\s\\\\p\"}]",
		"[{\"name\":\"H:\",\"path\":\"\",\"none\":\"Slurm does not know the name of the "
		"job's "
		"owner\"},{\"name\":\"P:\",\"path\":\"\\\\\\\\s\\\\p\"}]",
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		AUTO(json_object_put) struct json_object *o = json_object_new_object();

		memset(images, 0, sizeof(images));
		images[0].n_share = ARRAY_LEN(shares);
		memcpy(images[0].share, shares, sizeof(shares));
		images[0].profile = i == 0 ? VM_PROFILE_LINUX : VM_PROFILE_WINDOWS;
		ask_put_drives(o, &images[0], i == 2 ? "" : "alice");
		ck_assert_str_eq(json_object_to_json_string_ext(
					 json_at(o, "drives"),
					 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
				 want[i]);
		images[0].n_share = 0;
		json_object_object_del(o, "drives");
		ask_put_drives(o, &images[0], "alice");
		ask_put_drives(o, NULL, "alice");
		ck_assert_ptr_null(json_at(o, "drives"));
	}
}
END_TEST

START_TEST(image_list)
{
	AUTO(json_object_put) struct json_object *tiny = NULL, *win = NULL;
	size_t at = 0;
	const char *text;
	struct err e;

	setup();
	ask_as(ALICE, "op=images\n");
	text = wire_next(&in, "image[]", &at);
	ck_assert_int_eq(json_parse(text, strlen(text), &tiny, &e), 0);
	text = wire_next(&in, "image[]", &at);
	ck_assert_int_eq(json_parse(text, strlen(text), &win, &e), 0);
	ck_assert_pstr_eq(json_str_at(tiny, "name"), "tiny");
	ck_assert_pstr_eq(json_str_at(tiny, "revisions/0"), "v2");
	ck_assert(json_object_get_boolean(json_at(tiny, "allowed")));
	ck_assert(!json_object_get_boolean(json_at(win, "allowed")));
	ck_assert_pstr_eq(json_str_at(win, "profile"), "windows");
	/* what --mem must be: the guest's and what its host needs for it */
	ck_assert_int_eq(json_object_get_int64(json_at(tiny, "memory_min_bytes")),
			 (int64_t)vm_allocation_bytes(images[0].memory_min_bytes, 1, false));
	ck_assert_int_gt(json_object_get_int64(json_at(tiny, "memory_min_bytes")),
			 (int64_t)images[0].memory_min_bytes);
	at = 0;
	ask_as(ALICE, "op=images\nafter=tiny\n");
	ck_assert_ptr_nonnull(strstr(wire_next(&in, "image[]", &at), "win11"));
	ck_assert_ptr_null(wire_next(&in, "image[]", &at));
}
END_TEST

START_TEST(the_plan)
{
	setup();
	plan_now.approval = true;
	ask_as(0, "op=plan\n");
	ck_assert_msg(str_starts(wire_get(&in, "action[]"), "create-vm job=17"), "%s",
		      wire_get(&in, "action[]"));
	ck_assert_pstr_eq(wire_get(&in, "approval"), "1");
	ck_assert_pstr_eq(wire_get(&in, "cut"), "0");
	no_plan = true;
	ask_as(0, "op=plan\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

/* Only an administrator, and only what he was shown. */
START_TEST(approval)
{
	size_t at = 0;

	setup();
	plan_now.approval = true;
	plan_now.held = 40;
	for (size_t i = 0; i < PLAN_HELD; i++)
		(void)str_fmt(plan_now.held_vm[i], sizeof(plan_now.held_vm[i]), "vm-%zu", i);
	ask_as(0, "op=plan\n");
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	for (size_t i = 0; i < PLAN_HELD; i++)
		ck_assert_pstr_eq(wire_next(&in, "example[]", &at), plan_now.held_vm[i]);
	ck_assert_ptr_null(wire_next(&in, "example[]", &at));
	ask_as(ALICE, "op=approve\nheld=40\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(0, "op=approve\nheld=39\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_uint_eq(approved.n, 0);
	ask_as(SLURM, "op=approve\nheld=41\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	ck_assert_uint_eq(approved.n, 1);
	ck_assert_uint_eq(approved.uid, SLURM);
}
END_TEST

/* Administrators hear of it with every list, others do not. */
START_TEST(held_is_told)
{
	setup();
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
	plan_now.held = 40;
	ask_as(0, "op=list\n");
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	ask_as(ALICE, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
	no_plan = true;
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
}
END_TEST

/* Kept disks: 5 and 6 of alice's jobs that Slurm forgot, 7 of bob's, one without an origin; 17
 * fails and has a mark, but runs still. */
static struct disk_seen disks[6];

static void disk_add(const char *key, uint32_t uid, int64_t until_s)
{
	struct disk_seen *d = &disks[observed.n_disk++];

	*d = (struct disk_seen){
		.kept_until_s = until_s,
		.size_bytes = UINT64_C(2) << 30,
		.origin = {.known = uid != 0, .uid = uid, .image = "tiny"}
        };
	(void)str_copy(d->job_key, sizeof(d->job_key), key);
	(void)str_fmt(d->name, sizeof(d->name), "vm-%s-root", key);
}

static void disks_make(void)
{
	setup();
	observed.disks_known = true;
	observed.disk = disks;
	observed.n_disk = 0;
	disk_add("17-" NONCE, ALICE, 9000);
	disk_add("5-" NONCE, ALICE, 9000);
	disk_add("6-" NONCE, ALICE, 0);
	disk_add("7-" NONCE, BOB, 9000);
	disk_add("8-" NONCE, 0, 9000);
}

static size_t kept_count(void)
{
	size_t n = 0, at = 0;

	while (wire_next(&in, "kept[]", &at))
		n++;
	return n;
}

START_TEST(kept_disks)
{
	disks_make();
	ask_as(ALICE, "op=kept\n");
	ck_assert_uint_eq(kept_count(), 1);
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "kept[]"), "\"key\":\"5-" NONCE "\""));
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "kept[]"), "\"kept_until\":9000"));
	ask_as(BOB, "op=kept\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(BOB, "op=kept\nall=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(SLURM, "op=kept\nall=1\n");
	ck_assert_uint_eq(kept_count(), 3);
	ask_as(0, "op=kept\njob=7\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(ALICE, "op=kept\njob=7\n");
	ck_assert_uint_eq(kept_count(), 0);
	ask_as(ALICE, "op=kept\njob=5-" NONCE "\n");
	ck_assert_uint_eq(kept_count(), 1);
	ask_as(ALICE, "op=kept\nafter=5-" NONCE "\n");
	ck_assert_uint_eq(kept_count(), 0);
	observed.disks_known = false;
	ask_as(ALICE, "op=kept\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

static const struct {
	uint32_t uid;
	const char *job;
	enum err_kind kind; /* ERR_NONE: it goes */
} discards[] = {
	{ALICE, "5",        ERR_NONE   },
        {ALICE, "5-" NONCE, ERR_NONE   },
        {0,     "5",        ERR_NONE   },
	{SLURM, "8",        ERR_NONE   },
        {BOB,   "5",        ERR_DENIED },
        {ALICE, "8",        ERR_DENIED },
	{ALICE, "6",        ERR_ABSENT }, /* not kept */
	{ALICE, "17",       ERR_ABSENT }, /* runs */
	{ALICE, "x",        ERR_INVALID},
        {ALICE, "",         ERR_INVALID},
};

START_TEST(discard_rows)
{
	struct err fine = {.kind = ERR_NONE};
	struct err full = {.kind = ERR_UNSURE, .msg = "Ceph does not answer"};
	char text[64];

	disks_make();
	memset(&discarded, 0, sizeof(discarded));
	(void)str_fmt(text, sizeof(text), "op=discard\njob=%s\n", discards[_i].job);
	ask_as(discards[_i].uid, text);
	ck_assert_uint_eq(discarded.n, discards[_i].kind == ERR_NONE ? 1 : 0);
	if (discards[_i].kind != ERR_NONE) {
		ck_assert_int_eq(reply.e.kind, discards[_i].kind);
		return;
	}
	ck_assert(!reply.sent);
	discarded.done(discarded.ctx, _i ? &fine : &full);
	ck_assert_int_eq(reply.e.kind, _i ? ERR_NONE : ERR_UNSURE);
}
END_TEST

/* A job waits in the queue for it. */
START_TEST(claimed_disk_is_not_discarded)
{
	disks_make();
	memset(&discarded, 0, sizeof(discarded));
	jobs[0].phase = JOB_PENDING;
	jobs[0].uid = ALICE;
	(void)str_copy(jobs[0].request.from, sizeof(jobs[0].request.from), "5");
	ask_as(ALICE, "op=discard\njob=5\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_uint_eq(discarded.n, 0);
}
END_TEST

/* ---- named disks ---- */

static struct named_disk nameds[6];
static struct attachment attachments[6];

static void named_add(uint32_t uid, const char *name, const char *claims)
{
	struct named_disk *d = &nameds[observed.n_named++];
	struct err e;

	*d = (struct named_disk){.uid = uid, .size_bytes = UINT64_C(4) << 30, .created_s = 77};
	(void)str_copy(d->name, sizeof(d->name), name);
	(void)named_image("lab", uid, name, d->image, sizeof(d->image));
	ck_assert_int_eq(disk_claims_decode(claims, &d->claims, &e), 0);
}

static void named_make(void)
{
	setup();
	memset(&ordered, 0, sizeof(ordered));
	quota_now = (struct disk_quota){.bytes = UINT64_C(10) << 30, .count = 3};
	observed.named_known = true;
	observed.named = nameds;
	observed.n_named = 0;
	named_add(ALICE, "data", "17-" NONCE);
	named_add(BOB, "data", "");
	named_add(ALICE, "away", "removing");
}

static size_t named_count(void)
{
	size_t n = 0, at = 0;

	while (wire_next(&in, "disk[]", &at))
		n++;
	return n;
}

START_TEST(named_disks)
{
	char text[128];

	named_make();
	ask_as(ALICE, "op=disks\n");
	ck_assert_uint_eq(named_count(), 2);
	ck_assert_str_eq(wire_get(&in, "quota"), "10737418240");
	ask_as(BOB, "op=disks\n");
	ck_assert_uint_eq(named_count(), 1);
	ask_as(BOB, "op=disks\nall=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(SLURM, "op=disks\nall=1\n");
	ck_assert_uint_eq(named_count(), 3);
	(void)str_fmt(text, sizeof(text), "op=disks\nafter=%s\n", nameds[2].image);
	ask_as(ALICE, text); /* "away" comes before "data" */
	ck_assert_uint_eq(named_count(), 1);
	ck_assert_ptr_nonnull(
		strstr(wire_get(&in, "disk[]"), "\"used_by\":[{\"job\":17,\"read_only\":false"));
	observed.named_known = false;
	ask_as(ALICE, "op=disks\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind; /* ERR_NONE: it goes */
	const char *why;
} orders[] = {
	{ALICE, "op=disk-create\nname=new\nsize=1073741824\n",  ERR_NONE,     "it fits"                           },
	{ALICE, "op=disk-create\nname=data\nsize=1073741824\n", ERR_CONFLICT, "it is there"                       },
	{ALICE, "op=disk-create\nname=away\nsize=1073741824\n", ERR_CONFLICT, "it is not gone yet"                },
	{ALICE, "op=disk-create\nname=new\nsize=9663676416\n",  ERR_FULL,     "the quota"                         },
	{BOB,   "op=disk-create\nname=new\nsize=5368709120\n",  ERR_NONE,     "another user's is his own"         },
	{ALICE, "op=disk-create\nname=new\nsize=1\n",           ERR_INVALID,  "too small"                         },
	{ALICE, "op=disk-create\nname=new\n",                   ERR_INVALID,  "no size"                           },
	{ALICE, "op=disk-create\nname=root\nsize=1073741824\n", ERR_INVALID,  "a job's own"                       },
	{ALICE, "op=disk-create\nsize=1073741824\n",            ERR_INVALID,  "no name"                           },
	{ALICE, "op=disk-delete\nname=data\n",                  ERR_CONFLICT, "a job has it"                      },
	{BOB,   "op=disk-delete\nname=data\n",                  ERR_NONE,     "his own, of the same name"         },
	{ALICE, "op=disk-delete\nname=away\n",                  ERR_NONE,     "once more"                         },
	{BOB,   "op=disk-delete\nname=away\n",                  ERR_ABSENT,   "of another user's nothing is known"},
	{BOB,   "op=disk-delete\nname=away\nuid=1000\n",        ERR_DENIED,   "nor if he says whose"              },
	{0,     "op=disk-delete\nname=away\nuid=1000\n",        ERR_NONE,     "root may"                          },
	{SLURM, "op=disk-delete\nname=away\nuid=1000\n",        ERR_NONE,     "SlurmUser may"                     },
	{0,     "op=disk-delete\nname=away\n",                  ERR_ABSENT,   "root has none of his own"          },
};

START_TEST(named_order_rows)
{
	struct err full = {.kind = ERR_FULL, .msg = "Ceph is full"};

	named_make();
	ask_as(orders[_i].uid, orders[_i].text);
	ck_assert_uint_eq(ordered.n, orders[_i].kind == ERR_NONE ? 1 : 0);
	if (orders[_i].kind != ERR_NONE) {
		ck_assert_msg(reply.e.kind == orders[_i].kind, "%s: %s", orders[_i].why,
			      reply.e.msg);
		return;
	}
	ck_assert(!reply.sent);
	ck_assert_uint_eq(ordered.order.disk.uid, orders[_i].uid == BOB ? BOB : ALICE);
	ordered.done(ordered.ctx, &full);
	ck_assert_int_eq(reply.e.kind, ERR_FULL);
}
END_TEST

/* A disk is given to a guest that runs, and taken from it: by a claim. */
static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind; /* ERR_NONE: it goes */
	const char *why;
} gives[] = {
	{ALICE, "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_NONE,     "a free one"                },
	{0,     "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_NONE,     "by root, too"              },
	{BOB,   "op=disk-add\njob=17\nname=free\nread_only=0\n", ERR_DENIED,   "not his job"               },
	{BOB,   "op=disk-add\njob=18\nname=free\nread_only=0\n", ERR_RETRY,    "no guest runs"             },
	{ALICE, "op=disk-add\njob=17\nname=his\nread_only=0\n",  ERR_ABSENT,   "another user's"            },
	{ALICE, "op=disk-add\njob=17\nname=data\nread_only=0\n", ERR_NONE,     "has it: again"             },
	{ALICE, "op=disk-add\njob=17\nname=data\nread_only=1\n", ERR_CONFLICT, "not both"                  },
	{ALICE, "op=disk-add\njob=17\nname=away\nread_only=1\n", ERR_ABSENT,   "it is being deleted"       },
	{ALICE, "op=disk-add\njob=17\nname=busy\nread_only=0\n", ERR_CONFLICT,
	 "another job writes it"									   },
	{ALICE, "op=disk-add\njob=17\nname=back\nread_only=0\n", ERR_RETRY,
	 "it is given back still"									  },
	{ALICE, "op=disk-add\njob=17\nread_only=0\n",            ERR_INVALID,  "which?"                    },
	{ALICE, "op=disk-add\njob=99\nname=free\n",              ERR_ABSENT,   "no such job"               },
	{ALICE, "op=disk-add\njob=17\nsize=1073741824\n",        ERR_NONE,     "a scratch disk"            },
	{ALICE, "op=disk-add\njob=17\nsize=3221225472\n",        ERR_FULL,     "more than the image allows"},
	{ALICE, "op=disk-add\njob=17\nsize=5\n",                 ERR_INVALID,  "too small"                 },
	{BOB,   "op=disk-add\njob=17\nsize=1073741824\n",        ERR_DENIED,   "not his job"               },
	{ALICE, "op=disk-remove\njob=17\nname=scratch1\n",       ERR_NONE,     "it is given up"            },
	{ALICE, "op=disk-remove\njob=17\nname=scratch2\n",       ERR_INVALID,  "there is none"             },
	{BOB,   "op=disk-remove\njob=17\nname=scratch1\n",       ERR_DENIED,   "not his"                   },
	{ALICE, "op=disk-remove\njob=17\nname=data\n",           ERR_NONE,     "given back"                },
	{ALICE, "op=disk-remove\njob=17\nname=free\n",           ERR_ABSENT,   "the job does not have it"  },
	{BOB,   "op=disk-remove\njob=17\nname=data\n",           ERR_DENIED,   "not his job's"             },
};

START_TEST(give_rows)
{
	static const char vm[] = "vm-17-" NONCE "-r0";

	named_make();
	named_add(ALICE, "free", "");
	(void)str_copy(nameds[1].name, sizeof(nameds[1].name), "his"); /* bob's */
	vms[0] = (struct vm_seen){.phase = VM_RUNNING, .job_key = "17-" NONCE};
	(void)str_copy(vms[0].name, sizeof(vms[0].name), vm);
	named_add(ALICE, "busy", "12-" NONCE);
	named_add(ALICE, "back", "17-" NONCE ":off");
	observed.disks_known = true;
	observed.disk = disks;
	observed.n_disk = 0;
	disk_add("17-" NONCE, ALICE, 0);
	(void)disk_extra_name("17-" NONCE, 1, disks[0].name, sizeof(disks[0].name)); /* 2G */
	images[0].scratch_max_bytes = UINT64_C(4) << 30;
	observed.n_attachment = attachments_count(nameds, observed.n_named);
	attachments_of(nameds, observed.n_named, attachments);
	extras_of(disks, 1, &attachments[observed.n_attachment++]);
	observed.attachment = attachments;
	ask_as(gives[_i].uid, gives[_i].text);
	ck_assert_uint_eq(ordered.n, gives[_i].kind == ERR_NONE ? 1 : 0);
	if (gives[_i].kind != ERR_NONE) {
		ck_assert_msg(reply.e.kind == gives[_i].kind, "%s: %s", gives[_i].why, reply.e.msg);
		return;
	}
	ck_assert_str_eq(ordered.order.job_key, "17-" NONCE);
	if (ordered.order.kind != NAMED_CLAIM) {
		ck_assert_str_eq(ordered.order.disk.image, ordered.order.kind == EXTRA_CREATE
								   ? "vm-17-" NONCE "-scratch2"
								   : "vm-17-" NONCE "-scratch1");
		return;
	}
	ck_assert_int_eq(ordered.order.step,
			 strstr(gives[_i].text, "remove") ? CLAIM_LEAVE : CLAIM_WRITE);
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_ptr_nonnull(
		strstr(wire_get(&in, "json"), "\"name\":\"data\",\"serial\":\"data\""));
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "json"), "\"state\":\"attaching\""));
}
END_TEST

START_TEST(no_named_disks_here)
{
	named_make();
	quota_now = (struct disk_quota){.bytes = 0};
	ask_as(ALICE, "op=disk-create\nname=new\nsize=1073741824\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(reply.e.msg, "disks: in vmd.yaml"));
	ck_assert_uint_eq(ordered.n, 0);
}
END_TEST

/* ---- shows that wait for news ---- */

#define SEC INT64_C(1000000)

/* The word for what is shown now. */
static void token_get(char token[64])
{
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert(reply.sent);
	ck_assert_int_eq(str_copy(token, 64, wire_get(&in, "seen")), 0);
}

static void ask_news(uint32_t uid, const char *token, const char *wait)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "op=show\njob=17\nseen=%s\nwait=%s\n", token, wait);
	ask_as(uid, text);
}

START_TEST(waits_for_news)
{
	char token[64], other[64];

	setup();
	now_us = 100 * SEC;
	token_get(token);
	ask_news(ALICE, "something else", "5");
	ck_assert(reply.sent);
	ask_news(ALICE, token, "0");
	ck_assert(reply.sent);
	ask_news(ALICE, token, "21");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_news(ALICE, token, "5");
	ck_assert(!reply.sent);
	ck_assert_int_eq(woken_us, 105 * SEC);
	now_us = 102 * SEC;
	requests_look(&requests);
	ck_assert(!reply.sent);
	(void)str_copy(status.reason, sizeof(status.reason), "waiting for an address in the LAN");
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "reason"), "waiting for an address in the LAN");
	ck_assert_str_ne(wire_get(&in, "seen"), token);
	ck_assert_int_eq(woken_us, INT64_MAX);
	/* each thing that is shown is news */
	token_get(token);
	status.node_clear = true;
	token_get(other);
	ck_assert_str_ne(token, other);
	status.state = VM_STATE_READY;
	token_get(token);
	ck_assert_str_ne(token, other);
	status.address[0] = '\0';
	token_get(other);
	ck_assert_str_ne(token, other);
	/* time is no news, but an answer */
	ask_news(ALICE, other, "5");
	ck_assert(!reply.sent);
	now_us = 107 * SEC;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "seen"), other);
}
END_TEST

/* Who may know is looked up anew: the job may have gone, and its number to another. */
START_TEST(news_of_a_job_that_is_gone)
{
	char token[64];

	setup();
	token_get(token);
	ask_news(ALICE, token, "5");
	jobs[1].uid = BOB;
	status.state = VM_STATE_READY;
	requests_look(&requests);
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	jobs[1].uid = ALICE;
	token_get(token);
	ask_news(ALICE, token, "5");
	desired.n = 1;
	now_us += 5 * SEC;
	requests_look(&requests);
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
}
END_TEST

/* Too many are not refused: they are answered at once. */
START_TEST(bounds_of_those_who_wait)
{
	char token[64];
	size_t kept = 0;

	setup();
	now_us = 100 * SEC;
	token_get(token);
	for (size_t i = 0; i <= HELD_PER_USER; i++) {
		ask_news(ALICE, token, "5");
		kept += !reply.sent;
	}
	ck_assert_uint_eq(kept, HELD_PER_USER);
	for (size_t i = 0; i < HELD_MAX; i++) { /* root's: the epilogs */
		ask_news(0, token, "5");
		kept += !reply.sent;
	}
	ck_assert_uint_eq(kept, HELD_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("requests");
	TCase *t = tcase_create("requests");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, authorisation, 0, ARRAY_LEN(rows));
	tcase_add_test(t, slurm_user_unknown);
	tcase_add_test(t, show_fields);
	tcase_add_test(t, show_before_the_first_round);
	tcase_add_test(t, several_are_one);
	tcase_add_test(t, one_of_several);
	tcase_add_test(t, several_are_listed);
	tcase_add_test(t, news_of_one_of_several);
	tcase_add_test(t, standby);
	tcase_add_test(t, without_slurm);
	tcase_add_test(t, leftover);
	tcase_add_test(t, hints);
	tcase_add_test(t, key_comes_later);
	tcase_add_test(t, access_for_the_owner);
	tcase_add_test(t, resize_is_checked);
	tcase_add_test(t, migrate_tells_where);
	tcase_add_test(t, stop_by_phase);
	tcase_add_test(t, password_is_told);
	tcase_add_test(t, keys_are_cleaned);
	tcase_add_test(t, lists);
	tcase_add_test(t, one_id_twice);
	tcase_add_test(t, page_after_page);
	tcase_add_test(t, drives_are_shown);
	tcase_add_test(t, image_list);
	tcase_add_test(t, the_plan);
	tcase_add_test(t, approval);
	tcase_add_test(t, held_is_told);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, kept_disks);
	tcase_add_loop_test(t, discard_rows, 0, ARRAY_LEN(discards));
	tcase_add_test(t, claimed_disk_is_not_discarded);
	tcase_add_test(t, named_disks);
	tcase_add_loop_test(t, named_order_rows, 0, ARRAY_LEN(orders));
	tcase_add_loop_test(t, give_rows, 0, ARRAY_LEN(gives));
	tcase_add_test(t, no_named_disks_here);
	tcase_add_test(t, waits_for_news);
	tcase_add_test(t, news_of_a_job_that_is_gone);
	tcase_add_test(t, bounds_of_those_who_wait);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
