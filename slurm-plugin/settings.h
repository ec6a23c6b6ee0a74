/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's arguments in plugstack.conf. Manual: slurm-vm(8). */
#ifndef SLURM_PLUGIN_SETTINGS_H
#define SLURM_PLUGIN_SETTINGS_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_PREFIX_MAX 16

struct plugin_settings {
	char vmd[256];          /* "host:port[,host:port]" */
	char vmd_user[64];      /* account vmd runs as */
	char munge_socket[108]; /* "": libmunge's default */
	char prefix[SETTINGS_PREFIX_MAX + 1];
	int64_t ready_timeout_s;
	int64_t epilog_timeout_s;
};

/* Defaults, then each "key=value" of av. On error ret holds the defaults, so that the options can
 * still be registered under their usual names; e says which argument is at fault. */
int plugin_settings_read(int ac, char **av, struct plugin_settings *ret, struct err *e);

#endif
