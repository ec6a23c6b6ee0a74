/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of the wait. vmd out of reach is never a reason to fail before the time-out: the VM and the
 * job's time go on, and a restarted vmd continues where the old one was. A line is written when
 * something changed, and once in a while when nothing did, so that a log shows what the time went
 * for. */
#include "slurm-plugin/wait.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

/* A wait goes on for minutes: say so this often. */
#define REPEAT_US (60 * SEC_US)
/* The script runs, so the job does: vmd's list of jobs is a moment older. Not worth a line. */
#define STALE_US (10 * SEC_US)
/* vmd may not have the job in its list yet, or may itself be unable to ask Slurm about it. */
#define REFUSAL_GRACE_US (60 * SEC_US)
#define PAUSE_NEWS_US    (SEC_US / 20) /* several things change together */
#define PAUSE_MIN_US     (SEC_US / 2)
#define PAUSE_MAX_US     (5 * SEC_US)

static long long seconds(const struct wait *w, int64_t now_us)
{
	return (long long)((now_us - w->start_us) / SEC_US);
}

static bool is_late(const struct wait *w, int64_t now_us)
{
	return now_us - w->start_us >= w->timeout_us;
}

/* "slurm-vm: job 17: BOOTING 12 s: reason" */
static void say(struct wait *w, int64_t now_us, const char *what, const char *why, char *line,
		size_t size)
{
	(void)snprintf(line, size, "slurm-vm: job %u: %s %lld s%s%s", w->job, what,
		       seconds(w, now_us), why[0] ? ": " : "", why);
	w->said_us = now_us;
	w->said_anything = true;
}

static enum wait_verdict say_late(struct wait *w, int64_t now_us, const char *why, char *line,
				  size_t size)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "gave up: not %s after",
		       w->until == VM_WAIT_RUNNING ? "running" : "ready");
	say(w, now_us, what, why, line, size);
	return WAIT_LATE;
}

static bool is_reached(const struct wait *w, const struct vm_report *r)
{
	if (str_eq(r->state, "READY"))
		return true;
	return w->until == VM_WAIT_RUNNING && str_eq(r->state, "BOOTING");
}

/* A host was lost, and Slurm has begun the job elsewhere before vmd has heard of it. */
static bool is_of_run_before(const struct wait *w, const struct vm_report *r)
{
	return w->node[0] && r->host[0] && !job_node_same(r->host, w->node);
}

static bool is_stale(const struct wait *w, int64_t now_us, const struct vm_report *r)
{
	return (str_eq(r->state, "UNKNOWN") || str_eq(r->state, "PENDING") ||
		is_of_run_before(w, r)) &&
	       now_us - w->start_us < STALE_US;
}

enum wait_verdict wait_report(struct wait *w, int64_t now_us, const struct vm_report *r, char *line,
			      size_t size)
{
	bool first = w->last.state[0] == '\0';
	bool changed = !str_eq(r->state, w->last.state) || !str_eq(r->reason, w->last.reason);
	bool back = w->silent_us != 0;

	line[0] = '\0';
	w->silent_us = w->refused_us = 0;
	w->news = r->seen[0] && !str_eq(r->seen, w->seen);
	(void)str_copy(w->seen, sizeof(w->seen), r->seen);
	if (is_stale(w, now_us, r))
		return WAIT_ON;
	w->last = *r;
	if (is_reached(w, r)) {
		if (!(w->quiet_when_ready && first && !w->said_anything))
			say(w, now_us, r->state, r->reason, line, size);
		return WAIT_DONE;
	}
	if (str_eq(r->state, "FAILED") || str_eq(r->state, "STOPPED")) {
		say(w, now_us, r->state, r->reason, line, size);
		return WAIT_FAILED;
	}
	if (is_late(w, now_us)) {
		char why[sizeof(r->state) + sizeof(r->reason) + 4];

		(void)snprintf(why, sizeof(why), "%s%s%s", r->state, r->reason[0] ? ": " : "",
			       r->reason);
		return say_late(w, now_us, why, line, size);
	}
	if (changed || back || now_us - w->said_us >= REPEAT_US)
		say(w, now_us, r->state, r->reason, line, size);
	return WAIT_ON;
}

/* Whether vmd was reached and said no, as opposed to not having been reached. */
static bool is_refusal(enum err_kind kind)
{
	switch (kind) {
	case ERR_ABSENT:
	case ERR_DENIED:
	case ERR_INVALID: return true;
	case ERR_NONE:
	case ERR_RETRY:
	case ERR_UNSURE:
	case ERR_CONFLICT:
	case ERR_FULL: return false;
	}
	return false;
}

enum wait_verdict wait_error(struct wait *w, int64_t now_us, const struct err *e, char *line,
			     size_t size)
{
	line[0] = '\0';
	w->seen[0] = '\0';
	w->news = false;
	if (is_refusal(e->kind)) {
		w->silent_us = 0;
		if (!w->refused_us)
			w->refused_us = now_us;
		if (now_us - w->refused_us < REFUSAL_GRACE_US)
			return WAIT_ON;
		say(w, now_us, "vmd refuses after", e->msg, line, size);
		return WAIT_FAILED;
	}
	w->refused_us = 0;
	if (is_late(w, now_us))
		return say_late(w, now_us, e->msg, line, size);
	if (w->silent_us && now_us - w->said_us < REPEAT_US)
		return WAIT_ON;
	if (!w->silent_us)
		w->silent_us = now_us;
	say(w, now_us, "vmd does not answer, waiting", e->msg, line, size);
	return WAIT_ON;
}

/* vmd keeps a question until there is news, if it can: then it was the pause. If it cannot, ask
 * often while things move fast, seldom when they do not: a site may boot a thousand at once. */
int64_t wait_pause_us(const struct wait *w, int64_t now_us)
{
	int64_t waited_us = now_us - w->start_us;
	int64_t left_us = w->timeout_us - waited_us;
	int64_t pause_us = waited_us / 20;

	if (w->news)
		return PAUSE_NEWS_US;
	if (pause_us < PAUSE_MIN_US)
		pause_us = PAUSE_MIN_US;
	if (pause_us > PAUSE_MAX_US)
		pause_us = PAUSE_MAX_US;
	if (w->seen[0])
		pause_us -= now_us - w->asked_us;
	if (pause_us < PAUSE_NEWS_US)
		pause_us = PAUSE_NEWS_US;
	return left_us > 0 && left_us < pause_us ? left_us : pause_us;
}
