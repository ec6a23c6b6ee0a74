/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store itself writes into an object's metadata: at its birth, at a change, when it is to
 * go. No state; the clock and the kernel's random numbers are asked. Running out of memory aborts.
 */
#include "kubevirt-lite/store/lifetime.h"

#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

void lifetime_name(struct json_object *object)
{
	const char *prefix = json_str_at(object, "metadata/generateName");
	char name[OBJECT_NAME_SIZE];

	if (!object_name(object) && prefix)
		json_put_str(object, "metadata/name", object_name_new(prefix, name, sizeof(name)));
}

void lifetime_begin(const struct kind *k, struct json_object *object)
{
	struct json_object *meta = json_at(object, "metadata");
	char text[40];

	json_put_str(object, "apiVersion", kind_api_version(k));
	json_put_str(object, "kind", k->kind);
	json_put_str(object, "metadata/uid", object_uid_new(text, sizeof(text)));
	json_put_str(object, "metadata/creationTimestamp", timestamp_now(text, sizeof(text)));
	json_object_object_del(meta, "deletionTimestamp");
	json_object_object_del(meta, "deletionGracePeriodSeconds");
	json_object_object_del(meta, "managedFields");
	if (k->has_generation)
		json_put_int(object, "metadata/generation", 1);
}

static bool is_content(const struct kind *k, const char *key)
{
	return !str_eq(key, "metadata") && !(k->has_status && str_eq(key, "status"));
}

static bool content_differs(const struct kind *k, struct json_object *a, struct json_object *b)
{
	int n = 0;

	json_object_object_foreach(a, key, value)
	{
		if (!is_content(k, key))
			continue;
		if (!json_object_equal(value, json_object_object_get(b, key)))
			return true;
		n++;
	}
	json_object_object_foreach(b, key_b, value_b)
	{
		(void)value_b;
		n -= is_content(k, key_b);
	}
	return n != 0;
}

static void keep(struct json_object *object, struct json_object *old, const char *path)
{
	struct json_object *value = json_at(old, path);

	if (value)
		json_put_at(object, path, json_object_get(value));
	else
		json_object_object_del(json_at(object, "metadata"), strchr(path, '/') + 1);
}

void lifetime_go_on(const struct kind *k, struct json_object *next, struct json_object *old)
{
	static const char *const kept[] = {
		"metadata/uid", "metadata/creationTimestamp", "metadata/deletionTimestamp",
		"metadata/deletionGracePeriodSeconds", "metadata/generation"};
	struct json_object *generation = json_at(old, "metadata/generation");

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		keep(next, old, kept[i]);
	json_object_object_del(json_at(next, "metadata"), "managedFields");
	if (k->has_generation && content_differs(k, next, old))
		json_put_int(next, "metadata/generation", json_object_get_int64(generation) + 1);
}

bool lifetime_is_held(enum kind_id kind, struct json_object *object)
{
	struct json_object *meta = json_at(object, "metadata/finalizers");
	struct json_object *spec = json_at(object, "spec/finalizers");

	return (meta && json_length(meta) > 0) ||
	       (kind == KIND_NAMESPACE && spec && json_length(spec) > 0) ||
	       json_object_get_int64(json_at(object, "metadata/deletionGracePeriodSeconds")) > 0;
}

int64_t lifetime_grace(enum kind_id kind, struct json_object *object, int64_t asked)
{
	struct json_object *own = json_at(object, "spec/terminationGracePeriodSeconds");
	const char *phase = json_str_at(object, "status/phase");

	if (kind != KIND_POD || !json_str_at(object, "spec/nodeName") ||
	    str_eq(phase, "Succeeded") || str_eq(phase, "Failed"))
		return 0; /* nobody is there who could need time */
	if (asked >= 0)
		return asked;
	return own ? json_object_get_int64(own) : 30;
}

void lifetime_end(struct json_object *copy, int64_t grace_s)
{
	char text[32];
	struct json_object *generation = json_at(copy, "metadata/generation");

	json_put_str(copy, "metadata/deletionTimestamp",
		     timestamp_text(clock_wall_s() + grace_s, text, sizeof(text)));
	json_put_int(copy, "metadata/deletionGracePeriodSeconds", grace_s);
	if (generation)
		json_put_int(copy, "metadata/generation", json_object_get_int64(generation) + 1);
}
