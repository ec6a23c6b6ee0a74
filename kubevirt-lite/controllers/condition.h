/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status.conditions and status.phase of an object. What is given back is borrowed from it. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_CONDITION_H
#define KUBEVIRT_LITE_CONTROLLERS_CONDITION_H

#include <json-c/json.h>
#include <stdbool.h>

/* NULL: it has none of that type. */
struct json_object *condition_find(struct json_object *object, const char *type);
const char *condition_status(struct json_object *object, const char *type);
const char *condition_reason(struct json_object *object, const char *type);
bool condition_is_true(struct json_object *object, const char *type);
/* reason and message NULL: left out. lastTransitionTime changes with the status only. */
void condition_set(struct json_object *copy, const char *type, const char *status,
		   const char *reason, const char *message);
void condition_remove(struct json_object *copy, const char *type);

/* status.phase and its line in status.phaseTransitionTimestamps. */
void phase_set(struct json_object *copy, const char *phase);
bool phase_is(struct json_object *object, const char *phase);  /* "" without one */
bool phase_is_final(struct json_object *object);               /* Succeeded or Failed */
bool phase_was(struct json_object *object, const char *phase); /* by those lines */

#endif
