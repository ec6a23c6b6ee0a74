/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects in sqlite: read once at the start, written behind the store. */
#ifndef KUBEVIRT_LITE_DISK_H
#define KUBEVIRT_LITE_DISK_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"

#include <json-c/json.h>
#include <stdint.h>

struct disk;

/* Made with mode 0600 if it is not there. ERR_INVALID: it cannot be opened. What sqlite refuses
 * later, here and below, is ERR_UNSURE with its words. */
int disk_open(const char *path, struct disk **ret, struct err *e);
void disk_close(struct disk *d); /* commits */
/* Takes over object. */
typedef int (*disk_load_fn)(void *ctx, enum kind_id kind, struct json_object *object,
			    struct err *e);
/* ret_version: no version above it was ever given out. ERR_INVALID: an object that nobody knows. */
int disk_load(struct disk *d, disk_load_fn fn, void *ctx, uint64_t *ret_version, struct err *e);

/* object NULL: the row goes. Opens a transaction when none is open. */
int disk_put(struct disk *d, enum kind_id kind, const char *key, struct json_object *object,
	     struct err *e);
int disk_put_version(struct disk *d, uint64_t version, struct err *e);
int disk_commit(struct disk *d, struct err *e);

#endif
