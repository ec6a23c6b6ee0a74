/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Lease by which one of several vmd acts: lease/lease.h on the event loop, against a
 * coordination.k8s.io/v1 Lease. Has a connection of its own, so that a renewal never waits behind
 * other requests. Loop thread only. */
#ifndef VMD_KUBE_KUBE_LEASE_H
#define VMD_KUBE_KUBE_LEASE_H

#include "vmd/base/json.h"
#include "vmd/lease/lease.h"
#include "vmd/settings.h"

struct sd_event;
struct lease_gate;
struct kube_lease;

struct kube_lease_callbacks {
	void *ctx;
	void (*changed)(void *ctx); /* who leads, or what hinders it */
	struct lease_gate *gate;    /* kept up to date; borrowed */
};

/* s is borrowed for the call. Nothing is asked before kube_lease_start(). */
int kube_lease_new(struct sd_event *loop, const struct settings *s,
		   const struct kube_lease_callbacks *cb, struct kube_lease **ret, struct err *e);
void kube_lease_free(struct kube_lease *k);
DEFINE_AUTO(struct kube_lease *, kube_lease_free)
void kube_lease_start(struct kube_lease *k);

/* May an action be sent at this moment? To be asked right before each. */
bool kube_lease_leads(const struct kube_lease *k);
/* Since when, monotonic; 0: it does not. */
int64_t kube_lease_since_us(const struct kube_lease *k);
/* Does another vmd lead, as far as is known? */
bool kube_lease_is_others(const struct kube_lease *k);
const char *kube_lease_holder(const struct kube_lease *k);  /* as in the Lease; "" nobody */
const char *kube_lease_trouble(const struct kube_lease *k); /* "" none */
/* Does not lead from here on, and tells the server; done is called once, from the loop, when that
 * is over, however it went. */
void kube_lease_leave(struct kube_lease *k, void (*done)(void *ctx), void *ctx);

/* Pure; for tests. version "": to create. times: wall clock, microseconds. */
struct lease_times {
	int64_t acquired_us, renewed_us;
};
struct json_object *lease_encode(const char *name_space, const char *name, const char *holder,
				 const char *version, int64_t duration_s, int64_t transitions,
				 const struct lease_times *t);
int lease_decode(struct json_object *doc, struct lease_seen *ret, struct err *e);

#endif
