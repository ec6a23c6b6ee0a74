/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl: what a user asks vmd. This file knows the commands, which options each may have, and their
 * help. */
#include "vmd/vmctl/vmctl.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#define HELP_MACHINE                                                                               \
	"  -w, --machine=RANK of a job with several machines this one (default: 0; of show and\n"  \
	"                     wait: all of them)\n"

/* A call per row, so that a new row does not change the layout of the others. */
#define COMMAND(...)                                                                               \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct command {
	const char *name;
	const char *operand; /* as help shows it; NULL: takes none */
	unsigned options;
	int (*run)(struct vmctl *v);
	const char *summary;
	const char *help;
} commands[] = {
	COMMAND("start", "IMAGE", TAKES_ALL, cmd_start,
		"start a VM as a batch job, and wait until it is ready",
		"      --name=NAME    the job's name (default: the image's)\n"
		"      --disk=SIZE    size of the root disk\n"
		"      --scratch=SIZE a second, empty disk\n"
		"      --network=NAME the guests' network\n"
		"      --attach=NAME[:ro],... disks of yours (vmctl disk list)\n"
		"      --keep[=WHEN]  keep the root disk at the end: always (the default),\n"
		"                     abnormal or never\n"
		"      --on-drain=WHAT when its node is drained: migrate, requeue or stay\n"
		"      --timeout=TIME wait no longer than 90, 15m, 2h or 1d; the job goes on\n"
		"      --no-wait      do not wait until it is ready\n"
		"  ...                all others are sbatch's: -c 8 --mem=32G -t 5-0 ...\n"),
	COMMAND("stop", "[JOB]", OPT_NOW | OPT_TIMEOUT, cmd_stop,
		"shut the guest down and end its job",
		"      --now          cancel the job instead (scancel)\n"
		"      --timeout=TIME watch no longer than 90, 15m, 2h or 1d\n"),
	COMMAND("ssh", "[JOB]", TAKES_REST | OPT_MACHINE, cmd_ssh,
		"a shell in the guest, or a command with a terminal",
		HELP_MACHINE "  -- COMMAND...      run this instead of a shell\n"),
	COMMAND("exec", "[JOB]", TAKES_REST | OPT_MACHINES, cmd_exec, "run a command in the guest",
		"  -w, --machine=RANKS\n"
		"                     of a job with several machines in these, as 0-2 or 0,3 "
		"(default: "
		"0);\n"
		"                     what each prints is told with its rank in front\n"
		"  -- COMMAND...      the program and its arguments, exactly; its exit code is "
		"vmctl's\n"),
	COMMAND("cp", "SRC DST", TAKES_TWO | OPT_MACHINE, cmd_cp,
		"copy files; those in the guest are [JOB]:PATH", HELP_MACHINE),
	COMMAND("rdp", "[JOB]", OPT_FILE | OPT_MACHINE, cmd_rdp,
		"write a .rdp file, and open it where there is a display",
		HELP_MACHINE
		"      --file=PATH    write it there and do not open it (default: vm-JOB.rdp)\n"),
	COMMAND("password", "[JOB]", OPT_ROTATE | OPT_PRINT | OPT_MACHINE, cmd_password,
		"the password of the guest's account",
		HELP_MACHINE "      --rotate       give it a new one first\n"
			     "      --print        print it even if that is no terminal\n"),
	COMMAND("list", NULL, OPT_ALL | OPT_STOPPED | OPT_KEPT, cmd_list,
		"your VMs and their states",
		"  -a, --all          everybody's VMs (root and SlurmUser only)\n"
		"      --stopped      also those that have ended, while Slurm remembers the job\n"
		"      --kept         instead, the root disks that are kept of jobs that have "
		"ended\n"),
	COMMAND("show", "[JOB]", OPT_MACHINE, cmd_show, "all that is known of one VM",
		HELP_MACHINE),
	COMMAND("wait", "[JOB]", OPT_FOR | OPT_TIMEOUT | OPT_MACHINE, cmd_wait,
		"wait until a VM is ready",
		HELP_MACHINE
		"      --for=STATE    ready (default: it answers on the network) or running (it "
		"boots)\n"
		"      --timeout=TIME give up after 90, 15m, 2h or 1d (default: never)\n"),
	COMMAND("vnc", "[JOB]", OPT_BROWSER | OPT_PORT | OPT_MACHINE, cmd_vnc,
		"the guest's screen, for a VNC viewer on this host",
		HELP_MACHINE
		"      --browser      for a browser instead, with noVNC\n"
		"      --port=PORT    the port of 127.0.0.1 (default: any that is free)\n"),
	COMMAND("console", "[JOB]", OPT_MACHINE, cmd_console,
		"the guest's serial console on this terminal", HELP_MACHINE),
	COMMAND("screenshot", "FILE [JOB]", TAKES_TWO | OPT_MACHINE, cmd_screenshot,
		"a picture of the guest's screen as a PNG file", HELP_MACHINE),
	COMMAND("kubeconfig", "[JOB]", OPT_FILE | OPT_MACHINE, cmd_kubeconfig,
		"settings for virtctl and kubectl, with a token for this VM",
		HELP_MACHINE
		"      --file=FILE    write it there, readable by you only (default: standard "
		"output)\n"),
	COMMAND("migrate", "[JOB]", OPT_TO | OPT_CANCEL | OPT_TIMEOUT, cmd_migrate,
		"move a VM live to another node",
		"      --to=NODE      to this one (default: where Slurm finds room)\n"
		"      --cancel       not any more, if it has not begun\n"
		"      --timeout=TIME watch no longer than 90, 15m, 2h or 1d\n"),
	COMMAND("resize", "[JOB]", OPT_CPUS | OPT_MEM | OPT_CANCEL | OPT_TIMEOUT, cmd_resize,
		"give a running VM more CPUs or memory",
		"  -c, --cpus=N       CPUs of its job\n"
		"      --mem=SIZE     memory of its job, as sbatch's --mem: 16G\n"
		"      --cancel       not any more, if it has not begun\n"
		"      --timeout=TIME watch no longer than 90, 15m, 2h or 1d\n"),
	COMMAND("disk", "VERB...", TAKES_THREE | OPT_ALL | OPT_YES | OPT_TIMEOUT | OPT_MACHINE,
		cmd_disk, "disks of yours that live on beyond jobs",
		"  create NAME SIZE   an empty one, as 40G\n"
		"  delete NAME        and all that is on it\n"
		"  list               those that there are, and who uses them\n"
		"  add [JOB] NAME[:ro] give it to a guest that runs\n"
		"  add [JOB] SIZE     the same of an empty one that goes with the job\n"
		"  remove [JOB] NAME  take it back from the guest\n"
		"  list JOB           those that the job has\n"
		"  -a, --all          list: everybody's (root and SlurmUser only)\n"
		"  -y, --yes          delete: do not ask\n"
		"  -w, --machine=RANK add, remove, list JOB: of several machines (default: 0)\n"
		"      --timeout=TIME add, remove: watch no longer than 90, 15m, 2h or 1d\n"),
	COMMAND("images", NULL, OPT_ALL, cmd_images, "the images sbatch --vm=IMAGE may name",
		"  -a, --all          also those you may not use\n"),
	COMMAND("recover", "JOB", TAKES_ALL, cmd_recover,
		"start a VM from the root disk that was kept of an ended job",
		"  ...                those of start, and sbatch's: -c 8 --mem=32G -t 5-0 ... "
		"(default: as\n"
		"                     that job had them)\n"),
	COMMAND("discard", "JOB", OPT_YES, cmd_discard, "remove the kept disk of a job now",
		"  -y, --yes          do not ask\n"),
	COMMAND("plan", NULL, 0, cmd_plan, "what vmd is about to do (root and SlurmUser only)", ""),
	COMMAND("admin", "approve", OPT_YES, cmd_admin,
		"let many deletions happen that vmd holds back (the same)",
		"  -y, --yes          do not ask; with --json nothing is approved without it\n"),
};

static const char common_help[] = "      --json         print JSON\n"
				  "      --server=HOST:PORT[,HOST:PORT]\n"
				  "                     where vmd is (else VMCTL_SERVER, else "
				  "/etc/slurm-vm/vmctl.conf)\n"
				  "  -h, --help\n"
				  "  -V, --version\n";

static const char job_help[] =
	"JOB is a job id, a task of an array (12_3), the name of a VM, or a job's name if only "
	"one\n"
	"of yours has it; 17-2 and NAME-2 are the third of several machines of one job.\n"
	"It may be left out inside a job with a VM, and when you have exactly one VM.\n";

static int help_all(FILE *f)
{
	(void)fprintf(f, "Usage: vmctl COMMAND [OPTION...]\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(f, "  %-10s %-10s  %s\n", commands[i].name,
			      commands[i].operand ? commands[i].operand : "", commands[i].summary);
	(void)fprintf(f,
		      "\n%s\nOptions of all commands:\n%s\n"
		      "More: vmctl COMMAND --help, man vmctl\n",
		      job_help, common_help);
	return f == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int help_command(const struct command *c)
{
	printf("Usage: vmctl %s%s%s [OPTION...]%s\n%s: %s.\n\nOptions:\n%s%s", c->name,
	       c->operand ? " " : "", c->operand ? c->operand : "",
	       c->options & TAKES_REST ? " [-- COMMAND...]" : "", c->name, c->summary, c->help,
	       common_help);
	if (c->operand && strstr(c->operand, "[JOB]"))
		printf("\n%s", job_help);
	return EXIT_DONE;
}

/* c: of that command, as far as one is known. fmt NULL: it has been said. */
static int usage(const struct command *c, const char *fmt, ...) PRINTF(2, 3);
static int usage(const struct command *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		(void)vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		(void)fprintf(stderr, "vmctl: %s\n", text_clean(text));
	}
	(void)fprintf(stderr, "Try: vmctl %s%s--help\n", c ? c->name : "", c ? " " : "");
	return EXIT_USAGE;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What it is called elsewhere: by virsh, virtctl, docker, Slurm, a shell. */
static const char *command_meant(const char *name)
{
	static const char *const others[][2] = {
		{"cancel", "stop"},  {"connect", "rdp"},  {"screen", "vnc"},   {"copy", "cp"},
		{"create", "start"}, {"delete", "stop"},  {"desktop", "rdp"},  {"info", "show"},
		{"kill", "stop"},    {"ls", "list"},      {"move", "migrate"}, {"ps", "list"},
		{"run", "exec"},     {"scp", "cp"},       {"shell", "ssh"},    {"shutdown", "stop"},
		{"status", "show"},  {"submit", "start"},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(others[i][0], name) == 0)
			return others[i][1];
	return NULL;
}

static int version(void)
{
	return printf("vmctl (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION) > 0 ? EXIT_DONE
									    : EXIT_FAILED;
}

/* Cuts what stands behind "--" off. */
static int rest_split(struct vmctl *v, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		v->rest = &argv[i + 1];
		argv[i] = NULL;
		return i;
	}
	return argc;
}

#define BEHIND "what is for the guest stands behind --"

/* "vmctl exec 17 ls -l": the guest's command was meant to follow. */
static bool lacks_rest(const struct command *c, const struct vmctl *v)
{
	return c->options & TAKES_REST && !v->rest;
}

static int operands_check(const struct command *c, const struct vmctl *v, const struct given *g)
{
	int max = c->options & TAKES_THREE ? 3 : c->options & TAKES_TWO ? 2 : c->operand ? 1 : 0;
	unsigned also = c->options & OPT_MACHINES ? OPT_MACHINE : 0;
	unsigned odd = g->options & ~(c->options | also);

	if (odd & OPT_MACHINES && c->options & OPT_MACHINE)
		return usage(c, "--machine: '%s' is of one machine at a time", c->name);
	if (odd)
		return usage(c, "--%s does not belong to '%s'%s", options_name(odd), c->name,
			     lacks_rest(c, v) ? "; " BEHIND : "");
	if (v->n_arg > max)
		return usage(c, "one word too many: '%.40s'%s", v->arg[max],
			     lacks_rest(c, v) ? "; " BEHIND : "");
	return -1;
}

/* argv[0] is the command's name. */
static int run(struct vmctl *v, const struct command *c, struct given *g, int argc, char **argv)
{
	struct err e;
	int code;

	if (c->options & TAKES_ALL) {
		v->n_arg = argc - 1;
		v->arg = argv + 1;
		for (int i = 1; i < argc; i++)
			g->help |= str_eq(argv[i], "--help") || str_eq(argv[i], "-h");
	} else {
		argc = c->options & TAKES_REST ? rest_split(v, argc, argv) : argc;
		argv[0] = program_invocation_short_name; /* for getopt's messages */
		code = options_read(v, g, argc, argv, true);
		if (code >= 0)
			return lacks_rest(c, v) ? usage(c, BEHIND) : usage(c, NULL);
		v->n_arg = argc - optind;
		v->arg = argv + optind;
	}
	if (g->version)
		return version();
	if (g->help)
		return help_command(c);
	if (c->options & TAKES_ALL)
		return c->run(v);
	code = operands_check(c, v, g);
	if (code >= 0)
		return code;
	v->job = v->n_arg > 0 ? v->arg[0] : NULL;
	if (settings_read(v, &e) < 0)
		return usage(c, "%s", e.msg);
	return c->run(v);
}

/* Options before the command count for it. */
static int command_line(struct vmctl *v, int argc, char **argv)
{
	struct given g = {.options = 0};
	const struct command *c;
	const char *meant;
	int code = options_read(v, &g, argc, argv, false);

	if (code >= 0)
		return usage(NULL, NULL);
	if (g.version)
		return version();
	if (optind == argc)
		return help_all(g.help ? stdout : stderr);
	c = command_find(argv[optind]);
	meant = c ? NULL : command_meant(argv[optind]);
	if (!c)
		return usage(NULL, "no command '%.40s'%s%s", argv[optind],
			     meant ? "; perhaps: vmctl " : "", meant ? meant : "");
	return run(v, c, &g, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	struct vmctl *v = calloc(1, sizeof(*v));
	int code;

	if (!v)
		abort();
	code = command_line(v, argc, argv);
	free(v);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "vmctl: cannot write: %m\n");
		return EXIT_FAILED;
	}
	return code;
}
