/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's main: options, and building the parts. Manual: vmd(8). */
#include "vmd/base/log.h"
#include "vmd/check_site.h"
#include "vmd/lead.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define CONFIG_FILE "/etc/slurm-vm/vmd.yaml"

static int check(const char *path, bool site, bool json)
{
	AUTO(settings_free) struct settings *s = NULL;
	struct err e;

	if (settings_load(path, &s, &e) < 0) {
		fprintf(stderr, "vmd: %s\n", e.msg);
		return 1;
	}
	if (site)
		return check_site(s, json);
	puts("ok");
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)source, (void)si;
	daemon_reload(d);
	return 0;
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	log_info("event=leave signal=%u", si->ssi_signo);
	lead_leave(d);
	return 0;
}

/* Before the first thread, so that all of them inherit the blocked signals. */
static int take_signals(struct daemon *d, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD); /* for hook.c */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    sd_event_add_signal(d->loop, NULL, SIGHUP, on_hangup, d) < 0 ||
	    sd_event_add_signal(d->loop, NULL, SIGTERM, on_end, d) < 0 ||
	    sd_event_add_signal(d->loop, NULL, SIGINT, on_end, d) < 0)
		return err_set(e, ERR_RETRY, "cannot take signals");
	return 0;
}

static int serve(struct daemon *d, struct err *e)
{
	int code;

	if (sd_event_new(&d->loop) < 0)
		return err_set(e, ERR_RETRY, "cannot make an event loop");
	if (settings_load(d->config, &d->settings, e) < 0 || take_signals(d, e) < 0 ||
	    daemon_start(d, e) < 0)
		return -1;
	(void)sd_event_set_watchdog(d->loop, true);
	log_info("event=start version=" PACKAGE_VERSION " listen=%s images=%zu",
		 d->settings->listen, d->settings->catalogue.n);
	(void)sd_notify(0, "READY=1");
	code = sd_event_loop(d->loop);
	(void)sd_notify(0, "STOPPING=1");
	if (code < 0)
		return err_set(e, ERR_RETRY, "event loop: %s", strerror(-code));
	return code ? err_set(e, ERR_INVALID, "stopped") : 0;
}

static int run(const char *config)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct err e;
	int rc;

	if (!d)
		abort();
	d->config = config;
	rc = serve(d, &e);
	if (rc < 0)
		log_error("event=exit err=\"%s\"", e.msg);
	/* A worker may be stuck in a library: it cannot be joined, and there is nothing to save. */
	_exit(rc < 0);
}

static void usage(FILE *to)
{
	fputs("usage: vmd [--config FILE] [--debug] [--foreground]\n"
	      "       vmd --check FILE [--site [--json]]\n"
	      "       vmd --version | --help\n",
	      to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", required_argument, NULL, 'C'},
		{"site", no_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"foreground", no_argument, NULL, 'f'},
		{"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *config = CONFIG_FILE, *checked = NULL;
	bool debug = false, site = false, json = false;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c': config = optarg; break;
		case 'C': checked = optarg; break;
		case 's': site = true; break;
		case 'j': json = true; break;
		case 'f': break; /* vmd never detaches */
		case 'd': debug = true; break;
		case 'V': puts("vmd " PACKAGE_VERSION); return 0;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (optind < argc || (site && !checked) || (json && !site)) {
		usage(stderr);
		return 2;
	}
	if (checked)
		return check(checked, site, json);
	log_init("vmd", debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return run(config);
}
