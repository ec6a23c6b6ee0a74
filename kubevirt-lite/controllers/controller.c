/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a controller writes: objects and events. Nobody waits for the outcome, so what fails is
 * logged here. */
#include "kubevirt-lite/controllers/controller.h"

#include "vmd/base/log.h"

#include <stdarg.h>

void put(struct controllers *c, enum kind_id kind, struct json_object *copy)
{
	char name[OBJECT_NAME_SIZE];
	struct err e = {.kind = ERR_NONE};

	(void)snprintf(name, sizeof(name), "%s", object_name(copy));
	if (store_update(c->store, kind, copy, NULL, &e) < 0)
		log_warn("%s=%s action=update err=\"%s\"", kind_get(kind)->singular, name, e.msg);
}

void say(struct controllers *c, struct json_object *about, const char *component, bool warning,
	 const char *reason, const char *fmt, ...)
{
	char text[512];
	struct err e = {.kind = ERR_NONE};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (store_say(c->store, about, component, warning ? "Warning" : "Normal", reason, text,
		      &e) < 0)
		log_warn("object=%s event=%s err=\"%s\"", object_name(about), reason, e.msg);
}
