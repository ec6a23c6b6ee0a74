/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a webhook's refusal together. Pure but for memory. */
#include "kubevirt-lite/admission/review.h"

#include <stdarg.h>
#include <string.h>

void review_cause(struct review *r, const char *reason, const char *field, const char *fmt, ...)
{
	char text[1024];
	size_t len = strlen(r->text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!r->status)
		(void)status_set(&r->status, 422, "Invalid", "%s", "");
	status_cause(r->status, reason, text, field);
	(void)snprintf(r->text + len, sizeof(r->text) - len, "%s%s", len ? ", " : "", text);
}

int review_end(struct review *r, struct admission *a)
{
	char text[sizeof(r->text) + 128];

	if (!r->status)
		return 0;
	(void)snprintf(text, sizeof(text), "admission webhook \"%s\" denied the request: %s",
		       r->webhook, r->text);
	json_put_str(r->status, "message", text);
	json_object_put(a->status);
	a->status = STEAL(r->status);
	return -1;
}
