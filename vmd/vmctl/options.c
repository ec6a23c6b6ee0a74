/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of vmctl: a table, and how the values are read. Which a command may have it says itself
 * (vmctl.c). */
#include "vmd/vmctl/options.h"

#include "vmd/base/str.h"
#include "vmd/vmctl/fan.h"

#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static int wrong(const char *fmt, ...) PRINTF(1, 2);
static int wrong(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "vmctl: %s\n", text_clean(text));
	return EXIT_USAGE;
}

/* The values of options, each into v. The exit code, or -1: go on. */

static int cpus_read(struct vmctl *v, struct given *g, const char *value)
{
	uint64_t number;

	(void)g;
	if (str_to_u64(value, 4096, &number) < 0 || number == 0)
		return wrong("--cpus=%.40s: must be a number of CPUs", value);
	v->cpus = (uint32_t)number;
	return -1;
}

static int memory_read(struct vmctl *v, struct given *g, const char *value)
{
	struct err e;

	(void)g;
	/* A number alone is of MiB, as with sbatch's. */
	if (str_to_bytes(value, MIB, &v->memory_bytes, &e) == 0 && v->memory_bytes)
		return -1;
	return wrong("--mem=%.40s: must be a size like 16G", value);
}

static int machine_read(struct vmctl *v, struct given *g, const char *value)
{
	v->machines = fan_ranks(value);
	if (v->machines & (v->machines - 1))
		g->options |= OPT_MACHINES;
	if (v->machines)
		return -1;
	return wrong("--machine=%.40s: must be numbers of machines, from 0, like 2 or 0-2", value);
}

static int for_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)g;
	v->for_running = strcmp(value, "running") == 0;
	if (v->for_running || strcmp(value, "ready") == 0)
		return -1;
	return wrong("--for=%.40s: must be ready or running", value);
}

static int timeout_read(struct vmctl *v, struct given *g, const char *value)
{
	struct err e;

	(void)g;
	return seconds_parse(value, &v->timeout_s, &e) == 0 ? -1 : wrong("--timeout: %s", e.msg);
}

static int port_read(struct vmctl *v, struct given *g, const char *value)
{
	uint64_t number;

	(void)g;
	if (str_to_u64(value, 65535, &number) < 0 || number == 0)
		return wrong("--port=%.40s: must be 1 to 65535", value);
	v->port = (uint16_t)number;
	return -1;
}

static int server_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)g;
	if (*value && str_copy(v->servers, sizeof(v->servers), value) == 0)
		return -1;
	return wrong("--server: empty or too long");
}

static int file_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)g;
	v->file = value;
	return -1;
}

static int to_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)g;
	v->to = value;
	return -1;
}

static int help_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)v, (void)value;
	g->help = true;
	return -1;
}

static int version_read(struct vmctl *v, struct given *g, const char *value)
{
	(void)v, (void)value;
	g->version = true;
	return -1;
}

static const struct {
	const char *name;
	int has_arg;
	int letter;      /* what getopt_long() returns; SHORT has those that a user may type */
	unsigned option; /* 0: all commands have it, or read() says which it is */
	int (*read)(struct vmctl *v, struct given *g, const char *value);
	size_t flag; /* of struct vmctl, where there is no read() */
} rows[] = {
	/* clang-format off */
	{"all", no_argument, 'a', OPT_ALL, NULL, offsetof(struct vmctl, all)},
	{"stopped", no_argument, 'S', OPT_STOPPED, NULL, offsetof(struct vmctl, stopped)},
	{"kept", no_argument, 'K', OPT_KEPT, NULL, offsetof(struct vmctl, kept)},
	{"yes", no_argument, 'y', OPT_YES, NULL, offsetof(struct vmctl, yes)},
	{"now", no_argument, 'n', OPT_NOW, NULL, offsetof(struct vmctl, now)},
	{"rotate", no_argument, 'r', OPT_ROTATE, NULL, offsetof(struct vmctl, rotate)},
	{"print", no_argument, 'p', OPT_PRINT, NULL, offsetof(struct vmctl, print)},
	{"cancel", no_argument, 'C', OPT_CANCEL, NULL, offsetof(struct vmctl, cancel)},
	{"browser", no_argument, 'b', OPT_BROWSER, NULL, offsetof(struct vmctl, browser)},
	{"json", no_argument, 'j', 0, NULL, offsetof(struct vmctl, json)},
	{"for", required_argument, 'f', OPT_FOR, for_read, 0},
	{"timeout", required_argument, 't', OPT_TIMEOUT, timeout_read, 0},
	{"file", required_argument, 'F', OPT_FILE, file_read, 0},
	{"to", required_argument, 'o', OPT_TO, to_read, 0},
	{"cpus", required_argument, 'c', OPT_CPUS, cpus_read, 0},
	{"mem", required_argument, 'm', OPT_MEM, memory_read, 0},
	{"machine", required_argument, 'w', OPT_MACHINE, machine_read, 0},
	{"port", required_argument, 'P', OPT_PORT, port_read, 0},
	{"server", required_argument, 's', 0, server_read, 0},
	{"help", no_argument, 'h', 0, help_read, 0},
	{"version", no_argument, 'V', 0, version_read, 0},
	/* clang-format on */
};
#define SHORT "ac:hw:yV"

static int option_read(struct vmctl *v, struct given *g, int letter, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].letter != letter)
			continue;
		g->options |= rows[i].option;
		if (rows[i].read)
			return rows[i].read(v, g, value);
		*(bool *)((char *)v + rows[i].flag) = true;
		return -1;
	}
	return EXIT_USAGE; /* getopt has said what */
}

int options_read(struct vmctl *v, struct given *g, int argc, char **argv, bool with_operands)
{
	struct option options[ARRAY_LEN(rows) + 1] = {{.name = NULL}};
	int letter;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		options[i] = (struct option){
			.name = rows[i].name, .has_arg = rows[i].has_arg, .val = rows[i].letter};
	optind = 0; /* from the beginning, whatever was read before */
	while ((letter = getopt_long(argc, argv, with_operands ? SHORT : "+" SHORT, options,
				     NULL)) >= 0) {
		int code = option_read(v, g, letter, optarg);

		if (code >= 0)
			return code;
	}
	return -1;
}

const char *options_name(unsigned set)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (set & rows[i].option)
			return rows[i].name;
	return "?"; /* a set of none */
}
