/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/integration/rbd_test.h"

#include <stdlib.h>

struct rbd_store *store;
struct settings settings;
rados_t cluster;
rados_ioctx_t io;
struct err e;

void must(int rc, const char *what)
{
	ck_assert_msg(rc == 0, "%s: %s", what, e.msg);
}

struct disk_spec root_spec(void)
{
	return (struct disk_spec){
		.name = ROOT,
		.job_key = KEY,
		.job_id = 17,
		.role = DISK_ROOT,
		.pool = "rbd",
		.size_bytes = 24 * MIB,
		.origin = {.known = true, .uid = 7001, .image = "tiny", .revision = "v1"},
		.golden = {.name = "v1", .pool = "rbd", .rbd_image = "tiny", .snapshot = "v1"}};
}

struct disk_spec scratch_spec(void)
{
	return (struct disk_spec){.name = SCRATCH,
				  .job_key = KEY,
				  .job_id = 17,
				  .role = DISK_SCRATCH,
				  .pool = "rbd",
				  .size_bytes = 12 * MIB};
}

void make_image(const char *name, uint64_t size)
{
	rbd_image_options_t options;

	rbd_image_options_create(&options);
	rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_FEATURES, 61);
	ck_assert_int_eq(rbd_create4(io, name, size, options), 0);
	rbd_image_options_destroy(options);
}

void set_mark(const char *name, const char *key, const char *value)
{
	rbd_image_t image;

	ck_assert_int_eq(rbd_open(io, name, &image, NULL), 0);
	if (value)
		ck_assert_int_eq(rbd_metadata_set(image, key, value), 0);
	else
		ck_assert_int_eq(rbd_metadata_remove(image, key), 0);
	ck_assert_int_eq(rbd_close(image), 0);
}

const struct disk_seen *listed(const char *name)
{
	static struct disk_seen found;
	AUTO(free) struct disk_seen *disk = NULL;
	size_t n = 0;

	e.kind = ERR_NONE;
	must(rbd_disk_list(store, "rbd", &disk, &n, &e), "list");
	ck_assert_int_eq(e.kind, ERR_NONE); /* its caller on another thread asks for that alone */
	for (size_t i = 0; i < n; i++) {
		if (str_eq(disk[i].name, name)) {
			found = disk[i];
			return &found;
		}
	}
	return NULL;
}
