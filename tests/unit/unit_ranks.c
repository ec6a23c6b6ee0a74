/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job with two machines: what the rules make of one because of the other. A row says of each
 * machine what is there of it. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/reconciler.h"
#include "vmd/reconcile/recover.h"

#include <check.h>
#include <string.h>

#define MACHINES 2

struct pair {
	struct image image;
	struct catalogue catalogue;
	struct policy policy;
	struct job job[MACHINES];
	uint32_t live[1];
	struct desired want;
	struct vm_seen vm[MACHINES];
	struct disk_seen disk[MACHINES];
	struct volume_seen pv[MACHINES], pvc[MACHINES], secret[MACHINES];
	struct node_seen node[MACHINES];
	struct observed seen;
	struct inflight flight;
	struct progress progress[MACHINES];
	struct plan_context context;
};

static void volume_put(struct volume_seen *v, const struct job *j, const char *name)
{
	*v = (struct volume_seen){.uid = "u", .version = "1"};
	(void)job_key(j, v->job_key, sizeof(v->job_key));
	(void)str_copy(v->name, sizeof(v->name), name);
}

/* All that a machine needs, without the VM. */
static void things_put(struct pair *w, const struct job *j, bool kept)
{
	struct disk_seen *d = &w->disk[w->seen.n_disk++];
	struct volume_seen *pv = &w->pv[w->seen.n_pv++], *pvc = &w->pvc[w->seen.n_pvc++];
	char name[VM_NAME_MAX + 1];

	*d = (struct disk_seen){.size_bytes = 1, .kept_until_s = kept ? LITTLE_NOW_S + 60 : 0};
	(void)job_key(j, d->job_key, sizeof(d->job_key));
	(void)disk_name(j, DISK_ROOT, d->name, sizeof(d->name));
	(void)disk_claim_name(j, DISK_ROOT, name, sizeof(name));
	volume_put(pvc, j, name);
	volume_put(pv, j, d->name);
	(void)str_copy(pv->claim, sizeof(pv->claim), name);
	(void)str_copy(pv->claim_uid, sizeof(pv->claim_uid), "u");
	(void)vm_secret_name(j, name, sizeof(name));
	volume_put(&w->secret[w->seen.n_secret++], j, name);
}

static void vm_put(struct pair *w, const struct job *j, enum vm_phase phase)
{
	struct vm_seen *vm = &w->vm[w->seen.n_vm++];

	*vm = (struct vm_seen){.phase = phase, .uid = "v", .version = "1"};
	(void)job_key(j, vm->job_key, sizeof(vm->job_key));
	(void)vm_name(j, vm->name, sizeof(vm->name));
	(void)str_copy(vm->node, sizeof(vm->node), j->node);
}

/* "", or words: up off starting (its VM), things (all but the VM), kept (its disk is), failed,
 * ready. */
static void machine_put(struct pair *w, size_t i, const char *words)
{
	struct progress *p = &w->progress[i];
	const struct job *j = &w->job[i];
	bool up = strstr(words, "up"), off = strstr(words, "off");
	bool starting = strstr(words, "starting");

	if (up || off || starting || strstr(words, "things"))
		things_put(w, j, strstr(words, "kept"));
	if (up || off || starting)
		vm_put(w, j, up ? VM_RUNNING : off ? VM_STOPPED : VM_STARTING);
	p->status.state = up ? VM_STATE_READY : VM_STATE_PROVISIONING;
	p->status.since_s[VM_STATE_READY] =
		up || strstr(words, "ready") ? LITTLE_NOW_S - (int64_t)(i + 1) * 10 : 0;
	if (strstr(words, "failed")) {
		p->status.state = VM_STATE_FAILED;
		(void)str_copy(p->status.reason, sizeof(p->status.reason), "it broke");
		p->failed_us = LITTLE_NOW_US - 2 * FAILED_GRACE_US;
	}
	(void)progress_text(p, p->recorded);
}

static enum job_phase phase_of(const char *words)
{
	return strstr(words, "running")   ? JOB_RUNNING
	       : strstr(words, "pending") ? JOB_PENDING
	       : strstr(words, "ending")  ? JOB_ENDING
					  : JOB_ENDED;
}

static void pair_init(struct pair *w, const char *job, const char *first, const char *second)
{
	*w = (struct pair){.live = {17}};
	w->image = (struct image){.name = "tiny", .n_revision = 1, .revision = {{.name = "v1"}}};
	w->catalogue = (struct catalogue){.n = 1, .image = &w->image};
	w->policy = (struct policy){.ready_timeout_s = 900,
				    .trouble_timeout_s = 1800,
				    .keep_s = 3600,
				    .shutdown_s = 120,
				    .tell_ready = strstr(job, "hook"),
				    .delete_share_percent = 50,
				    .delete_share_min = 8};
	for (size_t i = 0; i < MACHINES; i++) {
		struct job *j = &w->job[i];

		*j = (struct job){.id = 17,
				  .rank = (uint32_t)i,
				  .uid = 1000,
				  .restarts = strstr(job, "r1") ? 1 : 0,
				  .phase = phase_of(job),
				  .end = phase_of(job) == JOB_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
				  .n_nodes = strstr(job, "lost") ? 1 : MACHINES,
				  .cpus = 2,
				  .memory_bytes = UINT64_C(512) << 20,
				  .start_s = LITTLE_NOW_S - 9900,
				  .end_s = strstr(job, "late") ? LITTLE_NOW_S + 100 : 0,
				  .request = {.image = "tiny",
					      .machines = MACHINES,
					      .nonce = "9f3c12ab45de6701"}};
		(void)str_fmt(j->node, sizeof(j->node), "n%zu", i + 1);
	}
	w->want = (struct desired){
		.known = true, .n = MACHINES, .job = w->job, .n_live = 1, .live = w->live};
	w->seen = (struct observed){.vms_known = true,
				    .moves_known = true,
				    .vm = w->vm,
				    .disks_known = true,
				    .disk = w->disk,
				    .pvs_known = true,
				    .pv = w->pv,
				    .pvcs_known = true,
				    .pvc = w->pvc,
				    .secrets_known = true,
				    .secret = w->secret};
	machine_put(w, 0, first);
	machine_put(w, 1, second);
	w->context = (struct plan_context){.catalogue = &w->catalogue,
					   .policy = &w->policy,
					   .flight = &w->flight,
					   .progress = w->progress,
					   .mono_us = LITTLE_NOW_US,
					   .wall_s = LITTLE_NOW_S};
	world_sort(&w->want, &w->seen);
}

/* "clone-disk:0-root create-secret:1": what is done to what, without the job. */
static const char *plan_words(const struct plan *p, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < p->n; i++) {
		const struct action *a = &p->act[i];
		const char *of = strstr(a->object, LITTLE_KEY "-");

		(void)str_fmt(buf + len, size - len, "%s%s:%s", len ? " " : "",
			      action_name(a->kind), of ? of + strlen(LITTLE_KEY "-") : a->object);
		len += strlen(buf + len);
	}
	return buf;
}

/* clang-format off */
static const struct {
	const char *why;
	const char *job, *first, *second;
	const char *plan;
} rows[] = {
	{"each has disks, claims and a Secret of its own", "running", "", "",
	 "clone-disk:0-root create-pvc:0-r0-root create-secret:0 "
	 "clone-disk:1-root create-pvc:1-r0-root create-secret:1"},
	{"each has a VM of its own", "running", "things", "things", "create-vm:0-r0 create-vm:1-r0"},
	{"one that is there is none for the other", "running", "up", "",
	 "clone-disk:1-root create-pvc:1-r0-root create-secret:1"},
	{"both are there", "running", "up", "up", ""},
	{"one guest shut down: the other goes on", "running", "off", "up", ""},
	{"... whichever it is", "running", "up", "off", ""},
	{"... also while the other boots still", "running", "off", "starting", ""},
	{"... or has none yet", "running", "off", "things", "create-vm:1-r0"},
	{"all have shut down: that is the end, told once", "running", "off", "off", "end-job:0"},
	{"one failed: the other's work is kept first", "running", "failed", "up", "keep-disk:1-root"},
	{"... and its own, of what was READY", "running", "failed ready things", "up",
	 "keep-disk:0-root keep-disk:1-root"},
	{"... then who failed ends the job", "running", "failed", "up kept", "end-job:0"},
	{"... whichever it is", "running", "up kept", "failed things", "end-job:1"},
	{"nothing is made beside one that failed", "running", "failed", "things", "end-job:0"},
	{"no guest goes before all disks are marked", "running late", "up", "up kept", "keep-disk:0-root"},
	{"... whichever it is", "running late", "up kept", "up", "keep-disk:1-root"},
	{"then all go", "running late", "up kept", "up kept", "delete-vm:0-r0 delete-vm:1-r0"},
	{"ended: each is removed in its order", "ended", "things", "up",
	 "delete-pvc:0-r0-root delete-vm:1-r0"},
	{"READY of one is no news", "running hook", "up", "starting", ""},
	{"READY of all is told, once", "running hook", "up", "up", "tell-ready:0-r0"},
};
/* clang-format on */

START_TEST(rules)
{
	static struct plan p;
	struct pair w;
	char text[1024];

	pair_init(&w, rows[_i].job, rows[_i].first, rows[_i].second);
	plan(&w.want, &w.seen, &w.context, &p);
	ck_assert_msg(str_eq(plan_words(&p, text, sizeof(text)), rows[_i].plan),
		      "%s: expected '%s', got '%s'", rows[_i].why, rows[_i].plan, text);
	inflight_done(&w.flight);
}
END_TEST

/* Names and specs of one machine hold nothing of the other's. */
START_TEST(nothing_is_shared)
{
	static struct plan p;
	struct pair w;

	pair_init(&w, "running", "things", "things");
	plan(&w.want, &w.seen, &w.context, &p);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_str_eq(p.act[0].vm.disk[0].claim, "vm-" LITTLE_KEY "-0-r0-root");
	ck_assert_str_eq(p.act[1].vm.disk[0].claim, "vm-" LITTLE_KEY "-1-r0-root");
	ck_assert_str_eq(p.act[0].vm.secret, "vm-" LITTLE_KEY "-0");
	ck_assert_str_eq(p.act[1].vm.secret, "vm-" LITTLE_KEY "-1");
	ck_assert_str_eq(p.act[0].vm.node, "n1");
	ck_assert_str_eq(p.act[1].vm.node, "n2");
	inflight_done(&w.flight);
}
END_TEST

START_TEST(keys_have_ranks)
{
	struct job j = {
		.id = 17, .rank = 31, .request = {.machines = 32, .nonce = "9f3c12ab45de6701"}};
	static const char *const bad[] = {LITTLE_KEY "-",   LITTLE_KEY "-01", LITTLE_KEY "-32",
					  LITTLE_KEY "-x",  LITTLE_KEY "-1-", LITTLE_KEY "1",
					  LITTLE_KEY "--1", LITTLE_KEY "-1x"};
	char key[JOB_KEY_MAX + 1], nonce[JOB_NONCE_LEN + 1], name[VM_NAME_MAX + 1];
	uint32_t id = 0, run = 9;

	ck_assert_str_eq(job_key(&j, key, sizeof(key)), LITTLE_KEY "-31");
	ck_assert_int_eq(job_key_parse(key, &id, nonce), 0);
	ck_assert_uint_eq(id, 17);
	ck_assert_str_eq(nonce, "9f3c12ab45de6701");
	ck_assert_int_eq(job_key_rank(key), 31);
	ck_assert_int_eq(job_key_rank(LITTLE_KEY "-0"), 0);
	ck_assert_int_eq(job_key_rank(LITTLE_KEY), -1);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_msg(job_key_parse(bad[i], &id, nonce) == -1, "'%s'", bad[i]);
		ck_assert_int_eq(job_key_rank(bad[i]), -1);
	}
	ck_assert_int_eq(vm_name(&j, name, sizeof(name)), 0);
	ck_assert_str_eq(name, "vm-" LITTLE_KEY "-31-r0");
	ck_assert_int_eq(vm_incarnation(name, key, &run), 0);
	ck_assert_uint_eq(run, 0);
	ck_assert_int_eq(vm_incarnation(name, LITTLE_KEY, &run), -1);
	ck_assert_int_eq(vm_incarnation(name, LITTLE_KEY "-3", &run), -1);
	ck_assert_int_eq(disk_name_key("vm-" LITTLE_KEY "-2-scratch", key), 0);
	ck_assert_str_eq(key, LITTLE_KEY "-2");
}
END_TEST

START_TEST(one_is_found_by_its_own_key)
{
	struct pair w;

	pair_init(&w, "running", "", "");
	ck_assert_ptr_eq(world_job(&w.want, LITTLE_KEY "-0"), &w.job[0]);
	ck_assert_ptr_eq(world_job(&w.want, LITTLE_KEY "-1"), &w.job[1]);
	ck_assert_ptr_null(world_job(&w.want, LITTLE_KEY "-2"));
	ck_assert_ptr_null(world_job(&w.want, LITTLE_KEY));
	w.want.n = 1;
	w.job[0].request.machines = 0;
	ck_assert_ptr_eq(world_job(&w.want, LITTLE_KEY), &w.job[0]);
	ck_assert_ptr_null(world_job(&w.want, LITTLE_KEY "-0"));
}
END_TEST

static const struct {
	const char *from;
	uint32_t machines, rank;
	const char *key;
	bool starts;
} starts[] = {
	{"17", 0, 0, LITTLE_KEY, true},
	{"17", 0, 0, LITTLE_KEY "-0", false},
	{LITTLE_KEY "-2", 0, 0, LITTLE_KEY "-2", true},
	{LITTLE_KEY "-2", 0, 0, LITTLE_KEY "-1", false},
	{"17", 3, 2, LITTLE_KEY "-2", true},
	{"17", 3, 2, LITTLE_KEY "-1", false},
	{LITTLE_KEY, 3, 1, LITTLE_KEY "-1", true},
	{"17", 3, 0, LITTLE_KEY, false},
	{LITTLE_KEY "-1", 3, 1, LITTLE_KEY "-1", false},
	{"16", 3, 1, LITTLE_KEY "-1", false},
};

START_TEST(kept_disks_go_by_rank)
{
	struct job j = {
		.id = 20, .rank = starts[_i].rank, .request = {.machines = starts[_i].machines}};

	(void)str_copy(j.request.from, sizeof(j.request.from), starts[_i].from);
	ck_assert_msg(job_starts_from(&j, starts[_i].key) == starts[_i].starts, "%s from %s, %u/%u",
		      starts[_i].from, starts[_i].key, j.rank, j.request.machines);
}
END_TEST

static const struct {
	const char *why;
	uint32_t machines, rank; /* of job 20 */
	const char *kept[3]; /* keys of job 17's kept disks, the last one may be job 20's by now */
	const char *says;    /* part of the error's text, or the key of the disk */
} recoveries[] = {
	{"as many", 2, 1, {LITTLE_KEY "-0", LITTLE_KEY "-1"}, LITTLE_KEY "-1"},
	{"more than it has machines",
	 2,
	 0,
	 {LITTLE_KEY "-0", LITTLE_KEY "-1", LITTLE_KEY "-2"},
	 "-N 3"},
	{"fewer", 3, 0, {LITTLE_KEY "-0", LITTLE_KEY "-1"}, "-N 2"},
	{"one", 2, 0, {LITTLE_KEY}, "-N 1"},
	{"several for one", 0, 0, {LITTLE_KEY "-0", LITTLE_KEY "-1"}, "-N 2, or name one of them"},
	{"one of them is taken over already",
	 2,
	 0,
	 {LITTLE_KEY "-0", "20-00000000000000bb-1"},
	 LITTLE_KEY "-0"},
};

START_TEST(kept_disks_are_taken_all_or_none)
{
	struct job j = {.id = 20,
			.uid = 1000,
			.rank = recoveries[_i].rank,
			.phase = JOB_RUNNING,
			.request = {.from = "17",
				    .machines = recoveries[_i].machines,
				    .nonce = "00000000000000bb"}};
	struct desired want = {.known = true, .n = 1, .job = &j};
	struct disk_seen disk[3];
	struct observed seen = {.vms_known = true,
				.pvs_known = true,
				.pvcs_known = true,
				.disks_known = true,
				.disk = disk};
	const struct recover_view v = {.want = &want, .seen = &seen};
	const struct disk_seen *d = NULL;
	struct err e = {.kind = ERR_NONE};

	for (size_t i = 0; i < 3 && recoveries[_i].kept[i]; i++) {
		bool taken = str_starts(recoveries[_i].kept[i], "20-");

		disk[i] = (struct disk_seen){.kept_until_s = taken ? 0 : LITTLE_NOW_S,
					     .origin = {.known = true, .uid = 1000}};
		(void)str_fmt(disk[i].name, sizeof(disk[i].name), "vm-" LITTLE_KEY "-%zu-root", i);
		(void)str_copy(disk[i].job_key, sizeof(disk[i].job_key), recoveries[_i].kept[i]);
		if (taken)
			(void)str_fmt(disk[i].from, sizeof(disk[i].from), LITTLE_KEY "-%zu", i);
		seen.n_disk++;
	}
	if (recover_find(&v, &j, &d, &e) < 0)
		ck_assert_msg(strstr(e.msg, recoveries[_i].says) != NULL, "%s: '%s'",
			      recoveries[_i].why, e.msg);
	else
		ck_assert_str_eq(d->job_key, recoveries[_i].says);
}
END_TEST

/* Two rounds of the real reconciler. */
static int nothing(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	(void)self, (void)a, (void)ticket, (void)e;
	return 0;
}

START_TEST(each_has_a_status_of_its_own)
{
	const struct action_port port = {.apply = nothing};
	struct now now = {.mono_us = LITTLE_NOW_US, .wall_s = LITTLE_NOW_S};
	struct reconciler *r;
	struct pair w;

	pair_init(&w, "running", "up", "off");
	r = reconciler_new(&w.catalogue, &w.policy, &port);
	(void)reconciler_round(r, &w.want, &w.seen, now);
	now.wall_s += 10;
	(void)reconciler_round(r, &w.want, &w.seen, now);
	ck_assert_int_eq(reconciler_rank_status(r, 17, 0)->since_s[VM_STATE_BOOTING], LITTLE_NOW_S);
	ck_assert_int_eq(reconciler_rank_status(r, 17, 1)->since_s[VM_STATE_STOPPING],
			 LITTLE_NOW_S);
	ck_assert_int_eq(reconciler_rank_status(r, 17, 0)->state, VM_STATE_BOOTING);
	ck_assert_str_eq(reconciler_rank_status(r, 17, 0)->vm, "vm-" LITTLE_KEY "-0-r0");
	ck_assert_int_eq(reconciler_rank_status(r, 17, 1)->state, VM_STATE_STOPPING);
	ck_assert_ptr_nonnull(strstr(reconciler_rank_status(r, 17, 1)->reason, "other machines"));
	ck_assert_str_eq(reconciler_rank_status(r, 17, 1)->node, "n2");
	ck_assert_ptr_null(reconciler_rank_status(r, 17, 2));
	reconciler_free(r);
	inflight_done(&w.flight);
}
END_TEST

/* A disk that each would write is given to none, whoever let the job in: both FAIL at once and say
 * why, and nothing is claimed or made. To read it is another matter. */
START_TEST(a_disk_is_not_written_by_several)
{
	const struct action_port port = {.apply = nothing};
	const struct now now = {.mono_us = LITTLE_NOW_US, .wall_s = LITTLE_NOW_S};
	struct named_disk data = {
		.image = "vmdisk-1a2b3c4d-1000-data", .uid = 1000, .name = "data"};
	struct reconciler *r;
	struct pair w;

	for (int read_only = 0; read_only < 2; read_only++) {
		pair_init(&w, "running", "", "");
		w.seen.named_known = true;
		w.seen.named = &data;
		w.seen.n_named = 1;
		for (size_t i = 0; i < MACHINES; i++)
			w.job[i].request.attach = (struct vm_attach_list){
				.n = 1, .at = {{.name = "data", .read_only = read_only}}};
		r = reconciler_new(&w.catalogue, &w.policy, &port);
		(void)reconciler_round(r, &w.want, &w.seen, now);
		for (uint32_t i = 0; i < MACHINES; i++) {
			const struct vm_status *s = reconciler_rank_status(r, 17, i);

			ck_assert_int_eq(s->state,
					 read_only ? VM_STATE_PROVISIONING : VM_STATE_FAILED);
			ck_assert(read_only || strstr(s->reason, "2 machines"));
			ck_assert(read_only || strstr(s->reason, "--vm-attach=data:ro"));
		}
		for (size_t i = 0; i < reconciler_plan(r)->n; i++)
			ck_assert(read_only || reconciler_plan(r)->act[i].kind == ACT_RECORD ||
				  reconciler_plan(r)->act[i].kind == ACT_END_JOB);
		ck_assert_uint_eq(reconciler_plan(r)->n > 0, true);
		reconciler_free(r);
		inflight_done(&w.flight);
	}
}
END_TEST

/* Which of its machines has lost its node nobody tells: so all of them have. */
START_TEST(a_job_that_lost_a_node_fails)
{
	const struct action_port port = {.apply = nothing};
	const struct now now = {.mono_us = LITTLE_NOW_US, .wall_s = LITTLE_NOW_S};
	struct reconciler *r;
	struct pair w;

	pair_init(&w, "running lost", "up", "up");
	r = reconciler_new(&w.catalogue, &w.policy, &port);
	(void)reconciler_round(r, &w.want, &w.seen, now);
	for (uint32_t i = 0; i < MACHINES; i++) {
		ck_assert_int_eq(reconciler_rank_status(r, 17, i)->state, VM_STATE_FAILED);
		ck_assert_ptr_nonnull(strstr(reconciler_rank_status(r, 17, i)->reason, "nodes"));
	}
	reconciler_free(r);
	inflight_done(&w.flight);
}
END_TEST

START_TEST(a_drain_moves_none_of_them)
{
	struct pair w;
	struct move_view v = {
		.job = &w.job[1], .vm = &w.vm[1], .n_vm = 1, .known = true, .asked = ""};
	struct move m;

	pair_init(&w, "running", "up", "up");
	w.job[1].drained = true;
	move_read(&v, &m);
	ck_assert_int_eq(m.phase, MOVE_BLOCKED);
	ck_assert(m.tell);
	ck_assert_ptr_nonnull(strstr(m.reason, "machine 1 must leave n2"));
	/* ... but one that somebody took away comes home. */
	w.job[1].drained = false;
	(void)str_copy(w.vm[1].node, sizeof(w.vm[1].node), "n3");
	move_read(&v, &m);
	ck_assert_int_eq(m.phase, MOVE_POINT);
	ck_assert_str_eq(m.to, "n2");
	ck_assert(m.keeps_vm);
	/* If it cannot, no room is asked for elsewhere: the job could not follow. */
	v.home_closed = "is cordoned";
	move_read(&v, &m);
	ck_assert_int_eq(m.phase, MOVE_BLOCKED);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ranks");

	tcase_add_loop_test(t, rules, 0, ARRAY_LEN(rows));
	tcase_add_test(t, nothing_is_shared);
	tcase_add_test(t, keys_have_ranks);
	tcase_add_test(t, one_is_found_by_its_own_key);
	tcase_add_loop_test(t, kept_disks_go_by_rank, 0, ARRAY_LEN(starts));
	tcase_add_loop_test(t, kept_disks_are_taken_all_or_none, 0, ARRAY_LEN(recoveries));
	tcase_add_test(t, each_has_a_status_of_its_own);
	tcase_add_test(t, a_disk_is_not_written_by_several);
	tcase_add_test(t, a_job_that_lost_a_node_fails);
	tcase_add_test(t, a_drain_moves_none_of_them);
	return CHECK_MAIN(t);
}
