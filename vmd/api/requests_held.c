/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A poll is nearly always in vain, and costs two credentials and a connection. So who waits for a
 * VM says what it knows already, by the word that came with the last answer, and is answered when
 * that is not so any more. A kept reply is answered as if it had been asked at that moment: the
 * job, and who may know of it, are looked up anew. Who cannot be kept is answered at once and asks
 * again after a pause of its own: nobody is refused for being one too many. */
#include "vmd/api/requests_held.h"
#include "vmd/api/requests_list.h"
#include "vmd/api/requests_whole.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

struct held_show {
	struct reply *reply;
	struct caller who;
	uint32_t job_id;
	int rank; /* WHOLE: all of its machines */
	char token[WIRE_SEEN_SIZE];
	int64_t until_us;
};

struct held {
	size_t n;
	struct held_show show[HELD_MAX];
	struct wire_in again; /* the question, without the fields that made it wait */
};

static void hash_add(uint64_t *sum, const void *data, size_t len)
{
	const unsigned char *c = data;

	for (size_t i = 0; i < len; i++)
		*sum = (*sum ^ c[i]) * UINT64_C(1099511628211);
}

static void hash_text(uint64_t *sum, const char *text)
{
	hash_add(sum, text, strlen(text) + 1);
}

const char *held_token(const struct vm_status *s, char buf[WIRE_SEEN_SIZE])
{
	const unsigned char state = (unsigned char)s->state, clear = s->node_clear;
	uint64_t sum = UINT64_C(14695981039346656037);

	hash_add(&sum, &state, 1);
	hash_add(&sum, &clear, 1);
	hash_text(&sum, s->reason);
	hash_text(&sum, s->vm);
	hash_text(&sum, s->node);
	hash_text(&sum, s->address);
	hash_text(&sum, s->move);
	hash_text(&sum, s->move_reason);
	hash_text(&sum, s->pinned);
	(void)str_fmt(buf, WIRE_SEEN_SIZE, "%016llx", (unsigned long long)sum);
	return buf;
}

static bool is_room(const struct held *h, const struct ask *a)
{
	size_t of_user = 0;

	for (size_t i = 0; i < h->n; i++)
		of_user += h->show[i].who.uid == a->who->uid;
	return h->n < HELD_MAX && (a->who->uid == 0 || of_user < HELD_PER_USER);
}

int held_keep(const struct ask *a, uint32_t job_id, int rank, const struct vm_status *s,
	      struct err *e)
{
	const char *seen = wire_get(a->in, "seen");
	char token[WIRE_SEEN_SIZE];
	struct held_show *show;
	uint64_t wait_s = 0;

	if (!wire_get(a->in, "wait"))
		return 0;
	if (wire_get_u64(a->in, "wait", HELD_LONGEST_S, &wait_s, e) < 0)
		return -1;
	if (!wait_s || !seen || !str_eq(seen, held_token(s, token)))
		return 0;
	if (!a->q->held) {
		a->q->held = calloc(1, sizeof(*a->q->held));
		if (!a->q->held)
			abort();
	}
	if (!is_room(a->q->held, a))
		return 0;
	show = &a->q->held->show[a->q->held->n++];
	*show = (struct held_show){.reply = a->reply,
				   .who = *a->who,
				   .job_id = job_id,
				   .rank = rank,
				   .until_us = a->q->port.mono_us(a->q->port.self) +
					       (int64_t)wait_s * SEC_US};
	(void)str_copy(show->token, sizeof(show->token), token);
	a->q->port.wake_at(a->q->port.self, requests_due_us(a->q));
	return 1;
}

static bool is_news(const struct requests *q, const struct held_show *show)
{
	const struct job *j = ask_job_find(q->port.desired(q->port.self), show->job_id);
	struct vm_status buf;
	char token[WIRE_SEEN_SIZE];

	return !j || !str_eq(held_token(whole_status(q, j, show->rank, &buf), token), show->token);
}

/* Answers may not come back here: reply_send() hands over to munge's worker. */
static void let_go(struct requests *q, const struct held_show *show)
{
	struct wire_in *in = &q->held->again;
	char job[12], rank[12];

	(void)str_fmt(job, sizeof(job), "%u", show->job_id);
	(void)str_fmt(rank, sizeof(rank), "%d", show->rank);
	in->n = show->rank == WHOLE ? 2 : 3;
	in->field[0].key = "op";
	in->field[0].value = "show";
	in->field[1].key = "job";
	in->field[1].value = job;
	in->field[2].key = "rank";
	in->field[2].value = rank;
	requests_handle(q, &show->who, in, show->reply);
}

int64_t requests_due_us(const struct requests *q)
{
	int64_t due_us = lists_due_us(q);

	for (size_t i = 0; q->held && i < q->held->n; i++)
		if (q->held->show[i].until_us < due_us)
			due_us = q->held->show[i].until_us;
	return due_us;
}

void requests_look(struct requests *q)
{
	int64_t now_us = q->port.mono_us(q->port.self);

	for (size_t i = q->held ? q->held->n : 0; i-- > 0;) {
		struct held_show show = q->held->show[i];

		if (now_us < show.until_us && !is_news(q, &show))
			continue;
		q->held->show[i] = q->held->show[--q->held->n];
		let_go(q, &show);
	}
	lists_look(q);
	q->port.wake_at(q->port.self, requests_due_us(q));
}
