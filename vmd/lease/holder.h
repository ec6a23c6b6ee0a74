/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds a Lease: a text that names one process of one boot of one host, so that its successor
 * on the same host can tell that it is gone. Reads /proc. */
#ifndef VMD_LEASE_HOLDER_H
#define VMD_LEASE_HOLDER_H

#include "vmd/lease/lease.h"

/* "masternode 1234 567890 4026531836 6f9c...": host name, pid, when it started (ticks since boot),
 * PID namespace, boot. */
int holder_self(char *buf, size_t size, struct err *e);
/* Is it certain that this process is no more? Only if it was of this boot and PID namespace; of
 * others, and of texts of another form, nothing is known. root ("" or a directory, for tests)
 * stands before /proc. */
bool holder_is_gone(const char *root, const char *holder);
/* "masternode", for people. */
void holder_host(const char *holder, char *buf, size_t size);

#endif
