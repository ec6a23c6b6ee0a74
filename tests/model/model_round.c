/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round in the little model: makes the abstract state concrete (world, flights with times),
 * asks the real plan(), and makes what comes of it abstract again. */
#include "tests/model/little_model.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <string.h>

#define KEY         "17-9f3c12ab45de6701"
#define NOW_US      INT64_C(1000000000)
#define LONG_AGO_US (NOW_US - 60 * INT64_C(1000000))
#define NOW_S       INT64_C(1700000000)

/* One machine's. */
struct names {
	const char *key, *root, *secret, *vm[2], *claim[2];
};
#define NAMES(k)                                                                                   \
	{                                                                                          \
		.key = k, .root = "vm-" k "-root", .secret = "vm-" k,                              \
		.vm = {"vm-" k "-r0", "vm-" k "-r1"}, .claim = {                                   \
			"vm-" k "-r0-root",                                                        \
			"vm-" k "-r1-root"                                                         \
		}                                                                                  \
	}
static const struct names alone = NAMES(KEY), first = NAMES(KEY "-0"), other = NAMES(KEY "-1");

static const struct names *names_of(const struct m_state *s)
{
	return s->two ? &first : &alone;
}

static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.keep_s = 3600, .delete_share_min = 8};

/* The world as the rules see it. */
struct concrete {
	const struct names *names;
	struct job job[2];
	struct desired want;
	struct vm_seen vm[3];
	struct disk_seen disk[2];
	struct volume_seen pv[2], pvc[2], secret[2];
	struct observed seen;
	struct inflight flight;
	struct plan_context context;
};

static void begin_action(struct action *a, enum action_kind k, const char *key, const char *object)
{
	*a = (struct action){.kind = k};
	(void)str_copy(a->job_key, sizeof(a->job_key), key);
	(void)str_copy(a->object, sizeof(a->object), object);
}

static void flight_make(struct inflight *f, uint8_t flight, uint8_t unsure, enum action_kind make,
			enum action_kind remove, const char *key, const char *object)
{
	const struct err ok = {.kind = ERR_NONE};
	struct err no_answer;
	struct action a;

	err_set(&no_answer, ERR_UNSURE, "no answer");
	for (unsigned bit = 1; bit <= 2; bit++) /* long enough ago for the back-off to be over */
		if (unsure & bit) {
			begin_action(&a, bit == 1 ? make : remove, key, object);
			(void)inflight_finish(f, inflight_start(f, &a, LONG_AGO_US), &no_answer,
					      LONG_AGO_US);
		}
	if (flight == F_NONE)
		return;
	begin_action(&a, flight == F_MAKING || flight == F_MADE ? make : remove, key, object);
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

static void volume_make(struct volume_seen *v, size_t *n, uint8_t there, const char *key,
			const char *name)
{
	v += *n;
	*v = (struct volume_seen){.uid = "u", .version = "1", .deleting = there == 2};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->job_key, sizeof(v->job_key), key);
	*n += there != 0;
}

static void volumes_make(struct concrete *c, const struct names *k, uint8_t owner, bool secret)
{
	for (int i = 0; i < 2; i++) {
		bool goes = owner == OWN_0_GOES + i;
		struct volume_seen *pv = &c->pv[c->seen.n_pv];

		if (owner != OWN_0 + i && !goes)
			continue;
		volume_make(c->pvc, &c->seen.n_pvc, goes ? 2 : 1, k->key, k->claim[i]);
		volume_make(c->pv, &c->seen.n_pv, 1, k->key, k->root);
		(void)str_copy(pv->claim, sizeof(pv->claim), k->claim[i]);
		(void)str_copy(pv->claim_uid, sizeof(pv->claim_uid), "u");
	}
	volume_make(c->secret, &c->seen.n_secret, secret, k->key, k->secret);
}

static void disk_make(struct concrete *c, const struct names *k, uint8_t there, uint8_t kept)
{
	struct disk_seen *d = &c->disk[c->seen.n_disk];

	*d = (struct disk_seen){.kept_until_s = kept ? NOW_S + 3600 : 0};
	(void)str_copy(d->name, sizeof(d->name), k->root);
	(void)str_copy(d->job_key, sizeof(d->job_key), k->key);
	c->seen.n_disk += there;
}

static void vm_make(struct concrete *c, const struct names *k, unsigned run, uint8_t state,
		    const char *uid)
{
	static const enum vm_phase phases[] = {VM_ABSENT,  VM_STARTING, VM_RUNNING,
					       VM_STOPPED, VM_DELETING, VM_DELETING};
	struct vm_seen *vm = &c->vm[c->seen.n_vm];

	if (state == M_ABSENT)
		return;
	*vm = (struct vm_seen){.phase = phases[state], .version = "1"};
	(void)str_copy(vm->name, sizeof(vm->name), k->vm[run]);
	(void)str_copy(vm->job_key, sizeof(vm->job_key), k->key);
	(void)str_copy(vm->uid, sizeof(vm->uid), uid);
	c->seen.n_vm++;
}

static void concrete_make(struct concrete *c, const struct m_state *s)
{
	static const enum job_phase phases[] = {JOB_PENDING, JOB_RUNNING, JOB_ENDING, JOB_ENDED,
						JOB_ENDED};

	*c = (struct concrete){.names = names_of(s)};
	for (uint32_t i = 0; i < 2; i++)
		c->job[i] =
			(struct job){.id = 17,
				     .rank = i,
				     .restarts = s->run_view,
				     .phase = phases[s->job_view],
				     .end = s->job_view == M_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
				     .cpus = 1,
				     .memory_bytes = UINT64_C(1) << 30,
				     .node = "n1",
				     .request = {.image = "tiny",
						 .machines = s->two ? 2 : 0,
						 .nonce = "9f3c12ab45de6701"}};
	c->want = (struct desired){.known = s->job_known,
				   .n = s->job_view == M_GONE ? 0
					: s->two              ? 2
							      : 1,
				   .job = c->job};
	c->seen = (struct observed){.vms_known = s->vms_known,
				    .vm = c->vm,
				    .disks_known = s->disks_known,
				    .named_known = s->disks_known,
				    .disk = c->disk,
				    .pvs_known = true,
				    .pv = c->pv,
				    .pvcs_known = true,
				    .pvc = c->pvc,
				    .secrets_known = true,
				    .secret = c->secret};
	for (unsigned i = 0; i < 2; i++)
		vm_make(c, c->names, i, s->vm_view[i], s->view_same[i] ? "same" : "other");
	disk_make(c, c->names, s->disk_view, s->kept_view);
	volumes_make(c, c->names, s->owner, s->job_view == M_RUNNING);
	if (s->two) {
		vm_make(c, &other, s->other_run, s->other_vm, "same");
		disk_make(c, &other, s->other_disk, s->other_kept);
		volumes_make(c, &other, s->other_owner, s->job_view == M_RUNNING);
	}
	for (int i = 0; i < 2; i++)
		flight_make(&c->flight, s->flight[i], s->unsure[i], ACT_CREATE_VM, ACT_DELETE_VM,
			    c->names->key, c->names->vm[i]);
	flight_make(&c->flight, s->disk_flight, s->disk_unsure, ACT_CLONE_DISK, ACT_REMOVE_DISK,
		    c->names->key, c->names->root);
	c->context = (struct plan_context){.catalogue = &catalogue,
					   .policy = &policy,
					   .flight = &c->flight,
					   .mono_us = NOW_US,
					   .wall_s = NOW_S};
}

/* Nothing of one machine is ever another one's. */
static bool is_mixed(const struct action *a, const struct names *k, unsigned i)
{
	switch (a->kind) {
	case ACT_CREATE_VM:
		return !str_eq(a->vm.name, k->vm[i]) || !str_eq(a->vm.secret, k->secret) ||
		       !str_eq(a->vm.job_key, k->key) || !str_eq(a->vm.disk[0].claim, k->claim[i]);
	case ACT_CLONE_DISK:
		return !str_eq(a->disk.name, k->root) || !str_eq(a->disk.job_key, k->key);
	case ACT_CREATE_PVC:
	case ACT_CREATE_PV:
		return !str_eq(a->disk.name, k->root) || !str_eq(a->disk.claim, k->claim[i]);
	default: return false;
	}
}

static const char *job_end(struct m_state *s)
{
	if (s->two && s->other_vm != M_STOPPED)
		return "the job was ended while its second guest goes on";
	if (s->job == M_RUNNING && s->run == s->run_view) {
		s->job = M_ENDED;
		s->ended_once = 1;
	}
	return NULL;
}

/* What is asked for the second machine happens. */
static const char *other_start(struct m_state *s, const struct action *a, unsigned i)
{
	switch (a->kind) {
	case ACT_CREATE_VM:
		if (s->other_vm != M_ABSENT && s->other_run != i)
			return "two VMs of the second machine";
		if (s->other_vm == M_ABSENT)
			s->other_vm = M_STARTING;
		s->other_run = (uint8_t)i;
		break;
	case ACT_DELETE_VM:
		if (s->job == M_RUNNING && s->run == s->other_run)
			return "the second machine's wanted VM was deleted";
		s->other_vm = M_ABSENT;
		s->other_run = 0;
		break;
	case ACT_CLONE_DISK: s->other_disk = 1; break;
	case ACT_REMOVE_DISK:
		if (s->other_vm == M_UP || !s->ended_once)
			return "the second machine's disk was removed";
		s->other_disk = s->other_kept = 0;
		break;
	case ACT_KEEP_DISK: s->other_kept = s->other_disk && a->keep_disk.until_s; break;
	case ACT_CREATE_PVC:
		if (s->other_owner == OWN_NONE)
			s->other_owner = (uint8_t)(OWN_0 + i);
		break;
	case ACT_DELETE_PVC:
		if (s->other_vm == M_UP && s->other_run == i)
			return "the second guest lost its claim";
		if (s->other_owner == OWN_0 + i)
			s->other_owner = OWN_NONE;
		break;
	case ACT_CREATE_PV:
	case ACT_DELETE_PV:
	case ACT_CREATE_SECRET:
	case ACT_DELETE_SECRET: break;
	default: return "an action that was not asked for";
	}
	return NULL;
}

/* Starts one action: what takes time goes into flight, what does not happens. */
static const char *action_start(struct m_state *s, const struct action *a)
{
	bool of_other = s->two && str_eq(a->job_key, other.key);
	const struct names *k = of_other ? &other : names_of(s);
	unsigned i = str_eq(a->object, k->vm[1]) || str_eq(a->object, k->claim[1]) ||
		     (a->kind == ACT_CREATE_PV && str_eq(a->disk.claim, k->claim[1]));

	if (!s->job_known || !s->vms_known)
		return "an action from an unknown view";
	if (!str_eq(a->job_key, k->key) || !strstr(a->object, k->key) || is_mixed(a, k, i))
		return "one machine would get what is another's";
	if (a->kind == ACT_END_JOB)
		return job_end(s);
	if (of_other)
		return other_start(s, a, i);
	switch (a->kind) {
	case ACT_CREATE_VM: s->flight[i] = F_MAKING; break;
	case ACT_DELETE_VM:
		s->flight[i] = F_REMOVING;
		s->flight_same[i] = str_eq(a->uid, "same");
		break;
	case ACT_TAKE_DISK: /* no job of the model starts from a kept disk */
	case ACT_CLONE_DISK: s->disk_flight = F_MAKING; break;
	case ACT_REMOVE_DISK: s->disk_flight = F_REMOVING; break;
	case ACT_KEEP_DISK: s->kept = s->kept_view = s->disk && a->keep_disk.until_s; break;
	case ACT_CREATE_PVC:
		if (s->owner == OWN_NONE) /* else the PV waits for the owner to let go */
			s->owner = (uint8_t)(OWN_0 + i);
		break;
	case ACT_DELETE_PVC:
		if (s->owner == OWN_0 + i)
			s->owner = (uint8_t)(OWN_0_GOES + i);
		m_volumes_free(s);
		break;
	case ACT_END_JOB:
	case ACT_CREATE_PV:
	case ACT_DELETE_PV:
	case ACT_CREATE_SECRET:
	case ACT_DELETE_SECRET:
	case ACT_FENCE_DISK:
	case ACT_CLAIM_DISK: /* no named disks in the model */
	case ACT_DROP_CLAIM:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_FORCE_DELETE_POD:
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
	case ACT_RESERVE:
	case ACT_END_RESERVATION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
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
	world_sort(&c.want, &c.seen);
	inflight_see(&c.flight, &c.seen);
	plan(&c.want, &c.seen, &c.context, &out);
	for (unsigned i = 0; i < 2; i++)
		flight_read(&c.flight, c.names->vm[i], CLASS_VM, &s->flight[i], &s->unsure[i]);
	flight_read(&c.flight, c.names->root, CLASS_DISK, &s->disk_flight, &s->disk_unsure);
	inflight_done(&c.flight);
	for (size_t i = 0; i < out.n && !*ret_wrong; i++)
		*ret_wrong = action_start(s, &out.act[i]);
	return (unsigned)out.n;
}
