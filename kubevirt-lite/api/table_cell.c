/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written into the cells of Tables. Pure but for memory and the clock. */
#include "kubevirt-lite/api/table_cell.h"

#include "kubevirt-lite/api/table.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <string.h>

static struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static struct json_object *text_or(struct json_object *object, const char *path,
				   const char *otherwise)
{
	struct json_object *v = json_at(object, path);

	return text(v && *json_object_get_string(v) ? json_object_get_string(v) : otherwise);
}

struct json_object *cell_text(struct json_object *object, const char *path)
{
	return text_or(object, path, "");
}

struct json_object *cell_text_or_none(struct json_object *object, const char *path)
{
	return text_or(object, path, "<none>");
}

struct json_object *cell_text_or_unset(struct json_object *object, const char *path)
{
	return text_or(object, path, "<unset>");
}

struct json_object *cell_text_or_unknown(struct json_object *object, const char *path)
{
	return text_or(object, path, "<unknown>");
}

struct json_object *cell_deleting_or_text(struct json_object *object, const char *path)
{
	if (json_at(object, "metadata/deletionTimestamp"))
		return text("Terminating");
	return text_or(object, path, "");
}

/* Two units where the first is small, as in k8s.io/apimachinery's HumanDuration. */
const char *table_age(int64_t s, char *buf, size_t size)
{
	static const struct {
		int64_t below, unit, part; /* seconds; part 0: no second unit */
		char unit_letter, part_letter;
	} steps[] = {
		{120, 1, 0, 's', 0},
		{600, 60, 1, 'm', 's'},
		{3 * 3600, 60, 0, 'm', 0},
		{8 * 3600, 3600, 60, 'h', 'm'},
		{48 * 3600, 3600, 0, 'h', 0},
		{8 * 86400, 86400, 3600, 'd', 'h'},
		{INT64_C(2) * 365 * 86400, 86400, 0, 'd', 0},
		{INT64_C(8) * 365 * 86400, INT64_C(365) * 86400, 86400, 'y', 'd'},
	};

	if (s < 0)
		s = 0;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		int64_t rest = steps[i].part ? s % steps[i].unit / steps[i].part : 0;

		if (s >= steps[i].below)
			continue;
		if (rest > 0)
			(void)snprintf(buf, size, "%lld%c%lld%c", (long long)(s / steps[i].unit),
				       steps[i].unit_letter, (long long)rest, steps[i].part_letter);
		else
			(void)snprintf(buf, size, "%lld%c", (long long)(s / steps[i].unit),
				       steps[i].unit_letter);
		return buf;
	}
	(void)snprintf(buf, size, "%lldy", (long long)(s / (INT64_C(365) * 86400)));
	return buf;
}

struct json_object *cell_age(struct json_object *object, const char *path)
{
	int64_t at_s = timestamp_parse(json_str_at(object, path));
	char buf[32];

	if (!at_s)
		return text("<unknown>");
	return text(table_age(clock_wall_s() - at_s, buf, sizeof(buf)));
}

struct json_object *cell_count(struct json_object *object, const char *path)
{
	struct json_object *v = json_at(object, path);
	int n = 0;

	if (json_object_is_type(v, json_type_object))
		n = json_object_object_length(v);
	else if (json_object_is_type(v, json_type_array))
		n = (int)json_length(v);
	return json_object_new_int(n);
}

static const char *condition(struct json_object *object, const char *type)
{
	struct json_object *list = json_at(object, "status/conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(c, "type"), type))
			return json_str_at(c, "status");
	}
	return NULL;
}

struct json_object *cell_condition(struct json_object *object, const char *type)
{
	const char *status = condition(object, type);

	return text(status ? status : "");
}

struct json_object *cell_access_modes(struct json_object *object, const char *path)
{
	static const char *const names[][2] = {{"ReadWriteOnce", "RWO"},
					       {"ReadOnlyMany", "ROX"},
					       {"ReadWriteMany", "RWX"},
					       {"ReadWriteOncePod", "RWOP"}};
	struct json_object *list = json_at(object, path);
	char buf[32] = "";

	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < ARRAY_LEN(names);
	     i++) {
		for (size_t j = 0; j < json_length(list); j++) {
			const char *mode =
				json_object_get_string(json_object_array_get_idx(list, j));
			size_t len = strlen(buf);

			if (str_eq(mode, names[i][0]))
				(void)snprintf(buf + len, sizeof(buf) - len, "%s%s", len ? "," : "",
					       names[i][1]);
		}
	}
	return text(buf);
}

struct json_object *cell_claim(struct json_object *object, const char *path)
{
	const char *ns = json_str_at(object, "spec/claimRef/namespace");
	const char *name = json_str_at(object, "spec/claimRef/name");
	char buf[400];

	(void)path;
	if (!name || str_fmt(buf, sizeof(buf), "%s/%s", ns ? ns : "", name) < 0)
		return text("");
	return text(buf);
}

struct json_object *cell_event_object(struct json_object *object, const char *path)
{
	const char *kind = json_str_at(object, "involvedObject/kind");
	const char *name = json_str_at(object, "involvedObject/name");
	char buf[400];

	(void)path;
	if (str_fmt(buf, sizeof(buf), "%s/%s", kind ? kind : "", name ? name : "") < 0)
		return text("");
	for (char *p = buf; *p && *p != '/'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return text(buf);
}

/* --- nodes --- */

struct json_object *cell_node_status(struct json_object *object, const char *path)
{
	const char *ready = condition(object, "Ready");
	char buf[64];

	(void)path;
	(void)str_fmt(buf, sizeof(buf), "%s%s",
		      str_eq(ready, "True") ? "Ready"
		      : ready               ? "NotReady"
					    : "Unknown",
		      json_object_get_boolean(json_at(object, "spec/unschedulable"))
			      ? ",SchedulingDisabled"
			      : "");
	return text(buf);
}

struct json_object *cell_node_roles(struct json_object *object, const char *path)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	struct json_object *labels = json_at(object, "metadata/labels");
	AUTO(strbuf_done) struct strbuf b = {.max = 512};

	(void)path;
	if (!labels)
		return text("<none>");
	json_object_object_foreach(labels, key, value)
	{
		(void)value;
		if (str_starts(key, prefix))
			strbuf_addf(&b, "%s%s", b.len ? "," : "", key + strlen(prefix));
	}
	return text(b.len ? b.s : "<none>");
}

struct json_object *cell_node_address(struct json_object *object, const char *type)
{
	struct json_object *list = json_at(object, "status/addresses");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *a = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(a, "type"), type))
			return cell_text(a, "address");
	}
	return text("<none>");
}

/* --- pods --- */

static int64_t sum(struct json_object *object, bool ready_only)
{
	struct json_object *list = json_at(object, "status/containerStatuses");
	int64_t n = 0;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		n += ready_only ? json_object_get_boolean(json_at(c, "ready"))
				: json_object_get_int64(json_at(c, "restartCount"));
	}
	return n;
}

struct json_object *cell_pod_ready(struct json_object *object, const char *path)
{
	struct json_object *list = json_at(object, "spec/containers");
	char buf[32];

	(void)path;
	(void)str_fmt(buf, sizeof(buf), "%lld/%zu", (long long)sum(object, true),
		      json_length(list));
	return text(buf);
}

struct json_object *cell_pod_status(struct json_object *object, const char *path)
{
	const char *reason = json_str_at(object, "status/reason");

	(void)path;
	if (json_at(object, "metadata/deletionTimestamp"))
		return text(str_eq(reason, "NodeLost") ? "Unknown" : "Terminating");
	if (reason)
		return text(reason);
	if (str_eq(json_str_at(object, "status/phase"), "Succeeded"))
		return text("Completed");
	return text_or(object, "status/phase", "Unknown");
}

struct json_object *cell_pod_restarts(struct json_object *object, const char *path)
{
	char buf[32];

	(void)path;
	(void)str_fmt(buf, sizeof(buf), "%lld", (long long)sum(object, false));
	return text(buf);
}
