/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Lease's state machine; see lease.h. One request at a time. Pure, allocates nothing. What an
 * action may do when it is late all the same does not rest on this: DESIGN.md, rule 13. */
#include "vmd/lease/lease.h"

#include "vmd/base/str.h"

#define SECOND_US INT64_C(1000000)
/* Parts of the duration. */
#define RENEW_EVERY 5 /* a fifth: four attempts before the holder has to stop */
#define LEAD_PARTS  3 /* of four: the last quarter is for what is on its way, and for clocks */
#define ALL_PARTS   4

void lease_init(struct lease *l, const char *self, int64_t duration_us)
{
	*l = (struct lease){.duration_us = duration_us, .patience_us = duration_us / ALL_PARTS};
	(void)snprintf(l->self, sizeof(l->self), "%s", self);
}

static bool is_mine(const struct lease *l)
{
	return l->known && l->seen.exists && str_eq(l->seen.holder, l->self);
}

/* When the holder that is seen has stopped at the latest. */
static int64_t free_at_us(const struct lease *l)
{
	if (!l->seen.exists || !*l->seen.holder || l->seen.holder_gone || is_mine(l))
		return 0;
	return l->changed_us + l->seen.duration_s * SECOND_US;
}

static enum lease_step task_of(const struct lease *l, int64_t now_us)
{
	if (l->leaving)
		return is_mine(l) ? LEASE_RELEASE : LEASE_IDLE;
	if (!l->known || l->unsure)
		return LEASE_READ;
	if (!l->seen.exists)
		return LEASE_CREATE;
	return free_at_us(l) <= now_us ? LEASE_WRITE : LEASE_READ;
}

enum lease_step lease_next(const struct lease *l, int64_t now_us, int64_t *ret_at_us)
{
	int64_t at_us = l->next_us;

	*ret_at_us = INT64_MAX;
	if (l->asked != LEASE_IDLE)
		return LEASE_IDLE;
	if (l->leaving)
		at_us = 0;
	else if (l->known && free_at_us(l) > now_us && free_at_us(l) < at_us)
		at_us = free_at_us(l);
	if (at_us <= now_us)
		return task_of(l, now_us);
	*ret_at_us = at_us;
	return LEASE_IDLE;
}

void lease_sent(struct lease *l, enum lease_step step, int64_t now_us)
{
	l->asked = step;
	l->asked_us = now_us;
}

static void take_in(struct lease *l, const struct lease_seen *seen, int64_t now_us)
{
	if (!l->known || !l->seen.exists || !str_eq(l->seen.version, seen->version))
		l->changed_us = now_us;
	l->seen = *seen;
	l->known = true;
	l->unsure = false;
	if (!is_mine(l))
		l->lead_until_us = l->since_us = 0;
}

/* A quarter of the duration, so that a second attempt is in time. An API that is slower than that
 * has longer, up to when its answer would be of no use any more; and so has one that does not
 * answer, unless there still is a second attempt. */
static void patience_set(struct lease *l, bool answered, int64_t now_us)
{
	int64_t least_us = l->duration_us / ALL_PARTS, most_us = least_us * LEAD_PARTS;
	int64_t took_us = now_us - l->asked_us;
	int64_t next_us = 2 * (answered ? took_us : l->patience_us);

	if (!answered && (lease_leads(l, now_us) || took_us < l->patience_us / 2))
		return; /* refused at once: it is down, not slow */
	l->patience_us = next_us < least_us ? least_us : next_us > most_us ? most_us : next_us;
}

void lease_answer(struct lease *l, const struct lease_seen *seen, const struct err *e,
		  int64_t now_us)
{
	enum lease_step asked = l->asked;

	l->asked = LEASE_IDLE;
	l->next_us = l->asked_us + l->duration_us / RENEW_EVERY;
	patience_set(l, e->kind != ERR_RETRY && e->kind != ERR_UNSURE, now_us);
	switch (e->kind) {
	case ERR_NONE:
		take_in(l, seen, now_us);
		if ((asked == LEASE_CREATE || asked == LEASE_WRITE) && is_mine(l)) {
			l->lead_until_us = l->asked_us + l->duration_us / ALL_PARTS * LEAD_PARTS;
			l->since_us = l->since_us ? l->since_us : now_us;
		} else if (asked == LEASE_READ && free_at_us(l) <= now_us)
			l->next_us = now_us; /* it is to be had: at once */
		break;
	case ERR_ABSENT:
		l->known = true;
		l->unsure = false;
		l->seen = (struct lease_seen){.exists = false};
		l->lead_until_us = l->since_us = 0;
		if (asked != LEASE_CREATE) /* then the namespace is missing */
			l->next_us = now_us;
		break;
	case ERR_CONFLICT: /* somebody was faster: who? */
		l->unsure = true;
		l->next_us = now_us;
		break;
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_DENIED:
	case ERR_FULL:
	case ERR_INVALID: l->unsure = true; break;
	}
	if (asked == LEASE_RELEASE)
		l->known = false; /* once is enough: it runs out by itself */
}

bool lease_leads(const struct lease *l, int64_t now_us)
{
	return !l->leaving && now_us < l->lead_until_us;
}

bool lease_is_others(const struct lease *l, int64_t now_us)
{
	return l->known && l->seen.exists && *l->seen.holder && !is_mine(l) &&
	       free_at_us(l) > now_us;
}

bool lease_leave(struct lease *l)
{
	l->leaving = true;
	return l->asked == LEASE_IDLE && !is_mine(l);
}
