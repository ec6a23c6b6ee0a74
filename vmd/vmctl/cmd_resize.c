/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl resize: asks for a running VM to get more CPUs or memory, and watches until its guest has
 * them, which takes a move. */
#include "vmd/base/str.h"
#include "vmd/vmctl/move_watch.h"

struct wanted {
	uint32_t cpus;         /* that its guest is to have */
	uint64_t memory_bytes; /* that its guest had before; 0: more memory was not asked for */
};

static bool has_grown(const struct wanted *w, struct json_object *vm)
{
	return int_of(vm, "guest_cpus") >= (int64_t)w->cpus &&
	       (!w->memory_bytes || int_of(vm, "guest_memory_bytes") > (int64_t)w->memory_bytes);
}

static int verdict(const void *ctx, struct json_object *vm, const char *phase, bool early)
{
	bool over = !*phase || str_eq(phase, "held");

	if (over && has_grown(ctx, vm))
		return EXIT_DONE;
	if (!over || json_object_get_boolean(json_at(vm, "growing")) || early)
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

int cmd_resize(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	struct wanted wanted = {.cpus = v->cpus};
	const struct move_watch w = {.verdict = verdict,
				     .print = print,
				     .goes_on = "it goes on growing",
				     .ctx = &wanted};
	uint32_t job = 0;
	struct err e;

	if (!v->cancel && !v->cpus && !v->memory_bytes) {
		(void)fprintf(stderr, "vmctl: resize: -c N, --mem=SIZE or both must be given\n");
		return EXIT_USAGE;
	}
	if (ask_job(v, &job, &e) < 0 || ask_show(v, job, &vm, &e) < 0)
		return fail(v, &e);
	if (v->memory_bytes > (uint64_t)int_of(vm, "memory_bytes"))
		wanted.memory_bytes = (uint64_t)int_of(vm, "guest_memory_bytes");
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
	return v->cancel ? EXIT_DONE : move_watch(v, job, &w);
}
