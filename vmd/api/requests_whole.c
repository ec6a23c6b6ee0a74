/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See requests_whole.h. The machines of a job are put together anew for each question, from what
 * the reconciler knows of each. */
#include "vmd/api/requests_whole.h"

#include "vmd/base/str.h"

#include <string.h>

static uint32_t machines_of(const struct job *j)
{
	return job_is_several(j) ? j->request.machines : 1;
}

const struct job *whole_machine(const struct desired *d, const struct job *first, uint32_t rank)
{
	for (size_t i = 0; i < d->n; i++)
		if (job_is_same(&d->job[i], first) && d->job[i].rank == rank)
			return &d->job[i];
	return NULL;
}

int whole_rank_get(const struct ask *a, const struct job *first, int *ret_rank, struct err *e)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	const char *node = wire_get(a->in, "node");
	uint64_t rank = 0;

	*ret_rank = WHOLE;
	if (!job_is_several(first) && !wire_get(a->in, "rank"))
		return 0;
	if (wire_get(a->in, "rank")) {
		if (wire_get_u64(a->in, "rank", UINT32_MAX, &rank, e) < 0)
			return -1;
		if (rank >= machines_of(first) || !whole_machine(d, first, (uint32_t)rank))
			return err_set(e, ERR_INVALID, "job %u has no machine %llu: %s%u",
				       first->id, (unsigned long long)rank,
				       job_is_several(first) ? "they are 0 to " : "it has one, ",
				       machines_of(first) - 1);
		*ret_rank = (int)rank;
		return 0;
	}
	for (uint32_t i = 0; node && *node && i < machines_of(first); i++) {
		const struct job *j = whole_machine(d, first, i);

		if (j && *j->node && job_node_same(j->node, node))
			*ret_rank = (int)i;
	}
	return 0;
}

static const struct vm_status *status_of(const struct requests *q, const struct job *first,
					 uint32_t rank)
{
	static const struct vm_status unknown = {.state = VM_STATE_UNKNOWN};
	const struct vm_status *s = q->port.status(q->port.self, first->id, rank);

	return s ? s : &unknown;
}

static bool is_at(const struct vm_seen *vm, const char *node)
{
	return job_node_same(vm->node, node) || job_node_same(vm->moving.wanted_node, node) ||
	       job_node_same(vm->moving.given_node, node);
}

static bool is_elsewhere(const struct job *j, const struct observed *seen, const char *node)
{
	char key[JOB_KEY_MAX + 1];

	if (j->phase != JOB_RUNNING || !*j->node || job_node_same(j->node, node))
		return false;
	(void)job_key(j, key, sizeof(key));
	for (size_t i = 0; i < seen->n_vm; i++)
		if (str_eq(seen->vm[i].job_key, key) && is_at(&seen->vm[i], node))
			return false;
	return true;
}

/* Its VMs have to be where it runs, and one of a run before is none that could start (DESIGN.md,
 * "Why two guests never have one disk"): so what is not seen there does not come there either. */
bool whole_is_elsewhere(const struct ask *a, const struct job *first)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	const char *node = wire_get(a->in, "node");
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;

	if (!node || !*node || !d->known || !seen || !seen->vms_known)
		return false;
	for (uint32_t i = 0; i < machines_of(first); i++) {
		const struct job *j = whole_machine(d, first, i);

		if (!j || status_of(a->q, first, i)->state == VM_STATE_UNKNOWN ||
		    !is_elsewhere(j, seen, node))
			return false;
	}
	return true;
}

/* The higher, the more of it is to be told of the whole job. A guest that shut down is no news as
 * long as others go on. */
static int weight(enum vm_state s)
{
	switch (s) {
	case VM_STATE_FAILED: return 8;
	case VM_STATE_UNKNOWN: return 7;
	case VM_STATE_PENDING: return 6;
	case VM_STATE_PROVISIONING: return 5;
	case VM_STATE_BOOTING: return 4;
	case VM_STATE_READY: return 3;
	case VM_STATE_STOPPING: return 2;
	case VM_STATE_STOPPED: return 1;
	}
	return 0; /* a number that is no vm_state */
}

static void move_take(struct vm_status *to, const struct vm_status *from)
{
	memcpy(to->move, from->move, sizeof(to->move));
	memcpy(to->move_node, from->move_node, sizeof(to->move_node));
	memcpy(to->move_reason, from->move_reason, sizeof(to->move_reason));
	to->move_job = from->move_job;
	to->move_since_s = from->move_since_s;
}

/* The one that is said of the whole job. */
static uint32_t rank_told(const struct requests *q, const struct job *first)
{
	uint32_t told = 0;

	for (uint32_t i = 1; i < machines_of(first); i++) {
		const struct vm_status *s = status_of(q, first, i);
		const struct vm_status *t = status_of(q, first, told);

		if (weight(s->state) > weight(t->state) ||
		    (s->state == t->state && *s->reason && !*t->reason))
			told = i;
	}
	return told;
}

const struct vm_status *whole_status(const struct requests *q, const struct job *first, int rank,
				     struct vm_status *buf)
{
	uint32_t told = rank >= 0 ? (uint32_t)rank : rank_told(q, first);
	const struct vm_status *s = status_of(q, first, told);

	if (rank >= 0 || !job_is_several(first))
		return s;
	*buf = *status_of(q, first, 0);
	buf->state = s->state;
	memcpy(buf->since_s, s->since_s, sizeof(buf->since_s));
	buf->reason[0] = '\0';
	if (*s->reason)
		(void)snprintf(buf->reason, sizeof(buf->reason), "machine %u: %.220s", told,
			       s->reason);
	for (uint32_t i = 0; i < machines_of(first); i++) {
		s = status_of(q, first, i);
		buf->node_clear = buf->node_clear && s->node_clear;
		if (*s->move && !*buf->move)
			move_take(buf, s);
	}
	return buf;
}

static void word_add(char *buf, size_t size, const char *word)
{
	size_t len = strlen(buf);

	(void)str_fmt(buf + len, size - len, "%s%s", len ? " " : "", *word ? word : "-");
}

void whole_lists_add(const struct ask *a, const struct job *first)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	char names[4096] = "", hosts[4096] = "", addresses[4096] = "";

	for (uint32_t i = 0; i < machines_of(first); i++) {
		const struct vm_status *s = status_of(a->q, first, i);
		const struct job *j = whole_machine(d, first, i);

		word_add(names, sizeof(names), s->vm);
		word_add(hosts, sizeof(hosts), *s->node ? s->node : j ? j->node : "");
		word_add(addresses, sizeof(addresses), s->address);
	}
	wire_add(a->out, "names", names);
	wire_add(a->out, "hosts", hosts);
	wire_add(a->out, "addresses", addresses);
}
