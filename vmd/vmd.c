/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's main: options, and building the parts. Manual: vmd(8). */
#include "vmd/base/log.h"
#include "vmd/settings.h"

#include <getopt.h>
#include <string.h>

#define CONFIG_FILE "/etc/slurm-vm/vmd.yaml"

static int check(const char *path)
{
	AUTO(settings_free) struct settings *s = NULL;
	struct err e;

	if (settings_load(path, &s, &e) < 0) {
		fprintf(stderr, "vmd: %s\n", e.msg);
		return 1;
	}
	puts("ok");
	return 0;
}

static void usage(FILE *to)
{
	fputs("usage: vmd [--config FILE] [--debug] [--foreground]\n"
	      "       vmd --check FILE | --version | --help\n",
	      to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config",     required_argument, NULL, 'c'},
		{"check",      required_argument, NULL, 'C'},
		{"foreground", no_argument,       NULL, 'f'},
		{"debug",      no_argument,       NULL, 'd'},
		{"version",    no_argument,       NULL, 'V'},
		{"help",       no_argument,       NULL, 'h'},
		{NULL,         0,                 NULL, 0  },
	};
	const char *config = CONFIG_FILE;
	bool debug = false;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c': config = optarg; break;
		case 'C': return check(optarg);
		case 'f': break; /* vmd never detaches */
		case 'd': debug = true; break;
		case 'V': puts("vmd " PACKAGE_VERSION); return 0;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	log_init("vmd", debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return check(config);
}
