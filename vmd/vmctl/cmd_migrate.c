/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl migrate: asks for a VM to move to another node, and watches until it has, or stays. */
#include "vmd/base/str.h"
#include "vmd/job/job.h"
#include "vmd/vmctl/move_watch.h"

/* ctx: the node that it was on. */
static int verdict(const void *ctx, struct json_object *vm, const char *phase, bool early)
{
	const char *from = ctx;
	bool there = !str_eq(text_of(vm, "node"), from) && *text_of(vm, "node");

	if (there && (!*phase || str_eq(phase, "held")))
		return EXIT_DONE;
	if (there || *phase || early)
		return -1;
	(void)fprintf(stderr, "vmctl: it stays on %s\n", from);
	return EXIT_FAILED;
}

static void print(struct json_object *vm)
{
	printf("job %lld runs on %s\n", (long long)int_of(vm, "job"), text_of(vm, "node"));
}

int cmd_migrate(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	char from[JOB_NODE_MAX + 1];
	const struct move_watch w = {
		.verdict = verdict, .print = print, .goes_on = "the move goes on", .ctx = from};
	uint32_t job = 0;
	struct err e;

	if (ask_job(v, &job, &e) < 0 || ask_show(v, job, &vm, &e) < 0)
		return fail(v, &e);
	(void)str_copy(from, sizeof(from), text_of(vm, "node"));
	ask_begin(v, "migrate");
	wire_addf(&v->out, "job", "%u", job);
	if (v->cancel)
		wire_add(&v->out, "cancel", "1");
	else if (v->to)
		wire_add(&v->out, "to", v->to);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	return v->cancel ? EXIT_DONE : move_watch(v, job, &w);
}
