/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controllers and the guests, as main sees them. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_H
#define KUBEVIRT_LITE_CONTROLLERS_H

#include "kubevirt-lite/api/subresource.h"
#include "kubevirt-lite/store/store.h"
#include "vmd/base/conf.h"

struct controllers;

/* Reads its own keys of the settings (run_dir, guests, simulated, heartbeat, nodes, ...) and
 * nothing else of the world: --check stops here. Errors name file and line. */
int controllers_new(struct conf *settings, struct controllers **ret, struct err *e);
/* Makes the Node objects, takes up what the store and the machine hold, and goes on from there. */
int controllers_start(struct controllers *c, struct store *s, struct sd_event *loop, struct err *e);
/* Valid as long as c. */
const struct subresource_hooks *controllers_hooks(struct controllers *c);
/* Guests stay: a restart takes them up again. */
void controllers_free(struct controllers *c);
DEFINE_AUTO(struct controllers *, controllers_free)

#endif
