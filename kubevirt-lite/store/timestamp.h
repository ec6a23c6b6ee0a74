/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as objects have them (metav1.Time): RFC 3339, UTC, whole seconds; in code wall seconds
 * since 1970. Any thread. */
#ifndef KUBEVIRT_LITE_STORE_TIMESTAMP_H
#define KUBEVIRT_LITE_STORE_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

/* "2026-11-23T10:00:00Z"; size >= 21. Returns buf: "" for a time no calendar has. */
const char *timestamp_text(int64_t wall_s, char *buf, size_t size);
const char *timestamp_now(char *buf, size_t size);
/* Parts of a second are dropped. 0: text is NULL or no time. */
int64_t timestamp_parse(const char *text);

#endif
