/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See lead.h. Taking over is starting: a new leader knows nothing that is older than its Lease. Its
 * own jobs, disks and Kubernetes objects were read while another one changed them, and an old list
 * of jobs beside new VMs would make their jobs look as if Slurm had never heard of them. */
#include "vmd/lead.h"

#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"
#include "vmd/lease/holder.h"

#include <systemd/sd-event.h>

#define DRAIN_US  (3 * SEC_US) /* for what is under way; it does no harm when it is late */
#define LET_GO_US (2 * SEC_US)

static void on_changed(void *ctx)
{
	struct daemon *d = ctx;
	int64_t since_us = kube_lease_since_us(d->lease);
	bool first = !d->watching;
	struct err e;

	/* Not before: what is listed now is listed once, if this vmd leads from the start. */
	if (first && kube_start(d->kube, &e) == 0)
		d->watching = true;
	if (since_us && since_us != d->led_since_us) {
		slurm_view_refresh(d->slurm);
		disk_view_refresh(d->disks);
		if (!first)
			kube_refresh(d->kube);
		d->led_since_us = since_us;
	}
	daemon_trouble_kube(d);
	daemon_round_soon(d);
}

int lead_start(struct daemon *d, struct err *e)
{
	struct kube_lease_callbacks cb = {.ctx = d, .changed = on_changed, .gate = &d->gate};

	if (kube_lease_new(d->loop, d->settings, &cb, &d->lease, e) < 0)
		return -1;
	kube_lease_start(d->lease);
	return 0;
}

bool lead_acts(const struct daemon *d)
{
	int64_t since_us = d->lease ? kube_lease_since_us(d->lease) : 0;

	return since_us > 0 && !d->leaving && slurm_view_asked_us(d->slurm) >= since_us;
}

void lead_doubt(const struct daemon *d, struct observed *seen)
{
	int64_t since_us = d->lease ? kube_lease_since_us(d->lease) : 0;

	if (since_us > 0 && disk_view_asked_us(d->disks) < since_us)
		seen->disks_known = seen->named_known = false;
}

void lead_host(const struct daemon *d, char *ret_host, size_t size)
{
	holder_host(d->lease ? kube_lease_holder(d->lease) : "", ret_host, size);
}

bool lead_is_others(const struct daemon *d, char *ret_host, size_t size)
{
	if (!d->lease || !kube_lease_is_others(d->lease))
		return false;
	lead_host(d, ret_host, size);
	return true;
}

/* ---- the end ---- */

static void on_left(void *ctx)
{
	struct daemon *d = ctx;

	log_info("event=exit");
	(void)sd_event_exit(d->loop, 0);
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source, (void)usec;
	if (d->letting_go) { /* the API does not answer: the Lease runs out by itself */
		on_left(d);
		return 0;
	}
	d->letting_go = true;
	kube_lease_leave(d->lease, on_left, d);
	(void)sd_event_source_set_time(d->end, (uint64_t)(clock_mono_us() + LET_GO_US));
	(void)sd_event_source_set_enabled(d->end, SD_EVENT_ONESHOT);
	return 0;
}

void lead_drained(struct daemon *d)
{
	if (d->leaving && !d->letting_go && reconciler_counts(d->reconciler).in_flight == 0)
		(void)sd_event_source_set_time(d->end, 0);
}

void lead_leave(struct daemon *d)
{
	bool leads = d->lease && kube_lease_leads(d->lease);
	int64_t wait_us = reconciler_counts(d->reconciler).in_flight ? DRAIN_US : 0;

	if (!leads || d->leaving ||
	    sd_event_add_time(d->loop, &d->end, CLOCK_MONOTONIC,
			      (uint64_t)(clock_mono_us() + wait_us), 1000, on_late, d) < 0) {
		on_left(d); /* nothing to let go, or told twice */
		return;
	}
	d->leaving = true;
}
