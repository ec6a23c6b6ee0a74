/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node that is out of service on one side: every row of the table in DESIGN.md, "Drain and
 * cordon", what is planned of it, and all that people may do to both sides in any order. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *why, *slurm, *kube, *plan;
} rows[] = {
	{"nothing is drained", "s1", "n1:ready", ""},
	{"drained in Slurm: cordoned", "s1:drained", "n1:ready", "mark-node cordon=1 mark=slurm"},
	{"... as it is", "s1:drained", "n1:fromslurm", ""},
	{"resumed in Slurm: uncordoned", "s1", "n1:fromslurm", "mark-node cordon=0 mark="},
	{"... but an admin has uncordoned it before, which is written down", "s1:drained",
	 "n1:uncordoned", "mark-node cordon=0 mark=overruled"},
	{"... and left alone", "s1:drained", "n1:overruled", ""},
	{"... also when he cordons it again", "s1:drained", "n1:again", ""},
	{"... for it is his cordon when Slurm resumes it", "s1", "n1:again", "drain-node reason=ours"},
	{"... as any other one", "s1:ours", "n1:again", "mark-node cordon=1 mark=kubernetes"},
	{"... until he takes it back", "s1:ours", "n1:overruled", "drain-node reason="},
	{"uncordoned and resumed at once", "s1", "n1:uncordoned", "mark-node cordon=0 mark="},
	{"... until Slurm resumes it", "s1", "n1:overruled", "mark-node cordon=0 mark="},
	{"cordoned in Kubernetes: drained", "s1", "n1:cordoned", "drain-node reason=ours"},
	{"... who began is written down", "s1:ours", "n1:cordoned", "mark-node cordon=1 mark=kubernetes"},
	{"... as it is", "s1:ours", "n1:fromkube", ""},
	{"uncordoned: resumed", "s1:ours", "n1:back", "drain-node reason="},
	{"... and the mark goes", "s1", "n1:back", "mark-node cordon=0 mark="},
	{"... also before it was written down", "s1:ours", "n1:ready", "drain-node reason="},
	{"an admin has resumed it in Slurm before: left alone", "s1", "n1:fromkube", ""},
	{"both were taken out by people: nobody's is vmd's", "s1:drained", "n1:cordoned", ""},
	{"an admin has made vmd's drain his own: it stays", "s1:drained", "n1:fromkube", ""},
	{"... and his uncordon, too", "s1:drained", "n1:back", "mark-node cordon=0 mark=overruled"},
	{"a drain of vmd's that came late is ended", "s1:ours", "n1:fromslurm", "drain-node reason="},
	{"a mark of another program: left alone", "s1:drained", "n1:foreign", ""},
	{"a node of one side alone", "s1:drained", "n2:cordoned", ""},
	{"nodes unknown", "s1:drained", "n1:ready ?nodes", ""},
	{"Slurm unknown", "unknown s1:drained", "n1:ready", ""},
	{"a VM is still to leave: the mark stays", "running s1",
	 "n1:back vm0:running evacuating disk pv pvc secret", "keep-vm:r0"},
	{"... or its migration waits", "running s1", "n1:back vm0:running stale disk pv pvc secret",
	 "cancel-migration"},
	{"... or nobody knows", "running s1", "n1:back ?vms", ""},
	{"... but not for a VM elsewhere", "running s1 s2",
	 "n2:back vm0:running evacuating disk pv pvc secret",
	 "allocate mark-node cordon=0 mark="},
	{"... nor for one that KubeVirt cannot be told of", "running refused s1",
	 "n1:back vm0:running evacuating disk pv pvc secret",
	 "allocate mark-node cordon=0 mark="},
};
/* clang-format on */

/* With what it says of a node. */
static const char *plan_text(const struct plan *p, char *buf, size_t size)
{
	size_t len;

	(void)little_plan_text(p, buf, size);
	len = strlen(buf);
	for (size_t i = 0; i < p->n; i++) {
		const struct action *a = &p->act[i];

		if (a->kind == ACT_MARK_NODE)
			(void)snprintf(buf + len, size - len, " cordon=%d mark=%s",
				       a->mark_node.cordon, drain_mark_name(a->mark_node.mark));
		else if (a->kind == ACT_DRAIN_NODE)
			(void)snprintf(buf + len, size - len, " reason=%s",
				       drain_is_ours(a->reason) ? "ours" : a->reason);
	}
	return buf;
}

static void refuse(struct little_world *w)
{
	struct action a = {.kind = ACT_KEEP_VM,
			   .job_id = 17,
			   .job_key = LITTLE_KEY,
			   .object = "vm-" LITTLE_KEY "-r0"};
	struct err e;
	uint64_t ticket = inflight_start(&w->flight, &a, LITTLE_NOW_US);

	(void)err_set(&e, ERR_ABSENT, "404");
	(void)inflight_finish(&w->flight, ticket, &e, LITTLE_NOW_US);
}

START_TEST(plan_rows)
{
	const char *job = rows[_i].slurm;
	bool refused = strstr(job, "refused") != NULL;
	struct little_world w;
	struct plan *p = calloc(1, sizeof(*p));
	char words[128], text[512];

	ck_assert_ptr_nonnull(p);
	(void)snprintf(words, sizeof(words), "%s%s", *job == 'r' || *job == 'u' ? "" : "absent ",
		       refused ? "running s1" : job);
	little_world_init(&w, words, rows[_i].kube, "");
	if (refused)
		refuse(&w);
	plan(&w.want, &w.seen, &w.context, p);
	(void)plan_text(p, text, sizeof(text));
	ck_assert_msg(str_eq(text, rows[_i].plan), "%s: '%s'", rows[_i].why, text);
	for (size_t i = 0; i < p->n; i++)
		ck_assert(p->act[i].kind != ACT_MARK_NODE || str_eq(p->act[i].version, "5"));
	little_world_done(&w);
	free(p);
}
END_TEST

START_TEST(marks_are_words)
{
	ck_assert_int_eq(drain_mark_parse(NULL), NODE_UNMARKED);
	for (int m = NODE_UNMARKED; m <= NODE_OVERRULED; m++)
		ck_assert_int_eq(drain_mark_parse(drain_mark_name((enum node_mark)m)), m);
	ck_assert_int_eq(drain_mark_parse("kubernetes-1"), NODE_FOREIGN);
}
END_TEST

START_TEST(a_site_may_want_neither)
{
	static const struct {
		const char *slurm, *kube, *plan;
	} off[] = {
		{"absent s1:drained", "n1:ready", ""},
		{"absent s1", "n1:cordoned", ""},
		{"absent s1", "n1:fromslurm", "mark-node cordon=0 mark="},
		{"absent s1:ours", "n1:back", "drain-node reason="},
	};
	struct little_world w;
	struct plan *p = calloc(1, sizeof(*p));
	char text[256];

	ck_assert_ptr_nonnull(p);
	little_world_init(&w, off[_i].slurm, off[_i].kube, "");
	w.policy.drain = (struct drain_policy){.follow_cordon = false};
	plan(&w.want, &w.seen, &w.context, p);
	ck_assert_str_eq(plan_text(p, text, sizeof(text)), off[_i].plan);
	little_world_done(&w);
	free(p);
}
END_TEST

/* ---- one host, two admins, vmd ---- */

enum side { S_UP, S_ADMINS, S_OURS };
struct host {
	bool cordoned;
	enum node_mark mark;
	enum side slurm;
};

static enum drain_step step_of(const struct host *h)
{
	static const struct drain_policy both = {.follow_cordon = true, .follow_drain = true};
	struct node_seen k = {.name = "n1", .cordoned = h->cordoned, .mark = h->mark};
	struct slurm_node s = {.name = "n1", .drained = h->slurm != S_UP};

	(void)str_copy(s.reason, sizeof(s.reason), h->slurm == S_OURS ? DRAIN_REASON : "fan");
	return drain_read(&k, &s, &both);
}

/* false: nothing is left to do. */
static bool vmd_acts(struct host *h)
{
	switch (step_of(h)) {
	case DRAIN_NOTHING: return false;
	case DRAIN_CORDON: h->cordoned = true, h->mark = NODE_FROM_SLURM; break;
	case DRAIN_UNCORDON:
		/* Never what an admin of Kubernetes has cordoned. */
		ck_assert(!h->cordoned || h->mark == NODE_FROM_SLURM);
		h->cordoned = false, h->mark = NODE_UNMARKED;
		break;
	case DRAIN_MARK: h->mark = NODE_FROM_KUBE; break;
	case DRAIN_OVERRULED:
		ck_assert(!h->cordoned);
		h->mark = NODE_OVERRULED;
		break;
	case DRAIN_SLURM:
		ck_assert(h->slurm == S_UP);
		h->slurm = S_OURS;
		break;
	case DRAIN_RESUME:
		ck_assert(h->slurm == S_OURS); /* never an admin's */
		h->slurm = S_UP;
		break;
	}
	return true;
}

static void people_act(struct host *h, unsigned deed)
{
	switch (deed % 5) {
	case 0: h->cordoned = true; break;
	case 1: h->cordoned = false; break;
	case 2: h->slurm = S_ADMINS; break;
	case 3: h->slurm = S_UP; break;
	default: break; /* vmd has time for one step */
	}
}

static void settle(struct host *h, unsigned deeds)
{
	unsigned steps = 0;

	while (vmd_acts(h))
		ck_assert_msg(++steps < 6, "no rest after deeds %u", deeds);
}

/* Whatever people do, in whatever order, and however far vmd gets in between: it comes to rest, and
 * when both have put the host back into service it is in service, without a mark. Six deeds. */
START_TEST(people_in_any_order)
{
	for (unsigned deeds = 0; deeds < 15625; deeds++) {
		struct host h = {.slurm = S_UP};

		for (unsigned d = deeds, i = 0; i < 6; i++, d /= 5) {
			people_act(&h, d);
			if (d % 5 == 4)
				(void)vmd_acts(&h);
		}
		settle(&h, deeds);
		people_act(&h, 1);
		people_act(&h, 3);
		settle(&h, deeds);
		ck_assert_msg(!h.cordoned && h.slurm == S_UP && !h.mark, "deeds %u", deeds);
	}
}
END_TEST

/* Nobody is overruled twice: what an admin undoes stays undone. */
START_TEST(vmd_does_not_insist)
{
	struct host h = {.slurm = S_ADMINS};

	settle(&h, 0);
	ck_assert(h.cordoned);
	h.cordoned = false;
	settle(&h, 0);
	ck_assert(!h.cordoned && h.slurm == S_ADMINS);
	h.cordoned = true; /* of his own, which stays when Slurm resumes the host */
	settle(&h, 0);
	h.slurm = S_UP;
	settle(&h, 0);
	ck_assert(h.cordoned && h.slurm == S_OURS);

	h = (struct host){.cordoned = true};
	settle(&h, 0);
	ck_assert(h.slurm == S_OURS);
	h.slurm = S_UP;
	settle(&h, 0);
	ck_assert(h.cordoned && h.slurm == S_UP);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("drain");

	tcase_add_loop_test(t, plan_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, marks_are_words);
	tcase_add_loop_test(t, a_site_may_want_neither, 0, 4);
	tcase_add_test(t, people_in_any_order);
	tcase_add_test(t, vmd_does_not_insist);
	return CHECK_MAIN(t);
}
