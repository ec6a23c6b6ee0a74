/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the parts, runs the rounds, takes in settings anew. vmd starts and answers whatever is
 * down: what cannot be reached is a reason in the jobs' status and in /healthz, not an end. Only
 * bad settings and an address that cannot be listened on end it. Loop thread. */
#include "vmd/daemon.h"

#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/catalogue_file.h"
#include "vmd/lead.h"
#include "vmd/reconcile/recover.h"
#include "vmd/slurm/slurm_jobs.h"

#include <string.h>
#include <systemd/sd-event.h>

struct now daemon_now(void)
{
	return (struct now){.mono_us = clock_mono_us(), .wall_s = clock_wall_s()};
}

void daemon_round_soon(struct daemon *d)
{
	(void)sd_event_source_set_enabled(d->round, SD_EVENT_ONESHOT);
}

/* ---- one round ---- */

static void observe(struct daemon *d)
{
	d->seen = (struct observed){.vms_known = false};
	if (d->kube)
		kube_observe(d->kube, &d->seen);
	if (d->disks)
		disk_view_observe(d->disks, &d->seen);
	lead_doubt(d, &d->seen);
}

/* The image's profile says how a guest answers; a VM whose job is gone is not asked any more. One
 * whose image has left the catalogue is: what it has answered counts on. */
static void probe(struct daemon *d, const struct desired *want)
{
	for (size_t i = 0; i < d->seen.n_vm; i++) {
		struct vm_seen *vm = &d->seen.vm[i];
		const struct job *j = world_job(want, vm->job_key);
		const struct image *image =
			j ? catalogue_find(&d->settings->catalogue, j->request.image) : NULL;

		vm->reachable =
			image && vm->phase == VM_RUNNING && vm->address[0] &&
			prober_ask(d->prober, vm->name, vm->node, vm->address, image->profile);
	}
	prober_sweep(d->prober);
}

/* Of all its machines, the first of which is that. */
static bool is_clear(struct daemon *d, const struct desired *want, size_t first)
{
	for (size_t i = first; i < want->n && job_is_same(&want->job[i], &want->job[first]); i++) {
		const struct vm_status *s =
			reconciler_rank_status(d->reconciler, want->job[i].id, want->job[i].rank);

		if (!s || !s->node_clear)
			return false;
	}
	return true;
}

/* An epilog that finds its node clear returns, and when all have, the job ends. */
static void expect_ends(struct daemon *d, const struct desired *want)
{
	for (size_t i = 0; want->known && i < want->n; i++)
		if (want->job[i].phase == JOB_ENDING && want->job[i].rank == 0 &&
		    is_clear(d, want, i))
			slurm_view_expect_end(d->slurm, want->job[i].id);
}

/* Said once when deletions begin to wait for an administrator, and when that is over. */
static void tell_brake(struct daemon *d)
{
	const struct plan *p = reconciler_plan(d->reconciler);

	if (p->approval && !d->braked)
		log_warn("event=brake vms=%zu first=%s err=\"Slurm does not know the jobs of so "
			 "many "
			 "VMs; they stay until: vmctl admin approve\"",
			 p->held, p->held_vm[0]);
	else if (!p->approval && d->braked)
		log_info("event=brake-off");
	d->braked = p->approval;
}

static void run_round(struct daemon *d)
{
	struct desired *want = slurm_view_world(d->slurm);
	bool acts = lead_acts(d);
	int64_t next_us;

	observe(d);
	world_sort(want, &d->seen);
	recover_fill(want, &d->seen, d->settings->policy.slurm_uid);
	probe(d, want);
	reconciler_lead(d->reconciler, acts);
	next_us = reconciler_round(d->reconciler, want, &d->seen, daemon_now());
	if (acts) {
		expect_ends(d, want);
		tell_brake(d);
	}
	requests_look(&d->requests);
	(void)sd_event_source_set_time(d->deadline, (uint64_t)next_us);
	(void)sd_event_source_set_enabled(d->deadline,
					  next_us == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_round(sd_event_source *source, void *userdata)
{
	(void)source;
	run_round(userdata);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	daemon_round_soon(userdata);
	return 0;
}

static int on_news_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source, (void)usec;
	requests_look(&d->requests);
	return 0;
}

/* ---- what the parts tell ---- */

static void on_changed(void *ctx)
{
	daemon_round_soon(ctx);
}

static void on_answered(void *ctx, const char *vm)
{
	log_debug("object=%s event=answered", vm);
	daemon_round_soon(ctx);
}

/* Said once when it begins, changes and ends. */
static void say_trouble(struct daemon *d, const char *source, char *last, size_t size,
			const char *text)
{
	if (text && strncmp(last, text, size - 1) != 0)
		log_warn("source=%s event=trouble err=\"%s\"", source, text);
	else if (!text && last[0])
		log_info("source=%s event=recovered", source);
	(void)snprintf(last, size, "%s", text ? text : "");
	daemon_round_soon(d);
}

static void on_slurm_trouble(void *ctx, const char *text)
{
	struct daemon *d = ctx;

	say_trouble(d, "slurm", d->slurm_trouble, sizeof(d->slurm_trouble), text);
}

/* The watches' trouble comes first: without an API there is no Lease either. */
void daemon_trouble_kube(struct daemon *d)
{
	const char *lease = d->lease ? kube_lease_trouble(d->lease) : "";
	bool hinders = *lease && !kube_lease_leads(d->lease) && !kube_lease_is_others(d->lease);
	char text[240];

	(void)snprintf(text, sizeof(text), "%s%.220s",
		       d->watch_trouble[0] || !hinders ? "" : "Kubernetes: ",
		       d->watch_trouble[0] ? d->watch_trouble
		       : hinders           ? lease
					   : "");
	if (!text[0] && !d->kube_trouble[0])
		return;
	reconciler_trouble(d->reconciler, TROUBLE_KUBE, text[0] ? text : NULL, daemon_now());
	say_trouble(d, "kube", d->kube_trouble, sizeof(d->kube_trouble), text[0] ? text : NULL);
}

static void on_kube_trouble(void *ctx, const char *text)
{
	struct daemon *d = ctx;

	(void)snprintf(d->watch_trouble, sizeof(d->watch_trouble), "%s", text ? text : "");
	daemon_trouble_kube(d);
}

static void on_ceph_trouble(void *ctx, const char *text)
{
	struct daemon *d = ctx;

	reconciler_trouble(d->reconciler, TROUBLE_CEPH, text, daemon_now());
	say_trouble(d, "ceph", d->ceph_trouble, sizeof(d->ceph_trouble), text);
}

static void on_loaded(void *ctx, enum err_kind kind)
{
	((struct daemon *)ctx)->metrics.slurm_load[kind]++;
	daemon_round_soon(ctx);
}

static void on_listed(void *ctx, enum err_kind kind)
{
	((struct daemon *)ctx)->metrics.rbd_list[kind]++;
}

static void on_unreadable(void *ctx, const char *name, const char *why)
{
	(void)ctx;
	if (why)
		log_warn("object=%s event=unreadable err=\"%s\"", name, why);
	else
		log_info("object=%s event=readable", name);
}

static void on_missing(void *ctx, const char *image, const char *revision, const char *text)
{
	(void)ctx;
	log_warn("image=%s revision=%s event=golden err=\"%s\"", image, revision, text);
}

/* The time of a start runs while the job does: one that waits to be queued again is not slow. */
static void on_asking(void *ctx, uint32_t job_id, bool begins)
{
	struct daemon *d = ctx;
	const struct desired *want = slurm_view_desired(d->slurm);

	if (begins) {
		timing_begin(&d->timings, job_id, TIMING_SLURM, clock_mono_us());
		return;
	}
	timing_end(&d->timings, job_id, TIMING_SLURM, clock_mono_us());
	for (size_t i = 0; i < want->n; i++)
		if (want->job[i].id == job_id && want->job[i].phase != JOB_RUNNING)
			timing_forget(&d->timings, job_id);
}

static void on_slurm_log(void *ctx, uint32_t job_id, const char *text)
{
	(void)ctx;
	log_warn("job=%u event=refused err=\"%s\"", job_id, text);
}

/* ---- building ---- */

/* Objects are labelled and marked with the cluster's name: nothing can be seen or made before. */
static int start_outside(struct daemon *d, struct err *e)
{
	struct kube_callbacks kube = {
		.ctx = d, .changed = on_changed, .trouble = on_kube_trouble, .gate = &d->gate};
	struct disk_view_callbacks disks = {.ctx = d,
					    .changed = on_changed,
					    .listed = on_listed,
					    .trouble = on_ceph_trouble,
					    .unreadable = on_unreadable,
					    .missing = on_missing,
					    .gate = &d->gate};

	if (d->kube)
		return 0;
	if (disk_view_new(d->loop, d->settings, &disks, &d->disks, e) < 0 ||
	    kube_new(d->loop, d->settings, &kube, &d->kube, e) < 0)
		return -1;
	disk_view_check_golden(d->disks, &d->settings->catalogue);
	return lead_start(d, e);
}

static void on_cluster(void *ctx, const char *name, uint32_t slurm_uid)
{
	struct daemon *d = ctx;
	struct err e;

	d->requests.slurm_uid = slurm_uid;
	d->settings->policy.slurm_uid = slurm_uid;
	if (!d->settings->cluster[0])
		(void)str_copy(d->settings->cluster, sizeof(d->settings->cluster), name);
	log_info("event=cluster name=%s slurm_uid=%u", d->settings->cluster, slurm_uid);
	if (start_outside(d, &e) < 0) {
		log_error("event=exit err=\"%s\"", e.msg);
		(void)sd_event_exit(d->loop, 1);
	}
}

static int start_slurm(struct daemon *d, struct err *e)
{
	struct slurm_view_settings s = {.poll_s = d->settings->slurm_poll_s,
					.ctx = d,
					.changed = on_changed,
					.loaded = on_loaded,
					.trouble = on_slurm_trouble,
					.cluster = on_cluster,
					.asking = on_asking,
					.log = on_slurm_log,
					.gate = &d->gate};

	slurm_jobs_start();
	return slurm_view_new(d->loop, &s, &d->slurm, e);
}

static int start_server(struct daemon *d, struct err *e)
{
	const struct settings *s = d->settings;
	struct server_settings listeners = {.listen = s->listen,
					    .metrics_listen = s->metrics_listen,
					    .munge_socket = s->munge_socket};
	struct server_handlers handlers = {.ctx = &d->requests,
					   .handle = requests_handle,
					   .metrics = answer_metrics,
					   .health = answer_health};

	answer_ports(d, &d->requests.port);
	return server_new(d->loop, &listeners, &handlers, &d->server, e);
}

static void write_catalogue(const struct daemon *d)
{
	struct err e;

	if (catalogue_file_write(d->settings->catalogue_file, &d->settings->catalogue, &e) < 0)
		log_warn("event=catalogue err=\"%s\"", e.msg);
}

static int start_rounds(struct daemon *d, struct err *e)
{
	struct action_port port = {.self = d, .apply = apply_action};

	d->reconciler = reconciler_new(&d->settings->catalogue, &d->settings->policy, &port);
	/* Idle priority: what is pending is taken in first, then one round looks at all of it. */
	if (sd_event_add_defer(d->loop, &d->round, on_round, d) < 0 ||
	    sd_event_source_set_priority(d->round, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_source_set_exit_on_failure(d->round, true) < 0 ||
	    sd_event_add_time(d->loop, &d->deadline, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_deadline,
			      d) < 0 ||
	    sd_event_source_set_exit_on_failure(d->deadline, true) < 0 ||
	    sd_event_add_time(d->loop, &d->news, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_news_late,
			      d) < 0 ||
	    sd_event_source_set_enabled(d->news, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_exit_on_failure(d->news, true) < 0)
		return err_set(e, ERR_RETRY, "cannot set up the event loop");
	return 0;
}

#define HOOK_LIMIT_US (30 * SEC_US) /* of a program of the site */

#define CA_MAX (64 << 10) /* of the 256 KiB a reply may have */

static int read_ca(struct daemon *d, struct err *e)
{
	AUTO(fclose) FILE *f = NULL;
	size_t n;

	d->kube_ca = calloc(1, CA_MAX + 1);
	if (!d->kube_ca)
		abort();
	if (!d->settings->kube_ca_file[0])
		return 0;
	f = fopen(d->settings->kube_ca_file, "re");
	if (!f)
		return err_set(e, ERR_ABSENT, "kubernetes: ca_file: %s: %m",
			       d->settings->kube_ca_file);
	n = fread(d->kube_ca, 1, CA_MAX + 1, f);
	if (n > CA_MAX || memchr(d->kube_ca, '\0', n))
		return err_set(e, ERR_INVALID, "kubernetes: ca_file: %s: no PEM, or over %d bytes",
			       d->settings->kube_ca_file, CA_MAX);
	return 0;
}

int daemon_start(struct daemon *d, struct err *e)
{
	struct prober_settings probes = {.ssh_port = 22,
					 .rdp_port = 3389,
					 .interval_us = 100 * MSEC_US,
					 .timeout_us = 3 * SEC_US,
					 .answered = on_answered,
					 .ctx = d};

	d->start_s = clock_wall_s();
	write_catalogue(d);
	if (read_ca(d, e) < 0 || start_rounds(d, e) < 0)
		return -1;
	d->prober = prober_new(d->loop, &probes);
	hooks_new(d->loop, HOOK_LIMIT_US, &d->hooks);
	if (start_slurm(d, e) < 0 || start_server(d, e) < 0)
		return -1;
	return d->settings->cluster[0] ? start_outside(d, e) : 0;
}

/* ---- settings, anew ---- */

/* What of new may be taken over while running. new keeps the rest. */
static void adopt(struct settings *s, struct settings *new)
{
	struct catalogue old = s->catalogue;

	s->slurm_poll_s = new->slurm_poll_s;
	memcpy(s->catalogue_file, new->catalogue_file, sizeof(s->catalogue_file));
	memcpy(s->network, new->network, sizeof(s->network));
	s->n_network = new->n_network;
	s->policy = new->policy;
	memcpy(s->ready_hook, new->ready_hook, sizeof(s->ready_hook));
	s->catalogue = new->catalogue;
	new->catalogue = old;
}

/* Is anything else different? Compared by text, section by section. */
static bool needs_restart(const struct settings *a, const struct settings *b)
{
	return !str_eq(a->listen, b->listen) || !str_eq(a->metrics_listen, b->metrics_listen) ||
	       !str_eq(a->munge_socket, b->munge_socket) ||
	       (b->cluster[0] && !str_eq(a->cluster, b->cluster)) ||
	       !str_eq(a->kube_server, b->kube_server) ||
	       !str_eq(a->kube_ca_file, b->kube_ca_file) ||
	       !str_eq(a->kube_token_file, b->kube_token_file) ||
	       !str_eq(a->kube_namespace, b->kube_namespace) ||
	       a->kube_timeout_s != b->kube_timeout_s || !str_eq(a->lease_name, b->lease_name) ||
	       a->lease_duration_s != b->lease_duration_s || !str_eq(a->ceph_conf, b->ceph_conf) ||
	       !str_eq(a->ceph_user, b->ceph_user) || !str_eq(a->ceph_keyring, b->ceph_keyring) ||
	       !str_eq(a->ceph_pool, b->ceph_pool) || !str_eq(a->disks_pool, b->disks_pool) ||
	       !str_eq(a->ceph_cluster_id, b->ceph_cluster_id) ||
	       !str_eq(a->ceph_secret, b->ceph_secret) || a->ceph_timeout_s != b->ceph_timeout_s ||
	       a->ceph_threads != b->ceph_threads || a->ceph_blocklist_s != b->ceph_blocklist_s;
}

void daemon_reload(struct daemon *d)
{
	AUTO(settings_free) struct settings *new = NULL;
	struct err e;

	if (settings_load(d->config, &new, &e) < 0) {
		log_error("event=reload result=refused err=\"%s\"", e.msg);
		return;
	}
	if (needs_restart(d->settings, new))
		log_warn("event=reload err=\"api, kubernetes, lease, ceph, disks.pool and "
			 "slurm.cluster take effect at the next start\"");
	/* The pool belongs to what needs a restart. */
	memcpy(new->policy.pool, d->settings->policy.pool, sizeof(new->policy.pool));
	new->policy.slurm_uid = d->settings->policy.slurm_uid; /* Slurm's to say */
	adopt(d->settings, new);
	reconciler_configure(d->reconciler, &d->settings->catalogue, &d->settings->policy);
	if (d->kube)
		kube_settings(d->kube, d->settings);
	if (d->disks)
		disk_view_check_golden(d->disks, &d->settings->catalogue);
	slurm_view_set_poll(d->slurm, d->settings->slurm_poll_s);
	write_catalogue(d);
	daemon_round_soon(d);
	log_info("event=reload result=ok images=%zu", d->settings->catalogue.n);
}
