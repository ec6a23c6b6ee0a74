/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl list, and whatever finds a job by its name. A job that was submitted a moment ago is not in
 * vmd's list of jobs until its next poll; so who asks for it (fresh=1) is answered by a list that
 * Slurm was asked for later than that, if slurmctld may be asked so often (slurm_look.h), and else
 * at once, with the list's age. A kept reply is answered as if it had been asked at that moment.
 * Long lists are cut at a page, of which only the first is waited for. */
#include "vmd/api/requests_list.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define WAITING_MAX 64
#define LOOK_US     (3 * SEC_US) /* a slurmctld that is so slow is not waited for */

struct list_waiting {
	struct reply *reply;
	struct caller who;
	bool all;
	int64_t since_us; /* a list that was asked for later will do */
};

struct lists_held {
	size_t n;
	struct list_waiting waiting[WAITING_MAX];
	struct wire_in again;
};

/* --- which jobs --- */

/* A page ends with an id, which need not be the one in the key. */
static int by_id(const void *a, const void *b)
{
	const struct job *const *x = a, *const *y = b;

	if ((*x)->id != (*y)->id)
		return (*x)->id < (*y)->id ? -1 : 1;
	return job_key_compare(*x, *y);
}

/* One id, two jobs: the one that has not ended is the one to list. */
static bool is_shadowed(const struct job *const *list, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (list[i]->id == list[at]->id && !job_is_same(list[i], list[at]) &&
		    (list[at]->phase == JOB_ENDED && (list[i]->phase != JOB_ENDED || i > at)))
			return true;
	return false;
}

/* The jobs to list, by id. Caller frees. */
static const struct job **jobs_select(const struct ask *a, const struct desired *d, bool all,
				      uint64_t after, size_t *ret_n)
{
	const struct job **list = calloc(d->n + 1, sizeof(const struct job *));
	size_t n = 0;

	if (!list)
		abort();
	for (size_t i = 0; i < d->n; i++)
		if (d->job[i].id > after && (all || d->job[i].uid == a->who->uid))
			list[n++] = &d->job[i];
	qsort(list, n, sizeof(const struct job *), by_id);
	*ret_n = n;
	return list;
}

/* --- a look at Slurm first --- */

static int64_t now_us(const struct requests *q)
{
	return q->port.mono_us(q->port.self);
}

/* 1: the reply is kept. */
static int keep(const struct ask *a, bool all)
{
	struct requests *q = a->q;
	struct lists_held *h = q->lists;

	if (!str_eq(wire_get(a->in, "fresh"), "1") || !q->port.look || ask_stands_by(a))
		return 0;
	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			abort();
		q->lists = h;
	}
	if (h->n == WAITING_MAX || !q->port.look(q->port.self))
		return 0;
	h->waiting[h->n++] = (struct list_waiting){
		.reply = a->reply, .who = *a->who, .all = all, .since_us = now_us(q)};
	q->port.wake_at(q->port.self, requests_due_us(q));
	return 1;
}

int64_t lists_due_us(const struct requests *q)
{
	int64_t due_us = INT64_MAX;

	for (size_t i = 0; q->lists && i < q->lists->n; i++)
		if (q->lists->waiting[i].since_us + LOOK_US < due_us)
			due_us = q->lists->waiting[i].since_us + LOOK_US;
	return due_us;
}

static bool is_due(const struct requests *q, const struct list_waiting *w)
{
	return now_us(q) >= w->since_us + LOOK_US || !q->port.desired(q->port.self)->known ||
	       q->port.asked_us(q->port.self) >= w->since_us;
}

static void field_set(struct wire_in *in, const char *key, const char *value)
{
	in->field[in->n].key = key;
	in->field[in->n++].value = value;
}

static void let_go(struct requests *q, const struct list_waiting *w)
{
	struct wire_in *in = &q->lists->again;

	in->n = 0;
	field_set(in, "op", "list");
	if (w->all)
		field_set(in, "all", "1");
	if (q->port.asked_us(q->port.self) < w->since_us)
		field_set(in, "late", "1");
	requests_handle(q, &w->who, in, w->reply);
}

void lists_look(struct requests *q)
{
	for (size_t i = q->lists ? q->lists->n : 0; i-- > 0;) {
		struct list_waiting w = q->lists->waiting[i];

		if (!is_due(q, &w))
			continue;
		q->lists->waiting[i] = q->lists->waiting[--q->lists->n];
		let_go(q, &w);
	}
}

/* Of a list that is older than the question: what was submitted since then may be missing. */
static void age_add(const struct ask *a)
{
	const struct requests_port *port = &a->q->port;
	int64_t asked_us = port->asked_us ? port->asked_us(port->self) : 0;

	if (asked_us > 0 && (wire_get(a->in, "fresh") || wire_get(a->in, "late")))
		wire_addf(a->out, "age", "%lld",
			  (long long)((now_us(a->q) - asked_us + SEC_US - 1) / SEC_US));
}

int op_list(const struct ask *a, struct err *e)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	bool all = str_eq(wire_get(a->in, "all"), "1");
	AUTO(free) const struct job **list = NULL;
	uint64_t after = 0;
	size_t n;

	if (all && !ask_is_admin(a))
		return err_set(e, ERR_DENIED, "only root and SlurmUser may list everybody's VMs");
	if (wire_get(a->in, "after") && wire_get_u64(a->in, "after", UINT32_MAX, &after, e) < 0)
		return -1;
	if (!d->known && d->n == 0)
		return ask_unknown(e);
	if (!after && d->known && keep(a, all))
		return LATER;
	if (!d->known)
		wire_add(a->out, "old", "1");
	age_add(a);
	if (ask_is_admin(a) && ask_held(a) > 0)
		wire_addf(a->out, "held", "%zu", ask_held(a));
	list = jobs_select(a, d, all, after, &n);
	for (size_t i = 0; i < n; i++) {
		AUTO(json_object_put) struct json_object *o = NULL;

		if (is_shadowed(list, n, i))
			continue;
		if (ask_page_full(a->out) && (i == 0 || list[i - 1]->id != list[i]->id)) {
			wire_add(a->out, "more", "1");
			break;
		}
		o = ask_vm_json(a, list[i], ask_status_get(a, list[i]));
		ask_add_json(a->out, "vm[]", o);
	}
	return ANSWERED;
}
