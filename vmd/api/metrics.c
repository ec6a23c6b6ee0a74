/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prometheus' text format, version 0.0.4. Names and labels are listed in vmd(8). Every series that
 * can come is there from the start, with 0, so that rate() sees the first event. */
#include "vmd/api/metrics.h"

#include <string.h>

static const int64_t bucket_us[METRICS_BUCKETS] = {
	5000,   10000,   25000,   50000,   100000,   250000,
	500000, 1000000, 2500000, 5000000, 10000000, 30000000,
};

void metrics_action(struct metrics *m, enum action_kind kind, enum err_kind result, int64_t took_us)
{
	m->action[kind][result]++;
	m->action_us[kind] += took_us;
}

static void observe(struct metrics_histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < METRICS_BUCKETS && us > bucket_us[i])
		i++;
	h->bucket[i]++;
	h->sum_us += us;
}

void metrics_hint_to_create(struct metrics *m, int64_t took_us, int64_t own_us)
{
	observe(&m->hint_to_create, took_us);
	observe(&m->hint_to_create_own, own_us);
}

static void head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number(struct strbuf *out, const char *name, const char *type, const char *help,
		   uint64_t value)
{
	head(out, name, type, help);
	strbuf_addf(out, "%s %llu\n", name, (unsigned long long)value);
}

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

static const char *result_name(size_t kind)
{
	return kind == ERR_NONE ? "ok" : err_kind_name((enum err_kind)kind);
}

static void add_actions(const struct metrics *m, struct strbuf *out)
{
	head(out, "vmd_actions_total", "counter", "Actions that ended, by kind and result.");
	for (size_t k = 0; k < METRICS_ACTIONS; k++)
		for (size_t r = 0; r < METRICS_RESULTS; r++)
			strbuf_addf(out, "vmd_actions_total{action=\"%s\",result=\"%s\"} %llu\n",
				    action_name((enum action_kind)k), result_name(r),
				    (unsigned long long)m->action[k][r]);
	head(out, "vmd_action_seconds_total", "counter", "Time actions took, by kind.");
	for (size_t k = 0; k < METRICS_ACTIONS; k++)
		strbuf_addf(out, "vmd_action_seconds_total{action=\"%s\"} %.6f\n",
			    action_name((enum action_kind)k), seconds(m->action_us[k]));
}

static void add_calls(struct strbuf *out, const char *source, const uint64_t *count)
{
	for (size_t r = 0; r < METRICS_RESULTS; r++)
		strbuf_addf(out, "vmd_calls_total{source=\"%s\",result=\"%s\"} %llu\n", source,
			    result_name(r), (unsigned long long)count[r]);
}

static void add_histogram(struct strbuf *out, const char *name, const char *help,
			  const struct metrics_histogram *h)
{
	unsigned long long sum = 0;

	head(out, name, "histogram", help);
	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		sum += h->bucket[i];
		strbuf_addf(out, "%s_bucket{le=\"%g\"} %llu\n", name, seconds(bucket_us[i]), sum);
	}
	sum += h->bucket[METRICS_BUCKETS];
	strbuf_addf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name, sum,
		    name, seconds(h->sum_us), name, sum);
}

static void add_jobs(const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_jobs", "gauge", "Jobs with a VM, by the VM's state.");
	for (int s = VM_STATE_UNKNOWN; s <= VM_STATE_FAILED; s++)
		strbuf_addf(out, "vmd_jobs{state=\"%s\"} %llu\n", vm_state_name((enum vm_state)s),
			    (unsigned long long)v->jobs[s]);
}

static void add_moves(const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_moves", "gauge",
	     "VMs that move to another node, or should and cannot, by phase.");
	for (int p = MOVE_BLOCKED; p <= MOVE_UNAIM; p++)
		strbuf_addf(out, "vmd_moves{phase=\"%s\"} %llu\n",
			    move_phase_name((enum move_phase)p), (unsigned long long)v->moves[p]);
}

static void add_workers(const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_worker_oldest_job_seconds", "gauge",
	     "Age of the oldest unfinished call into a blocking library.");
	for (size_t i = 0; i < v->n_worker; i++)
		strbuf_addf(out, "vmd_worker_oldest_job_seconds{worker=\"%s\"} %.6f\n",
			    v->worker[i].name, seconds(v->worker[i].age_us));
}

static void add_lease(const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_leads", "gauge", "1: this vmd acts; 0: it only looks.");
	strbuf_addf(out, "vmd_leads %d\n", v->leads);
	head(out, "vmd_leader_info", "gauge", "Always 1; on which host the vmd is that acts.");
	strbuf_addf(out, "vmd_leader_info{host=\"%s\"} 1\n", v->leader);
}

static void add_known(const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_known", "gauge",
	     "Whether the list was read whole: without it nothing is deleted.");
	strbuf_addf(out,
		    "vmd_known{list=\"jobs\"} %d\nvmd_known{list=\"vms\"} %d\n"
		    "vmd_known{list=\"disks\"} %d\n",
		    v->slurm_known, v->vms_known, v->disks_known);
}

void metrics_text(const struct metrics *m, const struct metrics_view *v, struct strbuf *out)
{
	head(out, "vmd_build_info", "gauge", "Always 1; the version is a label.");
	strbuf_addf(out, "vmd_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	number(out, "vmd_rounds_total", "counter", "Rounds of looking and planning.",
	       v->counts.rounds);
	number(out, "vmd_actions_started_total", "counter", "Actions begun.", v->counts.actions);
	number(out, "vmd_action_failures_total", "counter", "Actions that failed.",
	       v->counts.failures);
	number(out, "vmd_action_conflicts_total", "counter",
	       "Actions refused because the object had changed.", v->counts.conflicts);
	number(out, "vmd_actions_in_flight", "gauge", "Actions begun and not ended.",
	       v->counts.in_flight);
	number(out, "vmd_approval_wanted", "gauge",
	       "1: deletions are held back until somebody approves.", v->counts.approval_wanted);
	number(out, "vmd_held_vms", "gauge",
	       "VMs whose jobs Slurm does not know, held back until somebody approves.", v->held);
	add_actions(m, out);
	head(out, "vmd_calls_total", "counter",
	     "Changes in Kubernetes, lists of Slurm and Ceph, by result.");
	add_calls(out, "kube", m->kube_request);
	add_calls(out, "slurm", m->slurm_load);
	add_calls(out, "rbd", m->rbd_list);
	number(out, "vmd_hints_total", "counter", "Hints received.", m->hint);
	add_histogram(out, "vmd_hint_to_create_seconds",
		      "From a job's first hint to its VM accepted by the API.", &m->hint_to_create);
	add_histogram(out, "vmd_hint_to_create_own_seconds",
		      "The same without waiting for Slurm, Kubernetes and Ceph.",
		      &m->hint_to_create_own);
	add_jobs(v, out);
	add_moves(v, out);
	add_known(v, out);
	number(out, "vmd_unreadable_disks", "gauge",
	       "Images of jobs that cannot be read: whatever concerns these jobs waits.",
	       v->unreadable);
	add_lease(v, out);
	add_workers(v, out);
	number(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
	       v->resident_bytes);
	number(out, "process_start_time_seconds", "gauge", "Start, seconds since 1970.",
	       (uint64_t)v->start_s);
}

/* /proc never blocks. */
uint64_t metrics_resident_bytes(void)
{
	AUTO(fclose) FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long size, resident;
	long page = sysconf(_SC_PAGESIZE);

	if (!f || page <= 0 || fscanf(f, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)page;
}
