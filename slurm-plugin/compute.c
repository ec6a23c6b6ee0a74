/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where failures go decides what is done where (tried on 22.05, see slurm-vm(8)): an init that
 * fails drains the node, a task that exits fails the job only, a job_epilog that fails drains the
 * node, which is right when a VM may still be running there. So the wait is in the task itself: the
 * launch of the step is complete by then (no slurmd time-out is running), its stderr is the job's,
 * and scancel kills it like the script it stands for.
 *
 * Whatever a job carries in its SPANK variables may be forged, but for job id and uid. */
#include "slurm-plugin/compute.h"

#include "slurm-plugin/ask.h"
#include "slurm-plugin/key_file.h"
#include "slurm-plugin/machines.h"
#include "slurm-plugin/own_keys.h"
#include "slurm-plugin/step.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define HINT_TIMEOUT_MS 900
#define CALL_TIMEOUT_MS 10000
#define KEY_PATIENCE_US                                                                            \
	(60 * SEC_US)         /* a vmd that is started anew, another one that takes over           \
			       */
#define NEWS_TIMEOUT_MS 20000 /* also of two vmd, one of which is down: see ASK_NEWS_S */
#define EPILOG_PAUSE_US (SEC_US / 5)
#define NEWS_PAUSE_US   (SEC_US / 20) /* several things change together */
#define SWEEP_AGE_S     600
#define SWEEP_MAX       16

static void pause_us(int64_t us)
{
	struct timespec t = {.tv_sec = us / SEC_US, .tv_nsec = us % SEC_US * 1000};

	(void)nanosleep(&t, NULL);
}

static uint32_t job_id(spank_t spank)
{
	uint32_t id = 0;

	(void)spank_get_item(spank, S_JOB_ID, &id);
	return id;
}

/* As Slurm calls it: several slurmd may run on one host. */
static void node_name(const char *told, char *buf, size_t size)
{
	if (told && *told)
		(void)snprintf(buf, size, "%s", told);
	else if (gethostname(buf, size) < 0)
		buf[0] = '\0';
	buf[size - 1] = '\0';
}

/* epilog */

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

/* 1: clear, 0: not yet or unknown (why says what is known) */
static int node_is_clear(struct epilog *ep, int64_t left_us)
{
	int64_t call_ms = left_us / MSEC_US;
	struct err e = {.kind = ERR_NONE};
	char seen[sizeof(ep->r.seen)];

	/* Its last seconds are not spent on waiting for news. */
	(void)str_copy(seen, sizeof(seen), call_ms > NEWS_TIMEOUT_MS ? ep->r.seen : "");
	if (call_ms > NEWS_TIMEOUT_MS)
		call_ms = NEWS_TIMEOUT_MS;
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
	int64_t next_us = EPILOG_PAUSE_US;
	struct err e;

	(void)ask_hint(&ep->p->settings, ep->job, NULL, 0, HINT_TIMEOUT_MS, &e);
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
			pause_us(rest_us);
		if (next_us < 5 * SEC_US)
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
		    ask_show(&ep->p->settings, job[i], "", "", HINT_TIMEOUT_MS, &r, &e) == 0)
			continue;
		if (e.kind != ERR_ABSENT)
			return;
		if (key_file_remove(job[i], &e) < 0)
			slurm_error("slurm-vm: job=%u epilog: of job %u: %s", ep->job, job[i],
				    e.msg);
	}
}

int compute_epilog(spank_t spank, const struct plugin *p)
{
	struct err e = {.kind = ERR_NONE};
	char var[OPTION_VAR_MAX + 1];
	struct epilog ep = {.p = p};
	uint32_t job;

	if (!getenv(vm_option_variable("SPANK_", p->settings.prefix, OPTION_IMAGE, var,
				       sizeof(var))))
		return 0;
	job = job_id(spank);
	if (key_file_remove(job, &e) < 0)
		slurm_error("slurm-vm: job=%u epilog: %s", job, e.msg);
	if (p->settings_error.kind != ERR_NONE) {
		slurm_error("slurm-vm: job=%u epilog: vmd cannot be asked whether the VM has left "
			    "this node, so the node must be drained: %s",
			    job, p->settings_error.msg);
		return -1;
	}
	ep.job = job;
	node_name(getenv("SLURMD_NODENAME"), ep.node, sizeof(ep.node));
	ep.deadline_us = clock_mono_us() + p->settings.epilog_timeout_s * SEC_US;
	if (epilog_wait(&ep) < 0)
		return -1;
	sweep(&ep);
	return 0;
}

/* tasks */

/* sbatch --export=NONE, and defaults from SLURM_VM_*, reach the step in the job's environment only:
 * Slurm itself looks for the options under a name that does not pass --export=NONE. */
void compute_options_complete(spank_t spank, struct plugin *p)
{
	char value[OPTION_VALUE_MAX + 2]; /* one more: too long is seen as too long */
	char var[OPTION_VAR_MAX + 1];

	for (int i = 0; i < OPTION_COUNT; i++) {
		enum vm_option option = (enum vm_option)i;
		spank_err_t rc;

		if (vm_options_given(&p->options, option))
			continue;
		(void)vm_option_variable("SLURM_SPANK_", p->settings.prefix, option, var,
					 sizeof(var));
		rc = spank_getenv(spank, var, value, sizeof(value));
		if (rc == ESPANK_SUCCESS || rc == ESPANK_NOSPACE)
			compute_option(p, option, value);
	}
}

void compute_option(struct plugin *p, enum vm_option option, const char *value)
{
	struct err e;

	if (vm_options_set(&p->options, p->settings.prefix, option, value, &e) == 0)
		return;
	if (p->options_error.kind == ERR_NONE)
		p->options_error = e;
	/* the wait must see that a VM was asked for */
	if (option == OPTION_IMAGE)
		(void)str_copy(p->options.value[OPTION_IMAGE], OPTION_VALUE_MAX, "?");
}

static bool is_batch_script(spank_t spank)
{
	uint32_t step = 0;

	return spank_get_item(spank, S_JOB_STEPID, &step) == ESPANK_SUCCESS &&
	       step == STEP_BATCH_SCRIPT;
}

void compute_task_prepare(spank_t spank, struct plugin *p)
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
	(void)key_file_make(job_id(spank), uid, gid, is_batch_script(spank), &p->options_error);
}

/* One of a step's tasks speaks for all. */
static bool is_first_task(spank_t spank)
{
	uint32_t task = 0;

	return spank_get_item(spank, S_TASK_GLOBAL_ID, &task) != ESPANK_SUCCESS || task == 0;
}

static void environment_set(spank_t spank, const char *name, const char *value)
{
	if (value[0])
		(void)spank_setenv(spank, name, value, 1);
}

/* vmd was there when it said READY, but may be down by now: few scripts are of use without the key.
 */
static int key_ask(const struct plugin *p, uint32_t job, uint32_t rank, int64_t patience_us,
		   char *key, size_t size, struct err *e)
{
	int64_t end_us = clock_mono_us() + patience_us;
	bool told = false;

	while (ask_key(&p->settings, job, rank, CALL_TIMEOUT_MS, key, size, e) < 0) {
		if ((e->kind != ERR_RETRY && e->kind != ERR_UNSURE) || clock_mono_us() >= end_us)
			return -1;
		if (!told)
			(void)dprintf(STDERR_FILENO,
				      "slurm-vm: job %u: no ssh key yet, asking for %lld s: %s\n",
				      job, (long long)(patience_us / SEC_US), e->msg);
		told = true;
		pause_us(SEC_US);
	}
	return 0;
}

static void key_fetch(spank_t spank, const struct plugin *p, uint32_t job, uint32_t rank,
		      int64_t patience_us)
{
	struct err e = {.kind = ERR_NONE};
	char path[KEY_FILE_PATH_MAX];
	char key[ASK_KEY_MAX + 1];

	if (key_ask(p, job, rank, patience_us, key, sizeof(key), &e) < 0 ||
	    key_file_write(job, key, &e) < 0)
		(void)dprintf(STDERR_FILENO, "slurm-vm: job %u: no ssh key: %s\n", job, e.msg);
	else
		environment_set(spank, "VM_SSH_KEY", key_file_path(job, path, sizeof(path)));
	explicit_bzero(key, sizeof(key));
}

/* So that the user's own ssh works, too. Told once per run, by the first of its steps. */
static void own_keys_add(spank_t spank, const struct plugin *p, uint32_t job, uint32_t machines)
{
	AUTO(free) struct own_keys *keys = calloc(1, sizeof(*keys));
	char home[4096], choice[16] = "";
	struct err e = {.kind = ERR_NONE};

	(void)spank_getenv(spank, "SLURM_VM_KEYS", choice, sizeof(choice));
	if (!keys || str_eq(choice, "none") ||
	    spank_getenv(spank, "HOME", home, sizeof(home)) != ESPANK_SUCCESS)
		return;
	own_keys_read(home, keys);
	for (uint32_t i = 0; keys->n > 0 && i < machines; i++)
		if (ask_own_keys(&p->settings, job, i, keys, CALL_TIMEOUT_MS, &e) < 0) {
			(void)dprintf(
				STDERR_FILENO,
				"slurm-vm: job %u: your own public keys are not in the guest: %s\n",
				job, e.msg);
			return;
		}
}

/* Of several machines, r becomes that of the one on this node. */
static uint32_t environment_of_several(spank_t spank, struct vm_report *r)
{
	char told[JOB_NODE_MAX + 1] = "", node[JOB_NODE_MAX + 1], text[12];
	uint32_t rank;

	(void)spank_getenv(spank, "SLURMD_NODENAME", told, sizeof(told));
	node_name(told, node, sizeof(node));
	rank = machines_here(r->hosts, node);
	(void)machines_word(r->names, rank, r->vm, sizeof(r->vm));
	(void)machines_word(r->hosts, rank, r->host, sizeof(r->host));
	(void)machines_word(r->addresses, rank, r->address, sizeof(r->address));
	(void)str_fmt(text, sizeof(text), "%u", rank);
	environment_set(spank, "VM_RANK", text);
	environment_set(spank, "VM_NAMES", r->names);
	environment_set(spank, "VM_HOSTS", r->hosts);
	environment_set(spank, "VM_ADDRESSES", r->addresses);
	return rank;
}

static void guest_environment(spank_t spank, const struct plugin *p, uint32_t job,
			      const struct vm_report *all, int64_t patience_us)
{
	uint32_t machines = machines_count(all->hosts), rank = 0;
	struct vm_report r = *all;

	if (machines > 1)
		rank = environment_of_several(spank, &r);
	environment_set(spank, "VM_NAME", r.vm);
	environment_set(spank, "VM_HOST", r.host);
	environment_set(spank, "VM_ADDRESS", r.address);
	environment_set(spank, "VM_USER", r.user);
	environment_set(spank, "VM_PROFILE", r.profile);
	if (r.address[0])
		key_fetch(spank, p, job, rank, patience_us);
	if (r.address[0] && is_batch_script(spank))
		own_keys_add(spank, p, job, machines > 1 ? machines : 1);
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
		asked = ask_show(&p->settings, w->job, "", w->seen, NEWS_TIMEOUT_MS, &r, &e);
		now_us = clock_mono_us();
		v = asked == 0 ? wait_report(w, now_us, &r, line, sizeof(line))
			       : wait_error(w, now_us, &e, line, sizeof(line));

		if (line[0] && !silent)
			(void)dprintf(STDERR_FILENO, "%s\n", line);
		if (v != WAIT_ON)
			return v;
		pause_us(wait_pause_us(w, now_us));
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

	if (ask_show(&p->settings, job, "", "", HINT_TIMEOUT_MS, &r, &e) == 0)
		guest_environment(spank, p, job, &r, 0);
}

void compute_task_wait(spank_t spank, const struct plugin *p)
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
	w.job = job_id(spank);
	w.quiet_when_ready = !is_batch_script(spank);
	silent = !is_first_task(spank);
	if (bad->kind != ERR_NONE) {
		if (!silent)
			(void)dprintf(STDERR_FILENO, "slurm-vm: job %u: %s\n", w.job, bad->msg);
		task_end(EXIT_VM_FAILED, silent);
	}
	/* That the job runs vmd learns from this, or from its next poll. */
	(void)ask_hint(&p->settings, w.job, NULL, 0, HINT_TIMEOUT_MS, &not_told);
	if (w.until == VM_WAIT_NONE) {
		no_wait(spank, p, w.job);
	} else {
		switch (wait_for_vm(p, &w, silent)) {
		case WAIT_FAILED: task_end(EXIT_VM_FAILED, silent); break;
		case WAIT_LATE: task_end(EXIT_VM_LATE, silent); break;
		case WAIT_ON:
		case WAIT_DONE: guest_environment(spank, p, w.job, &w.last, KEY_PATIENCE_US); break;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
}
