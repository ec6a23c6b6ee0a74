/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks on RBD images; see rbd_mark.h. */
#include "vmd/rbd/rbd_mark.h"

#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"

#include <errno.h>

#define MARK_CLUSTER  "slurm-vm.cluster"
#define MARK_JOB      "slurm-vm.job"
#define MARK_KEEP     "slurm-vm.keep-until"
#define MARK_REMOVING "slurm-vm.removing"

static int read_key(rbd_image_t image, const char *name, const char *key, char *ret, size_t size,
		    struct err *e)
{
	char value[128];
	size_t len = sizeof(value) - 1;
	int rc = rbd_metadata_get(image, key, value, &len);

	ret[0] = '\0';
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 && rc != -ERANGE)
		return rbd_error(e, rc, "read mark of %s", name);
	value[rc == -ERANGE ? 0 : len] = '\0';
	if (rc == -ERANGE || str_copy(ret, size, value) < 0)
		return err_set(e, ERR_CONFLICT, "image %s: %s is not one of ours", name, key);
	return 0;
}

int rbd_mark_read(rbd_image_t image, const char *name, struct rbd_mark *ret, struct err *e)
{
	struct rbd_mark m;
	char keep[24];
	char removing[8];
	uint64_t until = 0;

	if (read_key(image, name, MARK_JOB, m.job_key, sizeof(m.job_key), e) < 0 ||
	    read_key(image, name, MARK_CLUSTER, m.cluster, sizeof(m.cluster), e) < 0 ||
	    read_key(image, name, MARK_KEEP, keep, sizeof(keep), e) < 0 ||
	    read_key(image, name, MARK_REMOVING, removing, sizeof(removing), e) < 0)
		return -1;
	if (keep[0] && str_to_u64(keep, INT64_MAX, &until) < 0)
		return err_set(e, ERR_CONFLICT, "image %s: " MARK_KEEP " '%s' is not a time", name,
			       keep);
	m.keep_until_s = (int64_t)until;
	m.removing = removing[0] != '\0';
	*ret = m;
	return 0;
}

static int write_key(rbd_image_t image, const char *name, const char *key, const char *value,
		     struct err *e)
{
	int rc = rbd_metadata_set(image, key, value);

	return rc < 0 ? rbd_error(e, rc, "mark image %s", name) : 0;
}

static int remove_key(rbd_image_t image, const char *name, const char *key, struct err *e)
{
	int rc = rbd_metadata_remove(image, key);

	return rc < 0 && rc != -ENOENT ? rbd_error(e, rc, "unmark image %s", name) : 0;
}

int rbd_mark_write(rbd_image_t image, const char *name, const char *cluster, const char *job_key,
		   struct err *e)
{
	if (remove_key(image, name, MARK_KEEP, e) < 0 ||
	    remove_key(image, name, MARK_REMOVING, e) < 0)
		return -1;
	if (write_key(image, name, MARK_CLUSTER, cluster, e) < 0)
		return -1;
	return write_key(image, name, MARK_JOB, job_key, e);
}

int rbd_mark_keep(rbd_image_t image, const char *name, int64_t until_s, struct err *e)
{
	char text[24];

	if (until_s == 0)
		return remove_key(image, name, MARK_KEEP, e);
	(void)str_fmt(text, sizeof(text), "%lld", (long long)until_s);
	return write_key(image, name, MARK_KEEP, text, e);
}

int rbd_mark_removing(rbd_image_t image, const char *name, struct err *e)
{
	return write_key(image, name, MARK_REMOVING, "yes", e);
}
