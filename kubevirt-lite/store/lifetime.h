/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an object begins, goes on and ends, as far as its metadata says it. The store's own. */
#ifndef KUBEVIRT_LITE_LIFETIME_H
#define KUBEVIRT_LITE_LIFETIME_H

#include "kubevirt-lite/store/store.h"

/* metadata.name from generateName, where there is none. */
void lifetime_name(struct json_object *object);
/* uid, creationTimestamp, generation, apiVersion, kind. */
void lifetime_begin(const struct kind *k, struct json_object *object);
/* next is to follow old: keeps what a writer cannot change, counts the generation. */
void lifetime_go_on(const struct kind *k, struct json_object *next, struct json_object *old);
/* Seconds until the object may go: for a pod on a node asked (-1: its own wish), else 0. */
int64_t lifetime_grace(enum kind_id kind, struct json_object *object, int64_t asked_s);
/* deletionTimestamp and deletionGracePeriodSeconds. */
void lifetime_end(struct json_object *copy, int64_t grace_s);
/* Finalizers or a grace period keep an object that is to go. */
bool lifetime_is_held(enum kind_id kind, struct json_object *object);

#endif
