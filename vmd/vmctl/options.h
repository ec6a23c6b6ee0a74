/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of vmctl, as they stand on its command line. */
#ifndef VMD_VMCTL_OPTIONS_H
#define VMD_VMCTL_OPTIONS_H

#include "vmd/vmctl/vmctl.h"

/* What the command line of a command may have, beyond the options that all have. */
enum {
	OPT_ALL = 1 << 0,
	OPT_STOPPED = 1 << 1,
	OPT_FOR = 1 << 2,
	OPT_TIMEOUT = 1 << 3,
	OPT_YES = 1 << 4,
	OPT_NOW = 1 << 5,
	OPT_KEPT = 1 << 6,
	OPT_ROTATE = 1 << 7,
	OPT_PRINT = 1 << 8,
	OPT_FILE = 1 << 9,
	OPT_BROWSER = 1 << 10,
	OPT_PORT = 1 << 11,
	OPT_TO = 1 << 12,
	OPT_CANCEL = 1 << 13,
	OPT_CPUS = 1 << 14,
	OPT_MEM = 1 << 17,
	OPT_MACHINE = 1 << 15,
	OPT_MACHINES = 1 << 16, /* several */
	TAKES_TWO = 1 << 20,    /* operands */
	TAKES_THREE = 1 << 21,
	TAKES_REST = 1 << 22, /* "-- COMMAND..." */
	TAKES_ALL = 1 << 23   /* reads what follows its name itself */
};

/* What the command line asked for, beside v. */
struct given {
	unsigned options; /* OPT_ that were seen */
	bool help, version;
};

/* Reads options into v and g, up to optind. with_operands: options and operands may be mixed; else
 * it ends at the first operand. EXIT_USAGE: something is wrong, which has been said; or -1: go on.
 */
int options_read(struct vmctl *v, struct given *g, int argc, char **argv, bool with_operands);
/* The name of one of those in the set: "all". */
const char *options_name(unsigned set);

#endif
