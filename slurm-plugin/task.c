/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where failures go decides what is done where (tried on 22.05, see slurm-vm(8)): an init that
 * fails drains the node, a task that exits fails the job only. So the wait for the VM is in the
 * task itself: the launch of the step is complete by then (no slurmd time-out is running), its
 * stderr is the job's, and scancel kills it like the script it stands for. */
#include "slurm-plugin/task.h"

#include "slurm-plugin/ask.h"
#include "slurm-plugin/compute.h"
#include "slurm-plugin/environment.h"
#include "slurm-plugin/key_file.h"
#include "vmd/base/clock.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KEY_PATIENCE_US (60 * SEC_US) /* a vmd starts anew, or another one takes over */

void task_prepare(spank_t spank, struct plugin *p)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (!vm_options_given(&p->options, OPTION_IMAGE) || p->options_error.kind != ERR_NONE)
		return;
	if (spank_get_item(spank, S_JOB_UID, &uid) != ESPANK_SUCCESS ||
	    spank_get_item(spank, S_JOB_GID, &gid) != ESPANK_SUCCESS) {
		(void)err_set(&p->options_error, ERR_INVALID, "Slurm does not say whose job it is");
		return;
	}
	(void)key_file_make(compute_job_id(spank), uid, gid, compute_is_batch_script(spank),
			    &p->options_error);
}

/* One of a step's tasks speaks for all. */
static bool is_first_task(spank_t spank)
{
	uint32_t task = 0;

	return spank_get_item(spank, S_TASK_GLOBAL_ID, &task) != ESPANK_SUCCESS || task == 0;
}

static enum wait_verdict wait_for_vm(const struct plugin *p, struct wait *w, bool silent)
{
	char line[WAIT_LINE_MAX];
	struct err e = {.kind = ERR_NONE};
	struct vm_report r;

	for (;;) {
		enum wait_verdict v;
		int64_t now_us;
		int asked;

		w->asked_us = clock_mono_us();
		asked = ask_show(&p->settings, w->job, "", w->seen, ASK_NEWS_TIMEOUT_MS, &r, &e);
		now_us = clock_mono_us();
		v = asked == 0 ? wait_report(w, now_us, &r, line, sizeof(line))
			       : wait_error(w, now_us, &e, line, sizeof(line));

		if (line[0] && !silent)
			(void)dprintf(STDERR_FILENO, "%s\n", line);
		if (v != WAIT_ON)
			return v;
		compute_pause_us(wait_pause_us(w, now_us));
	}
}

/* Returning an error to Slurm would end the process, too, but always with 1. */
static void task_end(int code, bool silent)
{
	if (!silent)
		(void)dprintf(STDERR_FILENO,
			      "slurm-vm: the script was not started (exit code %d)\n", code);
	_exit(code);
}

/* scancel shall end the wait as it ends the script. Two things are in the way until the exec:
 * slurmstepd's own signal handlers (24.11 leaves them in the task), and its name, which
 * proctrack/linuxproc spares. The mask is given back: the script inherits it. */
static void become_killable(sigset_t *ret_mask)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct sigaction act;

		(void)sigaddset(&set, ends[i]);
		if (sigaction(ends[i], NULL, &act) == 0 && act.sa_handler != SIG_IGN)
			(void)signal(ends[i], SIG_DFL);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, ret_mask);
	(void)prctl(PR_SET_NAME, "slurm-vm-wait");
}

/* What is known by now is better than nothing, and costs no wait. */
static void no_wait(spank_t spank, const struct plugin *p, uint32_t job)
{
	struct vm_report r;
	struct err e;

	if (ask_show(&p->settings, job, "", "", ASK_HINT_TIMEOUT_MS, &r, &e) == 0)
		environment_fill(spank, p, job, &r, 0);
}

/* Only a script that Slurm has begun again can be told of another run of its job. */
static void expect_here(spank_t spank, struct wait *w)
{
	char count[16] = "", name[JOB_NODE_MAX + 1] = "";

	if (!compute_is_batch_script(spank) ||
	    spank_getenv(spank, "SLURM_RESTART_COUNT", count, sizeof(count)) != ESPANK_SUCCESS ||
	    strcmp(count, "0") == 0)
		return;
	(void)spank_getenv(spank, "SLURMD_NODENAME", name, sizeof(name));
	compute_node_name(name, w->node, sizeof(w->node));
}

void task_wait(spank_t spank, const struct plugin *p)
{
	const struct err *bad =
		p->settings_error.kind != ERR_NONE ? &p->settings_error : &p->options_error;
	struct wait w = {.timeout_us = p->settings.ready_timeout_s * SEC_US,
			 .until = p->options.request.wait};
	struct err not_told;
	sigset_t mask;
	bool silent;

	if (!vm_options_given(&p->options, OPTION_IMAGE))
		return;
	become_killable(&mask);
	w.start_us = clock_mono_us();
	w.job = compute_job_id(spank);
	expect_here(spank, &w);
	w.quiet_when_ready = !compute_is_batch_script(spank);
	silent = !is_first_task(spank);
	if (bad->kind != ERR_NONE) {
		if (!silent)
			(void)dprintf(STDERR_FILENO, "slurm-vm: job %u: %s\n", w.job, bad->msg);
		task_end(EXIT_VM_FAILED, silent);
	}
	/* That the job runs vmd learns from this, or from its next poll. */
	(void)ask_hint(&p->settings, w.job, NULL, 0, ASK_HINT_TIMEOUT_MS, &not_told);
	if (w.until == VM_WAIT_NONE) {
		no_wait(spank, p, w.job);
	} else {
		switch (wait_for_vm(p, &w, silent)) {
		case WAIT_FAILED: task_end(EXIT_VM_FAILED, silent); break;
		case WAIT_LATE: task_end(EXIT_VM_LATE, silent); break;
		case WAIT_ON:
		case WAIT_DONE: environment_fill(spank, p, w.job, &w.last, KEY_PATIENCE_US); break;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
}
