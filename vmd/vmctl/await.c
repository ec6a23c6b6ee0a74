/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks until a VM is where it shall be, has failed, or time is up. What happens is told on stderr:
 * one line per change, and on a terminal a line that counts the seconds. */
#include "vmd/vmctl/interrupt.h"
#include "vmd/vmctl/vmctl.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define PAUSE_MIN_US (200 * MSEC_US)
#define PAUSE_MAX_US (1 * SEC_US)
#define ABSENT_US    (30 * SEC_US) /* vmd polls Slurm slowly if a hint is lost */
#define SILENT_US    (60 * SEC_US) /* vmd may be starting anew */
#define SAID_MAX     400

struct waiting {
	uint32_t job;
	enum await_goal goal;
	int64_t start_us;
	int64_t trouble_us; /* since when there is no good answer; 0: there is */
	bool absent;        /* vmd said last that it knows no such job */
	bool tty;
	bool live; /* the cursor stands behind a live line */
	bool hinted;
	char seen[WIRE_SEEN_SIZE]; /* vmd's word for what was said last */
	char said[SAID_MAX];
	char line[SAID_MAX + 64];
};

static int64_t passed_s(const struct waiting *w)
{
	return (clock_mono_us() - w->start_us) / SEC_US;
}

/* Columns of the terminal: a line that wraps cannot be written over. */
static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The live line has counted on until now: written once more, whole, it stays. */
static void end_line(struct waiting *w)
{
	if (w->live)
		(void)fprintf(stderr, "\r\033[K%s\n", w->line);
	w->live = false;
}

/* Tells what is new; what is not, only on a terminal, in place. */
static void say(struct waiting *w, const char *state, const char *reason)
{
	char text[SAID_MAX], time[32];
	bool is_new;

	(void)snprintf(text, sizeof(text), "%s%s%s", state, reason && *reason ? ": " : "",
		       reason ? reason : "");
	text_clean(text);
	is_new = strcmp(text, w->said) != 0;
	(void)elapsed_text(passed_s(w), time, sizeof(time));
	if (is_new)
		end_line(w);
	(void)snprintf(w->line, sizeof(w->line), "%7s  job %u  %s", time, w->job, text);
	if (w->tty)
		(void)fprintf(stderr, "\r\033[K%.*s", columns() - 1, w->line);
	else if (is_new)
		(void)fprintf(stderr, "%s\n", w->line);
	w->live = w->tty;
	(void)snprintf(w->said, sizeof(w->said), "%s", text);
}

/* The exit code, or -1: not there yet. */
static int verdict(const struct waiting *w, const char *state)
{
	switch (w->goal) {
	case AWAIT_GONE: return str_eq(state, "STOPPED") ? EXIT_DONE : -1;
	case AWAIT_RUNNING:
		if (str_eq(state, "BOOTING"))
			return EXIT_DONE;
		break;
	case AWAIT_READY: break;
	}
	if (str_eq(state, "READY"))
		return EXIT_DONE;
	if (str_eq(state, "FAILED") || str_eq(state, "STOPPING") || str_eq(state, "STOPPED"))
		return EXIT_VM_FAILED;
	return -1;
}

/* No good answer: is it worth to ask again? */
static bool is_passing(struct waiting *w, const struct err *e)
{
	int64_t now_us = clock_mono_us();

	if (!w->trouble_us)
		w->trouble_us = now_us;
	switch (e->kind) {
	case ERR_ABSENT: return now_us - w->trouble_us < ABSENT_US;
	case ERR_RETRY:
	case ERR_UNSURE: return now_us - w->trouble_us < SILENT_US;
	case ERR_NONE:
	case ERR_CONFLICT:
	case ERR_DENIED:
	case ERR_FULL:
	case ERR_INVALID: return false;
	}
	return false;
}

/* Until the user's time is over; not below 0. */
static int64_t left_us(const struct vmctl *v, const struct waiting *w)
{
	int64_t left;

	if (v->timeout_s <= 0)
		return INT64_MAX;
	left = w->start_us + v->timeout_s * SEC_US - clock_mono_us();
	return left > 0 ? left : 0;
}

/* A job's request is in Slurm's record from its submit on, or, at a site without job_submit.lua,
 * from its start on: before, nobody can tell it from a job without a VM. */
static void say_unheard(uint32_t job)
{
	(void)fprintf(
		stderr,
		"If it has not started: without job_submit.lua vmd hears of a job when it does: "
		"squeue -j %u; then: vmctl wait %u\n",
		job, job);
}

static void say_over(uint32_t job, const char *state)
{
	if (str_eq(state, "FAILED"))
		(void)fprintf(stderr, "vmctl: the VM of job %u will not become ready\n", job);
	else
		(void)fprintf(stderr, "vmctl: job %u %s\n", job,
			      str_eq(state, "STOPPED") ? "is over, and its VM gone"
						       : "ends, and its VM is being removed");
	(void)fprintf(stderr, "More about it: vmctl show %u; sacct -j %u\n", job, job);
}

/* One question. The exit code, or -1: go on. */
static int step(struct vmctl *v, struct waiting *w, struct json_object **ret)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	struct err e = {.kind = ERR_NONE};
	int code;

	/* A terminal's line counts the seconds: it cannot wait for news. */
	if (w->tty)
		w->seen[0] = '\0';
	if (ask_news(v, w->job, left_us(v, w) / SEC_US, w->seen, &vm, &e) < 0) {
		if (w->goal == AWAIT_GONE && e.kind == ERR_ABSENT) {
			end_line(w);
			return EXIT_DONE; /* Slurm has forgotten it already */
		}
		w->absent = e.kind == ERR_ABSENT;
		if (!is_passing(w, &e)) {
			end_line(w);
			code = fail(v, &e);
			if (w->absent)
				say_unheard(w->job);
			return code;
		}
		if (w->absent) /* of one that was submitted a moment ago, too */
			say(w, "UNKNOWN",
			    "vmd knows no virtual machine of it yet, and asks Slurm for one");
		else
			say(w, "WAITING FOR VMD", e.msg);
		if (e.kind == ERR_ABSENT)
			ask_hint(v, w->job);
		return -1;
	}
	w->trouble_us = 0;
	w->absent = false;
	say(w, state_of(vm), json_str_at(vm, "reason"));
	/* A job that salloc has just got runs by now, and nobody has told vmd yet. */
	if (str_eq(state_of(vm), "PENDING") && !w->hinted) {
		w->hinted = true;
		ask_hint(v, w->job);
	}
	code = verdict(w, state_of(vm));
	if (code < 0)
		return -1;
	end_line(w);
	if (ret)
		*ret = json_object_get(vm);
	if (code == EXIT_VM_FAILED)
		say_over(w->job, state_of(vm));
	return code;
}

static void pause_us(int64_t us)
{
	struct timespec ts = {.tv_sec = us / SEC_US, .tv_nsec = us % SEC_US * 1000};

	(void)nanosleep(&ts, NULL);
}

static void interrupt_prepare(const struct waiting *w)
{
	const char *line = w->tty ? "\n" : ""; /* the live line, with the terminal's ^C, stays */

	if (w->goal == AWAIT_GONE)
		interrupt_say(
			"%svmctl: job %u goes on ending without being watched: vmctl show %u\n",
			line, w->job, w->job);
	else
		interrupt_say("%svmctl: the job goes on without being watched\n"
			      "Watch it again: vmctl wait %u\nEnd it: vmctl stop %u\n",
			      line, w->job, w->job);
}

static int say_late(const struct vmctl *v, struct waiting *w)
{
	static const char *const goals[] = {
		[AWAIT_READY] = "ready", [AWAIT_RUNNING] = "running", [AWAIT_GONE] = "gone"};

	end_line(w);
	(void)fprintf(stderr, "vmctl: the VM of job %u is not %s after %lld s\n", w->job,
		      goals[w->goal], (long long)v->timeout_s);
	if (w->goal == AWAIT_GONE)
		(void)fprintf(stderr, "It goes on ending: vmctl show %u\n", w->job);
	else if (w->absent)
		say_unheard(w->job);
	else
		(void)fprintf(stderr,
			      "The job goes on. Wait again: vmctl wait %u\nEnd it: vmctl stop %u\n",
			      w->job, w->job);
	return EXIT_TIMEOUT;
}

int await(struct vmctl *v, uint32_t job, enum await_goal goal, struct json_object **ret)
{
	struct waiting w = {.job = job,
			    .goal = goal,
			    .start_us = clock_mono_us(),
			    .tty = isatty(STDERR_FILENO) != 0};
	int64_t next_us = PAUSE_MIN_US;
	int code = -1;

	interrupt_prepare(&w);
	while (code < 0) {
		int64_t left;

		code = step(v, &w, ret);
		if (code >= 0)
			break;
		left = left_us(v, &w);
		if (left <= 0)
			code = say_late(v, &w);
		else
			pause_us(left < next_us ? left : next_us);
		if (next_us < PAUSE_MAX_US)
			next_us += next_us / 4;
	}
	interrupt_end();
	return code;
}
