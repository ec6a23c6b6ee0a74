/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a controller has in hand: the store, the guests, the settings. Private to
 * kubevirt-lite/controllers/, where everything runs on the loop's thread.
 *
 * Every controller is one function that looks at the store and at the guests and takes the next
 * step for one object: NOUN_reconcile() in NOUN.c. It is called again whenever something about the
 * object changed (queue.h), so a step may end after one write: what it wrote brings it back.
 * Nothing is remembered here but guests and times to come back.
 *
 * Objects that come from the store are borrowed and must not be written into; "copy" is one's own,
 * to be changed and given to put(). */
#ifndef KUBEVIRT_LITE_CONTROLLERS_CONTROLLER_H
#define KUBEVIRT_LITE_CONTROLLERS_CONTROLLER_H

#include "kubevirt-lite/controllers.h"
#include "kubevirt-lite/controllers/settings.h"
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/store/store.h"

struct queue;
struct launcher;
struct heartbeats;

struct controllers {
	struct controller_settings set;
	struct store *store;
	struct sd_event *loop;
	struct guest_maker maker;
	struct queue *queue;
	struct heartbeats *heartbeats;
	struct launcher *launchers;
	struct subresource_hooks hooks;
};

/* Takes over copy; what fails is logged: the next look tries again. */
void put(struct controllers *c, enum kind_id kind, struct json_object *copy);
/* An event about an object, as component sends it. */
void say(struct controllers *c, struct json_object *about, const char *component, bool warning,
	 const char *reason, const char *fmt, ...) PRINTF(6, 7);

#endif
