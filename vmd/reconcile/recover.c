/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kept disk a job starts from, and whether it may. Pure, allocates nothing.
 *
 * A disk changes hands only while nothing can use it: its old job has ended, no VM, PVC or PV of
 * that job is there, and the views that say so are whole. Of several jobs that want one disk the
 * one with the lowest id gets it; the others find it in use. */
#include "vmd/reconcile/recover.h"

#include "vmd/base/str.h"

#include <string.h>

static uint32_t key_id(const char *key)
{
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id = 0;

	(void)job_key_parse(key, &id, nonce);
	return id;
}

static uint32_t from_id(const struct job *j)
{
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id = 0;

	(void)job_from_parse(j->request.from, &id, nonce);
	return id;
}

bool recover_allows(uint32_t slurm_uid, uint32_t uid, const struct disk_seen *d)
{
	return uid == 0 || (slurm_uid && uid == slurm_uid) ||
	       (d->origin.known && d->origin.uid == uid);
}

/* A root disk of the job that j names, whoever may have it. */
static bool is_meant(const struct job *j, const struct disk_seen *d)
{
	return disk_is_root(d->name) && job_starts_from(j, d->job_key);
}

const struct job *recover_claimer(const struct desired *want, uint32_t slurm_uid,
				  const struct disk_seen *d)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct job *j = &want->job[i];

		if (*j->request.from && j->phase != JOB_ENDED && is_meant(j, d) &&
		    recover_allows(slurm_uid, j->uid, d))
			return j;
	}
	return NULL;
}

static const struct disk_seen *own_root(const struct observed *seen, const char *key)
{
	struct holdings h;

	world_of(seen, key, &h);
	for (size_t i = 0; i < h.n_disk; i++)
		if (disk_is_root(h.disk[i].name))
			return h.disk +
			       i; /* the list is not of h, as cppcheck thinks of &h.disk[i] */
	return NULL;
}

/* No disk of that job is kept: why? */
static int absent(const struct recover_view *v, const struct job *j, struct err *e)
{
	uint32_t id = from_id(j);

	for (size_t i = 0; i < v->seen->n_disk; i++) {
		const struct disk_seen *d = &v->seen->disk[i];
		uint32_t by = key_id(d->job_key);

		if (!*d->from || !job_from_is(j->request.from, d->from))
			continue;
		if (d->kept_until_s)
			return err_set(e, ERR_INVALID,
				       "job %u took the disk of job %u over, and it is kept as "
				       "that one's: --vm=@%u",
				       by, id, by);
		return err_set(e, ERR_INVALID, "the disk of job %u is in use by job %u", id, by);
	}
	for (size_t i = 0; i < v->want->n; i++) {
		const struct job *old = &v->want->job[i];
		char key[JOB_KEY_MAX + 1];

		if (old->phase != JOB_ENDED &&
		    job_from_is(j->request.from, job_key(old, key, sizeof(key))))
			return err_set(e, ERR_INVALID,
				       "job %u has not ended: its disk cannot be used yet", id);
	}
	return err_set(e, ERR_ABSENT,
		       "no disk of job %u is kept, or not any more; see: vmctl list --kept", id);
}

/* Is it one of the root disks of the job that j names, or was it, and is now j's job's? */
static bool is_counted(const struct job *j, const struct disk_seen *d)
{
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	if (!disk_is_root(d->name))
		return false;
	if (!*d->from || !job_from_is(j->request.from, d->from))
		return job_from_is(j->request.from, d->job_key);
	return job_key_parse(d->job_key, &id, nonce) == 0 && id == j->id &&
	       str_eq(nonce, j->request.nonce);
}

/* A job with several machines starts from all disks of one with as many, or from none: else some of
 * them would change hands before it fails for want of the others. */
static int check_count(const struct recover_view *v, const struct job *j, struct err *e)
{
	uint32_t machines = job_is_several(j) ? j->request.machines : 1;
	bool several = false;
	uint32_t n = 0;

	for (size_t i = 0; i < v->seen->n_disk; i++)
		if (is_counted(j, &v->seen->disk[i]) &&
		    recover_allows(v->slurm_uid, j->uid, &v->seen->disk[i])) {
			several = several || job_key_rank(v->seen->disk[i].job_key) >= 0;
			n++;
		}
	if (n == 0 || (!several && machines == 1) || (several && machines > 1 && n == machines) ||
	    (machines == 1 && job_key_rank(j->request.from) >= 0))
		return 0;
	return err_set(e, ERR_INVALID,
		       "%u disks of job %u are kept, and this job has %u machines: submit it with "
		       "-N %u%s",
		       n, from_id(j), machines, n,
		       several && machines == 1 ? ", or name one of them (vmctl list --kept)" : "");
}

/* The kept disk that is meant and that the job's owner may have. */
static int kept_find(const struct recover_view *v, const struct job *j,
		     const struct disk_seen **ret, struct err *e)
{
	const struct disk_seen *found = NULL;
	bool denied = false;

	for (size_t i = 0; i < v->seen->n_disk; i++) {
		const struct disk_seen *d = &v->seen->disk[i];

		if (!is_meant(j, d))
			continue;
		if (*d->unreadable)
			return err_set(e, ERR_RETRY, "%s", d->unreadable);
		if (!recover_allows(v->slurm_uid, j->uid, d)) {
			denied = true;
		} else if (found) {
			return err_set(e, ERR_INVALID,
				       "several jobs had the id %u, say which: --vm=@%s or "
				       "--vm=@%s",
				       from_id(j), found->job_key, d->job_key);
		} else {
			found = d;
		}
	}
	if (!found && denied)
		return err_set(e, ERR_DENIED, "the kept disk of job %u is not yours", from_id(j));
	if (!found)
		return absent(v, j, e);
	*ret = found;
	return 0;
}

/* Does the id, which Slurm has, belong to that very job, as far as anybody can tell? It may be
 * another one by now, after slurmctld lost its state. */
static bool may_live(const struct desired *want, uint32_t id)
{
	for (size_t i = 0; i < want->n; i++)
		if (want->job[i].id == id)
			return false; /* that one is known by its own key */
	return world_is_live(want, id);
}

/* Has the job that the disk was kept of let go of it? */
static int check_free(const struct recover_view *v, const struct disk_seen *d, struct err *e)
{
	const struct observed *seen = v->seen;
	const struct job *old = world_job(v->want, d->job_key);
	uint32_t id = key_id(d->job_key);
	struct holdings h;

	if (!v->want->known || !seen->vms_known || !seen->pvs_known || !seen->pvcs_known)
		return err_set(e, ERR_RETRY, "waits until it is known that nothing uses the disk");
	if (old && (old->phase == JOB_PENDING || old->phase == JOB_RUNNING))
		return err_set(e, ERR_INVALID, "job %u has not ended: its disk cannot be used yet",
			       id);
	world_of(seen, d->job_key, &h);
	if ((old && old->phase != JOB_ENDED) || (!old && may_live(v->want, id)) ||
	    h.n_vm + h.n_pv + h.n_pvc > 0 || !d->kept_until_s)
		return err_set(e, ERR_RETRY, "waits until job %u has let go of its disk", id);
	return 0;
}

int recover_find(const struct recover_view *v, const struct job *j, const struct disk_seen **ret,
		 struct err *e)
{
	const struct disk_seen *d;
	const struct job *first;
	char key[JOB_KEY_MAX + 1];

	if (!v->seen->disks_known)
		return err_set(e, ERR_RETRY, "waiting for Ceph's first answer");
	d = own_root(v->seen, job_key(j, key, sizeof(key)));
	if (!d) {
		if (check_count(v, j, e) < 0 || kept_find(v, j, &d, e) < 0 ||
		    check_free(v, d, e) < 0)
			return -1;
		first = recover_claimer(v->want, v->slurm_uid, d);
		if (first && job_key_compare(first, j) != 0)
			return err_set(e, ERR_RETRY,
				       "waits: job %u is to start from the disk of job %u, too",
				       first->id, from_id(j));
	}
	if (*d->unreadable)
		return err_set(e, ERR_RETRY, "%s", d->unreadable);
	if (d->removing)
		return err_set(e, ERR_ABSENT, "the disk of job %u is being removed", from_id(j));
	if (!d->origin.known)
		return err_set(e, ERR_INVALID,
			       "the disk of job %u does not tell what image it was made of; ask "
			       "your administrator for image %s",
			       from_id(j), d->name);
	*ret = d;
	return 0;
}

int recover_request(const struct recover_view *v, const struct catalogue *c, const struct job *j,
		    struct vm_request *ret, const struct image **ret_image, struct err *e)
{
	struct vm_request r = j->request;
	const struct disk_seen *d = NULL;

	if (job_shape_check(j, e) < 0)
		return -1;
	if (*r.from) {
		if (recover_find(v, j, &d, e) < 0)
			return -1;
		(void)str_copy(r.image, sizeof(r.image), d->origin.image);
		r.revision[0] = '\0';
	}
	if (catalogue_check(c, &r, j->uid, j->gid, j->cpus, j->memory_bytes, ret_image, e) < 0)
		return d ? err_wrap(e, "the disk of job %u", from_id(j)) : -1;
	if (d)
		(void)str_copy(r.revision, sizeof(r.revision), d->origin.revision);
	*ret = r;
	return 0;
}

void recover_fill(struct desired *want, const struct observed *seen, uint32_t slurm_uid)
{
	struct recover_view v = {.want = want, .seen = seen, .slurm_uid = slurm_uid};

	for (size_t i = 0; i < want->n; i++) {
		struct vm_request *r = &want->job[i].request;
		const struct disk_seen *d;
		struct err ignored;

		if (!*r->from || *r->image || recover_find(&v, &want->job[i], &d, &ignored) < 0)
			continue;
		(void)str_copy(r->image, sizeof(r->image), d->origin.image);
		(void)str_copy(r->revision, sizeof(r->revision), d->origin.revision);
	}
}
