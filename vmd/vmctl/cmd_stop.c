/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl stop: ends the job as COMPLETED, by vmd; its guest is shut down as by its power button
 * before its VM is removed. A job that has not begun, and one that shall go at once, is cancelled.
 */
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

static int cancel(uint32_t job, struct err *e)
{
	char id[16], program[] = "scancel", said[256];
	char *const argv[] = {program, id, NULL};
	int code = 0;

	(void)str_fmt(id, sizeof(id), "%u", job);
	if (child_run(argv, said, sizeof(said), &code, e) < 0)
		return err_wrap(e, "job %u has to be cancelled, on a host of the cluster", job);
	return code == 0 ? 0 : err_set(e, ERR_CONFLICT, "scancel %u failed (see above)", job);
}

static int stop(struct vmctl *v, uint32_t job, struct err *e)
{
	ask_begin(v, "stop");
	wire_addf(&v->out, "job", "%u", job);
	if (ask_send(v, e) == 0)
		return 0;
	return e->kind == ERR_CONFLICT ? cancel(job, e) : -1; /* it waits for a node */
}

int cmd_stop(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	uint32_t job = 0;
	struct err e;
	int code;

	if (ask_job(v, &job, &e) < 0)
		return fail(v, &e);
	if ((v->now ? cancel(job, &e) : stop(v, job, &e)) < 0)
		return fail(v, &e);
	code = await(v, job, AWAIT_GONE, &vm);
	if (v->json && vm)
		json_print(vm);
	return code;
}
