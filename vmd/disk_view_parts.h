/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of disk_view*.c share. Loop thread, but for what says otherwise. */
#ifndef VMD_DISK_VIEW_PARTS_H
#define VMD_DISK_VIEW_PARTS_H

#include "vmd/base/worker.h"
#include "vmd/disk_view.h"

struct sd_event_source;

#define DISK_VIEW_AGAIN_US (200 * MSEC_US) /* before a list that is read anew */

struct disk_view {
	struct disk_view_callbacks callbacks;
	struct worker *worker;
	struct rbd_store *store;
	char pool[JOB_NAME_MAX + 1];
	bool known;
	size_t n;
	struct disk_seen *disk;
	char named_pool[JOB_NAME_MAX + 1];
	bool named_known, named_told;
	size_t n_named;
	struct named_disk *named;
	struct attachment *attachment; /* of named, made anew when it is looked at */
	unsigned creating; /* named disks that the view has already, and a list perhaps not */
	bool finishing;    /* one whose making was cut short */
	struct sd_event_source *timer;
	bool listing;
	bool list_again;  /* the one under way is too old already */
	int64_t began_us; /* the list under way */
	int64_t asked_us; /* the one that is known */
	uint64_t changes; /* by actions: tells whether a list is of one moment */
	int64_t retry_us;
	bool in_trouble;
};

void *disk_view_need(void *p); /* p; without memory there is no going on */
void disk_view_list_at(struct disk_view *v, int64_t after_us); /* the next list */
/* NULL: there is none. */
struct named_disk *disk_view_named(struct disk_view *v, const char *image);
struct disk_seen *disk_view_find(struct disk_seen *disk, size_t n, const char *name);
/* Goes on with a named disk whose making was cut short, if there is one. */
void disk_view_finish(struct disk_view *v);
/* The view has it from now on, as it was made. */
void disk_view_put(struct disk_view *v, const struct disk_spec *d);

#endif
