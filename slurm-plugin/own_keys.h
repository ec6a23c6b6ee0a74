/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's own public keys, ~/.ssh/NAME.pub, for the guest. */
#ifndef SLURM_PLUGIN_OWN_KEYS_H
#define SLURM_PLUGIN_OWN_KEYS_H

#include "vmd/vm/public_key.h"

#include <stddef.h>

struct own_keys {
	size_t n;
	char key[PUBLIC_KEYS][PUBLIC_KEY_MAX + 1];
};

/* As the user: reads what is in home/.ssh; files that hold no key, or cannot be read, are passed
 * over. In the order of their names. */
void own_keys_read(const char *home, struct own_keys *ret);

#endif
