/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions and phases in status of a copy. Pure but for the clock. */
#include "kubevirt-lite/controllers/condition.h"

#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

struct json_object *condition_find(struct json_object *object, const char *type)
{
	struct json_object *list = json_at(object, "status/conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *cond = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(cond, "type"), type))
			return cond;
	}
	return NULL;
}

const char *condition_status(struct json_object *object, const char *type)
{
	struct json_object *cond = condition_find(object, type);

	return cond ? json_str_at(cond, "status") : NULL;
}

const char *condition_reason(struct json_object *object, const char *type)
{
	struct json_object *cond = condition_find(object, type);

	return cond ? json_str_at(cond, "reason") : NULL;
}

bool condition_is_true(struct json_object *object, const char *type)
{
	return str_eq(condition_status(object, type), "True");
}

static void text_or_gone(struct json_object *doc, const char *key, const char *value)
{
	if (value)
		json_put_str(doc, key, value);
	else
		json_object_object_del(doc, key);
}

void condition_set(struct json_object *copy, const char *type, const char *status,
		   const char *reason, const char *message)
{
	struct json_object *cond = condition_find(copy, type);
	struct json_object *list = json_at(copy, "status/conditions");
	char now[32];

	if (!cond) {
		if (!list) {
			list = json_object_new_array();
			json_put_at(copy, "status/conditions", list);
		}
		cond = json_object_new_object();
		json_put_str(cond, "type", type);
		json_put_at(cond, "lastProbeTime", NULL);
		json_object_array_add(list, cond);
	}
	if (!str_eq(json_str_at(cond, "status"), status)) {
		json_put_str(cond, "status", status);
		json_put_str(cond, "lastTransitionTime", timestamp_now(now, sizeof(now)));
	}
	text_or_gone(cond, "reason", reason);
	text_or_gone(cond, "message", message);
}

void condition_remove(struct json_object *copy, const char *type)
{
	struct json_object *list = json_at(copy, "status/conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *cond = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(cond, "type"), type)) {
			json_object_array_del_idx(list, i, 1);
			return;
		}
	}
}

void phase_set(struct json_object *copy, const char *phase)
{
	struct json_object *list = json_at(copy, "status/phaseTransitionTimestamps");
	struct json_object *line;
	char now[32];

	if (phase_is(copy, phase))
		return;
	json_put_str(copy, "status/phase", phase);
	if (!list) {
		list = json_object_new_array();
		json_put_at(copy, "status/phaseTransitionTimestamps", list);
	}
	line = json_object_new_object();
	json_put_str(line, "phase", phase);
	json_put_str(line, "phaseTransitionTimestamp", timestamp_now(now, sizeof(now)));
	json_object_array_add(list, line);
}

bool phase_is(struct json_object *object, const char *phase)
{
	const char *now = json_str_at(object, "status/phase");

	return str_eq(now ? now : "", phase);
}

bool phase_is_final(struct json_object *object)
{
	return phase_is(object, "Succeeded") || phase_is(object, "Failed");
}

bool phase_was(struct json_object *object, const char *phase)
{
	struct json_object *list = json_at(object, "status/phaseTransitionTimestamps");

	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "phase"), phase))
			return true;
	return false;
}
