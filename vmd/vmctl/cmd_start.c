/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl start: a batch job that does nothing but keep a VM, so that Slurm can requeue it, and it
 * outlives a drained node and a lost host with its id. It is submitted by sbatch, as the user: what
 * a site allows at submit holds, and every option of sbatch may be given. Its script sleeps; vmd
 * ends the job when the guest has shut down. */
#include "vmd/base/str.h"
#include "vmd/vmctl/child.h"
#include "vmd/vmctl/choice.h"
#include "vmd/vmctl/vmctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#define ARGS_MAX 256

enum kind {
	DISK,
	SCRATCH,
	NETWORK,
	ATTACH,
	KEEP,
	ON_DRAIN,
	PLUGINS,
	NAME = PLUGINS,
	TIMEOUT,
	SERVER,
	NO_WAIT,
	JSON
};

/* What is not in here is sbatch's. */
static const struct option options[] = {
	{"disk", required_argument, NULL, DISK},
	{"scratch", required_argument, NULL, SCRATCH},
	{"network", required_argument, NULL, NETWORK},
	{"attach", required_argument, NULL, ATTACH},
	{"keep", optional_argument, NULL, KEEP},
	{"on-drain", required_argument, NULL, ON_DRAIN},
	{"name", required_argument, NULL, NAME},
	{"timeout", required_argument, NULL, TIMEOUT},
	{"no-wait", no_argument, NULL, NO_WAIT},
	{"json", no_argument, NULL, JSON},
	{"server", required_argument, NULL, SERVER},
};

struct start {
	const char *image;
	const char *plugin[PLUGINS]; /* values of the plugin's options, or NULL */
	bool no_wait;
	size_t n;
	char *arg[ARGS_MAX + 1]; /* sbatch's; made here, ended by NULL */
};

static void args_add(struct start *s, const char *fmt, ...) PRINTF(2, 3);
static void args_add(struct start *s, const char *fmt, ...)
{
	va_list ap;
	char *arg = NULL;

	va_start(ap, fmt);
	if (vasprintf(&arg, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (s->n < ARGS_MAX)
		s->arg[s->n++] = arg;
	else
		free(arg);
}

static void start_done_auto(struct start *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->arg[i]);
}

/* The option that arg is, and its value if that is in arg; NULL: sbatch's. */
static const struct option *option_of(const char *arg, const char **ret_value)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t len = strlen(options[i].name);

		if (!str_starts(arg, "--") || strncmp(arg + 2, options[i].name, len) != 0 ||
		    (arg[2 + len] && arg[2 + len] != '='))
			continue;
		*ret_value = arg[2 + len] ? arg + 3 + len : NULL;
		return &options[i];
	}
	return NULL;
}

static int take(struct vmctl *v, struct start *s, const struct option *o, const char *value,
		struct err *e)
{
	switch ((enum kind)o->val) {
	case KEEP: s->plugin[KEEP] = value ? value : "always"; return 0;
	case DISK:
	case SCRATCH:
	case NETWORK:
	case ATTACH:
	case ON_DRAIN: s->plugin[o->val] = value; return 0;
	case NAME: args_add(s, "--job-name=%s", value); return 0;
	case TIMEOUT: return seconds_parse(value, &v->timeout_s, e);
	case NO_WAIT: s->no_wait = true; return 0;
	case JSON: v->json = true; return 0;
	case SERVER:
		return *value && str_copy(v->servers, sizeof(v->servers), value) == 0
			       ? 0
			       : err_set(e, ERR_INVALID, "--server: empty or too long");
	}
	return 0;
}

/* sbatch prints one id for all tasks, and none of them is the machine that is waited for here. */
static bool is_array(const char *arg)
{
	return str_starts(arg, "-a") || str_eq(arg, "--array") || str_starts(arg, "--array=");
}

static int option_read(struct vmctl *v, struct start *s, int *at, struct err *e)
{
	const char *value = NULL;
	const struct option *o = option_of(v->arg[*at], &value);

	if (!o && is_array(v->arg[*at]))
		return err_set(e, ERR_INVALID,
			       "start is for one machine; for an array of them: sbatch --array");
	if (!o) {
		args_add(s, "%s", v->arg[*at]);
		return 0;
	}
	if (o->has_arg == required_argument && !value) {
		if (*at + 1 == v->n_arg)
			return err_set(e, ERR_INVALID, "--%s needs a value", o->name);
		value = v->arg[++*at];
	}
	if (o->has_arg == no_argument && value)
		return err_set(e, ERR_INVALID, "--%s takes no value", o->name);
	return take(v, s, o, value, e);
}

/* Later options win with sbatch, so the user's stand behind ours. What is no option sbatch refuses
 * beside --wrap. */
static int line_read(struct vmctl *v, struct start *s, struct err *e)
{
	if (v->n_arg == 0 || v->arg[0][0] == '-' || !v->arg[0][0])
		return err_set(e, ERR_INVALID,
			       "name the image first: vmctl start IMAGE [OPTION...] (images: vmctl "
			       "images)");
	if (v->n_arg > 1 && v->arg[1][0] != '-')
		return err_set(e, ERR_INVALID,
			       "'%.40s' stands where an option was expected: vmctl "
			       "start IMAGE [OPTION...]",
			       v->arg[1]);
	s->image = v->arg[0];
	args_add(s, "sbatch");
	args_add(s, "--parsable");
	args_add(s, "--requeue");
	args_add(s, "--output=/dev/null");
	args_add(s, "--job-name=%.*s", (int)strcspn(s->image, "@"), s->image);
	args_add(s, "--wrap=exec sleep infinity");
	for (int i = 1; i < v->n_arg; i++)
		if (option_read(v, s, &i, e) < 0)
			return -1;
	if (settings_read(v, e) < 0)
		return -1;
	for (int i = 0; i < PLUGINS; i++)
		if (s->plugin[i])
			args_add(s, "--%s-%s=%s", v->prefix, options[i].name, s->plugin[i]);
	args_add(s, "--%s=%s", v->prefix, s->image);
	return s->n < ARGS_MAX ? 0 : err_set(e, ERR_INVALID, "more than %d options", ARGS_MAX);
}

static int submit(struct start *s, uint32_t *ret, struct err *e)
{
	char said[256];
	int code = 0;

	if (child_run(s->arg, said, sizeof(said), &code, e) < 0)
		return err_wrap(e,
				"jobs are submitted by Slurm's sbatch, on a host of the cluster");
	said[strcspn(said, ";\n")] = '\0'; /* "17;cluster" */
	*ret = choice_id(said);
	if (code != 0)
		return err_set(e, ERR_CONFLICT, "sbatch refused the job (see above)");
	if (*ret == 0)
		return err_set(e, ERR_CONFLICT, "sbatch told no job id, but '%.60s'", said);
	return 0;
}

static void say_each(uint32_t job, struct json_object *each)
{
	printf("Job %u has %zu virtual machines; the commands below are of the first, or of that "
	       "of "
	       "-w RANK\n",
	       job, json_length(each));
	for (size_t i = 0; i < json_length(each); i++) {
		struct json_object *o = json_object_array_get_idx(each, i);

		printf("  %lld         %s on %s\n", (long long)int_of(o, "rank"),
		       text_of(o, "address"), text_of(o, "node"));
	}
}

/* What somebody who has never done this wants to know now. */
static void say_next(uint32_t job, struct json_object *vm)
{
	const char *address = json_str_at(vm, "address"), *user = json_str_at(vm, "guest_user");
	bool windows = str_eq(json_str_at(vm, "profile"), "windows");

	if (json_at(vm, "each"))
		say_each(job, json_at(vm, "each"));
	else
		printf("Job %u has a virtual machine at %s\n", job,
		       address ? address : "(no address)");
	printf("  account   %s\n", user ? user : "-");
	printf("  password  vmctl password %u\n", job);
	if (windows)
		printf("  desktop   vmctl rdp %u\n", job);
	printf("  shell     vmctl ssh %u\n", job);
	printf("  command   vmctl exec %u -- COMMAND\n", job);
	printf("  screen    vmctl vnc %u\n", job);
	printf("  stop it   vmctl stop %u\n", job);
}

static int wait_ready(struct vmctl *v, uint32_t job)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	int code = await(v, job, AWAIT_READY, &vm);

	if (vm && v->json)
		json_print(vm);
	else if (vm && code == EXIT_DONE)
		say_next(job, vm);
	return code;
}

int cmd_start(struct vmctl *v)
{
	AUTO(start_done) struct start s = {.image = NULL};
	uint32_t job = 0;
	struct err e;

	if (line_read(v, &s, &e) < 0 || submit(&s, &job, &e) < 0)
		return fail(v, &e);
	ask_hint(v, job);
	if (!s.no_wait) {
		(void)fprintf(stderr, "Job %u is submitted; Ctrl-C leaves it running.\n", job);
		return wait_ready(v, job);
	}
	printf(v->json ? "{\"job\": %u}\n" : "%u\n", job);
	return EXIT_DONE;
}
