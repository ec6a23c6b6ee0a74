/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One kind of objects kept in view: list (in pages), then watch, for ever. Loop thread only.
 *
 * known: false until the first list is complete. A broken watch is taken up again where it ended;
 * while that fails, what was seen counts as known for WATCH_STALE_S more, then no longer: deletes
 * carry preconditions and names are wanted once, so a view that is a few seconds old cannot harm,
 * but an hour-old one would hide the reason why nothing happens. "410 Gone" means that events were
 * lost: a new list replaces the view at its end, until then the old one counts by the same rule. */
#ifndef VMD_KUBE_KUBE_WATCH_H
#define VMD_KUBE_KUBE_WATCH_H

#include "vmd/base/json.h"
#include "vmd/kube/kube_http.h"

#define WATCH_STALE_S 30

struct watch;

struct watch_source {
	const char *path;        /* "/api/v1/persistentvolumes" */
	const char *query;       /* "labelSelector=...", percent-encoded; "" none */
	const char *accept_list; /* NULL: application/json */
	const char *accept_watch;
	int64_t stale_us; /* 0: WATCH_STALE_S; tests cannot wait so long */
	void *ctx;
	void (*begin)(void *ctx); /* a list begins: mark all as not seen */
	void (*item)(void *ctx, struct json_object *object, bool gone); /* set or gone */
	void (*end)(void *ctx);   /* the list is complete: drop what was not seen */
	void (*state)(void *ctx); /* known or the trouble changed */
};

/* Strings of src are copied. Nothing is asked before watch_start. */
struct watch *watch_new(struct http *h, const struct watch_source *src);
void watch_start(struct watch *w);
/* Reads everything anew: not known until then. */
void watch_again(struct watch *w);
void watch_free(struct watch *w);
DEFINE_AUTO(struct watch *, watch_free)

bool watch_known(const struct watch *w);
/* What hinders it, "" nothing. Said from the second failure in a row on: a connection that was cut
 * once is no news. */
const char *watch_trouble(const struct watch *w);

#endif
