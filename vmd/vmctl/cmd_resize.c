/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl resize: asks for a running VM to get more CPUs or memory, and watches until its guest has
 * them. That takes a move, which goes on without vmctl: what ends here by a signal or a time-out is
 * the watching. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>

#define PAUSE_NS 500000000L
/* vmd takes an order in at once; a look that came before that shows no move yet. */
#define LOOKS_MIN 4

struct watching {
	char said[400];
	uint32_t cpus;         /* that its guest is to have */
	uint64_t memory_bytes; /* that its guest had before; 0: more memory was not asked for */
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
	if (*text_of(vm, "move/phase") && !str_eq(text_clean(text), w->said)) {
		(void)fprintf(stderr, "job %lld  %s\n", (long long)int_of(vm, "job"), text);
		(void)str_copy(w->said, sizeof(w->said), text);
	}
}

static bool has_grown(const struct watching *w, struct json_object *vm)
{
	return int_of(vm, "guest_cpus") >= (int64_t)w->cpus &&
	       (!w->memory_bytes || int_of(vm, "guest_memory_bytes") > (int64_t)w->memory_bytes);
}

/* The exit code, or -1: not there yet. */
static int verdict(struct watching *w, struct json_object *vm)
{
	const char *phase = text_of(vm, "move/phase");
	bool over = !*phase || str_eq(phase, "held");

	w->looks++;
	say(w, vm);
	if (str_eq(phase, "blocked"))
		return EXIT_FAILED;
	if (over && has_grown(w, vm))
		return EXIT_DONE;
	if (!over || json_object_get_boolean(json_at(vm, "growing")) || w->looks < LOOKS_MIN)
		return -1;
	(void)fprintf(stderr, "vmctl: it stays as it is\n");
	return EXIT_FAILED;
}

static void print(struct json_object *vm)
{
	char size[24];

	printf("job %lld has %lld CPUs, its guest %s of memory, on %s\n",
	       (long long)int_of(vm, "job"), (long long)int_of(vm, "guest_cpus"),
	       bytes_to_str((uint64_t)int_of(vm, "guest_memory_bytes"), size, sizeof(size)),
	       text_of(vm, "node"));
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
			print(vm);
		if (code >= 0)
			return code;
		if (clock_mono_us() >= end_us) {
			(void)fprintf(stderr,
				      "vmctl: the time is up; it goes on growing: vmctl show %u\n",
				      job);
			return EXIT_TIMEOUT;
		}
		(void)nanosleep(&pause, NULL);
	}
}

int cmd_resize(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	struct watching w = {.looks = 0};
	uint32_t job = 0;
	struct err e;

	if (!v->cancel && !v->cpus && !v->memory_bytes) {
		(void)fprintf(stderr, "vmctl: resize: -c N, --mem=SIZE or both must be given\n");
		return EXIT_USAGE;
	}
	if (ask_job(v, &job, &e) < 0 || ask_show(v, job, &vm, &e) < 0)
		return fail(v, &e);
	w.cpus = v->cpus;
	if (v->memory_bytes > (uint64_t)int_of(vm, "memory_bytes"))
		w.memory_bytes = (uint64_t)int_of(vm, "guest_memory_bytes");
	ask_begin(v, "resize");
	wire_addf(&v->out, "job", "%u", job);
	if (v->cancel)
		wire_add(&v->out, "cancel", "1");
	if (v->cpus)
		wire_addf(&v->out, "cpus", "%u", v->cpus);
	if (v->memory_bytes)
		wire_addf(&v->out, "memory", "%llu", (unsigned long long)v->memory_bytes);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	return v->cancel ? EXIT_DONE : watch(v, job, &w);
}
