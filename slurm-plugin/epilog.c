/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The epilog holds the node until the job's VM is off it. One that fails drains the node, which is
 * right when a VM may still be running there (tried on 22.05, see slurm-vm(8)). */
#include "slurm-plugin/epilog.h"

#include "slurm-plugin/ask.h"
#include "slurm-plugin/compute.h"
#include "slurm-plugin/key_file.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define PAUSE_US      (SEC_US / 5)
#define PAUSE_MAX_US  (5 * SEC_US)
#define NEWS_PAUSE_US (SEC_US / 20) /* several things change together */
#define SWEEP_AGE_S   600
#define SWEEP_MAX     16

struct epilog {
	const struct plugin *p;
	uint32_t job;
	char node[JOB_NODE_MAX + 1]; /* this one: the epilogs of others answer for theirs */
	bool told;                   /* that its time is too short */
	bool news;                   /* the last answer was another one than before */
	struct vm_report r;          /* the last answer */
	char why[400];               /* the node is not clear, as far as is known */
	int64_t deadline_us;
};

/* An epilog that gives up before the guest is killed drains the node for nothing. */
static void grace_check(struct epilog *ep)
{
	int64_t timeout_s = ep->p->settings.epilog_timeout_s;

	if (ep->r.grace_s < timeout_s || ep->told)
		return;
	ep->told = true;
	slurm_error("slurm-vm: job=%u epilog: epilog_timeout=%lld in plugstack.conf is not longer "
		    "than the image's grace of %lld s in vmd.yaml",
		    ep->job, (long long)timeout_s, (long long)ep->r.grace_s);
}

/* false: not yet, or unknown; why says what is known. */
static bool node_is_clear(struct epilog *ep, int64_t left_us)
{
	int64_t call_ms = left_us / MSEC_US;
	struct err e = {.kind = ERR_NONE};
	char seen[sizeof(ep->r.seen)];

	/* Its last seconds are not spent on waiting for news. */
	(void)str_copy(seen, sizeof(seen), call_ms > ASK_NEWS_TIMEOUT_MS ? ep->r.seen : "");
	if (call_ms > ASK_NEWS_TIMEOUT_MS)
		call_ms = ASK_NEWS_TIMEOUT_MS;
	ep->r.seen[0] = '\0';
	ep->news = false;
	if (ask_show(&ep->p->settings, ep->job, ep->node, seen, call_ms < 1 ? 1 : (int)call_ms,
		     &ep->r, &e) < 0) {
		(void)snprintf(ep->why, sizeof(ep->why), "%s", e.msg);
		return e.kind == ERR_ABSENT; /* asked Slurm, too: the job never had a VM */
	}
	ep->news = seen[0] && !str_eq(seen, ep->r.seen);
	grace_check(ep);
	(void)snprintf(ep->why, sizeof(ep->why), "VM %s is %s%s%s", ep->r.vm, ep->r.state,
		       ep->r.reason[0] ? ": " : "", ep->r.reason);
	return ep->r.node_clear;
}

static int epilog_wait(struct epilog *ep)
{
	int64_t next_us = PAUSE_US;
	struct err e;

	(void)ask_hint(&ep->p->settings, ep->job, NULL, 0, ASK_HINT_TIMEOUT_MS, &e);
	for (;;) {
		int64_t asked_us = clock_mono_us();
		int64_t left_us = ep->deadline_us - asked_us;
		int64_t rest_us;

		if (left_us <= 0)
			break;
		if (node_is_clear(ep, left_us))
			return 0;
		left_us = ep->deadline_us - clock_mono_us();
		rest_us = ep->news
				  ? NEWS_PAUSE_US
				  : next_us - (clock_mono_us() - asked_us); /* it may have waited */
		if (rest_us > left_us)
			rest_us = left_us;
		if (rest_us > 0)
			compute_pause_us(rest_us);
		if (next_us < PAUSE_MAX_US)
			next_us += next_us / 4;
	}
	slurm_error(
		"slurm-vm: job=%u epilog: after %lld s vmd does not confirm that the VM has left "
		"this node, so the node must be drained: %s",
		ep->job, (long long)ep->p->settings.epilog_timeout_s, ep->why);
	return -1;
}

/* The epilog of a job that slurmctld has forgotten does not know that there was a VM. What it
 * leaves is taken away by the next one that does, when vmd has no such job; a place that is new may
 * be of a job that vmd has not heard of. */
static void sweep(const struct epilog *ep)
{
	uint32_t job[SWEEP_MAX];
	size_t n = key_file_list(SWEEP_AGE_S, job, SWEEP_MAX);

	for (size_t i = 0; i < n; i++) {
		struct err e = {.kind = ERR_NONE};
		struct vm_report r;

		if (job[i] == ep->job ||
		    ask_show(&ep->p->settings, job[i], "", "", ASK_HINT_TIMEOUT_MS, &r, &e) == 0)
			continue;
		if (e.kind != ERR_ABSENT)
			return;
		if (key_file_remove(job[i], &e) < 0)
			slurm_error("slurm-vm: job=%u epilog: of job %u: %s", ep->job, job[i],
				    e.msg);
	}
}

int epilog_run(spank_t spank, const struct plugin *p)
{
	struct err e = {.kind = ERR_NONE};
	char var[OPTION_VAR_MAX + 1];
	struct epilog ep = {.p = p};
	uint32_t job;

	/* The nonce alone has an allocation that vmd made, and that may have become a job's. */
	if (!getenv(vm_option_variable("SPANK_", p->settings.prefix, OPTION_IMAGE, var,
				       sizeof(var))) &&
	    !getenv("SPANK_" NONCE_VARIABLE))
		return 0;
	job = compute_job_id(spank);
	if (key_file_remove(job, &e) < 0)
		slurm_error("slurm-vm: job=%u epilog: %s", job, e.msg);
	if (p->settings_error.kind != ERR_NONE) {
		slurm_error("slurm-vm: job=%u epilog: vmd cannot be asked whether the VM has left "
			    "this node, so the node must be drained: %s",
			    job, p->settings_error.msg);
		return -1;
	}
	ep.job = job;
	compute_node_name(getenv("SLURMD_NODENAME"), ep.node, sizeof(ep.node));
	ep.deadline_us = clock_mono_us() + p->settings.epilog_timeout_s * SEC_US;
	if (epilog_wait(&ep) < 0)
		return -1;
	sweep(&ep);
	return 0;
}
