/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's SPANK variables, as any user can send them: one per line, "vm=...", "disk=...", ...,
 * "nonce=...". What is accepted must survive the way to vmd: encoded, decoded, equal. */
#include "slurm-plugin/options.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <assert.h>
#include <string.h>

spank_err_t spank_option_register(spank_t spank, struct spank_option *opt)
{
	(void)spank, (void)opt;
	return ESPANK_BAD_ARG;
}

static const char *const names[OPTION_COUNT + 1] = {"vm",   "disk", "scratch", "network",
						    "wait", "keep", "nonce"};

static const char *variable(int i, char *buf, size_t size)
{
	if (i == OPTION_COUNT)
		return "SPANK_" NONCE_VARIABLE;
	return vm_option_variable("SPANK_", "vm", (enum vm_option)i, buf, size);
}

static void line_set(char *line)
{
	char var[OPTION_VAR_MAX + 1];
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	for (int i = 0; i <= OPTION_COUNT; i++)
		if (str_eq(line, names[i]))
			(void)setenv(variable(i, var, sizeof(var)), value, 1);
}

static void check(const struct vm_options *o)
{
	char text[JOB_REQUEST_MAX + 1];
	struct vm_request back;
	struct err e;

	assert(vm_options_given(o, OPTION_IMAGE));
	assert(job_spec_encode(&o->request, text, sizeof(text), &e) == 0);
	assert(!strpbrk(text, "\n{}\""));
	assert(job_spec_decode(text, &back, &e) == 0);
	assert(str_eq(back.image, o->request.image) && str_eq(back.nonce, o->request.nonce));
	assert(str_eq(back.revision, o->request.revision));
	assert(str_eq(back.network, o->request.network));
	assert(back.disk_bytes == o->request.disk_bytes);
	assert(back.scratch_bytes == o->request.scratch_bytes);
	assert(back.wait == o->request.wait && back.keep == o->request.keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);
	struct vm_options o;
	char var[OPTION_VAR_MAX + 1];
	struct err e;
	char *at = text;

	for (int i = 0; i <= OPTION_COUNT; i++)
		unsetenv(variable(i, var, sizeof(var)));
	while (at) {
		/* "\r" stands for a line break inside of a value */
		char *end = strchr(at, '\n');

		if (end)
			*end++ = '\0';
		for (char *c = at; *c; c++)
			if (*c == '\r')
				*c = '\n';
		line_set(at);
		at = end;
	}
	if (vm_options_from_job_environment("vm", &o, &e) == 1)
		check(&o);
	return 0;
}
