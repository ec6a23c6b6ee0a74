/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of little_world.h: the words of what is seen. */
#ifndef TESTS_UNIT_LITTLE_SEEN_H
#define TESTS_UNIT_LITTLE_SEEN_H

#include "tests/unit/little_world.h"

#define LITTLE_DATA "vmdisk-00000000-1000-data" /* alice's named disk */

/* Puts into the world what the word says; false: no such word. */
bool little_seen_word(struct little_world *w, const char *s);

#endif
