/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an answer of the API server means: HTTP status, Status object or plain text -> struct err.
 * Pure. */
#ifndef VMD_KUBE_KUBE_STATUS_H
#define VMD_KUBE_KUBE_STATUS_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* May the request have changed something? Decides between ERR_RETRY and ERR_UNSURE. */
bool status_is_read(const char *method);
/* 0 for 2xx, else -1 with the kind for code and the server's own words for people. */
int status_check(const char *method, long http, const char *body, size_t len, struct err *e);
/* A Status object alone, as an ERROR line of a watch carries it. Returns its code (410, 500, ...),
 * 0 if it has none; text gets its message and causes. */
long status_text(const char *body, size_t len, char *text, size_t size);

#endif
