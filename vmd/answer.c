/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API may ask of the running daemon: views of its parts, hints, the key of a guest,
 * figures, health. Loop thread; nothing here waits. */
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/lead.h"
#include "vmd/reconcile/unreadable.h"
#include "vmd/slurm_declined.h"
#include "vmd/vm/credentials.h"

#include <string.h>

#include <systemd/sd-event.h>

static const struct desired *get_desired(void *self)
{
	return slurm_view_desired(((struct daemon *)self)->slurm);
}

static const char *declined(void *self, uint32_t job_id, uint32_t *ret_uid)
{
	const struct declined *d = slurm_view_declined(((struct daemon *)self)->slurm, job_id);

	if (!d)
		return NULL;
	*ret_uid = d->uid;
	return d->why.msg;
}

static bool look(void *self)
{
	return slurm_view_look(((struct daemon *)self)->slurm);
}

static int64_t asked_us(void *self)
{
	return slurm_view_asked_us(((struct daemon *)self)->slurm);
}

static const struct observed *get_observed(void *self)
{
	struct daemon *d = self;

	/* The disks may have changed since the round that looked at them. */
	if (d->disks)
		disk_view_observe(d->disks, &d->seen);
	return &d->seen;
}

static const struct vm_status *get_status(void *self, uint32_t job_id, uint32_t rank)
{
	return reconciler_rank_status(((struct daemon *)self)->reconciler, job_id, rank);
}

static const struct catalogue *get_catalogue(void *self)
{
	return &((struct daemon *)self)->settings->catalogue;
}

static const struct plan *get_plan(void *self)
{
	return reconciler_plan(((struct daemon *)self)->reconciler);
}

static void take_hint(void *self, uint32_t job_id, const struct vm_request *request, uint32_t uid)
{
	struct daemon *d = self;
	const struct vm_status *s = reconciler_status(d->reconciler, job_id);

	d->metrics.hint++;
	log_debug("job=%u event=hint request=%s", job_id, request ? request->image : "-");
	if (!s || s->state <= VM_STATE_PENDING) /* later hints are not about its start */
		timing_hint(&d->timings, job_id, clock_mono_us());
	slurm_view_hint(d->slurm, job_id, request, uid);
}

/* kube and disks come when Slurm has said what the cluster's name is. */
static int not_yet(const struct daemon *d, struct err *e)
{
	return err_set(e, ERR_RETRY, "vmd is starting: %s", d->slurm_trouble);
}

static void script_over(void *self, const struct job *j)
{
	struct daemon *d = self;

	slurm_view_script_over(d->slurm, j);
}

static int read_key(void *self, const struct job *j, requests_key_fn done, void *ctx, struct err *e)
{
	struct daemon *d = self;
	char secret[VM_NAME_MAX + 1];

	if (!d->kube)
		return not_yet(d, e);
	(void)vm_secret_name(j, secret, sizeof(secret));
	return kube_read_key(d->kube, secret, done, ctx, e);
}

/* A new password on its way into the Secret. */
struct rotation {
	requests_key_fn done;
	void *ctx;
	char password[32];
};

static void on_rotated(void *ctx, const struct err *e, int64_t took_us)
{
	struct rotation *r = ctx;

	(void)took_us;
	r->done(r->ctx, e, e->kind == ERR_NONE ? r->password : "");
	explicit_bzero(r, sizeof(*r));
	free(r);
}

static int rotate(struct daemon *d, const char *secret, const char *user, requests_key_fn done,
		  void *ctx, struct err *e)
{
	struct rotation *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	*r = (struct rotation){.done = done, .ctx = ctx};
	if (credentials_password(r->password, e) == 0 &&
	    kube_set_password(d->kube, secret, user, r->password, on_rotated, r, e) == 0)
		return 0;
	explicit_bzero(r, sizeof(*r));
	free(r);
	return -1;
}

static int read_password(void *self, const struct job *j, const char *user, bool new,
			 requests_key_fn done, void *ctx, struct err *e)
{
	struct daemon *d = self;
	char secret[VM_NAME_MAX + 1];

	if (!d->kube)
		return not_yet(d, e);
	(void)vm_secret_name(j, secret, sizeof(secret));
	if (!new)
		return kube_read_password(d->kube, secret, user, done, ctx, e);
	log_info("job=%u event=rotate-password", j->id);
	return rotate(d, secret, user, done, ctx, e);
}

struct keys_set {
	requests_done_fn done;
	void *ctx;
};

static void on_keys_set(void *ctx, const struct err *e, int64_t took_us)
{
	struct keys_set *k = ctx;

	(void)took_us;
	k->done(k->ctx, e);
	free(k);
}

static int set_keys(void *self, const struct job *j, size_t n, const char *const *key,
		    requests_done_fn done, void *ctx, struct err *e)
{
	struct daemon *d = self;
	char secret[VM_NAME_MAX + 1];
	struct keys_set *k;

	if (!d->kube)
		return not_yet(d, e);
	(void)vm_secret_name(j, secret, sizeof(secret));
	k = malloc(sizeof(*k));
	if (!k)
		abort();
	*k = (struct keys_set){.done = done, .ctx = ctx};
	log_info("job=%u event=keys n=%zu", j->id, n);
	if (kube_set_own_keys(d->kube, secret, n, key, on_keys_set, k, e) == 0)
		return 0;
	free(k);
	return -1;
}

static int end_job(void *self, const struct job *j, uint32_t uid, requests_done_fn done, void *ctx,
		   struct err *e)
{
	struct daemon *d = self;
	struct action a = {.kind = ACT_END_JOB, .job_id = j->id};

	(void)job_key(j, a.job_key, sizeof(a.job_key));
	log_info("job=%u event=stop uid=%u", j->id, uid);
	return slurm_view_apply(d->slurm, &a, done, ctx, e);
}

/* An access that is being opened. */
struct opening {
	struct daemon *daemon;
	char vm[VM_NAME_MAX + 1];
	requests_access_fn done;
	void *ctx;
};

static void on_access(void *ctx, const struct err *e, const char *token, int64_t until_s)
{
	AUTO(free) struct opening *o = ctx;
	const struct settings *s = o->daemon->settings;
	struct requests_access a = {.server = s->kube_server,
				    .ca = o->daemon->kube_ca,
				    .name_space = s->kube_namespace,
				    .vm = o->vm,
				    .token = token,
				    .until_s = until_s};

	o->done(o->ctx, e, &a);
}

/* The VM of this run of the job, as it was seen last; its uid makes the grant go with it. */
static int access_of(struct daemon *d, const struct job *j, struct kube_access *ret, struct err *e)
{
	struct holdings h;

	*ret = (struct kube_access){.job_id = j->id};
	(void)vm_name(j, ret->vm, sizeof(ret->vm));
	(void)job_key(j, ret->job_key, sizeof(ret->job_key));
	world_of(&d->seen, ret->job_key, &h);
	for (size_t i = 0; i < h.n_vm; i++)
		if (str_eq(h.vm[i].name, ret->vm) && h.vm[i].uid[0])
			return str_copy(ret->vm_uid, sizeof(ret->vm_uid), h.vm[i].uid);
	return err_set(e, ERR_CONFLICT,
		       "job %u has no virtual machine at the moment: vmctl show %u", j->id, j->id);
}

static int open_access(void *self, const struct job *j, requests_access_fn done, void *ctx,
		       struct err *e)
{
	struct daemon *d = self;
	struct kube_access what;
	struct opening *o;

	if (!d->kube)
		return not_yet(d, e);
	if (access_of(d, j, &what, e) < 0)
		return -1;
	o = calloc(1, sizeof(*o));
	if (!o)
		abort();
	*o = (struct opening){.daemon = d, .done = done, .ctx = ctx};
	(void)str_copy(o->vm, sizeof(o->vm), what.vm);
	if (kube_open_access(d->kube, &what, on_access, o, e) < 0) {
		free(o);
		return -1;
	}
	log_info("job=%u event=access vm=%s", j->id, what.vm);
	return 0;
}

static void migrate(void *self, const struct job *j, const char *to, uint32_t uid)
{
	struct daemon *d = self;

	log_info("job=%u event=migrate to=%s uid=%u", j->id, *to ? to : "-", uid);
	reconciler_migrate(d->reconciler, j->id, to);
	daemon_round_soon(d);
}

static void resize(void *self, const struct job *j, const struct job_size *size, uint32_t uid)
{
	struct daemon *d = self;

	log_info("job=%u event=resize cpus=%u memory=%llu uid=%u", j->id, size->cpus,
		 (unsigned long long)size->memory_bytes, uid);
	reconciler_resize(d->reconciler, j->id, size);
	daemon_round_soon(d);
}

static void approve(void *self, uint32_t uid)
{
	struct daemon *d = self;

	log_warn("event=approved uid=%u vms=%zu", uid, reconciler_plan(d->reconciler)->held);
	reconciler_approve(d->reconciler);
	daemon_round_soon(d);
}

/* A change of a disk on its way: who asked for it, and the next round, hear of it. */
struct change {
	struct daemon *daemon;
	requests_done_fn done;
	void *ctx;
};

static struct change *change_new(struct daemon *d, requests_done_fn done, void *ctx)
{
	struct change *c = malloc(sizeof(*c));

	if (!c)
		abort();
	*c = (struct change){.daemon = d, .done = done, .ctx = ctx};
	return c;
}

static void on_changed(void *ctx, const struct err *e)
{
	struct change *c = ctx;

	daemon_round_soon(c->daemon);
	c->done(c->ctx, e);
	free(c);
}

/* A time that is over ends the keeping: the next round removes the disk. */
static int discard(void *self, const struct disk_seen *disk, requests_done_fn done, void *ctx,
		   struct err *e)
{
	struct daemon *d = self;
	struct action a = {.kind = ACT_KEEP_DISK, .keep_disk = {.until_s = 1}};
	struct change *c;

	if (!d->disks)
		return not_yet(d, e);
	(void)str_copy(a.job_key, sizeof(a.job_key), disk->job_key);
	(void)str_copy(a.object, sizeof(a.object), disk->name);
	(void)str_copy(a.pool, sizeof(a.pool), disk->pool);
	c = change_new(d, done, ctx);
	log_info("object=%s event=discarded", disk->name);
	if (disk_view_apply(d->disks, &a, on_changed, c, e) == 0)
		return 0;
	free(c);
	return -1;
}

static int order(void *self, const struct disk_order *what, requests_done_fn done, void *ctx,
		 struct err *e)
{
	static const char *const words[] = {[NAMED_CREATE] = "create",
					    [NAMED_REMOVE] = "delete",
					    [NAMED_CLAIM] = "claim",
					    [EXTRA_CREATE] = "scratch",
					    [EXTRA_LEAVE] = "leave"};
	struct daemon *d = self;
	struct disk_order o = *what;
	struct change *c;

	if (!d->disks)
		return not_yet(d, e);
	if (!*o.disk.image && named_image(d->settings->cluster, o.disk.uid, o.disk.name,
					  o.disk.image, sizeof(o.disk.image)) < 0)
		return err_set(e, ERR_INVALID, "disk '%s': its name is too long", o.disk.name);
	o.disk.created_s = clock_wall_s();
	c = change_new(d, done, ctx);
	log_info("object=%s event=named-disk order=%s uid=%u", o.disk.image, words[o.kind],
		 o.disk.uid);
	if (disk_view_order(d->disks, &o, on_changed, c, e) == 0)
		return 0;
	free(c);
	return -1;
}

static const struct disk_quota *quota(void *self)
{
	return &((struct daemon *)self)->settings->policy.quota;
}

static int64_t wall_s(void *self)
{
	(void)self;
	return clock_wall_s();
}

static bool stands_by(void *self, char *ret_host, size_t size)
{
	return lead_is_others(self, ret_host, size);
}

static int64_t mono_us(void *self)
{
	(void)self;
	return clock_mono_us();
}

static void wake_at(void *self, int64_t mono_us)
{
	struct daemon *d = self;

	(void)sd_event_source_set_time(d->news, (uint64_t)mono_us);
	(void)sd_event_source_set_enabled(d->news,
					  mono_us == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void answer_ports(struct daemon *d, struct requests_port *ret)
{
	*ret = (struct requests_port){.self = d,
				      .desired = get_desired,
				      .declined = declined,
				      .look = look,
				      .asked_us = asked_us,
				      .observed = get_observed,
				      .status = get_status,
				      .catalogue = get_catalogue,
				      .plan = get_plan,
				      .approve = approve,
				      .hint = take_hint,
				      .read_key = read_key,
				      .read_password = read_password,
				      .set_keys = set_keys,
				      .script_over = script_over,
				      .end_job = end_job,
				      .migrate = migrate,
				      .resize = resize,
				      .open_access = open_access,
				      .wall_s = wall_s,
				      .mono_us = mono_us,
				      .wake_at = wake_at,
				      .discard = discard,
				      .order = order,
				      .quota = quota,
				      .stands_by = stands_by};
}

/* The server has one context for all its handlers: that of requests_handle(). */
static struct daemon *daemon_of(void *ctx)
{
	return ((struct requests *)ctx)->port.self;
}

void answer_metrics(void *ctx, struct strbuf *out)
{
	struct daemon *d = daemon_of(ctx);
	const struct desired *want = slurm_view_desired(d->slurm);
	struct metrics_view v = {
		.counts = reconciler_counts(d->reconciler),
		.slurm_known = want->known,
		.vms_known = d->seen.vms_known,
		.disks_known = d->seen.disks_known,
		.held = reconciler_plan(d->reconciler)->held,
		.unreadable = unreadable_count(&d->seen),
		.n_worker = 3,
		.worker = {{"slurm", slurm_view_age_us(d->slurm)},
			   {"rbd", d->disks ? disk_view_age_us(d->disks) : 0},
			   {"munge", server_worker_age_us(d->server)}},
		.resident_bytes = metrics_resident_bytes(),
		.start_s = d->start_s,
	};

	for (size_t i = 0; i < want->n; i++) {
		const struct vm_status *s =
			reconciler_rank_status(d->reconciler, want->job[i].id, want->job[i].rank);

		v.jobs[s ? s->state : VM_STATE_UNKNOWN]++;
		for (int m = MOVE_BLOCKED; s && *s->move && m <= MOVE_UNAIM; m++)
			v.moves[m] += str_eq(s->move, move_phase_name((enum move_phase)m));
	}
	v.leads = d->lease && kube_lease_leads(d->lease);
	lead_host(d, v.leader, sizeof(v.leader));
	metrics_text(&d->metrics, &v, out);
}

int answer_health(void *ctx, struct err *e)
{
	struct daemon *d = daemon_of(ctx);
	const char *none = "not connected yet";
	char host[80];

	if (!slurm_view_desired(d->slurm)->known)
		return err_set(e, ERR_RETRY, "slurm: %.200s",
			       d->slurm_trouble[0] ? d->slurm_trouble : none);
	if (!d->seen.vms_known)
		return err_set(e, ERR_RETRY, "kubernetes: %.200s",
			       d->kube_trouble[0] ? d->kube_trouble : none);
	if (!d->seen.disks_known)
		return err_set(e, ERR_RETRY, "ceph: %.200s",
			       d->ceph_trouble[0] ? d->ceph_trouble : none);
	if (kube_lease_leads(d->lease))
		(void)str_copy(e->msg, sizeof(e->msg), "ok, leads");
	else if (lead_is_others(d, host, sizeof(host)))
		(void)str_fmt(e->msg, sizeof(e->msg), "ok, stands by, %s leads", host);
	else
		return err_set(e, ERR_RETRY, "no vmd leads: %.200s", kube_lease_trouble(d->lease));
	return 0;
}
