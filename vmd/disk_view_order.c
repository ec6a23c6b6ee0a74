/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders on single disks: a named one is made, removed or claimed, a scratch disk is added to a job
 * or is to leave it. What was certainly done is put into the view directly. */
#include "vmd/disk_view_parts.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/lease/lease_gate.h"
#include "vmd/rbd/rbd_disk.h"
#include "vmd/rbd/rbd_named.h"

#include <string.h>

struct order_work {
	struct work work;
	struct disk_view *view;
	struct disk_order order;
	struct disk_claims claims; /* as they are then */
	struct disk_spec extra;    /* EXTRA_CREATE */
	disk_done_fn done;
	void *ctx;
	struct err e;
};

static void order_run(struct work *w)
{
	struct order_work *o = (struct order_work *)w;
	struct rbd_store *st = o->view->store;
	const struct disk_order *order = &o->order;

	o->e.kind = ERR_NONE;
	if (!lease_gate_open(o->view->callbacks.gate, clock_mono_us()))
		(void)err_set(&o->e, ERR_RETRY, LEASE_GATE_SHUT);
	else if (order->kind == NAMED_CREATE)
		(void)rbd_named_create(st, &order->disk, &o->e);
	else if (order->kind == NAMED_REMOVE)
		(void)rbd_named_remove(st, &order->disk, &o->e);
	else if (order->kind == EXTRA_CREATE)
		(void)rbd_disk_create(st, &o->extra, &o->e);
	else if (order->kind == EXTRA_LEAVE)
		(void)rbd_disk_leave(st, order->disk.pool, order->disk.image, order->job_key,
				     &o->e);
	else
		(void)rbd_named_claim(st, order, &o->claims, &o->e);
}

static void named_forget(struct disk_view *v, const char *image)
{
	struct named_disk *d = disk_view_named(v, image);

	if (d)
		*d = v->named[--v->n_named];
}

static void named_put(struct disk_view *v, const struct named_disk *d)
{
	struct named_disk *there = disk_view_named(v, d->image);

	if (there && !there->unfinished)
		return;
	if (!there) {
		v->named = disk_view_need(realloc(v->named, (v->n_named + 1) * sizeof(*v->named)));
		there = &v->named[v->n_named++];
	}
	memcpy(there, d, sizeof(*d));
}

static void order_done(struct work *w)
{
	struct order_work *o = (struct order_work *)w;
	struct disk_view *v = o->view;
	struct named_disk *d = disk_view_named(v, o->order.disk.image);
	struct disk_seen *extra = disk_view_find(v->disk, v->n, o->order.disk.image);
	bool worked = o->e.kind == ERR_NONE;

	v->changes++;
	v->creating -= o->order.kind == NAMED_CREATE;
	if (worked && o->order.kind == NAMED_CREATE)
		named_put(v, &o->order.disk); /* a list may have come in between */
	else if (worked && o->order.kind == NAMED_REMOVE)
		named_forget(v, o->order.disk.image);
	else if (worked && o->order.kind == EXTRA_CREATE)
		disk_view_put(v, &o->extra);
	else if (worked && o->order.kind == EXTRA_LEAVE && extra)
		extra->removing = true;
	else if (worked && d)
		d->claims = o->claims;
	else if (!v->listing)
		disk_view_list_at(v, DISK_VIEW_AGAIN_US);
	if (worked)
		v->callbacks.changed(v->callbacks.ctx);
	o->done(o->ctx, &o->e);
	free(o);
}

static void extra_fill(const struct disk_view *v, const struct disk_order *o, struct disk_spec *ret)
{
	*ret = (struct disk_spec){.role = DISK_SCRATCH, .size_bytes = o->disk.size_bytes};
	(void)str_copy(ret->name, sizeof(ret->name), o->disk.image);
	(void)str_copy(ret->job_key, sizeof(ret->job_key), o->job_key);
	(void)str_copy(ret->pool, sizeof(ret->pool), v->pool);
}

/* ---- what nobody asks for any more ---- */

struct finish_work {
	struct work work;
	struct disk_view *view;
	struct named_disk disk;
	struct err e;
};

static void finish_run(struct work *w)
{
	struct finish_work *f = (struct finish_work *)w;

	f->e.kind = ERR_NONE;
	if (!lease_gate_open(f->view->callbacks.gate, clock_mono_us()))
		(void)err_set(&f->e, ERR_RETRY, LEASE_GATE_SHUT);
	else
		(void)rbd_named_finish(f->view->store, &f->disk, &f->e);
}

/* What fails is tried again by the next list that has it: nobody waits for it. */
static void finish_done(struct work *w)
{
	struct finish_work *f = (struct finish_work *)w;
	struct disk_view *v = f->view;

	v->finishing = false;
	if (f->e.kind == ERR_NONE) {
		v->changes++;
		disk_view_refresh(v);
	}
	free(f);
}

/* The vmd that was asked to make it died in between. What was asked for it has accepted, so its
 * owner finds it in his list. */
void disk_view_finish(struct disk_view *v)
{
	struct finish_work *w;
	struct err ignored;
	size_t i = 0;

	while (i < v->n_named && !v->named[i].unfinished)
		i++;
	if (i == v->n_named || v->finishing || v->creating)
		return;
	w = disk_view_need(calloc(1, sizeof(*w)));
	w->work = (struct work){.run = finish_run, .done = finish_done};
	w->view = v;
	w->disk = v->named[i];
	v->finishing = worker_submit(v->worker, &w->work, &ignored) == 0;
	if (!v->finishing)
		free(w);
}

/* ---- orders ---- */

int disk_view_order(struct disk_view *v, const struct disk_order *order, disk_done_fn done,
		    void *ctx, struct err *e)
{
	struct order_work *w = disk_view_need(calloc(1, sizeof(*w)));

	w->work = (struct work){.run = order_run, .done = order_done};
	w->view = v;
	w->order = *order;
	w->done = done;
	w->ctx = ctx;
	if (order->kind == EXTRA_CREATE)
		extra_fill(v, order, &w->extra);
	if (!*w->order.disk.pool)
		(void)str_copy(w->order.disk.pool, sizeof(w->order.disk.pool), v->named_pool);
	if (worker_submit(v->worker, &w->work, e) < 0) {
		free(w);
		return -1;
	}
	if (order->kind == NAMED_CREATE) {
		v->creating++;
		named_put(v, &w->order.disk);
	}
	return 0;
}
