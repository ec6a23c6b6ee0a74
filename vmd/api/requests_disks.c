/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks: which there are, making one, giving one up. A disk is its owner's, whom munge
 * vouches for; root and SlurmUser see all of them and may delete any. Loop thread. */
#include "vmd/api/requests_ask.h"

#include "vmd/base/str.h"

#include <string.h>

/* NULL: nobody knows the disks yet. */
static const struct observed *disks_get(const struct ask *a, struct err *e)
{
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;

	if (seen && seen->named_known)
		return seen;
	(void)err_set(e, ERR_RETRY, "vmd has no list of named disks from Ceph at the moment");
	return NULL;
}

static int name_get(const struct ask *a, const char **ret, struct err *e)
{
	const char *name = wire_get(a->in, "name");

	if (!name)
		return err_set(e, ERR_INVALID, "name= is missing");
	if (disk_label_check(name, e) < 0)
		return -1;
	*ret = name;
	return 0;
}

/* ---- the list ---- */

static struct json_object *claims_json(const struct disk_claims *c)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < c->n; i++) {
		struct json_object *o = json_object_new_object();
		char nonce[JOB_NONCE_LEN + 1];
		uint32_t id = 0;

		(void)job_key_parse(c->claim[i].job_key, &id, nonce);
		json_put_int(o, "job", id);
		json_put_bool(o, "read_only", c->claim[i].read_only);
		json_put_bool(o, "leaving", c->claim[i].leaving);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *disk_json(const struct named_disk *d)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "name", d->name);
	json_put_str(o, "key", d->image); /* of the next page */
	json_put_int(o, "uid", d->uid);
	json_put_str(o, "disk", d->image);
	json_put_str(o, "pool", d->pool);
	json_put_int(o, "size_bytes", (int64_t)d->size_bytes);
	json_put_int(o, "created", d->created_s);
	json_put_bool(o, "removing", d->claims.removing);
	json_put_bool(o, "unfinished", d->unfinished);
	json_put_str(o, "reason", d->unreadable);
	json_put_at(o, "used_by", claims_json(&d->claims));
	return o;
}

static int by_image(const void *a, const void *b)
{
	const struct named_disk *const *x = a, *const *y = b;

	return strcmp((*x)->image, (*y)->image);
}

/* The disks to list, by image. Caller frees. */
static const struct named_disk **disks_select(const struct ask *a, const struct observed *seen,
					      bool all, const char *after, size_t *ret_n)
{
	const struct named_disk **list = calloc(seen->n_named + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		abort();
	for (size_t i = 0; i < seen->n_named; i++) {
		const struct named_disk *d = &seen->named[i];

		if ((all || d->uid == a->who->uid) && !(after && strcmp(d->image, after) <= 0))
			list[n++] = d;
	}
	qsort(list, n, sizeof(*list), by_image);
	*ret_n = n;
	return list;
}

int op_disks(const struct ask *a, struct err *e)
{
	bool all = str_eq(wire_get(a->in, "all"), "1");
	const struct observed *seen = disks_get(a, e);
	AUTO(free) const struct named_disk **list = NULL;
	const struct disk_quota *quota;
	size_t n = 0;

	if (!seen)
		return -1;
	if (all && !ask_is_admin(a))
		return err_set(e, ERR_DENIED, "only root and SlurmUser may list everybody's disks");
	quota = a->q->port.quota(a->q->port.self);
	wire_addf(a->out, "quota", "%llu", (unsigned long long)quota->bytes);
	wire_addf(a->out, "count", "%u", quota->count);
	list = disks_select(a, seen, all, wire_get(a->in, "after"), &n);
	for (size_t i = 0; i < n; i++) {
		AUTO(json_object_put) struct json_object *o = NULL;

		if (ask_page_full(a->out)) {
			wire_add(a->out, "more", "1");
			break;
		}
		o = disk_json(list[i]);
		ask_add_json(a->out, "disk[]", o);
	}
	return ANSWERED;
}

/* ---- those of one job ---- */

/* How far it is in the guest: "waits" (its VM is not there yet), "attaching", "attached",
 * "leaving". */
static const char *attached_state(const struct attachment *d, const struct vm_seen *vm,
				  const char **ret_why)
{
	char name[VM_NAME_MAX + 1];
	const struct vm_volume *v;

	(void)attachment_volume(d->label, name, sizeof(name));
	v = vm ? vm_volume_find(vm, name) : NULL;
	*ret_why = v && !v->ready ? v->why : "";
	if (d->leaving)
		return "leaving";
	if (!vm)
		return "waits";
	return v && v->ready ? "attached" : "attaching";
}

void ask_attached(const struct ask *a, const struct job *j, struct json_object *o)
{
	const struct vm_seen *vm = ask_vm_get(a, j); /* before: it looks anew */
	const struct vm_status *s = ask_status_get(a, j);
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;
	struct json_object *list = json_object_new_array();
	char key[JOB_KEY_MAX + 1];

	(void)job_key(j, key, sizeof(key));
	for (size_t i = 0; seen && i < seen->n_attachment; i++) {
		const struct attachment *d = &seen->attachment[i];
		struct json_object *one;
		const char *why;

		if (!str_eq(d->job_key, key))
			continue;
		one = json_object_new_object();
		json_put_str(one, "name", d->label);
		json_put_str(one, "serial", d->label);
		json_put_int(one, "size_bytes", (int64_t)d->size_bytes);
		json_put_bool(one, "read_only", d->read_only);
		json_put_str(one, "state", attached_state(d, vm, &why));
		json_put_str(one, "reason", *s->attach_trouble ? s->attach_trouble : why);
		json_object_array_add(list, one);
	}
	json_put_at(o, "attached", list);
}

/* ---- changes ---- */

#define SIZE_MIN_BYTES (UINT64_C(1) << 20)

#define UNFINISHED "its making was cut short, and is being finished: vmctl disk list"

static int order_create(const struct ask *a, const char *name, struct disk_order *o, struct err *e)
{
	(void)str_copy(o->disk.name, sizeof(o->disk.name), name);
	return a->q->port.order(a->q->port.self, o, ask_done, a->reply, e) < 0 ? -1 : LATER;
}

int op_disk_create(const struct ask *a, struct err *e)
{
	const struct observed *seen = disks_get(a, e);
	struct disk_order o = {.kind = NAMED_CREATE, .disk = {.uid = a->who->uid}};
	const struct named_disk *there;
	const char *name = NULL;

	if (!seen || name_get(a, &name, e) < 0 ||
	    wire_get_u64(a->in, "size", INT64_MAX, &o.disk.size_bytes, e) < 0)
		return -1;
	if (o.disk.size_bytes < SIZE_MIN_BYTES)
		return err_set(e, ERR_INVALID, "a disk has 1M at least");
	there = named_find(seen->named, seen->n_named, o.disk.uid, name);
	if (there && there->claims.removing)
		return err_set(e, ERR_CONFLICT,
			       "the removal of disk %s was cut short: vmctl disk delete %s", name,
			       name);
	if (there && !there->unfinished)
		return err_set(e, ERR_CONFLICT, "you have a disk %s already; see: vmctl disk list",
			       name);
	if (there && there->size_bytes != o.disk.size_bytes)
		return err_set(e, ERR_CONFLICT, "you have begun a disk %s of another size; %s",
			       name, UNFINISHED);
	if (there) /* counts already */
		return order_create(a, name, &o, e);
	if (disk_quota_check(a->q->port.quota(a->q->port.self), seen->named, seen->n_named,
			     o.disk.uid, o.disk.size_bytes, e) < 0)
		return -1;
	return order_create(a, name, &o, e);
}

/* The owner, if an administrator names another one. */
static int owner_get(const struct ask *a, uint32_t *ret, struct err *e)
{
	uint64_t uid = a->who->uid;

	if (wire_get(a->in, "uid") && wire_get_u64(a->in, "uid", UINT32_MAX, &uid, e) < 0)
		return -1;
	if (uid != a->who->uid && !ask_is_admin(a))
		return err_set(e, ERR_DENIED,
			       "only its owner, root and SlurmUser may delete a disk");
	*ret = (uint32_t)uid;
	return 0;
}

int op_disk_delete(const struct ask *a, struct err *e)
{
	const struct observed *seen = disks_get(a, e);
	struct disk_order o = {.kind = NAMED_REMOVE};
	const struct named_disk *d;
	struct disk_claims claims;
	const char *name = NULL;

	if (!seen || name_get(a, &name, e) < 0 || owner_get(a, &o.disk.uid, e) < 0)
		return -1;
	d = named_find(seen->named, seen->n_named, o.disk.uid, name);
	if (!d)
		return err_set(e, ERR_ABSENT, "there is no disk %s; see: vmctl disk list", name);
	if (d->unfinished)
		return err_set(e, ERR_CONFLICT, "disk %s: %s", name, UNFINISHED);
	claims = d->claims;
	if (disk_claims_remove(&claims, name, e) < 0)
		return -1;
	(void)str_copy(o.disk.name, sizeof(o.disk.name), name);
	(void)str_copy(o.disk.pool, sizeof(o.disk.pool), d->pool);
	return a->q->port.order(a->q->port.self, &o, ask_done, a->reply, e) < 0 ? -1 : LATER;
}

/* ---- a job's, while it runs ---- */

/* The job's VM, to which a disk can be given now. */
static int check_runs(const struct ask *a, const struct job *j, struct err *e)
{
	const struct vm_seen *vm = ask_vm_get(a, j);

	if (j->phase != JOB_RUNNING || !vm || vm->phase != VM_RUNNING)
		return err_set(e, ERR_CONFLICT,
			       "job %u has no guest that runs at the moment: vmctl show %u", j->id,
			       j->id);
	return 0;
}

static size_t attachments_have(const struct observed *seen, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n_attachment; i++)
		n += str_eq(seen->attachment[i].job_key, key);
	return n;
}

/* The disk of the job's owner, whoever asks: root gives nobody another user's. */
static int disk_get(const struct ask *a, const struct job *j, const struct observed *seen,
		    const struct named_disk **ret, struct err *e)
{
	const char *name = NULL;

	if (name_get(a, &name, e) < 0)
		return -1;
	*ret = named_find(seen->named, seen->n_named, j->uid, name);
	if (!*ret)
		return err_set(e, ERR_ABSENT, "there is no disk %s of %s's: vmctl disk list", name,
			       *j->user ? j->user : "the job's owner");
	if (*(*ret)->unreadable)
		return err_set(e, ERR_RETRY, "disk %s cannot be read: %.120s", name,
			       (*ret)->unreadable);
	return 0;
}

static int order_claim(const struct ask *a, const struct named_disk *d, enum disk_claim_step step,
		       const struct job *j, struct err *e)
{
	struct disk_order o = {
		.kind = NAMED_CLAIM, .step = step, .disk = *d, .run = job_incarnation(j)};

	(void)job_key(j, o.job_key, sizeof(o.job_key));
	return a->q->port.order(a->q->port.self, &o, ask_done, a->reply, e) < 0 ? -1 : LATER;
}

/* Bytes of the job's scratch disks: of its request, and those that it was given since. */
static uint64_t scratch_bytes(const struct observed *seen, const struct job *j, const char *key)
{
	uint64_t sum = j->request.scratch_bytes;

	for (size_t i = 0; i < seen->n_attachment; i++)
		if (seen->attachment[i].own && str_eq(seen->attachment[i].job_key, key))
			sum += seen->attachment[i].size_bytes;
	return sum;
}

static bool is_taken(const struct observed *seen, const char *image)
{
	for (size_t i = 0; i < seen->n_disk; i++)
		if (str_eq(seen->disk[i].name, image))
			return true;
	return false;
}

static int check_scratch(const struct ask *a, const struct job *j, const struct observed *seen,
			 const char *key, uint64_t size, struct err *e)
{
	const struct image *image =
		catalogue_find(a->q->port.catalogue(a->q->port.self), j->request.image);
	uint64_t used = scratch_bytes(seen, j, key), max = image ? image->scratch_max_bytes : 0;
	char max_text[24], used_text[24];

	if (size < SIZE_MIN_BYTES)
		return err_set(e, ERR_INVALID, "a disk has 1M at least");
	if (!max)
		return err_set(e, ERR_DENIED, "image %s allows no scratch disk", j->request.image);
	if (used > max || size > max - used)
		return err_set(e, ERR_FULL,
			       "image %s allows %s of scratch disks for one job, of which %s are "
			       "there",
			       j->request.image, bytes_to_str(max, max_text, sizeof(max_text)),
			       used ? bytes_to_str(used, used_text, sizeof(used_text)) : "none");
	return 0;
}

/* A scratch disk: that it is there is all that is done here, too. */
static int add_scratch(const struct ask *a, const struct job *j, const struct observed *seen,
		       const char *key, struct err *e)
{
	struct disk_order o = {.kind = EXTRA_CREATE, .disk = {.uid = j->uid}};

	if (!seen->disks_known)
		return err_set(e, ERR_RETRY, "vmd has no list of disks from Ceph at the moment");
	if (wire_get_u64(a->in, "size", INT64_MAX, &o.disk.size_bytes, e) < 0 ||
	    check_scratch(a, j, seen, key, o.disk.size_bytes, e) < 0)
		return -1;
	for (unsigned n = 1;; n++) {
		(void)disk_extra_name(key, n, o.disk.image, sizeof(o.disk.image));
		if (!is_taken(seen, o.disk.image))
			break;
	}
	(void)str_copy(o.job_key, sizeof(o.job_key), key);
	wire_add(a->out, "name", disk_extra_label(o.disk.image));
	return a->q->port.order(a->q->port.self, &o, ask_done, a->reply, e) < 0 ? -1 : LATER;
}

/* The claim is all that is done here: it lasts, and the core makes it so. */
int op_disk_add(const struct ask *a, struct err *e)
{
	const struct observed *seen = disks_get(a, e);
	bool read_only = str_eq(wire_get(a->in, "read_only"), "1");
	const struct named_disk *d = NULL;
	const struct job *j = NULL;
	struct disk_claim wish = {.read_only = read_only};
	struct disk_claims claims;
	bool full;

	if (!seen || ask_job_get(a, &j, e) < 0 || check_runs(a, j, e) < 0)
		return -1;
	(void)job_key(j, wish.job_key, sizeof(wish.job_key));
	full = attachments_have(seen, wish.job_key) >= JOB_ATTACH_MAX;
	if (wire_get(a->in, "size") && !full)
		return add_scratch(a, j, seen, wish.job_key, e);
	if (!wire_get(a->in, "size") && disk_get(a, j, seen, &d, e) < 0)
		return -1;
	if (d)
		claims = d->claims;
	if (full && !(d && disk_claim_of(&claims, wish.job_key)))
		return err_set(e, ERR_FULL, "job %u has %d disks, and can have no more", j->id,
			       JOB_ATTACH_MAX);
	if (disk_claim_of(&claims, wish.job_key) && disk_claim_of(&claims, wish.job_key)->leaving)
		return err_set(e, ERR_RETRY, "job %u gives disk %s back still", j->id, d->name);
	if (disk_claims_add(&claims, d->name, &wish, e) < 0)
		return -1;
	return order_claim(a, d, read_only ? CLAIM_READ : CLAIM_WRITE, j, e);
}

/* "scratch1" of the job; NULL: it has none of that name. */
static const struct attachment *own_find(const struct observed *seen, const char *key,
					 const char *label)
{
	for (size_t i = 0; label && i < seen->n_attachment; i++)
		if (seen->attachment[i].own && str_eq(seen->attachment[i].job_key, key) &&
		    str_eq(seen->attachment[i].label, label))
			return &seen->attachment[i];
	return NULL;
}

static int remove_scratch(const struct ask *a, const struct attachment *own, struct err *e)
{
	struct disk_order o = {.kind = EXTRA_LEAVE};

	(void)str_copy(o.disk.image, sizeof(o.disk.image), own->name);
	(void)str_copy(o.disk.pool, sizeof(o.disk.pool), own->pool);
	(void)str_copy(o.job_key, sizeof(o.job_key), own->job_key);
	return a->q->port.order(a->q->port.self, &o, ask_done, a->reply, e) < 0 ? -1 : LATER;
}

int op_disk_remove(const struct ask *a, struct err *e)
{
	const struct observed *seen = disks_get(a, e);
	const struct named_disk *d = NULL;
	const struct job *j = NULL;
	char key[JOB_KEY_MAX + 1];

	if (!seen || ask_job_get(a, &j, e) < 0)
		return -1;
	(void)job_key(j, key, sizeof(key));
	if (own_find(seen, key, wire_get(a->in, "name"))) {
		if (check_runs(a, j, e) < 0)
			return -1;
		return remove_scratch(a, own_find(seen, key, wire_get(a->in, "name")), e);
	}
	if (disk_get(a, j, seen, &d, e) < 0 && e->kind != ERR_ABSENT)
		return -1;
	if (!d)
		return err_set(e, ERR_ABSENT, "job %u does not have disk %.40s: vmctl disk list %u",
			       j->id, wire_get(a->in, "name"), j->id);
	if (!disk_claim_of(&d->claims, key))
		return err_set(e, ERR_ABSENT, "job %u does not have disk %s: vmctl disk list %u",
			       j->id, d->name, j->id);
	if (check_runs(a, j, e) < 0)
		return -1;
	return order_claim(a, d, CLAIM_LEAVE, j, e);
}
