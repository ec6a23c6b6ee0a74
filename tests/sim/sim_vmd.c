/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies between the true world and vmd: requests on their way, with their faults, and views
 * that are late, fail or come back empty; the real reconciler; and the rules that hold at every
 * moment. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#define TICK_US (SIM_S / 2)

/* ---- requests on their way ---- */

static bool is_disk_action(const struct action *a)
{
	return action_class(a->kind) == CLASS_DISK;
}

/* What becomes of a request: when it takes effect, and when and what vmd hears. */
static void fate(struct sim *w, struct sim_request *r)
{
	r->apply_us = w->now_us + (int64_t)sim_chance(w, 3) * TICK_US;
	r->reply_us = r->apply_us;
	r->outcome = (struct err){.kind = ERR_NONE};
	if (sim_chance(w, 100) >= w->faults_percent)
		return;
	switch (sim_chance(w, 5)) {
	case 0: /* refused for now */
		r->apply_us = INT64_MAX;
		err_set(&r->outcome, ERR_RETRY, "503");
		break;
	case 1: /* lost; disks never are: their requests are calls */
		if (!is_disk_action(&r->action))
			r->apply_us = INT64_MAX;
		r->reply_us = w->now_us + 10 * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	case 2: /* done, but the reply is lost */
		r->reply_us = r->apply_us + 10 * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	case 3: /* done, and nothing is ever heard of it */ r->reply_us = INT64_MAX; break;
	default: /* done long after vmd gave up */
		r->reply_us = w->now_us + 10 * SIM_S;
		if (!is_disk_action(&r->action))
			r->apply_us = r->reply_us + (int64_t)sim_chance(w, 60) * SIM_S;
		err_set(&r->outcome, ERR_UNSURE, "no answer");
		break;
	}
}

static int apply(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	struct sim *w = self;
	struct sim_request *r = NULL;

	if (w->faults_percent && sim_chance(w, 200) == 0)
		return err_set(e, ERR_RETRY, "queue full");
	if (!sim_job_of(w, a->job_key))
		sim_wrong(w, "%s of something that is not ours", action_name(a->kind));
	for (size_t i = 0; i < SIM_FLYING && !r; i++)
		if (!w->request[i].used)
			r = &w->request[i];
	if (!r)
		return err_set(e, ERR_RETRY, "queue full");
	*r = (struct sim_request){.used = true, .ticket = ticket, .life = w->life, .action = *a};
	fate(w, r);
	return 0;
}

static struct now sim_now(const struct sim *w)
{
	return (struct now){.mono_us = w->now_us, .wall_s = sim_wall_s(w)};
}

static void requests_move(struct sim *w)
{
	for (size_t i = 0; i < SIM_FLYING && !w->crashed; i++) {
		struct sim_request *r = &w->request[i];

		if (!r->used)
			continue;
		if (r->apply_us <= w->now_us) {
			struct err e = {.kind = ERR_NONE};

			r->apply_us = INT64_MAX;
			if (sim_effect(w, &r->action, &e) < 0 && r->outcome.kind == ERR_NONE)
				r->outcome = e;
			if (++w->effects == w->crash_at)
				w->crashed = true; /* before vmd hears of it */
		}
		if (r->reply_us <= w->now_us && !w->crashed) {
			r->reply_us = INT64_MAX;
			if (r->life == w->life)
				reconciler_done(w->reconciler, r->ticket, &r->outcome, sim_now(w));
			w->wake_us = w->now_us;
		}
		if (r->apply_us == INT64_MAX && (r->reply_us == INT64_MAX || r->life != w->life))
			r->used = false;
	}
}

/* ---- what vmd sees ---- */

static size_t volumes_see(struct volume_seen *to, const struct volume_seen *from)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*from[i].name)
			to[n++] = from[i];
	return n;
}

static void kube_see(struct sim *w)
{
	struct sim_view *v = &w->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (w->vm[i].vm.phase != VM_ABSENT)
			v->vm[v->n_vm++] = w->vm[i].vm;
	v->n_pv = volumes_see(v->pv, w->pv);
	v->n_pvc = volumes_see(v->pvc, w->pvc);
	v->n_secret = volumes_see(v->secret, w->secret);
	sim_nodes_see(w, v->node);
}

static void disks_see(struct sim *w)
{
	struct sim_view *v = &w->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++)
		if (*w->disk[i].name) {
			v->disk[v->n_disk] = w->disk[i];
			v->disk[v->n_disk++].watchers = sim_user_of(w, w->disk[i].job_key) != NULL;
		}
}

/* When the next look is: soon, but a watch may stall and a list may fail. */
static int64_t look_again_us(struct sim *w, unsigned stall_s)
{
	if (sim_chance(w, 100) < w->faults_percent / 4)
		return w->now_us + (int64_t)sim_chance(w, stall_s) * SIM_S;
	return w->now_us + (int64_t)sim_chance(w, 4) * TICK_US;
}

static void views_move(struct sim *w)
{
	struct sim_view *v = &w->view;
	bool fails = sim_chance(w, 100) < w->faults_percent / 5;

	if (v->vms_us <= w->now_us) {
		v->vms_known = v->volumes_known = !fails;
		v->n_vm = 0;
		v->n_pv = v->n_pvc = v->n_secret = 0;
		if (!fails) /* else it came back empty, which must not be taken for true */
			kube_see(w);
		v->vms_us = look_again_us(w, 170);
		w->wake_us = w->now_us;
	}
	if (v->disks_us <= w->now_us) {
		v->disks_known = !fails;
		v->n_disk = 0;
		if (!fails)
			disks_see(w);
		v->disks_us = look_again_us(w, 25);
		w->wake_us = w->now_us;
	}
	if (v->jobs_us <= w->now_us) {
		v->jobs_known = !fails;
		v->n_job = fails ? 0 : SIM_JOBS;
		for (size_t i = 0; i < SIM_JOBS; i++)
			v->job[i] = w->job[i].job;
		v->jobs_us = look_again_us(w, 60);
		w->wake_us = w->now_us;
	}
}

static void round_run(struct sim *w)
{
	struct sim_view *v = &w->view;
	struct desired want = {.known = v->jobs_known, .n = v->n_job, .job = v->job};
	struct observed seen = {.vms_known = v->vms_known,
				.n_vm = v->n_vm,
				.vm = v->vm,
				.disks_known = v->disks_known,
				.n_disk = v->n_disk,
				.disk = v->disk,
				.pvs_known = v->volumes_known,
				.n_pv = v->n_pv,
				.pv = v->pv,
				.pvcs_known = v->volumes_known,
				.n_pvc = v->n_pvc,
				.pvc = v->pvc,
				.secrets_known = v->volumes_known,
				.n_secret = v->n_secret,
				.secret = v->secret,
				.nodes_known = v->vms_known,
				.n_node = SIM_NODES,
				.node = v->node};

	world_sort(&want, &seen);
	w->wake_us = reconciler_round(w->reconciler, &want, &seen, sim_now(w));
}

/* ---- rules that hold at every moment ---- */

static void check(struct sim *w)
{
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct vm_status *s = reconciler_status(w->reconciler, w->job[i].job.id);
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

void sim_tick(struct sim *w)
{
	w->now_us += TICK_US;
	sim_world_move(w);
	requests_move(w);
	if (w->crashed)
		return;
	views_move(w);
	if (w->wake_us <= w->now_us)
		round_run(w);
	check(w);
}

void sim_crash(struct sim *w)
{
	const struct action_port port = {.self = w, .apply = apply};

	reconciler_free(w->reconciler);
	w->reconciler = reconciler_new(&w->catalogue, &w->policy, &port);
	w->life++;
	w->born_us = w->now_us;
	w->crashed = false;
	for (size_t i = 0; i < SIM_FLYING; i++) /* librbd dies with the process */
		if (w->request[i].used && is_disk_action(&w->request[i].action))
			w->request[i].used = false;
	w->view = (struct sim_view){.n_vm = 0};
}

void sim_init(struct sim *w, uint64_t seed, unsigned faults_percent)
{
	*w = (struct sim){.rng = seed, .now_us = SIM_S, .faults_percent = faults_percent};
	w->image = (struct image){.name = "tiny",
				  .n_revision = 1,
				  .revision[0] = {.name = "v1"},
				  .scratch_max_bytes = 2};
	w->catalogue = (struct catalogue){.n = 1, .image = &w->image};
	w->policy = (struct policy){.ready_timeout_s = 300,
				    .trouble_timeout_s = 600,
				    .keep_s = 100000,
				    .shutdown_s = 20,
				    .fence_after_s = 60,
				    .delete_share_percent = 50,
				    .delete_share_min = 8};
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct job *j = &w->job[i].job;

		*j = (struct job){
			.id = (uint32_t)(10 + i),
			.uid = 1000,
			.cpus = 1,
			.memory_bytes = UINT64_C(1) << 30,
			.batch = sim_chance(w, 2),
			.request = {.image = "tiny",
				    .scratch_bytes = sim_chance(w, 2),
				    .nonce = "00000000000000aa"}
                };
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
	sim_crash(w);
}

void sim_done(struct sim *w)
{
	reconciler_free(w->reconciler);
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
	return reconciler_plan(w->reconciler)->n == 0 &&
	       reconciler_counts(w->reconciler).in_flight == 0;
}
