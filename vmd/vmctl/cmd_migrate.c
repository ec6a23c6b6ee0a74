/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl migrate: asks for a VM to move to another node, and watches until it has, or stays. A move
 * goes on without vmctl: what ends here by a signal or a time-out is the watching. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/job/job.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>

#define PAUSE_NS 500000000L
/* vmd takes an order in at once; a look that came before that shows no move yet. */
#define LOOKS_MIN 4

struct watching {
	char from[JOB_NODE_MAX + 1];
	char said[400];
	unsigned looks;
};

static const char *text_of(struct json_object *vm, const char *path)
{
	const char *text = json_str_at(vm, path);

	return text ? text : "";
}

static void say(struct watching *w, struct json_object *vm)
{
	char text[sizeof(w->said)];

	(void)snprintf(text, sizeof(text), "%s: %s", text_of(vm, "move/phase"),
		       text_of(vm, "move/reason"));
	if (*text_of(vm, "move/phase") && !str_eq(text_clean(text), w->said))
		(void)fprintf(stderr, "job %lld  %s\n", (long long)int_of(vm, "job"), text);
	if (*text_of(vm, "move/phase"))
		(void)str_copy(w->said, sizeof(w->said), text);
}

/* The exit code, or -1: not there yet. */
static int verdict(struct watching *w, struct json_object *vm)
{
	const char *phase = text_of(vm, "move/phase");
	bool there = !str_eq(text_of(vm, "node"), w->from) && *text_of(vm, "node");

	w->looks++;
	say(w, vm);
	if (str_eq(phase, "blocked"))
		return EXIT_FAILED;
	if (there && (!*phase || str_eq(phase, "held")))
		return EXIT_DONE;
	if (there || *phase || w->looks < LOOKS_MIN)
		return -1;
	(void)fprintf(stderr, "vmctl: it stays on %s\n", w->from);
	return EXIT_FAILED;
}

static int watch(struct vmctl *v, uint32_t job, struct watching *w)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int64_t end_us = v->timeout_s ? clock_mono_us() + v->timeout_s * SEC_US : INT64_MAX;

	for (;;) {
		AUTO(json_object_put) struct json_object *vm = NULL;
		struct err e;
		int code;

		if (ask_show(v, job, &vm, &e) < 0 && e.kind != ERR_RETRY && e.kind != ERR_UNSURE)
			return fail(v, &e);
		code = vm ? verdict(w, vm) : -1;
		if (code >= 0 && v->json)
			json_print(vm);
		else if (code == EXIT_DONE)
			printf("job %u runs on %s\n", job, text_of(vm, "node"));
		if (code >= 0)
			return code;
		if (clock_mono_us() >= end_us) {
			(void)fprintf(stderr,
				      "vmctl: the time is up; the move goes on: vmctl show "
				      "%u\n",
				      job);
			return EXIT_TIMEOUT;
		}
		(void)nanosleep(&pause, NULL);
	}
}

int cmd_migrate(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	struct watching w = {.looks = 0};
	uint32_t job = 0;
	struct err e;

	if (ask_job(v, &job, &e) < 0 || ask_show(v, job, &vm, &e) < 0)
		return fail(v, &e);
	(void)str_copy(w.from, sizeof(w.from), text_of(vm, "node"));
	ask_begin(v, "migrate");
	wire_addf(&v->out, "job", "%u", job);
	if (v->cancel)
		wire_add(&v->out, "cancel", "1");
	else if (v->to)
		wire_add(&v->out, "to", v->to);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	return v->cancel ? EXIT_DONE : watch(v, job, &w);
}
