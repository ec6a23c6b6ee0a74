/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows up to a limit. Not for the plugin: running out of memory aborts. */
#ifndef VMD_BASE_STRBUF_H
#define VMD_BASE_STRBUF_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A growing text with a limit. Zero-initialised is empty; done with strbuf_done. */
struct strbuf {
	char *s; /* always terminated once something was added; NULL before */
	size_t len;
	size_t cap;
	size_t max;    /* 0: 1 MiB */
	bool overflow; /* something did not fit: the text is cut, callers check once at the end */
};

/* What does not fit any more is left out, and overflow set. data is copied. */
void strbuf_add(struct strbuf *b, const char *data, size_t len);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) PRINTF(2, 3);
void strbuf_done(struct strbuf *b); /* empty again, and may be used again */
static inline void strbuf_done_auto(struct strbuf *b)
{
	strbuf_done(b);
}

#endif
