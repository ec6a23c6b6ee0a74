/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users with disks of their own: which they ask for at submit, and what they order while their jobs
 * run, as api/requests_disks.c lets them, by what the vmd that leads knows. All are one user's, so
 * that jobs come into each other's way. And two lives of one job with such disks, for crashes after
 * each effect. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <string.h>

#define USER_UID     1000
#define LAST_WISH_US (900 * SIM_S)
#define EXTRAS_MAX   3

static const char *const names[SIM_NAMED] = {"a", "b", "c"};

/* ---- at the beginning ---- */

static void disk_fill(struct named_disk *d, const char *name)
{
	*d = (struct named_disk){.uid = USER_UID, .size_bytes = 1};
	(void)str_copy(d->name, sizeof(d->name), name);
	(void)named_image(SIM_CLUSTER, USER_UID, name, d->image, sizeof(d->image));
}

static void attach_add(struct job *j, const char *name, bool read_only)
{
	struct vm_attach *a = &j->request.attach.at[j->request.attach.n++];

	a->read_only = read_only;
	(void)str_copy(a->name, sizeof(a->name), name);
}

/* Before several machines are made of some of them. */
void sim_disks_init(struct sim *w)
{
	w->disks = true;
	w->policy.quota = (struct disk_quota){.bytes = SIM_NAMED, .count = SIM_NAMED};
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (i == 0 || sim_chance(w, 3))
			disk_fill(&w->named[i], names[i]);
	for (size_t i = 0; i < SIM_JOBS; i++) {
		size_t first = (size_t)sim_chance(w, SIM_NAMED);

		if (sim_chance(w, 3) == 0)
			continue;
		attach_add(&w->job[i].job, names[first], sim_chance(w, 3) == 0);
		if (sim_chance(w, 3) == 0)
			attach_add(&w->job[i].job, names[(first + 1) % SIM_NAMED],
				   sim_chance(w, 2));
	}
}

/* ---- orders ---- */

static struct sim_vmd *leader(struct sim *w)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (!w->vmd[i].stopped_us && sim_leads(w, &w->vmd[i]))
			return &w->vmd[i];
	return NULL;
}

static void send(struct sim *w, const struct sim_vmd *d, const struct disk_order *o)
{
	struct sim_request *r = NULL;

	for (size_t i = 0; i < SIM_FLYING && !r; i++)
		if (!w->request[i].used)
			r = &w->request[i];
	if (!r)
		return;
	/* Its answer is the user's: to the core it has no ticket. */
	*r = (struct sim_request){.used = true, .asked_us = w->now_us, .life = d->life};
	r->action.kind = ACT_CLAIM_DISK;
	r->action.order = *o;
	(void)str_copy(r->action.object, sizeof(r->action.object), o->disk.image);
	(void)str_copy(r->action.job_key, sizeof(r->action.job_key), o->job_key);
	sim_fate(w, r);
}

static void disk_create(struct sim *w, const struct sim_vmd *d, const char *name)
{
	const struct sim_view *v = &d->view;
	struct disk_order o = {.kind = NAMED_CREATE};
	struct err e;

	disk_fill(&o.disk, name);
	if (!named_find(v->named, v->n_named, USER_UID, name) &&
	    disk_quota_check(&w->policy.quota, v->named, v->n_named, USER_UID, o.disk.size_bytes,
			     &e) == 0)
		send(w, d, &o);
}

static void disk_delete(struct sim *w, const struct sim_vmd *d, const struct named_disk *disk)
{
	struct disk_order o = {.kind = NAMED_REMOVE, .disk = *disk};
	struct disk_claims claims = disk->claims;
	struct err e;

	if (disk_claims_remove(&claims, disk->name, &e) == 0)
		send(w, d, &o);
}

/* As its vmd sees the job. */
static uint32_t run_of(const struct sim_view *v, const char *key)
{
	char mine[JOB_KEY_MAX + 1];

	for (size_t i = 0; i < v->n_job; i++)
		if (str_eq(job_key(&v->job[i], mine, sizeof(mine)), key))
			return job_incarnation(&v->job[i]);
	return 0;
}

static void claim(struct sim *w, const struct sim_vmd *d, const struct named_disk *disk,
		  const char *key, enum disk_claim_step step)
{
	struct disk_order o = {
		.kind = NAMED_CLAIM, .step = step, .disk = *disk, .run = run_of(&d->view, key)};

	(void)str_copy(o.job_key, sizeof(o.job_key), key);
	send(w, d, &o);
}

static void disk_add(struct sim *w, const struct sim_vmd *d, const struct named_disk *disk,
		     const char *key, bool read_only)
{
	struct disk_claim wish = {.read_only = read_only};
	struct disk_claims claims = disk->claims;
	struct err e;

	(void)str_copy(wish.job_key, sizeof(wish.job_key), key);
	if (*disk->unreadable || disk_claims_add(&claims, disk->name, &wish, &e) < 0)
		return;
	claim(w, d, disk, key, read_only ? CLAIM_READ : CLAIM_WRITE);
}

static bool is_taken(const struct sim_view *v, const char *image)
{
	for (size_t i = 0; i < v->n_disk; i++)
		if (str_eq(v->disk[i].name, image))
			return true;
	return false;
}

static void scratch_add(struct sim *w, const struct sim_vmd *d, const char *key)
{
	struct disk_order o = {.kind = EXTRA_CREATE, .disk = {.size_bytes = 1}};

	if (!d->view.disks_known)
		return;
	for (unsigned n = 1; n <= EXTRAS_MAX; n++) {
		(void)disk_extra_name(key, n, o.disk.image, sizeof(o.disk.image));
		if (is_taken(&d->view, o.disk.image))
			continue;
		(void)str_copy(o.job_key, sizeof(o.job_key), key);
		send(w, d, &o);
		return;
	}
}

/* The first that the job has. */
static void scratch_remove(struct sim *w, const struct sim_vmd *d, const char *key)
{
	struct disk_order o = {.kind = EXTRA_LEAVE};

	for (size_t i = 0; i < d->view.n_attachment; i++) {
		const struct attachment *a = &d->view.attachment[i];

		if (!a->own || !str_eq(a->job_key, key))
			continue;
		(void)str_copy(o.disk.image, sizeof(o.disk.image), a->name);
		(void)str_copy(o.job_key, sizeof(o.job_key), key);
		send(w, d, &o);
		return;
	}
}

/* Its guest runs, as far as this vmd knows. */
static bool runs(const struct sim_view *v, const char *key)
{
	char mine[JOB_KEY_MAX + 1], name[VM_NAME_MAX + 1];

	for (size_t i = 0; v->jobs_known && v->vms_known && i < v->n_job; i++) {
		if (v->job[i].phase != JOB_RUNNING ||
		    !str_eq(job_key(&v->job[i], mine, sizeof(mine)), key))
			continue;
		(void)vm_name(&v->job[i], name, sizeof(name));
		for (size_t k = 0; k < v->n_vm; k++)
			if (str_eq(v->vm[k].name, name))
				return v->vm[k].phase == VM_RUNNING;
	}
	return false;
}

/* One that runs, if there is one. */
static const struct job *job_choose(struct sim *w)
{
	size_t first = (size_t)sim_chance(w, SIM_JOBS);

	for (size_t i = 0; i < SIM_JOBS; i++)
		if (w->job[(first + i) % SIM_JOBS].job.phase == JOB_RUNNING)
			return &w->job[(first + i) % SIM_JOBS].job;
	return &w->job[first].job;
}

static void wish(struct sim *w)
{
	const struct sim_vmd *d = leader(w);
	const struct job *j = job_choose(w);
	const char *name = names[sim_chance(w, SIM_NAMED)];
	uint64_t what = sim_chance(w, 10);
	const struct named_disk *disk;
	char key[JOB_KEY_MAX + 1];

	if (!d || !d->view.named_known)
		return;
	disk = named_find(d->view.named, d->view.n_named, USER_UID, name);
	if (!disk || what == 0) {
		if (disk)
			disk_delete(w, d, disk);
		else
			disk_create(w, d, name);
		return;
	}
	if (!runs(&d->view, job_key(j, key, sizeof(key))))
		return;
	if (what < 5)
		disk_add(w, d, disk, key, sim_chance(w, 3) == 0);
	else if (what < 8 && disk_claim_of(&disk->claims, key))
		claim(w, d, disk, key, CLAIM_LEAVE);
	else if (what == 8)
		scratch_add(w, d, key);
	else if (what == 9)
		scratch_remove(w, d, key);
}

/* ---- two lives of one job ---- */

#define ADD_US     (60 * SIM_S)
#define SCRATCH_US (90 * SIM_S)
#define GIVEN_US   (120 * SIM_S) /* by then it has all of them */
#define TAKE_US    (130 * SIM_S)
#define TAKEN_US   (170 * SIM_S) /* ... and has given one back */
#define LOST_US    (180 * SIM_S)
#define AGAIN_US   (490 * SIM_S) /* its next run has what the first one had */

/* It asks for "a", is given "b" and a scratch disk while it runs, and gives "b" back. */
void sim_init_disks(struct sim *w, uint64_t seed, bool loses_host)
{
	sim_init_move(w, seed, 0);
	w->moves = false;
	w->disks = true;
	w->loses_host = loses_host;
	w->job[0].job.batch = w->job[0].job.requeue = true;
	attach_add(&w->job[0].job, "a", false);
	disk_fill(&w->named[0], "a");
	disk_fill(&w->named[1], "b");
}

/* Of the guest that runs: so many disks beside those that it was made with. */
static size_t script_has(const struct sim *w)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		for (size_t k = 0; w->vm[i].guest && k < w->vm[i].vm.n_volume; k++)
			n += w->vm[i].volume[k].open && !w->vm[i].volume[k].fenced;
	return n;
}

static bool script_flies(const struct sim *w)
{
	for (size_t i = 0; i < SIM_FLYING; i++)
		if (w->request[i].used && !w->request[i].ticket)
			return true;
	return false;
}

static void script_wish(struct sim *w)
{
	const struct sim_vmd *d = leader(w);
	const struct named_disk *b = &w->named[1];
	const struct disk_claim *c;
	char key[JOB_KEY_MAX + 1], image[VM_NAME_MAX + 1];

	(void)job_key(&w->job[0].job, key, sizeof(key));
	if (!d || script_flies(w) || !runs(&d->view, key))
		return;
	c = disk_claim_of(&b->claims, key);
	(void)disk_extra_name(key, 1, image, sizeof(image));
	if (w->now_us >= TAKE_US && c && !c->leaving)
		claim(w, d, b, key, CLAIM_LEAVE);
	else if (w->now_us >= ADD_US && w->now_us < TAKE_US && !c)
		disk_add(w, d, b, key, false);
	else if (w->now_us >= SCRATCH_US && w->now_us < TAKE_US && !is_taken(&d->view, image))
		scratch_add(w, d, key);
}

static void script_move(struct sim *w)
{
	script_wish(w);
	if (w->now_us == GIVEN_US)
		w->fits = script_has(w) == 3;
	if (w->now_us == TAKEN_US)
		w->fits = w->fits && script_has(w) == 2 && w->named[1].claims.n == 0;
	if (w->now_us == AGAIN_US)
		w->fits = w->fits && script_has(w) == 2;
	if (w->loses_host && w->now_us == LOST_US)
		sim_host_lose(w, w->job[0].job.node);
}

void sim_disks_move(struct sim *w)
{
	if (w->script)
		script_move(w);
	else if (w->now_us < LAST_WISH_US && sim_chance(w, 24) == 0)
		wish(w);
}
