/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "ceph osd blocklist ls --format json" says. Pure. */
#ifndef VMD_RBD_RBD_BLOCKLIST_H
#define VMD_RBD_RBD_BLOCKLIST_H

#include <stddef.h>
#include <stdint.h>

/* Until when that client is shut out, in seconds since 1970; 0: it is not, or the list is odd. */
int64_t blocklist_until_s(const char *text, size_t len, const char *address);

#endif
