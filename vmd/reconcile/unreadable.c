/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which jobs a disk concerns that cannot be read. Pure, allocates nothing.
 *
 * Its marks say whose it is, and they cannot be read. Its name says for which job it was made. That
 * job may have ended and another have taken it over (--vm=@JOB); but whoever has a disk, of him
 * there is a PV with the disk's name for as long as a guest uses it (pv-protection). */
#include "vmd/reconcile/unreadable.h"

#include "vmd/base/str.h"

/* The one with this name, if it cannot be read. */
static const struct disk_seen *by_name(const struct observed *seen, const char *name)
{
	char key[JOB_KEY_MAX + 1];
	struct holdings made_for;

	if (disk_name_key(name, key) < 0)
		return NULL;
	world_of(seen, key, &made_for);
	for (size_t i = 0; i < made_for.n_disk; i++) {
		const struct disk_seen *d = made_for.disk + i;

		if (*d->unreadable && str_eq(d->name, name))
			return d;
	}
	return NULL;
}

static const struct disk_seen *to_start_from(const struct observed *seen, const struct job *j)
{
	for (size_t i = 0; i < seen->n_disk; i++) {
		const struct disk_seen *d = &seen->disk[i];

		if (*d->unreadable && disk_is_root(d->name) && job_starts_from(j, d->job_key))
			return d;
	}
	return NULL;
}

const struct disk_seen *unreadable_of(const struct observed *seen, const struct holdings *h,
				      const struct job *j)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (*h->disk[i].unreadable)
			return h->disk + i;
	for (size_t i = 0; i < h->n_pv; i++) {
		const struct disk_seen *d = by_name(seen, h->pv[i].name);

		if (d)
			return d;
	}
	return j && *j->request.from ? to_start_from(seen, j) : NULL;
}

size_t unreadable_count(const struct observed *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n_disk; i++)
		n += *seen->disk[i].unreadable != '\0';
	return n;
}

bool unreadable_hides_disk(const struct observed *seen, const struct holdings *h)
{
	return unreadable_count(seen) && (!seen->pvs_known || unreadable_of(seen, h, NULL));
}

bool unreadable_is_on(const struct desired *want, const struct observed *seen, const char *node,
		      const char *except_key)
{
	if (!unreadable_count(seen))
		return false;
	for (size_t i = 0; i < want->n; i++) {
		const struct job *j = &want->job[i];
		char key[JOB_KEY_MAX + 1];
		struct holdings h;

		if (j->phase != JOB_RUNNING || !job_node_same(j->node, node) ||
		    str_eq(job_key(j, key, sizeof(key)), except_key))
			continue;
		world_of(seen, key, &h);
		if (unreadable_hides_disk(seen, &h))
			return true;
	}
	return false;
}
