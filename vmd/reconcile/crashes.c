/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watches count the crashes of a VM object; here they become those of the incarnation. Two
 * things may make the watches' count begin anew: another VM object under the same name, and another
 * vmd, which finds the number of before in the job's record. A guest that lies there as Failed when
 * a vmd starts may have been counted by the one before: its time tells. What crashes and comes back
 * while no vmd runs is not counted. */
#include "vmd/reconcile/crashes.h"

#include "vmd/base/str.h"

void crashes_begin(struct crashes *c, const struct job *j)
{
	*c = (struct crashes){.n = 0};
	if (j->request.recorded_run == job_incarnation(j)) {
		c->n = j->request.recorded_crashes;
		c->last_s = j->request.recorded_crashed_s;
	}
}

void crashes_see(struct crashes *c, const struct vm_seen *vm, int64_t wall_s)
{
	int64_t at_s = vm->crashed_s ? vm->crashed_s : wall_s;

	if (vm->crashes < c->seen)
		c->seen = 0;
	if (vm->crashes > c->seen && at_s > c->last_s) {
		c->n += vm->crashes - c->seen;
		c->last_s = at_s;
	}
	c->seen = vm->crashes;
}

const char *crashes_text(const struct crashes *c, char buf[VM_REASON_MAX + 1])
{
	char when[STR_TIME_SIZE];

	buf[0] = '\0';
	if (c->n == 1)
		(void)str_fmt(buf, VM_REASON_MAX + 1,
			      "the guest crashed at %s; KubeVirt started it again",
			      str_time(c->last_s, when));
	else if (c->n > 1)
		(void)str_fmt(buf, VM_REASON_MAX + 1,
			      "the guest crashed %u times, last at %s; KubeVirt started it again",
			      c->n, str_time(c->last_s, when));
	return buf;
}
