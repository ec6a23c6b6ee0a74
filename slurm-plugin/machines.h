/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of a job with several machines, as vmd tells them: one word for each, in the order of their
 * ranks, "-" for what is not there (yet). Pure. */
#ifndef SLURM_PLUGIN_MACHINES_H
#define SLURM_PLUGIN_MACHINES_H

#include <stddef.h>
#include <stdint.h>

uint32_t machines_count(const char *list);
/* The word of that rank, cut to fit; "" for none. */
const char *machines_word(const char *list, uint32_t rank, char *buf, size_t size);
/* The machine on this node; the first one if none is. */
uint32_t machines_here(const char *hosts, const char *node);

#endif
