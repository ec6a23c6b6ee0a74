/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between settings.c, settings_images.c and their tests: parts of reading vmd.yaml. */
#ifndef VMD_SETTINGS_IMAGES_H
#define VMD_SETTINGS_IMAGES_H

#include "vmd/base/conf.h"
#include "vmd/settings.h"

/* As settings_load, from a tree that is there already. */
int settings_read(struct conf *root, struct settings **ret, struct err *e);
/* The section "images"; s->network must be read. On failure s is freed by the caller as ever. */
int settings_read_images(struct conf *root, struct settings *s, struct err *e);
/* map[key] as a map; *ret NULL if absent and not required. */
int settings_section(struct conf *map, const char *key, bool required, struct conf **ret,
		     struct err *e);
/* May be the name of a pool, image or snapshot. */
bool settings_is_rbd_name(const char *text);

#endif
