/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that are kept of jobs that have ended: which there are, and giving one up before its time.
 * Slurm may have forgotten the job, so who may ask is decided by what the disk tells of itself. */
#include "vmd/api/requests_ask.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/recover.h"

#include <string.h>

/* NULL: nobody knows the disks yet. */
static const struct observed *disks_get(const struct ask *a, struct err *e)
{
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;

	if (seen && seen->disks_known)
		return seen;
	(void)err_set(e, ERR_RETRY, "vmd has no list of disks from Ceph at the moment");
	return NULL;
}

static bool may_have(const struct ask *a, const struct disk_seen *d)
{
	return recover_allows(a->q->slurm_uid, a->who->uid, d);
}

/* A mark alone is not enough: a failing job's disk has it before the job ends. */
static bool is_kept(const struct ask *a, const struct disk_seen *d)
{
	const struct job *j = world_job(a->q->port.desired(a->q->port.self), d->job_key);

	return d->kept_until_s && !d->removing && (!j || j->phase == JOB_ENDED);
}

static struct json_object *disk_json(const struct ask *a, const struct disk_seen *d)
{
	const struct desired *want = a->q->port.desired(a->q->port.self);
	const struct job *by = recover_claimer(want, a->q->slurm_uid, d);
	struct json_object *o = json_object_new_object();
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id = 0;

	(void)job_key_parse(d->job_key, &id, nonce);
	json_put_int(o, "job", id);
	json_put_str(o, "key", d->job_key);
	json_put_str(o, "disk", d->name);
	json_put_str(o, "pool", d->pool);
	json_put_int(o, "size_bytes", (int64_t)d->size_bytes);
	json_put_int(o, "kept_until", d->kept_until_s);
	json_put_str(o, "from", d->from);
	if (by)
		json_put_int(o, "wanted_by", by->id);
	if (!d->origin.known)
		return o;
	json_put_int(o, "uid", d->origin.uid);
	json_put_str(o, "image", d->origin.image);
	json_put_str(o, "revision", d->origin.revision);
	json_put_int(o, "cpus", d->origin.cpus);
	json_put_int(o, "memory_bytes", (int64_t)d->origin.memory_bytes);
	json_put_int(o, "limit_s", d->origin.limit_s);
	return o;
}

/* The list is as the round sorted it, by key; disk_view may have appended since: the client only
 * needs that no key comes twice over two pages. */
int op_kept(const struct ask *a, struct err *e)
{
	bool all = str_eq(wire_get(a->in, "all"), "1");
	const char *after = wire_get(a->in, "after");
	const char *from = wire_get(a->in, "job");
	const struct observed *seen = disks_get(a, e);

	if (!seen)
		return -1;
	if (all && !ask_is_admin(a))
		return err_set(e, ERR_DENIED, "only root and SlurmUser may list everybody's disks");
	for (size_t i = 0; i < seen->n_disk; i++) {
		const struct disk_seen *d = &seen->disk[i];
		AUTO(json_object_put) struct json_object *o = NULL;

		if (!is_kept(a, d) || (after && strcmp(d->job_key, after) <= 0))
			continue;
		if (from ? !may_have(a, d) || !job_from_is(from, d->job_key)
			 : !all && !(d->origin.known && d->origin.uid == a->who->uid))
			continue;
		if (ask_page_full(a->out)) {
			wire_add(a->out, "more", "1");
			break;
		}
		o = disk_json(a, d);
		ask_add_json(a->out, "kept[]", o);
	}
	return ANSWERED;
}

static int disk_find(const struct ask *a, const struct observed *seen, const char *from,
		     const struct disk_seen **ret, struct err *e)
{
	const struct disk_seen *found = NULL;
	bool others = false;

	for (size_t i = 0; i < seen->n_disk; i++) {
		const struct disk_seen *d = &seen->disk[i];

		if (!is_kept(a, d) || !job_from_is(from, d->job_key))
			continue;
		if (!may_have(a, d))
			others = true;
		else if (found)
			return err_set(
				e, ERR_INVALID,
				"several jobs, or machines of a job, had that id, say which: "
				"%s, %s",
				found->job_key, d->job_key);
		else
			found = d;
	}
	if (!found && others)
		return err_set(e, ERR_DENIED, "the kept disk of job %.40s belongs to another user",
			       from);
	if (!found)
		return err_set(e, ERR_ABSENT, "no disk is kept of job %.40s: vmctl list --kept",
			       from);
	*ret = found;
	return 0;
}

int op_discard(const struct ask *a, struct err *e)
{
	const char *from = wire_get(a->in, "job");
	const struct observed *seen = disks_get(a, e);
	const struct disk_seen *d = NULL;
	const struct job *by;
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	if (!seen)
		return -1;
	if (!from || job_from_parse(from, &id, nonce) < 0)
		return err_set(e, ERR_INVALID, "job='%.40s' is no job", from ? from : "");
	if (disk_find(a, seen, from, &d, e) < 0)
		return -1;
	by = recover_claimer(a->q->port.desired(a->q->port.self), a->q->slurm_uid, d);
	if (by)
		return err_set(e, ERR_CONFLICT,
			       "job %u is to start from the disk of job %u: "
			       "cancel that first",
			       by->id, id);
	wire_add(a->out, "disk", d->name);
	if (a->q->port.discard(a->q->port.self, d, ask_done, a->reply, e) < 0)
		return -1;
	return LATER;
}
