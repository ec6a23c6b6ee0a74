/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a creation has left that was cut short before the image got its marks. The job that wants
 * this disk finishes it (rbd_disk.c); where nobody does, as when the job is over, or its user asks
 * for no other scratch disk, it would stay for ever. So it is listed as a disk of the job whose key
 * its name holds, one whose removal has begun: there is no more of it than of such a one, and the
 * same rules make it go.
 *
 * It must be what nothing could have been written to: without a job's mark no guest ever gets a
 * disk. All the same it is looked at: an image in which there is something, or of which there is a
 * snapshot, is somebody's, whatever its name. And it must be older than any creation that is still
 * under way. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_mark.h"
#include "vmd/rbd/rbd_store.h"

#include <time.h>

DEFINE_AUTO(rbd_image_t, rbd_close)

static int on_data(uint64_t offset, size_t len, int exists, void *arg)
{
	(void)offset, (void)len, (void)exists;
	*(bool *)arg = true;
	return -1; /* seen enough */
}

/* Nothing of its own: in a clone what its parent has does not count. */
bool rbd_is_empty(void *image)
{
	rbd_snap_info_t end[1]; /* librbd ends its list with an empty one */
	int n = ARRAY_LEN(end);
	bool found = false;
	uint64_t size = 0;

	if (rbd_get_size(image, &size) < 0 || rbd_snap_list(image, end, &n) != 0)
		return false;
	return rbd_diff_iterate2(image, NULL, 0, size, false, true, on_data, &found) == 0 && !found;
}

bool rbd_is_leftover(const struct rbd_store *st, void *look, const char *name,
		     const struct rbd_mark *m, char ret_key[JOB_KEY_MAX + 1])
{
	char key[JOB_KEY_MAX + 1];
	struct timespec made;

	if (m->job_key[0] || (m->cluster[0] && !str_eq(m->cluster, st->cluster)) ||
	    disk_name_key(name, key) < 0 || rbd_get_create_timestamp(look, &made) < 0 ||
	    clock_wall_s() - made.tv_sec < st->leftover_s || !rbd_is_empty(look))
		return false;
	(void)str_copy(ret_key, JOB_KEY_MAX + 1, key);
	return true;
}

/* By a look of its own: to look through an image that is open for writing takes its lock. */
bool rbd_is_leftover_of(const struct rbd_store *st, struct rbd_pool *p, const char *name,
			const struct rbd_mark *m, const char *job_key)
{
	AUTO(rbd_close) rbd_image_t look = NULL;
	char key[JOB_KEY_MAX + 1];

	return !m->job_key[0] && rbd_look(p->io, name, NULL, &look) == 0 &&
	       rbd_is_leftover(st, look, name, m, key) && str_eq(key, job_key);
}
