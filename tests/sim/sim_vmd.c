/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One or two vmd, each the real reconciler with a view of its own (sim_view.c) and requests on
 * their way (sim_request.c); how a world begins and ticks; and the rules that hold at every
 * moment. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"
#include "vmd/migration/heir.h"

static void round_run(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;
	struct desired want = {.known = v->jobs_known,
			       .asked_us = v->jobs_asked_us,
			       .n = v->n_job,
			       .job = v->job,
			       .n_companion = v->n_companion,
			       .companion = v->companion,
			       .n_reservation = v->n_reservation,
			       .reservation = v->reservation,
			       .n_node = SIM_NODES,
			       .node = v->slurm_node};
	struct observed seen = {.vms_known = v->vms_known,
				.n_vm = v->n_vm,
				.vm = v->vm,
				.disks_known = v->disks_known,
				.n_disk = v->n_disk,
				.disk = v->disk,
				.named_known = w->disks ? v->named_known : v->disks_known,
				.n_named = v->n_named,
				.named = v->named,
				.n_attachment = v->n_attachment,
				.attachment = v->attachment,
				.pvs_known = v->volumes_known,
				.n_pv = v->n_pv,
				.pv = v->pv,
				.pvcs_known = v->volumes_known,
				.n_pvc = v->n_pvc,
				.pvc = v->pvc,
				.secrets_known = v->volumes_known,
				.n_secret = v->n_secret,
				.secret = v->secret,
				.moves_known = v->vms_known,
				.nodes_known = v->vms_known,
				.n_node = SIM_NODES,
				.node = v->node};

	world_sort(&want, &seen);
	reconciler_lead(d->reconciler, sim_leads(w, d));
	d->wake_us = reconciler_round(d->reconciler, &want, &seen, sim_now(w));
}

/* The rules that hold at every moment. */
static void check(struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct vm_status *s =
			sim_rank_status(w, w->job[i].job.id, w->job[i].job.rank);
		char key[JOB_KEY_MAX + 1];
		unsigned vms;

		vms = sim_ghosts(w, job_key(&w->job[i].job, key, sizeof(key)));
		for (size_t k = 0; k < SIM_OBJECTS; k++)
			vms += w->vm[k].guest && str_eq(w->vm[k].vm.job_key, key);
		if (vms > 1)
			sim_wrong(w, "%u guests of job %s have its disk", vms, key);
		if (s &&
		    (s->state == VM_STATE_PROVISIONING || s->state == VM_STATE_BOOTING ||
		     s->state == VM_STATE_FAILED || s->state == VM_STATE_STOPPING) &&
		    !*s->reason)
			sim_wrong(w, "job %s: %s without a reason", key, vm_state_name(s->state));
	}
}

const struct vm_status *sim_status(struct sim *w, uint32_t job_id)
{
	return sim_rank_status(w, job_id, 0);
}

const struct vm_status *sim_rank_status(struct sim *w, uint32_t job_id, uint32_t rank)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (!w->vmd[i].stopped_us && sim_leads(w, &w->vmd[i]))
			return reconciler_rank_status(w->vmd[i].reconciler, job_id, rank);
	return NULL;
}

static void script_check(struct sim *w)
{
	char *uid = w->job[0].moved_vm;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (!w->vm[i].guest)
			continue;
		if (*uid && !str_eq(uid, w->vm[i].vm.uid))
			sim_wrong(w, "the guest was made anew");
		(void)str_copy(uid, VM_UID_MAX + 1, w->vm[i].vm.uid);
	}
}

void sim_tick(struct sim *w)
{
	w->now_us += SIM_TICK_US;
	sim_faults_move(w);
	sim_world_move(w);
	sim_requests_move(w);
	sim_several_follow(w);
	if (w->crashed)
		return;
	sim_leases_move(w);
	for (size_t i = 0; i < w->n_vmd; i++) {
		struct sim_vmd *d = &w->vmd[i];

		if (d->stopped_us)
			continue;
		sim_views_move(w, d);
		if (d->wake_us <= w->now_us)
			round_run(w, d);
	}
	check(w);
	sim_sizes_check(w);
	if (w->disks)
		sim_volumes_check(w);
	if (w->script && !w->loses_host)
		script_check(w);
}

static void vmd_start(struct sim *w, struct sim_vmd *d)
{
	const struct action_port port = {.self = d, .apply = sim_request};
	char name[32];

	*d = (struct sim_vmd){.world = w, .life = ++w->lives};
	d->reconciler = reconciler_new(&w->catalogue, &w->policy, &port);
	(void)str_fmt(name, sizeof(name), "vmd-%u", d->life);
	lease_init(&d->lease, name, 10 * SIM_S);
}

/* Of two, mostly the one that leads. */
void sim_crash(struct sim *w)
{
	struct sim_vmd *d = &w->vmd[0];

	if (w->n_vmd > 1 && sim_leads(w, &w->vmd[1]) != (sim_chance(w, 4) == 0))
		d = &w->vmd[1];
	for (size_t i = 0; i < SIM_FLYING; i++) /* what it held, and librbd, die with it */
		if (w->request[i].used && w->request[i].life == d->life &&
		    (w->request[i].unsent || sim_is_disk(&w->request[i].action)))
			w->request[i].used = false;
	w->crashed = false;
	reconciler_free(d->reconciler);
	vmd_start(w, d);
}

static void world_init(struct sim *w, uint64_t seed, unsigned faults_percent, unsigned n_vmd)
{
	*w = (struct sim){
		.rng = seed, .now_us = SIM_S, .faults_percent = faults_percent, .n_vmd = n_vmd};
	w->image = (struct image){.name = "tiny",
				  .n_revision = 1,
				  .revision[0] = {.name = "v1"},
				  .scratch_max_bytes = 2,
				  .grow_cpus = 4,
				  .grow_memory_bytes = UINT64_C(8) << 30};
	w->catalogue = (struct catalogue){.n = 1, .image = &w->image};
	w->policy = (struct policy){.ready_timeout_s = 300,
				    .trouble_timeout_s = 600,
				    .keep_s = 100000,
				    .shutdown_s = 20,
				    .fence_after_s = 60,
				    .n_warn = 1,
				    .warn_s = {30},
				    .delete_share_percent = 50,
				    .delete_share_min = 8};
	for (size_t i = 0; i < n_vmd; i++)
		vmd_start(w, &w->vmd[i]);
}

void sim_init(struct sim *w, uint64_t seed, unsigned faults_percent)
{
	world_init(w, seed, faults_percent, seed % 3 == 0 ? 2 : 1);
	w->moves = sim_chance(w, 2);
	w->policy.move_reserve = seed % 5 != 0;
	w->policy.drain = (struct drain_policy){sim_chance(w, 4), sim_chance(w, 4)};
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct job *j = &w->job[i].job;

		*j = (struct job){.id = (uint32_t)(10 + i),
				  .uid = 1000,
				  .cpus = 1,
				  .memory_bytes = UINT64_C(2) << 30,
				  .batch = sim_chance(w, 2),
				  .request = {.image = "tiny",
					      .scratch_bytes = sim_chance(w, 2),
					      .nonce = "00000000000000aa"}};
		j->requeue = j->batch && sim_chance(w, 4);
		j->request.no_shell = i & 1;
		w->job[i].next_us = w->now_us + (int64_t)sim_chance(w, 100) * SIM_S;
		if (i < SIM_JOBS - 2)
			continue;
		/* The last two start from what is kept of the first two, if they come late enough.
		 */
		j->request.image[0] = '\0';
		(void)str_fmt(j->request.from, sizeof(j->request.from), "%zu",
			      10 + i - (SIM_JOBS - 2));
		w->job[i].next_us += 300 * SIM_S;
	}
	if (seed % 4 == 2)
		sim_disks_init(w);
	sim_several_init(w);
}

void sim_init_move(struct sim *w, uint64_t seed, unsigned undo)
{
	world_init(w, seed, 0, 1);
	w->moves = w->script = true;
	w->policy.move_reserve = seed % 4 != 2;
	w->undo = undo;
	for (size_t i = 0; i < SIM_JOBS; i++)
		w->job[i].job = (struct job){.id = (uint32_t)(10 + i),
					     .phase = JOB_ENDED,
					     .request = {.nonce = "00000000000000aa"}};
	w->job[0] = (struct sim_job){.job = {.id = 10,
					     .uid = 1000,
					     .cpus = 1,
					     .memory_bytes = UINT64_C(2) << 30,
					     .batch = seed % 4 && seed % 4 != 3,
					     .requeue = seed % 4 && seed % 4 != 3,
					     .request = {.image = "tiny",
							 .nonce = "00000000000000aa",
							 .no_shell = seed % 4 == 3}},
				     .next_us = 2 * SIM_S};
}

void sim_init_grow(struct sim *w, uint64_t seed, unsigned undo, bool loses)
{
	sim_init_move(w, seed, undo);
	w->grow = (struct job_size){.cpus = 3, .memory_bytes = UINT64_C(5) << 30};
	w->loses = loses;
}

void sim_done(struct sim *w)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		reconciler_free(w->vmd[i].reconciler);
}

bool sim_has_followed(const struct sim *w)
{
	if (w->grow.cpus || w->disks)
		return *w->wrong || w->fits;
	return *w->wrong || w->undo || w->moved == 1 ||
	       !(w->job[0].job.batch || heir_may_be(&w->job[0].job));
}

static bool is_at_rest(const struct sim *w)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (sim_leads(w, &w->vmd[i]))
			return reconciler_plan(w->vmd[i].reconciler)->n == 0 &&
			       reconciler_counts(w->vmd[i].reconciler).in_flight == 0;
	return false;
}

/* All jobs have ended, and of each nothing is left but a disk that is kept. */
bool sim_is_settled(const struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (w->job[i].job.phase != JOB_ENDED)
			return false;
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT || *w->pv[i].name || *w->pvc[i].name ||
		    *w->secret[i].name || (*w->disk[i].name && !w->disk[i].kept_until_s))
			return false;
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (w->named[i].claims.n)
			return false;
	return !sim_has_companions(w) && !sim_has_reservations(w) &&
	       (w->script || sim_is_in_service(w)) && is_at_rest(w);
}

static void print_volumes(const struct volume_seen *v, const char *what)
{
	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*v[i].name)
			printf("#   %s %s%s\n", what, v[i].name, v[i].deleting ? ", going" : "");
}

void sim_print_left(struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct job *j = &w->job[i].job;
		const struct vm_status *s = sim_rank_status(w, j->id, j->rank);

		if (j->phase != JOB_ENDED)
			printf("#   job %u-%s, run %u is %s on '%s'; %s: %s\n", j->id,
			       j->request.nonce, j->restarts, job_phase_name(j->phase), j->node,
			       s ? vm_state_name(s->state) : "?", s ? s->reason : "");
	}
	for (size_t i = 0; i < SIM_RESERVATIONS; i++)
		if (w->reservation[i].r.job_id)
			printf("#   reservation of job %u-%s for companion %u\n",
			       w->reservation[i].r.job_id, w->reservation[i].r.nonce,
			       w->reservation[i].r.companion);
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (w->vm[i].vm.phase != VM_ABSENT)
			printf("#   VM %s, phase %d on %s%s%s\n", w->vm[i].vm.name,
			       (int)w->vm[i].vm.phase, w->vm[i].vm.node,
			       sim_is_lost(w, w->vm[i].vm.node) ? ", which is lost" : "",
			       w->vm[i].guest ? ", with a guest" : "");
		if (*w->disk[i].name && !w->disk[i].kept_until_s)
			printf("#   disk %s\n", w->disk[i].name);
	}
	for (size_t i = 0; i < SIM_NAMED; i++)
		if (w->named[i].claims.n)
			printf("#   a claim of %s on %s\n", w->named[i].claims.claim[0].job_key,
			       w->named[i].image);
	print_volumes(w->pv, "PV");
	print_volumes(w->pvc, "PVC");
	print_volumes(w->secret, "Secret");
	for (size_t i = 0; i < w->n_vmd; i++) {
		const struct plan *p = reconciler_plan(w->vmd[i].reconciler);

		for (size_t k = 0; k < p->n; k++)
			printf("#   planned: %s %s\n", action_name(p->act[k].kind),
			       p->act[k].object);
		printf("#   %zu in flight\n", reconciler_counts(w->vmd[i].reconciler).in_flight);
	}
}
