/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows that wait for news: the long poll of waiting steps, epilogs and vmctl. Loop thread. */
#ifndef VMD_API_REQUESTS_HELD_H
#define VMD_API_REQUESTS_HELD_H

#include "vmd/api/requests_ask.h"

#define HELD_MAX       256
#define HELD_PER_USER  64 /* root's are the epilogs of all nodes: not counted */
#define HELD_LONGEST_S 20 /* a connection may not live for longer than 30 s */

/* What the asker says it knows of the job (op show, fields seen and wait) is what there is: its
 * reply is kept until there is news, or until it has waited so long: 1. 0: answer now; it is not
 * so, or there are too many of them already, or of this user. -1 with e: the fields are wrong. */
int held_keep(const struct ask *a, uint32_t job_id, int rank, const struct vm_status *s,
	      struct err *e);
/* The opaque word for all of the status that a reply shows. */
const char *held_token(const struct vm_status *s, char buf[WIRE_SEEN_SIZE]);

#endif
