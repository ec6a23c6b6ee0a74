/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One in flight per object, deadlines, back-off, belief; and the sorted world it looks into. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define S INT64_C(1000000)
#define K LITTLE_KEY

static const struct err ok = {.kind = ERR_NONE};

static struct action act(enum action_kind k, const char *object)
{
	struct action a = {.kind = k, .job_id = 17};

	(void)str_copy(a.job_key, sizeof(a.job_key), K);
	(void)str_copy(a.object, sizeof(a.object), object);
	return a;
}

static uint64_t start(struct inflight *f, enum action_kind k, const char *object, int64_t now_us)
{
	struct action a = act(k, object);

	return inflight_start(f, &a, now_us);
}

static void go_wrong(struct inflight *f, enum action_kind k, const char *object, enum err_kind kind,
		     int64_t now_us)
{
	struct err e;

	err_set(&e, kind, "%s", err_kind_name(kind));
	ck_assert_ptr_nonnull(inflight_finish(f, start(f, k, object, now_us), &e, now_us));
}

START_TEST(one_per_object)
{
	struct inflight f = {.seed = 1};
	uint64_t t = start(&f, ACT_CREATE_PV, "d", 0);

	ck_assert(inflight_busy(&f, K, "d", CLASS_PV, 0));
	ck_assert(!inflight_busy(&f, K, "d", CLASS_PVC, 0)); /* same name, another object */
	ck_assert(!inflight_busy(&f, "18-9f3c12ab45de6701", "d", CLASS_PV, 0));
	ck_assert_uint_eq(f.in_flight, 1);
	ck_assert_ptr_nonnull(inflight_finish(&f, t, &ok, S));
	ck_assert_uint_eq(f.in_flight, 0);
	ck_assert(!inflight_busy(&f, K, "d", CLASS_PV, S));
	ck_assert_ptr_null(inflight_finish(&f, t, &ok, S)); /* told twice */
	ck_assert_ptr_null(inflight_finish(&f, 0, &ok, S));
	inflight_done(&f);
}
END_TEST

START_TEST(success_is_believed_for_a_while)
{
	struct inflight f = {.seed = 1};

	inflight_finish(&f, start(&f, ACT_CREATE_PV, "d", 0), &ok, 0);
	ck_assert(inflight_believes_made(&f, K, "d", CLASS_PV, FLIGHT_BELIEF_US - 1));
	ck_assert(!inflight_may_vanish(&f, K, "d", CLASS_PV, 1));
	ck_assert(inflight_may_appear(&f, K, CLASS_PV, 1));
	ck_assert(!inflight_believes_made(&f, K, "d", CLASS_PV, FLIGHT_BELIEF_US));
	ck_assert_int_eq(inflight_next(&f, 1), FLIGHT_BELIEF_US);
	inflight_expire(&f, FLIGHT_BELIEF_US);
	ck_assert_uint_eq(f.n, 0);
	inflight_finish(&f, start(&f, ACT_DELETE_PV, "d", 0), &ok, 0);
	ck_assert(inflight_may_vanish(&f, K, "d", CLASS_PV, 1));
	ck_assert(!inflight_may_appear(&f, K, CLASS_PV, 1));
	ck_assert(inflight_busy(&f, K, "d", CLASS_PV, FLIGHT_SETTLE_US - 1));
	ck_assert(!inflight_busy(&f, K, "d", CLASS_PV, FLIGHT_SETTLE_US));
	inflight_done(&f);
}
END_TEST

START_TEST(what_is_seen_needs_no_belief)
{
	struct little_world w;

	little_world_init(&w, "running", "pv vm0:running", "+create-pv +create-pvc");
	inflight_see(&w.flight, &w.seen);
	ck_assert(!inflight_may_appear(&w.flight, K, CLASS_PV, LITTLE_NOW_US));
	ck_assert(inflight_may_appear(&w.flight, K, CLASS_PVC, LITTLE_NOW_US));
	little_world_done(&w);
	/* a Secret's parts come after it */
	little_world_init(&w, "running", "secret:incomplete", "+create-secret");
	inflight_see(&w.flight, &w.seen);
	ck_assert(inflight_may_appear(&w.flight, K, CLASS_SECRET, LITTLE_NOW_US));
	w.secret[0].incomplete = false;
	inflight_see(&w.flight, &w.seen);
	ck_assert(!inflight_may_appear(&w.flight, K, CLASS_SECRET, LITTLE_NOW_US));
	little_world_done(&w);
	/* nor to be waited for, if there was no answer */
	little_world_init(&w, "running", "pv vm0:running", "!create-pv !create-vm !create-pvc");
	inflight_see(&w.flight, &w.seen);
	ck_assert(!inflight_may_appear(&w.flight, K, CLASS_PV, LITTLE_NOW_US));
	ck_assert(!inflight_may_appear(&w.flight, K, CLASS_VM, LITTLE_NOW_US));
	ck_assert(inflight_may_appear(&w.flight, K, CLASS_PVC, LITTLE_NOW_US));
	little_world_done(&w);
}
END_TEST

/* One thing that is seen says nothing about another. */
START_TEST(another_that_is_seen_says_nothing)
{
	static const char made[] = "+clone-disk +create-pv +create-pvc +create-secret +create-vm";
	static const enum action_class classes[] = {CLASS_DISK, CLASS_PV, CLASS_PVC, CLASS_SECRET,
						    CLASS_VM};
	struct little_world w;

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		little_world_init(&w, "running", "disk pv pvc secret vm0:running", made);
		inflight_see(&w.flight, &w.seen);
		ck_assert(!inflight_may_appear(&w.flight, K, classes[i], LITTLE_NOW_US));
		little_world_done(&w);
		little_world_init(&w, "running", "scratch pv2 pvc2 vm1:running", made);
		inflight_see(&w.flight, &w.seen);
		ck_assert(inflight_may_appear(&w.flight, K, classes[i], LITTLE_NOW_US));
		little_world_done(&w);
	}
}
END_TEST

/* Jobs that stand side by side in the table. */
START_TEST(jobs_are_apart)
{
	static const char before[] = "16-9f3c12ab45de6701", behind[] = "18-9f3c12ab45de6701";
	struct inflight f = {.seed = 1};
	struct action a = act(ACT_CREATE_VM, "r0");
	struct err e;

	err_set(&e, ERR_RETRY, "503");
	(void)str_copy(a.job_key, sizeof(a.job_key), behind);
	inflight_finish(&f, inflight_start(&f, &a, 0), &e, 0);
	(void)inflight_start(&f, &a, 0);
	ck_assert_ptr_null(inflight_trouble(&f, K, 0));
	ck_assert_ptr_null(inflight_trouble(&f, before, 0));
	ck_assert(!inflight_may_appear(&f, K, CLASS_VM, 0));
	ck_assert(inflight_may_appear(&f, behind, CLASS_VM, 0));
	ck_assert_ptr_nonnull(inflight_trouble(&f, behind, 0));
	/* trouble lasts while the next attempt is on its way, however long that takes */
	ck_assert_ptr_nonnull(inflight_trouble(&f, behind, 100 * S));
	inflight_done(&f);
}
END_TEST

/* A removal that worked makes nothing believed to be there, a create nothing believed to be gone.
 */
START_TEST(belief_has_a_kind)
{
	struct inflight f = {.seed = 1};

	inflight_finish(&f, start(&f, ACT_DELETE_PV, "d", 0), &ok, 0);
	ck_assert(!inflight_believes_made(&f, K, "d", CLASS_PV, 1));
	ck_assert(inflight_may_vanish(&f, K, "d", CLASS_PV, 1));
	ck_assert(!inflight_may_vanish(&f, K, "d", CLASS_PV, FLIGHT_BELIEF_US));
	start(&f, ACT_DELETE_PV, "d", FLIGHT_BELIEF_US);
	ck_assert(inflight_may_vanish(&f, K, "d", CLASS_PV, FLIGHT_BELIEF_US));
	inflight_done(&f);
}
END_TEST

/* A name is free as soon as a whole view shows that its object is gone. */
START_TEST(gone_is_not_waited_for)
{
	static const struct {
		enum action_kind k;
		size_t known; /* offset of the flag that counts */
	} rows[] = {{ACT_REMOVE_DISK, offsetof(struct observed, disks_known)},
		    {ACT_DELETE_PV, offsetof(struct observed, pvs_known)},
		    {ACT_DELETE_PVC, offsetof(struct observed, pvcs_known)},
		    {ACT_DELETE_SECRET, offsetof(struct observed, secrets_known)},
		    {ACT_DELETE_VM, offsetof(struct observed, vms_known)}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct inflight f = {.seed = 1};
		struct observed seen = {.n_vm = 0};
		enum action_class class = action_class(rows[i].k);

		inflight_finish(&f, start(&f, rows[i].k, "d", 0), &ok, 0);
		inflight_see(&f, &seen);
		ck_assert(inflight_busy(&f, K, "d", class, 1));
		*((bool *)((char *)&seen + rows[i].known)) = true;
		inflight_see(&f, &seen);
		ck_assert(!inflight_busy(&f, K, "d", class, 1));
		inflight_done(&f);
	}
	struct inflight f = {.seed = 1};
	struct observed seen = {.pvs_known = true};

	go_wrong(&f, ACT_DELETE_PV, "d", ERR_RETRY, 0); /* backs off whatever is seen */
	inflight_see(&f, &seen);
	ck_assert(inflight_busy(&f, K, "d", CLASS_PV, 1));
	inflight_finish(&f, start(&f, ACT_END_JOB, "j", 0), &ok, 0);
	inflight_see(&f, &seen);
	ck_assert(inflight_busy(&f, K, "j", CLASS_JOB_END, 1));
	inflight_done(&f);
}
END_TEST

/* Its making was repeated when it was believed no longer, and that was refused: the first one is
 * not forgotten. */
START_TEST(made_is_made_whatever_comes_of_repeating)
{
	const int64_t again_us = FLIGHT_BELIEF_US - 1;
	struct inflight f = {.seed = 1};

	inflight_finish(&f, start(&f, ACT_CREATE_PVC, "d", 0), &ok, 0);
	go_wrong(&f, ACT_CREATE_PVC, "d", ERR_RETRY, again_us);
	ck_assert(inflight_may_appear(&f, K, CLASS_PVC, again_us));
	ck_assert(!inflight_may_appear(&f, K, CLASS_PVC, FLIGHT_BELIEF_US));
	inflight_done(&f);
}
END_TEST

START_TEST(unsure_create_may_land_whatever_comes_after)
{
	struct inflight f = {.seed = 1};

	go_wrong(&f, ACT_CREATE_PVC, "d", ERR_UNSURE, 0);
	inflight_finish(&f, start(&f, ACT_CREATE_PVC, "d", S), &ok, S);
	inflight_finish(&f, start(&f, ACT_DELETE_PVC, "d", 2 * S), &ok, 2 * S);
	ck_assert(inflight_may_appear(&f, K, CLASS_PVC, FLIGHT_LATE_US - 1));
	inflight_expire(&f, FLIGHT_LATE_US - 1);
	ck_assert_uint_eq(f.n, 1);
	ck_assert(!inflight_may_appear(&f, K, CLASS_PVC, FLIGHT_LATE_US));
	inflight_done(&f);
}
END_TEST

START_TEST(deadline_is_an_unknown_outcome)
{
	struct inflight f = {.seed = 1};
	uint64_t t = start(&f, ACT_CREATE_VM, "r0", 0);

	ck_assert_int_eq(inflight_next(&f, 0), FLIGHT_DEADLINE_US);
	inflight_expire(&f, FLIGHT_DEADLINE_US - 1);
	ck_assert_uint_eq(f.in_flight, 1);
	inflight_expire(&f, FLIGHT_DEADLINE_US);
	ck_assert_uint_eq(f.in_flight, 0);
	ck_assert(inflight_may_appear(&f, K, CLASS_VM, FLIGHT_DEADLINE_US + 1));
	ck_assert_str_eq(inflight_trouble(&f, K, FLIGHT_DEADLINE_US)->err.msg,
			 "create-vm: no answer");
	ck_assert_ptr_null(inflight_finish(&f, t, &ok, FLIGHT_DEADLINE_US + 1));
	start(&f, ACT_CLONE_DISK, "d", 0);
	inflight_expire(&f, FLIGHT_DISK_DEADLINE_US - 1);
	ck_assert(inflight_busy(&f, K, "d", CLASS_DISK, FLIGHT_DISK_DEADLINE_US - 1));
	inflight_done(&f);
}
END_TEST

static const struct {
	enum err_kind kind;
	int64_t first_us, last_us; /* first back-off, and the one after many failures */
} backoffs[] = {
	{ERR_RETRY, S, 60 * S},        {ERR_UNSURE, S, 60 * S},    {ERR_ABSENT, S, 60 * S},
	{ERR_CONFLICT, S / 5, 5 * S},  {ERR_FULL, 10 * S, 60 * S}, {ERR_DENIED, 60 * S, 60 * S},
	{ERR_INVALID, 60 * S, 60 * S},
};

START_TEST(backoff_rows)
{
	struct inflight f = {.seed = 7};
	enum err_kind kind = backoffs[_i].kind;
	int64_t now_us = 1000 * S;

	go_wrong(&f, ACT_CREATE_PV, "d", kind, now_us);
	ck_assert(inflight_busy(&f, K, "d", CLASS_PV, now_us + backoffs[_i].first_us * 79 / 100));
	ck_assert(!inflight_busy(&f, K, "d", CLASS_PV, now_us + backoffs[_i].first_us * 6 / 5));
	for (int i = 0; i < 100; i++)
		go_wrong(&f, ACT_CREATE_PV, "d", kind, now_us);
	ck_assert(inflight_busy(&f, K, "d", CLASS_PV, now_us + backoffs[_i].last_us * 79 / 100));
	ck_assert(!inflight_busy(&f, K, "d", CLASS_PV, now_us + backoffs[_i].last_us * 6 / 5));
	ck_assert_int_eq(inflight_trouble(&f, K, now_us)->failing_since_us, now_us);
	inflight_finish(&f, start(&f, ACT_CREATE_PV, "d", now_us), &ok, now_us);
	ck_assert_ptr_null(inflight_trouble(&f, K, now_us));
	inflight_done(&f);
}
END_TEST

START_TEST(jitter_depends_on_the_seed)
{
	struct inflight a = {.seed = 1}, b = {.seed = 1}, c = {.seed = 2};

	go_wrong(&a, ACT_CREATE_PV, "d", ERR_RETRY, 0);
	go_wrong(&b, ACT_CREATE_PV, "d", ERR_RETRY, 0);
	go_wrong(&c, ACT_CREATE_PV, "d", ERR_RETRY, 0);
	ck_assert_int_eq(inflight_next(&a, 0), inflight_next(&b, 0));
	ck_assert_int_ne(inflight_next(&a, 0), inflight_next(&c, 0));
	inflight_done(&a);
	inflight_done(&b);
	inflight_done(&c);
}
END_TEST

START_TEST(trouble_that_counts)
{
	struct inflight f = {.seed = 1};

	ck_assert_ptr_null(inflight_trouble(&f, K, 0));
	go_wrong(&f, ACT_DELETE_PV, "d", ERR_RETRY, 0); /* hinders nobody's start */
	ck_assert_ptr_null(inflight_trouble(&f, K, 0));
	go_wrong(&f, ACT_CREATE_PV, "e", ERR_RETRY, 2 * S);
	go_wrong(&f, ACT_CREATE_PVC, "e", ERR_RETRY, S);
	ck_assert_int_eq(inflight_trouble(&f, K, 2 * S)->class, CLASS_PVC);
	go_wrong(&f, ACT_CREATE_SECRET, "s", ERR_DENIED, 3 * S);
	ck_assert_int_eq(inflight_trouble(&f, K, 3 * S)->class, CLASS_SECRET);
	ck_assert(flight_is_refused(inflight_trouble(&f, K, 3 * S)));
	ck_assert_ptr_null(inflight_trouble(&f, "18-9f3c12ab45de6701", 3 * S));
	inflight_expire(&f, 1000 * S); /* not tried again: nobody wants it any more */
	ck_assert_ptr_null(inflight_trouble(&f, K, 1000 * S));
	inflight_done(&f);
}
END_TEST

START_TEST(many_objects)
{
	struct inflight f = {.seed = 1};
	uint64_t ticket[500];
	char name[16];

	for (unsigned i = 0; i < ARRAY_LEN(ticket); i++) {
		(void)str_fmt(name, sizeof(name), "d%u", i * 7919 % 500);
		ticket[i] = start(&f, ACT_CREATE_PV, name, 0);
	}
	for (size_t i = 1; i < f.n; i++)
		ck_assert_int_lt(strcmp(f.flight[i - 1].object, f.flight[i].object), 0);
	for (unsigned i = 0; i < ARRAY_LEN(ticket); i += 2)
		ck_assert_ptr_nonnull(inflight_finish(&f, ticket[i], &ok, 0));
	ck_assert_uint_eq(f.in_flight, 250);
	inflight_expire(&f, FLIGHT_DEADLINE_US);
	ck_assert_uint_eq(f.n, 250); /* those without an answer: they may still land */
	ck_assert_uint_eq(f.in_flight, 0);
	inflight_done(&f);
}
END_TEST

START_TEST(questions_of_nothing)
{
	ck_assert(!inflight_busy(NULL, K, "d", CLASS_PV, 0));
	ck_assert(!inflight_believes_made(NULL, K, "d", CLASS_PV, 0));
	ck_assert(!inflight_may_vanish(NULL, K, "d", CLASS_PV, 0));
	ck_assert(!inflight_may_appear(NULL, K, CLASS_PV, 0));
	ck_assert_ptr_null(inflight_trouble(NULL, K, 0));
}
END_TEST

/* world.c */
START_TEST(world_sorts_and_finds)
{
	struct job jobs[3] = {{.id = 20, .request = {.nonce = "00000000000000aa"}},
			      {.id = 3, .request = {.nonce = "00000000000000bb"}},
			      {.id = 3, .request = {.nonce = "00000000000000aa"}}};
	struct vm_seen vm[3] = {{.name = "b", .job_key = "3-00000000000000aa"},
				{.name = "a", .job_key = "3-00000000000000aa"},
				{.name = "c", .job_key = ""}};
	struct volume_seen pvc[1] = {{.name = "p", .job_key = "20-00000000000000aa"}};
	uint32_t live[] = {3, 20, 21};
	struct desired want = {.known = true, .n = 3, .job = jobs, .n_live = 3, .live = live};
	struct observed seen = {.n_vm = 3, .vm = vm, .n_pvc = 1, .pvc = pvc};
	struct holdings h;

	ck_assert(!world_is_sorted(&want, &seen));
	world_sort(&want, &seen);
	ck_assert(world_is_sorted(&want, &seen));
	ck_assert_uint_eq(want.job[0].id, 3);
	ck_assert_str_eq(want.job[0].request.nonce, "00000000000000aa");
	ck_assert_ptr_eq(world_job(&want, "3-00000000000000bb"), &jobs[1]);
	ck_assert_ptr_eq(world_job(&want, "20-00000000000000aa"), &jobs[2]);
	ck_assert_ptr_null(world_job(&want, "20-00000000000000bb"));
	ck_assert_ptr_null(world_job(&want, "nonsense"));
	ck_assert(world_is_live(&want, 3) && world_is_live(&want, 21));
	ck_assert(!world_is_live(&want, 4) && !world_is_live(&want, 22));
	world_of(&seen, "3-00000000000000aa", &h);
	ck_assert_uint_eq(h.n_vm, 2);
	ck_assert_str_eq(h.vm[0].name, "a");
	ck_assert_uint_eq(h.n_pvc, 0);
	h = (struct holdings){.key = ""};
	ck_assert(world_next(&seen, &h)); /* the one without a mark is passed over */
	ck_assert_str_eq(h.key, "20-00000000000000aa");
	ck_assert_uint_eq(h.n_pvc, 1);
	ck_assert(world_next(&seen, &h));
	ck_assert_uint_eq(h.n_vm, 2);
	ck_assert(!world_next(&seen, &h));
}
END_TEST

START_TEST(world_may_be_empty)
{
	struct desired want = {.known = true};
	struct observed seen = {.vms_known = true};
	struct holdings h = {.key = ""};

	world_sort(&want, &seen);
	ck_assert(world_is_sorted(&want, &seen));
	ck_assert(!world_next(&seen, &h));
	ck_assert_ptr_null(world_job(&want, LITTLE_KEY));
	ck_assert(!world_is_live(&want, 17));
}
END_TEST

/* action.c */
/* clang-format off */
static const struct {
	struct action a;
	const char *text;
} texts[] = {
	{{.kind = ACT_CLONE_DISK, .job_id = 17, .object = "d", .disk = {.size_bytes = 1 << 30, .golden = {.pool = "rbd", .rbd_image = "tiny", .snapshot = "v1"}}},
	 "clone-disk job=17 object=d from=rbd/tiny@v1 size=1G"},
	{{.kind = ACT_CREATE_VM, .job_id = 17, .object = "v", .vm = {.node = "n1", .cpus = 2, .memory_bytes = 234 << 20}},
	 "create-vm job=17 object=v node=n1 cpus=2 memory=234M"},
	{{.kind = ACT_KEEP_DISK, .job_id = 17, .object = "d", .keep_disk = {.until_s = 5}},
	 "keep-disk job=17 object=d until=5"},
	{{.kind = ACT_DELETE_PVC, .job_id = 17, .object = "d"}, "delete-pvc job=17 object=d"},
	{{.kind = ACT_END_JOB, .job_id = 17, .end_job = {.failed = true}, .reason = "no room"},
	 "end-job job=17 failed=1 reason=\"no room\""},
	{{.kind = ACT_RECORD, .job_id = 17, .reason = " state=ready"},
	 "record job=17 state=ready"},
	{{.kind = ACT_CREATE_DISK, .job_id = 17, .object = "d"}, "create-disk job=17 object=d"},
	{{.kind = ACT_FORCE_DELETE_POD, .job_id = 17, .object = "v", .node = "n1"},
	 "force-delete-pod job=17 object=v node=n1"},
	{{.kind = ACT_WARN_GUEST, .job_id = 17, .object = "v", .reason = "10 minutes"},
	 "warn-guest job=17 object=v text=\"10 minutes\""},
	{{.kind = ACT_TELL_JOB, .job_id = 17, .reason = "it stays"}, "tell-job job=17 text=\"it stays\""},
	{{.kind = ACT_ALLOCATE, .job_id = 17}, "allocate job=17 node=*"},
	{{.kind = ACT_AIM_JOB, .job_id = 17, .node = "n2", .size = {.cpus = 4, .memory_bytes = UINT64_C(2) << 30}},
	 "aim-job job=17 node=n2 cpus=4 memory=2G"},
	{{.kind = ACT_RESERVE, .job_id = 17, .object = "r", .node = "n2"}, "reserve job=17 object=r node=n2"},
	{{.kind = ACT_END_RESERVATION, .job_id = 17, .object = "r"}, "end-reservation job=17 object=r"},
	{{.kind = ACT_POINT_VM, .job_id = 17, .object = "v", .node = "n2"}, "point-vm job=17 object=v node=n2"},
	{{.kind = ACT_POINT_VM, .job_id = 17, .object = "v", .node = "n2", .point_vm = {.target = {.sockets = 2, .memory_bytes = 64 << 20}}},
	 "point-vm job=17 object=v node=n2 sockets=2 memory=64M"},
	{{.kind = ACT_POINT_VM, .job_id = 17, .object = "v", .node = "n2", .point_vm = {.gives_up = true}},
	 "point-vm job=17 object=v node=n2 given-up"},
	{{.kind = ACT_POINT_VM, .job_id = 17, .object = "v", .node = "n2", .point_vm = {.turned_down = {23, 4294967295}}},
	 "point-vm job=17 object=v node=n2 turned-down=23,4294967295"},
	{{.kind = ACT_CLAIM_DISK, .job_id = 17, .object = "d", .order = {.step = CLAIM_READ}},
	 "claim-disk job=17 object=d read-only"},
	{{.kind = ACT_CLAIM_DISK, .job_id = 17, .object = "d"}, "claim-disk job=17 object=d"},
};
/* clang-format on */

START_TEST(text_rows)
{
	char buf[256];
	char small[8];

	ck_assert_str_eq(action_text(&texts[_i].a, buf, sizeof(buf)), texts[_i].text);
	action_text(&texts[_i].a, small, sizeof(small));
	ck_assert_uint_eq(strlen(small), 7); /* cut, terminated */
}
END_TEST

START_TEST(all_kinds_have_names)
{
	for (int k = ACT_CLONE_DISK; k < ACTION_KINDS; k++)
		for (int l = ACT_CLONE_DISK; l < k; l++) {
			ck_assert_str_ne(action_name((enum action_kind)k), "?");
			ck_assert_str_ne(action_name((enum action_kind)k),
					 action_name((enum action_kind)l));
		}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("inflight");

	tcase_add_test(t, one_per_object);
	tcase_add_test(t, success_is_believed_for_a_while);
	tcase_add_test(t, what_is_seen_needs_no_belief);
	tcase_add_test(t, another_that_is_seen_says_nothing);
	tcase_add_test(t, jobs_are_apart);
	tcase_add_test(t, belief_has_a_kind);
	tcase_add_test(t, gone_is_not_waited_for);
	tcase_add_test(t, made_is_made_whatever_comes_of_repeating);
	tcase_add_test(t, unsure_create_may_land_whatever_comes_after);
	tcase_add_test(t, deadline_is_an_unknown_outcome);
	tcase_add_loop_test(t, backoff_rows, 0, ARRAY_LEN(backoffs));
	tcase_add_test(t, jitter_depends_on_the_seed);
	tcase_add_test(t, trouble_that_counts);
	tcase_add_test(t, many_objects);
	tcase_add_test(t, questions_of_nothing);
	tcase_add_test(t, world_sorts_and_finds);
	tcase_add_test(t, world_may_be_empty);
	tcase_add_loop_test(t, text_rows, 0, ARRAY_LEN(texts));
	tcase_add_test(t, all_kinds_have_names);
	return CHECK_MAIN(t);
}
