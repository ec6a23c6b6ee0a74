/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions of the core to the adapters that do them, and their outcomes back to the core, the
 * metrics and the log. Every action that was started ends here once. Loop thread. */
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/daemon.h"
#include "vmd/kube/kube_secret.h"
#include "vmd/lead.h"
#include "vmd/ready.h"
#include "vmd/vm/credentials.h"

/* What is under way. */
struct effect {
	struct daemon *daemon;
	uint64_t ticket;
	enum action_kind kind;
	enum timing_part part;
	uint32_t job_id;
	char object[VM_NAME_MAX + 1];
	int64_t begun_us;
	struct action *then; /* ACT_REQUEUE_JOB: when its VM is known to be there; NULL none */
};

static void log_hint_to_create(struct effect *f, int64_t now_us)
{
	struct timing_result t;

	if (!timing_finish(&f->daemon->timings, f->job_id, now_us, &t))
		return;
	metrics_hint_to_create(&f->daemon->metrics, t.total_us, t.own_us);
	log_info("job=%u event=vm-accepted object=%s total_us=%lld kube_us=%lld ceph_us=%lld "
		 "slurm_us=%lld own_us=%lld",
		 f->job_id, f->object, (long long)t.total_us, (long long)t.part_us[TIMING_KUBE],
		 (long long)t.part_us[TIMING_CEPH], (long long)t.part_us[TIMING_SLURM],
		 (long long)t.own_us);
}

/* No VM waits for a record or a node, so it is nobody's share of the time to a VM. */
static bool is_waited_for(enum action_kind k)
{
	return k != ACT_RECORD && k != ACT_WARN_GUEST && k != ACT_TELL_READY && k != ACT_TELL_JOB &&
	       k != ACT_MARK_NODE && k != ACT_DRAIN_NODE;
}

static void effect_end(struct effect *f, const struct err *e)
{
	struct daemon *d = f->daemon;
	int64_t now_us = clock_mono_us();
	int64_t took_us = now_us - f->begun_us;

	if (is_waited_for(f->kind))
		timing_end(&d->timings, f->job_id, f->part, now_us);
	metrics_action(&d->metrics, f->kind, e->kind, took_us);
	/* That somebody was faster is everyday life, and the next look tells what became of it. */
	log_line(e->kind == ERR_NONE || e->kind == ERR_CONFLICT ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		 "job=%u action=%s object=%s result=%s took_us=%lld%s%s%s", f->job_id,
		 action_name(f->kind), f->object, e->kind ? err_kind_name(e->kind) : "ok",
		 (long long)took_us, e->kind ? " err=\"" : "", e->kind ? e->msg : "",
		 e->kind ? "\"" : "");
	if (f->kind == ACT_CREATE_VM && e->kind == ERR_NONE)
		log_hint_to_create(f, now_us);
	reconciler_done(d->reconciler, f->ticket, e, daemon_now());
	lead_drained(d);
	daemon_round_soon(d);
	free(f->then);
	free(f);
}

static void on_kube(void *ctx, const struct err *e, int64_t took_us)
{
	struct effect *f = ctx;

	(void)took_us;
	f->daemon->metrics.kube_request[e->kind]++;
	effect_end(f, e);
}

static void on_done(void *ctx, const struct err *e)
{
	effect_end(ctx, e);
}

static void on_vm_there(void *ctx, const struct err *e, int64_t took_us)
{
	struct effect *f = ctx;
	struct daemon *d = f->daemon;
	struct err why = *e;

	(void)took_us;
	d->metrics.kube_request[e->kind]++;
	if (why.kind == ERR_ABSENT)
		why.kind = ERR_CONFLICT;
	if (why.kind != ERR_NONE || slurm_view_apply(d->slurm, f->then, on_done, f, &why) < 0)
		effect_end(f, &why);
}

/* To follow its VM. Whether that is there still, Kubernetes says, to whom it is told once more
 * where it shall be: what was seen may be older than another vmd's word to it, and without one it
 * goes nowhere (DESIGN.md, "The move"). */
static int requeue(struct daemon *d, const struct action *a, struct effect *f, struct err *e)
{
	if (a->requeue_job.anew)
		return slurm_view_apply(d->slurm, a, on_done, f, e);
	f->then = malloc(sizeof(*f->then));
	if (!f->then)
		abort();
	*f->then = *a;
	return kube_point_vm(d->kube, a->vm.name, a->uid, a->version,
			     &(struct vm_word){.node = a->node}, on_vm_there, f, e);
}

static int create_secret(struct daemon *d, const struct action *a, struct effect *f, struct err *e)
{
	struct secret_job j = {.id = a->job_id};
	struct credentials c;
	char comment[64];
	int rc;

	(void)str_copy(j.key, sizeof(j.key), a->job_key);
	(void)str_copy(j.image, sizeof(j.image), a->vm.image);
	(void)str_copy(j.owner, sizeof(j.owner), a->vm.owner);
	(void)str_fmt(comment, sizeof(comment), "slurm-vm-%u", a->job_id);
	if (credentials_make(a->user, comment, &c, e) < 0)
		return -1;
	rc = kube_create_secret(d->kube, a->object, &j, &c, on_kube, f, e);
	credentials_wipe(&c);
	return rc;
}

static int delete_object(struct daemon *d, enum kube_object what, const struct action *a,
			 struct effect *f, struct err *e)
{
	return kube_delete(d->kube, what, a->object, a->uid, a->version, on_kube, f, e);
}

static enum timing_part part_of(enum action_kind k)
{
	switch (k) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK:
	case ACT_TAKE_DISK:
	case ACT_KEEP_DISK:
	case ACT_REMOVE_DISK:
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM:
	case ACT_FENCE_DISK: return TIMING_CEPH;
	case ACT_CREATE_PV:
	case ACT_CREATE_PVC:
	case ACT_CREATE_SECRET:
	case ACT_CREATE_VM:
	case ACT_DELETE_VM:
	case ACT_FORCE_DELETE_POD:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_DELETE_PVC:
	case ACT_DELETE_PV:
	case ACT_DELETE_SECRET:
	case ACT_POINT_VM:
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_MARK_NODE:
	case ACT_KEEP_VM:
	case ACT_WARN_GUEST: return TIMING_KUBE;
	case ACT_END_JOB:
	case ACT_TELL_READY: /* no VM waits for it */
	case ACT_RECORD:
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
	case ACT_RESERVE:
	case ACT_END_RESERVATION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_TELL_JOB:
	case ACT_DRAIN_NODE: break;
	}
	return TIMING_SLURM;
}

static int start(struct daemon *d, const struct action *a, struct effect *f, struct err *e)
{
	switch (a->kind) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK:
	case ACT_TAKE_DISK:
	case ACT_KEEP_DISK:
	case ACT_REMOVE_DISK:
	case ACT_FENCE_DISK: return disk_view_apply(d->disks, a, on_done, f, e);
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM: return disk_view_order(d->disks, &a->order, on_done, f, e);
	case ACT_ATTACH_DISK:
		return kube_attach(d->kube, a->vm.name, &a->vm.disk[0], on_kube, f, e);
	case ACT_DETACH_DISK: return kube_detach(d->kube, a->vm.name, a->object, on_kube, f, e);
	case ACT_CREATE_PV: return kube_create_pv(d->kube, &a->disk, on_kube, f, e);
	case ACT_CREATE_PVC: return kube_create_pvc(d->kube, &a->disk, on_kube, f, e);
	case ACT_CREATE_SECRET: return create_secret(d, a, f, e);
	case ACT_CREATE_VM: return kube_create_vm(d->kube, &a->vm, on_kube, f, e);
	case ACT_DELETE_VM: return delete_object(d, KUBE_VM, a, f, e);
	case ACT_FORCE_DELETE_POD:
		return kube_force_delete_pod(d->kube, a->object, a->job_key, a->node, on_kube, f,
					     e);
	case ACT_DELETE_PVC: return delete_object(d, KUBE_PVC, a, f, e);
	case ACT_DELETE_PV: return delete_object(d, KUBE_PV, a, f, e);
	case ACT_DELETE_SECRET: return delete_object(d, KUBE_SECRET, a, f, e);
	case ACT_POINT_VM:
		return kube_point_vm(
			d->kube, a->object, a->uid, a->version,
			&(struct vm_word){.node = a->node,
					  .target = a->point_vm.target,
					  .given_up = a->point_vm.gives_up,
					  .turned_down = *a->point_vm.turned_down
								 ? a->point_vm.turned_down
								 : NULL},
			on_kube, f, e);
	case ACT_MIGRATE_VM:
		return kube_migrate_vm(d->kube, a->object, a->vm.name, a->uid, a->job_key,
				       a->job_id, on_kube, f, e);
	case ACT_WARN_GUEST:
		return kube_tell_guest(d->kube, a->object, a->vm.profile, a->reason, on_kube, f, e);
	case ACT_TELL_READY: return ready_tell(d, a, on_done, f, e);
	case ACT_CANCEL_MIGRATION: return delete_object(d, KUBE_MIGRATION, a, f, e);
	case ACT_MARK_NODE:
		return kube_mark_node(d->kube, a->object, a->version, a->mark_node.cordon,
				      a->mark_node.mark, on_kube, f, e);
	case ACT_KEEP_VM: return kube_keep_vm(d->kube, a->object, on_kube, f, e);
	case ACT_END_JOB:
	case ACT_RECORD:
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_AIM_JOB:
	case ACT_RESERVE:
	case ACT_END_RESERVATION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_TELL_JOB:
	case ACT_DRAIN_NODE: return slurm_view_apply(d->slurm, a, on_done, f, e);
	case ACT_REQUEUE_JOB: return requeue(d, a, f, e);
	}
	return err_set(e, ERR_INVALID, "no such action: %d", (int)a->kind);
}

int apply_action(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	struct daemon *d = self;
	struct effect *f;
	char text[512];

	if (!d->kube || !d->disks)
		return err_set(e, ERR_RETRY, "the cluster's name is not known yet");
	if (!lease_gate_open(&d->gate, clock_mono_us()))
		return err_set(e, ERR_RETRY, LEASE_GATE_SHUT);
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	*f = (struct effect){.daemon = d,
			     .ticket = ticket,
			     .kind = a->kind,
			     .part = part_of(a->kind),
			     .job_id = a->job_id,
			     .begun_us = clock_mono_us()};
	(void)str_copy(f->object, sizeof(f->object), a->object);
	log_debug("plan=\"%s\"", action_text(a, text, sizeof(text)));
	if (is_waited_for(f->kind))
		timing_begin(&d->timings, f->job_id, f->part, f->begun_us);
	if (start(d, a, f, e) == 0)
		return 0;
	if (is_waited_for(f->kind))
		timing_end(&d->timings, f->job_id, f->part, clock_mono_us());
	metrics_action(&d->metrics, a->kind, e->kind, 0);
	log_warn("job=%u action=%s object=%s result=%s err=\"%s\"", a->job_id, action_name(a->kind),
		 a->object, err_kind_name(e->kind), e->msg);
	free(f->then);
	free(f);
	return -1;
}
