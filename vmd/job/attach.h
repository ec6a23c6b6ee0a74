/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which named disks a job's VM shall have (--vm-attach=data,ref:ro), and what a disk may be called.
 * Pure, no allocation: the plugin links it, too. */
#ifndef VMD_JOB_ATTACH_H
#define VMD_JOB_ATTACH_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define DISK_LABEL_MAX  20 /* bytes: a virtio disk's serial has no more */
#define JOB_ATTACH_MAX  8
#define JOB_ATTACH_TEXT (JOB_ATTACH_MAX * (DISK_LABEL_MAX + 4)) /* with its NUL */

struct vm_attach {
	char name[DISK_LABEL_MAX + 1];
	bool read_only;
};

struct vm_attach_list {
	size_t n;
	struct vm_attach at[JOB_ATTACH_MAX];
};

/* Lower-case letters, digits and '-', at most DISK_LABEL_MAX; not root, nor scratch with or without
 * a number: so a VM's disks have different names whatever a user calls his. */
int disk_label_check(const char *name, struct err *e);
/* "data", "ref:ro" */
int vm_attach_parse(const char *text, struct vm_attach *ret, struct err *e);
/* "data,ref:ro": each disk once. */
int vm_attach_list_parse(const char *text, struct vm_attach_list *ret, struct err *e);
const char *vm_attach_list_text(const struct vm_attach_list *a, char buf[JOB_ATTACH_TEXT]);

#endif
