/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small read-only CD image: some files in one directory. Pure. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_ISO_H
#define KUBEVIRT_LITE_CONTROLLERS_ISO_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ISO_FILES_MAX 16
#define ISO_BYTES_MAX (8U << 20)

struct iso_file {
	const char *name; /* at most 27 characters; written in capitals, as the standard wants */
	const char *data;
	size_t len;
};

/* ISO 9660 level 2. Caller frees *ret. ERR_INVALID: names or sizes that do not fit. */
int iso_build(const char *label, const struct iso_file *files, size_t n, uint8_t **ret,
	      size_t *ret_len, struct err *e);

#endif
