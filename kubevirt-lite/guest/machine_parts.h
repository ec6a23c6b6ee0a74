/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that read a machine. Text from the spec goes into QEMU's arguments: whatever is
 * taken from it is bounded and checked by these. */
#ifndef KUBEVIRT_LITE_GUEST_MACHINE_PARTS_H
#define KUBEVIRT_LITE_GUEST_MACHINE_PARTS_H

#include "kubevirt-lite/guest/machine.h"

/* Absent: *ret stays as it is. ERR_INVALID: too long, or with commas or controls in it. */
int machine_text(struct json_object *doc, const char *path, char *ret, size_t size, struct err *e);
/* Absent: *ret stays as it is. ERR_INVALID: not 1 to max. */
int machine_number(struct json_object *doc, const char *path, unsigned max, unsigned *ret,
		   struct err *e);
/* absent: what it is if it is not there. */
bool machine_flag(struct json_object *doc, const char *path, bool absent);

/* Those of the spec, in its order. ERR_INVALID: one that no guest could have; its name is in the
 * text. */
int machine_disks(struct json_object *vmi, struct machine *m, struct err *e);

#endif
