/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing texts. Pure but for malloc; running out of memory aborts. */
#include "vmd/base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

/* Room for extra more bytes and the terminator; false when that is over the limit. */
static bool reserve(struct strbuf *b, size_t extra)
{
	size_t max = b->max ? b->max : 1U << 20;

	if (extra > max || b->len > max - extra) {
		b->overflow = true;
		return false;
	}
	if (b->len + extra + 1 > b->cap) {
		size_t cap = (b->len + extra + 1) * 2;
		char *s = realloc(b->s, cap);

		if (!s)
			abort();
		b->s = s;
		b->cap = cap;
	}
	return true;
}

void strbuf_add(struct strbuf *b, const char *data, size_t len)
{
	if (!reserve(b, len))
		return;
	memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void strbuf_done(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){.max = b->max};
}
