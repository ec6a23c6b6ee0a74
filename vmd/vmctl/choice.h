/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VM is meant: one rule for all commands. Pure: what vmd listed and what was said go in, a
 * job id or an error that names the candidates comes out.
 *
 *   JOB        a job id; a task of an array, "12_3"; the name of a VM; a job's name, if no other
 *              live job has it. What has ended counts only when nothing else has the name. A job's
 *              id or name, '-' and a rank: one of its several machines.
 *   left out   inside a job with a VM that one; else the only one that has not ended. */
#ifndef VMD_VMCTL_CHOICE_H
#define VMD_VMCTL_CHOICE_H

#include "vmd/base/json.h"

#include <stdbool.h>

/* The job id that text is; 0: it is none. */
uint32_t choice_id(const char *text);
/* Which of its job's machines is called so; -1: name tells of none. */
int choice_rank(struct json_object *vms, const char *name);
/* vms: an array of list's objects. ERR_ABSENT: none is called so; ERR_INVALID: several are. */
int choice_named(struct json_object *vms, const char *name, uint32_t *ret, struct err *e);
/* inside: the job this runs in, or 0. A job that vmd does not list (yet) counts when there is
 * nothing else. ERR_ABSENT: no VM; ERR_INVALID: several. */
int choice_implied(struct json_object *vms, uint32_t inside, uint32_t *ret, struct err *e);
/* Has this VM's life ended? */
bool choice_is_over(struct json_object *vm);

#endif
