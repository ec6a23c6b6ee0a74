/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl: what a user asks vmd. This file knows the commands, their options and their help. */
#include "vmd/vmctl/vmctl.h"
#include "vmd/base/str.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

/* Options beyond --json, --server, --help, --version, which all commands have. */
enum { OPT_ALL = 1, OPT_STOPPED = 2, OPT_FOR = 4, OPT_TIMEOUT = 8, OPT_YES = 16 };

static const struct command {
	const char *name;
	const char *operand; /* as help shows it; NULL: takes none */
	unsigned options;
	int (*run)(struct vmctl *v);
	const char *summary;
	const char *help;
} commands[] = {
	{"list",   NULL,      OPT_ALL | OPT_STOPPED, cmd_list,   "your VMs and their states",
	 "  -a, --all          everybody's VMs (root and SlurmUser only)\n"
	 "      --stopped      also those that have ended, while Slurm remembers the job\n"													  },
	{"show",   "[JOB]",   0,                     cmd_show,   "all that is known of one VM",                       ""									     },
	{"wait",   "[JOB]",   OPT_FOR | OPT_TIMEOUT, cmd_wait,   "wait until a VM is ready",
	 "      --for=STATE    ready (default: it answers on the network) or running (it boots)\n"
	 "      --timeout=TIME give up after 90, 15m, 2h or 1d (default: never)\n"														   },
	{"images", NULL,      OPT_ALL,               cmd_images, "the images sbatch --vm=IMAGE may name",
	 "  -a, --all          also those you may not use\n"																	 },
	{"plan",   NULL,      0,                     cmd_plan,   "what vmd is about to do (root and SlurmUser only)", ""                                                                             },
	{"admin",  "approve", OPT_YES,               cmd_admin,
	 "let many deletions happen that vmd holds back (the same)",						  "  -y, --yes          do not ask; with --json nothing is approved without it\n"},
};

static const char common_help[] = "      --json         print JSON\n"
				  "      --server=HOST:PORT[,HOST:PORT]\n"
				  "                     where vmd is (else VMCTL_SERVER, else "
				  "/etc/slurm-vm/vmctl.conf)\n"
				  "  -h, --help\n"
				  "  -V, --version\n";

static const char job_help[] =
	"JOB is a job id, the name of a VM, or a job's name if only one of yours has it.\n"
	"It may be left out inside a job, and when you have exactly one VM.\n";

static int help_all(FILE *f)
{
	(void)fprintf(f, "Usage: vmctl COMMAND [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(f, "  %-6s %-7s  %s\n", commands[i].name,
			      commands[i].operand ? commands[i].operand : "", commands[i].summary);
	(void)fprintf(f,
		      "\n%s\nOptions of all commands:\n%s\n"
		      "More: vmctl COMMAND --help, man vmctl\n",
		      job_help, common_help);
	return f == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int help_command(const struct command *c)
{
	printf("Usage: vmctl %s%s%s [OPTION...]\n%s: %s.\n\nOptions:\n%s%s", c->name,
	       c->operand ? " " : "", c->operand ? c->operand : "", c->name, c->summary, c->help,
	       common_help);
	if (str_eq(c->operand, "[JOB]"))
		printf("\n%s", job_help);
	return EXIT_DONE;
}

static int usage(const char *fmt, ...) PRINTF(1, 2);
static int usage(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		(void)vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		(void)fprintf(stderr, "vmctl: %s\n", text_clean(text));
	}
	(void)fprintf(stderr, "Try: vmctl --help\n");
	return EXIT_USAGE;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What the command line asked for, beside v. */
struct given {
	unsigned options; /* OPT_ that were seen */
	bool help, version;
};

/* The exit code, or -1: go on. */
static int option_read(struct vmctl *v, struct given *g, int c, const char *value)
{
	struct err e;

	switch (c) {
	case 'a':
		v->all = true;
		g->options |= OPT_ALL;
		return -1;
	case 'S':
		v->stopped = true;
		g->options |= OPT_STOPPED;
		return -1;
	case 'y':
		v->yes = true;
		g->options |= OPT_YES;
		return -1;
	case 'f':
		g->options |= OPT_FOR;
		v->for_running = strcmp(value, "running") == 0;
		if (v->for_running || strcmp(value, "ready") == 0)
			return -1;
		return usage("--for=%.40s: must be ready or running", value);
	case 't':
		g->options |= OPT_TIMEOUT;
		if (seconds_parse(value, &v->timeout_s, &e) == 0)
			return -1;
		return usage("--timeout: %s", e.msg);
	case 's':
		if (*value && str_copy(v->servers, sizeof(v->servers), value) == 0)
			return -1;
		return usage("--server: empty or too long");
	case 'j': v->json = true; return -1;
	case 'h': g->help = true; return -1;
	case 'V': g->version = true; return -1;
	default: return usage(NULL); /* getopt has said what */
	}
}

static int options_read(struct vmctl *v, struct given *g, int argc, char **argv)
{
	static const struct option options[] = {
		{"all",     no_argument,       NULL, 'a'},
                {"stopped", no_argument,       NULL, 'S'},
		{"for",     required_argument, NULL, 'f'},
                {"timeout", required_argument, NULL, 't'},
		{"yes",     no_argument,       NULL, 'y'},
                {"json",    no_argument,       NULL, 'j'},
		{"server",  required_argument, NULL, 's'},
                {"help",    no_argument,       NULL, 'h'},
		{"version", no_argument,       NULL, 'V'},
                {NULL,      0,                 NULL, 0  },
	};
	int c;

	while ((c = getopt_long(argc, argv, "ahyV", options, NULL)) >= 0) {
		int code = option_read(v, g, c, optarg);

		if (code >= 0)
			return code;
	}
	return -1;
}

static int run(struct vmctl *v, const struct given *g, int n, char **operand)
{
	const struct command *c;
	struct err e;

	if (n == 0)
		return help_all(g->help ? stdout : stderr);
	c = command_find(operand[0]);
	if (!c)
		return usage("no command '%.40s'", operand[0]);
	if (g->help)
		return help_command(c);
	if (g->options & ~c->options)
		return usage("an option does not belong to '%s'", c->name);
	if (n > (c->operand ? 2 : 1))
		return usage("too many operands: '%.40s'", operand[n - 1]);
	v->job = n > 1 ? operand[1] : NULL;
	if (settings_read(v, &e) < 0)
		return usage("%s", e.msg);
	return c->run(v);
}

int main(int argc, char **argv)
{
	struct vmctl *v = calloc(1, sizeof(*v));
	struct given g = {.options = 0};
	int code;

	if (!v)
		abort();
	code = options_read(v, &g, argc, argv);
	if (code < 0 && g.version)
		code = printf("vmctl (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION) > 0 ? EXIT_DONE
										    : EXIT_FAILED;
	else if (code < 0)
		code = run(v, &g, argc - optind, argv + optind);
	free(v);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "vmctl: cannot write: %m\n");
		return EXIT_FAILED;
	}
	return code;
}
