/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one-machine KubeVirt API: reads its settings, opens the store, starts the controllers and
 * then the server, and turns the loop. There is no stop beyond committing the store: guests stay,
 * and starting takes up what is there. */
#include "kubevirt-lite/api/api.h"
#include "kubevirt-lite/api/listen.h"
#include "kubevirt-lite/controllers.h"
#include "kubevirt-lite/store/gc.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define DEFAULT_CONFIG "/etc/slurm-vm/kubevirt-lite.yaml"

struct options {
	const char *config;
	bool check, verbose;
};

struct settings {
	char listen[80];
	char cert[512], key[512];
	char state[400];
	bool faults;
};

static void usage(FILE *f)
{
	(void)fputs("Usage: kubevirt-lite [-c FILE] [--check] [-v]\n"
		    "\n"
		    "  -c, --config FILE  settings (default " DEFAULT_CONFIG ")\n"
		    "      --check        read the settings, say what is wrong, and end\n"
		    "  -v, --verbose      log every request\n"
		    "  -h, --help         this text\n"
		    "  -V, --version      the version\n",
		    f);
}

/* 0: go on; 1: done; -1: wrong usage. */
static int read_options(int argc, char **argv, struct options *ret)
{
	enum { OPT_CHECK = 256 };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, OPT_CHECK},
		{"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
	};
	int opt;

	*ret = (struct options){.config = DEFAULT_CONFIG};
	while ((opt = getopt_long(argc, argv, "c:vhV", longs, NULL)) != -1) {
		switch (opt) {
		case 'c': ret->config = optarg; break;
		case 'v': ret->verbose = true; break;
		case OPT_CHECK: ret->check = true; break;
		case 'h': usage(stdout); return 1;
		case 'V': puts("kubevirt-lite " PACKAGE_VERSION); return 1;
		default: usage(stderr); return -1;
		}
	}
	if (optind == argc)
		return 0;
	usage(stderr);
	return -1;
}

static int read_settings(struct conf *y, struct settings *ret, struct err *e)
{
	struct conf *tls = conf_get(y, "tls");
	struct settings s = {.listen = ""};
	struct err why;

	if (conf_str(y, "listen", true, s.listen, sizeof(s.listen), e) < 0)
		return -1;
	if (listen_check(s.listen, &why) < 0)
		return conf_error(conf_get(y, "listen"), e, "'listen': %s", why.msg);
	if (!tls || tls->kind != CONF_MAP)
		return conf_error(tls ? tls : y, e, "'tls' must be a map of cert and key");
	if (conf_str(tls, "cert", true, s.cert, sizeof(s.cert), e) < 0 ||
	    conf_str(tls, "key", true, s.key, sizeof(s.key), e) < 0 ||
	    conf_check_used(tls, e) < 0 ||
	    conf_str(y, "state", true, s.state, sizeof(s.state), e) < 0 ||
	    conf_bool(y, "faults", &s.faults, e) < 0)
		return -1;
	*ret = s;
	return 0;
}

static int on_signal(sd_event_source *src, const struct signalfd_siginfo *info, void *ctx)
{
	(void)ctx;
	log_info("action=stop signal=%u", info->ssi_signo);
	return sd_event_exit(sd_event_source_get_event(src), 0);
}

/* Before any thread: blocked everywhere, read by the loop. */
static int catch_signals(sd_event *loop, struct err *e)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGTERM, on_signal, NULL) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGINT, on_signal, NULL) < 0)
		return err_set(e, ERR_INVALID, "signals: %s", strerror(errno));
	return 0;
}

struct parts {
	struct auth *auth;
	struct controllers *controllers;
	struct store *store;
	struct gc *gc;
	struct api *api;
	struct http_server *http;
};

static int open_store(const struct settings *s, sd_event *loop, struct store **ret, struct err *e)
{
	char path[512];

	if (mkdir(s->state, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_INVALID, "%s: %s", s->state, strerror(errno));
	if (str_fmt(path, sizeof(path), "%s/objects.sqlite", s->state) < 0)
		return err_set(e, ERR_INVALID, "%s: too long", s->state);
	return store_open(path, loop, ret, e);
}

static int start(const struct settings *s, sd_event *loop, struct parts *p, struct err *e)
{
	struct api_settings api = {.auth = p->auth, .loop = loop, .faults_allowed = s->faults};
	struct http_settings http = {.listen = s->listen,
				     .cert_file = s->cert,
				     .key_file = s->key,
				     .handler = api_handle};

	if (catch_signals(loop, e) < 0 || open_store(s, loop, &p->store, e) < 0)
		return -1;
	api.store = p->store;
	api.hooks = controllers_hooks(p->controllers);
	if (api_new(&api, &p->api, e) < 0 || gc_start(p->store, loop, &p->gc, e) < 0 ||
	    controllers_start(p->controllers, p->store, loop, e) < 0)
		return -1;
	http.ctx = p->api;
	return http_start(&http, loop, &p->http, e);
}

static int serve(const struct settings *s, struct parts *p, struct err *e)
{
	sd_event *loop = NULL;
	int rc = sd_event_default(&loop);

	if (rc < 0)
		return err_set(e, ERR_INVALID, "event loop: %s", strerror(-rc));
	if (start(s, loop, p, e) < 0)
		return -1;
	(void)sd_event_set_watchdog(loop, true);
	log_info("action=start listen=%s port=%u version=%llu", s->listen, http_port(p->http),
		 (unsigned long long)store_version(p->store));
	(void)sd_notifyf(false, "READY=1\nSTATUS=port %u", http_port(p->http));
	rc = sd_event_loop(loop);
	(void)sd_notify(false, "STOPPING=1");
	if (rc < 0)
		return err_set(e, ERR_INVALID, "event loop: %s", strerror(-rc));
	return 0;
}

static int run(const struct options *o, struct err *e)
{
	AUTO(conf_free) struct conf *y = NULL;
	struct parts p = {.auth = NULL};
	struct settings s;
	int rc;

	if (conf_load(o->config, &y, e) < 0 || read_settings(y, &s, e) < 0 ||
	    auth_new(y, &p.auth, e) < 0 || controllers_new(y, &p.controllers, e) < 0 ||
	    conf_check_used(y, e) < 0)
		return -1;
	if (o->check) {
		printf("%s: fine\n", o->config);
		return 0;
	}
	rc = serve(&s, &p, e);
	store_close(p.store);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = {.kind = ERR_NONE};
	struct options o;
	int rc = read_options(argc, argv, &o);

	if (rc != 0)
		return rc < 0 ? 2 : 0;
	log_init("kubevirt-lite", o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (run(&o, &e) < 0) {
		log_error("action=start err=\"%s\"", e.msg);
		return 1;
	}
	(void)fflush(NULL);
	_exit(0); /* clients and guests are left as they are: starting is recovering */
}
