/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the list of disks up to date; see disk_view.h. A list is asked for at start, every
 * LIST_EVERY_S, and after an action whose outcome is not sure. What an action has certainly done is
 * put into the list directly: nothing waits for a list to see its own clone. A list that was read
 * while an action changed something is thrown away and read again. */
#include "vmd/disk_view_parts.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/lease/lease_gate.h"
#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_named.h"

#include <string.h>
#include <systemd/sd-event.h>

#define QUEUE_MAX     1024
#define LIST_EVERY_US (30 * SEC_US)
#define RETRY_MIN_US  SEC_US

void *disk_view_need(void *p)
{
	if (!p)
		abort();
	return p;
}

void disk_view_list_at(struct disk_view *v, int64_t after_us)
{
	(void)sd_event_source_set_time(v->timer, (uint64_t)(clock_mono_us() + after_us));
	(void)sd_event_source_set_enabled(v->timer, SD_EVENT_ONESHOT);
}

static void trouble(struct disk_view *v, const char *text)
{
	if (text || v->in_trouble)
		v->callbacks.trouble(v->callbacks.ctx, text);
	v->in_trouble = text != NULL;
}

/* ---- the list ---- */

struct list_work {
	struct work work;
	struct disk_view *view;
	uint64_t changes;
	struct disk_seen *disk;
	size_t n;
	struct named_disk *named;
	size_t n_named;
	struct err e, named_e;
};

/* Two collections, each known or not: the pool of named disks may be another one. */
static void list_run(struct work *w)
{
	struct list_work *l = (struct list_work *)w;
	const struct disk_view *v = l->view;

	l->e.kind = l->named_e.kind = ERR_NONE;
	if (rbd_disk_list(v->store, v->pool, &l->disk, &l->n, &l->e) == 0)
		(void)rbd_named_list(v->store, v->named_pool, &l->named, &l->n_named, &l->named_e);
}

struct named_disk *disk_view_named(struct disk_view *v, const char *image)
{
	for (size_t i = 0; i < v->n_named; i++)
		if (str_eq(v->named[i].image, image))
			return &v->named[i];
	return NULL;
}

struct disk_seen *disk_view_find(struct disk_seen *disk, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(disk[i].name, name))
			return &disk[i];
	return NULL;
}

/* Which cannot be read any more, and which can again; one that is gone, too. */
static void tell_unreadable(struct disk_view *v, const struct list_work *l)
{
	const struct disk_view_callbacks *cb = &v->callbacks;
	const struct disk_seen *other;

	for (size_t i = 0; i < l->n; i++) {
		other = *l->disk[i].unreadable ? disk_view_find(v->disk, v->n, l->disk[i].name)
					       : NULL;
		if (*l->disk[i].unreadable && !(other && *other->unreadable))
			cb->unreadable(cb->ctx, l->disk[i].name, l->disk[i].unreadable);
	}
	for (size_t i = 0; i < v->n; i++) {
		other = *v->disk[i].unreadable ? disk_view_find(l->disk, l->n, v->disk[i].name)
					       : NULL;
		if (*v->disk[i].unreadable && !(other && *other->unreadable))
			cb->unreadable(cb->ctx, v->disk[i].name, NULL);
	}
}

/* No trouble of Ceph's as a whole, for which all jobs would wait: their pool may be another one. */
static void tell_named(struct disk_view *v, const char *why)
{
	v->callbacks.unreadable(v->callbacks.ctx, v->named_pool, why);
	v->named_told = why != NULL;
}

/* true: they are as they were. */
static bool named_take(struct disk_view *v, struct list_work *l)
{
	bool known = l->named_e.kind == ERR_NONE;
	bool same = v->named_known == known && v->n_named == l->n_named &&
		    (l->n_named == 0 ||
		     memcmp(v->named, l->named, l->n_named * sizeof(*l->named)) == 0);

	if (known == v->named_told)
		tell_named(v, known ? NULL : l->named_e.msg);
	if (v->creating)
		return true;
	free(v->named);
	v->named = STEAL(l->named);
	v->n_named = l->n_named;
	v->named_known = known;
	return same;
}

/* The same of named ones. */
static void tell_unreadable_named(struct disk_view *v, const struct list_work *l)
{
	const struct disk_view_callbacks *cb = &v->callbacks;

	for (size_t i = 0; i < l->n_named; i++) {
		const struct named_disk *now = &l->named[i];
		const struct named_disk *before = disk_view_named(v, now->image);

		if (*now->unreadable && !(before && *before->unreadable))
			cb->unreadable(cb->ctx, now->image, now->unreadable);
		else if (!*now->unreadable && before && *before->unreadable)
			cb->unreadable(cb->ctx, now->image, NULL);
	}
}

static void list_take(struct disk_view *v, struct list_work *l)
{
	bool same = v->known && v->n == l->n &&
		    (l->n == 0 || memcmp(v->disk, l->disk, l->n * sizeof(*l->disk)) == 0);

	tell_unreadable_named(v, l);
	same = named_take(v, l) && same;
	tell_unreadable(v, l);
	free(v->disk);
	v->disk = STEAL(l->disk);
	v->n = l->n;
	v->known = true;
	if (!same)
		v->callbacks.changed(v->callbacks.ctx);
	disk_view_finish(v);
}

static void list_done(struct work *w)
{
	struct list_work *l = (struct list_work *)w;
	struct disk_view *v = l->view;
	bool failed = l->e.kind != ERR_NONE;
	bool torn = !failed && l->changes != v->changes;

	v->listing = false;
	v->callbacks.listed(v->callbacks.ctx, l->e.kind);
	trouble(v, failed ? l->e.msg : NULL);
	if (failed) {
		v->known = v->named_known = false;
		disk_view_list_at(v, v->retry_us);
		v->retry_us = v->retry_us * 2 < LIST_EVERY_US ? v->retry_us * 2 : LIST_EVERY_US;
	} else {
		v->retry_us = RETRY_MIN_US;
		disk_view_list_at(v, torn ? DISK_VIEW_AGAIN_US : LIST_EVERY_US);
		if (!torn) {
			v->asked_us = v->began_us;
			list_take(v, l);
		}
	}
	if (v->list_again)
		disk_view_list_at(v, 0);
	v->list_again = false;
	free(l->disk);
	free(l->named);
	free(l);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct disk_view *v = userdata;
	struct list_work *l;
	struct err e;

	(void)source, (void)usec;
	if (v->listing)
		return 0;
	l = disk_view_need(calloc(1, sizeof(*l)));
	*l = (struct list_work){
		.work = {.run = list_run, .done = list_done}, .view = v, .changes = v->changes};
	v->began_us = clock_mono_us();
	v->listing = worker_submit(v->worker, &l->work, &e) == 0;
	if (!v->listing) {
		free(l);
		disk_view_list_at(v, RETRY_MIN_US);
	}
	return 0;
}

void disk_view_refresh(struct disk_view *v)
{
	v->list_again = v->listing;
	if (!v->listing)
		disk_view_list_at(v, 0);
}

int64_t disk_view_asked_us(const struct disk_view *v)
{
	return v->known ? v->asked_us : 0;
}

/* ---- actions ---- */

struct act_work {
	struct work work;
	struct disk_view *view;
	struct action action;
	int64_t asked_us;
	disk_done_fn done;
	void *ctx;
	struct err e;
};

/* As old as the list is by which it was decided whom to shut out. */
#define FENCE_WITHIN_US LIST_EVERY_US

static void act_run(struct work *w)
{
	struct act_work *a = (struct act_work *)w;
	const struct action *act = &a->action;
	struct rbd_store *st = a->view->store;

	a->e.kind = ERR_NONE;
	if (!lease_gate_open(a->view->callbacks.gate, clock_mono_us()))
		(void)err_set(&a->e, ERR_RETRY, LEASE_GATE_SHUT);
	else if (act->kind == ACT_CLONE_DISK)
		(void)rbd_disk_clone(st, &act->disk, &a->e);
	else if (act->kind == ACT_CREATE_DISK)
		(void)rbd_disk_create(st, &act->disk, &a->e);
	else if (act->kind == ACT_TAKE_DISK)
		(void)rbd_disk_take(st, &act->disk, &a->e);
	else if (act->kind == ACT_FENCE_DISK)
		(void)rbd_disk_fence(st, act->pool, act->object, act->job_key, act->uid,
				     a->asked_us + FENCE_WITHIN_US, &a->e);
	else if (act->kind == ACT_KEEP_DISK)
		(void)rbd_disk_keep(st, act->pool, act->object, act->job_key,
				    act->keep_disk.until_s, &a->e);
	else
		(void)rbd_disk_remove(st, act->pool, act->object, act->job_key, &a->e);
}

void disk_view_put(struct disk_view *v, const struct disk_spec *d)
{
	struct disk_seen *seen = disk_view_find(v->disk, v->n, d->name);

	if (!seen) {
		v->disk = disk_view_need(realloc(v->disk, (v->n + 1) * sizeof(*v->disk)));
		seen = &v->disk[v->n++];
	}
	memset(seen, 0, sizeof(*seen)); /* padding too: lists are compared as bytes */
	seen->size_bytes = d->size_bytes;
	(void)str_copy(seen->name, sizeof(seen->name), d->name);
	(void)str_copy(seen->pool, sizeof(seen->pool), d->pool);
	(void)str_copy(seen->job_key, sizeof(seen->job_key), d->job_key);
	seen->origin.known = d->origin.known;
	seen->origin.uid = d->origin.uid;
	seen->origin.cpus = d->origin.cpus;
	seen->origin.memory_bytes = d->origin.memory_bytes;
	seen->origin.limit_s = d->origin.limit_s;
	(void)str_copy(seen->origin.image, sizeof(seen->origin.image), d->origin.image);
	(void)str_copy(seen->origin.revision, sizeof(seen->origin.revision), d->origin.revision);
}

/* The list after an action that has succeeded. */
static void note(struct disk_view *v, const struct action *a)
{
	struct disk_seen *seen = disk_view_find(v->disk, v->n, a->object);
	struct named_disk *named = disk_view_named(v, a->object);

	switch (a->kind) {
	case ACT_CLONE_DISK:
	case ACT_CREATE_DISK: disk_view_put(v, &a->disk); break;
	case ACT_TAKE_DISK:
		disk_view_put(v, &a->disk);
		seen = disk_view_find(v->disk, v->n, a->object);
		(void)str_copy(seen->from, sizeof(seen->from), a->disk.from);
		break;
	case ACT_KEEP_DISK:
		if (seen)
			seen->kept_until_s = a->keep_disk.until_s;
		break;
	case ACT_FENCE_DISK:
		if (seen)
			(void)str_copy(seen->fenced, sizeof(seen->fenced), a->uid);
		if (named)
			(void)str_copy(named->fenced, sizeof(named->fenced), a->uid);
		break;
	case ACT_REMOVE_DISK:
		if (seen)
			*seen = v->disk[--v->n];
		break;
	case ACT_CLAIM_DISK: /* disk_view_order() */
	case ACT_DROP_CLAIM:
	case ACT_ATTACH_DISK:
	case ACT_DETACH_DISK:
	case ACT_CREATE_PV:
	case ACT_CREATE_PVC:
	case ACT_CREATE_SECRET:
	case ACT_CREATE_VM:
	case ACT_DELETE_VM:
	case ACT_FORCE_DELETE_POD:
	case ACT_DELETE_PVC:
	case ACT_DELETE_PV:
	case ACT_DELETE_SECRET:
	case ACT_END_JOB:
	case ACT_WARN_GUEST:
	case ACT_TELL_READY:
	case ACT_RECORD:
	case ACT_ALLOCATE:
	case ACT_END_COMPANION:
	case ACT_POINT_VM:
	case ACT_MIGRATE_VM:
	case ACT_CANCEL_MIGRATION:
	case ACT_REQUEUE_JOB:
	case ACT_AIM_JOB:
	case ACT_RESERVE:
	case ACT_END_RESERVATION:
	case ACT_BEQUEATH:
	case ACT_GIVE_WAY:
	case ACT_MARK_NODE:
	case ACT_TELL_JOB:
	case ACT_DRAIN_NODE:
	case ACT_KEEP_VM: break; /* not ours to do */
	}
}

static void act_done(struct work *w)
{
	struct act_work *a = (struct act_work *)w;
	struct disk_view *v = a->view;

	v->changes++;
	if (a->e.kind == ERR_NONE)
		note(v, &a->action);
	else if (!v->listing)
		disk_view_list_at(v, DISK_VIEW_AGAIN_US);
	a->done(a->ctx, &a->e);
	free(a);
}

int disk_view_apply(struct disk_view *v, const struct action *a, disk_done_fn done, void *ctx,
		    struct err *e)
{
	struct act_work *w = disk_view_need(calloc(1, sizeof(*w)));

	*w = (struct act_work){.work = {.run = act_run, .done = act_done},
			       .view = v,
			       .action = *a,
			       .asked_us = clock_mono_us(),
			       .done = done,
			       .ctx = ctx};
	if (worker_submit(v->worker, &w->work, e) < 0) {
		free(w);
		return -1;
	}
	return 0;
}

/* ---- golden images ---- */

struct golden {
	char image[JOB_NAME_MAX + 1];
	struct image_revision revision;
	struct err e;
};

struct golden_work {
	struct work work;
	struct disk_view *view;
	size_t n;
	struct golden golden[];
};

static void golden_run(struct work *w)
{
	struct golden_work *g = (struct golden_work *)w;
	uint64_t size;

	for (size_t i = 0; i < g->n; i++) {
		g->golden[i].e.kind = ERR_NONE;
		(void)rbd_golden_size(g->view->store, &g->golden[i].revision, &size,
				      &g->golden[i].e);
	}
}

static void golden_done(struct work *w)
{
	struct golden_work *g = (struct golden_work *)w;
	const struct disk_view_callbacks *cb = &g->view->callbacks;

	/* Other errors are Ceph's trouble, which the list tells. */
	for (size_t i = 0; i < g->n; i++)
		if (g->golden[i].e.kind == ERR_ABSENT)
			cb->missing(cb->ctx, g->golden[i].image, g->golden[i].revision.name,
				    g->golden[i].e.msg);
	free(g);
}

void disk_view_check_golden(struct disk_view *v, const struct catalogue *c)
{
	struct golden_work *g;
	struct err ignored;
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->image[i].n_revision;
	g = disk_view_need(calloc(1, sizeof(*g) + n * sizeof(g->golden[0])));
	g->work = (struct work){.run = golden_run, .done = golden_done};
	g->view = v;
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->image[i].n_revision; k++) {
			struct golden *at = &g->golden[g->n++];

			(void)str_copy(at->image, sizeof(at->image), c->image[i].name);
			at->revision = c->image[i].revision[k];
		}
	}
	if (worker_submit(v->worker, &g->work, &ignored) < 0)
		free(g); /* a convenience: clones say it as well */
}

/* ---- the whole ---- */

int disk_view_new(struct sd_event *loop, const struct settings *s,
		  const struct disk_view_callbacks *cb, struct disk_view **ret, struct err *e)
{
	struct disk_view *v = disk_view_need(calloc(1, sizeof(*v)));

	v->callbacks = *cb;
	v->retry_us = RETRY_MIN_US;
	(void)str_copy(v->pool, sizeof(v->pool), s->ceph_pool);
	(void)str_copy(v->named_pool, sizeof(v->named_pool), s->disks_pool);
	if (rbd_store_new(s, &v->store, e) < 0 ||
	    worker_new(loop, "rbd", s->ceph_threads, QUEUE_MAX, &v->worker, e) < 0) {
		rbd_store_free(v->store);
		free(v);
		return -1;
	}
	if (sd_event_add_time(loop, &v->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, v) < 0 ||
	    sd_event_source_set_exit_on_failure(v->timer, true) < 0) {
		worker_free(v->worker);
		rbd_store_free(v->store);
		free(v);
		return err_set(e, ERR_RETRY, "cannot join the event loop");
	}
	*ret = v;
	return 0;
}

void disk_view_observe(struct disk_view *v, struct observed *seen)
{
	size_t claims;

	seen->disks_known = v->known;
	seen->n_disk = v->n;
	seen->disk = v->disk;
	seen->named_known = v->named_known;
	seen->n_named = v->n_named;
	seen->named = v->named;
	claims = attachments_count(v->named, v->n_named);
	seen->n_attachment = claims + extras_count(v->disk, v->n);
	free(v->attachment);
	v->attachment = disk_view_need(calloc(seen->n_attachment + 1, sizeof(*v->attachment)));
	attachments_of(v->named, v->n_named, v->attachment);
	extras_of(v->disk, v->n, v->attachment + claims);
	seen->attachment = v->attachment;
}

int64_t disk_view_age_us(const struct disk_view *v)
{
	return worker_age_us(v->worker);
}
