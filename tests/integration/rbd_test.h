/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of rbd_disk share: one process, one connection, one golden image, one order. */
#pragma once

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_named.h"
#include "vmd/rbd/rbd_store.h"

#include <check.h>
#include <errno.h>
#include <rados/librados.h>
#include <rbd/librbd.h>
#include <string.h>

#define MIB     (UINT64_C(1) << 20)
#define KEY     "17-9f3c12ab45de6701"
#define OTHER   "18-0000000000000000"
#define ROOT    "vm-" KEY "-root"
#define SCRATCH "vm-" KEY "-scratch"

#define VM_UID   "0b5a7c1e-1111-2222-3333-444455556666"
#define NEXT_UID "0b5a7c1e-1111-2222-3333-444455557777"

extern struct rbd_store *store; /* what is tried */
extern struct settings settings;
extern rados_t cluster; /* the test's own eyes and hands, as client.admin */
extern rados_ioctx_t io;
extern struct err e; /* of the last call */

void must(int rc, const char *what);

/* Disks of the job KEY. */
struct disk_spec root_spec(void);
struct disk_spec scratch_spec(void);

void make_image(const char *name, uint64_t size);

/* Sets a mark of an image, or removes it when value is NULL. */
void set_mark(const char *name, const char *key, const char *value);

/* What the list says of name, or NULL. */
const struct disk_seen *listed(const char *name);

/* Their tests, in the order in which they must run. */
void add_fence_tests(TCase *t);
void add_damaged_tests(TCase *t);
void add_named_tests(TCase *t);
