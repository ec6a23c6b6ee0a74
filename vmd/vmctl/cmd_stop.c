/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl stop: ends the job as COMPLETED, by vmd; its guest is shut down as by its power button
 * before its VM is removed. A job that has not begun, and one that shall go at once, is cancelled.
 */
#include "vmd/base/str.h"
#include "vmd/vmctl/child.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>

/* scancel takes the id of an array's last task, and of those that wait, for the whole array: a task
 * is called "12_3", and those that wait by their state. */
static int cancel(struct vmctl *v, uint32_t job, struct err *e)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	char id[32], program[] = "scancel", waiting[] = "--state=PENDING", said[256];
	char *argv[] = {program, id, NULL, NULL};
	const char *task;
	int code = 0;

	if (ask_show(v, job, &vm, e) < 0)
		return -1;
	task = json_str_at(vm, "task");
	if (task && strchr(task, '['))
		argv[2] = waiting;
	if (!task || !*task || argv[2] || str_copy(id, sizeof(id), task) < 0)
		(void)str_fmt(id, sizeof(id), "%u", job);
	if (child_run(argv, said, sizeof(said), &code, e) < 0)
		return err_wrap(e, "job %s has to be cancelled, on a host of the cluster", id);
	return code == 0 ? 0 : err_set(e, ERR_CONFLICT, "scancel %s failed (see above)", id);
}

static int stop(struct vmctl *v, uint32_t job, struct err *e)
{
	ask_begin(v, "stop");
	wire_addf(&v->out, "job", "%u", job);
	if (ask_send(v, e) == 0)
		return 0;
	return e->kind == ERR_CONFLICT ? cancel(v, job, e) : -1; /* it waits for a node */
}

int cmd_stop(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	uint32_t job = 0;
	struct err e;
	int code;

	if (ask_job(v, &job, &e) < 0)
		return fail(v, &e);
	if (v->machines) {
		(void)err_set(&e, ERR_INVALID,
			      "%.60s is one of the machines of job %u, which end together: vmctl "
			      "stop %u; one alone is shut down from inside: vmctl ssh -w %u %u",
			      v->job, job, job, ask_machine(v), job);
		return fail(v, &e);
	}
	if ((v->now ? cancel(v, job, &e) : stop(v, job, &e)) < 0)
		return fail(v, &e);
	code = await(v, job, AWAIT_GONE, &vm);
	if (v->json && vm)
		json_print(vm);
	return code;
}
