/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error values. Pure: no allocation, no I/O; safe in the plugin and when memory is gone. */
#include "vmd/base/err.h"

#include <stdarg.h>
#include <string.h>

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	int n;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->msg))
		(void)snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", old);
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return "none";
	case ERR_RETRY: return "retry";
	case ERR_UNSURE: return "unsure";
	case ERR_CONFLICT: return "conflict";
	case ERR_ABSENT: return "absent";
	case ERR_DENIED: return "denied";
	case ERR_FULL: return "full";
	case ERR_INVALID: return "invalid";
	}
	return "?";
}
