/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The site's program is told once that a VM is READY: it writes the mail that Slurm cannot, whose
 * own comes when the job starts. Pure, allocates nothing.
 *
 * Once for each job's run, when all its machines are, but after a crash of vmd between the
 * program's run and the record: a mail twice is better than none. What became READY long ago is no
 * news: else a program that is set anew, or a vmd that was away, would write to everybody. */
#include "vmd/base/str.h"
#include "vmd/reconcile/plan_rules.h"
#include "vmd/reconcile/ranks.h"

#define NEWS_S 600

void plan_ready(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	int64_t ready_s;

	if (!p->c->policy->tell_ready || !t->progress || !vm || t->job->rank > 0 ||
	    t->progress->told_s)
		return;
	ready_s = ranks_ready_s(p, t);
	if (!ready_s || p->c->wall_s - ready_s > NEWS_S)
		return;
	(void)plan_add(p, t, ACT_TELL_READY, vm->name);
}
