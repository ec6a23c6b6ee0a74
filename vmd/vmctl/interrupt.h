/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ctrl-C ends the watching, and not what is watched: that is worth a word. */
#ifndef VMD_VMCTL_INTERRUPT_H
#define VMD_VMCTL_INTERRUPT_H

#include "vmd/base/err.h"

/* From now on Ctrl-C prints this on stderr and ends the process at once with EXIT_INTERRUPTED,
 * whatever it waits for just then. */
void interrupt_say(const char *fmt, ...) PRINTF(1, 2);
/* Ctrl-C ends it without a word, as before. */
void interrupt_end(void);

#endif
