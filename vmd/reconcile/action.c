/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and text of actions: the same in logs, in vmctl plan and in tests. Pure. */
#include "vmd/reconcile/action.h"

#include "vmd/base/str.h"

#include <stdarg.h>

const char *action_name(enum action_kind k)
{
	switch (k) {
	case ACT_CLONE_DISK: return "clone-disk";
	case ACT_CREATE_DISK: return "create-disk";
	case ACT_TAKE_DISK: return "take-disk";
	case ACT_KEEP_DISK: return "keep-disk";
	case ACT_REMOVE_DISK: return "remove-disk";
	case ACT_FENCE_DISK: return "fence-disk";
	case ACT_CLAIM_DISK: return "claim-disk";
	case ACT_DROP_CLAIM: return "drop-claim";
	case ACT_ATTACH_DISK: return "attach-disk";
	case ACT_DETACH_DISK: return "detach-disk";
	case ACT_CREATE_PV: return "create-pv";
	case ACT_CREATE_PVC: return "create-pvc";
	case ACT_CREATE_SECRET: return "create-secret";
	case ACT_CREATE_VM: return "create-vm";
	case ACT_DELETE_VM: return "delete-vm";
	case ACT_FORCE_DELETE_POD: return "force-delete-pod";
	case ACT_DELETE_PVC: return "delete-pvc";
	case ACT_DELETE_PV: return "delete-pv";
	case ACT_DELETE_SECRET: return "delete-secret";
	case ACT_END_JOB: return "end-job";
	case ACT_WARN_GUEST: return "warn-guest";
	case ACT_TELL_READY: return "tell-ready";
	case ACT_RECORD: return "record";
	case ACT_ALLOCATE: return "allocate";
	case ACT_END_COMPANION: return "end-companion";
	case ACT_POINT_VM: return "point-vm";
	case ACT_MIGRATE_VM: return "migrate-vm";
	case ACT_CANCEL_MIGRATION: return "cancel-migration";
	case ACT_REQUEUE_JOB: return "requeue-job";
	case ACT_AIM_JOB: return "aim-job";
	case ACT_RESERVE: return "reserve";
	case ACT_END_RESERVATION: return "end-reservation";
	case ACT_BEQUEATH: return "bequeath";
	case ACT_GIVE_WAY: return "give-way";
	case ACT_TELL_JOB: return "tell-job";
	case ACT_MARK_NODE: return "mark-node";
	case ACT_DRAIN_NODE: return "drain-node";
	case ACT_KEEP_VM: return "keep-vm";
	}
	return "?"; /* a number that is no action_kind */
}

enum action_class action_class(enum action_kind k)
{
	switch (k) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK:
	case ACT_TAKE_DISK:
	case ACT_KEEP_DISK:
	case ACT_REMOVE_DISK:
	case ACT_FENCE_DISK: return CLASS_DISK;
	case ACT_CLAIM_DISK:
	case ACT_DROP_CLAIM: return CLASS_CLAIM;
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK: return CLASS_VOLUME;
	case ACT_CREATE_PV:
	case ACT_DELETE_PV: return CLASS_PV;
	case ACT_CREATE_PVC:
	case ACT_DELETE_PVC: return CLASS_PVC;
	case ACT_CREATE_SECRET:
	case ACT_DELETE_SECRET: return CLASS_SECRET;
	case ACT_CREATE_VM:
	case ACT_DELETE_VM:
	case ACT_POINT_VM: return CLASS_VM;
	case ACT_FORCE_DELETE_POD: return CLASS_POD;
	case ACT_END_JOB: return CLASS_JOB_END;
	case ACT_WARN_GUEST: return CLASS_GUEST;
	case ACT_TELL_READY: return CLASS_HOOK;
	case ACT_RECORD: return CLASS_JOB_RECORD;
	case ACT_TELL_JOB: return CLASS_JOB_WORD;
	case ACT_REQUEUE_JOB:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_AIM_JOB: return CLASS_JOB_MOVE;
	case ACT_ALLOCATE:
	case ACT_END_COMPANION: return CLASS_COMPANION;
	case ACT_RESERVE:
	case ACT_END_RESERVATION: return CLASS_RESERVATION;
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_KEEP_VM: return CLASS_MIGRATION;
	case ACT_MARK_NODE: return CLASS_NODE;
	case ACT_DRAIN_NODE: return CLASS_SLURM_NODE;
	}
	return CLASS_JOB_RECORD; /* not reached: -Wswitch sees to it */
}

bool action_creates(enum action_kind k)
{
	return k == ACT_CLONE_DISK || k == ACT_CREATE_DISK || k == ACT_TAKE_DISK ||
	       k == ACT_CLAIM_DISK || k == ACT_CREATE_PV || k == ACT_CREATE_PVC ||
	       k == ACT_CREATE_SECRET || k == ACT_CREATE_VM || k == ACT_ALLOCATE ||
	       k == ACT_MIGRATE_VM;
}

bool action_removes(enum action_kind k)
{
	return k == ACT_REMOVE_DISK || k == ACT_DROP_CLAIM || k == ACT_DELETE_PV ||
	       k == ACT_DELETE_PVC || k == ACT_DELETE_SECRET || k == ACT_DELETE_VM ||
	       k == ACT_CANCEL_MIGRATION;
}

/* Text that is cut at the end rather than refused: it is for people. */
struct text {
	char *buf;
	size_t size, len;
};

static void text_add(struct text *t, const char *fmt, ...) PRINTF(2, 3);
static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len = t->len + (size_t)n < t->size ? t->len + (size_t)n : t->size - 1;
}

static void text_size(struct text *t, const char *key, uint64_t bytes)
{
	char size[24];

	if (bytes)
		text_add(t, " %s=%s", key, bytes_to_str(bytes, size, sizeof(size)));
}

const char *action_text(const struct action *a, char *buf, size_t size)
{
	struct text t = {.buf = buf, .size = size};
	char list[TURNED_DOWN_TEXT];

	buf[0] = '\0';
	text_add(&t, "%s job=%u", action_name(a->kind), a->job_id);
	switch (a->kind) {
	case ACT_CLONE_DISK:
		text_add(&t, " object=%s from=%s/%s@%s", a->object, a->disk.golden.pool,
			 a->disk.golden.rbd_image, a->disk.golden.snapshot);
		text_size(&t, "size", a->disk.size_bytes);
		break;
	case ACT_CREATE_DISK:
		text_add(&t, " object=%s", a->object);
		text_size(&t, "size", a->disk.size_bytes);
		break;
	case ACT_TAKE_DISK:
		text_add(&t, " object=%s from=%s", a->object, a->disk.from);
		text_size(&t, "size", a->disk.size_bytes);
		break;
	case ACT_KEEP_DISK:
		text_add(&t, " object=%s until=%lld", a->object, (long long)a->keep_disk.until_s);
		break;
	case ACT_CREATE_VM:
		text_add(&t, " object=%s node=%s cpus=%u", a->object, a->vm.node, a->vm.cpus);
		text_size(&t, "memory", a->vm.memory_bytes);
		break;
	case ACT_RESERVE:
	case ACT_FORCE_DELETE_POD: text_add(&t, " object=%s node=%s", a->object, a->node); break;
	case ACT_END_JOB:
		text_add(&t, " failed=%d reason=\"%s\"", a->end_job.failed, a->reason);
		break;
	case ACT_WARN_GUEST: text_add(&t, " object=%s text=\"%s\"", a->object, a->reason); break;
	case ACT_RECORD: text_add(&t, "%s", a->reason); break;
	case ACT_TELL_JOB: text_add(&t, " text=\"%s\"", a->reason); break;
	case ACT_ALLOCATE:
	case ACT_AIM_JOB:
		text_add(&t, " node=%s", *a->node ? a->node : MOVE_ANYWHERE);
		if (a->size.cpus)
			text_add(&t, " cpus=%u", a->size.cpus);
		text_size(&t, "memory", a->size.memory_bytes);
		break;
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_END_COMPANION: text_add(&t, " companion=%u", a->companion); break;
	case ACT_POINT_VM:
		text_add(&t, " object=%s node=%s", a->object, a->node);
		if (a->point_vm.target.sockets)
			text_add(&t, " sockets=%u", a->point_vm.target.sockets);
		text_size(&t, "memory", a->point_vm.target.memory_bytes);
		if (a->point_vm.gives_up)
			text_add(&t, " given-up");
		if (a->point_vm.turned_down[0])
			text_add(&t, " turned-down=%s",
				 turned_down_text(a->point_vm.turned_down, list));
		break;
	case ACT_REQUEUE_JOB: break;
	case ACT_MARK_NODE:
		text_add(&t, " object=%s cordon=%d mark=%s", a->object, a->mark_node.cordon,
			 drain_mark_name(a->mark_node.mark));
		break;
	case ACT_DRAIN_NODE: text_add(&t, " object=%s reason=\"%s\"", a->object, a->reason); break;
	case ACT_CLAIM_DISK:
		text_add(&t, " object=%s%s", a->object,
			 a->order.step == CLAIM_READ ? " read-only" : "");
		break;
	case ACT_REMOVE_DISK:
	case ACT_FENCE_DISK:
	case ACT_DROP_CLAIM:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_CREATE_PV:
	case ACT_CREATE_PVC:
	case ACT_CREATE_SECRET:
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_TELL_READY:
	case ACT_DELETE_VM:
	case ACT_DELETE_PVC:
	case ACT_DELETE_PV:
	case ACT_KEEP_VM:
	case ACT_END_RESERVATION:
	case ACT_DELETE_SECRET: text_add(&t, " object=%s", a->object); break;
	}
	return buf;
}
