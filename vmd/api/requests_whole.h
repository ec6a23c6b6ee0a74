/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job with several machines as one: which of them a request means, and what they are together.
 * Loop thread. */
#ifndef VMD_API_REQUESTS_WHOLE_H
#define VMD_API_REQUESTS_WHOLE_H

#include "vmd/api/requests_ask.h"

#define WHOLE (-1) /* no rank: all of them */

/* first: the job's first machine. *ret_rank: that of the fields rank= or node=, WHOLE without them,
 * and for a node that none of them is on. ERR_ABSENT: it has no such machine. */
int whole_rank_get(const struct ask *a, const struct job *first, int *ret_rank, struct err *e);
/* That machine of the job; NULL: none. */
const struct job *whole_machine(const struct desired *d, const struct job *first, uint32_t rank);
/* Of one of its machines, or of all: READY when all are, FAILED when one is, else that of the one
 * that is least far. buf or the reconciler's; never NULL. */
const struct vm_status *whole_status(const struct requests *q, const struct job *first, int rank,
				     struct vm_status *buf);
/* Does it run, and is neither it nor any VM of it on the node of the field node=, nor to go there?
 * Then the epilog that asks is of a run before, whose host was lost and is back. */
bool whole_is_elsewhere(const struct ask *a, const struct job *first);
/* Adds names=, hosts= and addresses= of all, in the order of ranks, "-" for what is not there. */
void whole_lists_add(const struct ask *a, const struct job *first);

#endif
