/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status objects with the texts of the real server. Pure but for memory; running out of it
 * aborts. */
#include "kubevirt-lite/admission/status.h"

#include "kubevirt-lite/store/store.h"
#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

static struct json_object *status_new(const char *outcome)
{
	struct json_object *st = json_object_new_object();

	json_put_str(st, "kind", "Status");
	json_put_str(st, "apiVersion", "v1");
	json_object_object_add(st, "metadata", json_object_new_object());
	json_put_str(st, "status", outcome);
	return st;
}

/* Clients' bytes come back in these texts: a JSON string must be UTF-8 all the same. */
static void put_text(struct json_object *o, const char *key, const char *text)
{
	char clean[STATUS_TEXT_MAX];

	str_cut(clean, sizeof(clean), text);
	json_put_str(o, key, clean);
}

int status_set(struct json_object **ret, int code, const char *reason, const char *fmt, ...)
{
	struct json_object *st = status_new("Failure");
	char text[STATUS_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_text(st, "message", text);
	if (*reason)
		json_put_str(st, "reason", reason);
	json_put_int(st, "code", code);
	json_object_put(*ret);
	*ret = st;
	return -1;
}

static struct json_object *details(struct json_object *st)
{
	struct json_object *d = json_at(st, "details"), *code;

	if (d)
		return d;
	code = json_object_get(json_at(st, "code")); /* the code stays last, as the server has it */
	json_object_object_del(st, "code");
	d = json_object_new_object();
	json_object_object_add(st, "details", d);
	json_object_object_add(st, "code", code);
	return d;
}

void status_details(struct json_object *st, const char *name, const char *group, const char *kind)
{
	struct json_object *d = details(st);

	if (name && *name)
		put_text(d, "name", name);
	if (group && *group)
		put_text(d, "group", group);
	if (kind && *kind)
		json_put_str(d, "kind", kind);
}

void status_cause(struct json_object *st, const char *reason, const char *message,
		  const char *field)
{
	struct json_object *d = details(st), *list = json_at(d, "causes");
	struct json_object *cause = json_object_new_object();

	if (!list) {
		list = json_object_new_array();
		json_object_object_add(d, "causes", list);
	}
	if (reason)
		json_put_str(cause, "reason", reason);
	if (message)
		put_text(cause, "message", message);
	if (field)
		put_text(cause, "field", field);
	json_object_array_add(list, cause);
}

int status_code(struct json_object *st)
{
	return json_object_get_int(json_at(st, "code"));
}

int status_not_found(struct json_object **ret, const struct kind *k, const char *name)
{
	char resource[128];

	status_set(ret, 404, "NotFound", "%s \"%s\" not found",
		   kind_qualified(k, resource, sizeof(resource)), name);
	status_details(*ret, name, k->group, k->resource);
	return -1;
}

int status_exists(struct json_object **ret, const struct kind *k, const char *name)
{
	char resource[128];

	status_set(ret, 409, "AlreadyExists", "%s \"%s\" already exists",
		   kind_qualified(k, resource, sizeof(resource)), name);
	status_details(*ret, name, k->group, k->resource);
	return -1;
}

int status_conflict(struct json_object **ret, const struct kind *k, const char *name,
		    const char *why)
{
	char resource[128];

	status_set(ret, 409, "Conflict", "Operation cannot be fulfilled on %s \"%s\": %s",
		   kind_qualified(k, resource, sizeof(resource)), name,
		   why ? why
		       : "the object has been modified; please apply your changes to the latest "
			 "version and try again");
	status_details(*ret, name, k->group, k->resource);
	return -1;
}

struct json_object *status_deleted(const struct kind *k, struct json_object *object)
{
	struct json_object *st = status_new("Success");

	status_details(st, object_name(object), k->group, k->resource);
	json_put_str(json_at(st, "details"), "uid", object_uid(object));
	json_object_object_del(st, "code");
	return st;
}
