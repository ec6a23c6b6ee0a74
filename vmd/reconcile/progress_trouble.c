/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hinders a job from outside, and how long a job that waits for READY may last: the time
 * limits that make it FAILED. Pure. */
#include "vmd/reconcile/progress_parts.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/unreadable.h"

#define SECOND_US INT64_C(1000000)

const char *progress_trouble(const struct progress *p, const struct progress_view *v,
			     const struct holdings *h, int64_t *ret_since)
{
	const struct flight *f = inflight_trouble(v->flight, h->key, v->mono_us);
	const struct trouble *t = v->trouble;

	if (t && *t[TROUBLE_KUBE].text) {
		*ret_since = t[TROUBLE_KUBE].since_us;
		return t[TROUBLE_KUBE].text;
	}
	if (t && *t[TROUBLE_CEPH].text) {
		*ret_since = t[TROUBLE_CEPH].since_us;
		return t[TROUBLE_CEPH].text;
	}
	if (*p->disk.text) {
		*ret_since = p->disk.since_us;
		return p->disk.text;
	}
	if (f && !flight_is_refused(f)) {
		*ret_since = f->failing_since_us;
		return f->err.msg;
	}
	return NULL;
}

/* What nobody knows stays as it was. */
void progress_disk(struct progress *p, const struct job *j, const struct holdings *h,
		   const struct progress_view *v)
{
	const struct disk_seen *d = v->seen->disks_known ? unreadable_of(v->seen, h, j) : NULL;

	if (!v->seen->disks_known)
		return;
	if (d && !*p->disk.text)
		p->disk.since_us = v->mono_us;
	(void)snprintf(p->disk.text, sizeof(p->disk.text), "%s%s", d ? d->unreadable : "",
		       d ? " (your administrator can help)" : "");
}

/* Trouble outside stops the one clock and starts the other: a user's 15 minutes are not spent on an
 * API that is down. */
void progress_limits(struct progress *p, const struct holdings *h, const struct progress_view *v)
{
	char why[VM_REASON_MAX + 1];
	int64_t since_us = 0;
	const char *trouble = progress_trouble(p, v, h, &since_us);
	int64_t trouble_us = v->policy->trouble_timeout_s * SECOND_US;
	int64_t ready_us = v->policy->ready_timeout_s * SECOND_US;

	if (trouble) {
		progress_reason(p, "%s", trouble);
		if (trouble_us <= 0)
			return;
		/* It may be older than the job, whose time begins with it. */
		if (since_us < p->begun_us)
			since_us = p->begun_us;
		if (v->mono_us - since_us >= trouble_us)
			progress_fail(p, v, p->status.reason);
		else
			progress_due(p, since_us + trouble_us);
		return;
	}
	p->waited_us += v->mono_us - p->stepped_us;
	if (ready_us <= 0)
		return;
	if (p->waited_us < ready_us) {
		progress_due(p, v->mono_us + ready_us - p->waited_us);
		return;
	}
	(void)snprintf(why, sizeof(why), "not ready after %lld s: %s",
		       (long long)v->policy->ready_timeout_s, p->status.reason);
	progress_fail(p, v, why);
}
