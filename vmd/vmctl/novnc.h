/* SPDX-License-Identifier: GPL-2.0-or-later */
/* noVNC (a VNC viewer in the browser) from this host's package, on a port of loopback, for programs
 * of the caller's uid. The files are for everybody anyway; the one websocket needs the token. */
#ifndef VMD_VMCTL_NOVNC_H
#define VMD_VMCTL_NOVNC_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct novnc;

/* dir: where vnc.html is. ERR_ABSENT: it is not there. */
int novnc_start(const char *dir, uint16_t port, struct novnc **ret, struct err *e);
/* "http://127.0.0.1:PORT/vnc.html#..." with the token, which is good once. */
const char *novnc_url(const struct novnc *n);
/* A descriptor that becomes readable when a browser has come with the token. */
int novnc_ready_fd(const struct novnc *n);
/* Its connection, after the handshake, not blocking; it is n's. -1: none has come. */
int novnc_take(struct novnc *n);
void novnc_stop(struct novnc *n);
DEFINE_AUTO(struct novnc *, novnc_stop)

/* Pure: may path (of a request) be a file of noVNC's? It begins with a slash. */
bool novnc_is_path(const char *path);
const char *novnc_type(const char *path); /* its MIME type */

#endif
