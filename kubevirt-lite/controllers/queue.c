/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of objects to look at, each at most once, with the time when. One timer of the loop
 * works it off, some objects per turn, so that HTTP is served in between. Loop thread only. */
#include "kubevirt-lite/controllers/queue.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>
#include <systemd/sd-event.h>

#define PER_TURN 32

struct key {
	enum kind_id kind;
	char ns[OBJECT_NS_SIZE];
	char name[OBJECT_NAME_SIZE];
	int64_t due_us;
};

struct queue {
	struct controllers *c;
	const reconcile_fn *by_kind; /* KIND_COUNT rows */
	sd_event_source *timer;
	struct key *key; /* in the order of asking */
	size_t n, cap;
};

static void timer_set(struct queue *q)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < q->n; i++)
		if (q->key[i].due_us < first)
			first = q->key[i].due_us;
	if (first != INT64_MAX)
		(void)sd_event_source_set_time(q->timer, (uint64_t)first);
	(void)sd_event_source_set_enabled(q->timer,
					  first == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void again(struct controllers *c, enum kind_id kind, const char *ns, const char *name,
	   int64_t in_us)
{
	struct queue *q = c->queue;
	int64_t due = clock_mono_us() + in_us;
	struct key *k;

	if (!q->by_kind[kind])
		return;
	for (size_t i = 0; i < q->n; i++) {
		k = &q->key[i];
		if (k->kind == kind && str_eq(k->name, name) && str_eq(k->ns, ns)) {
			if (due < k->due_us) {
				k->due_us = due;
				timer_set(q);
			}
			return;
		}
	}
	if (q->n == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 64;
		q->key = realloc(q->key, q->cap * sizeof(*q->key));
		if (!q->key)
			abort();
	}
	k = &q->key[q->n];
	*k = (struct key){.kind = kind, .due_us = due};
	if (str_copy(k->ns, sizeof(k->ns), ns) < 0 || str_copy(k->name, sizeof(k->name), name) < 0)
		return; /* the store knows no such names */
	q->n++;
	timer_set(q);
}

/* Takes the first that is due out of the list. */
static bool next_due(struct queue *q, int64_t now, struct key *ret)
{
	for (size_t i = 0; i < q->n; i++) {
		if (q->key[i].due_us > now)
			continue;
		*ret = q->key[i];
		memmove(&q->key[i], &q->key[i + 1], (q->n - i - 1) * sizeof(*q->key));
		q->n--;
		return true;
	}
	return false;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct queue *q = userdata;
	struct key k;

	(void)source;
	for (int i = 0; i < PER_TURN && next_due(q, (int64_t)usec, &k); i++)
		q->by_kind[k.kind](q->c, k.ns, k.name);
	timer_set(q);
	return 0;
}

int queue_new(struct controllers *c, const reconcile_fn *by_kind, struct queue **ret, struct err *e)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		abort();
	q->c = c;
	q->by_kind = by_kind;
	if (sd_event_add_time(c->loop, &q->timer, CLOCK_MONOTONIC, 0, 1, on_timer, q) < 0) {
		free(q);
		return err_set(e, ERR_RETRY, "event loop refuses a timer");
	}
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(q->timer, true);
	*ret = q;
	return 0;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	sd_event_source_disable_unref(q->timer);
	free(q->key);
	free(q);
}
