/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Was salloc told --no-shell? */
#ifndef SLURM_PLUGIN_SHELL_H
#define SLURM_PLUGIN_SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* In a command line as /proc/PID/cmdline has it: words, each with a NUL behind it. */
bool shell_is_refused(const char *words, size_t len);
/* This process's own; false also when it cannot be read. */
bool shell_is_refused_here(void);

#endif
