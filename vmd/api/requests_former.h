/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The epilog of an allocation whose place another one has taken: it asks for a job that Slurm has
 * no more as such, and wants to know of its own node alone. Loop thread. */
#ifndef VMD_API_REQUESTS_FORMER_H
#define VMD_API_REQUESTS_FORMER_H

#include "vmd/api/requests_ask.h"

/* Was j found by the id of an allocation before it, by one that asks for a node? Such a question is
 * not kept: what it waits for is no news of j. */
bool former_is_asked(const struct ask *a, const struct job *j);
/* Neither is a VM of it on that node, nor is one to come there; or j has the node itself. */
bool former_is_clear(const struct ask *a, const struct job *j);

#endif
