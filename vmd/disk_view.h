/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jobs' disks as vmd sees them, and the changes it makes to them. Loop thread; librbd itself
 * runs on worker threads. */
#ifndef VMD_DISK_VIEW_H
#define VMD_DISK_VIEW_H

#include "vmd/reconcile/action.h"
#include "vmd/settings.h"

struct sd_event;
struct lease_gate;
struct disk_view;

struct disk_view_callbacks {
	void *ctx;
	void (*changed)(void *ctx); /* the disks are not what they were */
	void (*listed)(void *ctx, enum err_kind kind);
	void (*trouble)(void *ctx, const char *text); /* NULL: Ceph answers */
	/* Once, when it cannot be read (rbd_disk.h); and once with why NULL, when it can again. */
	void (*unreadable)(void *ctx, const char *name, const char *why);
	void (*missing)(void *ctx, const char *image, const char *revision, const char *text);
	const struct lease_gate *gate; /* disks are changed while it is open; NULL: always */
};

/* Begins to list at once. s->cluster must be known. */
int disk_view_new(struct sd_event *loop, const struct settings *s,
		  const struct disk_view_callbacks *cb, struct disk_view **ret, struct err *e);
/* Lists now. */
void disk_view_refresh(struct disk_view *v);
/* When the list there is was asked for, monotonic; 0: there is none. */
int64_t disk_view_asked_us(const struct disk_view *v);
/* disks, named disks with their claims, and whether they are known; borrowed until the next call,
 * or the loop goes on. */
void disk_view_observe(struct disk_view *v, struct observed *seen);
/* ACT_CLONE_DISK, ACT_CREATE_DISK, ACT_TAKE_DISK, ACT_KEEP_DISK, ACT_REMOVE_DISK, ACT_FENCE_DISK.
 * What succeeded is seen at once, before done is called, which happens from the loop, never from
 * within. */
typedef void (*disk_done_fn)(void *ctx, const struct err *e);
int disk_view_apply(struct disk_view *v, const struct action *a, disk_done_fn done, void *ctx,
		    struct err *e);
/* The same of a named disk; where no pool is named it is the site's for them. One that is being
 * made is seen at once, so that no quota is used twice. */
int disk_view_order(struct disk_view *v, const struct disk_order *o, disk_done_fn done, void *ctx,
		    struct err *e);
/* Looks whether the golden images of the catalogue are there, and tells missing() of each that is
 * not. Copies what it needs. */
void disk_view_check_golden(struct disk_view *v, const struct catalogue *c);
int64_t disk_view_age_us(const struct disk_view *v); /* worker_age_us() */

#endif
