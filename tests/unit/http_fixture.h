/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube_http with a real HTTPS server behind it, which answers as a test says: one of both in a
 * process, for check runs each test in one of its own. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include "tests/unit/fake_api.h"
#include "vmd/kube/kube_http.h"

#include <systemd/sd-event.h>

#define HTTP_DIR sizeof("/tmp/kube-http-XXXXXX")
extern char dir[HTTP_DIR]; /* of the server's authority, and of the client's token */
extern struct fake_api *api;
extern struct http *http;
extern sd_event *loop;

/* Makes both. answer runs on the server's threads. */
void up(fake_fn answer, void *ctx, int64_t timeout_us, unsigned parallel);
void down(void);
/* Puts text into a file of dir, at once and whole. */
void file_write(const char *name, const char *text);

#endif
