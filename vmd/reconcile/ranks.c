/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ranks.h. The machines of a job stand one after the other in Slurm's list, and so does their
 * progress. A list that does not have all of them says nothing of the whole job. */
#include "vmd/reconcile/ranks.h"

#include "vmd/base/str.h"

/* From *ret_first on; how many. */
static size_t ranks_of(const struct planner *p, const struct turn *t, size_t *ret_first)
{
	const struct desired *want = p->want;
	size_t first = (size_t)(t->job - want->job), end = first + 1;

	while (first > 0 && job_is_same(&want->job[first - 1], t->job))
		first--;
	while (end < want->n && job_is_same(&want->job[end], t->job))
		end++;
	*ret_first = first;
	return end - first;
}

static bool is_whole(const struct turn *t, size_t n)
{
	return n == (job_is_several(t->job) ? t->job->request.machines : 1);
}

static void holdings_of(const struct planner *p, const struct job *j, struct holdings *ret)
{
	char key[JOB_KEY_MAX + 1];

	world_of(p->seen, job_key(j, key, sizeof(key)), ret);
}

bool ranks_are_off(const struct planner *p, const struct turn *t)
{
	size_t first, n = ranks_of(p, t, &first);

	for (size_t i = first; i < first + n; i++) {
		const struct vm_seen *vm;
		struct holdings h;

		holdings_of(p, &p->want->job[i], &h);
		vm = world_vm(&h, &p->want->job[i]);
		if (!vm || vm->phase != VM_STOPPED)
			return false;
	}
	return is_whole(t, n);
}

const struct progress *ranks_failed(const struct planner *p, const struct turn *t)
{
	size_t first, n = ranks_of(p, t, &first);

	if (!t->progress)
		return NULL;
	if (t->progress->failed_us)
		return t->progress;
	for (size_t i = first; i < first + n; i++)
		if (p->c->progress[i].failed_us)
			return &p->c->progress[i];
	return NULL;
}

bool ranks_are_kept(const struct planner *p, const struct turn *t, bool ready)
{
	size_t first, n = ranks_of(p, t, &first);

	if (p->c->policy->keep_s == 0 || t->job->request.keep == VM_KEEP_NEVER)
		return true;
	for (size_t i = first; i < first + n; i++) {
		struct holdings h;

		if (ready && !p->c->progress[i].status.since_s[VM_STATE_READY])
			continue;
		holdings_of(p, &p->want->job[i], &h);
		if (!p->seen->disks_known || !plan_disks_are_kept(&h))
			return false;
	}
	return true;
}

int64_t ranks_ready_s(const struct planner *p, const struct turn *t)
{
	size_t first, n = ranks_of(p, t, &first);
	int64_t last_s = 0;

	for (size_t i = first; i < first + n; i++) {
		const struct vm_status *s = &p->c->progress[i].status;

		if (s->state != VM_STATE_READY)
			return 0;
		if (s->since_s[VM_STATE_READY] > last_s)
			last_s = s->since_s[VM_STATE_READY];
	}
	return is_whole(t, n) ? last_s : 0;
}
