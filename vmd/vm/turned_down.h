/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The companions that a VM goes to no more, whatever becomes of it: ids, noted on the VM itself
 * ("23,24"), so that the note and the way there are changes of one object, of which the later one
 * sees the earlier (DESIGN.md, rule 21c). A list ends with 0 or when it is full. Pure. */
#ifndef VMD_VM_TURNED_DOWN_H
#define VMD_VM_TURNED_DOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNED_DOWN_MAX  8
#define TURNED_DOWN_TEXT (TURNED_DOWN_MAX * 11)

bool turned_down_has(const uint32_t list[TURNED_DOWN_MAX], uint32_t companion);
/* Of a list that is full the one that was noted first falls off: it has ended long ago. */
void turned_down_add(uint32_t list[TURNED_DOWN_MAX], uint32_t companion);
const char *turned_down_text(const uint32_t list[TURNED_DOWN_MAX], char buf[TURNED_DOWN_TEXT]);
/* Whatever is no such text, as when somebody has edited it, is an empty list: then it is noted
 * anew before anything rests on it. */
void turned_down_parse(const char *text, uint32_t ret[TURNED_DOWN_MAX]);

#endif
