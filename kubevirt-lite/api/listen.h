/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server needs before it starts: its socket and its key files. */
#ifndef KUBEVIRT_LITE_LISTEN_H
#define KUBEVIRT_LITE_LISTEN_H

#include "vmd/base/err.h"

/* "1.2.3.4:6443" or "[::1]:6443": numbers only, nothing is looked up. */
int listen_open(const char *address, int *ret_fd, unsigned *ret_port, struct err *e);
int listen_check(const char *address, struct err *e);
/* At most 64 KiB; the caller frees. */
int listen_read_file(const char *path, char **ret, struct err *e);

#endif
