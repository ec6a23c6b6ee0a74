/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port of this host's loopback for programs of the caller's own uid. Everybody on a login node
 * can connect to 127.0.0.1; the kernel tells whose socket the other end is. */
#ifndef VMD_VMCTL_LOOPBACK_H
#define VMD_VMCTL_LOOPBACK_H

#include "vmd/base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* port 0: any. Listens at 127.0.0.1 only. */
int loopback_listen(uint16_t port, int *ret_fd, uint16_t *ret_port, struct err *e);
/* Is the other end of a connection from peer to port a socket of uid? false also when it is gone.
 * peer: as accept(2) gave it. */
bool loopback_is_of(const struct sockaddr_in *peer, uint16_t port, uid_t uid);

/* One line of /proc/net/tcp or tcp6 (pure): 0 and the uid, if it is an established connection from
 * 127.0.0.1:from to 127.0.0.1:to, else -1. */
int loopback_line(const char *line, uint16_t from, uint16_t to, uid_t *ret);

#endif
