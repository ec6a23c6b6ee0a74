/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies between the true world and vmd: requests on their way, with their faults, and views
 * that are late, fail, come back in part or differ in age; the real reconciler; and the rules that
 * hold at every moment. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#define VIEW_AGE_US (175 * SIM_S) /* so old may be what is known of one object */

/* ---- requests on their way ---- */

/* What is removed is removed because it was seen, in a list that was whole. */
static void check_known(struct sim *w, const struct sim_view *v, const struct action *a)
{
	bool known = true;

	switch (action_class(a->kind)) {
	case CLASS_POD:
	case CLASS_VM: known = v->vms_known; break;
	case CLASS_CLAIM:
	case CLASS_DISK: known = v->disks_known && v->vms_known; break;
	case CLASS_PV:
	case CLASS_PVC:
	case CLASS_SECRET: known = v->volumes_known && v->vms_known; break;
	case CLASS_VOLUME:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_COMPANION:
	case CLASS_GUEST:
	case CLASS_HOOK:
	case CLASS_NODE:
	case CLASS_SLURM_NODE:
	case CLASS_MIGRATION: break;
	}
	if (!v->jobs_known || (action_removes(a->kind) && !known))
		sim_wrong(w, "%s of %s from a list that is not whole", action_name(a->kind),
			  a->object);
}

/* A root disk that is to be kept is marked before it may go. By what vmd saw: a removal that hangs
 * in librbd may end when the job has lived and ended again. */
static void check_kept(struct sim *w, const struct sim_view *v, const struct action *a)
{
	char key[JOB_KEY_MAX + 1];

	if (a->kind != ACT_REMOVE_DISK || !disk_is_root(a->object))
		return;
	for (size_t i = 0; i < v->n_disk; i++)
		if (str_eq(v->disk[i].name, a->object) && v->disk[i].kept_until_s)
			return;
	for (size_t i = 0; i < v->n_job; i++)
		if (str_eq(job_key(&v->job[i], key, sizeof(key)), a->job_key) &&
		    v->job[i].phase == JOB_ENDED && v->job[i].end == JOB_END_ABNORMAL)
			sim_wrong(w, "%s is removed and was not kept", a->object);
}

/* Nothing is done to a disk that could not be read when it was looked at last. */
static void check_readable(struct sim *w, const struct sim_view *v, const struct action *a)
{
	for (size_t i = 0; sim_is_disk(a) && i < v->n_disk; i++)
		if (*v->disk[i].unreadable && str_eq(v->disk[i].name, a->object))
			sim_wrong(w, "%s of %s, which cannot be read", action_name(a->kind),
				  a->object);
}

static bool is_of_node(const struct action *a)
{
	enum action_class c = action_class(a->kind);

	return c == CLASS_NODE || c == CLASS_SLURM_NODE;
}

static int apply(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	struct sim_vmd *d = self;
	struct sim *w = d->world;
	struct sim_request *r = NULL;

	if (!sim_leads(w, d))
		return err_set(e, ERR_RETRY, "this vmd does not lead any more");
	if (w->faults_percent && sim_chance(w, 200) == 0)
		return err_set(e, ERR_RETRY, "queue full");
	if (!is_of_node(a) && !sim_is_ours(w, a->job_key))
		sim_wrong(w, "%s of something that is not ours", action_name(a->kind));
	check_known(w, &d->view, a);
	check_kept(w, &d->view, a);
	check_readable(w, &d->view, a);
	sim_several_check_end(w, &d->view, a);
	for (size_t i = 0; i < SIM_FLYING && !r; i++)
		if (!w->request[i].used)
			r = &w->request[i];
	if (!r)
		return err_set(e, ERR_RETRY, "queue full");
	*r = (struct sim_request){.used = true,
				  .asked_us = w->now_us,
				  .ticket = ticket,
				  .life = d->life,
				  .action = *a};
	sim_fate(w, r);
	return 0;
}

static struct now sim_now(const struct sim *w)
{
	return (struct now){.mono_us = w->now_us, .wall_s = sim_wall_s(w)};
}

/* The vmd that sent it; NULL: that one is dead. */
static struct sim_vmd *sender_of(struct sim *w, const struct sim_request *r)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (w->vmd[i].life == r->life)
			return &w->vmd[i];
	return NULL;
}

/* Adapters that call Slurm and Ceph ask the gate right before; requests to Kubernetes have a
 * precondition, and may have been on the wire already. */
static bool is_gated(const struct action *a)
{
	switch (action_class(a->kind)) {
	case CLASS_DISK:
	case CLASS_CLAIM:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_MOVE:
	case CLASS_JOB_WORD:
	case CLASS_SLURM_NODE:
	case CLASS_COMPANION:
	case CLASS_HOOK: return true;
	case CLASS_VOLUME:
	case CLASS_PV:
	case CLASS_PVC:
	case CLASS_SECRET:
	case CLASS_VM:
	case CLASS_POD:
	case CLASS_MIGRATION:
	case CLASS_NODE:
	case CLASS_GUEST: break;
	}
	return false;
}

static void request_apply(struct sim *w, struct sim_request *r, const struct sim_vmd *from)
{
	struct err e = {.kind = ERR_NONE};
	bool refused = r->unsent && is_gated(&r->action) && (!from || !sim_leads(w, from));

	w->asked_us = r->asked_us;
	r->apply_us = r->twice ? r->reply_us : INT64_MAX;
	r->twice = false;
	if (refused)
		(void)err_set(&e, ERR_RETRY, "this vmd does not lead any more");
	else
		(void)sim_effect(w, &r->action, &e);
	if (e.kind != ERR_NONE && r->outcome.kind == ERR_NONE)
		r->outcome = e;
	if (!refused && ++w->effects == w->crash_at)
		w->crashed = true; /* before vmd hears of it */
}

static void requests_move(struct sim *w)
{
	for (size_t i = 0; i < SIM_FLYING && !w->crashed; i++) {
		struct sim_request *r = &w->request[i];
		struct sim_vmd *from = r->used ? sender_of(w, r) : NULL;
		bool stopped = from && from->stopped_us;

		if (!r->used || (stopped && r->unsent))
			continue;
		if (r->apply_us <= w->now_us)
			request_apply(w, r, from);
		if (r->reply_us <= w->now_us && !stopped && !w->crashed) {
			r->reply_us = INT64_MAX;
			if (from) {
				reconciler_done(from->reconciler, r->ticket, &r->outcome,
						sim_now(w));
				from->wake_us = w->now_us;
			}
		}
		if (r->apply_us == INT64_MAX && (r->reply_us == INT64_MAX || !from))
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

/* Of some places nothing was heard since the last look: an event is on its way still. */
static void vms_hear(struct sim *w, struct sim_vmd *d, int64_t next_us)
{
	struct sim_view *v = &d->view;

	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (v->heard_us[i] && next_us - v->heard_us[i] < VIEW_AGE_US &&
		    sim_chance(w, 400) < w->faults_percent)
			continue;
		v->heard_vm[i] = w->vm[i].vm;
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

static void views_move(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;

	kube_look(w, d);
	if (v->disks_us <= w->now_us) {
		v->disks_known = !look_fails(w);
		v->n_disk = 0;
		disks_see(w, d);
		if (!v->disks_known)
			v->n_disk = part_of(w, v->n_disk);
		v->disks_us = look_again_us(w, 25);
		d->wake_us = w->now_us;
	}
	if (v->jobs_us <= w->now_us) {
		v->jobs_known = !look_fails(w);
		v->n_job = v->jobs_known ? SIM_JOBS : part_of(w, SIM_JOBS);
		for (size_t i = 0; i < SIM_JOBS; i++)
			v->job[i] = w->job[i].job;
		v->n_companion = sim_companions_see(w, v->companion);
		sim_slurm_nodes_see(w, v->slurm_node);
		v->jobs_us = look_again_us(w, 60);
		d->wake_us = w->now_us;
	}
}

static void round_run(struct sim *w, struct sim_vmd *d)
{
	struct sim_view *v = &d->view;
	struct desired want = {.known = v->jobs_known,
			       .n = v->n_job,
			       .job = v->job,
			       .n_companion = v->n_companion,
			       .companion = v->companion,
			       .n_node = SIM_NODES,
			       .node = v->slurm_node};
	struct observed seen = {.vms_known = v->vms_known,
				.n_vm = v->n_vm,
				.vm = v->vm,
				.disks_known = v->disks_known,
				.named_known = v->disks_known,
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
				.moves_known = v->vms_known,
				.nodes_known = v->vms_known,
				.n_node = SIM_NODES,
				.node = v->node};

	world_sort(&want, &seen);
	reconciler_lead(d->reconciler, sim_leads(w, d));
	d->wake_us = reconciler_round(d->reconciler, &want, &seen, sim_now(w));
}

/* ---- rules that hold at every moment ---- */

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
	requests_move(w);
	sim_several_follow(w);
	if (w->crashed)
		return;
	sim_leases_move(w);
	for (size_t i = 0; i < w->n_vmd; i++) {
		struct sim_vmd *d = &w->vmd[i];

		if (d->stopped_us)
			continue;
		views_move(w, d);
		if (d->wake_us <= w->now_us)
			round_run(w, d);
	}
	check(w);
	sim_sizes_check(w);
	if (w->script)
		script_check(w);
}

static void vmd_start(struct sim *w, struct sim_vmd *d)
{
	const struct action_port port = {.self = d, .apply = apply};
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
	w->policy.drain = (struct drain_policy){sim_chance(w, 4), sim_chance(w, 4)};
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct job *j = &w->job[i].job;

		*j = (struct job){
			.id = (uint32_t)(10 + i),
			.uid = 1000,
			.cpus = 1,
			.memory_bytes = UINT64_C(2) << 30,
			.batch = sim_chance(w, 2),
			.request = {.image = "tiny",
				    .scratch_bytes = sim_chance(w, 2),
				    .nonce = "00000000000000aa"}
                };
		j->requeue = j->batch && sim_chance(w, 4);
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
	sim_several_init(w);
}

void sim_init_move(struct sim *w, uint64_t seed, unsigned undo)
{
	world_init(w, seed, 0, 1);
	w->moves = w->script = true;
	w->undo = undo;
	for (size_t i = 0; i < SIM_JOBS; i++)
		w->job[i].job = (struct job){.id = (uint32_t)(10 + i),
					     .phase = JOB_ENDED,
					     .request = {.nonce = "00000000000000aa"}};
	w->job[0] = (struct sim_job){
		.job = {.id = 10,
			.uid = 1000,
			.cpus = 1,
			.memory_bytes = UINT64_C(2) << 30,
			.batch = seed % 4 != 0,
			.requeue = seed % 4 != 0,
			.request = {.image = "tiny", .nonce = "00000000000000aa"}},
		.next_us = 2 * SIM_S
        };
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
	if (w->grow.cpus)
		return *w->wrong || w->fits;
	return *w->wrong || w->undo || !w->job[0].job.batch || w->moved == 1;
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
	return !sim_has_companions(w) && (w->script || sim_is_in_service(w)) && is_at_rest(w);
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
	for (size_t i = 0; i < SIM_OBJECTS; i++) {
		if (w->vm[i].vm.phase != VM_ABSENT)
			printf("#   VM %s, phase %d on %s%s%s\n", w->vm[i].vm.name,
			       (int)w->vm[i].vm.phase, w->vm[i].vm.node,
			       sim_is_lost(w, w->vm[i].vm.node) ? ", which is lost" : "",
			       w->vm[i].guest ? ", with a guest" : "");
		if (*w->disk[i].name && !w->disk[i].kept_until_s)
			printf("#   disk %s\n", w->disk[i].name);
	}
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
