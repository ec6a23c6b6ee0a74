/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Slurm's accounting (sacct) still knows of a job that slurmctld, and so vmd, has forgotten:
 * some minutes after its end (MinJobAge). vmd's record in its AdminComment goes there when the job
 * ends, with the reason of a VM that did not become ready. */
#ifndef VMD_VMCTL_BOOKS_H
#define VMD_VMCTL_BOOKS_H

#include "vmd/vmctl/vmctl.h"

/* "17", "12_3": what sacct takes for a job. */
bool books_is_id(const char *text);
/* An object with keys of show's, and what only the books have (vmctl(1), --json); the caller puts
 * it. By the uid in the books it is shown to the job's owner and to root; who else may see of it
 * what, slurmdbd decides. ERR_ABSENT: there is no such job, or it had no VM; ERR_RETRY: there are
 * no books, or they do not answer, which sacct has said. */
int books_find(const char *job, struct json_object **ret, struct err *e);
void books_print(struct json_object *o);

#endif
