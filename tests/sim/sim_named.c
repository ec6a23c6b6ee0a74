/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named disks in Ceph: images with their claims, what is ordered for one, who is shut out from it,
 * and what vmd sees. Claims are kept as the text that stands in an image's metadata. A change is of
 * one moment here: what rbd/rbd_named.c reads and then writes by an operation that names what was
 * read, so that nothing comes in between. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <stdlib.h>
#include <string.h>

struct named_disk *sim_named_of(struct sim *w, const char *image)
{
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (*w->named[i].image && str_eq(w->named[i].image, image))
			return &w->named[i];
	return NULL;
}

bool sim_named_hangs(const struct sim *w, const char *image)
{
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (str_eq(w->named[i].image, image))
			return w->now_us < w->named_unreadable_us[i];
	return false;
}

/* ---- orders ---- */

static int create(struct sim *w, const struct disk_order *o, struct err *e)
{
	struct named_disk *place = NULL;

	if (sim_named_of(w, o->disk.image))
		return err_set(e, ERR_CONFLICT, "disk %s exists already", o->disk.name);
	for (size_t i = 0; i < SIM_NAMED && !place; i++)
		if (!*w->named[i].image)
			place = &w->named[i];
	if (!place)
		return err_set(e, ERR_FULL, "no room"); /* two asked at once */
	*place = o->disk;
	return 0;
}

/* Its owner's word alone comes here. A removal that is cut short leaves the word "removing". */
static int named_remove(struct sim *w, const struct disk_order *o, struct err *e)
{
	struct named_disk *d = sim_named_of(w, o->disk.image);

	if (!d)
		return 0;
	if (sim_disk_user(w, d->image))
		return err_set(e, ERR_RETRY, "%s is in use", d->image);
	if (disk_claims_remove(&d->claims, d->name, e) < 0)
		return -1;
	if (w->faults_percent && sim_chance(w, 8) == 0)
		return err_set(e, ERR_RETRY, "cut short");
	*d = (struct named_disk){.uid = 0};
	return 0;
}

static int claim(struct sim *w, const struct disk_order *o, struct err *e)
{
	struct named_disk *d = sim_named_of(w, o->disk.image);
	char text[DISK_CLAIMS_TEXT];
	struct disk_claims next;

	if (!d)
		return err_set(e, ERR_ABSENT, "%s is gone", o->disk.image);
	next = d->claims;
	if (disk_claims_step(&next, o, e) < 0)
		return -1;
	if (disk_claims_decode(disk_claims_encode(&next, text), &d->claims, e) < 0)
		sim_wrong(w, "claims cannot be read: '%.120s'", text);
	return 0;
}

/* A scratch disk for a guest that runs. */
static int extra_create(struct sim *w, const struct disk_order *o)
{
	struct disk_seen *place = NULL;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (str_eq(w->disk[i].name, o->disk.image))
			return 0;
		if (!place && !*w->disk[i].name)
			place = &w->disk[i];
	}
	if (!place) {
		sim_wrong(w, "more disks than places");
		return -1;
	}
	*place = (struct disk_seen){.size_bytes = o->disk.size_bytes};
	(void)str_copy(place->name, sizeof(place->name), o->disk.image);
	(void)str_copy(place->job_key, sizeof(place->job_key), o->job_key);
	return 0;
}

static int extra_leave(struct sim *w, const struct disk_order *o, struct err *e)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (str_eq(w->disk[i].name, o->disk.image) &&
		    str_eq(w->disk[i].job_key, o->job_key)) {
			w->disk[i].removing = true;
			return 0;
		}
	return err_set(e, ERR_ABSENT, "%s is gone", o->disk.image);
}

int sim_order(struct sim *w, const struct disk_order *o, struct err *e)
{
	if (sim_named_hangs(w, o->disk.image))
		return err_set(e, ERR_UNSURE, "%s hangs", o->disk.image);
	switch (o->kind) {
	case NAMED_CREATE: return create(w, o, e);
	case NAMED_REMOVE: return named_remove(w, o, e);
	case NAMED_CLAIM: return claim(w, o, e);
	case EXTRA_CREATE: return extra_create(w, o);
	case EXTRA_LEAVE: return extra_leave(w, o, e);
	}
	return 0;
}

/* ---- what vmd sees ---- */

/* Of one that cannot be read its name tells whose it is; who has claims on it nobody knows. */
static void hide(struct named_disk *d)
{
	struct named_disk hidden = {.uid = d->uid, .unreadable = "it hangs"};

	memcpy(hidden.image, d->image, sizeof(hidden.image));
	memcpy(hidden.name, d->name, sizeof(hidden.name));
	*d = hidden;
}

void sim_named_see(struct sim *w, struct sim_view *v)
{
	size_t claims;

	v->named_known = v->disks_known && sim_chance(w, 500) >= w->faults_percent;
	v->n_named = 0;
	for (size_t i = 0; i < SIM_NAMED; i++) {
		if (!*w->named[i].image)
			continue;
		v->named[v->n_named] = w->named[i];
		if (w->now_us < w->named_unreadable_us[i])
			hide(&v->named[v->n_named]);
		v->n_named++;
	}
	if (!v->named_known)
		v->n_named = (size_t)sim_chance(w, v->n_named + 1);
	claims = attachments_count(v->named, v->n_named);
	v->n_attachment = claims + extras_count(v->disk, v->n_disk);
	attachments_of(v->named, v->n_named, v->attachment);
	extras_of(v->disk, v->n_disk, v->attachment + claims);
}

/* They cannot be read for some minutes, as others (disks_ail() in sim_faults.c). */
void sim_named_ail(struct sim *w)
{
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (!w->faults_percent || !*w->named[i].image)
			w->named_unreadable_us[i] = 0;
		else if (w->now_us >= w->named_unreadable_us[i] &&
			 sim_chance(w, 100000) < w->faults_percent)
			w->named_unreadable_us[i] = w->now_us + (int64_t)sim_chance(w, 300) * SIM_S;
}

/* ---- the fence ---- */

#define FENCE_WITHIN_US (30 * SIM_S) /* as in disk_view.c */

/* As rbd_disk_fence(): a writer's, once for each VM; whoever has it open then is shut out. */
int sim_named_fence(struct sim *w, const struct action *a, struct err *e)
{
	struct named_disk *d = sim_named_of(w, a->object);
	const struct disk_claim *c = d ? disk_claim_of(&d->claims, a->job_key) : NULL;

	if (!d)
		return err_set(e, ERR_ABSENT, "%s is gone", a->object);
	if (sim_named_hangs(w, a->object))
		return err_set(e, ERR_UNSURE, "%s hangs", a->object);
	if (!c || c->read_only)
		return err_set(e, ERR_CONFLICT, "%s is not of job %s", a->object, a->job_key);
	if (str_eq(d->fenced, a->uid))
		return 0;
	if (w->now_us > w->asked_us + FENCE_WITHIN_US)
		return err_set(e, ERR_RETRY, "who has %s was found too late", a->object);
	sim_volumes_fence(w, a->object);
	return str_copy(d->fenced, sizeof(d->fenced), a->uid);
}
