/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One action in flight per object, deadlines, back-off. Pure but for malloc. A flight that is over
 * stays in the table as long as it says something: back-off, belief, or that a request whose answer
 * was lost may still land. */
#include "vmd/reconcile/inflight.h"

#include "vmd/base/str.h"

#include <assert.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
/* A failure counts as trouble so long after its back-off has ended: the next attempt starts in the
 * same round, and a round may come late. */
#define TROUBLE_SLACK_US (60 * SECOND_US)

void inflight_done(struct inflight *f)
{
	free(f->flight);
	*f = (struct inflight){.seed = f->seed};
}

static int flight_order(const struct flight *f, const char *key, const char *object,
			enum action_class class)
{
	int order = strcmp(f->job_key, key);

	if (order == 0)
		order = strcmp(f->object, object);
	return order ? order : (int)f->class - (int)class;
}

/* Index of the first flight that is not before (key, object, class). */
static size_t lower(const struct inflight *f, const char *key, const char *object,
		    enum action_class class)
{
	size_t lo = 0, hi = f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (flight_order(&f->flight[mid], key, object, class) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct flight *find(const struct inflight *f, const char *key, const char *object,
				 enum action_class class)
{
	size_t i;

	if (!f)
		return NULL;
	i = lower(f, key, object, class);
	if (i == f->n || flight_order(&f->flight[i], key, object, class) != 0)
		return NULL;
	return &f->flight[i];
}

static struct flight *find_or_add(struct inflight *f, const struct action *a)
{
	enum action_class class = action_class(a->kind);
	size_t i = lower(f, a->job_key, a->object, class);

	if (i < f->n && flight_order(&f->flight[i], a->job_key, a->object, class) == 0)
		return &f->flight[i];
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct flight *more = realloc(f->flight, cap * sizeof(*more));

		if (!more)
			abort();
		f->flight = more;
		f->cap = cap;
	}
	memmove(&f->flight[i + 1], &f->flight[i], (f->n - i) * sizeof(*f->flight));
	f->n++;
	f->flight[i] = (struct flight){.class = class};
	(void)str_copy(f->flight[i].job_key, sizeof(f->flight[i].job_key), a->job_key);
	(void)str_copy(f->flight[i].object, sizeof(f->flight[i].object), a->object);
	return &f->flight[i];
}

static bool is_librbd(enum action_class class)
{
	return class == CLASS_DISK || class == CLASS_CLAIM;
}

uint64_t inflight_start(struct inflight *f, const struct action *a, int64_t now_us)
{
	struct flight *fl = find_or_add(f, a);

	assert(!fl->ticket); /* one at a time: see plan_add */
	if (action_creates(fl->kind) != action_creates(a->kind))
		fl->failures = 0; /* another wish: its back-off begins anew */
	/* What was made and is not seen yet may show later, whatever comes of this attempt. */
	if (action_creates(fl->kind) && fl->believed_until_us > fl->lands_until_us)
		fl->lands_until_us = fl->believed_until_us;
	fl->kind = a->kind;
	fl->ticket = ++f->tickets;
	fl->deadline_us =
		now_us + (is_librbd(fl->class) ? FLIGHT_DISK_DEADLINE_US : FLIGHT_DEADLINE_US);
	fl->believed_until_us = 0;
	f->in_flight++;
	return fl->ticket;
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
static int64_t backoff_us(const struct inflight *f, const struct flight *fl, int64_t first_us,
			  int64_t max_us)
{
	unsigned doublings = fl->failures > 16 ? 16 : fl->failures - 1;
	int64_t us = first_us << doublings;

	if (us > max_us)
		us = max_us;
	return us * (int64_t)(80 + mix(f->seed ^ fl->ticket) % 41) / 100;
}

static int64_t failure_hold_us(const struct inflight *f, const struct flight *fl)
{
	switch (fl->err.kind) {
	case ERR_CONFLICT: return backoff_us(f, fl, SECOND_US / 5, 5 * SECOND_US);
	case ERR_FULL: return backoff_us(f, fl, 10 * SECOND_US, FLIGHT_BACKOFF_MAX_US);
	case ERR_DENIED:
	case ERR_INVALID: return FLIGHT_BACKOFF_MAX_US;
	case ERR_NONE:
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_ABSENT: return backoff_us(f, fl, SECOND_US, FLIGHT_BACKOFF_MAX_US);
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
	case ACT_RELEASE_DISK:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_RELEASE_VM:
	case ACT_KEEP_DISK: return FLIGHT_SETTLE_US;
	case ACT_END_COMPANION:
	case ACT_POINT_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
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

static void settle(struct inflight *f, struct flight *fl, const struct err *e, int64_t now_us)
{
	if (e->kind == ERR_NONE) {
		fl->failures = 0;
		fl->err = *e;
		fl->hold_until_us = now_us + success_hold_us(fl->kind);
		fl->believed_until_us = now_us + FLIGHT_BELIEF_US;
	} else {
		if (fl->failures++ == 0)
			fl->failing_since_us = now_us;
		fl->err = *e;
		fl->hold_until_us = now_us + failure_hold_us(f, fl);
	}
	/* Kept over later attempts, whatever comes of them: this one may land after they did. */
	if (e->kind == ERR_UNSURE && action_creates(fl->kind))
		fl->lands_until_us = now_us + FLIGHT_LATE_US;
	if (e->kind == ERR_UNSURE && action_removes(fl->kind))
		fl->vanish_until_us = now_us + FLIGHT_LATE_US;
	fl->ticket = 0;
	f->in_flight--;
}

const struct flight *inflight_finish(struct inflight *f, uint64_t ticket, const struct err *e,
				     int64_t now_us)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->flight[i].ticket == ticket && ticket) {
			settle(f, &f->flight[i], e, now_us);
			return &f->flight[i];
		}
	return NULL;
}

/* Until when it says something. */
static int64_t worth_until_us(const struct flight *fl)
{
	int64_t until_us = fl->hold_until_us + (fl->failures ? TROUBLE_SLACK_US : 0);

	if (fl->vanish_until_us > until_us)
		until_us = fl->vanish_until_us;
	if (fl->lands_until_us > until_us)
		until_us = fl->lands_until_us;
	if (fl->believed_until_us > until_us)
		until_us = fl->believed_until_us;
	return until_us;
}

void inflight_expire(struct inflight *f, int64_t now_us)
{
	size_t kept = 0;
	struct err e;

	for (size_t i = 0; i < f->n; i++) {
		struct flight *fl = &f->flight[i];

		if (fl->ticket && fl->deadline_us <= now_us) {
			err_set(&e, ERR_UNSURE, "%s: no answer", action_name(fl->kind));
			settle(f, fl, &e, now_us);
		}
		if (fl->ticket || worth_until_us(fl) > now_us) {
			if (kept != i)
				f->flight[kept] = *fl;
			kept++;
		}
	}
	f->n = kept;
}

static bool is_among(const struct volume_seen *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].name, name))
			return true;
	return false;
}

static bool is_seen(const struct flight *fl, const struct observed *seen)
{
	struct holdings h;

	world_of(seen, fl->job_key, &h);
	switch (fl->class) {
	case CLASS_DISK:
		for (size_t i = 0; i < h.n_disk; i++)
			if (str_eq(h.disk[i].name, fl->object))
				return true;
		return false;
	case CLASS_CLAIM:
		for (size_t i = 0; i < h.n_attachment; i++)
			if (str_eq(h.attachment[i].name, fl->object))
				return true;
		return false;
	case CLASS_PV: return is_among(h.pv, h.n_pv, fl->object);
	case CLASS_PVC: return is_among(h.pvc, h.n_pvc, fl->object);
	case CLASS_SECRET: /* with all its parts */
		for (size_t i = 0; i < h.n_secret; i++)
			if (str_eq(h.secret[i].name, fl->object) &&
			    (!h.secret[i].incomplete || action_removes(fl->kind)))
				return true;
		return false;
	case CLASS_VM:
		for (size_t i = 0; i < h.n_vm; i++)
			if (str_eq(h.vm[i].name, fl->object))
				return true;
		return false;
	case CLASS_VOLUME:
	case CLASS_POD:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_COMPANION:
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
	case CLASS_GUEST:
	case CLASS_HOOK:
	case CLASS_NODE:
	case CLASS_SLURM_NODE:
	case CLASS_MIGRATION: return false; /* a pause after their removal is wanted */
	}
	return false; /* not reached: -Wswitch sees to it */
}

void inflight_see(struct inflight *f, const struct observed *seen)
{
	for (size_t i = 0; i < f->n; i++) {
		struct flight *fl = &f->flight[i];

		if (fl->ticket)
			continue;
		if (action_removes(fl->kind) && fl->failures == 0 && is_known(fl->class, seen) &&
		    !is_seen(fl, seen))
			fl->hold_until_us = 0; /* it is gone: the name is free */
		if (!action_creates(fl->kind) || !is_seen(fl, seen))
			continue;
		/* Another attempt may still land when this one has been deleted; that is merely
		 * removed again. */
		fl->believed_until_us = fl->lands_until_us = 0;
		fl->failures = 0;
	}
}

void inflight_landed(struct inflight *f, const char *key, const char *object,
		     enum action_class class)
{
	size_t i = lower(f, key, object, class);

	if (i < f->n && flight_order(&f->flight[i], key, object, class) == 0 &&
	    !f->flight[i].ticket)
		f->flight[i].believed_until_us = f->flight[i].lands_until_us = 0;
}

static void sooner(int64_t *next_us, int64_t at_us, int64_t now_us)
{
	if (at_us > now_us && at_us < *next_us)
		*next_us = at_us;
}

int64_t inflight_next(const struct inflight *f, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (size_t i = 0; i < f->n; i++) {
		const struct flight *fl = &f->flight[i];

		if (fl->ticket)
			sooner(&next_us, fl->deadline_us, now_us);
		sooner(&next_us, fl->hold_until_us, now_us);
		sooner(&next_us, fl->lands_until_us, now_us);
		sooner(&next_us, fl->vanish_until_us, now_us);
		sooner(&next_us, fl->believed_until_us, now_us);
		sooner(&next_us, worth_until_us(fl), now_us);
	}
	return next_us;
}

bool inflight_busy(const struct inflight *f, const char *key, const char *object,
		   enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	return fl && (fl->ticket || fl->hold_until_us > now_us);
}

bool inflight_believes_made(const struct inflight *f, const char *key, const char *object,
			    enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	return fl && fl->believed_until_us > now_us && action_creates(fl->kind);
}

bool inflight_may_vanish(const struct inflight *f, const char *key, const char *object,
			 enum action_class class, int64_t now_us)
{
	const struct flight *fl = find(f, key, object, class);

	if (!fl || fl->vanish_until_us > now_us)
		return fl != NULL;
	return action_removes(fl->kind) && (fl->ticket || fl->believed_until_us > now_us);
}

bool inflight_may_appear(const struct inflight *f, const char *key, enum action_class class,
			 int64_t now_us)
{
	if (!f)
		return false;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		if (fl->class != class)
			continue;
		if (fl->lands_until_us > now_us)
			return true;
		if (action_creates(fl->kind) && (fl->ticket || fl->believed_until_us > now_us))
			return true;
	}
	return false;
}

bool flight_is_refused(const struct flight *f)
{
	return f->err.kind == ERR_INVALID || f->err.kind == ERR_DENIED || f->err.kind == ERR_ABSENT;
}

static bool is_of_volume(const struct flight *fl)
{
	return fl->class == CLASS_VOLUME;
}

/* A job's VM can be made though it cannot be moved. */
static bool is_of_move(const struct flight *fl)
{
	return fl->class == CLASS_JOB_MOVE || fl->class == CLASS_COMPANION ||
	       fl->class == CLASS_MIGRATION || fl->kind == ACT_POINT_VM;
}

/* The first of the job's requests of that kind that failed and is tried again. */
static const struct flight *first_trouble(const struct inflight *f, const char *key,
					  bool (*is_of)(const struct flight *fl), int64_t now_us)
{
	if (!f)
		return NULL;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		if (is_of(fl) && fl->failures > 0 && fl->err.kind != ERR_CONFLICT &&
		    (fl->ticket || fl->hold_until_us + TROUBLE_SLACK_US > now_us))
			return fl;
	}
	return NULL;
}

const struct flight *inflight_volume_trouble(const struct inflight *f, const char *key,
					     int64_t now_us)
{
	return first_trouble(f, key, is_of_volume, now_us);
}

const struct flight *inflight_move_trouble(const struct inflight *f, const char *key,
					   int64_t now_us)
{
	return first_trouble(f, key, is_of_move, now_us);
}

bool inflight_is_refused(const struct inflight *f, const char *key, const char *object,
			 enum action_class class)
{
	const struct flight *fl = f ? find(f, key, object, class) : NULL;

	return fl && fl->failures > 0 && flight_is_refused(fl);
}

const struct flight *inflight_trouble(const struct inflight *f, const char *key, int64_t now_us)
{
	const struct flight *worst = NULL;

	if (!f)
		return NULL;
	for (size_t i = lower(f, key, "", CLASS_DISK);
	     i < f->n && str_eq(f->flight[i].job_key, key); i++) {
		const struct flight *fl = &f->flight[i];

		if (!action_creates(fl->kind) || is_of_move(fl) || fl->failures == 0 ||
		    (!fl->ticket && fl->hold_until_us + TROUBLE_SLACK_US <= now_us))
			continue;
		if (flight_is_refused(fl))
			return fl;
		if (!worst || fl->failing_since_us < worst->failing_since_us)
			worst = fl;
	}
	return worst;
}
