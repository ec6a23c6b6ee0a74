/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States and steps of the little model; see little_model.h. A state is abstract: it says that a
 * request is unsure, not since when. For a round it is made concrete (world, flights with times),
 * the real plan() is asked, and the outcome is made abstract again. */
#include "tests/model/little_model.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <assert.h>
#include <string.h>

#define KEY     "17-9f3c12ab45de6701"
#define ROOT    "vm-" KEY "-root"
#define NOW_US  INT64_C(1000000000)
#define LONG_AGO_US (NOW_US - 60 * INT64_C(1000000))
#define NOW_S   INT64_C(1700000000)

static const char *const vm_names[2] = {"vm-" KEY "-r0", "vm-" KEY "-r1"};

enum event {
	E_START,
	E_REQUEUE,
	E_ENDING,
	E_ENDED,
	E_REQUEUE_ENDED,
	E_PURGE,
	E_POLL,
	E_SEE_VMS,
	E_SEE_DISKS,
	E_ROUND,
	E_DISK_OK,
	E_DISK_RETRY,
	E_DISK_NO_REPLY,
	E_BELIEF,
	E_LATE,
	E_CRASH,
	E_PER_VM, /* from here on twice, for each VM */
	E_VM_OK = E_PER_VM,
	E_VM_RETRY,
	E_VM_LOST,
	E_VM_NO_REPLY,
	E_VM_DELAYED,
	E_LAND_CREATE,
	E_LAND_DELETE,
	E_BOOT,
	E_POWEROFF,
	E_KUBECTL_DELETE,
	E_VM_GONE,
	E_COUNT
};

static const char *const event_names[E_COUNT] = {
	"job starts",
	"job is requeued",
	"job is ending",
	"job has ended",
	"ended job is requeued",
	"job is purged",
	"vmd polls Slurm",
	"vmd sees VMs",
	"vmd sees disks",
	"round",
	"disk request done",
	"disk request refused",
	"disk request done, no reply",
	"belief is over",
	"nothing can land any more",
	"vmd crashes",
	"VM request done",
	"VM request refused",
	"VM request lost",
	"VM request done, no reply",
	"VM request delayed",
	"late create lands",
	"late delete lands",
	"guest boots",
	"guest powers off",
	"kubectl delete vm",
	"VM is gone",
};

unsigned m_events(void)
{
	return E_COUNT + (E_COUNT - E_PER_VM);
}

static enum event event_of(unsigned number, unsigned *ret_vm)
{
	*ret_vm = number >= E_COUNT;
	return (enum event)(number >= E_COUNT ? number - E_COUNT + E_PER_VM : number);
}

const char *m_event_name(unsigned number)
{
	unsigned vm;

	return event_names[event_of(number, &vm)];
}

struct m_state m_begin(void)
{
	return (struct m_state){.quiet = 1};
}

static void see_vms(struct m_state *s)
{
	s->vms_known = 1;
	memcpy(s->vm_view, s->vm, sizeof(s->vm));
	for (int i = 0; i < 2; i++)
		s->view_same[i] = s->vm[i] != M_ABSENT;
}

static void see_disks(struct m_state *s)
{
	s->disks_known = 1;
	s->disk_view = s->disk;
	s->kept_view = s->kept;
}

static void poll(struct m_state *s)
{
	s->job_known = 1;
	s->job_view = s->job;
	s->run_view = s->run;
}

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
		*unsure = (uint8_t)((fl->lands_until_us > NOW_US) | (fl->vanish_until_us > NOW_US) << 1);
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
	*n = there != 0;
}

static void vms_make(struct concrete *c, const struct m_state *s)
{
	static const enum vm_phase phases[] = {VM_ABSENT, VM_STARTING, VM_RUNNING, VM_STOPPED,
					       VM_DELETING};

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
				       .request = {.image = "tiny", .nonce = "9f3c12ab45de6701"}}};
	c->want = (struct desired){
		.known = s->job_known, .n = s->job_view != M_GONE, .job = &c->job};
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
	c->disk = (struct disk_seen){.name = ROOT,
				     .job_key = KEY,
				     .kept_until_s = s->kept_view ? NOW_S + 3600 : 0};
	volume_make(&c->pv, &c->seen.n_pv, s->pv, ROOT);
	volume_make(&c->pvc, &c->seen.n_pvc, s->pvc, ROOT);
	volume_make(&c->secret, &c->seen.n_secret, s->secret, "vm-" KEY);
	for (int i = 0; i < 2; i++)
		flight_make(&c->flight, s->flight[i], s->unsure[i], ACT_CREATE_VM, ACT_DELETE_VM,
			    vm_names[i]);
	flight_make(&c->flight, s->disk_flight, s->disk_unsure, ACT_CLONE_DISK, ACT_REMOVE_DISK,
		    ROOT);
	c->context = (struct plan_context){.catalogue = &catalogue,
					   .policy = &policy,
					   .flight = &c->flight,
					   .quiet_at_us = s->quiet ? 0 : NOW_US + 1,
					   .mono_us = NOW_US,
					   .wall_s = NOW_S};
}

/* Starts one action: what takes time goes into flight, what does not happens. */
static const char *action_start(struct m_state *s, const struct action *a)
{
	unsigned i = str_eq(a->object, vm_names[1]);
	bool makes = action_creates(a->kind);

	if (!s->job_known || (!s->vms_known && a->kind != ACT_CREATE_SECRET))
		return "an action from an unknown view";
	switch (a->kind) {
	case ACT_CREATE_VM: s->flight[i] = F_MAKING; break;
	case ACT_DELETE_VM:
		s->flight[i] = F_REMOVING;
		s->flight_same[i] = str_eq(a->uid, "same");
		break;
	case ACT_CLONE_DISK: s->disk_flight = F_MAKING; break;
	case ACT_REMOVE_DISK: s->disk_flight = F_REMOVING; break;
	case ACT_KEEP_DISK: s->kept = s->kept_view = s->disk && a->keep_until_s; break;
	case ACT_CREATE_PV:
	case ACT_DELETE_PV: s->pv = makes; break;
	case ACT_CREATE_PVC: s->pvc = 1; break;
	case ACT_DELETE_PVC:
		s->pvc = 0;
		for (int v = 0; v < 2; v++)
			if (s->vm[v] == M_UP || s->vm[v] == M_DELETING)
				s->pvc = 2;
		break;
	case ACT_CREATE_SECRET:
	case ACT_DELETE_SECRET: s->secret = makes; break;
	case ACT_END_JOB:
		if (s->job == M_RUNNING && s->run == s->run_view) {
			s->job = M_ENDED;
			s->ended_once = 1;
		}
		break;
	case ACT_CREATE_DISK:
	case ACT_RECORD: return "an action that was not asked for";
	}
	return NULL;
}

static unsigned round_do(struct m_state *s, const char **ret_wrong)
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

/* Whatever named that VM by its uid names nothing any more. */
static void vm_gone(struct m_state *s, unsigned i)
{
	s->vm[i] = M_ABSENT;
	s->view_same[i] = s->flight_same[i] = s->late_delete[i] = 0;
	if (s->pvc == 2)
		s->pvc = 0;
}

static void vm_create(struct m_state *s, unsigned i)
{
	if (s->vm[i] == M_ABSENT)
		s->vm[i] = M_STARTING; /* else it exists already and is ours: success */
}

/* same: the precondition holds. */
static const char *vm_delete(struct m_state *s, unsigned i, bool same)
{
	if (s->vm[i] == M_ABSENT || !same)
		return NULL;
	if (s->job == M_RUNNING && s->run == i)
		return "a wanted VM was deleted";
	s->vm[i] = M_DELETING;
	s->late_delete[i] = 0; /* a second one changes nothing */
	return NULL;
}

static const char *disk_apply(struct m_state *s)
{
	if (s->disk_flight == F_MAKING) {
		s->disk = 1;
		return NULL;
	}
	if (s->disk && !s->ended_once)
		return "the disk of a job that never ended was removed";
	if (s->vm[0] == M_UP || s->vm[1] == M_UP)
		return "a disk was removed under a guest";
	s->disk = s->kept = 0;
	return NULL;
}

static bool job_step(struct m_state *s, enum event e)
{
	switch (e) {
	case E_START:
		if (s->job != M_PENDING)
			return false;
		s->job = M_RUNNING;
		return true;
	case E_REQUEUE:
		if ((s->job != M_RUNNING && s->job != M_ENDING) || s->run)
			return false;
		s->job = M_PENDING;
		s->run = 1;
		return true;
	case E_ENDING:
		if (s->job != M_RUNNING)
			return false;
		s->job = M_ENDING;
		return true;
	case E_ENDED:
		if (s->job > M_ENDING)
			return false;
		s->job = M_ENDED;
		s->ended_once = 1;
		return true;
	case E_REQUEUE_ENDED:
		if (s->job != M_ENDED || s->run)
			return false;
		s->job = M_PENDING;
		s->run = 1;
		return true;
	default:
		if (s->job != M_ENDED)
			return false;
		s->job = M_GONE;
		return true;
	}
}

static bool disk_step(struct m_state *s, enum event e, const char **ret_wrong)
{
	bool making = s->disk_flight == F_MAKING;

	if (!making && s->disk_flight != F_REMOVING)
		return false;
	if (e != E_DISK_RETRY)
		*ret_wrong = disk_apply(s);
	s->disk_flight = F_NONE;
	if (e == E_DISK_OK)
		s->disk_flight = making ? F_MADE : F_REMOVED;
	if (e == E_DISK_NO_REPLY)
		s->disk_unsure |= making ? 1 : 2;
	return true;
}

static bool is_belief(uint8_t flight)
{
	return flight == F_MADE || flight == F_REMOVED;
}

/* Some time passes. The list of disks catches up, a stalled watch need not: what was made may still
 * appear in the view. */
static bool belief_step(struct m_state *s)
{
	if (!is_belief(s->flight[0]) && !is_belief(s->flight[1]) && !is_belief(s->disk_flight))
		return false;
	for (int i = 0; i < 2; i++) {
		s->unsure[i] |= s->flight[i] == F_MADE;
		if (is_belief(s->flight[i]))
			s->flight[i] = F_NONE;
	}
	if (is_belief(s->disk_flight))
		s->disk_flight = F_NONE;
	if (s->disks_known)
		see_disks(s);
	return true;
}

/* So much time passes that nothing can land, and that a known view has caught up. */
static void late_step(struct m_state *s)
{
	(void)belief_step(s);
	if (s->vms_known)
		see_vms(s);
	if (s->disks_known)
		see_disks(s);
	for (int i = 0; i < 2; i++)
		s->late_create[i] = s->late_delete[i] = s->unsure[i] = 0;
	s->disk_unsure = 0;
	s->quiet = 1;
}

static void crash_step(struct m_state *s)
{
	for (int i = 0; i < 2; i++) {
		s->late_create[i] |= s->flight[i] == F_MAKING;
		s->late_delete[i] |= s->flight[i] == F_REMOVING && s->flight_same[i];
		s->flight[i] = s->unsure[i] = s->flight_same[i] = 0;
		s->vm_view[i] = s->view_same[i] = 0;
	}
	s->disk_flight = s->disk_unsure = s->quiet = 0;
	s->job_known = s->job_view = s->run_view = 0;
	s->vms_known = s->disks_known = s->disk_view = s->kept_view = 0;
}

/* The answer to vmd's own request for VM i. */
static bool vm_answer(struct m_state *s, enum event e, unsigned i, const char **ret_wrong)
{
	bool making = s->flight[i] == F_MAKING;

	if (!making && s->flight[i] != F_REMOVING)
		return false;
	if (e == E_VM_OK || e == E_VM_NO_REPLY) {
		if (making)
			vm_create(s, i);
		else
			*ret_wrong = vm_delete(s, i, s->flight_same[i]);
	}
	if (e == E_VM_DELAYED && making)
		s->late_create[i] = 1;
	if (e == E_VM_DELAYED && !making)
		s->late_delete[i] |= s->flight_same[i];
	if (e != E_VM_OK && e != E_VM_RETRY)
		s->unsure[i] |= making ? 1 : 2;
	s->flight[i] = e == E_VM_OK ? (making ? F_MADE : F_REMOVED) : F_NONE;
	s->flight_same[i] = 0;
	return true;
}

static bool vm_step(struct m_state *s, enum event e, unsigned i, const char **ret_wrong)
{
	switch (e) {
	case E_LAND_CREATE:
		if (!s->late_create[i])
			return false;
		vm_create(s, i);
		s->late_create[i] = 0;
		return true;
	case E_LAND_DELETE:
		if (!s->late_delete[i])
			return false;
		s->late_delete[i] = 0;
		*ret_wrong = vm_delete(s, i, true);
		return true;
	case E_BOOT:
		if (s->vm[i] != M_STARTING || s->pvc != 1 || !s->disk)
			return false;
		s->vm[i] = M_UP;
		return true;
	case E_POWEROFF:
		if (s->vm[i] != M_UP)
			return false;
		s->vm[i] = M_STOPPED;
		return true;
	case E_KUBECTL_DELETE:
		if (s->vm[i] == M_ABSENT || s->vm[i] == M_DELETING)
			return false;
		s->vm[i] = M_DELETING;
		return true;
	case E_VM_GONE:
		if (s->vm[i] != M_DELETING)
			return false;
		vm_gone(s, i);
		return true;
	default: return vm_answer(s, e, i, ret_wrong);
	}
}

static const char *state_wrong(const struct m_state *s)
{
	if (s->vm[0] != M_ABSENT && s->vm[1] != M_ABSENT && s->pvc == 1)
		return "two VMs have one disk";
	return NULL;
}

static bool changes(const struct m_state *a, const struct m_state *b)
{
	return memcmp(a, b, sizeof(*a)) != 0;
}

bool m_step(const struct m_state *from, unsigned number, struct m_state *ret,
	    const char **ret_wrong)
{
	unsigned vm;
	enum event e = event_of(number, &vm);
	struct m_state s = *from;
	bool happens = true;

	*ret_wrong = NULL;
	if (e <= E_PURGE)
		happens = job_step(&s, e);
	else if (e == E_POLL)
		poll(&s);
	else if (e == E_SEE_VMS)
		see_vms(&s);
	else if (e == E_SEE_DISKS)
		see_disks(&s);
	else if (e == E_ROUND)
		(void)round_do(&s, ret_wrong);
	else if (e <= E_DISK_NO_REPLY)
		happens = disk_step(&s, e, ret_wrong);
	else if (e == E_BELIEF)
		happens = belief_step(&s);
	else if (e == E_LATE)
		late_step(&s);
	else if (e == E_CRASH)
		crash_step(&s);
	else
		happens = vm_step(&s, e, vm, ret_wrong);
	if (!happens || (!*ret_wrong && !changes(&s, from)))
		return false;
	if (!*ret_wrong)
		*ret_wrong = state_wrong(&s);
	*ret = s;
	return true;
}

static const char *settled_wrong(const struct m_state *s)
{
	bool wanted = s->job == M_RUNNING;

	for (unsigned i = 0; i < 2; i++)
		if ((s->vm[i] != M_ABSENT) != (wanted && s->run == i))
			return wanted && s->run == i ? "the wanted VM is missing" : "a VM is left";
	if (wanted && (!s->disk || s->pvc != 1 || !s->pv || !s->secret || s->kept))
		return "something of a running job is missing";
	if (s->job >= M_ENDED && (s->pv || s->pvc || s->secret))
		return "PV, PVC or Secret is left";
	if (s->job == M_ENDED && s->disk && !s->kept)
		return "a disk is left";
	if (s->job == M_GONE && s->disk && !s->kept)
		return "a disk is left for ever";
	return NULL;
}

int m_settle(struct m_state s, const char **ret_wrong)
{
	*ret_wrong = NULL;
	for (int round = 1; round <= 20; round++) {
		struct m_state before;
		unsigned n;

		poll(&s);
		see_vms(&s);
		see_disks(&s);
		late_step(&s);
		before = s;
		n = round_do(&s, ret_wrong);
		for (unsigned i = 0; i < 2 && !*ret_wrong; i++) {
			(void)vm_step(&s, E_VM_OK, i, ret_wrong);
			(void)vm_step(&s, E_VM_GONE, i, ret_wrong);
			(void)vm_step(&s, E_BOOT, i, ret_wrong);
		}
		(void)disk_step(&s, E_DISK_OK, ret_wrong);
		if (*ret_wrong)
			return -1;
		if (n == 0 && !changes(&s, &before)) {
			*ret_wrong = settled_wrong(&s);
			return *ret_wrong ? -1 : round;
		}
	}
	*ret_wrong = "it never settles";
	return -1;
}

void m_print(const struct m_state *s)
{
	printf("# job=%u run=%u vm=%u,%u disk=%u pv=%u pvc=%u secret=%u late=%u,%u view: job=%u/%u "
	       "run=%u vm=%u/%u,%u disk=%u/%u flight=%u,%u,%u unsure=%u,%u,%u quiet=%u\n",
	       s->job, s->run, s->vm[0], s->vm[1], s->disk, s->pv, s->pvc, s->secret,
	       s->late_create[0], s->late_create[1], s->job_known, s->job_view, s->run_view,
	       s->vms_known, s->vm_view[0], s->vm_view[1], s->disks_known, s->disk_view,
	       s->flight[0], s->flight[1], s->disk_flight, s->unsure[0], s->unsure[1],
	       s->disk_unsure, s->quiet);
}
