/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vmd --check FILE --site`: is everything right before the first user comes? Connects to what vmd
 * connects to, one after the other, and prints a line for each thing. */
#ifndef VMD_CHECK_SITE_H
#define VMD_CHECK_SITE_H

#include "vmd/site/facts.h"

/* The program's exit status: 0 nothing is wrong, 1 something is. */
int check_site(const struct settings *s, bool json);

/* check_host.c: this host, and those files that slurmctld names. facts->slurm is filled in. */
void check_host(const struct settings *s, struct site_facts *f);

#endif
