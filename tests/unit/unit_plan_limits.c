/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What limits a plan as a whole: the brake on many deletions, the length of a round, one action on
 * an object. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/plan_rules.h"

#include <check.h>
#include <string.h>

/* n VMs of jobs that Slurm does not know, beside known VMs of jobs that run. */
#define HERD 40
static struct vm_seen herd[2 * HERD];
static struct job herd_job[HERD];

static void herd_make(struct little_world *w, size_t unknown, size_t known)
{
	little_world_init(w, "absent", "", "");
	memset(herd, 0, sizeof(herd));
	for (size_t i = 0; i < unknown + known; i++) {
		struct job j = {.id = 100 + (uint32_t)i,
				.phase = JOB_RUNNING,
				.request = {.image = "tiny", .nonce = "00000000000000aa"}};

		herd[i] = (struct vm_seen){.uid = "u", .version = "1", .phase = VM_RUNNING};
		(void)vm_name(&j, herd[i].name, sizeof(herd[i].name));
		(void)job_key(&j, herd[i].job_key, sizeof(herd[i].job_key));
		if (i >= unknown)
			herd_job[i - unknown] = j;
	}
	w->want.n = known;
	w->want.job = herd_job;
	w->seen.n_vm = unknown + known;
	w->seen.vm = herd;
	w->context.progress = NULL;
	world_sort(&w->want, &w->seen);
}

static const struct {
	const char *why;
	size_t unknown, known;
	bool approved;
	size_t deletes;
	bool approval;
} brakes[] = {
	{"few are deleted, even if they are all", 8, 0, false, 8, false},
	{"more than few and more than half: stop", 9, 8, false, 0, true},
	{"more than few but not more than half", 9, 9, false, 9, false},
	{"all of many: stop", 40, 0, false, 0, true},
	{"approved", 40, 0, true, 40, false},
	{"jobs whose end Slurm tells of are no danger", 0, 40, false, 40, false},
};

START_TEST(brake_rows)
{
	static struct plan out;
	struct little_world w;
	size_t deletes = 0;

	herd_make(&w, brakes[_i].unknown, brakes[_i].known);
	if (brakes[_i].unknown == 0)
		for (size_t i = 0; i < HERD; i++) {
			herd_job[i].phase = JOB_ENDED;
			herd_job[i].end = JOB_END_NORMAL;
		}
	w.context.approved = brakes[_i].approved;
	plan(&w.want, &w.seen, &w.context, &out);
	for (size_t i = 0; i < out.n; i++)
		deletes += out.act[i].kind == ACT_DELETE_VM;
	ck_assert_msg(deletes == brakes[_i].deletes, "%s: %zu deletes", brakes[_i].why, deletes);
	ck_assert_msg(out.approval == brakes[_i].approval, "%s: approval", brakes[_i].why);
	ck_assert_uint_eq(out.held, out.approval ? brakes[_i].unknown : 0);
	for (size_t i = 0; i < out.held && i < PLAN_HELD; i++)
		ck_assert_msg(str_starts(out.held_vm[i], "vm-"), "%s: %s", brakes[_i].why,
			      out.held_vm[i]);
	little_world_done(&w);
}
END_TEST

/* What is on its way out already is neither a danger nor a measure of what runs. */
START_TEST(brake_counts_what_runs)
{
	static struct plan out;
	struct little_world w;

	herd_make(&w, 9, 0);
	herd[0].phase = VM_DELETING;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert(!out.approval);
	ck_assert_uint_eq(out.n, 8);
	little_world_done(&w);
}
END_TEST

START_TEST(round_is_limited)
{
	static struct plan out;
	struct little_world w;

	herd_make(&w, 5, 0);
	w.policy.actions_per_round = 3;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 3);
	ck_assert(out.cut);
	w.policy.actions_per_round = 5;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	ck_assert(!out.cut);
	w.policy.actions_per_round = PLAN_ACTIONS + 1; /* the table is the limit, as with none */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	w.policy.actions_per_round = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	little_world_done(&w);
}
END_TEST

/* Two rules may want different things of a VM in one round. */
START_TEST(the_first_action_on_an_object_counts)
{
	struct little_world world;
	static struct plan out;
	struct planner p = {.out = &out, .limit = PLAN_ACTIONS};
	struct turn t = {.job_id = 17};

	little_world_init(&world, "running", "vm0:running " ALL, "");
	p.want = &world.want;
	p.seen = &world.seen;
	p.c = &world.context;
	world_of(&world.seen, LITTLE_KEY, &t.have);
	out.n = 0;
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_DELETE_VM, world.vm[0].name));
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_DELETE_PVC, world.pvc[0].name));
	ck_assert_ptr_null(plan_add(&p, &t, ACT_POINT_VM, world.vm[0].name));
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_WARN_GUEST, world.vm[0].name));
	ck_assert_uint_eq(out.n, 3);
	little_world_done(&world);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("limits");

	tcase_add_test(t, brake_counts_what_runs);
	tcase_add_loop_test(t, brake_rows, 0, ARRAY_LEN(brakes));
	tcase_add_test(t, round_is_limited);
	tcase_add_test(t, the_first_action_on_an_object_counts);
	return CHECK_MAIN(t);
}
