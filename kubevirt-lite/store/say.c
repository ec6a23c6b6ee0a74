/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/v1 Events: what controllers tell people about an object. The same said again is counted, not
 * repeated, so that a retry loop cannot fill the store. */
#include "kubevirt-lite/store/store.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/str.h"

struct saying {
	struct json_object *about;
	const char *component, *type, *reason, *message;
};

static bool is_same(void *ctx, struct json_object *event)
{
	const struct saying *w = ctx;

	return str_eq(json_str_at(event, "involvedObject/uid"), object_uid(w->about)) &&
	       str_eq(json_str_at(event, "reason"), w->reason) &&
	       str_eq(json_str_at(event, "type"), w->type) &&
	       str_eq(json_str_at(event, "source/component"), w->component) &&
	       str_eq(json_str_at(event, "message"), w->message);
}

static int count_up(void *ctx, struct json_object *copy, struct err *e)
{
	char now[24];

	(void)ctx, (void)e;
	json_put_int(copy, "count", json_object_get_int64(json_at(copy, "count")) + 1);
	json_put_str(copy, "lastTimestamp", timestamp_now(now, sizeof(now)));
	return 0;
}

static struct json_object *event_new(const struct saying *w, const char *ns)
{
	static const char *const fields[][2] = {{"apiVersion", "apiVersion"},
						{"kind", "kind"},
						{"name", "metadata/name"},
						{"namespace", "metadata/namespace"},
						{"resourceVersion", "metadata/resourceVersion"},
						{"uid", "metadata/uid"}};
	struct json_object *o = json_object_new_object();
	struct json_object *ref = json_object_new_object();
	char text[40], name[320];

	(void)str_fmt(name, sizeof(name), "%.250s.%.18s", object_name(w->about),
		      object_uid_new(text, sizeof(text)));
	json_put_str(o, "metadata/name", name);
	json_put_str(o, "metadata/namespace", ns);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (json_str_at(w->about, fields[i][1]))
			json_put_str(ref, fields[i][0], json_str_at(w->about, fields[i][1]));
	json_object_object_add(o, "involvedObject", ref);
	json_put_str(o, "reason", w->reason);
	json_put_str(o, "message", w->message);
	json_put_str(o, "source/component", w->component);
	json_put_str(o, "firstTimestamp", timestamp_now(text, sizeof(text)));
	json_put_str(o, "lastTimestamp", timestamp_now(text, sizeof(text)));
	json_put_int(o, "count", 1);
	json_put_str(o, "type", w->type);
	json_object_object_add(o, "eventTime", NULL);
	json_put_str(o, "reportingComponent", w->component);
	json_put_str(o, "reportingInstance", "");
	return o;
}

int store_say(struct store *s, struct json_object *about, const char *component, const char *type,
	      const char *reason, const char *message, struct err *e)
{
	struct saying w = {about, component, type, reason, message};
	const char *ns = *object_namespace(about) ? object_namespace(about) : "default";
	AUTO(json_object_put) struct json_object *same = NULL;

	same = store_list(s, KIND_EVENT, ns, is_same, &w);
	if (json_length(same) > 0)
		return store_mutate(s, KIND_EVENT, ns,
				    object_name(json_object_array_get_idx(same, 0)), count_up, NULL,
				    e);
	return store_create(s, KIND_EVENT, event_new(&w, ns), NULL, e);
}
