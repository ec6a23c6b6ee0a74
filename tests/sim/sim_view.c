/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vmd sees of the true world: views that are late, fail, come back in part or differ in
 * age. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#define VIEW_AGE_US (175 * SIM_S) /* so old may be what is known of one object */

static size_t volumes_see(struct volume_seen *to, const struct volume_seen *from)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*from[i].name)
			to[n++] = from[i];
	return n;
}

/* Of some places nothing was heard since the last look: an event is on its way still. */
static void vms_hear(struct sim *w, struct sim_vmd *d, int64_t next_us)
{
	struct sim_view *v = &d->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (v->heard_us[i] && next_us - v->heard_us[i] < VIEW_AGE_US &&
		    sim_chance(w, 400) < w->faults_percent)
			continue;
		v->heard_vm[i] = w->vm[i].vm;
		/* A pod without a bound PVC finds no node (status.nodeName). In lives without disks
		 * of users it is told all the same, which is worse. */
		if (w->disks && !w->vm[i].began)
			v->heard_vm[i].node[0] = '\0';
		v->heard_us[i] = w->now_us;
	}
}

static void vms_see(struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (v->heard_vm[i].phase != VM_ABSENT)
			v->vm[v->n_vm++] = v->heard_vm[i];
}

static void volumes_look(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	v->n_pv = volumes_see(v->pv, w->pv);
	v->n_pvc = volumes_see(v->pvc, w->pvc);
	v->n_secret = volumes_see(v->secret, w->secret);
	sim_nodes_see(w, v->node);
}

/* Of an image that cannot be read only the name is known, and for whom it was made. */
static void disk_hide(struct disk_seen *d)
{
	const struct disk_seen was = *d;

	*d = (struct disk_seen){.unreadable = "it hangs"};
	(void)str_copy(d->name, sizeof(d->name), was.name);
	(void)str_copy(d->pool, sizeof(d->pool), was.pool);
	if (disk_name_key(d->name, d->job_key) < 0)
		abort();
}

static void disks_see(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*w->disk[i].name) {
			v->disk[v->n_disk] = w->disk[i];
			v->disk[v->n_disk].watchers = sim_user_of(w, w->disk[i].job_key) != NULL;
			if (w->now_us < w->unreadable_us[i])
				disk_hide(&v->disk[v->n_disk]);
			v->n_disk++;
		}
}

/* When the next look is: soon, but a watch may stall and a list may fail. */
static int64_t look_again_us(struct sim *w, unsigned stall_s)
{
	if (sim_chance(w, 100) < w->faults_percent / 4)
		return w->now_us + (int64_t)sim_chance(w, stall_s) * SIM_S;
	return w->now_us + (int64_t)sim_chance(w, 4) * SIM_TICK_US;
}

/* A list that failed half-way: some of it is there, and must not be taken for all. */
static size_t part_of(struct sim *w, size_t n)
{
	return n ? (size_t)sim_chance(w, n + 1) : 0;
}

static bool look_fails(struct sim *w)
{
	return sim_chance(w, 100) < w->faults_percent / 5;
}

static void kube_look(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	if (v->vms_us <= w->now_us) {
		v->vms_known = !look_fails(w);
		v->vms_us = look_again_us(w, 170);
		v->n_vm = 0;
		vms_hear(w, d, v->vms_us);
		vms_see(d);
		if (!v->vms_known)
			v->n_vm = part_of(w, v->n_vm);
		d->wake_us = w->now_us;
	}
	if (v->volumes_us <= w->now_us) {
		v->volumes_known = !look_fails(w);
		v->volumes_us = look_again_us(w, 170);
		volumes_look(w, d);
		if (!v->volumes_known) {
			v->n_pv = part_of(w, v->n_pv);
			v->n_pvc = part_of(w, v->n_pvc);
			v->n_secret = part_of(w, v->n_secret);
		}
		d->wake_us = w->now_us;
	}
}

void sim_views_move(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	kube_look(w, d);
	if (v->disks_us <= w->now_us) {
		v->disks_known = !look_fails(w);
		v->n_disk = 0;
		disks_see(w, d);
		if (!v->disks_known)
			v->n_disk = part_of(w, v->n_disk);
		if (w->disks)
			sim_named_see(w, v);
		v->disks_us = look_again_us(w, 25);
		d->wake_us = w->now_us;
	}
	if (v->jobs_us <= w->now_us) {
		v->jobs_known = !look_fails(w);
		v->n_job = v->jobs_known ? SIM_JOBS : part_of(w, SIM_JOBS);
		for (size_t i = 0; i < SIM_JOBS; i++)
			v->job[i] = w->job[i].job;
		v->n_companion = sim_companions_see(w, v->companion);
		sim_reservations_see(w, v);
		sim_slurm_nodes_see(w, v->slurm_node);
		v->jobs_asked_us = sim_now(w).mono_us;
		v->jobs_us = look_again_us(w, 60);
		d->wake_us = w->now_us;
	}
}
