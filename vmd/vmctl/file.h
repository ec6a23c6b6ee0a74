/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of one's own (0600), written whole or not at all. */
#ifndef VMD_VMCTL_FILE_H
#define VMD_VMCTL_FILE_H

#include "vmd/base/err.h"

#include <stddef.h>

/* In the place of what has that name; "-": the standard output. ERR_CONFLICT. */
int file_write(const char *path, const char *data, size_t len, struct err *e);

#endif
