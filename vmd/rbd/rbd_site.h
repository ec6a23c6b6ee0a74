/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries Ceph for `vmd --check FILE --site`. Blocks. What it makes, it removes: images called
 * "slurm-vm-check-...", which vmd itself takes for nobody's. It shuts nobody out. */
#ifndef VMD_RBD_RBD_SITE_H
#define VMD_RBD_RBD_SITE_H

#include "vmd/site/facts.h"

/* free() ret->golden. tag is a word that nobody else uses now: host and pid. */
void rbd_site_try(const struct settings *s, const char *tag, struct site_ceph *ret);
/* As the nodes do: with that user and key, which is not kept. */
void rbd_site_try_node(const struct settings *s, const char *user, const char *key, const char *tag,
		       struct site_ceph *ret);

#endif
