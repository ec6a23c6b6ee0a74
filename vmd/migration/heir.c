/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See heir.h. Each heir names the allocation before it (`after`), and each allocation that vmd has
 * given up for one names it (`heir`). The first alone is a claim, made while the other one is the
 * job; it counts when that one has ended as vmd ends it (COMPLETED, and it names this heir), or is
 * forgotten. Whatever else ended it, its user, its time limit or a failure, ends the job: then the
 * heir stays a companion, which goes with the VM. */
#include "vmd/migration/heir.h"

#include "vmd/base/str.h"

#include <string.h>

bool heir_may_be(const struct job *j)
{
	return j->request.no_shell && !j->batch && !job_is_several(j);
}

bool heir_is_concerned(const struct job *j)
{
	return j->request.as || j->request.heir;
}

static bool is_over(const struct job *j)
{
	return j->phase == JOB_ENDING || j->phase == JOB_ENDED;
}

/* The one of n that claims the place of j; of several, as when one was cancelled after it had
 * claimed it, the one that j names. NULL: none. */
static struct job *claimant_of(struct job *jobs, size_t n, const struct job *j)
{
	struct job *claimant = NULL;

	for (size_t i = 0; i < n; i++) {
		if (&jobs[i] == j || !jobs[i].request.as || jobs[i].request.after != j->id ||
		    jobs[i].uid != j->uid)
			continue;
		if (!claimant || jobs[i].id == j->request.heir)
			claimant = &jobs[i];
	}
	return claimant;
}

bool heir_has_room(const struct job *before)
{
	return is_over(before) && before->completed && before->request.heir;
}

static bool has_given_way(const struct job *j, const struct job *heir)
{
	return heir_has_room(j) && j->request.heir == heir->id;
}

static bool has_predecessor(const struct job *jobs, size_t n, const struct job *j)
{
	for (size_t i = 0; i < n; i++)
		if (j->request.as && &jobs[i] != j && jobs[i].id == j->request.after)
			return true;
	return false;
}

/* Of two that are over, between which one is forgotten: was a the job later than b? An allocation
 * may leave its node long after the one that took its place. */
static bool is_later(const struct job *a, const struct job *b)
{
	if (!a->request.after || !b->request.after)
		return a->request.after;
	if (a->request.heir == b->request.after)
		return false;
	return b->request.heir == a->request.after || a->id > b->id;
}

/* Of two that claim one place the one that ended later has had it: the other one was over by then,
 * or nobody would have been let in. */
static bool counts_before(const struct job *a, const struct job *b)
{
	if (is_over(a) != is_over(b))
		return is_over(b);
	if (a->request.after && a->request.after == b->request.after)
		return a->over_s != b->over_s ? a->over_s > b->over_s : a->id > b->id;
	return is_over(a) ? is_later(a, b) : a->id < b->id;
}

/* The one that no other one is before. Of several, which only a slurmctld that has lost some of its
 * records can show, one that lives. */
static struct job *first_of(struct job *jobs, size_t n)
{
	struct job *first = NULL;

	for (size_t i = 0; i < n; i++)
		if (!has_predecessor(jobs, n, &jobs[i]) &&
		    (!first || counts_before(&jobs[i], first)))
			first = &jobs[i];
	return first ? first : jobs;
}

/* Of n jobs with one key. */
static struct job settle(struct job *jobs, size_t n)
{
	struct job *j = first_of(jobs, n);
	struct job *heir = claimant_of(jobs, n, j);
	struct job ret;

	for (size_t i = 0; i < n && heir && has_given_way(j, heir); i++) {
		j = heir;
		heir = claimant_of(jobs, n, j);
	}
	ret = *j;
	/* It ended half-way through a hand-over, and nobody can tell for certain why: its disk may
	 * be missed. */
	if (is_over(j) && j->completed && (heir || j->request.heir))
		ret.end = JOB_END_ABNORMAL;
	return ret;
}

static void companion_remove(struct companion *all, size_t *n, uint32_t id)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (all[i].id != id) {
			if (kept != i)
				all[kept] = all[i];
			kept++;
		}
	*n = kept;
}

void heirs_settle(struct job *jobs, size_t *n, struct companion *companions, size_t *n_companion)
{
	size_t kept = 0;

	for (size_t i = 0, same; i < *n; i += same) {
		struct job *to = &jobs[kept++];

		for (same = 1; i + same < *n && job_key_compare(&jobs[i], &jobs[i + same]) == 0;)
			same++;
		if (same > 1 || heir_is_concerned(&jobs[i]))
			*to = settle(&jobs[i], same);
		else if (to != &jobs[i])
			*to = jobs[i];
		if (to->request.as)
			companion_remove(companions, n_companion, to->id);
	}
	*n = kept;
}
