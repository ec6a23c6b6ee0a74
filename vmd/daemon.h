/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All parts of the running daemon, and what its files tell each other. For vmd.c, daemon.c,
 * apply.c, answer.c only. One loop thread owns all of it. */
#ifndef VMD_DAEMON_H
#define VMD_DAEMON_H

#include "vmd/api/metrics.h"
#include "vmd/api/requests.h"
#include "vmd/api/server.h"
#include "vmd/disk_view.h"
#include "vmd/hook.h"
#include "vmd/kube/kube.h"
#include "vmd/kube/kube_lease.h"
#include "vmd/lease/lease_gate.h"
#include "vmd/network/probe.h"
#include "vmd/reconcile/reconciler.h"
#include "vmd/slurm_view.h"
#include "vmd/timing.h"

struct sd_event;
struct sd_event_source;

struct daemon {
	struct sd_event *loop;
	const char *config; /* path of vmd.yaml */
	/* Never moves: adapters borrow it. On reload its changeable parts are replaced in place. */
	struct settings *settings;
	int64_t start_s;
	struct slurm_view *slurm;
	struct kube *kube;        /* NULL until the cluster's name is known */
	struct disk_view *disks;  /* the same */
	struct kube_lease *lease; /* the same */
	struct lease_gate gate;   /* open while this vmd leads */
	bool watching;            /* Kubernetes is watched: the Lease has been asked for */
	int64_t led_since_us;     /* as it was told last; 0 it has not led yet */
	bool leaving, letting_go;
	struct sd_event_source *end;
	struct prober *prober;
	struct hooks *hooks;
	struct server *server;
	struct requests requests;
	struct reconciler *reconciler;
	struct metrics metrics;
	struct timings timings;
	char *kube_ca;                 /* kubernetes: ca_file, for those who get a token; "" none */
	struct observed seen;          /* as of the last round */
	bool braked;                   /* deletions wait for an approval, and that was said */
	struct sd_event_source *round; /* a round is due now */
	struct sd_event_source *deadline; /* ... or at the latest then */
	struct sd_event_source *news;     /* somebody has waited long enough for news */
	char slurm_trouble[240], kube_trouble[240], ceph_trouble[240];
	char watch_trouble[240]; /* what the watches alone say */
};

/* Builds all parts and joins them to the loop. */
int daemon_start(struct daemon *d, struct err *e);
/* SIGHUP: a file with an error changes nothing. */
void daemon_reload(struct daemon *d);
/* The watches, or the Lease, are in trouble, or no longer. */
void daemon_trouble_kube(struct daemon *d);
/* Something has changed: one round, when all that is pending has been taken in. */
void daemon_round_soon(struct daemon *d);
struct now daemon_now(void);

/* apply.c: the port of the core, to the adapters. */
int apply_action(void *self, const struct action *a, uint64_t ticket, struct err *e);

/* answer.c: what the API asks; ctx is &d->requests. */
void answer_ports(struct daemon *d, struct requests_port *ret);
void answer_metrics(void *ctx, struct strbuf *out);
int answer_health(void *ctx, struct err *e);

#endif
