/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Return codes of librados and librbd (negative errno) as kinds of error. Pure. */
#ifndef VMD_RBD_RBD_ERROR_H
#define VMD_RBD_RBD_ERROR_H

#include "vmd/base/err.h"

/* Of an operation. A code that is not in the table may have done something: ERR_UNSURE. */
enum err_kind rbd_error_kind(int code);
/* Sets e to "what: text of code" and returns -1. what is a format. */
int rbd_error(struct err *e, int code, const char *what, ...) PRINTF(3, 4);
/* Of an attempt to connect: nothing has happened, so everything but a refused key is ERR_RETRY. */
int rbd_connect_error(struct err *e, int code, const char *what, ...) PRINTF(3, 4);

#endif
