/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl wait: until the VM is there, has failed, or time is up. */
#include "vmd/vmctl/vmctl.h"

int cmd_wait(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	uint32_t job = 0;
	struct err e;
	int code;

	if (ask_job(v, &job, &e) < 0)
		return fail(v, &e);
	code = await(v, job, v->for_running ? AWAIT_RUNNING : AWAIT_READY, &vm);
	if (v->json && vm)
		json_print(vm);
	return code;
}
