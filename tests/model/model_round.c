/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round in the little model: makes the abstract state concrete (world, flights with times),
 * asks the real plan(), and makes what comes of it abstract again. */
#include "tests/model/little_model.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#define KEY         "17-9f3c12ab45de6701"
#define ROOT        "vm-" KEY "-root"
#define NOW_US      INT64_C(1000000000)
#define LONG_AGO_US (NOW_US - 60 * INT64_C(1000000))
#define NOW_S       INT64_C(1700000000)

static const char *const vm_names[2] = {"vm-" KEY "-r0", "vm-" KEY "-r1"};
static const char *const claim_names[2] = {"vm-" KEY "-r0-root", "vm-" KEY "-r1-root"};

static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.keep_s = 3600, .delete_share_min = 8};

/* The world as the rules see it. */
struct concrete {
	struct job job;
	struct desired want;
	struct vm_seen vm[2];
	struct disk_seen disk;
	struct volume_seen pv, pvc, secret;
	struct observed seen;
	struct inflight flight;
	struct plan_context context;
};

static void begin_action(struct action *a, enum action_kind k, const char *object)
{
	*a = (struct action){.kind = k};
	(void)str_copy(a->job_key, sizeof(a->job_key), KEY);
	(void)str_copy(a->object, sizeof(a->object), object);
}

static void flight_make(struct inflight *f, uint8_t flight, uint8_t unsure, enum action_kind make,
			enum action_kind remove, const char *object)
{
	const struct err ok = {.kind = ERR_NONE};
	struct err no_answer;
	struct action a;

	err_set(&no_answer, ERR_UNSURE, "no answer");
	for (unsigned bit = 1; bit <= 2; bit++) /* long enough ago for the back-off to be over */
		if (unsure & bit) {
			begin_action(&a, bit == 1 ? make : remove, object);
			(void)inflight_finish(f, inflight_start(f, &a, LONG_AGO_US), &no_answer,
					      LONG_AGO_US);
		}
	if (flight == F_NONE)
		return;
	begin_action(&a, flight == F_MAKING || flight == F_MADE ? make : remove, object);
	if (flight == F_MAKING || flight == F_REMOVING)
		(void)inflight_start(f, &a, NOW_US);
	else
		(void)inflight_finish(f, inflight_start(f, &a, NOW_US), &ok, NOW_US);
}

static void flight_read(const struct inflight *f, const char *object, enum action_class class,
			uint8_t *flight, uint8_t *unsure)
{
	*flight = F_NONE;
	*unsure = 0; /* 1: it may appear, 2: it may vanish */
	for (size_t i = 0; i < f->n; i++) {
		const struct flight *fl = &f->flight[i];

		if (fl->class != class || !str_eq(fl->object, object))
			continue;
		*unsure = (uint8_t)((fl->lands_until_us > NOW_US) | (fl->vanish_until_us > NOW_US)
									    << 1);
		if (fl->ticket)
			*flight = action_creates(fl->kind) ? F_MAKING : F_REMOVING;
		else if (fl->believed_until_us > NOW_US)
			*flight = action_creates(fl->kind) ? F_MADE : F_REMOVED;
	}
}

static void volume_make(struct volume_seen *v, size_t *n, uint8_t there, const char *name)
{
	*v = (struct volume_seen){.uid = "u", .version = "1", .deleting = there == 2};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->job_key, sizeof(v->job_key), KEY);
	*n += there != 0;
}

static void volumes_make(struct concrete *c, const struct m_state *s)
{
	for (int i = 0; i < 2; i++) {
		bool goes = s->owner == OWN_0_GOES + i;

		if (s->owner != OWN_0 + i && !goes)
			continue;
		volume_make(&c->pvc, &c->seen.n_pvc, goes ? 2 : 1, claim_names[i]);
		volume_make(&c->pv, &c->seen.n_pv, 1, ROOT);
		(void)str_copy(c->pv.claim, sizeof(c->pv.claim), claim_names[i]);
		(void)str_copy(c->pv.claim_uid, sizeof(c->pv.claim_uid), c->pvc.uid);
	}
	volume_make(&c->secret, &c->seen.n_secret, s->job_view == M_RUNNING, "vm-" KEY);
}

static void vms_make(struct concrete *c, const struct m_state *s)
{
	static const enum vm_phase phases[] = {VM_ABSENT,  VM_STARTING, VM_RUNNING,
					       VM_STOPPED, VM_DELETING, VM_DELETING};

	for (int i = 0; i < 2; i++) {
		struct vm_seen *vm = &c->vm[c->seen.n_vm];

		if (s->vm_view[i] == M_ABSENT)
			continue;
		*vm = (struct vm_seen){.phase = phases[s->vm_view[i]], .version = "1"};
		(void)str_copy(vm->name, sizeof(vm->name), vm_names[i]);
		(void)str_copy(vm->job_key, sizeof(vm->job_key), KEY);
		(void)str_copy(vm->uid, sizeof(vm->uid), s->view_same[i] ? "same" : "other");
		c->seen.n_vm++;
	}
}

static void concrete_make(struct concrete *c, const struct m_state *s)
{
	static const enum job_phase phases[] = {JOB_PENDING, JOB_RUNNING, JOB_ENDING, JOB_ENDED,
						JOB_ENDED};

	*c = (struct concrete){
		.job = {.id = 17,
			.restarts = s->run_view,
			.phase = phases[s->job_view],
			.end = s->job_view == M_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
			.cpus = 1,
			.memory_bytes = UINT64_C(1) << 30,
			.node = "n1",
			.request = {.image = "tiny", .nonce = "9f3c12ab45de6701"}}
        };
	c->want =
		(struct desired){.known = s->job_known, .n = s->job_view != M_GONE, .job = &c->job};
	c->seen = (struct observed){.vms_known = s->vms_known,
				    .vm = c->vm,
				    .disks_known = s->disks_known,
				    .n_disk = s->disk_view,
				    .disk = &c->disk,
				    .pvs_known = true,
				    .pv = &c->pv,
				    .pvcs_known = true,
				    .pvc = &c->pvc,
				    .secrets_known = true,
				    .secret = &c->secret};
	vms_make(c, s);
	c->disk = (struct disk_seen){
		.name = ROOT, .job_key = KEY, .kept_until_s = s->kept_view ? NOW_S + 3600 : 0};
	volumes_make(c, s);
	for (int i = 0; i < 2; i++)
		flight_make(&c->flight, s->flight[i], s->unsure[i], ACT_CREATE_VM, ACT_DELETE_VM,
			    vm_names[i]);
	flight_make(&c->flight, s->disk_flight, s->disk_unsure, ACT_CLONE_DISK, ACT_REMOVE_DISK,
		    ROOT);
	c->context = (struct plan_context){.catalogue = &catalogue,
					   .policy = &policy,
					   .flight = &c->flight,
					   .mono_us = NOW_US,
					   .wall_s = NOW_S};
}

/* Starts one action: what takes time goes into flight, what does not happens. */
static const char *action_start(struct m_state *s, const struct action *a)
{
	unsigned i = str_eq(a->object, vm_names[1]) || str_eq(a->object, claim_names[1]);

	if (!s->job_known || !s->vms_known)
		return "an action from an unknown view";
	switch (a->kind) {
	case ACT_CREATE_VM: s->flight[i] = F_MAKING; break;
	case ACT_DELETE_VM:
		s->flight[i] = F_REMOVING;
		s->flight_same[i] = str_eq(a->uid, "same");
		break;
	case ACT_TAKE_DISK: /* no job of the model starts from a kept disk */
	case ACT_CLONE_DISK: s->disk_flight = F_MAKING; break;
	case ACT_REMOVE_DISK: s->disk_flight = F_REMOVING; break;
	case ACT_KEEP_DISK: s->kept = s->kept_view = s->disk && a->keep_until_s; break;
	case ACT_CREATE_PVC:
		if (s->owner == OWN_NONE) /* else the PV waits for the owner to let go */
			s->owner = (uint8_t)(OWN_0 + i);
		break;
	case ACT_DELETE_PVC:
		if (s->owner == OWN_0 + i)
			s->owner = (uint8_t)(OWN_0_GOES + i);
		m_release(s);
		break;
	case ACT_END_JOB:
		if (s->job == M_RUNNING && s->run == s->run_view) {
			s->job = M_ENDED;
			s->ended_once = 1;
		}
		break;
	case ACT_CREATE_PV:
	case ACT_DELETE_PV:
	case ACT_CREATE_SECRET:
	case ACT_DELETE_SECRET:
	case ACT_FENCE_DISK:
	case ACT_RELEASE_VM:
	case ACT_CREATE_DISK:
	case ACT_WARN_GUEST:
	case ACT_TELL_READY:
	case ACT_RECORD:
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_POINT_VM:
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
	case ACT_MARK_NODE:
	case ACT_TELL_JOB:
	case ACT_DRAIN_NODE:
	case ACT_KEEP_VM: return "an action that was not asked for";
	}
	return NULL;
}

unsigned m_round(struct m_state *s, const char **ret_wrong)
{
	static struct plan out;
	struct concrete c;

	concrete_make(&c, s);
	inflight_see(&c.flight, &c.seen);
	plan(&c.want, &c.seen, &c.context, &out);
	for (unsigned i = 0; i < 2; i++)
		flight_read(&c.flight, vm_names[i], CLASS_VM, &s->flight[i], &s->unsure[i]);
	flight_read(&c.flight, ROOT, CLASS_DISK, &s->disk_flight, &s->disk_unsure);
	inflight_done(&c.flight);
	for (size_t i = 0; i < out.n && !*ret_wrong; i++)
		*ret_wrong = action_start(s, &out.act[i]);
	return (unsigned)out.n;
}
