/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes of one request: its deadline, the pause before the next one, and what is believed of
 * it or may still come of it. Pure. */
#include "vmd/reconcile/flight.h"

#include "vmd/base/str.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)
/* A failure counts as trouble so long after its back-off has ended: the next attempt starts in the
 * same round, and a round may come late. */
#define TROUBLE_SLACK_US (60 * SECOND_US)

static bool is_librbd(enum action_class class)
{
	return class == CLASS_DISK || class == CLASS_CLAIM;
}

void flight_start(struct flight *f, const struct action *a, uint64_t ticket, int64_t now_us)
{
	assert(!f->ticket); /* one at a time: see plan_add */
	if (action_creates(f->kind) != action_creates(a->kind))
		f->failures = 0; /* another wish: its back-off begins anew */
	/* What was made and is not seen yet may show later, whatever comes of this attempt. */
	if (action_creates(f->kind) && f->believed_until_us > f->lands_until_us)
		f->lands_until_us = f->believed_until_us;
	f->kind = a->kind;
	f->ticket = ticket;
	f->deadline_us =
		now_us + (is_librbd(f->class) ? FLIGHT_DISK_DEADLINE_US : FLIGHT_DEADLINE_US);
	f->believed_until_us = 0;
}

/* splitmix64: the same seed and ticket give the same jitter. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Doubles from first_us to at most max_us, then 80 to 120 % of that. */
static int64_t backoff_us(const struct flight *f, uint64_t seed, int64_t first_us, int64_t max_us)
{
	unsigned doublings = f->failures > 16 ? 16 : f->failures - 1;
	int64_t us = first_us << doublings;

	if (us > max_us)
		us = max_us;
	return us * (int64_t)(80 + mix(seed ^ f->ticket) % 41) / 100;
}

static int64_t failure_hold_us(const struct flight *f, uint64_t seed)
{
	switch (f->err.kind) {
	case ERR_CONFLICT: return backoff_us(f, seed, SECOND_US / 5, 5 * SECOND_US);
	case ERR_FULL: return backoff_us(f, seed, 10 * SECOND_US, FLIGHT_BACKOFF_MAX_US);
	case ERR_DENIED:
	case ERR_INVALID: return FLIGHT_BACKOFF_MAX_US;
	case ERR_NONE:
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_ABSENT: return backoff_us(f, seed, SECOND_US, FLIGHT_BACKOFF_MAX_US);
	}
	return SECOND_US; /* not reached: -Wswitch sees to it */
}

static int64_t success_hold_us(enum action_kind k)
{
	switch (k) {
	case ACT_DELETE_VM:
	case ACT_DELETE_PVC:
	case ACT_DELETE_PV:
	case ACT_DELETE_SECRET:
	case ACT_REMOVE_DISK:
	case ACT_FENCE_DISK:
	case ACT_DROP_CLAIM:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_FORCE_DELETE_POD:
	case ACT_KEEP_DISK: return FLIGHT_SETTLE_US;
	case ACT_END_COMPANION:
	case ACT_POINT_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
	case ACT_RESERVE:
	case ACT_END_RESERVATION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_MARK_NODE:
	case ACT_DRAIN_NODE:
	case ACT_KEEP_VM: return FLIGHT_STEP_US;
	case ACT_END_JOB: return FLIGHT_END_JOB_US;
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK:
	case ACT_TAKE_DISK:
	case ACT_CLAIM_DISK:
	case ACT_CREATE_PV:
	case ACT_CREATE_PVC:
	case ACT_CREATE_SECRET:
	case ACT_CREATE_VM:
	case ACT_WARN_GUEST:
	case ACT_TELL_READY:
	case ACT_TELL_JOB:
	case ACT_RECORD:
	case ACT_ALLOCATE:
	case ACT_MIGRATE_VM: return 0;
	}
	return 0; /* not reached: -Wswitch sees to it */
}

void flight_settle(struct flight *f, const struct err *e, uint64_t seed, int64_t now_us)
{
	if (e->kind == ERR_NONE) {
		f->failures = 0;
		f->err = *e;
		f->hold_until_us = now_us + success_hold_us(f->kind);
		f->believed_until_us = now_us + FLIGHT_BELIEF_US;
	} else {
		if (f->failures++ == 0)
			f->failing_since_us = now_us;
		f->err = *e;
		f->hold_until_us = now_us + failure_hold_us(f, seed);
	}
	/* Kept over later attempts, whatever comes of them: this one may land after they did. */
	if (e->kind == ERR_UNSURE && action_creates(f->kind))
		f->lands_until_us = now_us + FLIGHT_LATE_US;
	if (e->kind == ERR_UNSURE && action_removes(f->kind))
		f->vanish_until_us = now_us + FLIGHT_LATE_US;
	f->ticket = 0;
}

int64_t flight_worth_until_us(const struct flight *f)
{
	int64_t until_us = f->hold_until_us + (f->failures ? TROUBLE_SLACK_US : 0);

	if (f->vanish_until_us > until_us)
		until_us = f->vanish_until_us;
	if (f->lands_until_us > until_us)
		until_us = f->lands_until_us;
	if (f->believed_until_us > until_us)
		until_us = f->believed_until_us;
	return until_us;
}

static bool is_seen(const struct flight *f, const struct observed *seen)
{
	struct holdings h;

	world_of(seen, f->job_key, &h);
	switch (f->class) {
	case CLASS_DISK: return holdings_disk(&h, f->object);
	case CLASS_CLAIM: return holdings_attachment(&h, f->object);
	case CLASS_PV: return holdings_pv(&h, f->object);
	case CLASS_PVC: return holdings_pvc(&h, f->object);
	case CLASS_SECRET: /* with all its parts */
		for (size_t i = 0; i < h.n_secret; i++)
			if (str_eq(h.secret[i].name, f->object) &&
			    (!h.secret[i].incomplete || action_removes(f->kind)))
				return true;
		return false;
	case CLASS_VM: return holdings_vm(&h, f->object);
	case CLASS_VOLUME:
	case CLASS_POD:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_COMPANION:
	case CLASS_RESERVATION:
	case CLASS_MIGRATION:
	case CLASS_GUEST:
	case CLASS_NODE:
	case CLASS_SLURM_NODE:
	case CLASS_HOOK: return false;
	}
	return false; /* not reached: -Wswitch sees to it */
}

static bool is_known(enum action_class class, const struct observed *seen)
{
	switch (class) {
	case CLASS_DISK: return seen->disks_known;
	case CLASS_CLAIM: return seen->named_known;
	case CLASS_PV: return seen->pvs_known;
	case CLASS_PVC: return seen->pvcs_known;
	case CLASS_SECRET: return seen->secrets_known;
	case CLASS_VM: return seen->vms_known;
	case CLASS_VOLUME:
	case CLASS_POD:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_COMPANION:
	case CLASS_RESERVATION:
	case CLASS_GUEST:
	case CLASS_HOOK:
	case CLASS_NODE:
	case CLASS_SLURM_NODE:
	case CLASS_MIGRATION: return false; /* a pause after their removal is wanted */
	}
	return false; /* not reached: -Wswitch sees to it */
}

void flight_see(struct flight *f, const struct observed *seen)
{
	if (f->ticket)
		return;
	if (action_removes(f->kind) && f->failures == 0 && is_known(f->class, seen) &&
	    !is_seen(f, seen))
		f->hold_until_us = 0; /* it is gone: the name is free */
	if (!action_creates(f->kind) || !is_seen(f, seen))
		return;
	/* Another attempt may still land when this one has been deleted; that is merely removed
	 * again. */
	f->believed_until_us = f->lands_until_us = 0;
	f->failures = 0;
}

bool flight_is_trouble(const struct flight *f, int64_t now_us)
{
	return f->failures > 0 && (f->ticket || f->hold_until_us + TROUBLE_SLACK_US > now_us);
}

bool flight_is_refused(const struct flight *f)
{
	return f->err.kind == ERR_INVALID || f->err.kind == ERR_DENIED || f->err.kind == ERR_ABSENT;
}

bool flight_is_of_volume(const struct flight *f)
{
	return f->class == CLASS_VOLUME;
}

bool flight_is_of_move(const struct flight *f)
{
	return f->class == CLASS_JOB_MOVE || f->class == CLASS_COMPANION ||
	       f->class == CLASS_RESERVATION || f->class == CLASS_MIGRATION ||
	       f->kind == ACT_POINT_VM;
}
