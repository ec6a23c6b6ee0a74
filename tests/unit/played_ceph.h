/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Ceph that a test plays: the functions of rbd_disk.h and rbd_named.h, with jobs' disks in the
 * pool "rbd" and named ones in "disks". They run on workers' threads; the loop's end of each call
 * orders them with the test. A list that is told to wait does so with what it has read already. */
#ifndef TESTS_UNIT_PLAYED_CEPH_H
#define TESTS_UNIT_PLAYED_CEPH_H

#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_named.h"

#include <semaphore.h>

extern struct played_ceph {
	struct disk_seen disk[4];
	size_t n;
	struct named_disk named[4];
	size_t n_named;
	enum err_kind fails, named_fails; /* what is asked now; the list of named ones */
	_Atomic unsigned finished;        /* rbd_named_finish() was called so often */
	bool open;                        /* somebody has what is half made */
	bool list_waits;
	sem_t list_may_end, list_has_read;
} ceph;

#endif
