/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States and steps of the little model; see little_model.h. A state is abstract: it says that a
 * request is unsure, not since when. For a round it is made concrete (world, flights with times),
 * the real plan() is asked, and the outcome is made abstract again. */
#include "tests/model/little_model.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <assert.h>
#include <string.h>

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
	E_OTHER_BOOT,
	E_OTHER_POWEROFF,
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
	"the second guest boots",
	"the second guest powers off",
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

struct m_state m_begin(bool two)
{
	return (struct m_state){.job = M_PENDING, .two = two};
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

static bool has_guest(const struct m_state *s, unsigned i)
{
	return s->vm[i] == M_UP || s->vm[i] == M_GOING;
}

void m_volumes_free(struct m_state *s)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->owner == OWN_0_GOES + i && !has_guest(s, i))
			s->owner = OWN_NONE;
}

/* Whatever named that VM by its uid names nothing any more. */
static void vm_gone(struct m_state *s, unsigned i)
{
	s->vm[i] = M_ABSENT;
	s->view_same[i] = s->flight_same[i] = s->late_delete[i] = 0;
	m_volumes_free(s);
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
	s->vm[i] = has_guest(s, i) ? M_GOING : M_DELETING;
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
	if (has_guest(s, 0) || has_guest(s, 1))
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
}

/* A request that nobody waits for any more lies about. One at a time: many_vmd.c has any number. */
static void late(struct m_state *s, unsigned i, bool making, bool same)
{
	if (s->late_create[0] || s->late_create[1] || s->late_delete[0] || s->late_delete[1])
		return;
	if (making)
		s->late_create[i] = 1;
	else
		s->late_delete[i] = same;
}

static void crash_step(struct m_state *s)
{
	for (unsigned i = 0; i < 2; i++) {
		if (s->flight[i] == F_MAKING || s->flight[i] == F_REMOVING)
			late(s, i, s->flight[i] == F_MAKING, s->flight_same[i]);
		s->flight[i] = s->unsure[i] = s->flight_same[i] = 0;
		s->vm_view[i] = s->view_same[i] = 0;
	}
	s->disk_flight = s->disk_unsure = 0;
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
	if (e == E_VM_DELAYED)
		late(s, i, making, s->flight_same[i]);
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
		if (s->vm[i] != M_STARTING || s->owner != OWN_0 + i || !s->disk)
			return false;
		s->vm[i] = M_UP;
		return true;
	case E_POWEROFF:
		if (s->vm[i] != M_UP)
			return false;
		s->vm[i] = M_STOPPED;
		m_volumes_free(s);
		return true;
	case E_KUBECTL_DELETE:
		if (s->vm[i] == M_ABSENT || s->vm[i] >= M_DELETING || i != s->run)
			return false;
		s->vm[i] = has_guest(s, i) ? M_GOING : M_DELETING;
		return true;
	case E_VM_GONE:
		if (s->vm[i] < M_DELETING)
			return false;
		vm_gone(s, i);
		return true;
	default: return vm_answer(s, e, i, ret_wrong);
	}
}

static bool other_step(struct m_state *s, enum event e)
{
	if (e == E_OTHER_POWEROFF && s->other_vm == M_UP)
		s->other_vm = M_STOPPED;
	else if (e == E_OTHER_BOOT && s->other_vm == M_STARTING &&
		 s->other_owner == OWN_0 + s->other_run && s->other_disk)
		s->other_vm = M_UP;
	else
		return false;
	return true;
}

static const char *state_wrong(const struct m_state *s)
{
	if (has_guest(s, 0) && has_guest(s, 1))
		return "two guests have one disk";
	return NULL;
}

/* States that differ in nothing that matters are made one: VM 0 is of no use to anybody once the
 * job was queued again, so that it does not matter which VM 0 a deletion of it would hit. */
static void normalise(struct m_state *s)
{
	if (s->run == 0)
		return;
	s->late_delete[0] = 0;
	s->view_same[0] = s->vm[0] != M_ABSENT && s->vm_view[0] != M_ABSENT;
	s->flight_same[0] = s->vm[0] != M_ABSENT && s->flight[0] == F_REMOVING;
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
		(void)m_round(&s, ret_wrong);
	else if (e <= E_DISK_NO_REPLY)
		happens = disk_step(&s, e, ret_wrong);
	else if (e == E_BELIEF)
		happens = belief_step(&s);
	else if (e == E_LATE)
		late_step(&s);
	else if (e == E_CRASH)
		crash_step(&s);
	else if (e < E_PER_VM)
		happens = other_step(&s, e);
	else
		happens = vm_step(&s, e, vm, ret_wrong);
	normalise(&s);
	if (!happens || (!*ret_wrong && !changes(&s, from)))
		return false;
	if (!*ret_wrong)
		*ret_wrong = state_wrong(&s);
	*ret = s;
	return true;
}

static const char *other_settled_wrong(const struct m_state *s)
{
	bool wanted = s->job == M_RUNNING;

	if (!s->two)
		return NULL;
	if ((s->other_vm != M_ABSENT) != wanted || (wanted && s->other_run != s->run))
		return wanted ? "the second VM is missing" : "the second VM is left";
	if (wanted && (!s->other_disk || s->other_owner != OWN_0 + s->run || s->other_kept))
		return "something of the second machine is missing";
	if (wanted && s->other_vm == M_STOPPED && s->vm[s->run] == M_STOPPED)
		return "both guests shut down, and the job goes on";
	if (s->job >= M_ENDED && (s->other_owner || (s->other_disk && !s->other_kept)))
		return "something of the second machine is left";
	return NULL;
}

static const char *settled_wrong(const struct m_state *s)
{
	bool wanted = s->job == M_RUNNING;

	for (unsigned i = 0; i < 2; i++)
		if ((s->vm[i] != M_ABSENT) != (wanted && s->run == i))
			return wanted && s->run == i ? "the wanted VM is missing" : "a VM is left";
	if (wanted && (!s->disk || s->owner != OWN_0 + s->run || s->kept))
		return "something of a running job is missing";
	if (s->job >= M_ENDED && s->owner)
		return "PV or PVC is left";
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
		n = m_round(&s, ret_wrong);
		for (unsigned i = 0; i < 2 && !*ret_wrong; i++) {
			(void)vm_step(&s, E_VM_OK, i, ret_wrong);
			(void)vm_step(&s, E_VM_GONE, i, ret_wrong);
			(void)vm_step(&s, E_BOOT, i, ret_wrong);
		}
		(void)disk_step(&s, E_DISK_OK, ret_wrong);
		(void)other_step(&s, E_OTHER_BOOT);
		if (*ret_wrong)
			return -1;
		if (n == 0 && !changes(&s, &before)) {
			*ret_wrong = settled_wrong(&s);
			if (!*ret_wrong)
				*ret_wrong = other_settled_wrong(&s);
			return *ret_wrong ? -1 : round;
		}
	}
	*ret_wrong = "it never settles";
	return -1;
}

void m_print(const struct m_state *s)
{
	printf("# job=%u run=%u vm=%u,%u disk=%u owner=%u late=%u,%u view: job=%u/%u run=%u "
	       "vm=%u/%u,%u disk=%u/%u flight=%u,%u,%u unsure=%u,%u,%u\n",
	       s->job, s->run, s->vm[0], s->vm[1], s->disk, s->owner, s->late_create[0],
	       s->late_create[1], s->job_known, s->job_view, s->run_view, s->vms_known,
	       s->vm_view[0], s->vm_view[1], s->disks_known, s->disk_view, s->flight[0],
	       s->flight[1], s->disk_flight, s->unsure[0], s->unsure[1], s->disk_unsure);
	if (s->two)
		printf("#   second: vm=%u of run %u disk=%u owner=%u\n", s->other_vm, s->other_run,
		       s->other_disk, s->other_owner);
}
