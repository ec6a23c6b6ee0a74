/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: a kind for code, a text for people, in the caller's stack. Allocates nothing.
 *
 * Contract of every function with a struct err *e: 0 (or a count) on success with every ret_ filled
 * in and e untouched; -1 on failure with e set and no ret_ touched. e may not be NULL. */
#ifndef VMD_BASE_ERR_H
#define VMD_BASE_ERR_H

#include "vmd/base/auto.h"

enum err_kind {
	ERR_NONE,
	ERR_RETRY,    /* did not happen; later may be better */
	ERR_UNSURE,   /* may have happened; look again */
	ERR_CONFLICT, /* the object changed since we looked, or exists and is not ours */
	ERR_ABSENT,   /* no such object */
	ERR_DENIED,   /* not allowed */
	ERR_FULL,     /* out of space or over a quota: somebody has to make room */
	ERR_INVALID   /* wrong in itself; repeating cannot help */
};

struct err {
	enum err_kind kind;
	char msg[240];
};

/* Both return -1, so that "return err_set(...)" works. Longer texts are cut at the end. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* Puts "fmt: " before the text that is there; the kind stays. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);
const char *err_kind_name(enum err_kind kind);

#endif
